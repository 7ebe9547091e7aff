/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): a short
 * text that somebody signed, which tools that know nothing of us can check, and
 * in it where a log stands.
 *
 *     anamnesis-ours                          whose log
 *     12                                      how many leaves
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   their root
 *
 *     — anamnesis-ours Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY...
 *
 * The name of a key stands beside what signs: "name+id+key", the id and the
 * Ed25519 key as C2SP has it, is how who verifies is told of it.
 *
 * Opening: signatures by keys that are not known are passed over; one by a key
 * that is known has to be right, or all of the note is refused; so is a note
 * that no known key signed.  Text with a control character but line ends, or
 * that is not UTF-8, is none.
 *
 * Errors: AN_SYNTAX of what is no note, no checkpoint or no key; AN_INTEGRITY of
 * signatures; AN_LIMIT over AN_NOTE_BYTES or AN_NOTE_SIGNATURES; AN_NOMEM.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: the arena's, but what is opened is a view of the note. */
#ifndef BASE_NOTE_H
#define BASE_NOTE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/sign.h"

enum { AN_NOTE_BYTES = 1000000, AN_NOTE_SIGNATURES = 100 };

struct an_note_key {
    struct an_str name; /* no blank, no "+", not "" */
    uint8_t id[4];
    struct an_public_key key;
};

enum an_code an_note_key_of(struct an_str name, const struct an_public_key *key,
                            struct an_note_key *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* "name+id+key".  The name that is parsed is a view of the text. */
enum an_code an_note_key_print(struct an_arena *arena,
                               const struct an_note_key *key,
                               struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_note_key_parse(struct an_arena *arena, struct an_str text,
                               struct an_note_key *key, struct an_err *err)
    __attribute__((warn_unused_result));

/* `text` ends with a line end; `key` is the public half of the PEM. */
enum an_code an_note_sign(struct an_arena *arena, struct an_str text,
                          const struct an_note_key *key,
                          struct an_str private_pem, struct an_str *note,
                          struct an_err *err)
    __attribute__((warn_unused_result));

enum an_code an_note_open(struct an_arena *arena, struct an_str note,
                          const struct an_note_key *known, size_t n_known,
                          struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));

struct an_checkpoint {
    struct an_str origin;
    uint64_t size;
    struct an_sha256 root;
};

enum an_code an_checkpoint_write(struct an_arena *arena,
                                 const struct an_checkpoint *c,
                                 struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));
/* Lines after the third are extensions, and are passed over. */
enum an_code an_checkpoint_read(struct an_arena *arena, struct an_str text,
                                struct an_checkpoint *c, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
