/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR server of the test's own that offers Bulk Data: one export job of
 * invented patients, with the mishaps that a plan asks for. */
#ifndef TESTS_BULK_SERVER_H
#define TESTS_BULK_SERVER_H

#include "base/str.h"

enum { BULK_MISHAPS = 8 };

/* The nth request (from 1) whose path has this in it gets that status, or is cut
 * off after so many bytes of its body. */
struct bulk_mishap {
    const char *path;
    unsigned nth, status;
    size_t cut_bytes;
    const char *issue; /* of an OperationOutcome; NULL: no body */
};

struct bulk_plan {
    unsigned n_files, n_lines;       /* of "Observation", each */
    unsigned n_pages;                /* of the manifest; 0 is 1 */
    unsigned n_polls;                /* answered with 202 first */
    unsigned retry_after_s;          /* in a 202; 0: not said */
    unsigned pause_us;               /* between pieces of a file */
    bool partial;                    /* a 202 has what there is so far */
    bool strict;                     /* allowPartialManifests is refused */
    bool gzip, tags, ranges;         /* of files: what the server can do */
    bool errors, deleted, elsewhere; /* lists, and files, that it has */
    bool page;                       /* a log-in page in place of files */
    bool empty;                      /* the last file holds nothing */
    bool strays;                     /* the second page lies elsewhere */
    bool turns;                      /* the last page leads to itself */
    bool circles;                    /* it leads to the second one */
    int miscount;                    /* added to each count */
    const char *token;               /* that it wants; NULL: none */
    struct bulk_mishap mishap[BULK_MISHAPS];
};

struct bulk_counts {
    unsigned kicked, polled, paged, deleted, whole, ranged, refused;
};

/* Returns the port. */
uint16_t bulk_start(const struct bulk_plan *plan);
void bulk_stop(void);
struct bulk_counts bulk_count(void);
/* How often file `i` was asked for, from 0; of the first 16. */
unsigned bulk_asked(unsigned i);
/* The query of the last kick-off, decoded by nobody. */
const char *bulk_request(void);
/* What file `i` (from 0) holds. */
void bulk_file(unsigned i, char *text, size_t size);

#endif
