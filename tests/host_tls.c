/* SPDX-License-Identifier: Apache-2.0 */
/* MLLP over TLS: who is let in, who is not, and what happens on the way. */
#include "plugin/host/thread.h"
#include "tests/host_net.h"
#include "tests/host_peer.h"
#include "tests/suite.h"
#include "tests/tls_help.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *host_tls_suite(void);

static struct pl_tls *tls;
static struct an_err err;

static uint64_t handshake_faults(void)
{
    return pl_mllp_counts(peer_server()).handshake_faults;
}

static uint64_t handshake_timeouts(void)
{
    return pl_mllp_counts(peer_server()).handshake_timeouts;
}

static struct pl_tls_options keys(enum pl_tls_client client)
{
    return (struct pl_tls_options){.certificate_file =
                                       tls_file(TLS_SERVER, "pem"),
                                   .key_file = tls_file(TLS_SERVER, "key"),
                                   .ca_file = tls_file(TLS_HOSPITAL, "pem"),
                                   .crl_file = tls_file(TLS_HOSPITAL, "crl"),
                                   .client = client};
}

static void open_tls(enum pl_tls_client client, enum peer_mode mode)
{
    struct pl_mllp_options options = peer_options();
    struct pl_tls_options from = keys(client);

    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_OK);
    options.tls = tls;
    options.handshake_ms = 500;
    options.idle_ms = 5000;
    peer_open(&options, mode);
}

static void close_tls(void)
{
    peer_close(1000);
    pl_tls_close(tls);
}

static uint16_t port(void)
{
    return pl_mllp_port(peer_server());
}

START_TEST(echoes_over_tls_as_without)
{
    struct tls_client c;

    open_tls(PL_TLS_CLIENT_NONE, PEER_ECHO);
    ck_assert(tls_connect(&c, port(), TLS_NOBODY, NULL));
    for (int i = 0; i < 3; i++)
        ck_assert(tls_echoes(&c, "MSH|one", "ACK:MSH|one"));
    ck_assert_str_eq(peer_identity(0), "");
    /* Two in one record: the second is in the library and not in the socket. */
    ck_assert(tls_send(&c, AN_STR("\x0BMSH|1\x1C\r\x0BMSH|2\x1C\r\x0BMSH|3")));
    ck_assert(tls_expect_frame(&c, "ACK:MSH|1"));
    ck_assert(tls_expect_frame(&c, "ACK:MSH|2"));
    ck_assert(tls_send(&c, AN_STR("\x1C\r")));
    ck_assert(tls_expect_frame(&c, "ACK:MSH|3"));
    /* Goodbye by half: the last answer still comes. */
    ck_assert(tls_send(&c, AN_STR("\x0BMSH|4\x1C\r")));
    ck_assert_int_eq(gnutls_bye(c.session, GNUTLS_SHUT_WR), 0);
    ck_assert(tls_expect_frame(&c, "ACK:MSH|4"));
    ck_assert(tls_is_closed(&c));
    ck_assert_uint_eq(peer_n_lost(), 0);
    tls_close(&c);
    close_tls();
}
END_TEST

START_TEST(carries_what_is_larger_than_a_record)
{
    struct pl_mllp_options options = peer_options();
    struct pl_tls_options from = keys(PL_TLS_CLIENT_NONE);
    enum { LARGE = 3 << 20 };
    char *text = malloc(LARGE), *got = malloc(LARGE + 3);
    struct tls_client c;
    size_t n = 0;

    ck_assert(text && got);
    memset(text, 'x', LARGE);
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_OK);
    options.tls = tls;
    options.max_frame_bytes = LARGE;
    options.handshake_ms = options.frame_ms = options.write_ms = 5000;
    peer_open(&options, PEER_HOLD);
    ck_assert(tls_connect(&c, port(), TLS_NOBODY, NULL));
    ck_assert(tls_send(&c, AN_STR("\x0B")));
    ck_assert(tls_send(&c, (struct an_str){text, LARGE}));
    ck_assert(tls_send(&c, AN_STR("\x1C\r")));
    ck_assert(net_wait(peer_n_messages, 1));
    /* The answer blocks in the middle, as nobody reads for a while. */
    ck_assert(pl_mllp_answer(peer_server(), (struct pl_conn_ref){0, 1},
                             (struct an_str){text, LARGE}));
    net_sleep_ms(200);
    while (n < LARGE + 3) {
        ssize_t k = gnutls_record_recv(c.session, got + n, LARGE + 3 - n);

        ck_assert_int_gt(k, 0);
        n += (size_t)k;
    }
    ck_assert_int_eq(got[0], 0x0B);
    ck_assert_int_eq(memcmp(got + 1, text, LARGE), 0);
    ck_assert_int_eq(got[LARGE + 2], '\r');
    tls_close(&c);
    free(text);
    free(got);
    close_tls();
}
END_TEST

