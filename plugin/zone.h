/* SPDX-License-Identifier: Apache-2.0 */
/* The site's time zone, by its name: the changes of its clocks from 1900 to 2100
 * as ICU's copy of the IANA database says them, so that the rooms below need
 * neither that nor the machine's own zone.
 *
 * Thread-safety: immutable once made.  Ownership: the arena. */
#ifndef PLUGIN_ZONE_H
#define PLUGIN_ZONE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

/* "Europe/Berlin", "UTC", "+01:00".  AN_CONFIG when there is no such zone. */
enum an_code pl_zone_make(struct an_arena *arena, struct an_str name,
                          struct an_zone *zone, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
