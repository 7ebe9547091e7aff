/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/reported.h"

#include <cblas.h>
#include <check.h>

void reported_begin(struct reported *r, size_t n)
{
    const struct judged_how how = {.n = {0, n / 2, n},
                                   .lost_per_day = 1. / 2000,
                                   .end_days = 1500,
                                   .not_at_risk = true,
                                   .seed = 5};
    struct judged *j = &r->judged;

    openblas_set_num_threads(1);
    judged_begin(j);
    judged_write_data(j, &how);
    judged_write_model(j, NULL);
    ck_assert_int_eq(tr_data_open(&r->data, &j->arena, j->folder.path, NULL),
                     AN_OK);
    r->data.asked[0].p_threshold = 0.1;
    ck_assert_int_eq(
        tr_fitted_open(&r->fitted, &j->arena, j->folder.path, &r->data, NULL),
        AN_OK);
    ck_assert_int_eq(
        tr_judge(&j->arena, &r->data, &r->fitted, &r->judgement, NULL), AN_OK);
    ck_assert_int_eq(
        tr_view_init(&r->view, &j->arena, &r->data, &r->judgement, NULL),
        AN_OK);
}

void reported_end(struct reported *r)
{
    tr_fitted_close(&r->fitted);
    tr_data_close(&r->data);
    judged_end(&r->judged);
}
