/* SPDX-License-Identifier: Apache-2.0 */
/* An engine's life on the host's side: create, reload, destroy. */
#include "plugin/abi/calls.h"
#include "plugin/helper/client_int.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_BYTES = 64 << 10, NAME_BYTES = 256 };

/* All that the process has of us besides the table of handles. */
static struct {
    pthread_mutex_t lock;
    struct client_house *first;
} houses = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- a house ------------------------------------------------------------ */

static void house_free(struct client_house *h)
{
    client_links_drop(h);
    (void)pthread_cond_destroy(&h->given);
    (void)pthread_mutex_destroy(&h->lock);
    free(h->key);
    free(h);
}

static char *copy(const char *bytes, size_t n)
{
    char *p = malloc(n ? n : 1);

    if (p && n)
        memcpy(p, bytes, n);
    return p;
}

static struct client_house *house_new(const struct client_config *config,
                                      const char *key, size_t n)
{
    struct client_house *h = calloc(1, sizeof(*h));
    pthread_condattr_t by;

    if (h == NULL)
        return NULL;
    h->config = *config;
    h->n_key = n;
    h->key = copy(key, n);
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_condattr_init(&by);
    (void)pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&h->given, &by);
    (void)pthread_condattr_destroy(&by);
    if (h->key == NULL) {
        house_free(h);
        return NULL;
    }
    return h;
}

/* The lock of the list is held. */
static struct client_house *find(const char *key, size_t n)
{
    struct client_house *h = houses.first;

    while (h && !(h->n_key == n && memcmp(h->key, key, n) == 0))
        h = h->next;
    return h;
}

/* ---- create ------------------------------------------------------------- */

static anamnesis_status check(const char *config, size_t n,
                              struct client_config *read,
                              struct anamnesis_error *error)
{
    if (config == NULL && n)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no configuration");
    if (n > CONFIG_BYTES)
        return abi_fail(error, ANAMNESIS_E_CONFIG,
                        "a configuration of this library has at most 64 KiB");
    return client_config_read(config, n, read, error);
}

/* Somebody is there, and serves us. */
static anamnesis_status try_it(const struct client_config *config,
                               struct anamnesis_error *error)
{
    int fd;
    anamnesis_status status = client_link_open(
        config, helper_now_ms() + config->timeout_ms, &fd, error);

    if (status == ANAMNESIS_OK)
        (void)close(fd);
    return status;
}

static anamnesis_status enter(struct anamnesis_engine *e,
                              const struct client_config *read,
                              const char *config, size_t n,
                              struct anamnesis_error *error)
{
    anamnesis_status status = try_it(read, error);
    struct client_house *h;

    if (status != ANAMNESIS_OK)
        return status;
    (void)pthread_mutex_lock(&houses.lock);
    h = find(config, n);
    if (h == NULL) {
        h = house_new(read, config, n);
        if (h) {
            h->next = houses.first;
            houses.first = h;
        }
    }
    if (h)
        h->n_engines++;
    (void)pthread_mutex_unlock(&houses.lock);
    e->house = h;
    return h ? abi_ok(error)
             : abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
}

static bool is_name(const char *name)
{
    struct an_str s = {name, name ? strnlen(name, NAME_BYTES) : 0};

    return s.n < NAME_BYTES && an_utf8_valid(s) == s.n;
}

static void find_cancel(struct anamnesis_engine *e)
{
    const struct anamnesis_host *host = &e->host;
    const void *found =
        host->get_extension
            ? host->get_extension(host->host_data, ANAMNESIS_HOST_CANCEL)
            : NULL;

    if (!abi_adopt(&e->cancel, sizeof(e->cancel), found, sizeof(e->cancel)))
        e->cancel = (struct anamnesis_host_cancel){.is_cancelled = NULL};
}

anamnesis_status client_create(const struct anamnesis_host *host,
                               const char *config, size_t n,
                               struct anamnesis_engine **engine,
                               struct anamnesis_error *error)
{
    struct anamnesis_engine *e;
    struct client_config read;
    struct anamnesis_host mine;
    anamnesis_status status;

    if (engine)
        *engine = NULL;
    if (engine == NULL ||
        !abi_adopt(&mine, sizeof(mine), host, sizeof(mine.struct_size)))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no host struct, or no place for the engine");
    if (!is_name(mine.name))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "the host's name is no text");
    status = check(config, n, &read, error);
    if (status != ANAMNESIS_OK)
        return status;
    e = calloc(1, sizeof(*e));
    if (e == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
    e->host = mine;
    find_cancel(e);
    status = enter(e, &read, config, n, error);
    if (status == ANAMNESIS_OK)
        *engine = e;
    else
        free(e);
    return status;
}

/* ---- reload and destroy ------------------------------------------------- */

anamnesis_status client_reload(struct anamnesis_engine *engine,
                               const char *config, size_t n,
                               struct anamnesis_error *error)
{
    struct client_config read;
    struct client_house *h;
    anamnesis_status status;
    char *key, *old;

    if (engine == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no engine");
    status = check(config, n, &read, error);
    if (status == ANAMNESIS_OK)
        status = try_it(&read, error);
    if (status != ANAMNESIS_OK)
        return status;
    key = copy(config, n);
    if (key == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
    h = engine->house;
    (void)pthread_mutex_lock(&houses.lock);
    (void)pthread_mutex_lock(&h->lock);
    old = h->key;
    h->key = key;
    h->n_key = n;
    h->config = read;
    h->generation++;
    h->shut_until_ms = 0;
    client_links_drop(h);
    (void)pthread_mutex_unlock(&h->lock);
    (void)pthread_mutex_unlock(&houses.lock);
    free(old);
    return abi_ok(error);
}

void client_destroy(struct anamnesis_engine *engine)
{
    struct client_house **at = &houses.first, *h;
    bool is_last;

    if (engine == NULL)
        return;
    h = engine->house;
    (void)pthread_mutex_lock(&houses.lock);
    is_last = --h->n_engines == 0;
    if (is_last) {
        while (*at != h)
            at = &(*at)->next;
        *at = h->next;
    }
    (void)pthread_mutex_unlock(&houses.lock);
    if (is_last)
        house_free(h);
    free(engine);
}
