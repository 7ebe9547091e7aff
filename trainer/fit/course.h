/* SPDX-License-Identifier: Apache-2.0 */
/* How the losses of a fit went, epoch by epoch, in bounded room: of a long fit
 * every second epoch is kept, or every fourth, and so on, and the last one.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_FIT_COURSE_H
#define TRAINER_FIT_COURSE_H

#include "base/json_out.h"

enum { TR_COURSE_EPOCHS = 128 };

/* Of a checkpoint: zero to begin with. */
struct tr_course {
    int64_t n, every;
    struct tr_course_at {
        int64_t epoch; /* from 1 */
        double train;
        double tune, next, outcomes; /* NAN without tuning patients */
    } at[TR_COURSE_EPOCHS];
};

/* The epochs in their order. */
void tr_course_add(struct tr_course *c, const struct tr_course_at *epoch);

/* The member "epochs": [{"epoch", "train", "tune", "next", "outcomes"}], the
 * last three, of the tuning patients, null without any; nothing when no epoch is
 * kept. */
void tr_course_write(const struct tr_course *c, struct an_json_out *w);

#endif
