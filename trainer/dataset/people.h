/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a set of FHIR documents says, or the records of a study,
 * person by person, in memory.
 *
 *     tr_people_init(&p, 8ull << 30);
 *     tr_source_read(path, tr_people_take, &p, err);
 *     tr_people_gather(&p, err);
 *     for (size_t i = 0; i < p.n_persons; i++)
 *         tr_people_timeline(&p, i, arena, CTX_AS_OF_ALL, &t, err);
 *
 * Kept of each event is what a model can read (kinds, codes, numbers, times);
 * orders, reports, documents, notes and free text are left behind at the door.
 * Identifiers stay until tr_people_release, to say who is the same person, and
 * go nowhere else.
 *
 * A document that cannot be read is counted and passed over; a failure of
 * memory ends the reading.  Birth and sex count as known from the start, since
 * an extract says neither when they were learned.
 *
 * Thread-safety: confined.  Ownership: an arena of at most the given bytes. */
#ifndef TRAINER_DATASET_PEOPLE_H
#define TRAINER_DATASET_PEOPLE_H

#include "base/arena.h"
#include "context/identity.h"
#include "context/timeline.h"
#include "trainer/dataset/record.h"

struct tr_blob {
    struct tr_blob *next;
    struct an_str bytes; /* context/codec.h */
    struct an_str message;
};

/* What a study says of a person beside events: trainer/dataset/record.h. */
struct tr_study {
    uint64_t id;
    bool watched, unasked;
    uint8_t split;
    int64_t from_us, until_us;
};

/* One identifier that events were filed under or claims speak of. */
struct tr_name {
    struct ctx_identifier id;
    struct tr_blob *blob;
    const struct tr_study *study; /* NULL of documents */
    uint32_t parent;              /* union-find */
};

struct tr_person {
    struct ctx_identifier id; /* the current one */
    const uint32_t *name;     /* rows of people.name */
    size_t n_names;
    const struct tr_study *study; /* NULL of documents */
};

struct tr_people {
    struct an_arena arena, scratch;
    struct tr_name *name;
    uint32_t *slot; /* hash table of name rows + 1 */
    size_t n_names, names_size, n_slots;
    struct ctx_claim *claim;
    size_t n_claims, claims_size;
    struct tr_person *person; /* by identifier */
    size_t n_persons;
    size_t n_documents, n_refused, n_warnings, n_events, n_left_behind;
    size_t n_records;         /* persons of studies */
    size_t n_local, n_static; /* of them: trainer/dataset/record.h */
    size_t n_closed,
        n_opted_out; /* events, persons: trainer/dataset/closed.h */
    bool labelled_too;
};

void tr_people_init(struct tr_people *p, size_t limit_bytes);
void tr_people_release(struct tr_people *p);

/* One document; `people` is a struct tr_people (as tr_source_read calls it). */
enum an_code tr_people_take(void *people, struct an_str document,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* One record; `people` is a struct tr_people (a tr_take_record).  AN_CONFLICT
 * of a number that was there before, AN_TYPE of who is watched until before it
 * began: the place is "record[N]", from 1. */
enum an_code tr_people_take_record(void *people, const struct tr_record *record,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

/* After the last document or record: who is who. */
enum an_code tr_people_gather(struct tr_people *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* One person's events in `arena`, whatever the moment; then any timelines. */
enum an_code tr_people_events(const struct tr_people *p, size_t person,
                              struct an_arena *arena,
                              const struct ctx_event **event, size_t *n,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* The same with consents, and with the visits that events belong to. */
enum an_code tr_people_said(const struct tr_people *p, size_t person,
                            struct an_arena *arena,
                            const struct ctx_event **event, size_t *n,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
