/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/json.h"
#include "fhir/markdown_int.h"
#include "tests/card_rules.h"
#include "tests/fhir_said.h"
#include "tests/suite.h"

#include <string.h>

Suite *fhir_cards_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct an_str answer(const struct said *c, bool silent)
{
    const struct fhir_card_call call = {.hook_instance = AN_STR("h-1"),
                                        .silent = silent};
    struct an_str json = {NULL, 0};
    struct an_err err;

    ck_assert_msg(fhir_cards(&arena, &c->settings, &c->card, &call, &c->who,
                             &c->what, &json, &err) == AN_OK,
                  "%s", err.what);
    return json;
}

static const struct an_json *cards_of(const struct said *c)
{
    const struct an_json *root;

    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  answer(c, false), &root, NULL),
                     AN_OK);
    return an_json_get(root, AN_STR("cards"));
}

static size_t n_characters(struct an_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xC0) != 0x80;
    return n;
}

START_TEST(says_nothing_while_silent)
{
    ck_assert_an_str_eq(answer(said_named("heart"), true), "{\"cards\":[]}");
}
END_TEST

START_TEST(makes_cards_that_a_client_must_take)
{
    const struct said *c = said_at((size_t)_i);
    const struct an_json *root;
    const char *broken;

    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  answer(c, false), &root, NULL),
                     AN_OK);
    broken = card_rule_broken(root);
    ck_assert_msg(broken == NULL, "%s: %s", c->name, broken ? broken : "");
    ck_assert_int_eq(an_json_first(an_json_get(root, AN_STR("cards"))) != NULL,
                     c->what.n_suggestions > 0);
}
END_TEST

/* Each rule is one that can be broken. */
static const struct {
    const char *was, *is;
} spoiled[] = {
    {"\"summary\":\"Ch", "\"summary\":\"\",\"x\":\"Ch"},
    {"\"indicator\":\"info\"", "\"indicator\":\"critical\""},
    {"\"label\":\"Anamnesis", "\"labels\":\"Anamnesis"},
    {"\"selectionBehavior\":\"any\"", "\"x\":\"any\""},
    {"\"description\":", "\"x\":"},
    {"\"type\":\"create\"", "\"type\":\"delete\""},
    {"\"type\":\"create\"", "\"type\":\"order\""},
    {"\"status\":\"draft\"", "\"status\":\"active\""},
    {"\"resourceType\":", "\"x\":"},
    {"\"actions\":", "\"actionSelectionBehavior\":\"all\",\"actions\":"},
    {"\"type\":\"absolute\"", "\"type\":\"absolute\",\"appContext\":\"a\""},
    {"\"url\":\"https://app", "\"url\":\"app"},
    {"\"url\":\"https://hosp", "\"url\":\"hosp"},
    {"\"display\":\"Already known and considered\"", "\"x\":1"},
    {"\"uuid\":", "\"id\":"},
    {"\"uuid\":\"", "\"x\":null,\"uuid\":\""},
    {"{\"cards\":", "{\"systemActions\":[],\"cards\":"},
    {"{\"cards\":", "{\"card\":"},
};

START_TEST(no_rule_is_kept_by_everything)
{
    const struct fhir_card_call call = {.hook_instance = AN_STR("h-1"),
                                        .patient_id = AN_STR("p1")};
    const struct said *c = said_named("orders");
    const struct an_json *root;
    struct an_str json = {NULL, 0}, bad;
    const char *at;
    struct an_buf b;

    ck_assert_int_eq(fhir_cards(&arena, &c->settings, &c->card, &call, &c->who,
                                &c->what, &json, NULL),
                     AN_OK);
    at = strstr(json.p, spoiled[_i].was);
    ck_assert_ptr_nonnull(at);
    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put(&b, an_str_sub(json, 0, (size_t)(at - json.p)));
    an_buf_put_c(&b, spoiled[_i].is);
    an_buf_put_c(&b, at + strlen(spoiled[_i].was));
    ck_assert_int_eq(an_buf_done(&b, &bad, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, json, &root, NULL),
        AN_OK);
    ck_assert_ptr_null(card_rule_broken(root));
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, bad, &root, NULL),
        AN_OK);
    ck_assert_ptr_nonnull(card_rule_broken(root));
}
END_TEST

START_TEST(proposes_a_draft_for_the_calls_patient_alone)
{
    const struct said *c = said_named("orders");
    const struct an_json *card = an_json_first(cards_of(c));

    /* answer() names no patient: there is the card, and nothing to accept. */
    for (; card; card = card->next)
        ck_assert_ptr_null(an_json_get(card, AN_STR("suggestions")));
}
END_TEST

START_TEST(warns_from_the_threshold_on)
{
    const struct an_json *card = an_json_first(cards_of(said_named("heart")));
    struct said calm = *said_named("heart");

    ck_assert_an_str_eq(an_json_text(an_json_get(card, AN_STR("indicator"))),
                        "warning");
    calm.card.p_warning = 0.3;
    card = an_json_first(cards_of(&calm));
    ck_assert_an_str_eq(an_json_text(an_json_get(card, AN_STR("indicator"))),
                        "info");
}
END_TEST

