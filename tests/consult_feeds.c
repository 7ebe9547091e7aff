/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds over weeks that pass in a moment: who is alarmed about, and who not. */
#include "plugin/feeds_int.h"
#include "tests/folder.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *consult_feeds_suite(void);

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Monday, 2026-01-05T00:00:00Z. */
static const int64_t monday_us = INT64_C(1767571200000000);
static const struct an_zone utc = {0};

static struct cfg_options options;
static struct pl_feeds *feeds;
static struct an_arena arena;
static struct an_log lines;
static unsigned n_silent, n_back, n_gap, n_late, n_jump, n_anew, n_closed;
static int64_t wall_ahead_ms; /* of the other clock */
static const struct an_str ehr = AN_STR_INIT("EHR|HOSP");

static void sink(void *ctx, enum an_level level, const char *line, size_t n)
{
    (void)ctx;
    (void)level;
    (void)n;
    n_silent += strstr(line, "\"feed_silent\"") != NULL;
    n_back += strstr(line, "\"feed_back\"") != NULL;
    n_gap += strstr(line, "\"feed_gap\"") != NULL;
    n_late += strstr(line, "\"feed_late\"") != NULL;
    n_jump += strstr(line, "\"clock_jump\"") != NULL;
    n_anew += strstr(line, "\"feed_restart\"") != NULL;
    n_closed += strstr(line, "\"feed_closed\"") != NULL;
}

static int64_t frozen(void *ctx)
{
    (void)ctx;
    return 0;
}

static void open_feeds(void)
{
    struct pl_feeds_options o = {
        .options = &options, .zone = &utc, .log = &lines};

    pl_feeds_close(feeds);
    ck_assert_int_eq(pl_feeds_open(&o, &feeds, NULL), AN_OK);
}

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
    an_log_init(&lines, -1, AN_LOG_JSON, AN_DEBUG, frozen, NULL);
    lines.sink = sink;
    lines.per_second = 0;
    ck_assert_int_eq(cfg_options_default(&arena, &options, NULL), AN_OK);
    n_silent = n_back = n_gap = n_late = n_jump = n_anew = n_closed = 0;
    wall_ahead_ms = 0;
    feeds = NULL;
    open_feeds();
}

static void tear_down(void)
{
    pl_feeds_close(feeds);
    an_arena_free(&arena);
}

static struct pl_feeds_now at(int64_t ms)
{
    return (struct pl_feeds_now){.us = monday_us + (ms + wall_ahead_ms) * 1000,
                                 .ms = ms};
}

static void comes(int64_t ms, int64_t age_ms, int64_t sequence)
{
    struct pl_feed_seen seen = {.name = ehr,
                                .now = at(ms),
                                .said_us = at(ms).us - age_ms * 1000,
                                .sequence = sequence};

    pl_feeds_saw(feeds, &seen);
}

static void ticks(int64_t from_ms, int64_t until_ms, int64_t step_ms)
{
    for (int64_t ms = from_ms; ms <= until_ms; ms += step_ms) {
        struct pl_feeds_now now = at(ms);

        pl_feeds_tick(feeds, &now);
    }
}

static struct pl_feed_state state(int64_t ms)
{
    struct pl_feeds_now now = at(ms);
    size_t n;
    const struct pl_feed_state *s = pl_feeds_list(feeds, &arena, &now, &n);

    ck_assert_ptr_nonnull(s);
    ck_assert_uint_ge(n, 1);
    return s[0];
}

/* From six to twenty-two each two minutes or so; on weekends each half hour. */
static int64_t next_of_ward(int64_t ms, uint64_t *random)
{
    int64_t day = ms / DAY, hour = ms % DAY / HOUR;
    int64_t step = day % 7 < 5 ? 2 * MINUTE : 30 * MINUTE;

    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    ms += step / 2 + (int64_t)((*random >> 33) % (uint64_t)step);
    hour = ms % DAY / HOUR;
    if (hour >= 22)
        ms =
            (ms / DAY + 1) * DAY + 6 * HOUR + (int64_t)(*random >> 40) % MINUTE;
    else if (hour < 6)
        ms = ms / DAY * DAY + 6 * HOUR + MINUTE;
    return ms;
}

