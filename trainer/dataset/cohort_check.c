/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader and the writer of cohorts both ask of their data. */
#include "trainer/dataset/cohort_int.h"

#include <math.h>
#include <stdlib.h>

enum an_code tr_cohort_digest(const struct tr_cohort_header *header,
                              struct an_str rest, struct an_sha256 *out,
                              struct an_err *err)
{
    struct tr_cohort_header blank = *header;
    struct an_sha256_run run;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < TR_DIGEST_BYTES; i++)
        blank.sha256[i] = 0;
    code = an_sha256_add(
        &run, (struct an_str){(const char *)&blank, sizeof(blank)}, err);
    if (code == AN_OK)
        code = an_sha256_add(&run, rest, err);
    an_sha256_end(&run, code == AN_OK ? out : NULL);
    return code;
}

enum an_code tr_cohort_sizes_check(const struct tr_cohort_sizes *s,
                                   struct rt_shape *shape, struct an_err *err)
{
    *shape = (struct rt_shape){.channels = 4,
                               .heads = 1,
                               .positions = 65536,
                               .bins = s->outcomes ? 1 : 0,
                               .value_hidden = s->value_rows ? 1 : 0,
                               .vocab = (int32_t)s->vocab,
                               .targets = (int32_t)s->targets,
                               .value_rows = (int32_t)s->value_rows,
                               .flags = (int32_t)s->flags,
                               .outcomes = (int32_t)s->outcomes,
                               .wide = (int32_t)s->wide,
                               .death = s->death};
    return rt_shape_check(shape, err);
}

static enum an_code query_check(const struct tr_cohort_one *one, size_t i,
                                const struct tr_cohort_sizes *s,
                                struct an_err *err)
{
    const struct tr_query *q = &one->query[i];

    if (q->position >= one->history.n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", i);
    if (!isfinite(q->weight) || q->weight < 0)
        return an_fail(err, AN_TYPE, "a query's weight is no weight", i);
    for (size_t k = 0; k < s->outcomes; k++) {
        const struct tr_follow_up *f = &one->follow_up[i * s->outcomes + k];

        if (!isfinite(f->from_days) || !isfinite(f->to_days) ||
            f->from_days < 0 || f->to_days < f->from_days || f->event > 1 ||
            (f->event && f->to_days <= f->from_days))
            return an_fail(err, AN_TYPE, "a follow-up is no stretch of time",
                           i);
    }
    for (size_t w = 0; w < s->wide; w++)
        if (!isfinite(one->wide[i * s->wide + w]))
            return an_fail(err, AN_TYPE, "a wide feature is not finite", i);
    return AN_OK;
}

enum an_code tr_cohort_one_check(const struct tr_cohort_one *one,
                                 const struct tr_cohort_sizes *sizes,
                                 struct an_err *err)
{
    struct rt_shape shape;
    enum an_code code = tr_cohort_sizes_check(sizes, &shape, err);
    const struct rt_history *h = &one->history;

    if (code == AN_OK)
        code = rt_history_check(h, &shape, err);
    if (code == AN_OK &&
        (!isfinite(one->start_days) || !isfinite(one->end_days) ||
         one->end_days < one->start_days ||
         one->end_days < h->position[h->n_positions - 1].time_days))
        code = an_fail(err, AN_TYPE,
                       "observation ends before it starts or before the last "
                       "position",
                       0);
    if (code == AN_OK && (unsigned)one->split >= TR_N_SPLITS)
        code = an_fail(err, AN_TYPE, "no such split", 0);
    for (size_t i = 0; i < one->n_queries && code == AN_OK; i++)
        code = query_check(one, i, sizes, err);
    return code;
}

/* ---- who is where ---------------------------------------------------------- */

struct who {
    uint64_t key;
    uint32_t split, at;
};

static int who_cmp(const void *a, const void *b)
{
    const struct who *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static enum an_code count_persons(const struct who *who, size_t n_patients,
                                  size_t n[TR_N_SPLITS], struct an_err *err)
{
    for (size_t i = 0; i < n_patients; i++) {
        const bool again = i && who[i - 1].key == who[i].key;

        n[who[i].split] += !again;
        if (!again || who[i - 1].split == who[i].split)
            continue;
        an_fail(err, AN_CONFLICT, "a patient is in two splits", 0);
        if (err)
            err->where.line = who[i].at + 1;
        return AN_CONFLICT;
    }
    return AN_OK;
}

enum an_code tr_cohort_persons(const struct tr_cohort *c, size_t n[TR_N_SPLITS],
                               struct an_err *err)
{
    struct who *who = malloc((c->n_patients + 1) * sizeof(*who));
    enum an_code code;

    for (int s = 0; s < TR_N_SPLITS; s++)
        n[s] = 0;
    if (who == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < c->n_patients; i++)
        who[i] =
            (struct who){c->patient[i].key, c->patient[i].split, (uint32_t)i};
    qsort(who, c->n_patients, sizeof(*who), who_cmp);
    code = count_persons(who, c->n_patients, n, err);
    free(who);
    return code;
}
