/* SPDX-License-Identifier: Apache-2.0 */
/* While somebody is erased others are shown the same, after each step of it. */
#include "base/buf.h"
#include "context/consent.h"
#include "plugin/store/erase_int.h"
#include "plugin/store/purge.h"
#include "tests/invented.h"
#include "tests/store_said.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *store_kept_suite(void);

#define HIV (CTX_LABEL_STATED | CTX_LABEL_HIV)

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
    test_said_in(&t);
}

static void tear_down(void)
{
    test_store_check(&t);
    test_store_close(&t);
}

/* ---- what is said ---------------------------------------------------------- */

static struct ctx_identifier patient(unsigned number)
{
    return (struct ctx_identifier){AN_STR("H"), test_text("", number),
                                   AN_STR("MR")};
}

/* Visit 0 is none, and so is fact 0. */
static struct an_str visit_of(unsigned number)
{
    return number ? test_text("H|V", number) : AN_STR("");
}

static struct ctx_event event(unsigned visit, unsigned fact, int64_t us)
{
    return (struct ctx_event){
        .kind = CTX_OBSERVATION,
        .status = CTX_STATUS_FINAL,
        .said_us = us,
        .available_us = us,
        .effective = {us, 0, AN_TIME_SECOND, 0},
        .concept = {AN_STR(CTX_CONSENT_SYSTEM), AN_STR("deny"), AN_STR("")},
        .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR(CTX_CONSENT_ALL)},
        .encounter = visit_of(visit),
        .fact = fact ? test_text("obs|", fact) : AN_STR("")};
}

static struct ctx_event labelled(unsigned visit, unsigned fact, int64_t us,
                                 unsigned labels)
{
    struct ctx_event e = event(visit, fact, us);

    e.labels = (uint16_t)labels;
    return e;
}

/* The diagnosis of a visit is known by its number. */
static struct ctx_event diagnosis(unsigned visit, unsigned of, int64_t us)
{
    struct ctx_event e = event(visit, 0, us);

    e.kind = CTX_CONDITION;
    e.fact = test_text("dx|V", of);
    return e;
}

/* Distinct bytes for each message. */
static struct an_str bytes_of(void)
{
    static unsigned n;

    return test_text("message ", n++);
}

static int64_t say(unsigned who, struct ctx_event e)
{
    struct ctx_part part = {
        .patient = patient(who), .event = &e, .n_events = 1};
    const struct ctx_reading reading = {.part = &part, .n_parts = 1};
    struct pl_intake in = test_intake_of(&t, bytes_of(), &reading);

    return test_put(&t, &in).message;
}

static int64_t claim(uint8_t kind, unsigned prior, unsigned current,
                     unsigned visit, unsigned now, int64_t us)
{
    struct ctx_claim c = {.kind = kind,
                          .prior = patient(prior),
                          .current = patient(current),
                          .said_us = us,
                          .available_us = us,
                          .place = AN_STR("MRG-1"),
                          .prior_visit = visit_of(visit),
                          .visit = visit_of(now)};
    const struct ctx_reading reading = {.claim = &c, .n_claims = 1};
    struct pl_intake in = test_intake_of(&t, bytes_of(), &reading);

    return test_put(&t, &in).message;
}

static int64_t move(unsigned from, unsigned to, unsigned visit, int64_t us)
{
    return claim(CTX_CLAIM_VISIT, from, to, visit, visit, us);
}

/* ---- what is there --------------------------------------------------------- */

static struct pl_history history(unsigned number, int64_t as_of_us)
{
    const struct ctx_identifier who = patient(number);
    struct pl_history h = {.n_said = 0};
    enum an_code code =
        pl_history(t.reader, &t.arena, &who, as_of_us, &h, NULL);

    ck_assert(code == AN_OK || code == AN_NOTFOUND);
    return h;
}

static size_t n_events(unsigned number, int64_t as_of_us)
{
    return history(number, as_of_us).timeline.n_events;
}

/* Of the one event of somebody. */
static unsigned labels(unsigned who)
{
    struct pl_history h = history(who, CTX_AS_OF_ALL);

    ck_assert_uint_eq(h.timeline.n_events, 1);
    return h.timeline.event[0]->labels;
}

