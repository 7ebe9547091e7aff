/* SPDX-License-Identifier: Apache-2.0 */
/* A host whose helper is missing, hangs, dies or comes back: it lives, and its
 * messages are not held up. */
#include "tests/abi_help.h"

#include "plugin/helper/link.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *helper_client_suite(void);

static struct test_host t;

static void set_up(void)
{
    test_host_make(&t, "live");
}

static void tear_down(void)
{
    test_host_drop(&t);
}

static anamnesis_status create(const char *config, struct anamnesis_error *e)
{
    *e = (struct anamnesis_error){.struct_size = sizeof(*e)};
    return t.p->create(&t.host, config, strlen(config), &t.engine, e);
}

static anamnesis_status send_one(int n)
{
    char text[TEST_ADT_BYTES];
    struct test_came came;

    test_adt(text, "A01", n, 7);
    test_send(&t, text, 0, 0, &came);
    return came.status;
}

static void kill_server(void)
{
    int ended;

    (void)kill(t.server, SIGKILL);
    ck_assert_int_eq(waitpid(t.server, &ended, 0), t.server);
    t.server = 0;
}

/* A socket on which we listen ourselves, at t.socket. */
static int listen_as_other(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(t.socket, sizeof(t.socket), "/tmp/anamnesis-%ld.socket",
                   (long)getpid());
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", t.socket);
    (void)unlink(t.socket);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    (void)snprintf(t.helper, sizeof(t.helper),
                   "helper: {socket: %s, timeout: 2s}", t.socket);
    return fd;
}

START_TEST(a_socket_that_is_not_there_or_none_is_told)
{
    char path[TEST_PATH_BYTES], config[2 * TEST_PATH_BYTES];
    struct anamnesis_error e;

    ck_assert_int_eq(create("helper: {socket: /nowhere/at/all}", &e),
                     ANAMNESIS_E_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/at/all: there is no such"));
    ck_assert_ptr_null(t.engine);
    (void)snprintf(path, sizeof(path), "/tmp/anamnesis-%ld.file",
                   (long)getpid());
    ck_assert_int_eq(close(open(path, O_CREAT | O_RDWR, 0600)), 0);
    (void)snprintf(config, sizeof(config), "helper: {socket: %s}", path);
    ck_assert_int_eq(create(config, &e), ANAMNESIS_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(e.text, "is no socket"));
    (void)unlink(path);
    (void)close(listen_as_other()); /* left over by one who died */
    ck_assert_int_eq(create(t.helper, &e), ANAMNESIS_E_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(e.text, "does not run"));
    (void)unlink(t.socket);
}
END_TEST

/* As if by another program: `says` is sent to whoever connects. */
static anamnesis_status told(const void *says, size_t n,
                             struct anamnesis_error *e)
{
    int fd = listen_as_other(), conn;
    anamnesis_status status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        conn = accept(fd, NULL, NULL);
        (void)!send(conn, says, n, MSG_NOSIGNAL);
        (void)sleep(1);
        _exit(0);
    }
    status = create(t.helper, e);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    (void)close(fd);
    (void)unlink(t.socket);
    return status;
}

static void put_welcome(struct helper_out *out, uint32_t version,
                        anamnesis_status status, const char *why)
{
    helper_out_begin(out, HELPER_WELCOME);
    helper_put_u32(out, HELPER_MAGIC);
    helper_put_u32(out, version);
    helper_put_u32(out, ANAMNESIS_ABI_MAJOR);
    helper_put_u32(out, (uint32_t)status);
    helper_put_text(out, why);
    ck_assert(helper_out_end(out, 0));
}

