/* SPDX-License-Identifier: Apache-2.0 */
/* What stored events are about and nobody has said the meaning of: codes in no
 * standard system that no table of the site maps, by how often they were said.
 *
 *     pl_codes(reader, arena, &site, AN_STR(""), &codes, err);
 *
 * An event counts by its concept when neither that nor an alias is in a standard
 * system (context/system.h) and no table made the concept: the same events whose
 * fields explain-message calls "not understood".  Whether today's tables have a
 * row for the code is said beside; `reprocess` then takes it off this list.
 *
 * All events are read, once: this is a question for an evening, not for each
 * message.  Failures, threads and ownership are reader.h's. */
#ifndef PLUGIN_STORE_CODES_H
#define PLUGIN_STORE_CODES_H

#include "context/localise.h"
#include "plugin/store/reader.h"

struct pl_code {
    struct ctx_code code;      /* with the first name that was said for it */
    uint64_t n;                /* events */
    uint8_t kind;              /* enum ctx_kind of the first of them */
    bool mapped;               /* today's tables have it */
    int64_t first_us, last_us; /* when the first and the last message came */
};

struct pl_codes {
    const struct pl_code *code; /* the most frequent first */
    size_t n;
    uint64_t n_events;   /* all that were looked at */
    uint64_t n_unmapped; /* of these, that count above */
    uint64_t n_words;    /* of these, that have no code at all */
};

/* Of one system only when `system` is not NULL in p.  AN_LIMIT when there are
 * more than a million codes. */
enum an_code pl_codes(struct pl_reader *r, struct an_arena *arena,
                      const struct ctx_site *site, struct an_str system,
                      struct pl_codes *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
