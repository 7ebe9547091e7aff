/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

Suite *base_log_suite(void);

static int64_t clock_us;
static int pipe_fd[2];
static struct an_log a_log;
static char text[1 << 16];

static int64_t test_clock(void *ctx)
{
    (void)ctx;
    return clock_us;
}

static void open_log(enum an_log_format format, enum an_level level)
{
    ck_assert_int_eq(pipe(pipe_fd), 0);
    ck_assert_int_eq(fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK), 0);
    clock_us = INT64_C(1709626502123000); /* 2024-03-05T08:15:02.123Z */
    an_log_init(&a_log, pipe_fd[1], format, level, test_clock, NULL);
}

/* What was logged so far. */
static const char *logged(void)
{
    ssize_t n = read(pipe_fd[0], text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void close_log(void)
{
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

START_TEST(writes_an_event_as_a_line_of_json)
{
    open_log(AN_LOG_JSON, AN_INFO);
    an_log(&a_log, AN_EVENT_MLLP_BAD_FRAME, 7, AN_LIMIT, 1048577);
    ck_assert_str_eq(logged(),
                     "{\"time\":\"2024-03-05T08:15:02.123Z\",\"level\":"
                     "\"warn\",\"event\":\"mllp_bad_frame\",\"connection\":7,"
                     "\"code\":\"limit\",\"byte\":1048577}\n");
    close_log();
}
END_TEST

START_TEST(writes_an_event_as_a_line_of_logfmt)
{
    open_log(AN_LOG_LOGFMT, AN_INFO);
    an_log(&a_log, AN_EVENT_MLLP_LISTENING, UINT64_MAX, 1, 2);
    ck_assert_str_eq(logged(), "time=2024-03-05T08:15:02.123Z level=info "
                               "event=mllp_listening "
                               "port=18446744073709551615\n");
    close_log();
}
END_TEST

START_TEST(leaves_out_what_is_below_its_level)
{
    open_log(AN_LOG_LOGFMT, AN_WARN);
    an_log(&a_log, AN_EVENT_MLLP_LISTENING, 1, 0, 0);
    ck_assert_str_eq(logged(), "");
    atomic_store(&a_log.level, AN_INFO);
    an_log(&a_log, AN_EVENT_MLLP_LISTENING, 1, 0, 0);
    ck_assert_str_ne(logged(), "");
    an_log(NULL, AN_EVENT_MLLP_LISTENING, 1, 0, 0);
    close_log();
}
END_TEST

static int count_lines(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += *s == '\n';
    return n;
}

START_TEST(thins_a_flood_and_says_by_how_much)
{
    open_log(AN_LOG_LOGFMT, AN_INFO);
    a_log.per_second = 3;
    for (int i = 0; i < 10; i++)
        an_log(&a_log, AN_EVENT_MLLP_REFUSED, 5, 0, 0);
    an_log(&a_log, AN_EVENT_MLLP_LISTENING, 1, 0, 0);
    ck_assert_int_eq(count_lines(logged()), 4);
    clock_us += 1000000;
    an_log(&a_log, AN_EVENT_MLLP_REFUSED, 5, 0, 0);
    ck_assert_ptr_nonnull(strstr(logged(), " open=5 suppressed=7\n"));
    for (int i = 0; i < 4; i++)
        an_log(&a_log, AN_EVENT_MLLP_REFUSED, 5, 0, 0);
    logged();
    an_log_flush(&a_log);
    ck_assert_ptr_nonnull(strstr(logged(), "event=log_suppressed "
                                           "event_number=6 lines=2\n"));
    an_log_flush(&a_log);
    ck_assert_str_eq(logged(), "");
    close_log();
}
END_TEST

START_TEST(counts_a_line_that_could_not_be_written)
{
    open_log(AN_LOG_JSON, AN_INFO);
    a_log.fd = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(a_log.fd, 0);
    an_log(&a_log, AN_EVENT_MLLP_LISTENING, 1, 0, 0);
    ck_assert_uint_eq(atomic_load(&a_log.lost), 1);
    close(a_log.fd);
    close_log();
}
END_TEST

static void *log_many(void *arg)
{
    for (int i = 0; i < 100; i++)
        an_log(&a_log, AN_EVENT_MLLP_STOPPED, 2575, 123456789, 0);
    return arg;
}

START_TEST(keeps_lines_of_several_threads_whole)
{
    pthread_t thread[4];
    const char *line;
    int n_lines = 0;

    open_log(AN_LOG_LOGFMT, AN_INFO);
    a_log.per_second = 0;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, log_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    line = logged();
    while (*line) {
        const char *end = strchr(line, '\n');

        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(strncmp(line, "time=2024-", 10), 0);
        ck_assert_int_eq(strncmp(end - 9, "cut_off=0", 9), 0);
        line = end + 1;
        n_lines++;
    }
    ck_assert_int_eq(n_lines, 400);
    close_log();
}
END_TEST

START_TEST(describes_each_event_for_the_manual)
{
    char name[64];

    for (int i = 0; i < AN_N_EVENTS; i++) {
        struct an_event_row row =
            an_log_row((enum an_event)i, name, sizeof(name));

        ck_assert_ptr_eq(row.name, name);
        ck_assert_uint_gt(strlen(row.meaning), 10);
        for (int k = 0; k < 3; k++)
            ck_assert_int_eq(row.field[k].kind == AN_FIELD_NONE,
                             row.field[k].name[0] == '\0');
    }
}
END_TEST

Suite *base_log_suite(void)
{
    const TTest *const test[] = {writes_an_event_as_a_line_of_json,
                                 writes_an_event_as_a_line_of_logfmt,
                                 leaves_out_what_is_below_its_level,
                                 thins_a_flood_and_says_by_how_much,
                                 counts_a_line_that_could_not_be_written,
                                 keeps_lines_of_several_threads_whole,
                                 describes_each_event_for_the_manual};

    return TEST_SUITE("base/log", test);
}
