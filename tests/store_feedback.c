/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, and what people did with them: kept once, sealed, and gone with what
 * they are about. */
#include "plugin/store/feedback.h"

#include "plugin/store/outgoing.h"
#include "plugin/store/purge.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/rekey.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_feedback_suite(void);

#define SERVICE AN_STR("patient-view")
#define NOW_US (TEST_EPOCH_US + INT64_C(60000000))
#define SECRET "Grandmother is the same"

static const char *const card_id[] = {"aaaaaaaa-1111-5111-8111-111111111111",
                                      "bbbbbbbb-2222-5222-8222-222222222222"};
static struct test_store t;
static char keys[TEST_PATH_BYTES + 8];

static void write_keys(const char *text)
{
    FILE *f = fopen(keys, "w");

    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
    ck_assert_int_eq(chmod(keys, 0600), 0);
}

#define KEY_A                                                                  \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define KEY_B                                                                  \
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

static void set_up(void)
{
    t.key_file = NULL;
    test_store_open(&t);
    (void)snprintf(keys, sizeof(keys), "%s.key", t.path);
    write_keys(KEY_A);
    t.key_file = keys;
    test_store_reopen(&t);
}

static void tear_down(void)
{
    test_store_check(&t);
    test_store_close(&t);
    t.key_file = NULL;
}

/* ---- what is shown -------------------------------------------------------------- */

static struct ctx_identifier patient(void)
{
    return (struct ctx_identifier){AN_STR("GENHOSP"), AN_STR("M0000007"),
                                   AN_STR("MR")};
}

/* A call of two suggestions about the patient: the first became a card, the
 * second was held back. */
static void deal(const char *instance, int64_t now_us, enum pl_quiet second)
{
    struct ctx_suggestion what[2] = {test_risk(), test_risk()};
    struct pl_card card[2] = {{0, an_str_c(card_id[0]), 17, PL_QUIET_NONE},
                              {1, an_str_c(card_id[1]), 18, second}};
    struct pl_saying said[2];
    struct pl_conclude_receipt r;
    struct pl_conclusion c = {
        .patient = patient(),
        .now_us = now_us,
        .said = said,
        .n_said = 2,
        .complete = true,
        .dealt = {.service = SERVICE,
                  .instance = an_str_c(instance),
                  .actor = AN_STR("https://h/Practitioner/7"),
                  .card = card,
                  .n = 2}};

    what[1].topic = AN_STR("diabetes");
    for (int i = 0; i < 2; i++) {
        said[i] = (struct pl_saying){.what = &what[i],
                                     .resource = an_str_c(card_id[i]),
                                     .encounter = AN_STR("V1"),
                                     .stage = CFG_LIVE};
        ck_assert_int_eq(
            pl_suggestion_detail(&t.arena, &what[i], &said[i].detail, NULL),
            AN_OK);
    }
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
}

static struct pl_feedback of_card(int i, bool accepted, int64_t at_us)
{
    return (struct pl_feedback){
        .card = an_str_c(card_id[i]),
        .accepted = accepted,
        .reason = accepted ? AN_STR("") : AN_STR("known"),
        .response = accepted ? PL_RESPONSE_ACCEPTED : PL_RESPONSE_DONE,
        .detail = AN_STR("{\"comment\":\"" SECRET "\"}"),
        .at_us = at_us};
}

static struct pl_feedback_receipt tell_at(struct an_str service,
                                          const struct pl_feedback *f,
                                          int64_t now_us)
{
    struct pl_feedback_receipt r;
    struct an_err err;

    ck_assert_msg(pl_store_feedback(t.store, service, f, 1, now_us, &r, &err) ==
                      AN_OK,
                  "%s %s", err.what, err.where.path);
    return r;
}

static struct pl_feedback_receipt tell(const struct pl_feedback *f)
{
    return tell_at(SERVICE, f, NOW_US);
}

