/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by the names that people have for them, and what was made of one.
 *
 *     pl_named(reader, arena, AN_STR("C4711"), &named, err);
 *     if (named.n == 1 && !named.item[0].refused)
 *         pl_made(reader, arena, named.item[0].number, &made, err);
 *
 * Failures, threads and ownership are reader.h's. */
#ifndef PLUGIN_STORE_NAMED_H
#define PLUGIN_STORE_NAMED_H

#include "plugin/store/reader.h"

/* A message, or the note that one was refused. */
struct pl_name {
    bool refused;
    int64_t number; /* in the store; of a note, its own */
    struct an_sha256 sha256;
    struct an_str feed, sender, control_id, kind;
    enum pl_format format;
    int64_t received_us, said_us; /* said_us 0: unsaid, or refused */
    int64_t raw_bytes, n_warnings;
    bool reused; /* its sender had used the control id before */
    /* How often it came again after that, and when last. */
    int64_t n_again, last_us;
    struct an_str what, place; /* why it was refused, and for which field */
};

struct pl_named {
    const struct pl_name *item; /* messages by number, then refusals */
    size_t n;
};

enum {
    PL_LIMIT_NAMED = 100,  /* of each kind; the newest */
    PL_NAMED_HEX_LEAST = 8 /* digits of a SHA-256 that are a name */
};

/* Whatever `id` may be: a control id, a message's number in the store, or the
 * beginning of its SHA-256 in hex.  AN_NOTFOUND when nothing is called so. */
enum an_code pl_named(struct pl_reader *r, struct an_arena *arena,
                      struct an_str id, struct pl_named *out,
                      struct an_err *err) __attribute__((warn_unused_result));

/* What stands in the store of what a message said about one identifier. */
struct pl_made_part {
    struct ctx_identifier patient;
    const struct ctx_event *event;
    size_t n_events, n_claims;
};

struct pl_made {
    const struct pl_made_part *part;
    size_t n_parts;
    const struct ctx_account *account; /* with fields */
    size_t n_accounts;
};

enum an_code pl_made(struct pl_reader *r, struct an_arena *arena,
                     int64_t number, struct pl_made *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
