/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/whom.h"
#include "trainer/package/card_int.h"
#include "trainer/put.h"

#include <math.h>

/* Outcomes by id, each with its days. */
static void put_outcomes(const struct tr_card *c, struct an_buf *b)
{
    for (size_t k = 0; k < c->d->cohort.sizes.outcomes; k++) {
        const struct tr_asked *a = &c->d->asked[k];

        tr_put_line(b, "%s%.*s (", k ? ", " : "", AN_STR_ARG(a->id));
        for (size_t h = 0; h < a->n_horizons; h++)
            tr_put_line(b, "%s%u", h ? ", " : "", a->horizon_days[h]);
        tr_put_line(b, " days%s)",
                    an_str_eq(a->start, AN_STR("discharge"))
                        ? " from a discharge"
                        : "");
    }
}

unsigned tr_fact_output(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "For one patient at one moment: the chance of each of ");
    put_outcomes(c, b);
    tr_put_line(b, ", death competing, with an interval of how sure it is and "
                   "the entries of the record that moved it most; ");
    if (isfinite(c->j->differential.threshold))
        tr_put_line(b,
                    "which conditions may be recorded next within %d days, "
                    "as a set that should hold the next one in %.0f %% of "
                    "cases; ",
                    TR_NEXT_HORIZON_DAYS, 100 * TR_NEXT_COVERAGE);
    else
        tr_put_line(b, "which conditions may be recorded next within %d days; ",
                    TR_NEXT_HORIZON_DAYS);
    if (c->support->n)
        tr_put_line(b,
                    "and how those fared who had one or another of %zu "
                    "procedures.\n\n",
                    c->support->n);
    else
        tr_put_line(b, "no comparison of procedures.\n\n");
    return TR_FROM_MEASURED;
}

unsigned tr_fact_output_type(const struct tr_card *c, struct an_buf *b)
{
    (void)c;
    tr_put_line(b, "Prediction: probabilities, and a set of conditions.\n\n");
    return TR_FROM_FIXED;
}

unsigned tr_fact_shape(const struct tr_card *c, struct an_buf *b)
{
    const struct rt_shape *s = &c->fitted->model.shape;

    tr_put_line(
        b,
        "A causal transformer over moments of a record (%d layers, %d "
        "channels, %d heads, the last\n%d moments), with rates of what comes "
        "next, hazards of %d outcomes with death competing,\nand a linear "
        "branch on %d facts of the moment.\n\n",
        s->layers, s->channels, s->heads, s->positions, s->outcomes, s->wide);
    return TR_FROM_MEASURED;
}

unsigned tr_fact_misuse(const struct tr_card *c, struct an_buf *b)
{
    if (c->how->demonstrator)
        tr_put_line(b, "- Care of anybody: it was trained on invented "
                       "patients.\n");
    tr_put_line(
        b,
        "- Care, triage or payment of anybody, unless a site has judged it on "
        "its own patients.\n"
        "- Reasons: an influence is an association, never an effect.\n"
        "- People unlike those it was trained on.\n\n");
    return TR_FROM_FIXED;
}

unsigned tr_fact_limits(const struct tr_card *c, struct an_buf *b)
{
    const struct rt_limits *l = &c->how->limits;

    tr_put_line(
        b,
        "It says nothing about people younger than %.0f or older than %.0f "
        "years, with fewer than %u\nmoments on record, or of whose events it "
        "knows less than %.0f %%.\n\n",
        l->min_age_years, l->max_age_years, l->min_positions,
        100 * (1 - l->max_unknown_share));
    if (l->max_distance > 0)
        tr_put_line(
            b,
            "Nor about people whose facts are farther from the mean of those "
            "it was trained on than %.1f %%\nof the tuning patients' are "
            "(Mahalanobis distance above %.2f).\n\n",
            100 * TR_POPULATION_SHARE, l->max_distance);
    else
        tr_put_line(b,
                    "How far somebody is from those it was trained on sets it "
                    "no limit: %s.\n\n",
                    c->how->demonstrator
                        ? "a demonstrator is there to be tried by whoever"
                        : "there were too few to set one");
    tr_put_line(b,
                "What a record does not hold it cannot know. Where it was "
                "judged on fewer than %d events of an\noutcome its figures "
                "of that outcome say little.\n\n",
                TR_JUDGED_EVENTS);
    return TR_FROM_MEASURED | TR_FROM_FIXED;
}

