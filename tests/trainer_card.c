/* SPDX-License-Identifier: Apache-2.0 */
/* What a package says of itself: the 31 source attributes, the card for people
 * and the one for programs, and that neither says what nobody knows. */
#include "tests/judged.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "tests/xml_read.h"
#include "trainer/package/card.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *trainer_card_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, (size_t)512 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static bool holds(struct an_str all, const char *part)
{
    return xml_find(all, part, 0) < all.n;
}

/* ---- what people say ------------------------------------------------------- */

START_TEST(every_key_is_read_and_none_has_to_be_there)
{
    struct tr_card_said said;

    for (int i = 0; i < TR_N_CARD_KEYS; i++) {
        char text[128];

        snprintf(text, sizeof(text), "%s: ' says so '\n", tr_card_key_name[i]);
        ck_assert_int_eq(
            tr_card_said_read(&arena, an_str_c(text), "c.yaml", &said, NULL),
            AN_OK);
        for (int k = 0; k < TR_N_CARD_KEYS; k++)
            ck_assert(an_str_eq(said.text[k],
                                k == i ? AN_STR("says so") : AN_STR("")));
        ck_assert(tr_card_key_help[i][0] != '\0');
    }
    ck_assert_int_eq(tr_card_said_read(&arena, AN_STR("users: ~\n# nothing\n"),
                                       "c.yaml", &said, NULL),
                     AN_OK);
    ck_assert_uint_eq(said.text[TR_SAID_users].n, 0);
    ck_assert_int_eq(
        tr_card_said_read(&arena, AN_STR(""), "c.yaml", &said, NULL), AN_OK);
}
END_TEST

START_TEST(a_wrong_card_file_is_refused_with_its_place)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"developer: x\nfundign: y\n",
         "c.yaml:2:1: unknown key; did you mean \"funding\"?"},
        {"intendeduse: y\n",
         "c.yaml:1:1: unknown key; did you mean \"intended_use\"?"},
        {"zzzzzzzz: y\n", "c.yaml:1:1: unknown key"},
        {"users:\n  - a\n", "c.yaml:2:3: expected a text"},
        {"- a\n", "c.yaml:1:1: expected keys and texts"},
        {"users: a\nusers: b\n", "c.yaml:2:1:"},
        {"users: [\n", "c.yaml:2:1:"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct tr_card_said said;
        struct an_err err;
        char text[256];

        ck_assert_int_ne(tr_card_said_read(&arena, an_str_c(wrong[i].text),
                                           "c.yaml", &said, &err),
                         AN_OK);
        an_err_print(&err, text, sizeof(text));
        ck_assert_msg(an_str_starts(an_str_c(text), an_str_c(wrong[i].error)),
                      "%s", text);
    }
}
END_TEST

/* ---- groups ---------------------------------------------------------------- */

START_TEST(no_small_count_can_be_told_from_the_others)
{
    struct test_random r = {11};

    for (int round = 0; round < 2000; round++) {
        size_t count[5], n = 2 + (size_t)(test_uniform(&r) * 4), hidden_sum = 0,
                         n_hidden = 0;
        bool hidden[5];

        for (size_t i = 0; i < n; i++)
            count[i] = (size_t)(test_uniform(&r) * test_uniform(&r) * 40);
        tr_counts_hide(count, n, hidden);
        for (size_t i = 0; i < n; i++) {
            ck_assert(hidden[i] || count[i] == 0 || count[i] >= TR_SMALL_COUNT);
            ck_assert(!hidden[i] || count[i] > 0);
            n_hidden += hidden[i];
            hidden_sum += hidden[i] ? count[i] : 0;
        }
        /* The sum of what is hidden is known: it must not be one number, but
         * where nobody else is there at all. */
        if (n_hidden == 1)
            for (size_t i = 0; i < n; i++)
                ck_assert(hidden[i] ? count[i] == hidden_sum : count[i] == 0);
    }
}
END_TEST