/* Lives `days` of it from the start; returns when the next would come. */
static int64_t live(int64_t ms, int64_t days, uint64_t *random)
{
    int64_t tick = ms;

    while (ms < days * DAY) {
        ticks(tick, ms, MINUTE);
        tick = ms;
        comes(ms, 2000, -1);
        ms = next_of_ward(ms, random);
    }
    return ms;
}

START_TEST(nights_and_weekends_are_no_alarm_and_an_outage_is)
{
    uint64_t random = 1;
    struct pl_feeds_now now = at(0);
    int64_t next;

    pl_feeds_begin(feeds, &now);
    next = live(6 * HOUR, 28, &random);
    ck_assert_uint_eq(n_silent, 0);
    /* A Monday at ten it stops. */
    next = live(next, 28, &random);
    while (next < 28 * DAY + 10 * HOUR) {
        comes(next, 2000, -1);
        next = next_of_ward(next, &random);
    }
    ck_assert_int_gt(state(next).limit_ms, 4 * MINUTE);
    ck_assert_int_lt(state(next).limit_ms, HOUR);
    ticks(next, next + 5 * MINUTE, MINUTE / 4);
    ck_assert_uint_eq(n_silent, 0);
    ticks(next, next + HOUR, MINUTE / 4);
    ck_assert_uint_eq(n_silent, 1);
    ck_assert(state(next + HOUR).is_silent);
    comes(next + 2 * HOUR, 2000, -1);
    ck_assert_uint_eq(n_back, 1);
    ck_assert(!state(next + 2 * HOUR).is_silent);
    /* And two hours of outage are not usual now. */
    ck_assert_int_lt(state(next + 2 * HOUR).limit_ms, HOUR);
}
END_TEST

START_TEST(a_feed_that_is_new_is_not_judged_but_by_what_was_said)
{
    struct pl_feeds_now now = at(0);

    pl_feeds_begin(feeds, &now);
    for (int64_t ms = 0; ms < DAY; ms += MINUTE)
        comes(ms, 0, -1);
    ck_assert_int_eq(state(DAY).limit_ms, 0);
    ticks(DAY, 4 * DAY, HOUR);
    ck_assert_uint_eq(n_silent, 0);
}
END_TEST

