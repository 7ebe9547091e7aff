/* SPDX-License-Identifier: Apache-2.0 */
/* What a model says of each question, for whoever scores it elsewhere. */
#include "trainer/predict.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static const size_t csv_bytes = (size_t)4 << 30;

/* A field as RFC 4180 has it: in quotes where it needs them. */
static void put_field(struct an_buf *b, struct an_str field)
{
    bool plain = true;

    for (size_t i = 0; i < field.n; i++)
        plain &= strchr(",\"\r\n", field.p[i]) == NULL;
    if (plain) {
        an_buf_put(b, field);
        return;
    }
    an_buf_put_char(b, '"');
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"')
            an_buf_put_char(b, '"');
        an_buf_put_char(b, field.p[i]);
    }
    an_buf_put_char(b, '"');
}

struct rt_calibration tr_fitted_calibration(const struct tr_fitted *fitted,
                                            const struct tr_column *column)
{
    if (fitted->is_package)
        return rt_manifest_calibration(&fitted->manifest, column->outcome,
                                       column->horizon_days);
    return (struct rt_calibration){.kind = RT_CALIBRATION_NONE};
}

/* Whose question it is: patients stand in the order of their questions. */
static uint64_t key_of(const struct tr_cohort *c, size_t *patient, size_t query)
{
    while (query >=
           c->patient[*patient].first_query + c->patient[*patient].n_queries)
        ++*patient;
    return c->patient[*patient].key;
}

enum an_code tr_predicted_csv(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_predicted *p, struct an_str *text,
                              struct an_err *err)
{
    const struct tr_cohort *c = &d->cohort;
    size_t patient = 0;
    struct an_buf b;

    an_buf_init(&b, arena, csv_bytes);
    an_buf_put_c(&b, "id,outcome,horizon_days,risk\n");
    for (size_t q = 0; q < p->n; q++) {
        const uint64_t key = key_of(c, &patient, p->row[q]);

        for (size_t i = 0; i < p->n_columns; i++) {
            const struct tr_column *column = &p->column[i];
            const struct rt_calibration map =
                tr_fitted_calibration(fitted, column);
            char risk[48];

            if (c->follow_up[p->row[q] * c->sizes.outcomes + column->outcome]
                    .to_days <= 0)
                continue;
            (void)snprintf(risk, sizeof(risk), ",%u,%.9g\n",
                           column->horizon_days,
                           rt_calibrate(&map, p->p_qc[q * p->n_columns + i]));
            an_buf_put_u64(&b, key);
            an_buf_put_char(&b, ',');
            put_field(&b, d->asked[column->outcome].id);
            an_buf_put_c(&b, risk);
        }
    }
    return an_buf_done(&b, text, err);
}
