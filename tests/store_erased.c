/* SPDX-License-Identifier: Apache-2.0 */
/* Visits that were moved, of whom one is erased: hers go wherever they are
 * filed, and nobody else's. */
#include "plugin/store/purge.h"
#include "plugin/store/reader_int.h"
#include "tests/invented.h"
#include "tests/store_help.h"
#include "tests/store_work.h"
#include "tests/suite.h"

#include <stdio.h>
#include <sys/stat.h>

Suite *store_erased_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

/* A store that was sealed from its first message on. */
static void set_up_sealed(void)
{
    static char keys[TEST_PATH_BYTES + 8];
    FILE *f;

    test_store_open(&t);
    (void)snprintf(keys, sizeof(keys), "%s.key", t.path);
    f = fopen(keys, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs("00112233445566778899aabbccddeeff"
                "00112233445566778899aabbccddeeff\n",
                f);
    (void)fclose(f);
    ck_assert_int_eq(chmod(keys, 0600), 0);
    t.key_file = keys;
    test_store_reopen(&t);
}

static void tear_down(void)
{
    test_store_check(&t);
    test_store_close(&t);
    t.key_file = NULL;
}

/* ---- what is said --------------------------------------------------------- */

/* "<word><number>" in the arena. */
static struct an_str text(const char *word, unsigned number)
{
    struct an_str copy = AN_STR("");
    char buffer[64];

    (void)snprintf(buffer, sizeof(buffer), "%s%u", word, number);
    ck_assert(an_arena_str(&t.arena, an_str_c(buffer), &copy));
    return copy;
}

static struct ctx_identifier patient(unsigned number)
{
    return (struct ctx_identifier){AN_STR("H"), text("", number), AN_STR("MR")};
}

static struct ctx_event event(unsigned visit, int64_t said_us)
{
    return (struct ctx_event){
        .kind = CTX_OBSERVATION,
        .status = CTX_STATUS_FINAL,
        .said_us = said_us,
        .available_us = said_us,
        .effective = {said_us, 0, AN_TIME_SECOND, 0},
        .concept = {AN_STR("urn:id:L"), AN_STR("K"), AN_STR("")},
        .encounter = text("H|V", visit)};
}

/* Distinct bytes for each message. */
static unsigned n_told;

static int64_t put(const struct ctx_reading *reading)
{
    struct pl_intake in =
        test_intake_of(&t, text("message ", n_told++), reading);

    return test_put(&t, &in).message;
}

/* Something of visits of a patient, one event each. */
static int64_t tell(unsigned who, const unsigned *visit, size_t n, int64_t us)
{
    struct ctx_event *e = an_arena_get(&t.arena, n, sizeof(*e));
    struct ctx_part part = {.patient = patient(who), .event = e, .n_events = n};
    const struct ctx_reading reading = {
        .kind = AN_STR("ORU^R01"), .part = &part, .n_parts = 1};

    ck_assert_ptr_nonnull(e);
    for (size_t i = 0; i < n; i++)
        e[i] = event(visit[i], us);
    return put(&reading);
}

static int64_t tell_one(unsigned who, unsigned visit, int64_t us)
{
    return tell(who, &visit, 1, us);
}

static int64_t claim(struct ctx_claim *c, int64_t us)
{
    const struct ctx_reading reading = {
        .kind = AN_STR("ADT^A45"), .claim = c, .n_claims = 1};

    c->said_us = c->available_us = us;
    c->place = AN_STR("MRG[1]");
    return put(&reading);
}

/* The visit gets another number where `now` differs. */
static int64_t move_as(unsigned from, unsigned visit, unsigned to, unsigned now,
                       int64_t us)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_VISIT,
                          .prior = patient(from),
                          .current = patient(to),
                          .visit = text("H|V", now),
                          .prior_visit = text("H|V", visit)};

    return claim(&c, us);
}

static int64_t move(unsigned from, unsigned to, unsigned visit, int64_t us)
{
    return move_as(from, visit, to, visit, us);
}

static int64_t join(enum ctx_claim_kind kind, unsigned prior, unsigned current,
                    int64_t us)
{
    struct ctx_claim c = {.kind = (uint8_t)kind,
                          .prior = patient(prior),
                          .current = patient(current)};

    return claim(&c, us);
}

/* ---- what is there -------------------------------------------------------- */

