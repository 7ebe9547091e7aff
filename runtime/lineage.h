/* SPDX-License-Identifier: Apache-2.0 */
/* The log of what a model was made of, and by what: one leaf a line, each a
 * JSON object whose bytes are what is hashed (base/merkle.h).
 *
 *     {"leaf":0,"kind":"code",...}
 *     {"leaf":1,"kind":"dataset",...}
 *
 * It begins with a data set, goes on with the fit, and ends with the package,
 * which has it as lineage/log.jsonl; each is the beginning of the next.
 *
 *     unknown-before  the log was begun after this was done
 *     code            the program that wrote what follows: version, SHA-256
 *     dataset         named by cohort.bin's SHA-256: vocabulary, configuration,
 *                     patients and events by split, per outcome the patients
 *                     asked about, questions and positive answers by split, and
 *                     the root over its input files
 *     run             a fit: data set, configuration, seed, threads, OpenBLAS
 *                     core, differential privacy where there was; of a tuning
 *                     "from", the leaf with whose weights it began
 *     checkpoint      the weights that it kept
 *     evaluation      on which data set they were judged and calibrated
 *     capability      an outcome: who supplied labels for it, to fit, to choose
 *                     the epoch, to calibrate and to judge
 *     model           weights, manifest and card of a package
 *
 * Splits are [train, tune, test].  Another leaf is named by its number.  A leaf
 * that begins a stage has "after": how long the log was then and its root, so
 * that a log of which an earlier part was changed does not hold together.
 *
 * A log holds digests, counts and settings: no name of a file, nothing of a
 * patient, and no digest of one patient's records.  The digests of input files
 * are the data set's own affair (trainer/lineage/inputs.h).
 *
 * lineage/checkpoint says size and root (base/note.h), in a package signed by
 * the key that signed the package.
 *
 * What it claims: that a data set took part (1), and supplied labels for an
 * outcome, so many (2).  Not that it had an influence (3), which nothing here
 * measures.
 *
 * Thread-safety: immutable once read.
 * Ownership: the arena's, and the bytes of the log. */
#ifndef RUNTIME_LINEAGE_H
#define RUNTIME_LINEAGE_H

#include "base/json.h"
#include "base/merkle.h"
#include "base/note.h"
#include "runtime/package.h"

#define RT_LINEAGE_LOG "lineage/log.jsonl"
#define RT_LINEAGE_CHECKPOINT "lineage/checkpoint"

enum { RT_LINEAGE_BYTES = 64 << 20, RT_LINEAGE_LEAVES = 4096 };

/*        name, as the log says it */
#define RT_LEAF_KINDS(X)                                                       \
    X(UNKNOWN_BEFORE, "unknown-before")                                        \
    X(CODE, "code")                                                            \
    X(DATASET, "dataset")                                                      \
    X(RUN, "run")                                                              \
    X(CHECKPOINT, "checkpoint")                                                \
    X(EVALUATION, "evaluation")                                                \
    X(CAPABILITY, "capability")                                                \
    X(MODEL, "model")

enum rt_leaf_kind {
#define X(name, text) RT_LEAF_##name,
    RT_LEAF_KINDS(X)
#undef X
        RT_LEAF_OTHER /* a later program's: hashed, and not understood */
};

struct rt_leaf {
    enum rt_leaf_kind kind;
    struct an_str line; /* without its line end */
    const struct an_json *json;
};

struct rt_lineage {
    struct rt_leaf *leaf;
    struct an_sha256 *hash; /* of the leaves */
    size_t n;
    struct an_sha256 root;
};

/* The lines of a log, checked for themselves: numbers in order, and each root
 * that is said is that of what stands before.  AN_SYNTAX, AN_INTEGRITY,
 * AN_LIMIT, with the line. */
enum an_code rt_lineage_read(struct rt_lineage *l, struct an_arena *arena,
                             struct an_str log, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_INTEGRITY when the checkpoint was not made of this log. */
enum an_code rt_lineage_match(const struct rt_lineage *l,
                              const struct an_checkpoint *c, struct an_err *err)
    __attribute__((warn_unused_result));

/* Whose log it is in a checkpoint, and the name of the key that signs it: the
 * model's, with "-" for what C2SP does not want in one. */
enum an_code rt_lineage_origin(struct an_arena *arena, struct an_str model,
                               struct an_str *origin, struct an_err *err)
    __attribute__((warn_unused_result));

/* The checkpoint of l, signed; by the PEM. */
enum an_code rt_lineage_sign(struct an_arena *arena, const struct rt_lineage *l,
                             struct an_str origin, struct an_str private_pem,
                             struct an_str *note, struct an_err *err)
    __attribute__((warn_unused_result));

/* The log of an open package, and whether it is that: signed by the package's
 * key, of its name, and its last leaf speaks of these very files.  AN_NOTFOUND
 * when the package has none; AN_MISSING, AN_INTEGRITY and what the readers
 * say. */
enum an_code rt_lineage_open(struct rt_lineage *l, struct an_arena *arena,
                             const struct rt_package *p,
                             const struct rt_file *file, size_t n_files,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- asking ---------------------------------------------------------------- */

/* The last leaf of the kind before `end`; l->n when there is none. */
size_t rt_lineage_last(const struct rt_lineage *l, enum rt_leaf_kind kind,
                       size_t end);
/* The last leaf on that outcome's capability; l->n when there is none. */
size_t rt_lineage_capability(const struct rt_lineage *l, struct an_str outcome);

/* Members of a leaf; "", 0 and l->n (of a leaf) when it has none. */
struct an_str rt_leaf_text(const struct rt_leaf *leaf, struct an_str name);
uint64_t rt_leaf_count(const struct an_json *object, struct an_str name);
size_t rt_leaf_named(const struct rt_lineage *l, const struct an_json *object,
                     struct an_str name);

/* What a leaf says, for people, in a line without its end. */
enum an_code rt_leaf_say(struct an_arena *arena, const struct rt_lineage *l,
                         size_t leaf, struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));

/* One data set's part in a capability, and its share of the questions that
 * came with labels for the same use. */
struct rt_supply {
    size_t dataset; /* leaf */
    struct an_str use;
    uint64_t patients, questions, positives;
    double share;
};

/* Those of a capability's leaf, in the order of the log. */
enum an_code rt_lineage_supplies(struct an_arena *arena,
                                 const struct rt_lineage *l, size_t capability,
                                 struct rt_supply **supply, size_t *n,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

#endif
