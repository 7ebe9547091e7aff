/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/signed.h"

#include "base/hash.h"
#include "tests/fhir_said.h"
#include "tests/suite.h"

#include <string.h>

Suite *fhir_signed_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* ---- the bytes ----------------------------------------------------------------------- */

static const struct {
    const char *in, *out;
} canonical[] = {
    {"{}", "{}"},
    {" { \"b\" : 1.50 , \"a\" : [ true , null , {} ] } ",
     "{\"a\":[true,null,{}],\"b\":1.50}"},
    {"{\"text\":{\"div\":\"x\"},\"meta\":{\"versionId\":\"2\"},\"id\":\"1\"}",
     "{\"id\":\"1\"}"},
    /* Of the resource alone. */
    {"{\"note\":[{\"text\":\"x\",\"meta\":1}]}",
     "{\"note\":[{\"meta\":1,\"text\":\"x\"}]}"},
    {"{\"subject\":{\"reference\":\"Patient?identifier=a|b\",\"identifier\":"
     "{\"value\":\"b\",\"system\":\"a\"}}}",
     "{\"subject\":{\"identifier\":{\"system\":\"a\",\"value\":\"b\"}}}"},
    {"{\"subject\":{\"reference\":\"Patient/1\"}}",
     "{\"subject\":{\"reference\":\"Patient/1\"}}"},
    {"{\"a\":\"\\u00e9 \\/ \\\" \\\\ \\n \\u0001 <&\"}",
     "{\"a\":\"\303\251 / \\\" \\\\ \\n \\u0001 <&\"}"},
    {"{\"n\":1e-3,\"B\":0,\"a\":-0.0}", "{\"B\":0,\"a\":-0.0,\"n\":1e-3}"},
};

START_TEST(has_one_form_for_one_content)
{
    struct an_str in = an_str_c(canonical[_i].in), out;

    ck_assert_int_eq(fhir_signed_bytes(&arena, &in, 1, &out, NULL), AN_OK);
    ck_assert_an_str_eq(out, canonical[_i].out);
    /* It is its own form. */
    in = out;
    ck_assert_int_eq(fhir_signed_bytes(&arena, &in, 1, &out, NULL), AN_OK);
    ck_assert_an_str_eq(out, canonical[_i].out);
}
END_TEST

START_TEST(puts_a_line_feed_between_two)
{
    const struct an_str in[] = {AN_STR("{\"b\":1}"), AN_STR("{\"a\":2}")};
    struct an_str out;

    ck_assert_int_eq(fhir_signed_bytes(&arena, in, 2, &out, NULL), AN_OK);
    ck_assert_an_str_eq(out, "{\"b\":1}\n{\"a\":2}");
}
END_TEST

/* ---- what a Bundle holds --------------------------------------------------------------- */

static struct an_str transaction(void)
{
    const struct said *c = said_named("signed");
    struct fhir_written out;

    ck_assert_int_eq(
        fhir_write(&arena, &c->settings, &c->who, &c->what, &out, NULL), AN_OK);
    return out.json;
}

static bool is_right(const struct fhir_signature *f)
{
    char hex[AN_SHA256_HEX + 1];
    struct an_sha256 sha;
    struct an_str got = f->jws;

    ck_assert_int_eq(an_sha256(f->bytes, &sha, NULL), AN_OK);
    an_hex_print(sha.b, sizeof(sha.b), hex);
    ck_assert(an_str_starts(got, AN_STR(SAID_HEADER "..")));
    return an_str_eq(an_str_sub(got, sizeof(SAID_HEADER) + 1, got.n),
                     an_str_c(hex));
}

/* Where the first `part` begins. */
static const char *find(const char *text, size_t n, const char *part)
{
    size_t m = strlen(part);

    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(text + i, part, m) == 0)
            return text + i;
    ck_abort_msg("no %s", part);
    return NULL;
}

static const struct fhir_signature *only(struct an_str bundle)
{
    const struct fhir_signature *found = NULL;
    struct an_err err;
    size_t n = 0;

    ck_assert_msg(fhir_signatures_read(&arena, bundle, &found, &n, &err) ==
                      AN_OK,
                  "%s", err.what);
    ck_assert_uint_eq(n, 1);
    return found;
}

START_TEST(finds_what_was_signed)
{
    const struct fhir_signature *f = only(transaction());

    ck_assert_uint_eq(f->n_targets, 2); /* the risk and its Flag */
    ck_assert_uint_eq(f->provenance.n, 36);
    ck_assert(is_right(f));
}
END_TEST

