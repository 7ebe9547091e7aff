/* SPDX-License-Identifier: Apache-2.0 */
/* What may be recorded next: a ranked list for clinicians only.  It rests on
 * the whole record; its evidence is the latest of it. */
#include "advice/make_int.h"

enum { MAX_NEXT = 10, MAX_LATEST = 5 };

/* Below one of a thousand a line is noise. */
static const double P_LEAST = 0.001;

static void latest_evidence(struct adv_make *m, struct ctx_suggestion *s)
{
    struct ctx_evidence *out = adv_make_get(m, MAX_LATEST, sizeof(*out));

    if (out == NULL)
        return;
    s->evidence = out;
    for (size_t i = m->timeline->n_events; i > 0 && s->n_evidence < MAX_LATEST;
         i--) {
        const struct ctx_event *e = m->timeline->event[i - 1];

        if (!adv_event_counts(e, m->options->now) ||
            (e->kind != CTX_CONDITION && e->kind != CTX_OBSERVATION &&
             e->kind != CTX_PROCEDURE))
            continue;
        out[s->n_evidence++] = (struct ctx_evidence){
            .event = e,
            .sentence = adv_say(
                &m->words, ADV_SAY_EVIDENCE_CONTEXT,
                &(struct adv_args){.text = {[0] = adv_event_name(m, e),
                                            [2] = adv_event_date(m, e)}}),
        };
    }
}

static struct an_str list_text(struct adv_make *m, const struct ctx_next *next,
                               size_t n)
{
    struct an_str list = {0}, item;

    for (size_t i = 0; i < n; i++) {
        struct adv_frequency f = adv_frequency(next[i].p, next[i].p, next[i].p);

        item =
            adv_say(&m->words, ADV_SAY_DIFFERENTIAL_ITEM,
                    &(struct adv_args){
                        .text = {adv_code_name(m, &next[i].concept), f.exact},
                        .number = {f.n, f.of}});
        list = i ? adv_say(&m->words, ADV_SAY_LIST_JOIN,
                           &(struct adv_args){.text = {list, item}})
                 : item;
    }
    return list;
}

/* The list, and how much of it is needed where that is known. */
static struct an_str statement(struct adv_make *m, size_t n)
{
    const struct ctx_forecast *f = m->forecast;
    const struct adv_args listed = {.text = {list_text(m, f->next, n)},
                                    .number = {f->next_horizon_days}};
    const struct adv_args needed = {
        .number = {100 * f->next_coverage, 100, (double)f->n_next_needed}};
    struct an_str s =
        adv_say(&m->words, ADV_SAY_DIFFERENTIAL_STATEMENT, &listed);

    if (f->n_next_needed == 0)
        return s;
    return adv_make_joined(m, s, " ",
                           adv_say(&m->words,
                                   f->n_next_needed <= n
                                       ? ADV_SAY_DIFFERENTIAL_WITHIN
                                       : ADV_SAY_DIFFERENTIAL_BEYOND,
                                   &needed));
}

void adv_make_differential(struct adv_make *m)
{
    const struct ctx_forecast *f = m->forecast;
    struct ctx_suggestion *s;
    size_t n = 0;

    if (f == NULL || f->abstention || m->options->audience != CTX_FOR_CLINICIAN)
        return;
    while (n < f->n_next && n < MAX_NEXT && f->next[n].p >= P_LEAST) {
        if (f->next[n].p > 1) {
            adv_words_fail(&m->words, AN_TYPE,
                           "a probability is outside 0 to 1");
            return;
        }
        n++;
    }
    if (n == 0 || f->model.name.n == 0)
        return;
    s = adv_make_add(m, CTX_SUGGEST_DIFFERENTIAL);
    if (s == NULL)
        return;
    latest_evidence(m, s);
    if (s->n_evidence == 0) {
        m->n_suggestions--;
        return;
    }
    s->topic = AN_STR("differential");
    s->title = adv_say(&m->words, ADV_SAY_DIFFERENTIAL_TITLE, NULL);
    s->model = f->model;
    s->never_patient = true;
    s->next = f->next;
    s->n_next = n;
    s->horizon_days = f->next_horizon_days;
    s->statement = adv_make_marked(m, statement(m, n));
}
