/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/compare.h"

#include "advice/make_int.h"

#include <math.h>

/* Published rows of a pair, and one sentence that there are none. */
enum { LITERATURE_ROOM = 64 };

static const enum adv_say refusal_say[] = {
#define X(name, text) ADV_SAY_COMPARE_REFUSE_##name,
    CTX_REFUSALS(X)
#undef X
};

static struct an_str name_of(struct adv_make *m, const struct ctx_candidate *c)
{
    return adv_code_name(m, &c->concept);
}

/* "A, B". */
static struct an_str all_names(struct adv_make *m,
                               const struct ctx_comparison *c)
{
    struct an_str all = AN_STR("");

    for (size_t i = 0; i < c->n_candidates; i++)
        all = adv_make_joined(m, all, i ? ", " : "",
                              name_of(m, &c->candidate[i]));
    return all;
}

static struct ctx_suggestion *add(struct adv_make *m,
                                  const struct ctx_comparison *c)
{
    struct ctx_suggestion *s = adv_make_add(m, CTX_SUGGEST_COMPARISON);

    if (s) {
        s->title = adv_say(&m->words, ADV_SAY_COMPARE_TITLE, NULL);
        s->model = c->model;
        s->never_patient = true;
    }
    return s;
}

static struct an_str say_refusal(struct adv_make *m, unsigned refusal,
                                 struct an_str of,
                                 const struct ctx_comparison *c)
{
    const struct adv_args args = {.text = {of}, .number = {c->min_people}};

    if (refusal >= CTX_N_REFUSALS)
        refusal = CTX_REFUSE_NONE; /* its sentence says: no reason given */
    return adv_say(&m->words, refusal_say[refusal], &args);
}

/* ---- the whole is refused -------------------------------------------------- */

static void refuse_all(struct adv_make *m, const struct ctx_comparison *c)
{
    struct ctx_suggestion *s = add(m, c);
    bool any = false;

    if (s == NULL)
        return;
    s->abstention = c->refusal == CTX_REFUSE_ABSTAINS ? c->abstention
                    : c->refusal == CTX_REFUSE_DEMONSTRATOR
                        ? (uint8_t)CTX_ABSTAIN_NO_MODEL
                        : (uint8_t)CTX_ABSTAIN_NO_EVIDENCE;
    for (size_t i = 0; i < c->n_candidates; i++) {
        const struct ctx_candidate *one = &c->candidate[i];

        /* What the package lacks as a whole comes before what it lacks of one. */
        if (one->refusal == CTX_REFUSE_NONE ||
            c->refusal == CTX_REFUSE_DEMONSTRATOR ||
            c->refusal == CTX_REFUSE_NO_SUPPORT)
            continue;
        s->statement =
            adv_make_joined(m, s->statement, any ? " " : "",
                            say_refusal(m, one->refusal, name_of(m, one), c));
        any = true;
    }
    if (!any)
        s->statement = say_refusal(m, c->refusal, all_names(m, c), c);
}

/* ---- numbers ---------------------------------------------------------------- */

static bool is_share(double p)
{
    return p >= 0 && p <= 1; /* false for NaN */
}

static struct an_str say_risk(struct adv_make *m, const struct ctx_candidate *c,
                              const struct ctx_compared *is, double of)
{
    struct adv_frequency f = adv_frequency(is->p, is->p_low, is->p_high);
    struct adv_args args = {
        .text = {[1] = f.exact, [2] = name_of(m, c)},
        .number = {is->n_events, f.n, f.of, f.low, f.high, is->n_people}};

    if (of > f.of) { /* as the rarer one is said */
        args.number[1] = round(is->p * of);
        args.number[2] = of;
        args.number[3] = floor(is->p_low * of);
        args.number[4] = ceil(is->p_high * of);
    }
    return adv_say(&m->words, ADV_SAY_COMPARE_RISK, &args);
}

/* To whole people, the interval outwards. */
static struct an_str say_difference(struct adv_make *m,
                                    const struct ctx_candidate *one,
                                    const struct ctx_candidate *base,
                                    const struct ctx_compared *is, double of)
{
    const struct adv_args args = {
        .text = {name_of(m, one), name_of(m, base)},
        .number = {round(is->difference * of) + 0.0, of,
                   floor(is->difference_low * of),
                   ceil(is->difference_high * of) + 0.0}};

    return adv_say(&m->words, ADV_SAY_COMPARE_DIFFERENCE, &args);
}