/* ---- a card of a truthful model -------------------------------------------- */

struct scene {
    struct judged j;
    struct tr_judgement judgement;
    struct tr_fitted fitted;
    struct tr_data data;
    struct tr_package_how how;
    struct rt_support support;
    struct tr_card card;
};

/* Of each three people one is 20, one 50 and one 70 years old. */
static const double ages_years[3] = {20, 50, 70};

static void spread_ages(struct scene *s)
{
    struct tr_cohort *c = &s->data.cohort;
    struct rt_position *p =
        an_arena_get(&s->j.arena, c->n_positions, sizeof(*p));

    ck_assert_ptr_nonnull(p);
    memcpy(p, c->position, c->n_positions * sizeof(*p));
    for (size_t i = 0; i < c->n_patients; i++)
        for (uint32_t k = 0; k < c->patient[i].n_positions; k++)
            p[c->patient[i].first_position + k].age_days =
                (float)(ages_years[c->patient[i].key % 3] * 365.25 + 10 + k);
    c->position = p;
}

static void begin(struct scene *s, size_t n_test)
{
    const struct judged_how how = {.n = {60, 400, n_test}, .end_days = 2000};

    *s = (struct scene){.how = {.name = AN_STR("m<1>"),
                                .version = AN_STR("2 & 3"),
                                .source = AN_STR("A source."),
                                .limits = {.max_age_years = 100,
                                           .min_positions = 3,
                                           .max_unknown_share = 0.5}}};
    judged_judge(&s->j, &how, &s->judgement);
    ck_assert_int_eq(
        tr_data_open(&s->data, &s->j.arena, s->j.folder.path, NULL), AN_OK);
    ck_assert_int_eq(tr_fitted_open(&s->fitted, &s->j.arena, s->j.folder.path,
                                    &s->data, NULL),
                     AN_OK);
    spread_ages(s);
}

static void make(struct scene *s)
{
    ck_assert_int_eq(tr_card_make(&s->card, &s->j.arena, &s->data, &s->fitted,
                                  &s->judgement, &s->how, &s->support, NULL),
                     AN_OK);
}

static void end(struct scene *s)
{
    tr_fitted_close(&s->fitted);
    tr_data_close(&s->data);
    judged_end(&s->j);
}

/* Concordant pairs, counted one by one. */
static double naive_auroc(const struct scene *s, size_t column, uint64_t rest)
{
    const struct tr_predicted *p = &s->judgement.test;
    const struct tr_cohort *c = &s->data.cohort;
    double good = 0, pairs = 0;
    uint64_t *key = an_arena_get(&arena, c->n_queries, sizeof(*key));

    ck_assert_ptr_nonnull(key);
    for (size_t i = 0; i < c->n_patients; i++)
        for (uint32_t q = 0; q < c->patient[i].n_queries; q++)
            key[c->patient[i].first_query + q] = c->patient[i].key;
    for (size_t a = 0; a < p->n; a++)
        for (size_t b = 0; b < p->n; b++) {
            const size_t at = a * p->n_columns + column,
                         bt = b * p->n_columns + column;

            if (key[p->row[a]] % 3 != rest || key[p->row[b]] % 3 != rest ||
                p->answer_qc[at] != TR_YES || p->answer_qc[bt] != TR_NO)
                continue;
            pairs++;
            good += p->p_qc[at] > p->p_qc[bt] ? 1 : 0;
        }
    return good / pairs;
}