START_TEST(marks_the_summary_of_a_demonstration)
{
    const struct an_json *card = an_json_first(cards_of(said_named("heart")));

    ck_assert(an_str_starts(an_json_text(an_json_get(card, AN_STR("summary"))),
                            AN_STR("[DEMO] ")));
}
END_TEST

START_TEST(keeps_what_is_not_released)
{
    struct said c = *said_named("summary");

    c.what.released = false;
    ck_assert_an_str_eq(answer(&c, false), "{\"cards\":[]}");
}
END_TEST

START_TEST(offers_the_receivers_own_reasons)
{
    static const struct ctx_code reason = {
        AN_STR_INIT("urn:r"), AN_STR_INIT("x"), AN_STR_INIT("Because")};
    struct said c = *said_named("heart");
    const struct an_json *got;

    c.card.override_reason = &reason;
    c.card.n_override_reasons = 1;
    got = an_json_first(
        an_json_get(an_json_first(cards_of(&c)), AN_STR("overrideReasons")));
    ck_assert_ptr_null(got->next);
    ck_assert_an_str_eq(an_json_text(an_json_get(got, AN_STR("display"))),
                        "Because");
}
END_TEST

/* ---- text ------------------------------------------------------------------------ */

static const struct {
    const char *in, *out;
} texts[] = {
    {"plain 2.1 mg/dL (0.6-1.1), 5 %", "plain 2.1 mg/dL (0.6-1.1), 5 %"},
    {"*a* _b_ `c` ~d~", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~"},
    {"[x](y) ![z]", "\\[x\\](y) \\!\\[z\\]"},
    {"<b>&amp;</b>", "\\<b\\>\\&amp;\\</b\\>"},
    {"1. one", "1\\. one"},
    {"12) two", "12\\) two"},
    {"2.1 mg", "2.1 mg"},
    {"- item", "\\- item"},
    {"+ item", "\\+ item"},
    {"===", "\\==="},
    {"# h | t", "\\# h \\| t"},
    {"http://x www.y WWW.z a@b", "http\\://x www\\.y WWW\\.z a\\@b"},
    {"mailto:x", "mailto\\:x"},
    {"a:b", "a:b"},
    {"two\r\nlines\x01", "two  lines "},
    {"\\", "\\\\"},
};

START_TEST(escapes_what_could_mark_up)
{
    struct an_str got;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 10);
    fhir_markdown_put(&b, an_str_c(texts[_i].in));
    ck_assert_int_eq(an_buf_done(&b, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got, texts[_i].out);
}
END_TEST

#define MARK "\342\200\246"

static const struct {
    const char *text, *title;
    size_t limit;
    const char *out;
} summaries[] = {
    {"It fits.", "T", 8, "It fits."},
    {"It fits. More is said.", "T", 12, "It fits."},
    {"1.5 of 2. No", "T", 9, "1.5 of 2."},
    {"Does not fit.", "Title", 8, "Title"},
    {"Does not fit.", "A long title", 8, "A long" MARK},
    {"Does not fit.", "Alongtitle", 8, "Alongti" MARK},
    {"Does not fit.", "\303\251\303\251\303\251\303\251", 4,
     "\303\251\303\251\303\251\303\251"},
    {"Does not fit.", "\303\251\303\251\303\251\303\251", 3,
     "\303\251\303\251" MARK},
    {"First line\nsecond line", "T", 12, "First line"},
    {"A\nB", "T", 3, "A"},
    {"A\tB", "T", 3, "A B"},
};

START_TEST(cuts_a_summary_at_a_sentence_or_says_the_title)
{
    struct an_str got;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 10);
    fhir_summary_put(&b, an_str_c(summaries[_i].text),
                     an_str_c(summaries[_i].title), summaries[_i].limit);
    ck_assert_int_eq(an_buf_done(&b, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got, summaries[_i].out);
    ck_assert_uint_le(n_characters(got), summaries[_i].limit);
}
END_TEST

#define LOOP(tc, test, n) tcase_add_loop_test(tc, test, 0, n)
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

Suite *fhir_cards_suite(void)
{
    const TTest *const test[] = {says_nothing_while_silent,
                                 warns_from_the_threshold_on,
                                 marks_the_summary_of_a_demonstration,
                                 keeps_what_is_not_released,
                                 offers_the_receivers_own_reasons,
                                 proposes_a_draft_for_the_calls_patient_alone};
    Suite *s = suite_create("fhir/cards");
    TCase *tc = tcase_create("fhir/cards");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < ROWS(test); i++)
        tcase_add_test(tc, test[i]);
    LOOP(tc, makes_cards_that_a_client_must_take, N_SAID);
    LOOP(tc, no_rule_is_kept_by_everything, ROWS(spoiled));
    LOOP(tc, escapes_what_could_mark_up, ROWS(texts));
    LOOP(tc, cuts_a_summary_at_a_sentence_or_says_the_title, ROWS(summaries));
    suite_add_tcase(s, tc);
    return s;
}
