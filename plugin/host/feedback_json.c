/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/feedback_int.h"

#include "base/json_out.h"

enum { OUT_BYTES = 16 << 20, PLACES = 6 };

static void put_count(struct an_json_out *w, const char *key, int64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, n);
}

/* null where there is none. */
static void put_rate(struct an_json_out *w, const char *key, bool is_there,
                     double rate)
{
    an_out_key(w, key);
    if (is_there)
        an_out_fixed(w, rate, PLACES);
    else
        an_out_null(w);
}

static void put_suppressed(struct an_json_out *w, const struct pl_dealt_sum *s)
{
    an_out_key(w, "suppressed");
    an_out_object(w);
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->row[i].quiet != PL_QUIET_NONE)
            put_count(w, pl_quiet_text(s->row[i].quiet), s->row[i].n);
    an_out_end(w);
}

static void put_overridden(struct an_json_out *w, const struct pl_dealt_sum *s)
{
    an_out_key(w, "overridden");
    an_out_object(w);
    for (size_t i = 0; i < s->n_rows; i++) {
        if (!s->row[i].answered || s->row[i].accepted)
            continue;
        an_out_name(w, s->row[i].reason);
        an_out_i64(w, s->row[i].n);
    }
    an_out_end(w);
}

static void put_sum(struct an_json_out *w, const struct pl_dealt_sum *s)
{
    double share;
    bool answered = pl_dealt_acceptance(s, &share);

    an_out_object(w);
    an_out_key_str(w, "kind", an_str_c(ctx_suggestion_text(s->row->kind)));
    an_out_key_str(w, "topic", s->row->topic);
    put_count(w, "shown", s->n_shown);
    put_suppressed(w, s);
    put_count(w, "accepted", s->n_accepted);
    put_overridden(w, s);
    put_rate(w, "acceptance_rate", answered, share);
    an_out_end(w);
}

static void put_service(struct an_json_out *w, const struct pl_dealt_report *r,
                        const struct pl_dealt_to *to, size_t *at)
{
    struct pl_dealt_sum s;
    double rate;
    bool is_there;

    an_out_object(w);
    an_out_key_str(w, "service", to->service);
    put_count(w, "patients", to->n_patients);
    put_count(w, "encounters", to->n_encounters);
    put_count(w, "calls", to->n_calls);
    put_count(w, "shown", to->n_shown);
    is_there = pl_dealt_per_100(to->n_shown, to->n_patients, &rate);
    put_rate(w, "cards_per_100_patients", is_there, rate);
    is_there =
        pl_dealt_per_100(to->n_shown_in_encounters, to->n_encounters, &rate);
    put_rate(w, "cards_per_100_encounters", is_there, rate);
    an_out_key(w, "cards");
    an_out_array(w);
    while (*at < r->n_rows && an_str_eq(r->row[*at].service, to->service) &&
           pl_dealt_sum_next(r, at, &s))
        put_sum(w, &s);
    an_out_end(w);
    an_out_end(w);
}

enum an_code pl_dealt_json(struct an_arena *arena,
                           const struct pl_dealt_report *r, int64_t since_us,
                           struct an_str *out, struct an_err *err)
{
    char when[AN_TIME_TEXT_BYTES];
    struct an_json_out w;
    size_t at = 0;

    an_out_init(&w, arena, OUT_BYTES);
    an_out_object(&w);
    if (since_us != INT64_MIN) {
        (void)an_time_print_instant(since_us, when);
        an_out_key_str(&w, "since", an_str_c(when));
    }
    an_out_key(&w, "services");
    an_out_array(&w);
    for (size_t i = 0; i < r->n_to; i++)
        put_service(&w, r, &r->to[i], &at);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, out, err);
}