static const struct {
    enum tls_who as;
    enum pl_tls_client mode;
    bool is_let_in;
    const char *identity;
} visit[] = {
    {TLS_LAB, PL_TLS_CLIENT_REQUIRED, true, "lab.example"},
    {TLS_NAMED, PL_TLS_CLIENT_REQUIRED, true, "Ward_7"},
    {TLS_NOBODY, PL_TLS_CLIENT_REQUIRED, false, NULL},
    {TLS_FOREIGN, PL_TLS_CLIENT_REQUIRED, false, NULL},
    {TLS_EXPIRED, PL_TLS_CLIENT_REQUIRED, false, NULL},
    {TLS_REVOKED, PL_TLS_CLIENT_REQUIRED, false, NULL},
    {TLS_SERVES, PL_TLS_CLIENT_REQUIRED, false, NULL},
    {TLS_LAB, PL_TLS_CLIENT_OPTIONAL, true, "lab.example"},
    {TLS_NOBODY, PL_TLS_CLIENT_OPTIONAL, true, ""},
    {TLS_FOREIGN, PL_TLS_CLIENT_OPTIONAL, false, NULL},
    {TLS_EXPIRED, PL_TLS_CLIENT_OPTIONAL, false, NULL},
    {TLS_FOREIGN, PL_TLS_CLIENT_NONE, true, ""},
};
enum { N_VISITS = sizeof(visit) / sizeof(visit[0]) };