START_TEST(who_is_no_server_of_ours_is_found_out)
{
    static struct helper_out out;
    struct anamnesis_error e;

    ck_assert_int_eq(told("HTTP/1.1 400 Bad Request\r\n", 26, &e),
                     ANAMNESIS_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(e.text, "is not anamnesis serve"));
    ck_assert_int_eq(told("", 0, &e), ANAMNESIS_E_UNAVAILABLE);
    put_welcome(&out, HELPER_VERSION + 1, ANAMNESIS_OK, NULL);
    ck_assert_int_eq(told(out.bytes, out.n, &e), ANAMNESIS_E_VERSION);
    put_welcome(&out, HELPER_VERSION, ANAMNESIS_E_CONFIG, "not you");
    ck_assert_int_eq(told(out.bytes, out.n, &e), ANAMNESIS_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(e.text, "not you"));
}
END_TEST

START_TEST(the_server_turns_another_version_away)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    static struct helper_out out;
    struct helper_hello hello;
    struct helper_reader r;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    test_host_serve(&t);
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", t.socket);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    helper_out_begin(&out, HELPER_HELLO);
    helper_put_u32(&out, HELPER_MAGIC);
    helper_put_u32(&out, HELPER_VERSION + 7);
    helper_put_u32(&out, ANAMNESIS_ABI_MAJOR);
    ck_assert_int_eq(helper_link_put(fd, &out, helper_now_ms() + 5000),
                     HELPER_WENT_WELL);
    helper_reader_init(&r, HELPER_CLIENT);
    ck_assert_int_eq(helper_link_receive(fd, &r, helper_now_ms() + 5000),
                     HELPER_WENT_WELL);
    ck_assert(helper_read_hello(&r, HELPER_WELCOME, &hello));
    ck_assert_int_eq(hello.status, ANAMNESIS_E_VERSION);
    helper_reader_next(&r);
    ck_assert_int_eq(helper_link_receive(fd, &r, helper_now_ms() + 5000),
                     HELPER_HUNG_UP);
    helper_reader_release(&r);
    (void)close(fd);
}
END_TEST

/* Whether create gives `want`, with `says` in its text, to a process of another
 * user.  Only root may put one on; others have nobody to try it with. */
static bool as_other(gid_t own, gid_t also, anamnesis_status want,
                     const char *says)
{
    const uid_t other = 65534;
    struct anamnesis_error e;
    pid_t child = fork();
    int ended;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (setgroups(1, &also) != 0 || setgid(own) != 0 || setuid(other) != 0)
            _exit(3);
        _exit(create(t.helper, &e) != want || strstr(e.text, says) == NULL);
    }
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

START_TEST(another_user_is_turned_away)
{
    if (geteuid() != 0)
        return;
    test_host_serve(&t);
    ck_assert(as_other(1, 1, ANAMNESIS_E_CONFIG, "may not connect there"));
    ck_assert_int_eq(chmod(t.socket, 0666), 0); /* as if by mistake */
    ck_assert(as_other(1, 1, ANAMNESIS_E_CONFIG, "does not serve this user"));
}
END_TEST

