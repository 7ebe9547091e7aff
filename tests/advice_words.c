/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/words.h"
#include "tests/suite.h"

#include <string.h>

Suite *advice_words_suite(void);

static struct an_arena arena;
static struct adv_words w;
static struct an_err err;

static void setup(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    adv_words_close(&w);
    an_arena_free(&arena);
}

static void open_words(const char *language)
{
    adv_words_close(&w);
    ck_assert_int_eq(adv_words_open(&w, &arena, an_str_c(language), &err),
                     AN_OK);
}

START_TEST(knows_its_languages_and_says_which_are_drafts)
{
    static const struct {
        const char *asked, *spoken;
        bool draft;
    } cases[] = {
        {"en", "en", false},      {"en-US", "en-US", false}, {"es", "es", true},
        {"es-US", "es-US", true}, {"est", "en", false},      {"", "en", false},
        {"vi", "en", false},      {"e", "en", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_words(cases[i].asked);
        ck_assert_an_str_eq(w.language, cases[i].spoken);
        ck_assert_msg(w.draft == cases[i].draft, "%s", cases[i].asked);
    }
}
END_TEST

/* Each sentence of each language can be said, with no part left out. */
START_TEST(every_sentence_can_be_said)
{
    const struct adv_args args = {.text = {AN_STR("T0"), AN_STR("T1"),
                                           AN_STR("T2"), AN_STR("T3"),
                                           AN_STR("T4"), AN_STR("T5")},
                                  .number = {3, 4, 5, 6, 7, 8}};

    for (size_t i = 0; i < adv_n_languages(); i++) {
        struct an_str tag = adv_language(i);

        adv_words_close(&w);
        ck_assert_int_eq(adv_words_open(&w, &arena, tag, &err), AN_OK);
        for (unsigned key = 0; key < ADV_N_SAYS; key++) {
            struct an_str s = adv_say(&w, (enum adv_say)key, &args);

            ck_assert_msg(w.code == AN_OK && s.n > 0, "%u", key);
            ck_assert_msg(!memchr(s.p, '{', s.n), "%.*s", AN_STR_ARG(s));
            ck_assert_msg(w.pattern[key].n > 0, "no text for key %u", key);
        }
    }
    ck_assert_uint_ge(adv_n_languages(), 2);
}
END_TEST

START_TEST(counts_by_the_rules_of_the_language)
{
    static const struct {
        const char *language;
        double n;
        const char *sentence;
    } cases[] = {
        {"en", 0, "There are 0 more."},
        {"en", 1, "There is 1 more."},
        {"en", 2, "There are 2 more."},
        {"en", 1234, "There are 1,234 more."},
        {"es", 1, "Hay 1 m\303\241s."},
        {"es-ES", 12345, "Hay 12.345 m\303\241s."},
        {"es", 12345, "Hay 12,345 m\303\241s."},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct adv_args args = {.number = {cases[i].n}};

        open_words(cases[i].language);
        ck_assert_an_str_eq(adv_say(&w, ADV_SAY_SUMMARY_MORE, &args),
                            cases[i].sentence);
    }
}
END_TEST

START_TEST(says_dates_no_finer_than_they_were_said)
{
    static const struct {
        const char *language, *time, *date;
    } cases[] = {
        {"en", "2024-03-05", "March 5, 2024"},
        {"en", "2024-03-05T23:30:00-05:00", "March 5, 2024"},
        {"en", "2024-03-05T00:30:00+14:00", "March 5, 2024"},
        {"en", "2024-03", "March 2024"},
        {"en", "2024", "2024"},
        {"es", "2024-03-05", "5 de marzo de 2024"},
        {"es", "2024-03", "marzo de 2024"},
        {"en", "1900-01-01", "January 1, 1900"},
        {"en", "", ""},
    };
    static const struct an_zone zone = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_time t;

        an_time_fhir(an_str_c(cases[i].time), &zone, &t);
        open_words(cases[i].language);
        ck_assert_an_str_eq(adv_say_date(&w, t), cases[i].date);
    }
}
END_TEST

START_TEST(texts_go_in_as_they_are)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{0} 'x' {1, plural}", "{0} 'x' {1, plural} or more"},
        {"\303\261", "\303\261 or more"},
        {"a\377b", "a\357\277\275b or more"},
        {"\360\237\246\264", "\360\237\246\264 or more"},
    };

    open_words("en");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct adv_args args = {.text = {an_str_c(cases[i].in)}};

        ck_assert_an_str_eq(adv_say(&w, ADV_SAY_SUMMARY_FROM, &args),
                            cases[i].out);
    }
}
END_TEST

START_TEST(a_sentence_too_long_marks_the_words_for_good)
{
    char *text = an_arena_get(&arena, 5000, 1);
    struct adv_args args = {.text = {{text, 5000}}};

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 5000);
    open_words("en");
    ck_assert_uint_eq(adv_say(&w, ADV_SAY_SUMMARY_FROM, &args).n, 0);
    ck_assert_int_eq(adv_words_done(&w, &err), AN_LIMIT);
    args.text[0] = AN_STR("x");
    ck_assert_uint_eq(adv_say(&w, ADV_SAY_SUMMARY_FROM, &args).n, 0);
    ck_assert_int_eq(adv_words_done(&w, &err), AN_LIMIT);
}
END_TEST

Suite *advice_words_suite(void)
{
    Suite *s = suite_create("advice/words");
    TCase *tc = tcase_create("advice/words");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, knows_its_languages_and_says_which_are_drafts);
    tcase_add_test(tc, every_sentence_can_be_said);
    tcase_add_test(tc, counts_by_the_rules_of_the_language);
    tcase_add_test(tc, says_dates_no_finer_than_they_were_said);
    tcase_add_test(tc, texts_go_in_as_they_are);
    tcase_add_test(tc, a_sentence_too_long_marks_the_words_for_good);
    suite_add_tcase(s, tc);
    return s;
}