/* Of 1,000 people when one of the risks is under one of 100. */
static double people_of(const struct ctx_contrast *to, size_t n)
{
    double of = 100;

    for (size_t i = 0; i < n; i++)
        of = fmax(of, adv_frequency(to->candidate[i].p, 0, 1).of);
    return of;
}

static void state(struct adv_make *m, const struct ctx_comparison *c,
                  const struct ctx_contrast *to, struct ctx_suggestion *s)
{
    const double of = people_of(to, c->n_candidates);
    const struct adv_args head = {.text = {s->title},
                                  .number = {to->horizon_days}};

    s->statement = adv_say(&m->words, ADV_SAY_COMPARE_HEAD, &head);
    for (size_t i = 0; i < c->n_candidates; i++) {
        const struct ctx_compared *is = &to->candidate[i];

        if (!is_share(is->p) || !is_share(is->p_low) || !is_share(is->p_high))
            adv_words_fail(&m->words, AN_TYPE,
                           "a probability or its interval is outside 0 to 1");
        s->statement = adv_make_joined(m, s->statement, " ",
                                       say_risk(m, &c->candidate[i], is, of));
    }
    for (size_t i = 1; i < c->n_candidates; i++)
        s->statement = adv_make_joined(m, s->statement, " ",
                                       say_difference(m, &c->candidate[i],
                                                      &c->candidate[0],
                                                      &to->candidate[i], of));
    s->statement =
        adv_make_joined(m, s->statement, " ",
                        adv_say(&m->words, ADV_SAY_COMPARE_ASSOCIATION, NULL));
}

/* Whether there was a number. */
static bool make_contrast(struct adv_make *m, const struct ctx_comparison *c,
                          const struct ctx_contrast *to)
{
    const struct adv_outcome *o =
        adv_knowledge_outcome(m->knowledge, to->outcome);
    struct ctx_suggestion *s;

    if (o == NULL || (o->audiences >> m->options->audience & 1U) == 0)
        return false;
    s = add(m, c);
    if (s == NULL)
        return false;
    s->topic = o->id;
    s->title = adv_outcome_title(o, m->words.language);
    s->horizon_days = to->horizon_days;
    if (to->refusal == CTX_REFUSE_NONE) {
        state(m, c, to, s);
        return true;
    }
    s->abstention =
        to->abstention ? to->abstention : (uint8_t)CTX_ABSTAIN_NO_EVIDENCE;
    s->statement = say_refusal(m, to->refusal, s->title, c);
    return false;
}

static void make(struct adv_make *m, const struct ctx_comparison *c)
{
    bool any = false;

    if (c->refusal)
        refuse_all(m, c);
    for (size_t i = 0; i < c->n_contrasts && c->refusal == CTX_REFUSE_NONE; i++)
        any |= make_contrast(m, c, &c->contrast[i]);
    if (any)
        return;
    adv_make_literature(m, c->candidate, c->n_candidates);
    adv_make_score(m, ADV_SCORE_CHARLSON);
}

enum an_code adv_compare(struct an_arena *arena,
                         const struct adv_knowledge *knowledge,
                         const struct ctx_timeline *timeline,
                         const struct ctx_comparison *comparison,
                         const struct adv_options *options,
                         const struct ctx_suggestion **suggestion,
                         size_t *n_suggestions, struct an_err *err)
{
    struct adv_make m = {.arena = arena,
                         .knowledge = knowledge,
                         .timeline = timeline,
                         .options = options,
                         .n_room =
                             comparison->n_contrasts + LITERATURE_ROOM + 2};
    enum an_code code;

    *suggestion = NULL;
    *n_suggestions = 0;
    if (options->audience == CTX_FOR_PATIENT)
        return AN_OK;
    adv_facts_read(timeline, options->now, &m.facts);
    if (m.facts.death)
        return AN_OK;
    m.suggestion = an_arena_get(arena, m.n_room, sizeof(*m.suggestion));
    if (m.suggestion == NULL)
        return an_fail_nomem(err);
    code = adv_words_open(&m.words, arena, options->language, err);
    if (code != AN_OK)
        return code;
    make(&m, comparison);
    if (options->restricted)
        adv_make_restricted(&m);
    code = adv_words_done(&m.words, err);
    adv_words_close(&m.words);
    if (code != AN_OK)
        return code;
    *suggestion = m.suggestion;
    *n_suggestions = m.n_suggestions;
    return AN_OK;
}
