/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/catalogue_int.h"
#include "trainer/evaluate/stats.h"

#include "context/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Rows for what is known of an event whose code has none. */
static const char *const kinds[] = {
    "kind|allergy",      "kind|condition",  "kind|encounter",
    "kind|immunization", "kind|medication", "kind|observation",
    "kind|procedure",    "kind|sex",
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The middle half of a normal distribution is 1.349 sd wide. */
#define SD_PER_HALF (1 / 1.3489795)

/* ---- values ---------------------------------------------------------------- */

static double quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    const double part = at - (double)i;

    return i + 1 < n ? sorted[i] + part * (sorted[i + 1] - sorted[i])
                     : sorted[i];
}

static double at(const double *value, size_t i, bool logs)
{
    return logs ? log(value[i]) : value[i];
}

/* Mean, sd and skewness. */
static void moments(const double *value, size_t n, bool logs, double out[3])
{
    double mean = 0, m2 = 0, m3 = 0;

    for (size_t i = 0; i < n; i++)
        mean += at(value, i, logs) / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = at(value, i, logs) - mean;

        m2 += d * d / (double)n;
        m3 += d * d * d / (double)n;
    }
    out[0] = mean;
    out[1] = sqrt(m2);
    out[2] = m2 > 0 ? m3 / (m2 * sqrt(m2)) : 0;
}

bool tr_spread_of(double *value, size_t n, struct tr_spread *out)
{
    double plain[3], logs[3], low, high;

    if (n == 0)
        return false;
    qsort(value, n, sizeof(*value), tr_double_cmp);
    moments(value, n, false, plain);
    out->log = false;
    if (value[0] > 0 && plain[2] > 1) {
        moments(value, n, true, logs);
        out->log = fabs(logs[2]) < fabs(plain[2]);
    }
    low = quantile(value, n, 0.25);
    high = quantile(value, n, 0.75);
    out->mean = quantile(value, n, 0.5);
    if (out->log) {
        low = log(low);
        high = log(high);
        out->mean = log(out->mean);
    }
    out->sd = (high - low) * SD_PER_HALF;
    /* More than half are one value: take the plain spread. */
    if (!(out->sd > 0)) {
        out->mean = out->log ? logs[0] : plain[0];
        out->sd = out->log ? logs[1] : plain[1];
    }
    return out->sd > 1e-9 * (1 + fabs(out->mean));
}

/* ---- what stays ------------------------------------------------------------ */

/* Predicted ones first, then what most people have, then by key. */
static int entry_cmp(const void *a, const void *b)
{
    const struct tr_entry *x = *(struct tr_entry *const *)a;
    const struct tr_entry *y = *(struct tr_entry *const *)b;

    if (x->kept != y->kept)
        return x->kept ? -1 : 1;
    if (x->predicted != y->predicted)
        return x->predicted ? -1 : 1;
    if (x->n_people != y->n_people)
        return x->n_people > y->n_people ? -1 : 1;
    return an_str_cmp(x->key, y->key);
}

static int people_cmp(const void *a, const void *b)
{
    const struct tr_entry *x = *(struct tr_entry *const *)a;
    const struct tr_entry *y = *(struct tr_entry *const *)b;

    if (x->n_people != y->n_people)
        return x->n_people > y->n_people ? -1 : 1;
    return an_str_cmp(x->key, y->key);
}

static void choose(struct tr_catalogue *c, struct tr_entry **order,
                   const struct tr_catalogue_how *how)
{
    const size_t most =
        how->max_concepts > N_KINDS ? how->max_concepts - N_KINDS : 0;

    for (size_t i = 0; i < c->n_entries; i++)
        order[i] = c->entry[i];
    qsort(order, c->n_entries, sizeof(*order), people_cmp);
    c->n_kept = c->n_targets = c->n_dropped = c->n_dropped_events = 0;
    for (size_t i = 0; i < c->n_entries; i++) {
        order[i]->kept =
            c->n_kept < most && order[i]->n_people >= how->min_people;
        c->n_kept += order[i]->kept;
        c->n_targets += order[i]->kept && order[i]->predicted;
        c->n_dropped += !order[i]->kept;
        c->n_dropped_events += order[i]->kept ? 0 : order[i]->n_seen;
    }
    qsort(order, c->n_entries, sizeof(*order), entry_cmp);
}

