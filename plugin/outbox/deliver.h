/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the outbox on its way to the receiver: in the form that the
 * receiver takes, against the versions that it answered before, and what is
 * learnt from its answers.
 *
 *     struct pl_deliverer_options options = {.post = post, .reader = reader, ...};
 *     pl_deliverer_init(&deliverer, &options);
 *     if (pl_deliver(&deliverer, arena, &row, &out, err) == AN_OK)
 *         note(out.result, out.sent, out.n_sent, out.done);
 *
 *   PUT    each resource under an id of ours, all in one transaction; the same
 *          bytes sent twice are one
 *   POST   created once, by identifier (If-None-Exist), and updated where the
 *          receiver has put it; a Provenance that was sent and not noted is made
 *          a second time, unless Provenance?target= finds it
 *   AUTO   as its CapabilityStatement says, read when first needed and after a
 *          refusal; what cannot be read changes nothing; PUT until one was read.
 *          To a receiver without transactions entries go one by one, in their
 *          order; which are done is kept in the row
 *
 * A resource that somebody else has changed since (its version is another, and
 * what stands there is not what we wrote, or it is more than preliminary) is left
 * alone from then on.
 *
 * Thread-safety: confined.  Ownership: results are the arena's. */
#ifndef PLUGIN_OUTBOX_DELIVER_H
#define PLUGIN_OUTBOX_DELIVER_H

#include "config/options.h"
#include "fhir/write_request.h"
#include "plugin/outbox/ability.h"
#include "plugin/outbox/post.h"
#include "plugin/store/outgoing.h"

struct pl_deliverer_options {
    struct pl_post *post;
    struct pl_reader *reader;
    enum cfg_delivery mode;
    bool versions;          /* If-Match, where the receiver keeps versions */
    struct an_str software; /* name and version, of a withdrawal's author */
};

struct pl_deliverer {
    struct pl_deliverer_options options;
    struct pl_ability ability;
    bool is_known;    /* a statement was read */
    bool is_doubted;  /* it is to be read again */
    int64_t asked_ms; /* when it was asked for last */
};

struct pl_delivered {
    struct pl_post_result result;
    struct pl_sent *sent; /* what was learnt, whatever the fate */
    size_t n_sent;
    struct an_str done; /* "" unless entries went one by one */
};

void pl_deliverer_init(struct pl_deliverer *d,
                       const struct pl_deliverer_options *options);

/* AN_OK whatever the receiver says; else nothing is known of it: AN_NOMEM, what
 * a reader and pl_post_ask say. */
enum an_code pl_deliver(struct pl_deliverer *d, struct an_arena *arena,
                        const struct pl_outbox_row *row,
                        struct pl_delivered *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