static size_t n_events(unsigned number, int64_t as_of_us)
{
    const struct ctx_identifier who = patient(number);
    struct pl_history h;

    ck_assert_int_eq(pl_history(t.reader, &t.arena, &who, as_of_us, &h, NULL),
                     AN_OK);
    return h.timeline.n_events;
}

/* A query, and a number that it ends with. */
static int64_t number_of(const char *query, int64_t value)
{
    char whole[256];
    int64_t n = 0;

    (void)snprintf(whole, sizeof(whole), "%s %lld", query, (long long)value);
    ck_assert_int_eq(pl_db_number(&t.reader->db, whole, &n, NULL), AN_OK);
    return n;
}

static bool has_bytes(int64_t message)
{
    return number_of("SELECT length(raw) > 0 AND purged_us = 0 FROM message"
                     " WHERE id =",
                     message) != 0;
}

static struct pl_erased erase(unsigned number)
{
    const struct ctx_identifier who = patient(number);
    struct pl_purge by = {.now_us = TEST_EPOCH_US,
                          .actor = AN_STR("op"),
                          .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct ctx_person p;

    ck_assert_int_eq(
        pl_person(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &p, NULL), AN_OK);
    ck_assert_int_eq(pl_store_erase(t.store, &p, TEST_EPOCH_US, NULL), AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &by, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(
        pl_person(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &p, NULL),
        AN_NOTFOUND);
    return total;
}

enum { D = 1, A = 2, B = 3, E = 4, A_TOO = 5, B_TOO = 6 };

/* ---- in the middle -------------------------------------------------------- */

START_TEST(a_visit_stays_with_whom_it_went_on_to)
{
    int64_t came, left;

    tell_one(D, 1, 10);
    tell_one(D, 2, 11);
    came = _i ? move_as(D, 1, A, 7, 20) : move(D, A, 1, 20);
    left = _i ? move_as(A, 7, B, 8, 30) : move(A, B, 1, 30);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    erase(A);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(B, 30), 1);
    ck_assert_uint_eq(n_events(B, 29), 0);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(D, 19), 2);
    ck_assert(!has_bytes(came));
    ck_assert(!has_bytes(left));
    ck_assert_int_eq(number_of("SELECT count(*) FROM moved JOIN identifier i"
                               " ON i.id IN (prior, current)"
                               " WHERE i.value GLOB 'erased [0-9]' OR",
                               0),
                     0);
    /* What is still filed where it was, and what moves it on. */
    tell_one(D, 1, 40);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 2);
    (void)(_i ? move_as(B, 8, E, 1, 50) : move(B, E, 1, 50));
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(n_events(E, CTX_AS_OF_ALL), 2);
}
END_TEST

/* Under one number of hers it came, under another it went. */
START_TEST(a_visit_passes_through_all_numbers_of_the_erased)
{
    /* The one that is erased first has no part in it, or either. */
    static const unsigned first[] = {A, A_TOO, 9};

    join(CTX_CLAIM_SAME, first[_i], _i == 2 ? A : first[!_i], 1);
    if (_i == 2)
        join(CTX_CLAIM_SAME, A_TOO, first[_i], 2);
    tell_one(D, 1, 10);
    move(D, A, 1, 20);
    move(A_TOO, B, 1, 30);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    erase(A);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 0);
}
END_TEST

START_TEST(a_move_that_no_longer_counts_leads_nowhere)
{
    tell_one(D, 1, 10);
    tell_one(E, 2, 11);
    tell_one(B, 3, 12);
    if (_i == 0) { /* it went elsewhere since */
        move(D, A, 1, 20);
        move(A, B, 1, 40);
        move(D, E, 1, 30);
    } else if (_i == 1) { /* B's of that number went before */
        move(D, A, 1, 20);
        move(B, D, 1, 25);
        move(A, E, 1, 30);
    } else { /* and back */
        move(D, A, 1, 20);
        move(A, D, 1, 25);
        move(D, E, 1, 30);
    }
    ck_assert_uint_eq(n_events(E, CTX_AS_OF_ALL), 2);
    erase(A);
    ck_assert_uint_eq(n_events(E, CTX_AS_OF_ALL), 2);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 0);
}
END_TEST

/* ---- at the end ----------------------------------------------------------- */

