/* SPDX-License-Identifier: Apache-2.0 */
/* Two or more procedures for one patient: the risks as they would be said if
 * each were recorded now, and how they differ; or why nothing is said.
 *
 *     struct ctx_code candidate[] = {{system, open, {0}}, {system, other, {0}}};
 *     rt_compare(&p, arena, &timeline, now, candidate, 2, q, n, &out, err);
 *
 * A candidate is one entry more at the last moment of the history; all of them
 * go on after what was kept of the positions before it, in one pass.  The
 * model's calibrated risk is moved on log-odds by the `shift` that the package
 * has for the procedure (runtime/support.h), so that among all who had it as
 * many are expected as there were, however much the model itself has learned
 * of the procedure.
 *
 * The interval of a risk is, on log-odds, the shift's own (1.96 errors: the
 * draw of the people who had the procedure) and the calibration's spread,
 * squared and added.  That of a difference is made of both risks' intervals by
 * squaring and adding the parts (Newcombe 1998,
 * doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), as if
 * they were independent; what the two have in common makes it too wide.  They
 * do not cover what the record does not say (who chose the procedure and why),
 * nor that a procedure may differ more for some patients than for others: it is
 * an association.
 *
 * Measured on 40 cohorts of 3,000 invented people (tests/trainer_compare.c, where
 * the old never have the second procedure): the interval held the planted
 * difference of 80 patients of 80, and the estimate was nearer to none than the
 * truth, by 0.020 where that is 0.118 on average, since a model takes some of
 * what a procedure does for what distinguishes those who have it.
 *
 * No comparison is made
 * - by a demonstrator, or by a package that counted nobody;
 * - of what is no procedure that the model predicts, or one candidate twice;
 * - of a procedure that fewer than min_people had;
 * - when the model abstains (runtime/abstain.h);
 * - of what is implausible for the patient (runtime/plausible.h);
 * - without overlap: of the chance that one of the candidates is what comes
 *   next, by the model's own rates, each must have min_share, after the rule of
 *   Crump et al. 2009 (doi:10.1093/biomet/asn055);
 * and none of one outcome when fewer than min_people were followed, when fewer
 * than min_events of them had it or did not, or without a spread.  One candidate
 * that is refused refuses the whole.
 *
 * Thread-safety, ownership: as rt_predict. */
#ifndef RUNTIME_COMPARE_H
#define RUNTIME_COMPARE_H

#include "context/comparison.h"
#include "runtime/predict.h"

enum { RT_MIN_CANDIDATES = 2, RT_MAX_CANDIDATES = 8 };

/* Questions about outcomes that the model does not have are left out.  AN_LIMIT
 * for fewer or more candidates than that; else as rt_predict. */
enum an_code rt_compare(struct rt_predictor *p, struct an_arena *arena,
                        const struct ctx_timeline *t, int64_t now_us,
                        const struct ctx_code *candidate, size_t n_candidates,
                        const struct rt_question *question, size_t n_questions,
                        struct ctx_comparison *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* p moved by the shift on log-odds, and its interval. */
void rt_supported_risk(const struct rt_supported *s, double p, double spread,
                       struct ctx_compared *out);
/* out->difference is out->p - base->p, with its interval. */
void rt_difference(const struct ctx_compared *base, struct ctx_compared *out);

#endif
