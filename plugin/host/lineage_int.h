/* SPDX-License-Identifier: Apache-2.0 */
/* What verify --lineage has found and proved, for its two ways of saying it. */
#ifndef PLUGIN_HOST_LINEAGE_INT_H
#define PLUGIN_HOST_LINEAGE_INT_H

#include "plugin/model.h"
#include "runtime/lineage.h"

struct pl_lineage {
    const struct rt_package *package;
    struct rt_lineage log;
    struct an_str checkpoint; /* the signed note */
    struct an_str key;        /* of it, as C2SP says keys */
    struct an_str outcome;    /* asked for; "": none */
    size_t capability;        /* its leaf */
    struct rt_supply *supply; /* who supplied labels for it */
    size_t n_supplies;
};

/* A leaf is in the log of that root: made, and checked as an outsider would. */
enum an_code pl_lineage_prove(const struct rt_lineage *l, size_t leaf,
                              struct an_merkle_proof *proof, struct an_err *err)
    __attribute__((warn_unused_result));

/* The leaves that answer: data sets that took part, what nobody noted, and the
 * capability that was asked for. */
bool pl_lineage_answers(const struct pl_lineage *l, size_t leaf);

/* All that an outsider needs to check it, on standard output. */
enum an_code pl_lineage_json(struct an_arena *arena, const struct pl_lineage *l,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
