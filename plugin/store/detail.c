/* SPDX-License-Identifier: Apache-2.0 */
/* A suggestion as JSON, to be kept beside its columns; recall.c reads it. */
#include "plugin/store/conclude.h"

#include "base/json_out.h"

#include <math.h>
#include <stdio.h>

enum { DETAIL_BYTES = 4 << 20, PLACES = 9 };

static const double BILLION = 1e9;

/* A share, in [0,1], with the 18 places after which reading it back and
 * rounding for a reader gives what rounding the number itself would have
 * given: fewer would round twice. */
static void put_p(struct an_json_out *w, const char *key, double p)
{
    double scaled = p * BILLION, first = floor(scaled);
    double rest =
        floor((scaled - first + fma(p, BILLION, -scaled)) * BILLION + 0.5);
    struct an_str text;
    char digits[32];
    int64_t all;

    an_out_key(w, key);
    if (!(p >= 0 && p <= 1)) {
        an_out_fixed(w, p, PLACES);
        return;
    }
    all = (int64_t)first * (int64_t)BILLION + (int64_t)rest;
    (void)snprintf(digits, sizeof(digits), "%lld.%018lld",
                   (long long)(all / INT64_C(1000000000000000000)),
                   (long long)(all % INT64_C(1000000000000000000)));
    text = an_str_c(digits);
    while (text.n > PLACES + 2 && text.p[text.n - 1] == '0')
        text.n--;
    an_out_json(w, text);
}

static void put_evidence(struct an_json_out *w, const struct ctx_suggestion *s)
{
    an_out_key(w, "evidence");
    an_out_array(w);
    for (size_t i = 0; i < s->n_evidence; i++) {
        const struct ctx_evidence *e = &s->evidence[i];

        an_out_object(w);
        an_out_key_str(w, "sentence", e->sentence);
        if (e->event) {
            an_out_key_str(w, "message", e->event->message);
            an_out_key_str(w, "place", e->event->place);
            an_out_key_str(w, "fact", e->event->fact);
            an_out_key(w, "kind");
            an_out_i64(w, e->event->kind);
        }
        put_p(w, "weight", e->weight);
        an_out_key(w, "direction");
        an_out_i64(w, e->direction);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_next(struct an_json_out *w, const struct ctx_suggestion *s)
{
    an_out_key(w, "next");
    an_out_array(w);
    for (size_t i = 0; i < s->n_next; i++) {
        an_out_object(w);
        an_out_key_str(w, "system", s->next[i].concept.system);
        an_out_key_str(w, "code", s->next[i].concept.code);
        an_out_key_str(w, "display", s->next[i].concept.display);
        put_p(w, "p", s->next[i].p);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_citations(struct an_json_out *w, const struct ctx_suggestion *s)
{
    an_out_key(w, "citations");
    an_out_array(w);
    for (size_t i = 0; i < s->n_citations; i++) {
        an_out_object(w);
        an_out_key_str(w, "title", s->citation[i].title);
        an_out_key_str(w, "source", s->citation[i].source);
        an_out_key_str(w, "doi", s->citation[i].doi);
        an_out_key(w, "year");
        an_out_i64(w, s->citation[i].year);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_model(struct an_json_out *w, const struct ctx_model_id *m)
{
    if (m->name.n == 0)
        return;
    an_out_key(w, "model");
    an_out_object(w);
    an_out_key_str(w, "name", m->name);
    an_out_key_str(w, "version", m->version);
    an_out_key_str(w, "digest", m->digest);
    an_out_key(w, "demonstrator");
    an_out_bool(w, m->demonstrator);
    an_out_end(w);
}

enum an_code pl_suggestion_detail(struct an_arena *arena,
                                  const struct ctx_suggestion *s,
                                  struct an_str *out, struct an_err *err)
{
    char as_of[AN_TIME_TEXT_BYTES];
    struct an_json_out w;

    an_out_init(&w, arena, DETAIL_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "kind", an_str_c(ctx_suggestion_text(s->kind)));
    an_out_key_str(&w, "topic", s->topic);
    an_out_key_str(&w, "title", s->title);
    an_out_key_str(&w, "statement", s->statement);
    an_time_print_fhir(s->as_of, as_of);
    an_out_key_str(&w, "asOf", an_str_c(as_of));
    an_out_key(&w, "abstention");
    an_out_i64(&w, s->abstention);
    if (s->kind == CTX_SUGGEST_RISK && s->abstention == CTX_ABSTAIN_NONE) {
        put_p(&w, "p", s->p);
        put_p(&w, "pLow", s->p_low);
        put_p(&w, "pHigh", s->p_high);
    }
    an_out_key_str(&w, "value", s->value);
    an_out_key_str(&w, "unit", s->unit);
    an_out_key(&w, "draftLanguage");
    an_out_bool(&w, s->draft_language);
    put_next(&w, s);
    put_evidence(&w, s);
    put_citations(&w, s);
    put_model(&w, &s->model);
    an_out_end(&w);
    return an_out_done(&w, out, err);
}
