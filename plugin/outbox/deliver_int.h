/* SPDX-License-Identifier: Apache-2.0 */
/* One delivery under way.
 *
 *   deliver.c    which form, what is known, a transaction
 *   singly.c     entries one by one
 *   standing.c   what became of a resource at the receiver
 *   withdraw.c   a resource that is taken back
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_OUTBOX_DELIVER_INT_H
#define PLUGIN_OUTBOX_DELIVER_INT_H

#include "plugin/outbox/deliver.h"

enum { PL_ROUNDS = 3 }; /* of one attempt, each after something was learnt */

struct pl_carriage {
    struct pl_deliverer *d;
    struct an_arena *arena;
    const struct pl_outbox_row *row;
    struct pl_delivered *out;
    struct fhir_request r;
    struct fhir_request_at *at; /* of each entry */
    bool *is_kept;              /* of each entry: the store keeps track of it */
    enum fhir_request_mode mode;
};

/* Something was learnt of an entry: it is noted, and holds for the next round. */
void pl_carriage_learn(struct pl_carriage *c, size_t i, struct an_str address,
                       struct an_str version, enum pl_sent_state state);
/* One request; the result goes to out->result. */
enum an_code pl_carriage_ask(struct pl_carriage *c,
                             const struct pl_post_request *q,
                             struct pl_post_answer *answer, struct an_err *err)
    __attribute__((warn_unused_result));
/* The receiver's address of an entry. */
enum an_code pl_carriage_address(const struct pl_carriage *c, size_t i,
                                 struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* Parts one after the other. */
enum an_code pl_carriage_text(struct an_arena *arena, const struct an_str *part,
                              size_t n, struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL: it is no JSON object. */
enum an_code pl_carriage_read(struct pl_carriage *c, struct an_str body,
                              const struct an_json **root, struct an_err *err)
    __attribute__((warn_unused_result));

/* Of a version that is not the receiver's: who has changed it?  *learnt says
 * that the next round asks for something else.  A result that is not TAKEN ends
 * the attempt. */
enum an_code pl_carriage_examine(struct pl_carriage *c, size_t i, bool *learnt,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
/* A search has found it: Provenance of this delivery. */
enum an_code pl_carriage_is_there(struct pl_carriage *c, size_t i, bool *there,
                                  struct an_err *err)
    __attribute__((warn_unused_result));
/* The address of what a search finds: "" for nothing; *n how many. */
enum an_code pl_carriage_search(struct pl_carriage *c, struct an_str path,
                                struct an_str *address, size_t *n,
                                struct an_err *err)
    __attribute__((warn_unused_result));

enum an_code pl_carriage_singly(struct pl_carriage *c, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_carriage_withdraw(struct pl_carriage *c, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
