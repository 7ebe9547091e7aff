/* SPDX-License-Identifier: Apache-2.0 */
/* Engines as numbers, for callers that have no pointers.  A number is a place
 * and the generation of that place, so one that is stale or made up is found
 * out, and an engine in use is not taken away under its user.
 *
 *     handle = abi_handle_new(engine);       -- 0: all places are taken
 *     engine = abi_handle_take(handle);      -- NULL: there is none such
 *     ...
 *     abi_handle_give(handle);
 *     engine = abi_handle_drop(handle);      -- waits for those who have it
 *
 * Thread-safety: shared; one locked table for the process. */
#ifndef PLUGIN_ABI_HANDLES_INT_H
#define PLUGIN_ABI_HANDLES_INT_H

#include "plugin/anamnesis.h"

enum { ABI_HANDLES = 1024 };

int64_t abi_handle_new(struct anamnesis_engine *engine);
struct anamnesis_engine *abi_handle_take(int64_t handle);
void abi_handle_give(int64_t handle);
struct anamnesis_engine *abi_handle_drop(int64_t handle);

#endif
