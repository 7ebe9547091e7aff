/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the store again: what changes is told, what is said of it is asked
 * again, and a process that is killed goes on where it was. */
#include "plugin/store/conclude.h"
#include "plugin/store/purge.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_redo_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* The n-th message of a patient; `other` as another table would read it. */
static struct pl_intake read_as(uint64_t n, uint64_t patient, bool other)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    if (other) {
        m->event[0].concept = (struct ctx_code){AN_STR("http://loinc.org"),
                                                AN_STR("1-8"), AN_STR("Other")};
        m->account[2].n_used = 1;
    }
    return test_intake_of(&t, m->bytes, &m->reading);
}

static struct pl_receipt replace(const struct pl_intake *in)
{
    struct pl_receipt r;

    ck_assert_int_eq(pl_store_replace(t.store, &in, 1, &r, NULL, NULL), AN_OK);
    ck_assert_int_eq(r.code, AN_OK);
    return r;
}

START_TEST(says_whether_anything_changed)
{
    struct pl_intake same = read_as(1, 7, false), other = read_as(1, 7, true);

    test_put(&t, &same);
    ck_assert(!replace(&same).changed);
    ck_assert(replace(&other).changed);
    ck_assert(!replace(&other).changed);
    ck_assert_int_eq(test_status(&t).account[2].n_used, 1);
    ck_assert(replace(&same).changed);
    ck_assert_int_eq(test_status(&t).account[2].n_used, 0);
    test_store_check(&t);
}
END_TEST

/* Two numbers in one list; by other tables the second proves nothing. */
START_TEST(a_list_that_is_read_otherwise_holds_nobody_together)
{
    struct test_message *m = an_arena_get(&t.arena, 2, sizeof(*m));
    struct pl_intake in;

    ck_assert_ptr_nonnull(m);
    for (uint64_t n = 0; n < 2; n++) {
        in = read_as(n + 1, 7, false);
        test_put(&t, &in);
    }
    for (uint64_t n = 0; n < 2; n++) {
        ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).person.n_members,
                          2);
        test_message(&m[n], n + 1, 7);
        m[n].reading.n_claims = 0;
        in = test_intake_of(&t, m[n].bytes, &m[n].reading);
        ck_assert(replace(&in).changed);
    }
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).person.n_members, 1);
    in = read_as(1, 7, false);
    ck_assert(replace(&in).changed);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).person.n_members, 2);
}
END_TEST

/* A field that is understood now counts, though no event is another. */
START_TEST(counts_change_without_an_event)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake in;

    test_message(m, 1, 7);
    in = test_intake_of(&t, m->bytes, &m->reading);
    test_put(&t, &in);
    m->account[2].n_used = 1;
    in = test_intake_of(&t, m->bytes, &m->reading);
    ck_assert(!replace(&in).changed);
    ck_assert_int_eq(test_status(&t).account[2].n_used, 1);
}
END_TEST

/* Its bytes were read before the purge: what is gone does not come back. */
START_TEST(what_was_purged_is_left_alone)
{
    struct pl_intake in = read_as(1, 7, false), other = read_as(1, 7, true);
    struct pl_purge what = {.before_us = 2 * TEST_EPOCH_US,
                            .now_us = TEST_EPOCH_US};
    size_t n_said;
    struct pl_purged done;
    struct pl_receipt r;

    test_put(&t, &in);
    for (int kind = PL_PURGE_RAW; kind <= _i; kind++) {
        what.kind = (enum pl_purge_kind)kind;
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
        ck_assert_int_eq(done.n, 1);
    }
    n_said = test_history(&t, 7, CTX_AS_OF_ALL).n_said;
    ck_assert_uint_eq(n_said != 0, what.kind == PL_PURGE_RAW);
    r = replace(&other);
    ck_assert(r.gone);
    ck_assert(!r.changed);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, n_said);
    ck_assert_int_eq(test_status(&t).account[2].n_used, 0);
    test_store_check(&t);
}
END_TEST