START_TEST(a_group_is_let_in_and_no_other)
{
    struct group *g = getgrgid(1);
    struct stat st;

    if (geteuid() != 0 || g == NULL)
        return;
    t.group = g->gr_name;
    test_host_serve(&t);
    ck_assert_int_eq(stat(t.socket, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0660);
    ck_assert_uint_eq(st.st_gid, 1);
    ck_assert(as_other(1, 2, ANAMNESIS_OK, ""));
    ck_assert(as_other(2, 1, ANAMNESIS_OK, "")); /* one of several */
    ck_assert(as_other(2, 2, ANAMNESIS_E_CONFIG, "may not connect there"));
    ck_assert_int_eq(chmod(t.socket, 0666), 0);
    ck_assert(as_other(2, 2, ANAMNESIS_E_CONFIG, "does not serve this user"));
}
END_TEST

START_TEST(the_socket_is_for_its_user_alone)
{
    struct stat st;

    test_host_serve(&t);
    ck_assert_int_eq(stat(t.socket, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(while_the_server_is_away_calls_fail_at_once_and_it_is_found_again)
{
    struct anamnesis_results *r;
    int64_t began_ms;

    test_host_open(&t);
    ck_assert_int_eq(send_one(1), ANAMNESIS_OK);
    kill_server();
    began_ms = helper_now_ms();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(send_one(2), ANAMNESIS_E_UNAVAILABLE);
    ck_assert_int_lt(helper_now_ms() - began_ms, 10000); /* no timeout */
    ck_assert_ptr_nonnull(strstr(t.line, "helper_lost"));
    ck_assert_int_eq(t.p->status(t.engine, &r, NULL), ANAMNESIS_E_UNAVAILABLE);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(t.p->drain(t.engine, 0), ANAMNESIS_E_UNAVAILABLE);
    test_host_serve(&t); /* over the socket that the dead one left */
    ck_assert_int_eq(send_one(2), ANAMNESIS_OK);
    /* One that ends in good order. */
    test_transport_stop(&t);
    ck_assert_int_ne(access(t.socket, F_OK), 0);
    ck_assert_int_eq(send_one(3), ANAMNESIS_E_UNAVAILABLE);
    test_host_serve(&t);
    ck_assert_int_eq(send_one(3), ANAMNESIS_OK);
}
END_TEST

START_TEST(a_server_that_hangs_costs_one_timeout_and_then_nothing)
{
    struct anamnesis_error e;
    int64_t began_ms;
    int ended;

    test_host_serve(&t);
    (void)snprintf(t.helper, sizeof(t.helper),
                   "helper: {socket: %s, timeout: 2s}", t.socket);
    ck_assert_int_eq(create(t.helper, &e), ANAMNESIS_OK);
    ck_assert_int_eq(send_one(1), ANAMNESIS_OK);
    (void)kill(t.server, SIGSTOP);
    ck_assert_int_eq(waitpid(t.server, &ended, WUNTRACED), t.server);
    began_ms = helper_now_ms();
    ck_assert_int_eq(send_one(2), ANAMNESIS_E_UNAVAILABLE);
    ck_assert_int_ge(helper_now_ms() - began_ms, 1999);
    began_ms = helper_now_ms();
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(send_one(2), ANAMNESIS_E_UNAVAILABLE);
    ck_assert_int_lt(helper_now_ms() - began_ms, 10000); /* not 10 times 2 s */
    (void)kill(t.server, SIGCONT);
    (void)usleep(1100000);
    ck_assert_int_eq(send_one(2), ANAMNESIS_OK);
}
END_TEST

START_TEST(a_host_that_gives_up_gets_its_acknowledgement_from_there)
{
    struct test_came came;
    char text[TEST_ADT_BYTES];

    test_host_open(&t);
    test_send_file(&t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    atomic_store(&t.n_asked, 0);
    t.cancel_from = 1;
    for (int i = 1; i < 20; i++) {
        test_adt(text, "A03", i, 100042);
        test_send(&t, text, 0, 0, &came);
        ck_assert_int_eq(came.status, ANAMNESIS_OK);
        ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
        if (came.n[ANAMNESIS_FHIR_BUNDLE] == 0)
            break; /* it was heard before the answer was ready */
    }
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 0);
    t.cancel_from = 0; /* and nothing of it is left for the next call */
    test_adt(text, "A03", 77, 100042);
    test_send(&t, text, 0, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
}
END_TEST

static void *send_three(void *arg)
{
    const int *number = arg;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(send_one(*number * 3 + i), ANAMNESIS_OK);
    return NULL;
}

/* More threads than there are connections: the others wait for one. */
START_TEST(a_hundred_threads_share_the_connections)
{
    enum { THREADS = 100 };

    pthread_t thread[THREADS];
    int number[THREADS];

    test_host_write(&t, "off", "");
    test_host_open(&t);
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, send_three, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(thread[i], NULL);
}
END_TEST

START_TEST(a_reload_goes_to_another_server_or_stays)
{
    static const char nowhere[] = "helper: {socket: /nowhere/at/all}";
    char other[1024];

    test_host_open(&t);
    ck_assert_int_eq(t.p->reload(t.engine, nowhere, strlen(nowhere), NULL),
                     ANAMNESIS_E_UNAVAILABLE);
    ck_assert_int_eq(t.p->reload(t.engine, "stage: off", 10, NULL),
                     ANAMNESIS_E_CONFIG);
    ck_assert_int_eq(send_one(1), ANAMNESIS_OK);
    (void)snprintf(other, sizeof(other), "helper: {socket: %s, timeout: 30s}",
                   t.socket);
    ck_assert_int_eq(t.p->reload(t.engine, other, strlen(other), NULL),
                     ANAMNESIS_OK);
    ck_assert_int_eq(send_one(2), ANAMNESIS_OK);
}
END_TEST

/* ---- a message that kills the server ------------------------------------ */

/* Rows of 64 bytes from 64 on, the state 44 into each; 2 is in hand. */
static bool something_is_in_hand(const char *path)
{
    static uint8_t file[64 * 257];
    int fd = open(path, O_RDONLY);
    bool found = false;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, file, sizeof(file), 0), (ssize_t)sizeof(file));
    (void)close(fd);
    for (size_t at = 64; at < sizeof(file) && !found; at += 64)
        found = file[at + 44] == 2;
    return found;
}

static int32_t kill_while_in_hand(void *host_data, const char *message_id)
{
    char path[TEST_PATH_BYTES];
    int64_t until_ms = helper_now_ms() + 1000;

    (void)host_data;
    (void)message_id;
    test_folder_file(&t.folder, "store.db.inflight", path);
    while (t.server && helper_now_ms() < until_ms)
        if (something_is_in_hand(path))
            kill_server();
    return 0;
}

static const struct anamnesis_host_cancel killer = {
    .struct_size = sizeof(killer), .is_cancelled = kill_while_in_hand};

static const void *get_killer(void *host_data, const char *id)
{
    (void)host_data;
    return strcmp(id, ANAMNESIS_HOST_CANCEL) == 0 ? &killer : NULL;
}

START_TEST(what_killed_the_server_is_quarantined_at_its_next_start)
{
    struct test_came came = {.status = ANAMNESIS_OK};
    char poison[TEST_ADT_BYTES], json[4096];
    int n = 0;

    t.host.get_extension = get_killer;
    test_host_open(&t);
    test_send_file(&t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    if (t.server == 0) /* it was met in that message */
        test_host_serve(&t);
    do {
        test_adt(poison, "A03", ++n, 100042);
        test_send(&t, poison, 0, 0, &came);
        /* In between it may have been answered after all. */
        if (t.server == 0 && came.status == ANAMNESIS_OK)
            test_host_serve(&t);
    } while (came.status == ANAMNESIS_OK && n < 50);
    ck_assert_int_eq(came.status, ANAMNESIS_E_UNAVAILABLE);
    ck_assert_int_eq(t.server, 0);
    test_host_close(&t);

    t.host.get_extension = NULL;
    test_host_open(&t);
    test_send(&t, poison, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_E_QUARANTINED);
    ck_assert_uint_eq(came.n[ANAMNESIS_DIAGNOSTIC], 1);
    ck_assert_int_eq(send_one(1), ANAMNESIS_OK);
    ck_assert_int_eq(t.p->drain(t.engine, 60000), ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"triggers_waiting\":0"));
    test_send(&t, poison, ANAMNESIS_MSG_RETRY, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_send(&t, poison, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
}
END_TEST

Suite *helper_client_suite(void)
{
    const TTest *const tests[] = {
        a_socket_that_is_not_there_or_none_is_told,
        who_is_no_server_of_ours_is_found_out,
        the_server_turns_another_version_away,
        another_user_is_turned_away,
        a_group_is_let_in_and_no_other,
        the_socket_is_for_its_user_alone,
        while_the_server_is_away_calls_fail_at_once_and_it_is_found_again,
        a_server_that_hangs_costs_one_timeout_and_then_nothing,
        a_host_that_gives_up_gets_its_acknowledgement_from_there,
        a_hundred_threads_share_the_connections,
        a_reload_goes_to_another_server_or_stays,
        what_killed_the_server_is_quarantined_at_its_next_start,
    };

    return test_suite_around("helper/client", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
