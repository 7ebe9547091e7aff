/* SPDX-License-Identifier: Apache-2.0 */
/* The two studies themselves, where ANAMNESIS_DATA has them: as many of
 * everything as other programs counted in the same tables. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/dataset/diabetes130.h"
#include "trainer/dataset/nafld.h"

#include <stdio.h>
#include <stdlib.h>

Suite *trainer_tables_suite(void);

enum { COMMAND_BYTES = 4096, MOST_TESTS = 8 };

static struct test_folder folder;

static void set_up(void)
{
    test_folder_make(&folder);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
}

/* A study's tables, unpacked into the test's folder. */
static bool unpack(const char *study)
{
    const char *data = getenv("ANAMNESIS_DATA");
    char command[COMMAND_BYTES];

    if (data == NULL || *data == '\0') {
        fprintf(stderr, "# SKIP %s: ANAMNESIS_DATA is not set\n", study);
        return false;
    }
    (void)snprintf(
        command, sizeof(command),
        "set -e; for f in '%s/%s'/*; do case $f in\n"
        "*.csv) cp \"$f\" '%s/' ;;\n"
        "*.zst) n=${f##*/}; zstd -dcq \"$f\" >'%s'/\"${n%%.zst}\" ;;\n"
        "esac; done",
        data, study, folder.path, folder.path);
    if (system(command) == 0)
        return true;
    fprintf(stderr, "# SKIP %s: no tables in ANAMNESIS_DATA, or no zstd\n",
            study);
    return false;
}

struct counted {
    size_t people, kind[CTX_N_KINDS], outside, soon;
    struct test {
        struct an_str code; /* of the reader's own tables: it stays */
        uint64_t hash;
        size_t n;
    } test[MOST_TESTS];
};

/* Rows of a test as a number, in the order of people and days. */
static void add_row(struct counted *c, uint64_t id, const struct ctx_event *e)
{
    struct test *t = c->test;
    char row[128];
    int n;

    while (t->code.n && !an_str_eq(t->code, e->concept.code))
        t++;
    ck_assert(t < c->test + MOST_TESTS - 1);
    n = snprintf(row, sizeof(row), "%llu %llu %lld %.17g",
                 (unsigned long long)t->hash, (unsigned long long)id,
                 (long long)e->effective.us, e->value.number);
    t->code = e->concept.code;
    t->hash = an_str_hash((struct an_str){row, (size_t)n});
    t->n++;
    c->outside += an_str_eq(t->code, AN_STR("8480-6")) &&
                  (e->value.number < 50 || e->value.number > 300);
}

static enum an_code count_nafld(void *arg, const struct tr_record *r,
                                struct an_err *err)
{
    struct counted *c = arg;

    (void)err;
    c->people++;
    for (size_t i = 0; i < r->n_events; i++) {
        const struct ctx_event *e = &r->event[i];

        c->kind[e->kind]++;
        ck_assert_int_lt(e->effective.us, r->until_us);
        if (e->kind == CTX_OBSERVATION)
            add_row(c, r->id, e);
    }
    return AN_OK;
}

static size_t rows_of(const struct counted *c, const char *code)
{
    for (size_t i = 0; i < MOST_TESTS; i++)
        if (an_str_eq(c->test[i].code, an_str_c(code)))
            return c->test[i].n;
    return 0;
}

START_TEST(nafld_has_what_others_counted)
{
    struct counted c = {.people = 0};
    struct an_arena arena;
    struct tr_nafld_counts n;

    if (!unpack("nafld"))
        return;
    an_arena_init(&arena, (size_t)1 << 30);
    ck_assert_int_eq(
        tr_nafld_read_in(&arena, folder.path, count_nafld, &c, &n, NULL),
        AN_OK);
    an_arena_free(&arena);
    ck_assert_uint_eq(c.people, 14040);
    ck_assert_uint_eq(c.kind[CTX_BIRTH], 14040);
    ck_assert_uint_eq(c.kind[CTX_SEX], 14040);
    ck_assert_uint_eq(c.kind[CTX_DEATH], 1083);
    ck_assert_uint_eq(c.kind[CTX_CONDITION], 27428);
    ck_assert_uint_eq(rows_of(&c, "39156-5"), 10063);
    ck_assert_uint_eq(rows_of(&c, "2085-9"), 127643);
    ck_assert_uint_eq(rows_of(&c, "8480-6"), 26482);
    ck_assert_uint_eq(rows_of(&c, "fib4"), 2968);
    ck_assert_uint_eq(rows_of(&c, "smoke"), 5398);
    ck_assert_uint_eq(c.kind[CTX_OBSERVATION],
                      10063 + 127643 + 26482 + 2968 + 5398);
    ck_assert_uint_eq(c.outside, 0);
    ck_assert_uint_eq(n.copies, 155557);
    ck_assert_uint_eq(n.slips, 8);
    ck_assert_uint_eq(n.late, 13);
    for (size_t i = 0; c.test[i].n; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(c.test[i].hash != c.test[k].hash);
}
END_TEST

static enum an_code count_stays(void *arg, const struct tr_record *r,
                                struct an_err *err)
{
    struct counted *c = arg;
    int64_t left_us = INT64_MIN / 2;

    (void)err;
    c->people++;
    for (size_t i = 0; i < r->n_events; i++) {
        const struct ctx_event *e = &r->event[i];

        c->kind[e->kind]++;
        if (e->kind == CTX_DISCHARGE)
            left_us = e->effective.us;
        if (e->kind == CTX_ADMISSION)
            c->soon += e->effective.us <= left_us + 30 * AN_US_PER_DAY;
        ck_assert_int_le(e->effective.us, r->until_us);
    }
    return AN_OK;
}

START_TEST(diabetes130_has_what_others_counted)
{
    struct counted c = {.people = 0};

    if (!unpack("diabetes130"))
        return;
    ck_assert_int_eq(tr_diabetes130_read(folder.path, count_stays, &c, NULL),
                     AN_OK);
    ck_assert_uint_eq(c.people, 57106);
    ck_assert_uint_eq(c.kind[CTX_BIRTH], 57106);
    ck_assert_uint_eq(c.kind[CTX_SEX], 57103);
    ck_assert_uint_eq(c.kind[CTX_DISCHARGE], 81412);
    /* With those of which there is no row: 11,101 and 2,574. */
    ck_assert_uint_eq(c.kind[CTX_ADMISSION], 81412 + 11101 + 2574);
    ck_assert_uint_eq(c.soon, 9121);
    ck_assert_uint_eq(c.kind[CTX_DEATH], 1316 - 12);
    ck_assert_uint_eq(c.kind[CTX_CONDITION], 238347 + 611);
    ck_assert_uint_eq(c.kind[CTX_MEDICATION_GIVEN], 96207 + 23449);
    ck_assert_uint_eq(c.kind[CTX_OBSERVATION], 1167000);
}
END_TEST

Suite *trainer_tables_suite(void)
{
    const TTest *const tests[] = {
        nafld_has_what_others_counted,
        diabetes130_has_what_others_counted,
    };

    return test_suite_around("trainer/tables", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
