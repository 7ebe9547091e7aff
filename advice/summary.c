/* SPDX-License-Identifier: Apache-2.0 */
/* The summary for the patient, in plain words: problems, tests, medicines,
 * visits, what to ask.  It repeats the record and adds no judgement; it never
 * holds a risk of death or a list of what may come.  What it does not find it
 * does not mention: a feed is seldom the whole record. */
#include "advice/make_int.h"
#include "base/buf.h"

enum { MAX_LINES = 8, MAX_VISITS = 3, MAX_CHOSEN = 200 };

static const int64_t YEAR_US = 365 * AN_US_PER_DAY;

struct page {
    struct adv_make *m;
    struct an_buf text;
    struct ctx_evidence *evidence;
    size_t n_evidence, n_room;
};

/* Events of one section, no thing twice. */
struct chosen {
    const struct ctx_event **event;
    size_t n_events;
};

static void say(struct page *p, const char *before, struct an_str sentence)
{
    an_buf_put_c(&p->text, before);
    an_buf_put(&p->text, sentence);
    an_buf_put_char(&p->text, '\n');
}

static void say_key(struct page *p, const char *before, enum adv_say key)
{
    say(p, before, adv_say(&p->m->words, key, NULL));
}

/* A line that comes from an event is evidence of it. */
static void say_event(struct page *p, enum adv_say key,
                      const struct adv_args *args, const struct ctx_event *e)
{
    struct an_str sentence = adv_say(&p->m->words, key, args);

    say(p, "- ", sentence);
    if (p->n_evidence < p->n_room)
        p->evidence[p->n_evidence++] =
            (struct ctx_evidence){.event = e, .sentence = sentence};
}

static void say_more(struct page *p, size_t n, size_t n_said)
{
    if (n > n_said)
        say(p, "- ",
            adv_say(&p->m->words, ADV_SAY_SUMMARY_MORE,
                    &(struct adv_args){.number = {(double)(n - n_said)}}));
}

/* Two events say the same thing to a patient: the same code, or the same plain
 * name. */
static bool same_thing(struct page *p, const struct ctx_event *a,
                       const struct ctx_event *b)
{
    struct an_str name;

    if (an_str_eq(a->concept.system, b->concept.system) &&
        an_str_eq(a->concept.code, b->concept.code) &&
        (a->concept.code.n ||
         an_str_eq(a->concept.display, b->concept.display)))
        return true;
    name = adv_plain_name(&p->m->words, &a->concept);
    return name.n && an_str_eq(name, adv_plain_name(&p->m->words, &b->concept));
}

static bool ended(const struct page *p, const struct ctx_event *e)
{
    return e->end.precision != AN_TIME_NONE &&
           e->end.us <= p->m->options->now.us;
}

static bool in_last_year(const struct page *p, const struct ctx_event *e)
{
    return e->effective.us > p->m->options->now.us - YEAR_US;
}

static bool is_problem(const struct page *p, const struct ctx_event *e)
{
    return e->kind == CTX_CONDITION && e->status != CTX_STATUS_PRELIMINARY &&
           !ended(p, e);
}

/* Final, a number, and something the patient can hold it against: a plain name
 * or a range. */
static bool is_test(const struct page *p, const struct ctx_event *e)
{
    return e->kind == CTX_OBSERVATION && in_last_year(p, e) &&
           e->status != CTX_STATUS_PRELIMINARY &&
           e->value.kind == CTX_VALUE_QUANTITY &&
           (e->low.n || e->high.n ||
            adv_plain_name(&p->m->words, &e->concept).n);
}

static bool is_medicine(const struct page *p, const struct ctx_event *e)
{
    return (e->kind == CTX_MEDICATION_ORDER ||
            e->kind == CTX_MEDICATION_GIVEN ||
            e->kind == CTX_MEDICATION_TAKEN) &&
           in_last_year(p, e) && !ended(p, e);
}

static bool is_visit(const struct page *p, const struct ctx_event *e)
{
    return e->kind == CTX_ADMISSION && in_last_year(p, e) &&
           adv_event_class(e) != ADV_CLASS_OTHER;
}

/* Newest first.  Of the same thing the newest stays, or for problems, which
 * are said with their beginning, the oldest. */
