/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/script_server.h"

#include "tests/suite.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct MHD_Daemon *daemon_of_test;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct script_page *pages;
static size_t n_pages;
static unsigned n_asked, asked[SCRIPT_PAGES];
static char authorization[512];

static const struct script_page *note(struct MHD_Connection *c, const char *url)
{
    static const struct script_page nothing = {.status = 404};
    const struct script_page *page = &nothing;
    const char *value =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");

    pthread_mutex_lock(&lock);
    (void)snprintf(authorization, sizeof(authorization), "%s",
                   value ? value : "");
    n_asked++;
    for (size_t i = 0; i < n_pages; i++) {
        if (strcmp(pages[i].path, url) == 0) {
            page = &pages[i];
            asked[i]++;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return page;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *data, size_t *n,
                              void **state)
{
    const struct script_page *page = note(c, url);
    const char *body = page->body ? page->body : "";
    struct timespec t = {.tv_sec = page->delay_ms / 1000,
                         .tv_nsec = (long)(page->delay_ms % 1000) * 1000000};
    struct MHD_Response *r;
    enum MHD_Result rc;

    (void)ctx;
    (void)method;
    (void)version;
    (void)data;
    (void)n;
    (void)state;
    if (page->delay_ms)
        nanosleep(&t, NULL);
    r = MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body,
                                        MHD_RESPMEM_MUST_COPY);
    if (page->type)
        MHD_add_response_header(r, "Content-Type", page->type);
    if (page->cache_control)
        MHD_add_response_header(r, "Cache-Control", page->cache_control);
    rc = MHD_queue_response(c, page->status, r);
    MHD_destroy_response(r);
    return rc;
}

void script_set(const struct script_page *page, size_t n)
{
    ck_assert_uint_le(n, SCRIPT_PAGES);
    pthread_mutex_lock(&lock);
    pages = page;
    n_pages = n;
    memset(asked, 0, sizeof(asked));
    n_asked = 0;
    pthread_mutex_unlock(&lock);
}

uint16_t script_start(const struct script_page *page, size_t n)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const union MHD_DaemonInfo *info;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script_set(page, n);
    daemon_of_test = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
        NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&in,
        MHD_OPTION_END);
    ck_assert_ptr_nonnull(daemon_of_test);
    info = MHD_get_daemon_info(daemon_of_test, MHD_DAEMON_INFO_BIND_PORT);
    ck_assert_ptr_nonnull(info);
    return info->port;
}

void script_stop(void)
{
    MHD_stop_daemon(daemon_of_test);
    daemon_of_test = NULL;
}

unsigned script_count(void)
{
    unsigned n;

    pthread_mutex_lock(&lock);
    n = n_asked;
    pthread_mutex_unlock(&lock);
    return n;
}

unsigned script_count_of(const char *path)
{
    unsigned n = 0;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_pages; i++)
        if (strcmp(pages[i].path, path) == 0)
            n = asked[i];
    pthread_mutex_unlock(&lock);
    return n;
}

const char *script_authorization(void)
{
    return authorization;
}