static bool is_kept(const struct tr_catalogue *c, struct an_str key)
{
    const struct tr_entry *e = tr_catalogue_find(c, key);

    return e && e->kept;
}

/* ---- writing --------------------------------------------------------------- */

static void put_concept(struct tr_catalogue *c, const struct tr_entry *e,
                        const struct tr_catalogue_how *how,
                        struct an_json_out *w)
{
    const struct an_str over = tr_concepts_over(c->concepts, e->key);

    an_out_object(w);
    an_out_key_str(w, "key", e->key);
    an_out_key(w, "parents");
    an_out_array(w);
    an_out_str(w, e->kind);
    if (e->category.n && is_kept(c, e->category))
        an_out_str(w, e->category);
    if (over.n && !an_str_eq(over, e->key) && is_kept(c, over))
        an_out_str(w, over);
    an_out_end(w);
    an_out_key(w, "seen");
    an_out_i64(w, e->n_seen);
    tr_whom_write(&e->whom, w);
    if (e->n_display >= how->min_people)
        an_out_key_str(w, "display", e->display);
    an_out_end(w);
}

static void put_concepts(struct tr_catalogue *c, struct tr_entry **order,
                         const struct tr_catalogue_how *how,
                         struct an_json_out *w)
{
    an_out_key(w, "concepts");
    an_out_array(w);
    for (size_t i = 0; i < c->n_kept; i++)
        put_concept(c, order[i], how, w);
    for (size_t i = 0; i < N_KINDS; i++) {
        an_out_object(w);
        an_out_key_str(w, "key", an_str_c(kinds[i]));
        an_out_end(w);
    }
    an_out_end(w);
    an_out_key(w, "targets");
    an_out_i64(w, (int64_t)c->n_targets);
}

static void put_number(struct an_json_out *w, const char *key, double v)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.9g", v);
    an_out_key(w, key);
    an_out_number(w, an_str_c(text));
}

static int values_cmp(const void *a, const void *b)
{
    const struct tr_values *x = *(struct tr_values *const *)a;
    const struct tr_values *y = *(struct tr_values *const *)b;

    return an_str_cmp(x->unit, y->unit);
}

/* Append the values of `from`, in the unit of `to`. */
static bool take_values(struct tr_values *to, struct tr_values *from)
{
    double *more = realloc(to->value, (to->n + from->n) * sizeof(*more));

    if (more == NULL)
        return false;
    to->value = more;
    for (size_t i = 0; i < from->n; i++)
        (void)ctx_unit_convert(from->value[i], from->unit, to->unit,
                               &more[to->n + i]);
    to->n += from->n;
    to->size = to->n;
    from->n = 0;
    return true;
}

/* Said more often; of units said as often the first in byte order, so that the
 * order of the patients does not show. */
static bool leads(const struct tr_values *a, const struct tr_values *b)
{
    return a->n != b->n ? a->n > b->n : values_cmp(&a, &b) < 0;
}

/* Units of one quantity become the one that is said most often. */
static bool merge_units(struct tr_entry *e)
{
    for (struct tr_values *v = e->values; v; v = v->next) {
        struct tr_values *most = v;

        for (struct tr_values *o = e->values; o; o = o->next)
            if (ctx_unit_alike(o->unit, v->unit) && leads(o, most))
                most = o;
        for (struct tr_values *o = e->values; o; o = o->next)
            if (o != most && o->n && ctx_unit_alike(o->unit, most->unit) &&
                !take_values(most, o))
                return false;
    }
    return true;
}

/* Units of one concept that get a scale; the rest are values without one. */
enum { MAX_UNITS = 16 };

static void put_values_of(struct tr_catalogue *c, const struct tr_entry *e,
                          const struct tr_catalogue_how *how,
                          struct an_json_out *w)
{
    struct tr_values *sorted[MAX_UNITS] = {NULL};
    size_t n = 0;