static struct chosen choose(struct page *p,
                            bool (*wanted)(const struct page *,
                                           const struct ctx_event *),
                            bool oldest, bool each)
{
    const struct ctx_timeline *t = p->m->timeline;
    struct chosen c = {adv_make_get(p->m, MAX_CHOSEN, sizeof(*c.event)), 0};

    if (c.event == NULL)
        return c;
    for (size_t i = t->n_events; i > 0 && c.n_events < MAX_CHOSEN; i--) {
        const struct ctx_event *e = t->event[i - 1];
        size_t k = 0;

        if (!adv_event_counts(e, p->m->options->now) || !wanted(p, e))
            continue;
        while (k < c.n_events && (each || !same_thing(p, c.event[k], e)))
            k++;
        if (k == c.n_events)
            c.event[c.n_events++] = e;
        else if (oldest)
            c.event[k] = e;
    }
    return c;
}

static size_t say_problems(struct page *p)
{
    struct chosen c = choose(p, is_problem, true, false);
    size_t i;

    if (c.n_events)
        say_key(p, "\n", ADV_SAY_SUMMARY_PROBLEMS);
    for (i = 0; i < c.n_events && i < MAX_LINES; i++) {
        const struct ctx_event *e = c.event[i];
        const struct adv_args args = {
            .text = {adv_event_name(p->m, e), adv_event_date(p->m, e)}};

        say_event(p,
                  e->effective.precision >= AN_TIME_DAY
                      ? ADV_SAY_SUMMARY_PROBLEM
                      : ADV_SAY_SUMMARY_PROBLEM_YEAR,
                  &args, e);
    }
    say_more(p, c.n_events, i);
    return c.n_events;
}

static bool is_outside(const struct ctx_event *e)
{
    enum adv_position position = adv_event_position(e);

    return position == ADV_POSITION_ABOVE || position == ADV_POSITION_BELOW;
}

static void say_test(struct page *p, const struct ctx_event *e)
{
    static const enum adv_say key[] = {
        [ADV_POSITION_UNKNOWN] = ADV_SAY_SUMMARY_TEST,
        [ADV_POSITION_BELOW] = ADV_SAY_SUMMARY_TEST_BELOW,
        [ADV_POSITION_INSIDE] = ADV_SAY_SUMMARY_TEST_INSIDE,
        [ADV_POSITION_ABOVE] = ADV_SAY_SUMMARY_TEST_ABOVE,
    };
    const struct adv_args args = {
        .text = {adv_event_name(p->m, e), adv_event_value(p->m, e),
                 adv_event_date(p->m, e), adv_event_range(p->m, e)}};

    say_event(
        p, args.text[3].n ? key[adv_event_position(e)] : ADV_SAY_SUMMARY_TEST,
        &args, e);
}

/* What is outside its range stands first; returns how many are. */
static size_t say_tests(struct page *p)
{
    struct chosen c = choose(p, is_test, false, false);
    size_t n_outside = 0, n_said = 0;

    if (c.n_events)
        say_key(p, "\n", ADV_SAY_SUMMARY_TESTS);
    for (int outside = 1; outside >= 0; outside--)
        for (size_t i = 0; i < c.n_events; i++) {
            if (is_outside(c.event[i]) != (bool)outside)
                continue;
            n_outside += (size_t)outside;
            if (n_said < MAX_LINES) {
                say_test(p, c.event[i]);
                n_said++;
            }
        }
    say_more(p, c.n_events, n_said);
    return n_outside;
}

static size_t say_medicines(struct page *p)
{
    struct chosen c = choose(p, is_medicine, false, false);
    size_t i;

    if (c.n_events == 0)
        return 0;
    say_key(p, "\n", ADV_SAY_SUMMARY_MEDICINES);
    for (i = 0; i < c.n_events && i < MAX_LINES; i++)
        say_event(
            p, ADV_SAY_SUMMARY_MEDICINE,
            &(struct adv_args){.text = {adv_event_name(p->m, c.event[i]),
                                        adv_event_date(p->m, c.event[i])}},
            c.event[i]);
    say_more(p, c.n_events, i);
    say_key(p, "", ADV_SAY_SUMMARY_KEEP);
    return c.n_events;
}

/* When a stay ended: its discharge, else the end its admission told. */
static struct an_time end_of(const struct page *p, const struct ctx_event *stay)
{
    const struct ctx_timeline *t = p->m->timeline;