START_TEST(a_group_is_judged_as_if_it_were_alone)
{
    static const enum tr_group of_rest[3] = {TR_GROUP_YOUNG, TR_GROUP_MIDDLE,
                                             TR_GROUP_OLD};
    const struct tr_groups *g;
    struct scene s;

    begin(&s, 600);
    make(&s);
    g = &s.card.groups;
    ck_assert(!g->knows_sex);
    ck_assert_uint_eq(g->people[TR_TEST], 600);
    ck_assert_uint_gt(g->n_scored, 0);
    for (size_t i = 0; i < g->n_columns; i++)
        for (uint64_t rest = 0; rest < 3; rest++) {
            const struct tr_group_score *is =
                &g->score[i * TR_N_GROUPS + of_rest[rest]];

            ck_assert_uint_eq(g->in[TR_TEST][of_rest[rest]], 200);
            if (!is->enough)
                continue;
            ck_assert_double_eq_tol(is->auroc.value, naive_auroc(&s, i, rest),
                                    1e-9);
            ck_assert(is->auroc.interval.low < is->auroc.value &&
                      is->auroc.value < is->auroc.interval.high);
            /* The model says the truth. */
            ck_assert(is->level.interval.low < 1.25 &&
                      is->level.interval.high > 0.8);
        }
    for (size_t i = 0; i < g->n_columns; i++) {
        ck_assert(!g->score[i * TR_N_GROUPS + TR_GROUP_CHILD].enough);
        ck_assert(!g->score[i * TR_N_GROUPS + TR_GROUP_SEX_UNKNOWN].enough);
    }
    end(&s);
}
END_TEST

static struct an_str attribute(const struct an_json *of, int64_t number,
                               const char *member)
{
    const struct an_json *e =
        an_json_first(an_json_get(of, AN_STR("attributes")));

    for (int64_t i = 1; i < number && e; i++)
        e = e->next;
    return an_json_text(an_json_get(e, an_str_c(member)));
}

static const struct an_json *attributes_of(struct scene *s)
{
    const struct an_json *root;
    struct an_str json;

    make(s);
    ck_assert_int_eq(tr_card_attributes(&s->card, &json, NULL), AN_OK);
    ck_assert_int_eq(an_json_read(&s->j.arena, &(struct an_json_limits){0},
                                  json, &root, NULL),
                     AN_OK);
    return root;
}

/* By the rule's numbers: what no program can know. */
static const int of_people[] = {1,  2,  5,  6,  7,  8,  14, 15, 16, 17,
                                18, 19, 20, 23, 24, 25, 26, 28, 30, 31};
static const int measured[] = {3, 4, 9, 10, 11, 12, 13, 21, 22};

START_TEST(what_nobody_said_is_not_available)
{
    const struct an_json *root, *e;
    int64_t n = 0, number;
    struct scene s;

    begin(&s, 600);
    root = attributes_of(&s);
    for (e = an_json_first(an_json_get(root, AN_STR("attributes"))); e;
         e = e->next) {
        const struct an_str status =
            an_json_text(an_json_get(e, AN_STR("status")));

        ck_assert(an_json_i64(an_json_get(e, AN_STR("number")), &number));
        ck_assert_int_eq(number, ++n);
        ck_assert_uint_gt(an_json_text(an_json_get(e, AN_STR("name"))).n, 0);
        ck_assert_uint_gt(an_json_text(an_json_get(e, AN_STR("category"))).n,
                          0);
        ck_assert_int_eq(an_str_eq(status, AN_STR("provided")),
                         an_json_get(e, AN_STR("value")) != NULL);
        ck_assert_int_eq(an_str_eq(status, AN_STR("not-available")),
                         an_json_first(an_json_get(e, AN_STR("from"))) == NULL);
    }
    ck_assert_int_eq(n, TR_N_ATTRIBUTES);
    for (size_t i = 0; i < sizeof(of_people) / sizeof(of_people[0]); i++)
        ck_assert_msg(an_str_eq(attribute(root, of_people[i], "status"),
                                AN_STR("not-available")),
                      "%d", of_people[i]);
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++)
        ck_assert_msg(an_str_eq(attribute(root, measured[i], "status"),
                                AN_STR("provided")),
                      "%d", measured[i]);
    /* Nor is the data set a site's own. */
    ck_assert(
        an_str_eq(attribute(root, 27, "status"), AN_STR("not-available")));
    ck_assert(
        an_str_eq(attribute(root, 29, "status"), AN_STR("not-available")));
    end(&s);
}
END_TEST

