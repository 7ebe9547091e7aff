/* SPDX-License-Identifier: Apache-2.0 */
/* Published scores as suggestions: value, citation, and the events that were
 * counted or used. */
#include "advice/make_int.h"
#include "advice/score.h"
#include "base/decimal.h"

static const enum adv_say title_say[ADV_N_SCORES] = {
    [ADV_SCORE_EGFR] = ADV_SAY_SCORE_EGFR_TITLE,
    [ADV_SCORE_CHA2DS2_VASC] = ADV_SAY_SCORE_CHA2DS2_VASC_TITLE,
    [ADV_SCORE_CHARLSON] = ADV_SAY_SCORE_CHARLSON_TITLE,
};

static const enum adv_say missing_say[] = {
    [ADV_MISSING_AGE] = ADV_SAY_SCORE_MISSING_AGE,
    [ADV_MISSING_SEX] = ADV_SAY_SCORE_MISSING_SEX,
    [ADV_MISSING_UNIT] = ADV_SAY_SCORE_MISSING_UNIT,
    [ADV_MISSING_PLAUSIBLE] = ADV_SAY_SCORE_MISSING_PLAUSIBLE,
    [ADV_MISSING_RECENT] = ADV_SAY_SCORE_MISSING_RECENT,
    [ADV_MISSING_FINAL_RESULT] = ADV_SAY_SCORE_MISSING_FINAL_RESULT,
};

static struct an_str point_sentence(struct adv_make *m,
                                    const struct adv_point *point, bool used)
{
    const struct ctx_event *e = point->event;
    struct adv_args args = {.number = {point->points, m->facts.age_years}};

    if (e->kind == CTX_BIRTH && point->points)
        return adv_say(&m->words, ADV_SAY_POINTS_AGE, &args);
    if (e->kind == CTX_BIRTH) {
        args.number[0] = m->facts.age_years;
        return adv_say(&m->words, ADV_SAY_INPUT_AGE, &args);
    }
    if (e->kind == CTX_SEX) {
        args.text[0] =
            m->facts.sex == ADV_SEX_FEMALE ? AN_STR("female") : AN_STR("male");
        return adv_say(&m->words,
                       point->points ? ADV_SAY_POINTS_SEX : ADV_SAY_INPUT_SEX,
                       &args);
    }
    args.text[0] = adv_event_name(m, e);
    args.text[2] = adv_event_date(m, e);
    if (e->kind == CTX_OBSERVATION) {
        args.text[1] = adv_event_value(m, e);
        return adv_say(&m->words,
                       used ? ADV_SAY_INPUT_VALUE : ADV_SAY_INPUT_UNUSED,
                       &args);
    }
    return adv_say(&m->words,
                   point->points ? ADV_SAY_POINTS_RECORD : ADV_SAY_INPUT_RECORD,
                   &args);
}

static void add_evidence(struct adv_make *m, const struct adv_score *score,
                         struct ctx_suggestion *s)
{
    struct ctx_evidence *out = adv_make_get(m, score->n_points, sizeof(*out));
    double all = 0;

    if (out == NULL)
        return;
    for (size_t i = 0; i < score->n_points; i++)
        all += score->point[i].points;
    for (size_t i = 0; i < score->n_points; i++) {
        struct ctx_evidence e = {
            .event = score->point[i].event,
            .sentence = point_sentence(m, &score->point[i], !score->missing),
            .weight = all > 0 ? score->point[i].points / all : 0,
            .direction = score->point[i].points ? 1 : 0,
        };
        size_t at = s->n_evidence++;

        for (; at > 0 && out[at - 1].weight < e.weight; at--)
            out[at] = out[at - 1];
        out[at] = e;
    }
    s->evidence = out;
}

/* A new measurement helps where the last one is too old or no plausible
 * number.  The test is the one that was measured before, as it was coded. */
static void add_proposal(struct adv_make *m, const struct adv_score *score,
                         struct ctx_suggestion *s)
{
    const struct ctx_event *measured = score->point[0].event;
    struct ctx_proposal *p;

    if ((score->missing != ADV_MISSING_RECENT &&
         score->missing != ADV_MISSING_PLAUSIBLE) ||
        measured->concept.code.n == 0)
        return;
    p = adv_make_get(m, 1, sizeof(*p));
    if (p == NULL)
        return;
    p->code = measured->concept;
    p->label =
        adv_say(&m->words, ADV_SAY_PROPOSE_MEASUREMENT,
                &(struct adv_args){.text = {adv_event_name(m, measured)}});
    s->proposal = p;
    s->n_proposals = 1;
}

static struct an_str value_text(struct adv_make *m, double value)
{
    char *buf = adv_make_get(m, AN_DECIMAL_TEXT_BYTES, 1);

    return buf ? (struct an_str){buf, an_decimal_print(value, 0, buf)}
               : AN_STR("");
}

static struct an_str statement(struct adv_make *m, enum adv_score_id id,
                               const struct adv_score *score,
                               struct ctx_suggestion *s)
{
    const struct ctx_event *creatinine;
    struct adv_args args = {.text = {adv_scores[id].name},
                            .number = {score->value}};

    if (score->missing) {
        s->abstention = CTX_ABSTAIN_MISSING_INPUT;
        return adv_say(&m->words, missing_say[score->missing], &args);
    }
    s->value = value_text(m, score->value);
    s->unit = adv_scores[id].unit;
    if (id != ADV_SCORE_EGFR)
        return adv_say(&m->words, ADV_SAY_SCORE_POINTS, &args);
    creatinine = score->point[0].event;
    args.text[1] = s->value;
    args.text[2] = AN_STR("mL/min/1.73 m\302\262");
    args.text[3] = an_str_c(adv_egfr_category(score->value));
    args.text[4] = adv_event_value(m, creatinine);
    args.text[5] = adv_event_date(m, creatinine);
    return adv_say(&m->words, ADV_SAY_SCORE_EGFR, &args);
}

void adv_make_score(struct adv_make *m, enum adv_score_id id)
{
    const struct adv_score_row *row = &adv_scores[id];
    struct adv_score score;
    struct ctx_suggestion *s;

    if (row->clinician_only && m->options->audience != CTX_FOR_CLINICIAN)
        return;
    row->read(&m->facts, &score);
    if (!score.applies)
        return;
    s = adv_make_add(m, CTX_SUGGEST_SCORE);
    if (s == NULL)
        return;
    s->topic = row->topic;
    s->title = adv_say(&m->words, title_say[id], NULL);
    s->never_patient = true;
    s->citation = row->citation;
    s->n_citations = row->n_citations;
    s->statement = statement(m, id, &score, s);
    add_evidence(m, &score, s);
    if (score.missing)
        add_proposal(m, &score, s);
}

void adv_make_scores(struct adv_make *m)
{
    unsigned audience = m->options->audience;

    if (audience != CTX_FOR_CLINICIAN && audience != CTX_FOR_NURSE)
        return;
    for (unsigned id = 0; id < ADV_N_SCORES; id++)
        adv_make_score(m, (enum adv_score_id)id);
}
