/* SPDX-License-Identifier: Apache-2.0 */
/* Invented people who have one of three procedures, and the complication that
 * some have within 30 days of it; a model that is fitted to them, and packed.
 *
 * Half of them have a condition that makes the complication likelier and
 * procedure B likelier than A.  On log-odds B lowers the complication by
 * -operated_effect.  The old never have B.  C is hardly ever had.
 *
 * Everything is asserted.  Thread-safety: confined. */
#ifndef TESTS_OPERATED_H
#define TESTS_OPERATED_H

#include "runtime/predict.h"
#include "tests/folder.h"
#include "trainer/package/package.h"

enum { OPERATED_A, OPERATED_B, OPERATED_C, OPERATED_N };
enum { OPERATED_OLD = 65, OPERATED_DAYS = 30 };

extern const double operated_effect;
extern const struct ctx_code operated_code[OPERATED_N];

struct operated {
    struct test_folder folder, packed;
    struct an_arena arena;
    struct tr_package_files files;
    struct rt_package package;
    struct rt_predictor predictor;
};

void operated_begin(struct operated *o, size_t n_people, uint64_t seed,
                    bool demonstrator);
void operated_end(struct operated *o);

/* The truth: 30 days after the procedure. */
double operated_risk(bool has_condition, int procedure);

/* Somebody new, before any procedure, asked about at *now_us. */
struct ctx_timeline operated_patient(struct operated *o, double age_years,
                                     bool has_condition, int64_t *now_us);

#endif
