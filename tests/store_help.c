/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store_help.h"

#include "tests/suite.h"

#include <stdio.h>

static void both_open(struct test_store *t)
{
    struct pl_store_options options = {.path = t->path,
                                       .key_file = t->key_file};
    struct an_err err;

    ck_assert_msg(pl_store_open(&options, &t->store, &err) == AN_OK,
                  "store: %s", err.what);
    ck_assert_msg(
        pl_reader_open_keys(t->path, t->key_file, 0, &t->reader, &err) == AN_OK,
        "reader: %s", err.what);
}

void test_store_open(struct test_store *t)
{
    test_folder_make(&t->folder);
    test_folder_file(&t->folder, "anamnesis.db", t->path);
    an_arena_init(&t->arena, 256 << 20);
    both_open(t);
}

void test_store_close(struct test_store *t)
{
    pl_reader_close(t->reader);
    pl_store_close(t->store);
    an_arena_free(&t->arena);
    test_folder_drop(&t->folder);
}

void test_store_reopen(struct test_store *t)
{
    pl_reader_close(t->reader);
    pl_store_close(t->store);
    both_open(t);
}

struct pl_intake test_intake(struct test_store *t, uint64_t n, uint64_t patient)
{
    struct test_message *m = an_arena_get(&t->arena, 1, sizeof(*m));

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    return test_intake_of(t, m->bytes, &m->reading);
}

struct pl_intake test_intake_of(struct test_store *t, struct an_str bytes,
                                const struct ctx_reading *reading)
{
    struct pl_source from = {.bytes = bytes,
                             .format = PL_FORMAT_HL7V2,
                             .reading = reading,
                             .feed = AN_STR("lab"),
                             .received_us = TEST_EPOCH_US + 5};
    struct pl_intake in;

    ck_assert_int_eq(pl_intake_make(&t->arena, &from, &in, NULL), AN_OK);
    return in;
}

struct ctx_suggestion test_risk(void)
{
    return (struct ctx_suggestion){.kind = CTX_SUGGEST_RISK,
                                   .language = AN_STR("en"),
                                   .topic = AN_STR("stroke"),
                                   .statement = AN_STR("One in four."),
                                   .p = 0.25,
                                   .p_low = 0.125,
                                   .p_high = 0.5,
                                   .horizon_days = 365,
                                   .model = {.name = AN_STR("demo"),
                                             .version = AN_STR("1"),
                                             .digest = AN_STR("abc123"),
                                             .demonstrator = true},
                                   .as_of = an_time_us(TEST_EPOCH_US)};
}

struct pl_receipt test_put(struct test_store *t, const struct pl_intake *in)
{
    struct pl_receipt r;
    struct an_err err;

    ck_assert_msg(pl_store_put(t->store, &in, 1, &r, &err) == AN_OK, "put: %s",
                  err.what);
    ck_assert_int_eq(r.code, AN_OK);
    return r;
}

struct pl_history test_history(struct test_store *t, uint64_t patient,
                               int64_t as_of_us)
{
    char mrn[32];
    int n = snprintf(mrn, sizeof(mrn), "M%07llu", (unsigned long long)patient);
    struct ctx_identifier who = {
        AN_STR("GENHOSP"), {mrn, (size_t)n}, AN_STR("")};
    struct pl_history h;
    struct an_err err;

    ck_assert_msg(pl_history(t->reader, &t->arena, &who, as_of_us, &h, &err) ==
                      AN_OK,
                  "history: %s", err.what);
    return h;
}

struct pl_status test_status(struct test_store *t)
{
    struct pl_status s;

    ck_assert_int_eq(pl_status(t->reader, &t->arena, &s, NULL), AN_OK);
    return s;
}

void test_store_check(struct test_store *t)
{
    struct an_err err = {.code = AN_OK};
    char text[256];

    if (pl_check(t->reader, &t->arena, &err) != AN_OK) {
        an_err_print(&err, text, sizeof(text));
        ck_abort_msg("%s", text);
    }
}
