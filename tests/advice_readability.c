/* SPDX-License-Identifier: Apache-2.0 */
/* The patient's summary is as easy to read as we claim.
 *
 * What is measured: the text as rendered, whole, names of tests, problems and
 * medicines, month names and headings included; each line is a sentence at
 * least.  Numbers and codes with digits are no words (tests/readability.h).
 * Because short list lines are kind to the formulas, the prose alone (lines
 * that are no list items) is held to the same bound. */
#include "tests/advice_case.h"
#include "tests/readability.h"
#include "tests/suite.h"

#include <math.h>

Suite *advice_readability_suite(void);

static struct an_arena arena;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
}

#define ck_assert_near(got, want)                                              \
    ck_assert_msg(fabs((got) - (want)) < 0.0051, "%g, want %g", got, want)

START_TEST(formulas_give_the_published_numbers)
{
    const struct readability en = {
        .words = 100, .sentences = 8, .syllables = 130};
    const struct readability es = {
        .words = 100, .sentences = 8, .syllables = 190};
    const struct readability s30 = {.sentences = 30, .polysyllables = 30};
    const struct readability s10 = {.sentences = 10, .polysyllables = 12};

    ck_assert_near(readability_fk_grade(&en), 4.625);
    ck_assert_near(readability_flesch(&en), 84.1675);
    ck_assert_near(readability_smog(&s30), 8.8418);
    ck_assert_near(readability_smog(&s10), 9.3871);
    ck_assert_near(readability_fernandez_huerta(&es), 80.09);
    ck_assert_near(readability_inflesz(&es), 75.965);
}
END_TEST

START_TEST(counts_syllables_as_people_do)
{
    static const struct {
        const char *word;
        unsigned en, es;
    } cases[] = {
        {"record", 2, 0},     {"used", 1, 0},      {"tests", 1, 0},
        {"table", 2, 0},      {"wanted", 2, 0},    {"usual", 2, 0},
        {"range", 1, 0},      {"emergency", 4, 0}, {"change", 1, 0},
        {"people", 2, 0},     {"diabetes", 4, 3},  {"pressure", 2, 0},
        {"salud", 0, 2},      {"presión", 0, 2},   {"día", 0, 2},
        {"riñón", 0, 2},      {"azúcar", 0, 3},    {"que", 0, 1},
        {"emergencia", 0, 4}, {"qué", 0, 1},       {"medicina", 0, 4},
        {"corazón", 0, 3},    {"ahora", 0, 3},     {"hoy", 0, 1},
        {"guía", 0, 2},       {"antiguo", 0, 3},   {"línea", 0, 3},
        {"oír", 0, 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str w = an_str_c(cases[i].word);

        if (cases[i].en)
            ck_assert_msg(readability_syllables_en(w) == cases[i].en,
                          "en %s: %u", cases[i].word,
                          readability_syllables_en(w));
        if (cases[i].es)
            ck_assert_msg(readability_syllables_es(w) == cases[i].es,
                          "es %s: %u", cases[i].word,
                          readability_syllables_es(w));
    }
}
END_TEST

START_TEST(counts_words_and_sentences)
{
    struct readability r = readability_count(
        AN_STR("Your sugar: 7.1 % on May 2, 2024. This is high!\n\n- Ask us"),
        readability_syllables_en);

    ck_assert_uint_eq(r.words, 9); /* Your sugar on May This is high Ask us */
    ck_assert_uint_eq(r.sentences, 3);
    ck_assert_uint_eq(r.syllables, 10);
    ck_assert_uint_eq(r.longest_sentence, 4);
}
END_TEST

/* Lines that are not list items. */
static struct an_str prose(struct an_str text)
{
    char *p = an_arena_get(&arena, text.n + 1, 1);
    struct an_str out = {p, 0}, line;

    ck_assert_ptr_nonnull(p);
    while (text.n && an_str_cut(&text, '\n', &line)) {
        if (an_str_starts(line, AN_STR("- ")))
            continue;
        for (size_t i = 0; i < line.n; i++)
            p[out.n++] = line.p[i];
        p[out.n++] = '\n';
    }
    return out;
}

static struct an_str summary_of(const char *name, const char *language)
{
    static struct advice_case c;
    static const struct adv_knowledge none = {NULL, 0};
    struct adv_options options = {.language = an_str_c(language),
                                  .audience = CTX_FOR_PATIENT};
    const struct ctx_suggestion *s;
    struct an_err err;
    size_t n;

    advice_case_read(&arena, name, &c);
    options.now = c.now;
    ck_assert_int_eq(
        adv_suggest(&arena, &none, &c.timeline, NULL, &options, &s, &n, &err),
        AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(s->kind, CTX_SUGGEST_SUMMARY);
    return s->statement;
}

static const char *const with_summary[] = {"heart", "sugar", "stay", "gaps"};

START_TEST(english_summaries_are_for_sixth_grade_or_lower)
{
    struct an_str text = summary_of(with_summary[_i], "en");
    struct readability all = readability_count(text, readability_syllables_en);
    struct readability own =
        readability_count(prose(text), readability_syllables_en);

    ck_assert_uint_gt(own.words, 40);
    ck_assert_msg(readability_fk_grade(&all) <= 6.0, "%s whole: grade %.2f",
                  with_summary[_i], readability_fk_grade(&all));
    ck_assert_msg(readability_fk_grade(&own) <= 6.0, "%s prose: grade %.2f",
                  with_summary[_i], readability_fk_grade(&own));
    ck_assert_uint_lt(all.longest_sentence, 15);
}
END_TEST

START_TEST(spanish_summaries_are_fairly_easy)
{
    struct an_str text = summary_of(with_summary[_i], "es");
    struct readability all = readability_count(text, readability_syllables_es);
    struct readability own =
        readability_count(prose(text), readability_syllables_es);

    ck_assert_uint_gt(own.words, 40);
    ck_assert_msg(readability_inflesz(&all) >= 65.0, "%s whole: %.2f",
                  with_summary[_i], readability_inflesz(&all));
    ck_assert_msg(readability_inflesz(&own) >= 65.0, "%s prose: %.2f",
                  with_summary[_i], readability_inflesz(&own));
    ck_assert_uint_lt(all.longest_sentence, 15);
}
END_TEST

Suite *advice_readability_suite(void)
{
    Suite *s = suite_create("advice_readability");
    TCase *tc = tcase_create("advice_readability");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, formulas_give_the_published_numbers);
    tcase_add_test(tc, counts_syllables_as_people_do);
    tcase_add_test(tc, counts_words_and_sentences);
    tcase_add_loop_test(tc, english_summaries_are_for_sixth_grade_or_lower, 0,
                        4);
    tcase_add_loop_test(tc, spanish_summaries_are_fairly_easy, 0, 4);
    suite_add_tcase(s, tc);
    return s;
}
