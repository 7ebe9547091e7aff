/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/support.h"

#include <math.h>
#include <stdio.h>

enum { PLACES = 9 };

static enum an_code refuse(struct an_err *err, const char *what,
                           const char *member, size_t index)
{
    an_fail(err, AN_CONFIG, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path),
                       "procedures.%s[%zu]", member, index);
    return AN_CONFIG;
}

static bool get_count(const struct an_json *object, struct an_str key,
                      uint32_t *out)
{
    int64_t v;

    if (!an_json_i64(an_json_get(object, key), &v) || v < 0 || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool read_risk(const struct an_json *j, struct rt_supported *r)
{
    r->outcome = an_json_text(an_json_get(j, AN_STR("outcome")));
    return r->outcome.n &&
           get_count(j, AN_STR("horizon_days"), &r->horizon_days) &&
           get_count(j, AN_STR("people"), &r->n_people) &&
           get_count(j, AN_STR("events"), &r->n_events) &&
           r->n_events <= r->n_people &&
           an_json_double(an_json_get(j, AN_STR("shift")), &r->shift) &&
           isfinite(r->shift) &&
           an_json_double(an_json_get(j, AN_STR("error")), &r->error) &&
           isfinite(r->error) && r->error > 0;
}

static enum an_code read_procedure(struct an_arena *arena,
                                   const struct an_json *j, size_t index,
                                   struct rt_procedure *p, struct an_err *err)
{
    const struct an_json *list = an_json_get(j, AN_STR("risks"));
    const size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0;
    struct rt_supported *risk = an_arena_get(arena, n, sizeof(*risk));

    if (risk == NULL)
        return an_fail_nomem(err);
    p->key = an_json_text(an_json_get(j, AN_STR("key")));
    p->risk = risk;
    if (p->key.n == 0 || !get_count(j, AN_STR("people"), &p->n_people))
        return refuse(err, "a procedure has a key and people", "of", index);
    for (const struct an_json *e = an_json_first(list); e; e = e->next)
        if (!read_risk(e, &risk[p->n_risks++]))
            return refuse(err, "a risk of a procedure is not whole", "of",
                          index);
    return AN_OK;
}

enum an_code rt_support_read(struct an_arena *arena, const struct an_json *json,
                             struct rt_support *s, struct an_err *err)
{
    const struct an_json *list = an_json_get(json, AN_STR("of"));
    const size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0;
    struct rt_procedure *p = an_arena_get(arena, n, sizeof(*p));
    enum an_code code = AN_OK;

    *s = (struct rt_support){.procedure = p};
    if (p == NULL)
        return an_fail_nomem(err);
    if (json == NULL)
        return AN_OK;
    if (!get_count(json, AN_STR("min_people"), &s->min_people) ||
        !get_count(json, AN_STR("min_events"), &s->min_events) ||
        s->min_people == 0 || s->min_events == 0)
        return refuse(err, "a least number is missing", "min_people", 0);
    if (!an_json_double(an_json_get(json, AN_STR("min_share")),
                        &s->min_share) ||
        !(s->min_share > 0 && s->min_share <= 0.5))
        return refuse(err, "this is no share up to a half", "min_share", 0);
    for (const struct an_json *e = an_json_first(list); e && code == AN_OK;
         e = e->next, s->n++)
        code = read_procedure(arena, e, s->n, &p[s->n], err);
    return code;
}

static void put_count(struct an_json_out *w, const char *key, uint32_t v)
{
    an_out_key(w, key);
    an_out_i64(w, v);
}

static void put_number(struct an_json_out *w, const char *key, double v)
{
    an_out_key(w, key);
    an_out_fixed(w, v, PLACES);
}

static void put_procedure(struct an_json_out *w, const struct rt_procedure *p)
{
    an_out_object(w);
    an_out_key_str(w, "key", p->key);
    put_count(w, "people", p->n_people);
    an_out_key(w, "risks");
    an_out_array(w);
    for (size_t i = 0; i < p->n_risks; i++) {
        const struct rt_supported *r = &p->risk[i];

        an_out_object(w);
        an_out_key_str(w, "outcome", r->outcome);
        put_count(w, "horizon_days", r->horizon_days);
        put_count(w, "people", r->n_people);
        put_count(w, "events", r->n_events);
        put_number(w, "shift", r->shift);
        put_number(w, "error", r->error);
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

void rt_support_write(struct an_json_out *w, const struct rt_support *s)
{
    if (s->min_people == 0)
        return;
    an_out_key(w, "procedures");
    an_out_object(w);
    put_count(w, "min_people", s->min_people);
    put_count(w, "min_events", s->min_events);
    put_number(w, "min_share", s->min_share);
    an_out_key(w, "of");
    an_out_array(w);
    for (size_t i = 0; i < s->n; i++)
        put_procedure(w, &s->procedure[i]);
    an_out_end(w);
    an_out_end(w);
}

const struct rt_procedure *rt_support_of(const struct rt_support *s,
                                         struct an_str key)
{
    for (size_t i = 0; i < s->n; i++)
        if (an_str_eq(s->procedure[i].key, key))
            return &s->procedure[i];
    return NULL;
}

const struct rt_supported *rt_support_risk(const struct rt_procedure *p,
                                           struct an_str outcome,
                                           uint32_t horizon_days)
{
    for (size_t i = 0; i < p->n_risks; i++)
        if (p->risk[i].horizon_days == horizon_days &&
            an_str_eq(p->risk[i].outcome, outcome))
            return &p->risk[i];
    return NULL;
}