/* All that is shown of somebody, and what is forbidden. */
static struct an_str shown(unsigned who, int64_t as_of_us)
{
    struct pl_history h = history(who, as_of_us);
    struct an_str text, both = AN_STR("");
    struct ctx_consent c;
    char forbidden[64];
    struct an_buf b;

    text = test_event_text(&t.arena, h.timeline.event, h.timeline.n_events);
    ctx_consent_of(&h.timeline, &h.consents, CTX_AS_OF_ALL, &c);
    (void)snprintf(forbidden, sizeof(forbidden), "%d %u %u\n", c.all, c.labels,
                   (unsigned)c.kinds);
    an_buf_init(&b, &t.arena, 1 << 20);
    an_buf_put(&b, an_str_c(forbidden));
    an_buf_put(&b, text);
    ck_assert_int_eq(an_buf_done(&b, &both, NULL), AN_OK);
    return both;
}

static void erase_begin(unsigned number)
{
    const struct ctx_identifier who = patient(number);
    struct ctx_person p;

    ck_assert_int_eq(
        pl_person(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &p, NULL), AN_OK);
    ck_assert_int_eq(pl_store_erase(t.store, &p, TEST_EPOCH_US, NULL), AN_OK);
}

static bool erase_step(void)
{
    struct pl_purge by = {.now_us = TEST_EPOCH_US,
                          .actor = AN_STR("op"),
                          .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};

    ck_assert_int_eq(pl_store_erase_step(t.store, &by, &total, NULL), AN_OK);
    return total.more;
}

static void erase(unsigned number)
{
    erase_begin(number);
    while (erase_step())
        test_store_check(&t);
}

enum { D = 1, A = 2, B = 3, E = 4, A_TOO = 5 };

/* ---- any world ------------------------------------------------------------- */

enum { PEOPLE = 6, SAID = 40, MOMENTS = 8, WORLDS = 20 };

static struct ctx_event any_event(struct test_rng *r, int64_t us)
{
    static const unsigned label[] = {0, 0, 0, HIV, CTX_LABEL_STATED};
    unsigned visit = (unsigned)test_rng_below(r, 4);
    struct ctx_event e = event(visit, (unsigned)test_rng_below(r, 4), us);

    if (test_rng_below(r, 4) == 0)
        e = diagnosis(visit, 1 + (unsigned)test_rng_below(r, 3), us);
    else if (test_rng_below(r, 6) == 0 && e.fact.n) {
        e.kind = CTX_CONSENT;
        e.fact = test_text("consent|", test_rng_below(r, 2));
        if (test_rng_below(r, 2))
        e.concept.code = AN_STR("permit");
    }
    e.labels = (uint16_t)label[test_rng_below(r, 5)];
    return e;
}

/* Messages of two patients, two events each, and now and then a claim: of odd
 * seeds about visits alone. */
static void world_tell(uint64_t seed)
{
    struct test_rng r = {seed};

    for (unsigned i = 0; i < SAID; i++) {
        static const uint8_t kind[] = {
            CTX_CLAIM_VISIT, CTX_CLAIM_VISIT, CTX_CLAIM_VISIT, CTX_CLAIM_VISIT,
            CTX_CLAIM_VISIT, CTX_CLAIM_SAME,  CTX_CLAIM_MERGE, CTX_CLAIM_MOVE};
        int64_t us = 1 + (int64_t)test_rng_below(&r, MOMENTS - 2);
        struct ctx_event e[4];
        struct ctx_part part[2];
        struct ctx_claim c = {
            .kind = kind[seed % 2 ? 0 : test_rng_below(&r, 16) & 7],
            .prior = patient((unsigned)test_rng_below(&r, PEOPLE)),
            .current = patient((unsigned)test_rng_below(&r, PEOPLE)),
            .said_us = us,
            .available_us = us + (int64_t)test_rng_below(&r, 2),
            .place = AN_STR(""),
            .prior_visit = visit_of(1 + (unsigned)test_rng_below(&r, 3)),
            .visit = visit_of(1 + (unsigned)test_rng_below(&r, 3))};
        const struct ctx_reading reading = {.part = part,
                                            .n_parts = test_rng_below(&r, 3),
                                            .claim = &c,
                                            .n_claims = test_rng_below(&r, 2)};
        struct pl_intake in;

        for (unsigned k = 0; k < 4; k++) {
            e[k] = any_event(&r, us);
            e[k].concept.display = test_text("", 4 * i + k);
        }
        for (unsigned k = 0; k < 2; k++)
            part[k] = (struct ctx_part){
                patient((unsigned)test_rng_below(&r, PEOPLE)), &e[2 * k], 2};
        in = test_intake_of(&t, bytes_of(), &reading);
        (void)test_put(&t, &in);
    }
}

