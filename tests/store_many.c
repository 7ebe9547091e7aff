/* SPDX-License-Identifier: Apache-2.0 */
/* What is deleted of a message about very many things is found without reading the
 * others: here some of them cannot be read. */
#include "plugin/store/writer_int.h"
#include "tests/store_said.h"
#include "tests/suite.h"

#include <string.h>

Suite *store_many_suite(void);

enum { MANY = 2000, STEP = 17, LAST = MANY - 100 };

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
    test_said_in(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* A visit of the first patient is the second's from before on. */
static void move_visit(void)
{
    struct ctx_claim move = {.kind = CTX_CLAIM_VISIT,
                             .prior = test_patient(1),
                             .current = test_patient(2),
                             .said_us = test_hour(8),
                             .available_us = test_hour(8),
                             .place = AN_STR(""),
                             .visit = AN_STR("H|V1"),
                             .prior_visit = AN_STR("H|V1")};
    const struct ctx_reading reading = {
        .kind = AN_STR("ADT^A45"), .claim = &move, .n_claims = 1};
    struct pl_intake in = test_intake_of(&t, AN_STR("move"), &reading);

    (void)test_put(&t, &in);
}

static void say_many(void)
{
    struct ctx_event *e = an_arena_get(&t.arena, MANY, sizeof(*e));
    struct ctx_identifier who = test_patient(1);
    struct pl_intake in;

    ck_assert_ptr_nonnull(e);
    for (size_t i = 0; i < MANY; i++) {
        e[i] = test_version_event(test_fact(i), test_hour(9), 1);
        e[i].encounter = AN_STR("H|V1");
    }
    e[MANY - 1].place = AN_STR("damaged");
    in = test_said(&who, e, MANY);
    (void)test_put(&t, &in);
}

/* The length of the last event's place is too large then. */
static int damage(struct pl_writer *w, void *ctx)
{
    const int64_t *patient = ctx;
    sqlite3_stmt *s = w->db.stmt[PL_W_EVENTS_OF];
    struct an_str blob;
    int64_t message;
    char *bytes;

    sqlite3_bind_int64(s, 1, *patient);
    ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
    message = sqlite3_column_int64(s, 0);
    blob = pl_column(s, 1);
    bytes = an_arena_get(&w->arena, blob.n, 1);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, blob.p, blob.n);
    ck_assert_int_eq(pl_writer_end(s, SQLITE_DONE), SQLITE_OK);
    blob.p = bytes;
    ck_assert(an_str_ends(blob, AN_STR("\x07"
                                       "damaged")));
    bytes[blob.n - 1 - strlen("damaged")] = 0x7F;
    s = w->db.stmt[PL_W_KEEP_SAID];
    sqlite3_bind_int64(s, 1, *patient);
    sqlite3_bind_int64(s, 2, message);
    sqlite3_bind_int64(s, 3, test_hour(9));
    sqlite3_bind_int64(s, 4, MANY);
    pl_bind_blob(s, 5, blob);
    return pl_writer_run(w, PL_W_KEEP_SAID);
}

static int64_t asked(void)
{
    return test_number("SELECT count(*) FROM due d JOIN identifier i"
                       " ON i.id = d.identifier WHERE i.value = 'M2'");
}

/* The reader who finds it, he who withdraws it, and the writer, who looks at the
 * versions of a visit that was moved. */
START_TEST(a_deletion_reads_little_of_a_large_message)
{
    struct ctx_identifier who = test_patient(1);
    struct pl_history h;
    int64_t before, patient;

    move_visit();
    say_many();
    patient = test_number("SELECT id FROM identifier WHERE value = 'M1'");
    ck_assert_int_eq(pl_store_transaction(t.store, damage, &patient, NULL),
                     AN_OK);
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, NULL),
        AN_INTEGRITY);
    before = asked();
    for (uint64_t i = 0; i < LAST; i += STEP) {
        ck_assert_uint_eq(test_there(i, INT64_MAX).n_live, 1);
        test_delete(i, test_hour(11));
        ck_assert_uint_eq(test_settle(), 1);
        ck_assert_uint_eq(test_there(i, INT64_MAX).n_live, 0);
        ck_assert_int_eq(asked(), ++before);
    }
}
END_TEST

Suite *store_many_suite(void)
{
    const TTest *const test[] = {a_deletion_reads_little_of_a_large_message};

    return test_suite_around("store/many", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}