/* The name of an erased patient stays away, too. */
START_TEST(who_was_erased_is_left_alone)
{
    struct pl_intake in = read_as(1, 7, false), other = read_as(1, 7, true);
    struct pl_purge who = {.now_us = TEST_EPOCH_US + 9,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct pl_history h;

    test_put(&t, &in);
    h = test_history(&t, 7, CTX_AS_OF_ALL);
    ck_assert_int_eq(pl_store_erase(t.store, &h.person, TEST_EPOCH_US, NULL),
                     AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert(!replace(&other).changed);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &h.person.member[0].id,
                               CTX_AS_OF_ALL, &h.person, NULL),
                     AN_NOTFOUND);
}
END_TEST

/* ---- what is said of it --------------------------------------------------- */

static void say_something(const char *mrn)
{
    struct ctx_suggestion what = test_risk();
    struct pl_saying said = {.what = &what,
                             .resource =
                                 AN_STR("11111111-1111-5111-8111-111111111111"),
                             .stage = CFG_SHADOW};
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), an_str_c(mrn), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .said = &said,
        .n_said = 1};
    struct pl_conclude_receipt r;

    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &what, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
}

/* Those that a change of tables has made; all others are marked done. */
static size_t asked(const struct pl_trigger **out)
{
    const struct pl_trigger *list;
    size_t n, kept = 0;

    *out = NULL;
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 1000, &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++) {
        if (list[i].reason == PL_REASON_TABLES) {
            *out = &list[i];
            kept++;
        } else {
            ck_assert_int_eq(
                pl_store_triggers_done(t.store, &list[i].id, 1, NULL), AN_OK);
        }
    }
    return kept;
}

START_TEST(of_whom_something_is_said_is_asked_again_once)
{
    struct pl_intake in[4];
    const struct pl_trigger *trigger;

    for (unsigned i = 0; i < 4; i++) {
        in[i] = read_as(i + 1, i < 3 ? 7 : 8, false);
        test_put(&t, &in[i]);
    }
    say_something("M0000007");
    ck_assert_uint_eq(asked(&trigger), 0);
    /* Nothing changed: nothing is asked. */
    ck_assert_uint_eq(replace(&in[0]).n_triggers, 0);
    /* Two of three messages change: one question, by the newest of all. */
    in[0] = read_as(1, 7, true);
    in[1] = read_as(2, 7, true);
    ck_assert_uint_eq(replace(&in[0]).n_triggers, 1);
    ck_assert_uint_eq(replace(&in[1]).n_triggers, 0);
    ck_assert_uint_eq(asked(&trigger), 1);
    ck_assert_int_eq(trigger->message, 3);
    ck_assert_an_str_eq(trigger->patient.value, "M0000007");
    /* Of whom nothing is said nothing is asked. */
    in[3] = read_as(4, 8, true);
    ck_assert(replace(&in[3]).changed);
    ck_assert_uint_eq(asked(&trigger), 1);
    /* Answered; and the tables change once more. */
    ck_assert_int_eq(pl_store_triggers_done(t.store, &trigger->id, 1, NULL),
                     AN_OK);
    ck_assert_uint_eq(asked(&trigger), 0);
    in[0] = read_as(1, 7, false);
    ck_assert_uint_eq(replace(&in[0]).n_triggers, 1);
    ck_assert_uint_eq(asked(&trigger), 1);
}
END_TEST

/* What was said under one number of a person, and changes under another. */
START_TEST(the_person_counts_and_not_the_number)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake in;
    const struct pl_trigger *trigger;

    test_message(m, 1, 7);
    in = test_intake_of(&t, m->bytes, &m->reading);
    test_put(&t, &in);
    say_something("M0000007");
    ck_assert_uint_eq(asked(&trigger), 0);
    /* Filed under the other number that the message claims to be the same. */
    m->part.patient = m->claim.prior;
    in = test_intake_of(&t, m->bytes, &m->reading);
    ck_assert(replace(&in).changed);
    ck_assert_uint_eq(asked(&trigger), 1);
}
END_TEST

/* ---- how far -------------------------------------------------------------- */

