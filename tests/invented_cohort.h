/* SPDX-License-Identifier: Apache-2.0 */
/* An invented cohort with a planted structure, for the tests of the trainer:
 *
 * - concept HARM multiplies the hazard of outcome 0 by 6;
 * - the value of concept LAB, z, multiplies that of outcome 1 by e^z;
 * - concept AFTER follows HARM within days, and everybody else rarely;
 * - outcome 2 is death, at the same hazard for all. */
#ifndef TESTS_INVENTED_COHORT_H
#define TESTS_INVENTED_COHORT_H

#include "trainer/dataset/cohort.h"

enum {
    INV_HARM,
    INV_LAB,
    INV_AFTER,
    INV_COMMON,
    INV_SEX_A,
    INV_SEX_B,
    INV_N_CONCEPTS
};

/* Write n patients to `path`: of ten, seven train, one tunes, two test. */
void invent_cohort(const char *path, size_t n, uint64_t seed);

/* Sizes of what it writes. */
struct tr_cohort_sizes invented_sizes(void);

/* Whether the patient has HARM; the last value of LAB. */
bool invented_harm(const struct tr_cohort *c, size_t patient);
float invented_lab(const struct tr_cohort *c, size_t patient);

/* A path in the build's temporary folder, removed by invented_remove. */
const char *invented_path(char buf[64]);
void invented_remove(const char *path);

#endif