/* ---- whom it was trained on ------------------------------------------------ */

/* A count of report.json, or that it is small; nothing without it. */
static void put_reported(const struct tr_card *c, struct an_buf *b,
                         struct an_str name, const char *what)
{
    int64_t n;

    if (!an_json_i64(an_json_get(c->report, name), &n) || n < 0)
        return;
    if (n > 0 && n < TR_SMALL_COUNT)
        tr_put_line(b, "- fewer than %d %s\n", TR_SMALL_COUNT, what);
    else
        tr_put_line(b, "- %lld %s\n", (long long)n, what);
}

unsigned tr_fact_data(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_groups *g = &c->groups;
    const struct rt_shape *s = &c->fitted->model.shape;
    const struct an_str labelled =
        an_json_text(an_json_get(c->report, AN_STR("labelled_events")));

    tr_put_line(
        b,
        "Patients: %zu to train, %zu to tune (when to stop, calibration), %zu "
        "to judge. No patient\nis in two of these. Concepts: %d, of which %d "
        "are predicted; a code that few had is none of them.\n\n",
        g->people[TR_TRAIN], g->people[TR_TUNE], g->people[TR_TEST], s->vocab,
        s->targets);
    tr_put_line(b,
                "Left out are persons without a birth date, who had nothing "
                "on record while they were observed,\nor whose Consent "
                "denies all of it%s%s.\n\n",
                labelled.n ? "; events with a label of confidentiality are "
                           : "",
                labelled.n == 0                           ? ""
                : an_str_eq(labelled, AN_STR("left out")) ? "left out, too"
                                                          : "kept");
    if (c->report == NULL)
        return TR_FROM_MEASURED | TR_FROM_FIXED;
    tr_put_line(b, "How many that were:\n\n");
    put_reported(c, b, AN_STR("persons"), "persons in what was read");
    put_reported(c, b, AN_STR("persons_without_birth_date"),
                 "without a birth date");
    put_reported(c, b, AN_STR("persons_outside_the_observed_time"),
                 "with nothing while they were observed");
    put_reported(c, b, AN_STR("persons_opted_out"), "whose Consent denies all");
    tr_put_line(b, "\n");
    return TR_FROM_MEASURED | TR_FROM_FIXED;
}

unsigned tr_fact_inputs(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "- Date of birth: yes, as the age at each moment.\n");
    tr_put_line(b, "- Sex: %s.\n",
                c->groups.knows_sex
                    ? "yes, the administrative sex of the record"
                    : "no: the training data say too little of it");
    tr_put_line(
        b,
        "- Race, ethnicity, language, sexual orientation, gender identity: no; "
        "what a record says of\n  them as a person's data is not read.\n"
        "- Social determinants, health status assessments: not as such; where "
        "a record has a code for\n  one that enough people had, it counts like "
        "any other code.\n\n");
    return TR_FROM_MEASURED | TR_FROM_FIXED;
}

static void put_count(const struct tr_groups *g, struct an_buf *b, int split,
                      int group)
{
    if (!g->hidden[split][group])
        tr_put_line(b, " %zu |", g->in[split][group]);
    else if (g->in[split][group] < TR_SMALL_COUNT)
        tr_put_line(b, " fewer than %d |", TR_SMALL_COUNT);
    else
        tr_put_line(b, " not said |");
}

