/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of other processes, on an engine that is open anyway: what
 * `anamnesis serve` answers over its socket is what the library answers in
 * process, with the same journal of what is in hand (journal_int.h).
 *
 *     abi_guests_open(&running, log, &guests, err);  -- before it is started
 *     engine = abi_guest_new(guests, &calls);        -- one a connection
 *     abi_guest_name(engine, "mirth 4.5.2");
 *     abi_process(engine, ...);                      -- calls.h
 *     abi_guest_free(engine);
 *     abi_guests_close(guests);                      -- before running closes
 *
 * Thread-safety: shared, except open and close.  Ownership: `running`, `log` and
 * what `calls` points to are borrowed. */
#ifndef PLUGIN_ABI_GUEST_H
#define PLUGIN_ABI_GUEST_H

#include "plugin/anamnesis.h"
#include "plugin/running.h"

struct abi_guests;

/* What the connection offers; called in the thread of the call. */
struct abi_guest_calls {
    void *data;
    void (*log)(void *data, int32_t level, const char *line, size_t n);
    int32_t (*is_cancelled)(void *data, const char *message_id);
};

/* Takes the store's journal, and gives up what a dead process had in hand.
 * AN_CONFLICT: another process has it; AN_IO, AN_NOMEM. */
enum an_code abi_guests_open(struct pl_running *running,
                             const struct an_log *log, struct abi_guests **out,
                             struct an_err *err)
    __attribute__((warn_unused_result));
/* No call is under way.  NULL is nothing. */
void abi_guests_close(struct abi_guests *g);

/* NULL without memory. */
struct anamnesis_engine *abi_guest_new(struct abi_guests *g,
                                       const struct abi_guest_calls *calls);
/* For whom the next call is: UTF-8 of at most 255 bytes that stays until then,
 * or NULL.  False: it is none. */
bool abi_guest_name(struct anamnesis_engine *engine, const char *name);
void abi_guest_free(struct anamnesis_engine *engine);

/* Messages of guests by what became of them. */
void abi_guests_count(const struct abi_guests *g, uint64_t n[PL_FAILED + 1]);

#endif