START_TEST(a_visit_that_was_moved_to_the_erased_goes)
{
    static const unsigned both[] = {1, 2};
    int64_t one, two, other;
    struct pl_erased total;

    one = tell_one(D, 1, 10);
    two = tell(D, both, 2, 11);
    other = tell_one(D, 2, 12);
    if (_i)
        move(E, D, 1, 15);
    if (_i == 2)
        one = tell_one(E, 1, 9);
    move(D, A, 1, 20);
    ck_assert_uint_eq(n_events(A, CTX_AS_OF_ALL), _i == 2 ? 3 : 2);
    total = erase(A);
    ck_assert_int_ge(total.n_messages, 2);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 2);
    ck_assert_uint_eq(n_events(D, 19), 2);
    if (_i)
        ck_assert_uint_eq(n_events(E, 14), 0);
    ck_assert(!has_bytes(one));
    ck_assert(!has_bytes(two));
    ck_assert(has_bytes(other));
    ck_assert_int_eq(number_of("SELECT count(*) FROM visited"
                               " WHERE visit LIKE '%V1' OR",
                               0),
                     0);
    /* Who is moved from has all of his again once. */
    tell_one(D, 2, 40);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 3);
}
END_TEST

/* Of more messages than a step takes, and a number that joined since. */
START_TEST(all_of_a_long_visit_goes)
{
    enum { LONG = 150 };

    for (unsigned i = 0; i < LONG; i++)
        tell_one(i % 2 ? D : B_TOO, 1, 10 + i);
    tell_one(D, 2, 11);
    tell_one(B_TOO, 2, 11);
    move(D, A, 1, 500);
    join(CTX_CLAIM_SAME, D, B_TOO, 501);
    ck_assert_uint_eq(n_events(A, CTX_AS_OF_ALL), LONG);
    ck_assert_int_ge(erase(A).n_messages, LONG);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 2);
    ck_assert_uint_eq(n_events(D, 400), 1);
    ck_assert_int_eq(number_of("SELECT count(*) FROM moved WHERE 0 =", 0), 0);
}
END_TEST

START_TEST(what_went_on_before_is_not_hers)
{
    int64_t said = tell_one(D, 1, 10);

    move(D, A, 1, 20);
    move(A, D, 1, 30);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 1);
    erase(A);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 1);
    ck_assert(has_bytes(said));
}
END_TEST

/* Where it is filed now is as good a place as where it was: also a number that
 * was used before counts as it did. */
START_TEST(what_is_kept_moves_on)
{
    tell_one(A, 1, 100);
    tell_one(B, 1, 101);
    move(B, E, 1, 110);
    move(A, B, 1, 120);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    erase(A);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(E, CTX_AS_OF_ALL), 1);
    tell_one(D, 2, 125);
    move(B, D, 1, 130);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 3);
    erase(B);
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 3);
    ck_assert_uint_eq(n_events(D, 129), 1);
}
END_TEST

/* ---- held against what was there ------------------------------------------ */

enum { PEOPLE = 5, VISITS = 3, MOVES = 12, WORLDS = 20 };

/* Of each event, by its moment, under whom it is filed and whose it is. */
static void owners(unsigned *owner)
{
    for (unsigned who = 1; who <= PEOPLE; who++) {
        const struct ctx_identifier id = patient(who);
        struct pl_history h;

        if (pl_history(t.reader, &t.arena, &id, CTX_AS_OF_ALL, &h, NULL) !=
            AN_OK)
            continue;
        for (size_t i = 0; i < h.timeline.n_events; i++)
            owner[h.timeline.event[i]->said_us] = who;
    }
}

START_TEST(what_is_not_hers_stays_whose_it_is_and_no_more)
{
    enum { N = PEOPLE * VISITS };
    unsigned before[N] = {0}, after[N] = {0};
    struct test_rng r = {(uint64_t)_i + 1};

    for (unsigned i = 0; i < N; i++)
        tell_one(i % PEOPLE + 1, i / PEOPLE, i);
    for (unsigned i = 0; i < MOVES; i++) {
        unsigned from = 1 + (unsigned)test_rng_below(&r, PEOPLE);
        unsigned to = 1 + (unsigned)test_rng_below(&r, PEOPLE);
        unsigned visit = (unsigned)test_rng_below(&r, VISITS);

        move(from, to, visit, N + (int64_t)test_rng_below(&r, 2 * MOVES));
    }
    owners(before);
    erase(A);
    owners(after);
    for (unsigned i = 0; i < N; i++)
        ck_assert_uint_eq(after[i], before[i] == A ? 0 : before[i]);
}
END_TEST

/* ---- who is named --------------------------------------------------------- */

