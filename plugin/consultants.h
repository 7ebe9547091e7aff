/* SPDX-License-Identifier: Apache-2.0 */
/* Some consultants for callers who wait for an answer: a caller takes one that
 * is free, or waits until one is, and gives it back.
 *
 *     pl_consultants_open(&from, 2, &consultants, err);
 *     rc = pl_consultants_ask(consultants, arena, &call, &answer, err);
 *     pl_consultants_close(consultants);
 *
 * Thread-safety: shared, except that open and close are called by one thread,
 * close when nobody asks any more. */
#ifndef PLUGIN_CONSULTANTS_H
#define PLUGIN_CONSULTANTS_H

#include "plugin/consult.h"

struct pl_consultants;

/* n 0: one for each core. */
enum an_code pl_consultants_open(const struct pl_consult_source *from,
                                 uint32_t n, struct pl_consultants **out,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
void pl_consultants_close(struct pl_consultants *c); /* NULL is nothing */

/* pl_consult, by one of them. */
enum an_code pl_consultants_ask(struct pl_consultants *c,
                                struct an_arena *arena,
                                const struct pl_call *call,
                                struct pl_answer *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