/* Which events are shown to whom as of each moment, and last as of now: those that
 * are no versions, since of a fact another one may be shown. */
typedef bool seen[PEOPLE][MOMENTS + 1][4 * SAID];

static void see(seen all)
{
    for (unsigned who = 0; who < PEOPLE; who++)
        for (int us = 0; us <= MOMENTS; us++) {
            struct pl_history h =
                history(who, us < MOMENTS ? us : CTX_AS_OF_ALL);

            for (size_t i = 0; i < h.timeline.n_events; i++) {
                const struct ctx_event *e = h.timeline.event[i];

                if (e->fact.n == 0)
                    all[who][us][strtoul(e->concept.display.p, NULL, 10)] =
                        true;
            }
        }
}

/* Who has no number that is erased. */
static bool stays(unsigned who, const struct ctx_person *erased)
{
    struct pl_history h = history(who, CTX_AS_OF_ALL);

    for (size_t i = 0; i < h.person.n_members; i++)
        if (pl_is_member(erased, &h.person.member[i].id))
            return false;
    return h.person.n_members != 0;
}

/* What is another's now was so as of all moments at which it was, but for those at
 * which he was taken for one with the erased. */
START_TEST(of_what_is_others_nothing_is_lost_in_the_past)
{
    static seen before, after;
    bool is_other[PEOPLE];
    struct pl_history h;

    memset(before, 0, sizeof(before));
    memset(after, 0, sizeof(after));
    world_tell(2 * (uint64_t)_i + 1);
    h = history(A, CTX_AS_OF_ALL);
    if (h.person.n_members == 0)
        return;
    see(before);
    for (unsigned who = 0; who < PEOPLE; who++)
        is_other[who] = stays(who, &h.person);
    erase(A);
    see(after);
    for (unsigned e = 0; e < 4 * SAID; e++) {
        bool is_others = false;

        for (unsigned who = 0; who < PEOPLE; who++)
            is_others |= is_other[who] && before[who][MOMENTS][e];
        for (unsigned who = 0; is_others && who < PEOPLE; who++)
            for (int us = 0; is_other[who] && us <= MOMENTS; us++)
                ck_assert(!before[who][us][e] || after[who][us][e]);
    }
}
END_TEST

START_TEST(of_others_nothing_changes)
{
    struct an_str before[PEOPLE];
    bool is_other[PEOPLE];
    struct pl_history h;

    world_tell((uint64_t)_i + 1);
    h = history(A, CTX_AS_OF_ALL);
    if (h.person.n_members == 0)
        return;
    for (unsigned who = 0; who < PEOPLE; who++) {
        is_other[who] = stays(who, &h.person);
        before[who] = shown(who, CTX_AS_OF_ALL);
    }
    erase_begin(A);
    for (bool more = true; more;) {
        more = erase_step();
        for (unsigned who = 0; who < PEOPLE; who++)
            if (is_other[who])
                ck_assert_msg(an_str_eq(shown(who, CTX_AS_OF_ALL), before[who]),
                              "of %u", who); /* Check takes 4 KiB */
        test_store_check(&t);
    }
    ck_assert_uint_eq(n_events(A, CTX_AS_OF_ALL), 0);
}
END_TEST

/* ---- what closes ----------------------------------------------------------- */