START_TEST(lets_in_whom_the_authority_knows)
{
    static const char *const version[] = {NULL,
                                          "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    struct tls_client c;
    bool ok;

    open_tls(visit[_i % N_VISITS].mode, PEER_ECHO);
    ok = tls_connect(&c, port(), visit[_i % N_VISITS].as,
                     version[_i / N_VISITS]) &&
         tls_echoes(&c, "MSH|in", "ACK:MSH|in");
    ck_assert_msg(ok == visit[_i % N_VISITS].is_let_in, "visit %d", _i);
    if (ok) {
        ck_assert_str_eq(peer_identity(0), visit[_i % N_VISITS].identity);
    } else {
        ck_assert(net_wait(handshake_faults, 1));
        ck_assert_uint_eq(peer_n_messages(), 0);
    }
    tls_close(&c);
    close_tls();
}
END_TEST

START_TEST(speaks_no_version_before_1_2)
{
    struct tls_client c;

    open_tls(PL_TLS_CLIENT_NONE, PEER_ECHO);
    ck_assert(!tls_connect(&c, port(), TLS_NOBODY,
                           "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"));
    ck_assert(net_wait(handshake_faults, 1));
    tls_close(&c);
    close_tls();
}
END_TEST

START_TEST(closes_a_sender_without_tls)
{
    char got[100];
    int fd;

    open_tls(PL_TLS_CLIENT_REQUIRED, PEER_ECHO);
    fd = net_connect(port());
    /* It may be closed before all is sent. */
    (void)net_send_frame(fd, AN_STR("MSH|^~\\&|plain"));
    ck_assert_uint_lt(net_receive(fd, got, sizeof(got), NULL), 20); /* alert */
    ck_assert_ptr_null(strstr(got, "ACK"));
    ck_assert(net_wait(handshake_faults, 1));
    ck_assert_uint_eq(peer_n_messages(), 0);
    close(fd);
    close_tls();
}
END_TEST

START_TEST(closes_tls_where_there_is_none)
{
    struct pl_mllp_options options = peer_options();
    int64_t began = pl_now_ms();
    struct tls_client c;

    options.idle_ms = 0;
    peer_open(&options, PEER_ECHO);
    ck_assert(!tls_connect(&c, port(), TLS_NOBODY, NULL));
    ck_assert_int_lt(pl_now_ms() - began, 3000);
    ck_assert_int_eq(peer_bad().why, AN_SYNTAX);
    ck_assert_uint_eq(peer_n_bad(), 1);
    tls_close(&c);
    peer_close(1000);
}
END_TEST

START_TEST(ends_a_handshake_that_takes_too_long)
{
    static const char hello[] = "\x16\x03\x01\x02";
    int64_t began = pl_now_ms();
    int silent, slow;

    open_tls(PL_TLS_CLIENT_NONE, PEER_ECHO);
    silent = net_connect(port());
    slow = net_connect(port());
    for (size_t i = 0; i + 1 < sizeof(hello); i++) {
        ck_assert(net_send(slow, (struct an_str){hello + i, 1}));
        net_sleep_ms(50);
    }
    ck_assert(net_is_closed(silent));
    ck_assert(net_wait(handshake_timeouts, 2));
    ck_assert_int_ge(pl_now_ms() - began, 450);
    ck_assert_uint_eq(peer_n_open(), 0);
    close(silent);
    close(slow);
    close_tls();
}
END_TEST

START_TEST(survives_senders_who_leave_in_the_middle)
{
    struct tls_client c;
    int fd;

    open_tls(PL_TLS_CLIENT_NONE, PEER_ECHO);
    /* In the handshake. */
    fd = net_connect(port());
    ck_assert(net_send(fd, AN_STR("\x16\x03\x01\x02\x10")));
    close(fd);
    ck_assert(net_wait(handshake_faults, 1));
    /* In a frame, without goodbye. */
    ck_assert(tls_connect(&c, port(), TLS_NOBODY, NULL));
    ck_assert(tls_send(&c, AN_STR("\x0BMSH|half")));
    shutdown(c.fd, SHUT_RDWR);
    ck_assert(net_wait(peer_n_lost, 1));
    ck_assert_uint_eq(peer_n_messages(), 0);
    tls_close(&c);
    /* In a record: not one byte of it counts. */
    ck_assert(tls_connect(&c, port(), TLS_NOBODY, NULL));
    ck_assert(tls_echoes(&c, "MSH|1", "ACK:MSH|1"));
    ck_assert(net_send(c.fd, AN_STR("\x17\x03\x03\x01\x00garbage")));
    shutdown(c.fd, SHUT_WR);
    ck_assert(!tls_expect_frame(&c, ""));
    ck_assert_uint_eq(peer_n_messages(), 1);
    tls_close(&c);
    /* A record that somebody forged. */
    ck_assert(tls_connect(&c, port(), TLS_NOBODY, NULL));
    ck_assert(net_send(c.fd, AN_STR("\x17\x03\x03\x00\x20"
                                    "0123456789012345"
                                    "0123456789012345")));
    ck_assert(!tls_expect_frame(&c, ""));
    ck_assert_uint_eq(peer_n_messages(), 1);
    tls_close(&c);
    close_tls();
}
END_TEST

struct sender {
    pthread_t thread;
    int number;
    bool ok;
};

enum { SENDERS = 200, EACH = 5 };

static void *send_some(void *arg)
{
    struct sender *me = arg;
    char message[64], want[80];
    struct tls_client c;

    me->ok = tls_connect(&c, port(), TLS_LAB, NULL);
    for (int i = 0; i < EACH && me->ok; i++) {
        snprintf(message, sizeof(message), "MSH|%d|%d", me->number, i);
        snprintf(want, sizeof(want), "ACK:%s", message);
        me->ok = tls_echoes(&c, message, want);
    }
    while (me->ok && peer_n_messages() < SENDERS * EACH)
        net_sleep_ms(5); /* all of them are open at a time */
    tls_close(&c);
    return NULL;
}

START_TEST(serves_two_hundred_at_a_time)
{
    static struct sender sender[SENDERS];
    struct pl_mllp_options options = peer_options();
    struct pl_tls_options from = keys(PL_TLS_CLIENT_REQUIRED);

    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_OK);
    options.tls = tls;
    options.handshake_ms = options.idle_ms = options.answer_ms = 20000;
    options.frame_ms = options.write_ms = 20000;
    options.max_connections = SENDERS;
    peer_open(&options, PEER_ECHO);
    for (int i = 0; i < SENDERS; i++) {
        sender[i].number = i;
        ck_assert_int_eq(
            pl_thread_start(&sender[i].thread, send_some, &sender[i], NULL),
            AN_OK);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(sender[i].thread, NULL);
        ck_assert_msg(sender[i].ok, "sender %d", i);
    }
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).handshakes, SENDERS);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).answers, SENDERS * EACH);
    close_tls();
}
END_TEST

