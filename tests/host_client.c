/* SPDX-License-Identifier: Apache-2.0 */
/* A sender whose receiver does not do its part. */
#include "plugin/host/client.h"
#include "plugin/host/thread.h"
#include "plugin/host/tls.h"
#include "tests/host_net.h"
#include "tests/suite.h"
#include "tests/tls_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *host_client_suite(void);

enum { LONG_BYTES = 16 << 20, SHORT_BYTES = 200, TIMEOUT_MS = 300 };

/* Takes one connection, reads nothing before it may, and never answers. */
static struct {
    int fd;
    uint16_t port;
    struct pl_tls *tls; /* NULL: none */
    atomic_bool may_read;
    char *got;
    size_t n;
    pthread_t thread;
} receiver;

static void *receive(void *none)
{
    int fd = accept(receiver.fd, NULL, NULL);
    struct pl_tls_link *link =
        receiver.tls ? pl_tls_accept(receiver.tls, fd) : NULL;
    ssize_t n;

    if (link && pl_tls_handshake(link) != PL_TLS_OK)
        return none;
    while (!atomic_load(&receiver.may_read))
        net_sleep_ms(1);
    do {
        char *p = receiver.got + receiver.n;
        size_t room = 2 * (size_t)LONG_BYTES - receiver.n;

        n = link ? pl_tls_recv(link, p, room) : recv(fd, p, room, 0);
        receiver.n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    pl_tls_link_close(link);
    close(fd);
    return none;
}

static void receiver_open(bool with_tls)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const struct pl_tls_options keys = {.certificate_file =
                                            tls_file(TLS_SERVER, "pem"),
                                        .key_file = tls_file(TLS_SERVER, "key"),
                                        .client = PL_TLS_CLIENT_NONE};
    socklen_t size = sizeof(in);
    int little = 65536;

    memset(&receiver, 0, sizeof(receiver));
    receiver.got = malloc(2 * (size_t)LONG_BYTES);
    ck_assert_ptr_nonnull(receiver.got);
    if (with_tls)
        ck_assert_int_eq(pl_tls_open(&keys, &receiver.tls, NULL), AN_OK);
    receiver.fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(receiver.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(
        bind(receiver.fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(listen(receiver.fd, 1), 0);
    ck_assert_int_eq(getsockname(receiver.fd, (struct sockaddr *)&in, &size),
                     0);
    receiver.port = ntohs(in.sin_port);
    ck_assert_int_eq(pl_thread_start(&receiver.thread, receive, NULL, NULL),
                     AN_OK);
}

/* The sender has closed; what came is the caller's. */
static void receiver_join(void)
{
    pthread_join(receiver.thread, NULL);
    close(receiver.fd);
    pl_tls_close(receiver.tls);
}

static struct pl_client client_of(bool with_tls)
{
    const struct cfg_address to = {AN_STR("127.0.0.1"), receiver.port};
    const struct pl_client_keys keys = {.ca_file =
                                            tls_file(TLS_HOSPITAL, "pem")};
    struct pl_client c;

    ck_assert_int_eq(with_tls
                         ? pl_client_open_tls(&c, &to, &keys, TIMEOUT_MS, NULL)
                         : pl_client_open(&c, &to, TIMEOUT_MS, NULL),
                     AN_OK);
    return c;
}

/* An admission of that patient, of so many bytes. */
static char *message(char patient, size_t n)
{
    static const char head[] =
        "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1||";
    char *p = malloc(n);

    ck_assert_ptr_nonnull(p);
    memset(p, patient, n);
    memcpy(p, head, sizeof(head) - 1);
    return p;
}

static enum an_code sends(struct pl_client *c, const char *p, size_t n)
{
    struct hl7_answer answer;

    return pl_client_send(c, (struct an_str){p, n}, &answer, NULL);
}

/* Two patients in one frame would be the worst that a sender can do. */
START_TEST(sends_nothing_behind_half_a_message)
{
    char *a = message('q', LONG_BYTES), *b = message('Z', SHORT_BYTES);
    struct pl_client c;

    receiver_open(_i == 1);
    c = client_of(_i == 1);
    ck_assert_int_eq(sends(&c, a, LONG_BYTES), AN_IO);
    /* From now on there is room for it. */
    atomic_store(&receiver.may_read, true);
    net_sleep_ms(300);
    ck_assert_int_eq(sends(&c, b, SHORT_BYTES), AN_IO);
    pl_client_close(&c);
    receiver_join();
    ck_assert_uint_gt(receiver.n, SHORT_BYTES);
    ck_assert_uint_lt(receiver.n, LONG_BYTES);
    ck_assert_ptr_null(memchr(receiver.got, 'Z', receiver.n));
    free(receiver.got);
    free(a);
    free(b);
}
END_TEST

/* Its answer may still come, and be taken for that of another. */
START_TEST(sends_nothing_after_an_answer_that_did_not_come)
{
    char *b = message('Z', SHORT_BYTES);
    struct pl_client c;
    int64_t began;

    receiver_open(_i == 1);
    atomic_store(&receiver.may_read, true);
    c = client_of(_i == 1);
    ck_assert_int_eq(sends(&c, b, SHORT_BYTES), AN_IO);
    began = pl_now_ms();
    ck_assert_int_eq(sends(&c, b, SHORT_BYTES), AN_IO);
    ck_assert_int_lt(pl_now_ms() - began, TIMEOUT_MS / 2);
    pl_client_close(&c);
    receiver_join();
    ck_assert_uint_eq(receiver.n, SHORT_BYTES + HL7_MLLP_FRAMING_BYTES);
    free(receiver.got);
    free(b);
}
END_TEST

/* Whose port is not open is no matter of TLS. */
START_TEST(says_why_there_is_no_connection)
{
    const struct pl_client_keys keys = {.ca_file =
                                            tls_file(TLS_HOSPITAL, "pem")};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct cfg_address to = {.host = AN_STR("127.0.0.1")};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct pl_client c;
    struct an_err err;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &size), 0);
    to.port = ntohs(in.sin_port);
    ck_assert_int_eq(pl_client_open_tls(&c, &to, &keys, TIMEOUT_MS, &err),
                     AN_IO);
    ck_assert_int_eq(err.sys, ECONNREFUSED);
    ck_assert_str_eq(err.what, "cannot connect");
    close(fd);
}
END_TEST

static void set_up(void)
{
    (void)tls_make();
}

Suite *host_client_suite(void)
{
    Suite *suite = suite_create("host/client");
    TCase *each = tcase_create("with TLS and without");

    tcase_add_checked_fixture(each, set_up, tls_remove);
    tcase_add_loop_test(each, sends_nothing_behind_half_a_message, 0, 2);
    tcase_add_loop_test(each, sends_nothing_after_an_answer_that_did_not_come,
                        0, 2);
    tcase_add_test(each, says_why_there_is_no_connection);
    tcase_set_timeout(each, 60);
    suite_add_tcase(suite, each);
    return suite;
}