/* The label stands in a version that goes with the erased. */
START_TEST(what_is_closed_stays_closed)
{
    if (_i == 0) { /* filed under her, of another visit of hers */
        say(A, event(1, 1, 100));
        say(A, labelled(2, 1, 110, HIV));
    } else if (_i == 1) { /* the same, without a visit of its own */
        say(A, event(1, 1, 100));
        say(A, event(2, 1, 105));
        say(A, labelled(0, 1, 110, HIV));
    } else if (_i == 2) { /* of a visit that only passed through her */
        say(D, event(1, 1, 100));
        move(D, A, 1, 105);
        say(A, labelled(0, 1, 110, HIV));
    } else { /* filed under who stays, of a visit that is hers */
        say(B, event(3, 1, 100));
        say(B, labelled(1, 1, 110, HIV));
        move(B, A, 1, 120);
    }
    if (_i < 3)
        move(A, B, 1, 120);
    ck_assert_uint_eq(labels(B), HIV);
    erase(A);
    ck_assert_uint_eq(labels(B), HIV);
    if (_i < 3)
        return;
    /* Of nobody, at no moment, and no more than that. */
    ck_assert_uint_eq(n_events(B, 115), 1);
    ck_assert_int_eq(
        test_number("SELECT count(*) FROM visited WHERE visit = 'H|V1'"), 0);
    erase(B);
    ck_assert_int_eq(test_number("SELECT count(*) FROM said s JOIN identifier i"
                                 " ON i.id = s.identifier"
                                 " WHERE i.value GLOB 'erased *'"),
                     0);
}
END_TEST

START_TEST(what_was_forbidden_stays_forbidden)
{
    struct ctx_event e = event(1, 1, 100);
    struct ctx_consent c;
    struct pl_history h;

    e.kind = CTX_CONSENT;
    e.concept.code = AN_STR("permit");
    say(A, e);
    e.concept.code = AN_STR("deny");
    e.encounter = AN_STR("");
    e.said_us = e.available_us = 110;
    say(A, e);
    move(A, B, 1, 120);
    erase(A);
    h = history(B, CTX_AS_OF_ALL);
    ctx_consent_of(&h.timeline, &h.consents, CTX_AS_OF_ALL, &c);
    ck_assert(c.all);
    ck_assert_uint_eq(h.timeline.n_events, 1);
}
END_TEST

/* Nothing of it is another's: no trace of it is kept. */
START_TEST(what_closes_hers_alone_goes)
{
    say(A, labelled(1, 1, 100, HIV));
    say(A, labelled(2, 2, 100, HIV));
    say(D, labelled(3, 3, 100, HIV));
    move(A, B, 1, 110);
    move(D, A, 3, 110);
    erase(A);
    ck_assert_uint_eq(labels(B), HIV);
    ck_assert_int_eq(test_number("SELECT count(*) FROM said WHERE n_events"),
                     1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM moved"), 1);
}
END_TEST

/* A version without a visit is shown with the others of its fact. */
START_TEST(what_goes_with_a_visit_of_hers_goes)
{
    int64_t said;

    say(D, event(1, 1, 100));
    said = say(D, event(0, 1, 110));
    say(D, event(0, 2, 110));
    move(D, A, 1, 120);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 1);
    erase(A);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 1);
    ck_assert_int_eq(said, 2);
    ck_assert_int_eq(test_number("SELECT purged_us > 0 FROM message"
                                 " WHERE id = 2"),
                     1);
    ck_assert_int_eq(test_number("SELECT sum(n_events) FROM said"), 1);
}
END_TEST

/* ---- what is kept, and how long -------------------------------------------- */

START_TEST(what_is_kept_names_nobody_and_has_no_bytes)
{
    int64_t said = say(A, event(1, 0, 100));

    say(A, event(2, 0, 101));
    move(A, B, 1, 120);
    erase(A);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(B, 119), 0);
    ck_assert_int_eq(said, 1);
    ck_assert_int_eq(test_number("SELECT length(raw) = 0 AND purged_us > 0"
                                 " FROM message WHERE id = 1"),
                     1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM message"
                                 " WHERE purged_us = 0"),
                     0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM said"), 1);
    ck_assert_int_eq(
        test_number("SELECT count(*) FROM identifier WHERE value = '2'"), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM visited"
                                 " WHERE visit = 'H|V2'"),
                     0);
    /* And when its time has come, or hers, it goes. */
    if (_i) {
        erase(B);
    } else {
        struct pl_purge old = {.kind = PL_PURGE_EVENTS,
                               .before_us = INT64_MAX,
                               .now_us = TEST_EPOCH_US};
        struct pl_purged done;

        ck_assert_int_eq(pl_store_purge(t.store, &old, &done, NULL), AN_OK);
        ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 0);
    }
    ck_assert_int_eq(test_number("SELECT count(*) FROM said WHERE n_events"),
                     0);
}
END_TEST