/* What a server does with what it is sent, and what nobody may do. */
static const struct {
    const char *was, *is;
    bool right;
} changes[] = {
    {"Patient?identifier=urn:oid:2.999.1.1|PEER-1", "Patient/peer-patient",
     true},
    {"<div xmlns=", "<div  xmln=", true},
    {"\"code\":\"AIAST\"", "\"code\":\"AIRPT\"", true},
    {"\"probabilityDecimal\":0.2340", "\"probabilityDecimal\":0.0234", false},
    {"\"status\":\"preliminary\"", "\"status\":\"finalfinal.\"", false},
    {"\"value\":\"PEER-1\"", "\"value\":\"PEER-2\"", false},
};

START_TEST(holds_on_to_what_is_said_and_of_whom)
{
    const char *was = changes[_i].was, *is = changes[_i].is;
    struct an_str json = transaction();
    size_t n = json.n + strlen(is), before;
    char *text = an_arena_get(&arena, n, 1);
    const char *place;

    ck_assert_ptr_nonnull(text);
    memcpy(text, json.p, json.n);
    place = find(text, json.n, was); /* the first one is the risk's */
    before = (size_t)(place - text);
    memcpy(text + before, is, strlen(is));
    memcpy(text + before + strlen(is), json.p + before + strlen(was),
           json.n - before - strlen(was));
    json.n = json.n - strlen(was) + strlen(is);
    ck_assert_int_eq(is_right(only((struct an_str){text, json.n})),
                     changes[_i].right);
}
END_TEST

static const struct {
    const char *bundle;
    enum an_code code;
} refused[] = {
    {"{", AN_SYNTAX},
    {"{\"resourceType\":\"Flag\"}", AN_SYNTAX},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Provenance\",\"target\":[{\"reference\":\"Flag/1\"}],\"signature\":[{"
     "\"data\":\"YQ==\"}]}}]}",
     AN_MISSING},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Flag\",\"id\":\"11\"}},{\"resource\":{\"resourceType\":\"Provenance\","
     "\"target\":[{\"reference\":\"Flag/1\"}],\"signature\":[{\"data\":\"YQ==\""
     "}]}}]}",
     AN_MISSING},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Flag\",\"id\":\"1\"}},{\"resource\":{\"resourceType\":\"Provenance\","
     "\"target\":[{\"reference\":\"https://h/Flag/1\"}],\"signature\":[{"
     "\"data\":\"Y\"}]}}]}",
     AN_SYNTAX},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Flag\",\"id\":\"1\"}},{\"resource\":{\"resourceType\":\"Provenance\","
     "\"target\":[{\"reference\":\"https://h/Flag/1\"}],\"signature\":[{"
     "\"data\":\"YQ==\"}]}}]}",
     AN_OK},
    {"{\"resourceType\":\"Bundle\"}", AN_OK},
};

START_TEST(says_what_it_cannot_find)
{
    const struct fhir_signature *found = NULL;
    size_t n = 0;

    ck_assert_int_eq(fhir_signatures_read(&arena, an_str_c(refused[_i].bundle),
                                          &found, &n, NULL),
                     refused[_i].code);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_str json = transaction(), kept;
    const struct fhir_signature *found = NULL;
    enum an_code code = AN_NOMEM;
    struct an_arena other;
    size_t n = 0;
    long left = 0;

    an_arena_init(&other, 16 << 20);
    ck_assert(an_arena_str(&arena, json, &kept));
    for (; code == AN_NOMEM && left < 10000; left++) {
        an_arena_reset(&other);
        other.fail_after = left;
        code = fhir_signatures_read(&other, kept, &found, &n, NULL);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(left, 10);
    other.fail_after = -1;
    an_arena_free(&other);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

Suite *fhir_signed_suite(void)
{
    Suite *s = suite_create("fhir/signed");
    TCase *tc = tcase_create("fhir/signed");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, puts_a_line_feed_between_two);
    tcase_add_test(tc, finds_what_was_signed);
    tcase_add_test(tc, survives_each_failed_allocation);
    LOOP(tc, has_one_form_for_one_content, canonical);
    LOOP(tc, holds_on_to_what_is_said_and_of_whom, changes);
    LOOP(tc, says_what_it_cannot_find, refused);
    suite_add_tcase(s, tc);
    return s;
}
