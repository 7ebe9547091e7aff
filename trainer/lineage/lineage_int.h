/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of a log share. */
#ifndef TRAINER_LINEAGE_LINEAGE_INT_H
#define TRAINER_LINEAGE_LINEAGE_INT_H

#include "trainer/lineage/lineage.h"

/* Begin a leaf: {"leaf":N,"kind":KIND; the caller goes on with members. */
void tr_leaf_begin(struct tr_lineage *l, struct an_json_out *w,
                   enum rt_leaf_kind kind);
/* "after", of a leaf that begins a stage; nothing in an empty log. */
void tr_leaf_after(const struct tr_lineage *l, struct an_json_out *w);
void tr_leaf_hash(struct an_json_out *w, const char *name,
                  const uint8_t hash[AN_SHA256_BYTES]);
/* The SHA-256 of bytes; a failure is the writer's. */
void tr_leaf_digest(struct an_json_out *w, const char *name,
                    struct an_str bytes);
void tr_leaf_count(struct an_json_out *w, const char *name, uint64_t n);
/* An object, and beside it "NAME_sha256" of its bytes. */
void tr_leaf_object(struct an_json_out *w, const char *name,
                    const char *digest_name, struct an_str json);
/* The number of another leaf; nothing when it is l->l.n. */
void tr_leaf_refer(const struct tr_lineage *l, struct an_json_out *w,
                   const char *name, size_t leaf);
/* End it, and put it in the log. */
enum an_code tr_leaf_end(struct tr_lineage *l, struct an_json_out *w,
                         struct an_err *err)
    __attribute__((warn_unused_result));

/* The first n leaves alone: what follows was done with the same folder before,
 * and is done again. */
enum an_code tr_lineage_cut(struct tr_lineage *l, size_t n, struct an_err *err)
    __attribute__((warn_unused_result));

/* The program, unless it wrote the leaves before too. */
enum an_code tr_lineage_code(struct tr_lineage *l, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_lineage_unknown(struct tr_lineage *l, const char *what,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* A data set's leaf: `told` and `in` may be NULL. */
enum an_code tr_lineage_add_data(struct tr_lineage *l,
                                 const struct tr_cohort *c,
                                 const struct tr_asked *asked,
                                 const struct tr_lineage_told *told,
                                 const struct tr_inputs *in, struct an_err *err)
    __attribute__((warn_unused_result));

/* The last leaf of the data set with that cohort.bin; l->l.n. */
size_t tr_lineage_find_data(const struct tr_lineage *l,
                            const uint8_t cohort[TR_DIGEST_BYTES]);

/* What `dataset` was told, as JSON. */
enum an_code tr_lineage_configuration(struct an_arena *arena,
                                      const struct tr_lineage_told *told,
                                      struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_CONFLICT when these are not the weights, and the description of them, that
 * the log speaks of. */
enum an_code tr_lineage_is_of(const struct tr_lineage *l,
                              const struct tr_fitted *fitted,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* Whether a hash is that of `bytes`. */
bool tr_lineage_is(struct an_str hex, struct an_str bytes);

#endif