START_TEST(progress_is_kept_with_what_was_done)
{
    struct pl_progress p = {.after = 2, .maps = {{1, 2, 3}}}, got;
    struct pl_intake one = read_as(1, 7, false), two = read_as(2, 7, false);
    struct pl_intake other = read_as(1, 7, true);
    const struct pl_intake *group[] = {&other, &two};
    struct pl_receipt r[2];

    ck_assert_int_eq(pl_progress(t.reader, &got, NULL), AN_NOTFOUND);
    test_put(&t, &one);
    test_put(&t, &two);
    p.n_unreadable = 3;
    ck_assert_int_eq(pl_store_replace(t.store, group, 2, r, &p, NULL), AN_OK);
    ck_assert_int_eq(p.n_read, 2);
    ck_assert_int_eq(p.n_changed, 1);
    ck_assert_int_eq(pl_progress(t.reader, &got, NULL), AN_OK);
    ck_assert_mem_eq(got.maps.b, p.maps.b, sizeof(got.maps.b));
    ck_assert_int_eq(got.after, 2);
    ck_assert_int_eq(got.n_read, 2);
    ck_assert_int_eq(got.n_changed, 1);
    ck_assert_int_eq(got.n_unreadable, 3);
    ck_assert(!got.finished);
    p.finished = true;
    ck_assert_int_eq(pl_store_replace(t.store, NULL, 0, r, &p, NULL), AN_OK);
    ck_assert_int_eq(pl_progress(t.reader, &got, NULL), AN_OK);
    ck_assert(got.finished);
}
END_TEST

enum { MESSAGES = 400, STRIKE_AFTER = 37 };

/* In a process of its own: one message after the other, a byte for each. */
static void redo_all(int out)
{
    struct pl_store_options options = {.path = t.path};
    struct pl_progress p = {.after = 0};
    struct pl_store *store;
    struct pl_receipt r;

    if (pl_store_open(&options, &store, NULL) != AN_OK)
        _exit(1);
    for (int64_t i = 1; i <= MESSAGES; i++) {
        struct pl_intake in = read_as((uint64_t)i, 7, true);
        const struct pl_intake *group = &in;

        p.after = i;
        if (pl_store_replace(store, &group, 1, &r, &p, NULL) != AN_OK ||
            write(out, ".", 1) != 1)
            _exit(1);
    }
    _exit(0);
}

/* The message's events are those of the other table. */
static bool is_redone(int64_t message)
{
    struct pl_intake in = read_as((uint64_t)message, 7, true);

    return !replace(&in).changed;
}

START_TEST(killed_it_has_done_what_it_says_and_no_more)
{
    struct pl_progress p;
    int64_t n_done = 0;
    int ends[2], status;
    char byte;
    pid_t pid;

    for (uint64_t i = 1; i <= MESSAGES; i++) {
        struct pl_intake in = read_as(i, 7, false);

        test_put(&t, &in);
    }
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        redo_all(ends[1]);
    (void)close(ends[1]);
    while (n_done < STRIKE_AFTER && read(ends[0], &byte, 1) == 1)
        n_done++;
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    while (read(ends[0], &byte, 1) == 1)
        n_done++;
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    test_store_reopen(&t);
    ck_assert_int_eq(pl_progress(t.reader, &p, NULL), AN_OK);
    /* What it told us is on the disk; one more may be. */
    ck_assert_int_ge(p.after, n_done);
    ck_assert_int_le(p.after, n_done + 1);
    ck_assert_int_eq(p.n_changed, p.after);
    test_store_check(&t);
    if (p.after < MESSAGES)
        ck_assert(!is_redone(p.after + 1));
    for (int64_t i = 1; i <= p.after; i++)
        ck_assert(is_redone(i));
}
END_TEST

Suite *store_redo_suite(void)
{
    const TTest *const test[] = {
        says_whether_anything_changed,
        a_list_that_is_read_otherwise_holds_nobody_together,
        counts_change_without_an_event,
        of_whom_something_is_said_is_asked_again_once,
        the_person_counts_and_not_the_number,
        progress_is_kept_with_what_was_done,
        killed_it_has_done_what_it_says_and_no_more,
        who_was_erased_is_left_alone,
    };
    Suite *s = test_suite_around(
        "store/redo", test, sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(kinds, what_was_purged_is_left_alone, PL_PURGE_RAW,
                        PL_PURGE_SUGGESTIONS);
    suite_add_tcase(s, kinds);
    return s;
}
