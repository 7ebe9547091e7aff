/* SPDX-License-Identifier: Apache-2.0 */
/* Newline-delimited JSON (FHIR Bulk Data): one resource a line, each of them a
 * reading of its own, so a file of any size is read in a buffer of a few
 * lines.
 *
 *     struct fhir_ndjson n = {.rest = buffer, .last = at_end_of_file};
 *     while (fhir_ndjson_next(&n, &line))
 *         fhir_read(arena, &settings, line, &reading, err);
 *     keep(n.rest);                    -- the beginning of the next buffer
 *
 * Thread-safety: confined.  Ownership: lines are views of the buffer. */
#ifndef FHIR_NDJSON_H
#define FHIR_NDJSON_H

#include "base/str.h"

struct fhir_ndjson {
    struct an_str rest; /* not yet given out */
    bool last;          /* nothing follows `rest`: its end ends a line */
    uint64_t line;      /* number of the line given out last, from 1 */
};

/* The next line that is not blank.  False when none is complete. */
bool fhir_ndjson_next(struct fhir_ndjson *n, struct an_str *line);

#endif
