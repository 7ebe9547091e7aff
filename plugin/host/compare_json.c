/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "plugin/host/compare_int.h"

#include <stdio.h>

enum { OUT_BYTES = 16 << 20, PLACES = 6 };

static void put_number(struct an_json_out *w, const char *key, double v)
{
    an_out_key(w, key);
    an_out_fixed(w, v, PLACES);
}

static void put_count(struct an_json_out *w, const char *key, int64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, n);
}

/* null where there is none. */
static void put_reason(struct an_json_out *w, const char *key, const char *text)
{
    an_out_key(w, key);
    if (text[0])
        an_out_str(w, an_str_c(text));
    else
        an_out_null(w);
}

static void put_model(struct an_json_out *w, const struct ctx_model_id *m)
{
    an_out_key(w, "model");
    an_out_object(w);
    an_out_key_str(w, "name", m->name);
    an_out_key_str(w, "version", m->version);
    an_out_key_str(w, "digest", m->digest);
    an_out_key(w, "demonstrator");
    an_out_bool(w, m->demonstrator);
    an_out_end(w);
}

static void put_candidates(struct an_json_out *w,
                           const struct ctx_comparison *c)
{
    an_out_key(w, "candidates");
    an_out_array(w);
    for (size_t i = 0; i < c->n_candidates; i++) {
        const struct ctx_candidate *one = &c->candidate[i];

        an_out_object(w);
        an_out_key_str(w, "system", one->concept.system);
        an_out_key_str(w, "code", one->concept.code);
        an_out_key_str(w, "display", one->concept.display);
        put_count(w, "people", one->n_people);
        put_number(w, "share", one->share);
        put_reason(w, "refusal", ctx_refusal_text(one->refusal));
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_compared(struct an_json_out *w, const struct ctx_compared *is)
{
    an_out_object(w);
    put_number(w, "p", is->p);
    put_number(w, "low", is->p_low);
    put_number(w, "high", is->p_high);
    put_number(w, "difference", is->difference);
    put_number(w, "differenceLow", is->difference_low);
    put_number(w, "differenceHigh", is->difference_high);
    put_count(w, "people", is->n_people);
    put_count(w, "events", is->n_events);
    an_out_end(w);
}

static void put_contrasts(struct an_json_out *w, const struct ctx_comparison *c)
{
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t i = 0; i < c->n_contrasts; i++) {
        const struct ctx_contrast *to = &c->contrast[i];

        an_out_object(w);
        an_out_key_str(w, "outcome", to->outcome);
        put_count(w, "horizonDays", to->horizon_days);
        put_reason(w, "refusal", ctx_refusal_text(to->refusal));
        put_reason(w, "abstention", ctx_abstention_text(to->abstention));
        an_out_key(w, "candidates");
        an_out_array(w);
        for (size_t k = 0; k < c->n_candidates && !to->refusal; k++)
            put_compared(w, &to->candidate[k]);
        an_out_end(w);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_said(struct an_json_out *w, const struct ctx_suggestion *said,
                     size_t n)
{
    an_out_key(w, "said");
    an_out_array(w);
    for (size_t i = 0; i < n; i++) {
        an_out_object(w);
        an_out_key_str(w, "kind", an_str_c(ctx_suggestion_text(said[i].kind)));
        an_out_key_str(w, "title", said[i].title);
        an_out_key_str(w, "statement", said[i].statement);
        if (said[i].n_citations)
            an_out_key_str(w, "doi", said[i].citation[0].doi);
        an_out_end(w);
    }
    an_out_end(w);
}

enum an_code pl_compare_json(struct an_arena *arena,
                             const struct ctx_comparison *c,
                             const struct ctx_suggestion *said, size_t n,
                             struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code rc;

    an_out_init(&w, arena, OUT_BYTES);
    an_out_object(&w);
    put_model(&w, &c->model);
    an_out_key_str(&w, "nature", AN_STR("association, not effect"));
    put_reason(&w, "refusal", ctx_refusal_text(c->refusal));
    put_reason(&w, "abstention", ctx_abstention_text(c->abstention));
    put_candidates(&w, c);
    put_contrasts(&w, c);
    put_said(&w, said, n);
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}