/* The server's certificate, as a client sees it. */
static time_t seen_end(struct tls_client *c)
{
    return gnutls_certificate_expiration_time_peers(c->session);
}

START_TEST(reads_its_certificates_again)
{
    struct tls_client before, after;
    time_t first;

    open_tls(PL_TLS_CLIENT_NONE, PEER_ECHO);
    ck_assert(tls_connect(&before, port(), TLS_NOBODY, NULL));
    first = seen_end(&before);
    ck_assert_int_eq(pl_tls_expires_s(tls), first);
    /* What is wrong changes nothing. */
    tls_replace(TLS_LAB, TLS_SERVER); /* a copy to come back to */
    ck_assert_int_eq(truncate(tls_file(TLS_SERVER, "pem"), 100), 0);
    ck_assert_int_eq(pl_tls_reload(tls, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "no certificates in PEM");
    ck_assert_ptr_nonnull(strstr(err.where.path, "server.pem"));
    ck_assert(tls_connect(&after, port(), TLS_NOBODY, NULL));
    ck_assert_int_eq(seen_end(&after), first);
    tls_close(&after);
    tls_replace(TLS_SERVER, TLS_RENEWED);
    ck_assert_int_eq(pl_tls_reload(tls, &err), AN_OK);
    ck_assert_int_eq(pl_tls_reload(tls, &err), AN_OK);
    ck_assert(tls_connect(&after, port(), TLS_NOBODY, NULL));
    ck_assert_int_gt(seen_end(&after), first);
    ck_assert_int_eq(pl_tls_expires_s(tls), seen_end(&after));
    /* Who was there stays. */
    ck_assert(tls_echoes(&before, "MSH|old", "ACK:MSH|old"));
    ck_assert(tls_echoes(&after, "MSH|new", "ACK:MSH|new"));
    tls_close(&before);
    tls_close(&after);
    close_tls();
}
END_TEST

START_TEST(says_what_is_wrong_with_its_files)
{
    struct pl_tls_options from = keys(PL_TLS_CLIENT_REQUIRED);

    from.key_file = tls_file(TLS_LAB, "key");
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "not the key of the certificate");
    ck_assert_ptr_null(tls);
    from.key_file = tls_file(TLS_HOSPITAL, "crl");
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "no private key in PEM, or one with a password");
    from = keys(PL_TLS_CLIENT_REQUIRED);
    from.certificate_file = "no/such/file.pem";
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_NOTFOUND);
    from = keys(PL_TLS_CLIENT_REQUIRED);
    from.ca_file = tls_file(TLS_SERVER, "key");
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
    from = keys(PL_TLS_CLIENT_REQUIRED);
    from.crl_file = tls_file(TLS_SERVER, "pem");
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "no revocation list in PEM");
    from = keys(PL_TLS_CLIENT_NONE);
    from.priorities = "NORMAL:+NONSENSE";
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
    from.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_CONFIG);
}
END_TEST

static void set_up(void)
{
    (void)tls_make();
}

Suite *host_tls_suite(void)
{
    const TTest *const test[] = {echoes_over_tls_as_without,
                                 carries_what_is_larger_than_a_record,
                                 speaks_no_version_before_1_2,
                                 closes_a_sender_without_tls,
                                 closes_tls_where_there_is_none,
                                 ends_a_handshake_that_takes_too_long,
                                 survives_senders_who_leave_in_the_middle,
                                 serves_two_hundred_at_a_time,
                                 reads_its_certificates_again,
                                 says_what_is_wrong_with_its_files};
    Suite *suite = test_suite_around(
        "host/tls", test, sizeof(test) / sizeof(test[0]), set_up, tls_remove);
    TCase *each = tcase_create("visits");

    tcase_add_checked_fixture(each, set_up, tls_remove);
    tcase_add_loop_test(each, lets_in_whom_the_authority_knows, 0,
                        2 * N_VISITS);
    suite_add_tcase(suite, each);
    return suite;
}
