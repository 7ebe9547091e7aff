/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for a caller who waits, as FHIR transactions.
 *
 *     pl_hold_take(&holds, &hold);
 *     pl_job_put(job, committer);
 *     asked = (struct pl_reply_ask){.face = PL_FACE_ABI, .is_wanted = ...};
 *     all = pl_reply_message(&running, arena, job, &asked, &reply);
 *     pl_hold_let(&holds, &hold, pl_job_receipt(job)->message);
 *     if (!all)
 *         pl_running_wake(&running);      -- the watch does the rest
 *
 * Thread-safety: shared.  Ownership: what comes out is the arena's, which also
 * holds all that was read on the way: make it one for the call. */
#ifndef PLUGIN_REPLY_H
#define PLUGIN_REPLY_H

#include "plugin/running.h"

/* Of a message about more patients the watch answers the rest. */
enum { PL_REPLY_PATIENTS = 16 };

/* As in struct pl_call. */
struct pl_reply_ask {
    enum pl_face face;
    struct an_str actor, instance;
    bool (*is_wanted)(void *user);
    void *user;
};

struct pl_reply {
    struct an_str bundle[PL_REPLY_PATIENTS]; /* of those with any */
    size_t n_bundles;
    size_t n_shown; /* suggestions in them */
    bool unreachable;
    bool opted_out; /* somebody it is about has */
};

/* What the message of a job triggered: each patient's triggers are one
 * question.  True when all are answered; else some wait for the watch.  What
 * another message of the same bytes had triggered is not answered again. */
bool pl_reply_message(struct pl_running *r, struct an_arena *arena,
                      const struct pl_job *job, const struct pl_reply_ask *ask,
                      struct pl_reply *out);

/* A chart is opened: the person whom authority and value name, by the present
 * of the configuration's clock.  Fails as pl_find and pl_consult do. */
enum an_code pl_reply_chart(struct pl_running *r, struct an_arena *arena,
                            struct an_str authority, struct an_str value,
                            const struct pl_reply_ask *ask,
                            struct pl_reply *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
