/* SPDX-License-Identifier: Apache-2.0 */
/* A run of de-identification: files and folders in, a folder out.
 *
 *     struct tr_deid_run run = {.d = &d, .out = "out", .failed = say};
 *     code = tr_deid_begin(&run, err);
 *     for (...)
 *         code = tr_deid_read(&run, path, err);
 *     code = tr_deid_finish(&run, err);
 *     tr_deid_abandon(&run);           -- in any case
 *
 * Read are *.json (a Bundle, a resource), *.ndjson (one a line) and *.hl7 (a
 * message, a file of batches); folders are walked in order of names, links to
 * folders are not followed, and other files of a folder are passed over, as is
 * OUT.part where OUT is inside a folder that is read.  A file that is named
 * itself is read by what it begins with.
 *
 * Written is a file for each that something stays of, as OUT/000001.json: names
 * of files can be names of patients.  Batches become one batch, whose headers
 * say nothing but the delimiters.  OUT/manifest says what was done (JSON; it has
 * no ending, so that nobody reads it as a record).
 *
 * All of it is made in OUT.part and renamed at the end, after the table of
 * pseudonyms was saved: OUT is whole or is not there.  An OUT that holds
 * something, and an OUT.part, are AN_CONFLICT.
 *
 * A document that cannot be read is left out and counted, and `failed` is told
 * its file and line; memory and files that fail end the run.
 *
 * Files are mapped, and a document's memory is used again for the next, so that
 * NDJSON of any size needs the memory of its longest line.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DEID_RUN_H
#define TRAINER_DEID_RUN_H

#include "base/arena.h"
#include "trainer/deid/deid.h"

#include <sys/types.h>

enum { TR_DEID_PATH_BYTES = 4096 };

struct tr_deid_run {
    struct tr_deid *d;
    const char *out;
    /* line 0: of a file as a whole */
    void (*failed)(const char *path, uint64_t line, const struct an_err *err);
    const char *key_id;                  /* of a key that is kept, or NULL */
    uint64_t n_files, n_read, n_refused; /* in: files, documents */
    uint64_t n_written, n_out;           /* out: files, documents */
    struct an_arena arena;
    dev_t device; /* of OUT.part */
    ino_t inode;
    bool begun;
};

enum an_code tr_deid_begin(struct tr_deid_run *run, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_deid_read(struct tr_deid_run *run, const char *path,
                          struct an_err *err)
    __attribute__((warn_unused_result));
/* AN_MISSING when nothing was read. */
enum an_code tr_deid_finish(struct tr_deid_run *run, struct an_err *err)
    __attribute__((warn_unused_result));
/* Frees; what was not finished is removed. */
void tr_deid_abandon(struct tr_deid_run *run);

/* What OUT/manifest says. */
enum an_code tr_deid_manifest(struct tr_deid_run *run, struct an_str *json,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif
