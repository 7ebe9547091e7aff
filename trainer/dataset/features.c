/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of general facts there are 13; of a condition 3 when rich, of a measurement
 * 7: 13 + 24 * 3 + 8 + 12 * 7. */
enum { MAX_CONDITIONS = 24, MAX_MEDICINES = 8, MAX_VALUES = 12, MAX_ALL = 192 };

struct counted {
    int32_t row;
    uint32_t n_people;
};

static int counted_cmp(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;

    if (x->n_people != y->n_people)
        return x->n_people > y->n_people ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* In how many training patients' histories each concept stands. */
static struct counted *count_people(struct an_arena *arena,
                                    const struct rt_vocabulary *v,
                                    const struct tr_case *one, size_t n,
                                    size_t *n_train)
{
    struct counted *c = an_arena_get(arena, v->n_concepts, sizeof(*c));
    size_t *last = an_arena_get(arena, v->n_concepts, sizeof(*last));
    uint64_t key = 0;

    if (c == NULL || last == NULL)
        return NULL;
    *n_train = 0;
    for (size_t i = 0; i < v->n_concepts; i++)
        c[i].row = (int32_t)i;
    for (size_t i = 0; i < n; i++) {
        if (one[i].split != TR_TRAIN)
            continue;
        /* The cases of a person stand together. */
        *n_train += *n_train == 0 || one[i].key != key;
        key = one[i].key;
        for (size_t k = 0; k < one[i].history.n_items; k++) {
            const int32_t row = one[i].history.item[k].concept;

            if (row == RT_NO_ROW || last[row] == *n_train)
                continue;
            last[row] = *n_train;
            c[row].n_people++;
        }
    }
    qsort(c, v->n_concepts, sizeof(*c), counted_cmp);
    return c;
}

static void add(struct tr_features *f, enum rt_feature_kind kind, int32_t row,
                float days)
{
    if (f->n < MAX_ALL &&
        (row != RT_NO_ROW || kind == RT_FEATURE_AGE ||
         kind == RT_FEATURE_AGE_SQUARE || kind == RT_FEATURE_POSITIONS))
        f->feature[f->n++] = (struct rt_feature){kind, row, days, 0, 1};
}

static bool is_kind(const struct rt_vocabulary *v, int32_t row,
                    struct an_str kind)
{
    const int32_t parent = v->concept[row].parent[0];

    return parent != RT_NO_ROW && an_str_eq(v->concept[parent].key, kind);
}

static bool has_values(const struct rt_vocabulary *v, int32_t row)
{
    for (size_t i = 0; i < v->n_scales; i++)
        if (an_str_eq(v->scale[i].key, v->concept[row].key))
            return true;
    return false;
}

static void add_condition(struct tr_features *f, int32_t row, bool rich)
{
    add(f, RT_FEATURE_EVER, row, 0);
    if (rich) {
        add(f, RT_FEATURE_RECENT, row, 0);
        add(f, RT_FEATURE_COUNT, row, 0);
    }
}

static void add_measurement(struct tr_features *f, int32_t row, bool rich)
{
    add(f, RT_FEATURE_LAST, row, 0);
    add(f, RT_FEATURE_MEASURED, row, 0);
    if (rich) {
        add(f, RT_FEATURE_COUNT, row, 0);
        add(f, RT_FEATURE_RECENT, row, 0);
        add(f, RT_FEATURE_MEAN, row, 0);
        add(f, RT_FEATURE_LOWEST, row, 0);
        add(f, RT_FEATURE_HIGHEST, row, 0);
    }
}

static void list(struct tr_features *f, const struct rt_vocabulary *v,
                 const struct counted *c, size_t n_train, bool rich)
{
    static const char *const often[] = {"encounter|admission-IMP",
                                        "encounter|admission-EMER",
                                        "encounter|admission-AMB"};
    size_t conditions = 0, medicines = 0, values = 0;

    add(f, RT_FEATURE_AGE, RT_NO_ROW, 0);
    add(f, RT_FEATURE_AGE_SQUARE, RT_NO_ROW, 0);
    add(f, RT_FEATURE_POSITIONS, RT_NO_ROW, 0);
    add(f, RT_FEATURE_EVER, rt_vocabulary_row(v, AN_STR("sex|female")), 0);
    for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++) {
        const int32_t row = rt_vocabulary_row(v, an_str_c(often[i]));

        add(f, RT_FEATURE_COUNT, row, 365);
        add(f, RT_FEATURE_COUNT, row, 0);
        add(f, RT_FEATURE_RECENT, row, 0);
    }
    for (size_t i = 0; i < v->n_concepts; i++) {
        const int32_t row = c[i].row;

        if (c[i].n_people * (size_t)TR_FEATURE_SHARE < n_train)
            break;
        if (is_kind(v, row, AN_STR("kind|condition")) &&
            conditions++ < MAX_CONDITIONS) {
            add_condition(f, row, rich);
        } else if (is_kind(v, row, AN_STR("kind|medication")) &&
                   medicines++ < MAX_MEDICINES) {
            add(f, RT_FEATURE_EVER, row, 0);
        } else if (is_kind(v, row, AN_STR("kind|observation")) &&
                   has_values(v, row) && values++ < MAX_VALUES) {
            add_measurement(f, row, rich);
        }
    }
}

