/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/code.h"
#include "advice/sets.h"
#include "tests/advice_case.h"
#include "tests/suite.h"

Suite *advice_code_suite(void);

#define SNOMED "http://snomed.info/sct"
#define ICD "http://hl7.org/fhir/sid/icd-10-cm"
#define WHO "http://hl7.org/fhir/sid/icd-10"

static struct ctx_code code_of(const char *system, const char *code)
{
    return (struct ctx_code){an_str_c(system), an_str_c(code), AN_STR("")};
}

START_TEST(a_rule_matches_its_codes_and_no_others)
{
    static const struct {
        enum adv_system system;
        bool prefix;
        const char *rule, *system_of_code, *code;
        bool matches;
    } cases[] = {
        {ADV_SYSTEM_ICD10, true, "I50", ICD, "I50.9", true},
        {ADV_SYSTEM_ICD10, true, "I50", ICD, "I509", true},
        {ADV_SYSTEM_ICD10, true, "I50", WHO, "i50.1", true},
        {ADV_SYSTEM_ICD10, true, "I50", ICD, "I5", false},
        {ADV_SYSTEM_ICD10, true, "I50", ICD, "I51.0", false},
        {ADV_SYSTEM_ICD10, true, "I50", SNOMED, "I50.9", false},
        {ADV_SYSTEM_ICD10, false, "I252", ICD, "I25.2", true},
        {ADV_SYSTEM_ICD10, false, "I252", ICD, "I25.21", false},
        {ADV_SYSTEM_SNOMED, false, "38341003", SNOMED, "38341003", true},
        {ADV_SYSTEM_SNOMED, false, "38341003", SNOMED, "383410031", false},
        {ADV_SYSTEM_SNOMED, false, "38341003", "urn:id:X", "38341003", false},
        {ADV_SYSTEM_CLASS, false, "IMP",
         "http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP", true},
        {ADV_SYSTEM_CLASS, false, "I",
         "http://terminology.hl7.org/CodeSystem/v2-0004", "I", true},
        {ADV_SYSTEM_SNOMED, true, "", SNOMED, "", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct adv_code_rule rule = {
            .system = (uint8_t)cases[i].system,
            .prefix = cases[i].prefix,
            .code = an_str_c(cases[i].rule),
        };
        struct ctx_code code = code_of(cases[i].system_of_code, cases[i].code);

        ck_assert_msg(adv_code_matches(&rule, &code) == cases[i].matches,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(a_local_system_is_known_by_its_uri)
{
    const struct adv_code_rule rule = {.uri = AN_STR("urn:id:LAB"),
                                       .code = AN_STR("CREA")};
    struct ctx_code here = code_of("urn:id:LAB", "CREA");
    struct ctx_code there = code_of("urn:id:OTHER", "CREA");

    ck_assert(adv_code_matches(&rule, &here));
    ck_assert(!adv_code_matches(&rule, &there));
}
END_TEST

START_TEST(an_alias_counts_as_the_code)
{
    const struct adv_code_rule rule = {.system = ADV_SYSTEM_SNOMED,
                                       .code = AN_STR("84114007")};
    const struct ctx_code alias[] = {code_of(ICD, "I50.9"),
                                     code_of(SNOMED, "84114007")};
    const struct ctx_event e = {.kind = CTX_CONDITION,
                                .concept = code_of("urn:id:X", "HF"),
                                .alias = alias,
                                .n_aliases = 2};

    ck_assert(adv_event_matches(&rule, 1, &e));
    ck_assert(adv_sets_of(&e) & ADV_SET(HEART_FAILURE));
    ck_assert(adv_sets_of(&e) & ADV_SET(CHARLSON_HEART_FAILURE));
}
END_TEST

/* Every row of the table works, and every set that the code knows has rows:
 * a misspelt set name would silently count nothing. */
START_TEST(every_row_of_the_concept_sets_counts)
{
    static const char *const names[] = {
#define X(name, text) text,
        ADV_SETS(X)
#undef X
    };
    struct an_str text, line, system, code, set;
    uint32_t seen = 0;
    struct an_arena a;
    size_t n = 0;

    an_arena_init(&a, 8 << 20);
    text = advice_case_file(&a, "config/tables/concept-sets.tsv");
    while (text.n && an_str_cut(&text, '\n', &line)) {
        unsigned i = 0;
        struct ctx_code c;

        if (line.n == 0 || line.p[0] == '#')
            continue;
        ck_assert(an_str_cut(&line, '\t', &system));
        ck_assert(an_str_cut(&line, '\t', &code));
        ck_assert(an_str_cut(&line, '\t', &set));
        while (i < ADV_N_SETS && !an_str_eq(set, an_str_c(names[i])))
            i++;
        ck_assert_msg(i < ADV_N_SETS, "%.*s", AN_STR_ARG(set));
        if (an_str_ends(code, AN_STR("*")))
            code.n--;
        c = (struct ctx_code){system, code, AN_STR("")};
        ck_assert_msg(adv_sets_of_code(&c) & (UINT32_C(1) << i), "%.*s",
                      AN_STR_ARG(code));
        seen |= UINT32_C(1) << i;
        n++;
    }
    ck_assert_uint_gt(n, 300);
    ck_assert_uint_eq(seen, (UINT32_C(1) << ADV_N_SETS) - 1);
    an_arena_free(&a);
}
END_TEST

START_TEST(sets_know_longer_codes_and_ignore_strange_ones)
{
    static const struct {
        const char *system, *code;
        uint32_t sets;
    } cases[] = {
        {ICD, "E11.65", ADV_SET(DIABETES) | ADV_SET(CHARLSON_DIABETES)},
        {ICD, "E11.22",
         ADV_SET(DIABETES) | ADV_SET(CHARLSON_DIABETES_COMPLICATED)},
        {ICD, "I10", ADV_SET(HYPERTENSION)},
        {ICD, "R05", 0},
        {ICD, "", 0},
        {ICD, "E", 0},
        {ICD, "E11.223456789012345678901234567890123456789",
         ADV_SET(DIABETES) | ADV_SET(CHARLSON_DIABETES_COMPLICATED)},
        {"urn:id:X", "I10", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_code c = code_of(cases[i].system, cases[i].code);

        ck_assert_msg(adv_sets_of_code(&c) == cases[i].sets, "%s: %x",
                      cases[i].code, adv_sets_of_code(&c));
    }
}
END_TEST

Suite *advice_code_suite(void)
{
    const TTest *const test[] = {
        a_rule_matches_its_codes_and_no_others,
        a_local_system_is_known_by_its_uri, an_alias_counts_as_the_code,
        every_row_of_the_concept_sets_counts,
        sets_know_longer_codes_and_ignore_strange_ones};

    return TEST_SUITE("advice/code", test);
}
