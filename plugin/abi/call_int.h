/* SPDX-License-Identifier: Apache-2.0 */
/* One call under way: which core it runs on, until when, for whom, and a line
 * about it for the host's log.  While it is, floating point is as everywhere,
 * however the host's thread has it: the same bytes get the same numbers.
 *
 *     abi_call_begin(&call, engine, message_id, deadline_ms);
 *     if (abi_call_may_show(&call))
 *         ask = abi_call_ask(&call, user, occasion), ...
 *     abi_call_say(&call, &line);
 *     abi_call_end(&call);
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_ABI_CALL_INT_H
#define PLUGIN_ABI_CALL_INT_H

#include "plugin/abi/house_int.h"

#include <fenv.h>

/* For the reading and thinking of one call; freed with it. */
enum { ABI_CALL_BYTES = 1 << 30, ABI_ID_BYTES = 64, ABI_NAME_BYTES = 256 };

struct abi_call {
    struct anamnesis_engine *engine;
    struct abi_core *core;
    const char *message_id; /* the host's; may be NULL */
    char id[ABI_ID_BYTES];  /* what of it may stand in a line; "" for NULL */
    int64_t began_us, until_us; /* 0: for ever */
    fenv_t modes;               /* the host's */
};

struct abi_line {
    const char *event;
    enum an_level level;
    anamnesis_status status;
    size_t n_bundles;
};

void abi_call_begin(struct abi_call *c, struct anamnesis_engine *engine,
                    const char *message_id, uint32_t deadline_ms);
void abi_call_end(struct abi_call *c);

/* Suggestions may leave by this face at all. */
bool abi_call_may_show(const struct abi_call *c);
/* `c` must stay; NULL for `actor` is the host. */
struct pl_reply_ask abi_call_ask(struct abi_call *c, const char *actor,
                                 const char *occasion);
/* Whom the audit trail can name: UTF-8 of less than ABI_NAME_BYTES, or NULL. */
bool abi_is_name(const char *name);

/* To the host that called, when the level is logged. */
void abi_call_say(const struct abi_call *c, const struct abi_line *line);

#endif
