/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of de-identification needs and counts, for records of either form.
 *
 *     tr_deid_open(&d, TR_DEID_SAFE_HARBOR, "table", 2025, err);
 *     tr_deid_fhir(&d, arena, bytes, &out, err);       -- trainer/deid/fhir.h
 *     tr_deid_hl7(&d, arena, bytes, &out, err);        -- trainer/deid/hl7.h
 *     tr_deid_names_save(&d.names, err);
 *     tr_deid_close(&d);
 *
 * Thread-safety: confined.  Ownership: tr_deid_close frees. */
#ifndef TRAINER_DEID_DEID_H
#define TRAINER_DEID_DEID_H

#include "trainer/deid/names.h"
#include "trainer/deid/people.h"
#include "trainer/deid/profile.h"
#include "trainer/deid/value.h"

/* What became of what a row allows: as it was, in another form, nothing. */
struct tr_deid_count {
    uint64_t kept, changed, dropped;
};

struct tr_deid {
    enum tr_deid_profile profile;
    struct tr_deid_names names;
    struct tr_deid_patterns *patterns;
    int as_of; /* the year of the extract */
    bool zero_time;
    struct tr_deid_count *count[TR_DEID_FORMS]; /* by row */
    uint64_t n_unlisted;                        /* elements, fields */
    uint64_t n_types;                           /* resources, segments */
    struct tr_deid_people people;
};

/* `path` is that of tr_deid_names_open, and its failures are this one's.  Close
 * after a failure too. */
enum an_code tr_deid_open(struct tr_deid *d, enum tr_deid_profile profile,
                          const char *path, int as_of, struct an_err *err)
    __attribute__((warn_unused_result));
void tr_deid_close(struct tr_deid *d);

/* What became of one value. */
void tr_deid_counted(struct tr_deid *d, enum tr_deid_form form,
                     const struct tr_deid_row *row, bool there, bool changed);

#endif
