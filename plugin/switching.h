/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps an engine's kill switches as the store has them, whoever turns them and
 * in whichever process: a thread looks four times a second.  Who makes something
 * of a record looks by himself besides (plugin/store/switches.h), so that
 * nothing is shown that was stopped before it was asked for.
 *
 * Where the store cannot be read what was known holds; nothing else can be read
 * or written then.
 *
 * Thread-safety: open and close are called by one thread. */
#ifndef PLUGIN_SWITCHING_H
#define PLUGIN_SWITCHING_H

#include "plugin/engine.h"

struct pl_switching;

/* Of an engine whose policy has switches, and which must outlive this.  What
 * opening a reader says; AN_NOMEM, AN_IO. */
enum an_code pl_switching_open(struct pl_engine *e, struct pl_switching **out,
                               struct an_err *err)
    __attribute__((warn_unused_result));
void pl_switching_close(struct pl_switching *s); /* NULL is nothing */

#endif
