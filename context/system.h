/* SPDX-License-Identifier: Apache-2.0 */
/* Code systems: which are everybody's, and which are somebody's own.
 *
 * Thread-safety: immutable. */
#ifndef CONTEXT_SYSTEM_H
#define CONTEXT_SYSTEM_H

#include "base/str.h"

/* Whether config/tables/standard-systems.tsv has this URI: a code in it means
 * the same everywhere and needs no site's mapping. */
bool ctx_system_standard(struct an_str uri);

#endif