static int64_t number(const char *sql)
{
    int64_t n = -1;

    ck_assert_int_eq(pl_db_number(&t.reader->db, sql, &n, NULL), AN_OK);
    return n;
}

static const struct pl_shown *showings(int64_t since_us, size_t *n)
{
    const struct ctx_member member = {.id = patient()};
    const struct pl_shown *list;

    ck_assert_int_eq(
        pl_showings(t.reader, &t.arena, &member, 1, since_us, &list, n, NULL),
        AN_OK);
    return list;
}

/* How many, of that fate, there ever were. */
static int64_t counted(enum pl_card_fate fate, const char *topic,
                       const char *why)
{
    const struct pl_card_count *c;
    int64_t sum = 0;
    size_t n;

    ck_assert_int_eq(pl_card_counts(t.reader, &t.arena, &c, &n, NULL), AN_OK);
    for (size_t i = 0; i < n; i++)
        if (c[i].fate == fate && an_str_eq(c[i].topic, an_str_c(topic)) &&
            an_str_eq(c[i].why, an_str_c(why)))
            sum += c[i].n;
    return sum;
}

START_TEST(what_was_shown_is_found_again)
{
    const struct pl_shown *s;
    size_t n;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    test_store_reopen(&t);
    s = showings(TEST_EPOCH_US - 1, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(s->kind, CTX_SUGGEST_RISK);
    ck_assert_an_str_eq(s->topic, "stroke");
    ck_assert_an_str_eq(s->service, "patient-view");
    ck_assert_an_str_eq(s->instance, "call-1");
    ck_assert_int_eq(s->drivers, 17);
    ck_assert(s->showing.has_p && s->showing.p > 0.24 && s->showing.p < 0.26);
    ck_assert_int_eq(s->showing.shown_us, TEST_EPOCH_US);
    ck_assert_int_eq(s->showing.response, PL_RESPONSE_NONE);
    (void)showings(TEST_EPOCH_US, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(counted(PL_CARD_SHOWN, "stroke", ""), 1);
    ck_assert_int_eq(counted(PL_CARD_HELD_BACK, "diabetes", "repeated"), 1);
    ck_assert_int_eq(counted(PL_CARD_SHOWN, "diabetes", ""), 0);
}
END_TEST

START_TEST(the_same_call_again_changes_nothing_that_was_shown)
{
    const struct pl_shown *s;
    size_t n;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_BUDGET);
    deal("call-1", NOW_US, PL_QUIET_BUDGET);
    s = showings(0, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(s->showing.shown_us, TEST_EPOCH_US);
    ck_assert_int_eq(counted(PL_CARD_SHOWN, "stroke", ""), 1);
    ck_assert_int_eq(counted(PL_CARD_HELD_BACK, "diabetes", "budget"), 1);
    /* What there is room for now has been shown. */
    deal("call-1", NOW_US, PL_QUIET_NONE);
    (void)showings(0, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(counted(PL_CARD_SHOWN, "diabetes", ""), 1);
}
END_TEST

START_TEST(feedback_is_kept_once_and_told_to_the_trail)
{
    struct pl_feedback f = of_card(0, false, NOW_US);
    struct pl_audit_chain chain;
    struct pl_audit_row row;
    int64_t n_before;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    n_before = number("SELECT seq FROM audit_head");
    ck_assert(!tell(&f).unknown);
    ck_assert(tell(&f).again);
    ck_assert_int_eq(number("SELECT count(*) FROM feedback"), 1);
    ck_assert_int_eq(counted(PL_CARD_OVERRIDDEN, "stroke", "known"), 1);
    ck_assert_int_eq(pl_audit_next(t.reader, &t.arena, n_before, &row, NULL),
                     AN_OK);
    ck_assert_an_str_eq(row.action, "overridden");
    ck_assert_an_str_eq(row.actor, "https://h/Practitioner/7");
    ck_assert_an_str_eq(row.role, "Practitioner");
    ck_assert_an_str_eq(row.subject, "suggestion/1");
    ck_assert_an_str_eq(row.details,
                        "{\"card\":\"aaaaaaaa-1111-5111-8111-111111111111\","
                        "\"at\":\"2024-11-05T08:01:00.000Z\","
                        "\"reason\":\"known\"}");
    /* Another moment is another word; so is the other outcome. */
    f.at_us++;
    ck_assert(!tell(&f).again);
    f = of_card(0, true, f.at_us);
    ck_assert(!tell(&f).again);
    ck_assert_int_eq(number("SELECT seq FROM audit_head"), n_before + 3);
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, NULL, &chain, NULL),
                     AN_OK);
}
END_TEST

START_TEST(the_last_word_counts_by_the_clients_clock)
{
    struct pl_feedback late = of_card(0, true, NOW_US + 5);
    struct pl_feedback early = of_card(0, false, NOW_US);
    const struct pl_shown *s;
    size_t n;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell_at(SERVICE, &late, NOW_US + 10);
    (void)tell_at(SERVICE, &early, NOW_US + 20);
    s = showings(0, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(s->showing.response, PL_RESPONSE_ACCEPTED);
    ck_assert_int_eq(s->showing.response_us, NOW_US + 10);
    /* Long ago it was shown, of late it was answered. */
    (void)showings(NOW_US, &n);
    ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(a_card_that_was_not_shown_here_is_unknown)
{
    struct pl_feedback f = of_card(1, true, NOW_US);

    ck_assert(tell(&f).unknown);
    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    ck_assert(tell(&f).unknown); /* it was held back */
    f = of_card(0, true, NOW_US);
    ck_assert(tell_at(AN_STR("order-sign"), &f, NOW_US).unknown);
    ck_assert_int_eq(number("SELECT count(*) FROM feedback"), 0);
    ck_assert_int_eq(
        number("SELECT count(*) FROM audit WHERE action = 'accepted'"), 0);
}
END_TEST

START_TEST(what_is_known_of_several_is_kept)
{
    const struct pl_feedback f[] = {of_card(1, true, NOW_US),
                                    of_card(0, true, NOW_US),
                                    of_card(0, true, NOW_US)};
    struct pl_feedback_receipt r[3];

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    ck_assert_int_eq(pl_store_feedback(t.store, SERVICE, f, 3, NOW_US, r, NULL),
                     AN_OK);
    ck_assert(r[0].unknown && !r[1].unknown && !r[1].again && r[2].again);
}
END_TEST

START_TEST(feedback_never_changes)
{
    struct pl_feedback f = of_card(0, true, NOW_US);
    static const char *const changes[] = {
        "UPDATE feedback SET accepted = 0",
        "UPDATE feedback SET reason = 'other'",
        "UPDATE feedback SET at_us = 1",
        "UPDATE feedback SET actor = 'x'",
    };

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&f);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        sqlite3 *db = NULL;

        ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
        ck_assert_int_ne(sqlite3_exec(db, changes[i], NULL, NULL, NULL),
                         SQLITE_OK);
        sqlite3_close(db);
    }
}
END_TEST

/* ---- at rest --------------------------------------------------------------------- */

/* Whether the file, or the log beside it, has the text. */
static bool disk_has(const char *text)
{
    static char bytes[8 << 20];
    const char *const tail[] = {"", "-wal"};
    bool found = false;

    for (int i = 0; i < 2; i++) {
        char path[TEST_PATH_BYTES + 8];
        size_t n;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s%s", t.path, tail[i]);
        f = fopen(path, "r");
        if (f == NULL)
            continue;
        n = fread(bytes, 1, sizeof(bytes), f);
        ck_assert_uint_lt(n, sizeof(bytes));
        (void)fclose(f);
        for (size_t k = 0; !found && k + strlen(text) <= n; k++)
            found = memcmp(bytes + k, text, strlen(text)) == 0;
    }
    return found;
}

static const char unsealed[] =
    "SELECT count(*) FROM feedback WHERE CAST(unseal(detail, 'feedback', card,"
    " at_us, accepted) AS TEXT) LIKE '%Grandmother%'";

START_TEST(a_comment_is_sealed_and_sealed_anew)
{
    struct pl_feedback f = of_card(0, false, NOW_US);
    struct pl_rekey p = {.finished = false};

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&f);
    ck_assert_int_eq(number(unsealed), 1);
    ck_assert(!disk_has(SECRET));
    write_keys(KEY_B KEY_A);
    test_store_reopen(&t);
    while (!p.finished)
        ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
    write_keys(KEY_B);
    test_store_reopen(&t);
    ck_assert_int_eq(number(unsealed), 1);
    ck_assert(!disk_has(SECRET));
}
END_TEST