unsigned tr_fact_people(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_groups *g = &c->groups;

    tr_put_line(b, "| | train | tune | judge |\n|---|---|---|---|\n");
    tr_put_line(b, "| all | %zu | %zu | %zu |\n", g->people[TR_TRAIN],
                g->people[TR_TUNE], g->people[TR_TEST]);
    for (int i = 0; i < TR_N_GROUPS; i++) {
        if (i < TR_GROUP_FIRST_AGE && !g->knows_sex)
            continue;
        tr_put_line(b, "| %s |", tr_group_text((enum tr_group)i));
        for (int split = 0; split < TR_N_SPLITS; split++)
            put_count(g, b, split, i);
        tr_put_line(b, "\n");
    }
    tr_put_line(b,
                "\nYears of age at the last moment on record. Fewer than %d "
                "people are not counted, nor what would\ngive their number "
                "away. Race, ethnicity, language, sexual orientation, "
                "gender identity and social\ndeterminants are not in the "
                "data set: how they are represented is not available.\n\n",
                TR_SMALL_COUNT);
    return TR_FROM_MEASURED;
}

/* ---- what it names, reasons, comparisons ----------------------------------- */

unsigned tr_fact_named(const struct tr_card *c, struct an_buf *b)
{
    const struct an_json *concept = an_json_first(an_json_get(
        an_json_get(c->d->root, AN_STR("vocabulary")), AN_STR("concepts")));
    size_t all = 0, named = 0;

    for (uint32_t i = 0; concept && i < c->d->cohort.sizes.targets;
         i++, concept = concept->next) {
        const struct an_json *kind =
            an_json_first(an_json_get(concept, AN_STR("parents")));
        struct rt_whom whom;

        if (!an_str_eq(an_json_text(kind), AN_STR("kind|condition")))
            continue;
        all++;
        named += rt_whom_read(concept, &whom) && whom.age_to > 0;
    }
    tr_put_line(
        b,
        "It predicts %zu conditions. As what may come next it names the %zu "
        "of them that %d or more\ntraining patients had; each only for people "
        "of an age and sex at which they had it (give or\ntake %d years), and "
        "not for who has it already where hardly any of them had it again.\n"
        "Another condition is not thereby excluded.\n\n",
        all, named, TR_WHOM_PEOPLE, TR_WHOM_STEP);
    return TR_FROM_MEASURED;
}

unsigned tr_fact_reasons(const struct tr_card *c, struct an_buf *b)
{
    (void)c;
    tr_put_line(
        b,
        "With a risk go the entries of the record that moved it most: Shapley "
        "values of leaving each out,\nin log of the hazard. They say what the "
        "model went by, not what causes the outcome. How true they\nare to the "
        "model is measured by `anamnesis-train evaluate --explain`, not "
        "here.\n\n");
    return TR_FROM_FIXED;
}

unsigned tr_fact_comparison(const struct tr_card *c, struct an_buf *b)
{
    const struct rt_support *s = c->support;
    size_t risks = 0;

    for (size_t i = 0; i < s->n; i++)
        risks += s->procedure[i].n_risks;
    if (s->n == 0) {
        tr_put_line(b, "None: %s, so it compares no procedures.\n\n",
                    c->how->demonstrator
                        ? "invented people support no comparison"
                        : "no procedure was had by enough people");
        return TR_FROM_MEASURED;
    }
    tr_put_line(
        b,
        "It compares up to eight of %zu procedures, each of which %u people or "
        "more had, by %zu risks\nwith %u events or more on either side. What "
        "it says is an association, not an effect: whoever had\none procedure "
        "differs from whoever had the other in ways that no record holds.\n\n",
        s->n, s->min_people, risks, s->min_events);
    return TR_FROM_MEASURED;
}

unsigned tr_fact_updates(const struct tr_card *c, struct an_buf *b)
{
    (void)c;
    tr_put_line(b, "The model does not change while it is in use: it learns "
                   "nothing from whom it is asked about.\nAnother model is "
                   "another package, with a digest and a signature of its "
                   "own.\n\n");
    return TR_FROM_FIXED;
}
