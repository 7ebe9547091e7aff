/* SPDX-License-Identifier: Apache-2.0 */
/* What engines of one process share.  A house is all that came of one
 * configuration: creates of the same bytes live in it together.  Its core is
 * what is in force; a reload exchanges it.
 *
 *     abi_house_enter(host, config, &engine, err);   -- create
 *     core = abi_core_take(engine->house);
 *     ...                                            -- one call
 *     abi_core_give(core);
 *     abi_house_leave(engine);                       -- destroy
 *
 * Thread-safety: shared.  One locked list of houses is the only state of the
 * process; opening and closing take turns behind its lock. */
#ifndef PLUGIN_ABI_HOUSE_INT_H
#define PLUGIN_ABI_HOUSE_INT_H

#include "plugin/abi/journal_int.h"
#include "plugin/anamnesis.h"
#include "plugin/reply.h"

#include <stdatomic.h>

/* A journal that cores of the same store share. */
struct abi_desk {
    struct abi_journal *journal;
    unsigned n_cores; /* under the list's lock */
};

struct abi_core {
    struct pl_running *running, own; /* its own, or a server's */
    struct an_log log;
    struct abi_desk *desk;
    struct abi_house *house;
    unsigned n_calls; /* under the house's lock */
};

struct abi_counts {
    atomic_uint_fast64_t verdict[PL_FAILED + 1];
    atomic_uint_fast64_t quarantined, left, bundles, suggestions;
};

struct abi_house {
    struct abi_house *next;
    struct an_sha256 key; /* of the configuration */
    unsigned n_engines;
    pthread_mutex_t lock; /* over core and n_calls */
    pthread_cond_t left;  /* a call has ended */
    struct abi_core *core;
    pthread_mutex_t change; /* held while the watch may not go away */
    struct pl_holds holds;
    struct abi_counts counts;
    pthread_mutex_t log_lock;
    struct anamnesis_engine *engine; /* a list, under log_lock */
};

struct anamnesis_engine {
    struct abi_house *house;
    struct anamnesis_host host; /* a copy, in our size */
    struct anamnesis_host_cancel cancel;
    struct anamnesis_engine *next;
};

enum { ABI_GRACE_MS = 5000 };

/* Fails as pl_running_open, pl_running_start and abi_journal_open do. */
enum an_code abi_house_enter(const struct anamnesis_host *host,
                             struct an_str config,
                             struct anamnesis_engine **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* AN_OK, or the same failures with the old core still there. */
enum an_code abi_house_reload(struct abi_house *h, struct an_str config,
                              struct an_err *err)
    __attribute__((warn_unused_result));
void abi_house_leave(struct anamnesis_engine *engine);

/* One that nobody finds by its configuration; NULL without memory.  Freed with
 * its core, once the calls on it have ended. */
struct abi_house *abi_house_new(void);
void abi_house_free(struct abi_house *h);

struct abi_core *abi_core_take(struct abi_house *h);
void abi_core_give(struct abi_core *c);

/* exit() has been called: nothing new is begun. */
bool abi_is_quitting(void);

/* No call is under way; false when timeout_ms went by first. */
bool abi_house_quiet(struct abi_house *h, int64_t timeout_ms);

/* ---- core.c ------------------------------------------------------------- */

/* Everything but what works in threads of its own.  `desk` is one of the same
 * store, or NULL. */
enum an_code abi_core_open(struct abi_house *h, struct an_str config,
                           struct abi_core *old, struct abi_core **out,
                           struct an_err *err)
    __attribute__((warn_unused_result));
void abi_core_close(struct abi_core *c); /* NULL is nothing */

/* A journal of the store at `path`, for this core. */
enum an_code abi_core_take_desk(struct abi_core *c, const char *path,
                                struct an_err *err)
    __attribute__((warn_unused_result));
/* What a dead process had in hand may have been stored already: then its
 * triggers wait, and to answer them may be what killed it.  They are given up,
 * before anything answers them. */
enum an_code abi_core_disarm(struct abi_core *c, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