START_TEST(a_comment_that_was_changed_is_found)
{
    struct pl_feedback f = of_card(0, false, NOW_US);
    sqlite3 *db = NULL;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&f);
    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "UPDATE feedback SET detail ="
                                  " substr(detail, 1, length(detail) - 1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, NULL), AN_INTEGRITY);
    ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM feedback", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}
END_TEST

/* ---- going ------------------------------------------------------------------------ */

static void purge_said(int64_t before_us)
{
    struct pl_purge what = {.kind = PL_PURGE_SUGGESTIONS,
                            .before_us = before_us,
                            .now_us = before_us};
    struct pl_purged done;

    ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
}

START_TEST(cards_and_feedback_go_with_the_suggestion)
{
    struct pl_feedback f = of_card(0, false, NOW_US);
    size_t n;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&f);
    purge_said(NOW_US + 100);
    (void)showings(0, &n);
    ck_assert_uint_eq(n, 1); /* it is current */
    deal("call-1", NOW_US, PL_QUIET_REPEATED);
    purge_said(NOW_US + 100);
    ck_assert_int_eq(number("SELECT count(*) FROM card"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM feedback"), 0);
    ck_assert(tell(&f).unknown);
    /* That there was one is still counted. */
    ck_assert_int_eq(counted(PL_CARD_OVERRIDDEN, "stroke", "known"), 1);
}
END_TEST

START_TEST(who_is_erased_leaves_no_card_and_no_comment)
{
    struct ctx_member member = {.id = patient()};
    struct ctx_person person = {.member = &member, .n_members = 1};
    struct pl_purge who = {
        .now_us = NOW_US, .actor = AN_STR("op"), .role = AN_STR("operator")};
    struct pl_feedback f = of_card(0, false, NOW_US);
    struct pl_erased total = {.more = true};
    size_t n;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&f);
    ck_assert_int_eq(pl_store_erase(t.store, &person, NOW_US, NULL), AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(number("SELECT count(*) FROM card"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM feedback"), 0);
    (void)showings(0, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert(tell(&f).unknown);
}
END_TEST

/* ---- the report ---------------------------------------------------------------------- */

START_TEST(the_report_has_the_last_word_of_each_card)
{
    struct pl_feedback no = of_card(0, false, NOW_US);
    struct pl_feedback yes = of_card(0, true, NOW_US + 1);
    struct pl_dealt_report r;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    (void)tell(&no);
    (void)tell(&yes);
    ck_assert_int_eq(pl_dealt_read(t.reader, &t.arena, INT64_MIN, &r, NULL),
                     AN_OK);
    ck_assert_uint_eq(r.n_to, 1);
    ck_assert_int_eq(r.to->n_patients, 1);
    ck_assert_int_eq(r.to->n_encounters, 1);
    ck_assert_int_eq(r.to->n_calls, 1);
    ck_assert_int_eq(r.to->n_shown, 1);
    ck_assert_int_eq(r.to->n_shown_in_encounters, 1);
    ck_assert_uint_eq(r.n_rows, 2);
    ck_assert_an_str_eq(r.row[0].topic, "diabetes");
    ck_assert_uint_eq(r.row[0].quiet, PL_QUIET_REPEATED);
    ck_assert(!r.row[0].answered);
    ck_assert(r.row[1].answered && r.row[1].accepted);
    ck_assert_int_eq(
        pl_dealt_read(t.reader, &t.arena, TEST_EPOCH_US + 1, &r, NULL), AN_OK);
    ck_assert_uint_eq(r.n_rows + r.n_to, 0);
}
END_TEST

START_TEST(reading_survives_each_failed_allocation)
{
    const struct ctx_member member = {.id = patient()};
    const struct pl_card_count *c;
    const struct pl_shown *s;
    struct pl_dealt_report r;
    enum an_code got = AN_NOMEM;
    struct an_arena arena;
    size_t n;
    long i = 0;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    an_arena_init(&arena, 1 << 20);
    for (; got == AN_NOMEM && i < 100; i++) {
        an_arena_reset(&arena);
        arena.fail_after = i;
        got = pl_showings(t.reader, &arena, &member, 1, 0, &s, &n, NULL);
        if (got == AN_OK)
            got = pl_card_counts(t.reader, &arena, &c, &n, NULL);
        if (got == AN_OK)
            got = pl_dealt_read(t.reader, &arena, INT64_MIN, &r, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(i, 8);
    an_arena_free(&arena);
}
END_TEST

/* ---- a process that dies ---------------------------------------------------------------- */

static void tell_until_killed(int told)
{
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    {
        struct pl_store_options o = {.path = t.path, .key_file = keys};

        if (pl_store_open(&o, &t.store, NULL) != AN_OK)
            _exit(1);
    }
    for (int64_t i = 0;; i++) {
        struct pl_feedback f = of_card(0, i % 2, NOW_US + i);
        struct pl_feedback_receipt r;

        if (pl_store_feedback(t.store, SERVICE, &f, 1, NOW_US, &r, NULL) !=
                AN_OK ||
            r.unknown || write(told, "x", 1) != 1)
            _exit(1);
    }
}

START_TEST(what_was_answered_survives_a_kill)
{
    struct pl_audit_chain chain;
    int64_t n_told = 0, n_kept;
    int told[2], status;
    pid_t child;
    char c;

    deal("call-1", TEST_EPOCH_US, PL_QUIET_REPEATED);
    ck_assert_int_eq(pipe(told), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        tell_until_killed(told[1]);
    (void)close(told[1]);
    while (n_told < 20 && read(told[0], &c, 1) == 1)
        n_told++;
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    while (read(told[0], &c, 1) == 1)
        n_told++;
    (void)close(told[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    test_store_reopen(&t);
    n_kept = number("SELECT count(*) FROM feedback");
    ck_assert_int_ge(n_told, 20);
    ck_assert(n_kept == n_told || n_kept == n_told + 1);
    /* A row of the trail and a count for each, no more and no less. */
    ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action IN"
                            " ('accepted', 'overridden')"),
                     n_kept);
    ck_assert_int_eq(counted(PL_CARD_OVERRIDDEN, "stroke", "known") +
                         counted(PL_CARD_ACCEPTED, "stroke", ""),
                     n_kept);
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, NULL, &chain, NULL),
                     AN_OK);
}
END_TEST

Suite *store_feedback_suite(void)
{
    const TTest *const tests[] = {
        what_was_shown_is_found_again,
        the_same_call_again_changes_nothing_that_was_shown,
        feedback_is_kept_once_and_told_to_the_trail,
        the_last_word_counts_by_the_clients_clock,
        a_card_that_was_not_shown_here_is_unknown,
        what_is_known_of_several_is_kept,
        feedback_never_changes,
        a_comment_is_sealed_and_sealed_anew,
        a_comment_that_was_changed_is_found,
        cards_and_feedback_go_with_the_suggestion,
        who_is_erased_leaves_no_card_and_no_comment,
        the_report_has_the_last_word_of_each_card,
        reading_survives_each_failed_allocation,
        what_was_answered_survives_a_kill};

    return test_suite_around("store/feedback", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
