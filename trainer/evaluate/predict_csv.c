/* SPDX-License-Identifier: Apache-2.0 */
/* What a model says of each question, for whoever scores it elsewhere. */
#include "trainer/evaluate/predict.h"
#include "trainer/put.h"

#include "base/buf.h"
#include "base/sort.h"

#include <stdio.h>
#include <string.h>

static const size_t csv_bytes = (size_t)4 << 30;

struct rt_calibration tr_fitted_calibration(const struct tr_fitted *fitted,
                                            const struct tr_column *column)
{
    if (fitted->is_package)
        return rt_manifest_calibration(&fitted->manifest, column->outcome,
                                       column->horizon_days);
    return (struct rt_calibration){.kind = RT_CALIBRATION_NONE};
}

/* A question, and when in whose record it is asked. */
struct asked {
    uint64_t key;
    double days;
    size_t question;
};

static int asked_cmp(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->days > y->days) - (x->days < y->days);
}

/* A person's questions lie in several cases: the rows of a person are in the
 * order of time, so that the n-th can be told to be about the n-th moment. */
static enum an_code in_order(struct an_arena *arena, const struct tr_cohort *c,
                             const struct tr_predicted *p, struct asked **out,
                             struct an_err *err)
{
    struct asked *one = an_arena_get(arena, p->n, sizeof(*one));
    struct asked *scratch = an_arena_get(arena, p->n / 2 + 1, sizeof(*scratch));
    const struct tr_patient *of = c->patient;

    if (one == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (size_t q = 0; q < p->n; q++) {
        const size_t query = p->row[q];

        while (query >= of->first_query + of->n_queries)
            of++;
        one[q] = (struct asked){
            of->key,
            c->position[of->first_position + c->query[query].position]
                .time_days,
            q};
    }
    an_sort(one, p->n, sizeof(*one), scratch, asked_cmp);
    *out = one;
    return AN_OK;
}

static void put_row(struct an_buf *b, const struct tr_data *d,
                    const struct tr_fitted *fitted,
                    const struct tr_predicted *p, const struct asked *asked,
                    size_t i)
{
    const struct tr_cohort *c = &d->cohort;
    const struct tr_column *column = &p->column[i];
    const struct rt_calibration map = tr_fitted_calibration(fitted, column);
    const size_t q = asked->question;
    char risk[48];

    if (c->follow_up[p->row[q] * c->sizes.outcomes + column->outcome].to_days <=
        0)
        return;
    (void)snprintf(risk, sizeof(risk), ",%u,%.9g\n", column->horizon_days,
                   rt_calibrate(&map, p->p_qc[q * p->n_columns + i]));
    an_buf_put_u64(b, asked->key);
    an_buf_put_char(b, ',');
    tr_put_csv(b, d->asked[column->outcome].id);
    an_buf_put_c(b, risk);
}

enum an_code tr_predicted_csv(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_predicted *p, struct an_str *text,
                              struct an_err *err)
{
    struct asked *asked = NULL;
    struct an_buf b;
    enum an_code code = in_order(arena, &d->cohort, p, &asked, err);

    if (code != AN_OK)
        return code;
    an_buf_init(&b, arena, csv_bytes);
    an_buf_put_c(&b, "id,outcome,horizon_days,risk\n");
    for (size_t q = 0; q < p->n; q++)
        for (size_t i = 0; i < p->n_columns; i++)
            put_row(&b, d, fitted, p, &asked[q], i);
    return an_buf_done(&b, text, err);
}