    for (struct tr_values *v = e->values; v && n < MAX_UNITS; v = v->next)
        if (v->n >= how->min_values)
            sorted[n++] = v;
    qsort(sorted, n, sizeof(sorted[0]), values_cmp);
    for (size_t i = 0; i < n; i++) {
        struct tr_spread s;

        if (!tr_spread_of(sorted[i]->value, sorted[i]->n, &s))
            continue;
        c->n_scales++;
        an_out_object(w);
        an_out_key_str(w, "key", e->key);
        an_out_key(w, "unit");
        an_out_str(w, sorted[i]->unit);
        an_out_key(w, "log");
        an_out_bool(w, s.log);
        put_number(w, "mean", s.mean);
        put_number(w, "sd", s.sd);
        if (how->value_bins)
            tr_bins_put(sorted[i]->value, sorted[i]->n, &s, how->value_bins, w);
        an_out_end(w);
    }
}

static int key_cmp(const void *a, const void *b)
{
    const struct tr_entry *x = *(struct tr_entry *const *)a;
    const struct tr_entry *y = *(struct tr_entry *const *)b;

    return an_str_cmp(x->key, y->key);
}

static void put_same(const struct tr_catalogue *c, const char *name,
                     const struct rt_same *row, size_t n, struct an_json_out *w)
{
    an_out_key(w, name);
    an_out_array(w);
    for (size_t i = 0; i < n; i++) {
        if (!is_kept(c, row[i].to))
            continue;
        an_out_object(w);
        an_out_key_str(w, "from", row[i].from);
        an_out_key_str(w, "unit", row[i].unit);
        an_out_key_str(w, "to", row[i].to);
        an_out_key_str(w, "to_unit", row[i].to_unit);
        put_number(w, "factor", row[i].factor);
        an_out_end(w);
    }
    an_out_end(w);
}

static int under_cmp(const void *a, const void *b)
{
    const struct rt_same *x = a, *y = b;

    return an_str_cmp(x->from, y->from);
}

/* The table's rows, and each category that has a row of its own. */
static enum an_code put_under(struct tr_catalogue *c, struct an_json_out *w,
                              struct an_err *err)
{
    const size_t n_table = c->concepts->n_under;
    struct rt_same *row = calloc(n_table + c->n_entries + 1, sizeof(*row));
    size_t n = 0, kept = 0;

    if (row == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n_table; i++)
        if (is_kept(c, c->concepts->under[i].to) &&
            !is_kept(c, c->concepts->under[i].from))
            row[n++] = c->concepts->under[i];
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct an_str category = c->entry[i]->category;

        if (category.n && is_kept(c, category))
            row[n++] = (struct rt_same){.from = category, .to = category};
    }
    qsort(row, n, sizeof(*row), under_cmp);
    for (size_t i = 0; i < n; i++) {
        row[i].factor = 1;
        if (kept == 0 || !an_str_eq(row[kept - 1].from, row[i].from))
            row[kept++] = row[i];
    }
    put_same(c, "under", row, kept, w);
    free(row);
    return AN_OK;
}

enum an_code tr_catalogue_write(struct tr_catalogue *c,
                                const struct tr_catalogue_how *how,
                                struct an_json_out *w, struct an_err *err)
{
    struct tr_entry **order =
        calloc(c->n_entries + 1, sizeof(struct tr_entry *));
    enum an_code code;

    if (order == NULL)
        return an_fail_nomem(err);
    choose(c, order, how);
    an_out_object(w);
    put_concepts(c, order, how, w);
    qsort(order, c->n_kept, sizeof(*order), key_cmp);
    if (how->no_parents) {
        an_out_key(w, "parents_read");
        an_out_bool(w, false);
    }
    an_out_key(w, "values");
    an_out_array(w);
    c->n_scales = 0;
    for (size_t i = 0; i < c->n_kept; i++) {
        if (!merge_units(order[i])) {
            free(order);
            return an_fail_nomem(err);
        }
        put_values_of(c, order[i], how, w);
    }
    an_out_end(w);
    put_same(c, "same", c->concepts->same, c->concepts->n_same, w);
    code = put_under(c, w, err);
    an_out_end(w);
    free(order);
    return code;
}