START_TEST(what_people_said_stands_where_it_belongs)
{
    struct scene s;
    const struct an_json *root;
    struct an_str md, xml;
    size_t n = 0;

    begin(&s, 600);
    s.how.site = AN_STR("hosp");
    for (int i = 0; i < TR_N_CARD_KEYS; i++) {
        char text[64];

        snprintf(text, sizeof(text), "says <%s>", tr_card_key_name[i]);
        ck_assert(
            an_arena_str(&s.j.arena, an_str_c(text), &s.how.said.text[i]));
    }
    root = attributes_of(&s);
    for (int i = 1; i <= TR_N_ATTRIBUTES; i++)
        n += an_str_eq(attribute(root, i, "status"), AN_STR("provided"));
    ck_assert_uint_eq(n, TR_N_ATTRIBUTES);
    ck_assert(an_str_eq(attribute(root, 2, "value"), AN_STR("says <funding>")));
    ck_assert(an_str_eq(attribute(root, 1, "value"),
                        AN_STR("says <developer>\n\nsays <contact>")));
    ck_assert(holds(attribute(root, 10, "value"), "says <risks>"));
    ck_assert(holds(attribute(root, 10, "value"), "It says nothing about"));
    ck_assert(holds(attribute(root, 27, "value"), "hosp"));
    ck_assert(
        an_str_eq(attribute(root, 29, "value"), attribute(root, 22, "value")));

    ck_assert_int_eq(tr_card_text(&s.card, &md, NULL), AN_OK);
    ck_assert_int_eq(tr_card_xml(&s.card, &xml, NULL), AN_OK);
    for (int i = 0; i < TR_N_CARD_KEYS; i++) {
        char text[64];

        snprintf(text, sizeof(text), "says <%s>", tr_card_key_name[i]);
        if (i != TR_SAID_keywords && i != TR_SAID_bibliography)
            ck_assert_msg(holds(md, text), "%s", text);
    }
    ck_assert(holds(xml, "<Keyword>says &lt;keywords&gt;</Keyword>"));
    ck_assert(holds(xml, "<Bibliography>says &lt;bibliography&gt;"));
    end(&s);
}
END_TEST

START_TEST(the_card_begins_with_the_summary_and_has_the_headings)
{
    static const char *const headings[] = {"# m<1> 2 & 3\n",
                                           "## Summary\n",
                                           "## Basic info\n",
                                           "## Release\n",
                                           "## Uses and directions\n",
                                           "## Warnings\n",
                                           "## Trust ingredients\n",
                                           "### Comparison of procedures\n",
                                           "### Reasons\n",
                                           "## Key metrics\n",
                                           "### By sex and age\n",
                                           "## Resources\n"};
    struct an_str md;
    struct scene s;
    size_t at = 0;

    begin(&s, 600);
    make(&s);
    ck_assert_int_eq(tr_card_text(&s.card, &md, NULL), AN_OK);
    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
        at = xml_find(md, headings[i], at);
        ck_assert_msg(at < md.n, "%s", headings[i]);
    }
    ck_assert(!holds(md, "A demonstrator"));
    ck_assert(holds(md, "**Developer.** Not available.\n"));
    ck_assert(holds(md, "association, never an effect"));
    s.how.demonstrator = true;
    ck_assert_int_eq(tr_card_text(&s.card, &md, NULL), AN_OK);
    ck_assert_uint_lt(xml_find(md, "**A demonstrator.", 0),
                      xml_find(md, "## Summary", 0));
    end(&s);
}
END_TEST

