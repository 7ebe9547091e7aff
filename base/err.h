/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: what went wrong, and where in the input.
 *
 * Each function that can fail returns an an_code (0 is success) and takes a
 * `struct an_err *` last.  Failing is one line:
 *
 *     return an_fail(err, AN_SYNTAX, "segment id is cut short", byte);
 *
 * No error text holds a byte of the input: `what` is a literal, and the path
 * is built from names in our own tables and from indices.
 *
 * Thread-safety: confined.  Ownership: nothing to free. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/str.h"

/*        name, nearest code in HL7 table 0357, FHIR issue-type, meaning */
#define AN_CODES(X)                                                            \
    X(OK, 0, "informational", "ok")                                            \
    X(NOMEM, 207, "exception", "out of memory")                                \
    X(LIMIT, 207, "too-costly", "a configured limit was reached")              \
    X(SYNTAX, 100, "structure", "not well formed")                             \
    X(MISSING, 101, "required", "a required part is missing")                  \
    X(TYPE, 102, "value", "a value has the wrong type")                        \
    X(CODE, 103, "code-invalid", "a coded value is not in its table")          \
    X(UNSUPPORTED, 200, "not-supported", "this kind is not supported")         \
    X(CONFLICT, 205, "duplicate", "it conflicts with what is stored")          \
    X(NOTFOUND, 204, "not-found", "there is no such thing")                    \
    X(IO, 207, "exception", "reading or writing failed")                       \
    X(BUSY, 207, "throttled", "not now: too much is waiting")                  \
    X(CONFIG, 207, "exception", "the configuration is wrong")                  \
    X(INTEGRITY, 207, "security", "a checksum or signature does not match")    \
    X(INTERNAL, 207, "exception", "a fault of this program")

enum an_code {
#define X(name, hl7, fhir, text) AN_##name,
    AN_CODES(X)
#undef X
};

enum { AN_PATH_BYTES = 128 };

/* Where.  The six parts of an HL7 ERL are 1-based and 0 means "not that deep".
 * For JSON, `path` is a FHIRPath-like expression ("Bundle.entry[3].resource");
 * for text files, file name, `line` and `column` (1-based). */
struct an_where {
    char segment[4];
    uint16_t segment_seq;
    uint16_t field, rep, component, subcomponent;
    uint32_t line, column;
    size_t byte; /* offset in the input */
    char path[AN_PATH_BYTES];
};

struct an_err {
    enum an_code code;
    int sys;          /* errno or a library's code, 0 when there is none */
    const char *what; /* a string literal: no byte of the message */
    struct an_where where;
};

/* Fill *err (which may be NULL) and return `code`. */
enum an_code an_fail(struct an_err *err, enum an_code code, const char *what,
                     size_t byte);
enum an_code an_fail_nomem(struct an_err *err);
/* With errno kept. */
enum an_code an_fail_sys(struct an_err *err, enum an_code code,
                         const char *what, int sys);
/* Of a file as a whole, with errno kept. */
enum an_code an_fail_file(struct an_err *err, enum an_code code,
                          const char *what, const char *path, int sys);
/* In a text file; `file` is copied, its end kept if it is long. */
enum an_code an_fail_line(struct an_err *err, enum an_code code,
                          const char *what, const char *file, uint32_t line,
                          uint32_t column);

const char *an_code_text(enum an_code code);
int an_code_hl7(enum an_code code);          /* HL7 table 0357 */
const char *an_code_fhir(enum an_code code); /* FHIR issue-type */

/* The place as text: "PID[1]-3[2].4", "Bundle.entry[3]", "a.yaml:3:7" or
 * "byte 17".  Cut to fit; returns the length without the NUL. */
size_t an_where_print(const struct an_where *where, char *buf, size_t n);
/* The whole error as one line for a person.  Cut to fit. */
size_t an_err_print(const struct an_err *err, char *buf, size_t n);

#endif