/* By messages that are filed under others alone. */
START_TEST(messages_that_claim_something_of_the_erased_lose_that)
{
    int64_t message, other;

    tell_one(A, 1, 5);
    tell_one(B, 2, 6);
    other = join(CTX_CLAIM_SAME, B_TOO, B, 7);
    if (_i == 0) {
        message = move(A, B, 1, 20);
    } else {
        (void)join(CTX_CLAIM_MERGE, A, B, 8);
        message = join(CTX_CLAIM_UNMERGE, A, B, 20);
    }
    ck_assert_int_gt(number_of("SELECT count(*) FROM said"
                               " WHERE length(claims) > 0 AND message =",
                               message),
                     0);
    erase(A);
    ck_assert_int_eq(
        number_of("SELECT count(*) FROM said WHERE message =", message), 0);
    ck_assert(!has_bytes(message));
    ck_assert(has_bytes(other));
    ck_assert_uint_eq(n_events(B_TOO, CTX_AS_OF_ALL), _i == 0 ? 2 : 1);
}
END_TEST

/* ---- what it costs -------------------------------------------------------- */

enum { FEW = 20, MANY = 200 };

/* Visits of the dummy that were moved to others, some of them on. */
static void crowd(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct an_mark mark = an_arena_mark(&t.arena);

        tell_one(D, 1000 + i, 10);
        move(D, 1000 + i, 1000 + i, 20);
        an_arena_rewind(&t.arena, mark);
    }
}

/* Of those that wait all are looked at. */
static void answer_all(void)
{
    const struct pl_trigger *list;
    int64_t *id;
    size_t n;

    ck_assert_int_eq(
        pl_triggers(t.reader, &t.arena, 0, 4 * MANY, &list, &n, NULL), AN_OK);
    id = an_arena_get(&t.arena, n, sizeof(*id));
    ck_assert_ptr_nonnull(id);
    for (size_t i = 0; i < n; i++)
        id[i] = list[i].id;
    ck_assert_int_eq(pl_store_triggers_done(t.store, id, n, NULL), AN_OK);
}

static int64_t work_of_erasure(unsigned who)
{
    int64_t work;

    tell_one(D, who, 10);
    tell_one(D, who + 1, 10);
    move(D, who, who, 20);
    move(D, who, who + 1, 20);
    move(who, B, who + 1, 30);
    answer_all();
    test_work_of_writer(&t);
    erase(who);
    work = test_work();
    ck_assert_uint_eq(n_events(D, CTX_AS_OF_ALL), 0);
    return work;
}

START_TEST(erasing_one_of_whom_a_dummy_had_visits_costs_the_same_among_more)
{
    int64_t before;

    crowd(0, FEW);
    (void)work_of_erasure(100000); /* the first of all audit rows */
    before = work_of_erasure(200000);
    crowd(FEW, MANY);
    /* A step or two: what lies behind it in an index. */
    ck_assert_int_le(work_of_erasure(300000), before + 4);
    ck_assert_uint_eq(n_events(B, CTX_AS_OF_ALL), 3);
}
END_TEST

Suite *store_erased_suite(void)
{
    const struct {
        const TTest *test;
        int n;
    } all[] = {
        {a_visit_stays_with_whom_it_went_on_to, 2},
        {a_visit_passes_through_all_numbers_of_the_erased, 3},
        {a_move_that_no_longer_counts_leads_nowhere, 3},
        {a_visit_that_was_moved_to_the_erased_goes, 3},
        {all_of_a_long_visit_goes, 1},
        {what_went_on_before_is_not_hers, 1},
        {what_is_kept_moves_on, 1},
        {what_is_not_hers_stays_whose_it_is_and_no_more, test_worlds(WORLDS)},
        {messages_that_claim_something_of_the_erased_lose_that, 2},
        {erasing_one_of_whom_a_dummy_had_visits_costs_the_same_among_more, 1}};
    Suite *s = suite_create("store/erased");
    TCase *tc = tcase_create("erased"), *sealed = tcase_create("sealed");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_checked_fixture(sealed, set_up_sealed, tear_down);
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        tcase_add_loop_test(tc, all[i].test, 0, all[i].n);
    tcase_add_loop_test(sealed, a_visit_that_was_moved_to_the_erased_goes, 0,
                        3);
    tcase_add_loop_test(
        sealed, messages_that_claim_something_of_the_erased_lose_that, 0, 2);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, sealed);
    return s;
}