    for (size_t i = 0; stay->encounter.n && i < t->n_events; i++)
        if (t->event[i]->kind == CTX_DISCHARGE &&
            an_str_eq(t->event[i]->encounter, stay->encounter) &&
            adv_event_counts(t->event[i], p->m->options->now))
            return t->event[i]->effective;
    return ended(p, stay) ? stay->end : (struct an_time){0};
}

static void say_visits(struct page *p)
{
    struct chosen c = choose(p, is_visit, false, true);

    if (c.n_events)
        say_key(p, "\n", ADV_SAY_SUMMARY_VISITS);
    for (size_t i = 0; i < c.n_events && i < MAX_VISITS; i++) {
        const struct ctx_event *e = c.event[i];
        enum adv_class class_of = adv_event_class(e);
        struct adv_args args = {
            .text = {adv_event_date(p->m, e),
                     adv_say_date(&p->m->words, end_of(p, e))}};
        enum adv_say key = ADV_SAY_SUMMARY_VISIT;

        if (class_of == ADV_CLASS_EMERGENCY)
            key = ADV_SAY_SUMMARY_EMERGENCY;
        else if (class_of == ADV_CLASS_INPATIENT)
            key = args.text[1].n ? ADV_SAY_SUMMARY_STAY
                                 : ADV_SAY_SUMMARY_STAY_OPEN;
        say_event(p, key, &args, e);
    }
}

static void say_questions(struct page *p, size_t n_problems, size_t n_outside,
                          size_t n_medicines)
{
    say_key(p, "\n", ADV_SAY_SUMMARY_ASK);
    if (n_problems)
        say_key(p, "- ", ADV_SAY_SUMMARY_ASK_PROBLEMS);
    if (n_outside)
        say_key(p, "- ", ADV_SAY_SUMMARY_ASK_OUTSIDE);
    if (n_medicines)
        say_key(p, "- ", ADV_SAY_SUMMARY_ASK_MEDICINES);
    say_key(p, "- ", ADV_SAY_SUMMARY_ASK_NEXT);
}

static void say_opening(struct page *p)
{
    struct adv_make *m = p->m;
    struct an_time today = m->options->now;

    say(p, "",
        adv_say(&m->words, ADV_SAY_SUMMARY_INTRO,
                &(struct adv_args){.text = {adv_say_date(&m->words, today)}}));
    if (m->facts.birth)
        say(p, "",
            adv_say(&m->words, ADV_SAY_SUMMARY_BIRTH,
                    &(struct adv_args){
                        .text = {adv_event_date(m, m->facts.birth)}}));
}

void adv_make_summary(struct adv_make *m)
{
    struct page p = {.m = m, .n_room = 3 * MAX_LINES + MAX_VISITS};
    size_t n_problems, n_outside, n_medicines;
    struct ctx_suggestion *s;
    struct an_str text;
    struct an_err err;
    enum an_code code;

    if (m->options->audience != CTX_FOR_PATIENT)
        return;
    s = adv_make_add(m, CTX_SUGGEST_SUMMARY);
    p.evidence = adv_make_get(m, p.n_room, sizeof(*p.evidence));
    if (s == NULL || p.evidence == NULL)
        return;
    an_buf_init(&p.text, m->arena, ADV_STATEMENT_BYTES);
    say_opening(&p);
    n_problems = say_problems(&p);
    n_outside = say_tests(&p);
    n_medicines = say_medicines(&p);
    say_visits(&p);
    say_questions(&p, n_problems, n_outside, n_medicines);
    say_key(&p, "\n", ADV_SAY_SUMMARY_LIMITS);
    say_key(&p, "", ADV_SAY_SUMMARY_WRONG);
    say_key(&p, "", ADV_SAY_SUMMARY_URGENT);
    code = an_buf_done(&p.text, &text, &err);
    if (code != AN_OK) {
        adv_words_fail(&m->words, code, err.what);
        return;
    }
    s->title = adv_say(&m->words, ADV_SAY_SUMMARY_TITLE, NULL);
    s->statement = text;
    s->evidence = p.evidence;
    s->n_evidence = p.n_evidence;
    if (p.n_evidence == 0)
        m->n_suggestions--; /* a page about nothing helps nobody */
}
