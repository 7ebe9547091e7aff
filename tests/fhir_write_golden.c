/* SPDX-License-Identifier: Apache-2.0 */
/* tests/golden/write-*: what is sent of the suggestions in tests/fhir_said.c.
 * tests/peers gives the same files to HL7's validator and to a FHIR server. */
#include "fhir/read.h"
#include "tests/card_rules.h"
#include "tests/fhir_said.h"
#include "tests/golden_folder.h"
#include "tests/suite.h"

#include <string.h>

Suite *fhir_write_golden_suite(void);

static const struct said *of_folder(const char *folder)
{
    return said_named(strrchr(folder, '-') + 1);
}

static struct an_str transaction(struct an_arena *a, const struct said *c)
{
    struct fhir_written out;
    struct an_err err;

    ck_assert_msg(fhir_write(a, &c->settings, &c->who, &c->what, &out, &err) ==
                      AN_OK,
                  "%s: %s", c->name, err.what);
    ck_assert_uint_gt(out.json.n, 0);
    return out.json;
}

static enum an_code answer(struct an_arena *a, const struct said *c,
                           struct an_str *json)
{
    const struct fhir_card_call call = {
        .hook_instance = AN_STR("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"),
        .patient_id = AN_STR("peer-1"),
        .encounter_id = AN_STR("visit-9"),
        .partial = strcmp(c->name, "orders") == 0};
    struct an_err err;

    return fhir_cards(a, &c->settings, &c->card, &call, &c->who, &c->what, json,
                      &err);
}

static void keeps_the_rules(struct an_arena *a, struct an_str json)
{
    const struct an_json *root;
    const char *broken;

    ck_assert_int_eq(
        an_json_read(a, &(struct an_json_limits){0}, json, &root, NULL), AN_OK);
    broken = card_rule_broken(root);
    ck_assert_msg(broken == NULL, "%s", broken ? broken : "");
}

static void compare_folder(const char *folder)
{
    const struct said *c = of_folder(folder);
    struct an_str json = {NULL, 0};
    struct an_arena a;

    an_arena_init(&a, 16 << 20);
    golden_compare(folder, "bundle.json", golden_lines(&a, transaction(&a, c)));
    ck_assert_int_eq(answer(&a, c, &json), AN_OK);
    keeps_the_rules(&a, json);
    golden_compare(folder, "cards.json", golden_lines(&a, json));
    an_arena_free(&a);
}

START_TEST(writes_as_the_golden_files_say)
{
    ck_assert_uint_eq(golden_each("write-", compare_folder), N_SAID);
}
END_TEST

START_TEST(says_the_same_twice)
{
    struct an_arena a, b;

    an_arena_init(&a, 16 << 20);
    an_arena_init(&b, 16 << 20);
    for (size_t i = 0; i < N_SAID; i++) {
        struct an_str one = transaction(&a, said_at(i));
        struct an_str two = transaction(&b, said_at(i));

        ck_assert(an_str_eq(one, two));
    }
    an_arena_free(&a);
    an_arena_free(&b);
}
END_TEST

/* The same answer with every allocation failing once on the way. */
START_TEST(survives_each_failed_allocation)
{
    struct fhir_written out;
    struct an_err err;
    struct an_arena a;

    an_arena_init(&a, 16 << 20);
    for (size_t i = 0; i < N_SAID; i++) {
        const struct said *c = said_at(i);
        enum an_code code = AN_NOMEM;
        struct an_str json;
        long n = 0;

        for (; code == AN_NOMEM && n < 10000; n++) {
            an_arena_reset(&a);
            a.fail_after = n;
            code = fhir_write(&a, &c->settings, &c->who, &c->what, &out, &err);
        }
        ck_assert_int_eq(code, AN_OK);
        ck_assert_int_gt(n, 30);
        for (code = AN_NOMEM, n = 0; code == AN_NOMEM && n < 10000; n++) {
            an_arena_reset(&a);
            a.fail_after = n;
            code = answer(&a, c, &json);
        }
        ck_assert_int_eq(code, AN_OK);
        a.fail_after = -1;
    }
    an_arena_free(&a);
}
END_TEST

/* What fhir/read.h promises: our own words are counted and not believed. */
START_TEST(is_no_evidence_when_it_comes_back)
{
    static const struct fhir_settings settings;
    struct ctx_reading reading;
    struct an_err err;
    struct an_arena a;

    an_arena_init(&a, 16 << 20);
    for (size_t i = 0; i < N_SAID; i++) {
        size_t n_seen = 0;

        ck_assert_int_eq(fhir_read(&a, &settings, transaction(&a, said_at(i)),
                                   &reading, &err),
                         AN_OK);
        for (size_t k = 0; k < reading.n_parts; k++)
            ck_assert_uint_eq(reading.part[k].n_events, 0);
        for (size_t k = 0; k < reading.n_accounts; k++) {
            n_seen += reading.account[k].n_seen;
            ck_assert_uint_eq(reading.account[k].n_used, 0);
        }
        ck_assert_uint_ge(n_seen, 3);
    }
    an_arena_free(&a);
}
END_TEST

Suite *fhir_write_golden_suite(void)
{
    const TTest *const test[] = {
        writes_as_the_golden_files_say, says_the_same_twice,
        survives_each_failed_allocation, is_no_evidence_when_it_comes_back};

    return TEST_SUITE("fhir/write golden", test);
}
