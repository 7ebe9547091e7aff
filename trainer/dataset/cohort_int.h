/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a cohort file, for its reader and its writer.
 *
 * Thread-safety: immutable. */
#ifndef TRAINER_DATASET_COHORT_INT_H
#define TRAINER_DATASET_COHORT_INT_H

#include "base/hash.h"
#include "trainer/dataset/cohort.h"

#define TR_COHORT_MAGIC "ANCOHORT"

/*        part, bytes of one */
#define TR_COHORT_PARTS(X)                                                     \
    X(patient, sizeof(struct tr_patient))                                      \
    X(position, sizeof(struct rt_position))                                    \
    X(item, sizeof(struct rt_item))                                            \
    X(query, sizeof(struct tr_query))                                          \
    X(follow_up, sizeof(struct tr_follow_up))                                  \
    X(wide, sizeof(float))

enum {
#define X(name, size) TR_PART_##name,
    TR_COHORT_PARTS(X)
#undef X
        TR_N_PARTS,
    TR_PART_ALIGN = 64
};

struct tr_cohort_header {
    char magic[8];
    uint32_t version, header_bytes;
    struct tr_cohort_sizes sizes;
    struct {
        uint64_t first_byte, n;
    } part[TR_N_PARTS];
    uint8_t sha256[TR_DIGEST_BYTES]; /* of the file, with this field zero */
    uint8_t zero[48];
};

_Static_assert(sizeof(struct tr_cohort_sizes) == 64, "stored format");
_Static_assert(sizeof(struct tr_cohort_header) == 256, "stored format");
_Static_assert(sizeof(struct tr_cohort_header) % TR_PART_ALIGN == 0, "aligned");

/* The checksum over a header and what follows it. */
enum an_code tr_cohort_digest(const struct tr_cohort_header *header,
                              struct an_str rest, struct an_sha256 *out,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* Sizes that a model can have. */
enum an_code tr_cohort_sizes_check(const struct tr_cohort_sizes *s,
                                   struct rt_shape *shape, struct an_err *err)
    __attribute__((warn_unused_result));

/* Everything said about one patient, against the sizes. */
enum an_code tr_cohort_one_check(const struct tr_cohort_one *one,
                                 const struct tr_cohort_sizes *sizes,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

#endif