/* The message spoke of two of her numbers; sent or read again it adds nothing. */
START_TEST(one_message_of_two_numbers_is_kept_as_one)
{
    struct ctx_event e[] = {event(1, 0, 100), event(1, 0, 101),
                            event(2, 0, 102)};
    struct ctx_part part[] = {{patient(A), &e[0], 1},
                              {patient(A_TOO), &e[1], 2}};
    const struct ctx_reading reading = {.part = part, .n_parts = 2};
    struct pl_intake in = test_intake_of(&t, bytes_of(), &reading);
    const struct pl_intake *one = &in;
    struct pl_receipt r;

    (void)test_put(&t, &in);
    claim(CTX_CLAIM_SAME, A, A_TOO, 0, 0, 5);
    move(A, B, 1, 120);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 2);
    erase(A);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 2);
    ck_assert(test_put(&t, &in).duplicate);
    ck_assert_int_eq(pl_store_replace(t.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(!r.changed);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 2);
    ck_assert_int_eq(test_number("SELECT sum(n_events) FROM said"), 2);
    ck_assert_int_eq(test_number("SELECT count(*) FROM identifier"), 4);
}
END_TEST

/* More than a step takes, by a process that is killed between all of them. */
START_TEST(killed_between_its_steps_it_goes_on)
{
    enum { LONG = 150 };
    struct an_str before;
    unsigned steps = 0;

    for (unsigned i = 0; i < LONG; i++) {
        say(A, event(1, i % 3, 10 + i));
        say(A, labelled(i % 2 ? 0 : 2, i % 5, 10 + i, i % 7 ? 0 : HIV));
        say(D, event(3, 0, 10 + i));
        say(D, event(4, LONG + i, 10 + i));
        say(A, labelled(0, LONG + i, 20 + i, i % 7 ? 0 : HIV));
        say(E, event(0, 2 * LONG + i, 10 + i));
        say(D, event(5, 2 * LONG + i, 20 + i));
    }
    move(D, A, 4, 490);
    move(A, B, 4, 500);
    move(D, E, 5, 490);
    move(E, A, 5, 500);
    move(A, B, 1, 500);
    move(D, A, 3, 500);
    before = shown(B, CTX_AS_OF_ALL);
    erase_begin(A);
    for (bool more = true; more; steps++) {
        more = erase_step();
        test_store_reopen(&t);
        test_assert_str(__FILE__, __LINE__, shown(B, CTX_AS_OF_ALL), before);
        test_store_check(&t);
    }
    ck_assert_uint_gt(steps, 6 * LONG / PL_ERASE_STEP);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(n_events(E, CTX_AS_OF_ALL), 0);
}
END_TEST

/* ---- what is deleted ------------------------------------------------------- */

/* The resource of a server that is kept for another can still be deleted. */
START_TEST(what_is_kept_can_be_withdrawn)
{
    struct ctx_identifier who = patient(A);
    struct ctx_event e = test_version_event(test_fact(1), 100, 1);
    struct pl_intake in;

    e.encounter = visit_of(1);
    in = test_said(&who, &e, 1);
    (void)test_put(&t, &in);
    move(A, B, 1, 120);
    if (_i == 0)
        test_delete(1, 200);
    erase(A);
    if (_i)
        test_delete(1, 200);
    ck_assert_uint_eq(n_events(B, 130), 1);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 0);
}
END_TEST

Suite *store_kept_suite(void)
{
    const struct {
        const TTest *test;
        int n;
    } all[] = {
        {of_others_nothing_changes, test_worlds(WORLDS)},
        {of_what_is_others_nothing_is_lost_in_the_past, test_worlds(WORLDS)},
        {what_is_closed_stays_closed, 4},
        {what_was_forbidden_stays_forbidden, 1},
        {what_closes_hers_alone_goes, 1},
        {what_goes_with_a_visit_of_hers_goes, 1},
        {what_is_kept_names_nobody_and_has_no_bytes, 2},
        {one_message_of_two_numbers_is_kept_as_one, 1},
        {killed_between_its_steps_it_goes_on, 1},
        {what_is_kept_can_be_withdrawn, 2}};
    Suite *s = suite_create("store/kept");
    TCase *tc = tcase_create("kept");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        tcase_add_loop_test(tc, all[i].test, 0, all[i].n);
    suite_add_tcase(s, tc);
    return s;
}
