/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: a thread behind the others that withdraws what was deleted at a FHIR
 * server before it came, gives an older store its index of resources, seals what is
 * not under the key that seals, ends erasures that were begun, removes what is kept for long enough
 * (store.retention), in small transactions with pauses between, and then gives
 * back the pages that this freed.  It begins at once and comes again each minute,
 * for what is to be withdrawn each second; what fails is logged, counted and tried again then.
 *
 * Thread-safety: open and close are called by one thread.  Ownership: the
 * engine must outlive it. */
#ifndef PLUGIN_KEEPER_H
#define PLUGIN_KEEPER_H

#include "plugin/engine.h"
#include "plugin/store/purge.h"

struct pl_keeper;

enum an_code pl_keeper_open(struct pl_engine *engine, struct pl_keeper **out,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* The transaction under way ends.  NULL is nothing to close. */
void pl_keeper_close(struct pl_keeper *k);

/* The numbers are logged: append. */
enum pl_keeper_job {
    PL_KEEPER_SEAL,
    PL_KEEPER_ERASE,
    PL_KEEPER_PURGE,
    PL_KEEPER_RECLAIM,
    PL_KEEPER_INDEX,
    PL_KEEPER_WITHDRAW,
    PL_N_KEEPER_JOBS
};

/* How often it failed; from any thread. */
uint64_t pl_keeper_faults(const struct pl_keeper *k, enum pl_keeper_job job);

/* What the options say is to be removed now, of one kind; false: nothing is. */
bool pl_keeper_due(const struct cfg_options *o, enum pl_purge_kind kind,
                   int64_t now_us, struct pl_purge *out);

#endif