START_TEST(what_is_configured_counts_from_the_start)
{
    struct an_str item[] = {AN_STR("EHR|HOSP=10m"), AN_STR("http=off")};
    struct pl_feeds_now now = at(0);
    size_t n;
    const struct ctx_feed *stale;

    options.feeds_silence.item = item;
    options.feeds_silence.n = 2;
    open_feeds();
    pl_feeds_begin(feeds, &now);
    ticks(0, 9 * MINUTE, MINUTE);
    ck_assert_uint_eq(n_silent, 0);
    /* Not a single message ever came. */
    ticks(9 * MINUTE, 20 * MINUTE, MINUTE);
    ck_assert_uint_eq(n_silent, 1);
    stale = pl_feeds_stale(feeds, &arena, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_an_str_eq(stale[0].name, "EHR|HOSP");
    ck_assert_uint_eq(stale[0].through.precision, AN_TIME_NONE);
    ck_assert_uint_eq(stale[0].why, CTX_FEED_SILENT);
    comes(21 * MINUTE, 1000, -1);
    (void)pl_feeds_stale(feeds, &arena, &n);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_clock_that_jumps_alarms_nobody)
{
    uint64_t random = 7;
    struct pl_feeds_now now = at(0);
    int64_t next;

    pl_feeds_begin(feeds, &now);
    next = live(6 * HOUR, 15, &random);
    for (int i = 0; i < 4; i++) {
        static const int64_t jump[] = {3 * HOUR, -5 * HOUR, DAY, 0};

        wall_ahead_ms = jump[i];
        for (int64_t k = 0; k < 40; k++)
            comes(next += MINUTE, 2000, -1);
        ticks(next, next + 2 * MINUTE, 1000);
    }
    ck_assert_uint_eq(n_silent, 0);
    ck_assert_uint_eq(n_late, 0);
    ck_assert_uint_eq(n_jump, 4);
}
END_TEST

START_TEST(numbers_that_are_missing_and_come_late_are_told)
{
    struct pl_feeds_now now = at(0);
    size_t n;

    pl_feeds_begin(feeds, &now);
    comes(1000, 0, 7);
    comes(2000, 0, 8);
    comes(3000, 0, 11);
    ck_assert_uint_eq(n_gap, 1);
    ck_assert_int_eq(state(3000).n_missing, 2);
    ck_assert_uint_eq(pl_feeds_stale(feeds, &arena, &n)[0].why, CTX_FEED_GAP);
    comes(4000, 0, 9);
    comes(5000, 0, 10);
    ck_assert_int_eq(state(5000).n_missing, 0);
    comes(6000, 0, 1);
    ck_assert_uint_eq(n_gap, 1);
}
END_TEST

/* The same messages once more are no new series; others with old numbers are. */
static void again(int64_t ms, int64_t sequence)
{
    struct pl_feed_seen seen = {
        .name = ehr, .now = at(ms), .sequence = sequence, .is_again = true};

    pl_feeds_saw(feeds, &seen);
}

START_TEST(a_gap_ends_when_the_sender_counts_anew_or_somebody_says_so)
{
    struct pl_feeds_now now = at(0);
    size_t n;

    pl_feeds_begin(feeds, &now);
    comes(1000, 0, 70);
    comes(2000, 0, 90);
    for (int i = 0; i < 10; i++)
        again(3000 + i, 40 + i);
    again(4000, 1);
    ck_assert_int_eq(state(4000).n_missing, 19);
    ck_assert_uint_eq(n_anew, 0);
    for (int i = 0; i < 4; i++)
        comes(5000 + i, 0, 40 + i);
    ck_assert_int_eq(state(6000).n_missing, 0);
    ck_assert_uint_eq(n_anew, 1);
    comes(7000, 0, 46);
    ck_assert_int_eq(state(7000).n_missing, 2);
    pl_feeds_forgive(feeds, state(7000).hash + 1);
    ck_assert_int_eq(state(7000).n_missing, 2);
    pl_feeds_forgive(feeds, state(7000).hash);
    ck_assert_int_eq(state(7000).n_missing, 0);
    ck_assert_uint_eq(n_closed, 1);
    ck_assert_uint_eq(state(7000).n_missed, 21);
    (void)pl_feeds_stale(feeds, &arena, &n);
    ck_assert_uint_eq(n, 0);
    /* What is missing later is told anew. */
    comes(8000, 0, 48);
    ck_assert_int_eq(state(8000).n_missing, 1);
    ck_assert_uint_eq(n_gap, 3);
}
END_TEST

START_TEST(a_mark_beside_the_store_is_acted_on_once)
{
    struct test_folder folder;
    struct pl_feeds_marks marks;
    struct pl_feeds_now now = at(0);
    char path[TEST_PATH_BYTES];
    struct cfg_options o = options;
    uint64_t hash;

    test_folder_make(&folder);
    test_folder_file(&folder, "a.db", path);
    o.store_path = an_str_c(path);
    pl_feeds_begin(feeds, &now);
    comes(1000, 0, 1);
    comes(2000, 0, 9);
    hash = state(2000).hash;
    ck_assert_int_eq(pl_feeds_mark(&o, hash, 5, NULL), AN_OK);
    /* One from before the start says nothing about now. */
    pl_feeds_marks_begin(&marks, &o, 5);
    pl_feeds_marks_look(&marks, feeds);
    ck_assert_int_eq(state(2000).n_missing, 7);
    ck_assert_int_eq(pl_feeds_mark(&o, hash + 1, 6, NULL), AN_OK);
    pl_feeds_marks_look(&marks, feeds);
    ck_assert_int_eq(state(2000).n_missing, 7);
    ck_assert_int_eq(pl_feeds_mark(&o, hash, 7, NULL), AN_OK);
    pl_feeds_marks_look(&marks, feeds);
    ck_assert_int_eq(state(2000).n_missing, 0);
    comes(3000, 0, 12);
    pl_feeds_marks_look(&marks, feeds);
    ck_assert_int_eq(state(3000).n_missing, 2);
    ck_assert_uint_eq(n_closed, 1);
    test_folder_drop(&folder);
}
END_TEST

START_TEST(a_backlog_is_told_and_a_sender_in_another_zone_is_not)
{
    struct pl_feeds_now now = at(0);
    int64_t ms = 0;

    pl_feeds_begin(feeds, &now);
    /* Its clock is an hour behind, always. */
    for (int i = 0; i < 200; i++)
        comes(ms += MINUTE, HOUR + i % 7 * 1000, -1);
    ck_assert_uint_eq(n_late, 0);
    /* Now it works off what had queued up for half an hour. */
    for (int i = 0; i < 48; i++)
        comes(ms += 1000, HOUR + HOUR / 2, -1);
    ck_assert_uint_eq(n_late, 1);
    ck_assert(state(ms).is_late);
    ck_assert_int_gt(state(ms).late_ms, 25 * MINUTE);
    for (int i = 0; i < 32; i++)
        comes(ms += MINUTE, HOUR, -1);
    ck_assert(!state(ms).is_late);
    ck_assert_uint_eq(n_back, 1);
}
END_TEST

START_TEST(too_many_senders_are_no_danger)
{
    struct pl_feeds_now now = at(0);
    size_t n;

    pl_feeds_begin(feeds, &now);
    for (int i = 0; i < 2 * PL_FEEDS_MOST; i++) {
        char name[2 * PL_FEED_NAME_BYTES];
        struct pl_feed_seen seen = {.now = at(i), .sequence = -1};

        (void)snprintf(name, sizeof(name), "%0*d", 200 - i % 100, i);
        seen.name = an_str_c(name);
        pl_feeds_saw(feeds, &seen);
    }
    (void)pl_feeds_list(feeds, &arena, &now, &n);
    ck_assert_uint_le(n, PL_FEEDS_MOST);
}
END_TEST

START_TEST(reads_the_number_of_a_message)
{
    static const struct {
        const char *hl7;
        int64_t number;
    } cases[] = {
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|42\rPID|1", 42},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|42|x\r", 42},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1||x\r", -1},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|-1\r", -1},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1", -1},
        {"MSH*^~\\&*A*B*C*D*2026**ADT^A01*1*P*2.5.1*7", 7},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|42\nPID|1", 42},
        {"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|42\r\nPID|1", 42},
        {"MSH|^~\\&|A|B|C|D\nPID|5|6|7|8|9|10|11|12|13", -1},
        {"PID|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1|42\r", -1},
        {"MSH|\n", -1},
        {"MSH", -1},
        {"", -1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(pl_feed_sequence(an_str_c(cases[i].hl7)) ==
                          cases[i].number,
                      "case %zu", i);
}
END_TEST

Suite *consult_feeds_suite(void)
{
    const TTest *const list[] = {
        nights_and_weekends_are_no_alarm_and_an_outage_is,
        a_feed_that_is_new_is_not_judged_but_by_what_was_said,
        what_is_configured_counts_from_the_start,
        a_clock_that_jumps_alarms_nobody,
        numbers_that_are_missing_and_come_late_are_told,
        a_gap_ends_when_the_sender_counts_anew_or_somebody_says_so,
        a_mark_beside_the_store_is_acted_on_once,
        a_backlog_is_told_and_a_sender_in_another_zone_is_not,
        too_many_senders_are_no_danger,
        reads_the_number_of_a_message};

    return test_suite_around("plugin/feeds", list,
                             sizeof(list) / sizeof(list[0]), set_up, tear_down);
}
