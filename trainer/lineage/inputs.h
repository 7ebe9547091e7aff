/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a data set was made of, so that each can be found again, or
 * found changed, and none be guessed:
 *
 *     DATA/lineage/inputs.jsonl  a line a file, in the order of reading
 *     DATA/lineage/salt          64 hex digits
 *
 *     {"name":H,"file":H,"bytes":N,"records":N,"root":H}
 *
 * name: of the file's own name; file: of its bytes, unpacked; root: the Merkle
 * root over its records (base/merkle.h), a record being what the reader hands
 * over: a Bundle, a line of NDJSON, a row of a table.  Each H of name, file and
 * record is an HMAC-SHA-256 by the salt, of 32 random bytes.  The root over
 * the lines stands in the log, and nothing else of this.
 *
 * Why salted and why here: a file is often one patient, and a plain digest of
 * it would say of anybody's guess whether that patient took part.  With the
 * salt a record can be proved to have been read; where the salt is deleted, as
 * for an erasure, neither these lines nor the log can be tied to any file or
 * record again, and the log and all that follows from it stand as they are.  So
 * both files are their owner's alone (mode 0600), and go into no fit and no
 * package.  A data set with a seed has a salt of that seed.
 *
 *     tr_inputs_init(&in, arena, salt)
 *     const struct tr_source_watch watch = tr_inputs_watch(&in);
 *     tr_source_watched(path, &watch, take, arg, err);
 *     tr_inputs_write(&in, arena, folder, err);
 *
 * Thread-safety: confined.  Ownership: the arena's; tr_inputs_release after all
 * else, since a file may have been left open by an error. */
#ifndef TRAINER_LINEAGE_INPUTS_H
#define TRAINER_LINEAGE_INPUTS_H

#include "base/arena.h"
#include "base/merkle.h"
#include "trainer/dataset/pseudonym.h"
#include "trainer/dataset/source.h"

struct tr_input {
    struct tr_input *next;
    const char *path; /* as it was read; NULL of a line that was kept */
    struct an_sha256 name, file, root;
    uint64_t bytes, records;
};

struct tr_inputs {
    struct an_arena *arena;
    struct tr_pseudonym salt;
    struct tr_input *first, **end; /* in the order of reading */
    size_t n;
    uint64_t n_records;
    /* the file that is being read */
    struct tr_input *open;
    struct an_sha256_run run;
    struct an_merkle records;
};

/* With a salt of the seed, or without one of chance. */
enum an_code tr_inputs_init(struct tr_inputs *in, struct an_arena *arena,
                            const uint64_t *seed, struct an_err *err)
    __attribute__((warn_unused_result));
void tr_inputs_release(struct tr_inputs *in);

/* For tr_source_watched. */
struct tr_source_watch tr_inputs_watch(struct tr_inputs *in);

/* The tables of a study of that form, which stand at `path` or in it: their
 * rows are the records. */
enum an_code tr_inputs_tables(struct tr_inputs *in, struct an_str form,
                              const char *path, struct an_err *err)
    __attribute__((warn_unused_result));

/* Over the lines. */
enum an_code tr_inputs_root(const struct tr_inputs *in, struct an_arena *arena,
                            struct an_sha256 *root, struct an_err *err)
    __attribute__((warn_unused_result));

/* Both files; DATA/lineage exists. */
enum an_code tr_inputs_write(const struct tr_inputs *in, struct an_arena *arena,
                             const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));

/* Both files; AN_NOTFOUND without one of them, AN_SYNTAX with the line. */
enum an_code tr_inputs_open(struct tr_inputs *in, struct an_arena *arena,
                            const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