/* Mean and spread over the training queries; what never varies is left out,
 * but for the square, which is of the standardised age. */
static enum an_code standardise(struct an_arena *arena,
                                const struct tr_case *one, size_t n,
                                struct tr_features *f, struct an_err *err)
{
    float *x = an_arena_get(arena, f->n, sizeof(*x));
    double *sum = an_arena_get(arena, 2 * f->n, sizeof(*sum));
    size_t kept = 0;
    double total = 0;

    if (x == NULL || sum == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        for (size_t q = 0;
             one[i].split == TR_TRAIN && q < one[i].labels.n_queries; q++) {
            rt_wide(f->feature, f->n, &one[i].history,
                    one[i].labels.query[q].position, x);
            total++;
            for (size_t w = 0; w < f->n; w++) {
                sum[2 * w] += (double)x[w];
                sum[2 * w + 1] += (double)x[w] * (double)x[w];
            }
        }
    for (size_t w = 0; w < f->n && total > 0; w++) {
        const double mean = sum[2 * w] / total;
        const double variance = sum[2 * w + 1] / total - mean * mean;
        struct rt_feature *to = &f->feature[kept];

        *to = f->feature[w];
        if (to->kind == RT_FEATURE_AGE_SQUARE) {
            if (kept == 0 || f->feature[0].kind != RT_FEATURE_AGE)
                continue;
            to->mean = f->feature[0].mean;
            to->sd = f->feature[0].sd;
        } else if (variance > 1e-6) {
            to->mean = (float)mean;
            to->sd = (float)sqrt(variance);
        } else {
            continue;
        }
        kept++;
    }
    f->n = kept;
    return AN_OK;
}

enum an_code tr_features_choose(struct an_arena *arena,
                                const struct rt_vocabulary *v,
                                const struct tr_case *one, size_t n, bool rich,
                                struct tr_features *out, struct an_err *err)
{
    size_t n_train;
    const struct counted *c = count_people(arena, v, one, n, &n_train);

    out->n = 0;
    out->feature = an_arena_get(arena, MAX_ALL, sizeof(*out->feature));
    if (c == NULL || out->feature == NULL)
        return an_fail_nomem(err);
    list(out, v, c, n_train, rich);
    return standardise(arena, one, n, out, err);
}

static void put_number(struct an_json_out *w, const char *key, float v)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.9g", (double)v);
    an_out_key(w, key);
    an_out_number(w, an_str_c(text));
}

void tr_features_write(const struct tr_features *f,
                       const struct rt_vocabulary *v, struct an_json_out *w)
{
    an_out_array(w);
    for (size_t i = 0; i < f->n; i++) {
        const struct rt_feature *x = &f->feature[i];

        an_out_object(w);
        an_out_key_str(w, "what", an_str_c(rt_feature_text(x->kind)));
        if (x->row != RT_NO_ROW)
            an_out_key_str(w, "key", v->concept[x->row].key);
        if (x->days > 0)
            put_number(w, "days", x->days);
        put_number(w, "mean", x->mean);
        put_number(w, "sd", x->sd);
        an_out_end(w);
    }
    an_out_end(w);
}
