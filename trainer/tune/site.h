/* SPDX-License-Identifier: Apache-2.0 */
/* A site's test patients in groups: a sex, or an age at the question
 * (trainer/evaluate/groups.h).
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_TUNE_SITE_H
#define TRAINER_TUNE_SITE_H

#include "trainer/evaluate/groups.h"

/* in[q] has bit g when question q of `p` is of group g. */
enum an_code tr_site_groups(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_predicted *p, uint8_t **in,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