/* Those that the schema wants, in its order. */
static const char *const wanted[] = {
    "<AppliedModelCard xmlns=\"https://mc.chai.org/v0.2/schema.xsd\">",
    "<BasicInfo>",
    "<ModelName>m&lt;1&gt;</ModelName>",
    "<ModelDeveloper>",
    "<DeveloperContact>",
    "<ReleaseInfo>",
    "<ReleaseStage>",
    "<ReleaseDate>",
    "<ReleaseVersion>2 &amp; 3</ReleaseVersion>",
    "<GlobalAvailability>",
    "<ModelSummary>",
    "<Summary>",
    "<Keywords>",
    "<UsesAndDirections>",
    "<IntendedUseAndWorkflow>",
    "<PrimaryIntendedUsers>",
    "<HowToUse>",
    "<TargetedPatientPopulation>",
    "<CautionedOutOfScopeSettings>",
    "<Warnings>",
    "<KnownRisksAndLimitations>",
    "<KnownBiasesOrEthicalConsiderations>",
    "<ClinicalRiskLevel>",
    "<TrustIngredients>",
    "<AISystemFacts>",
    "<OutcomesAndOutputs>",
    "<ModelType>",
    "<InputDataSource>A source.",
    "<OutputAndInputDataTypes>",
    "<DevelopmentDataCharacterization>",
    "<BiasMitigationApproaches>",
    "<OngoingMaintenance>",
    "<Security>",
    "<Transparency>",
    "<TransparencyInformation>",
    "<FundingSource>",
    "<StakeholdersConsulted>",
    "<KeyMetrics>",
    "<UsefulnessUsabilityEfficacy>",
    "<MetricGoal>",
    "<Results>",
    "<MetricResult>",
    "<Label>",
    "<ValueJson>",
    "<Interpretation>",
    "<TestType>",
    "<TestingDataDescription>",
    "<ValidationProcessAndJustification>",
    "<FairnessEquity>",
    "<MetricGoal>",
    "<Results>",
    "<MetricResult>",
    "<SafetyReliability>",
    "<MetricGoal>",
    "<Results>",
    "<MetricResult>",
    "<Resources>",
    "<PeerReviewedPublications>",
    "<PatientConsentOrDisclosure>",
    "<Bibliography>"};

START_TEST(the_xml_has_what_the_schema_wants_in_its_order)
{
    for (size_t n_test = 5; n_test <= 600; n_test += 595) {
        struct an_str xml;
        struct scene s;
        size_t at = 0;

        begin(&s, n_test);
        make(&s);
        ck_assert_int_eq(tr_card_xml(&s.card, &xml, NULL), AN_OK);
        ck_assert(xml_is_well_formed(xml));
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            at = xml_find(xml, wanted[i], at);
            ck_assert_msg(at < xml.n, "%zu: %s", n_test, wanted[i]);
        }
        end(&s);
    }
}
END_TEST

START_TEST(memory_that_ends_ends_the_card_with_an_error)
{
    struct scene s;
    struct an_str text;

    begin(&s, 100);
    for (long n = 0; n < 40; n++) {
        struct an_err err;
        enum an_code code;

        s.j.arena.fail_after = n;
        code = tr_card_make(&s.card, &s.j.arena, &s.data, &s.fitted,
                            &s.judgement, &s.how, &s.support, &err);
        if (code == AN_OK)
            code = tr_card_xml(&s.card, &text, &err);
        ck_assert(code == AN_OK || code == AN_NOMEM);
        s.j.arena.fail_after = -1;
    }
    end(&s);
}
END_TEST

Suite *trainer_card_suite(void)
{
    const TTest *const tests[] = {
        every_key_is_read_and_none_has_to_be_there,
        a_wrong_card_file_is_refused_with_its_place,
        no_small_count_can_be_told_from_the_others,
        a_group_is_judged_as_if_it_were_alone,
        what_nobody_said_is_not_available,
        what_people_said_stands_where_it_belongs,
        the_card_begins_with_the_summary_and_has_the_headings,
        the_xml_has_what_the_schema_wants_in_its_order,
        memory_that_ends_ends_the_card_with_an_error,
    };

    return test_suite_around("trainer/card", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
