/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalogue holds of one key, for its two files.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DATASET_CATALOGUE_INT_H
#define TRAINER_DATASET_CATALOGUE_INT_H

#include "trainer/dataset/catalogue.h"
#include "trainer/dataset/whom.h"

/* The values of a concept in one unit. */
struct tr_values {
    struct tr_values *next;
    struct an_str unit;
    double *value;
    size_t n, size;
};

struct tr_entry {
    struct an_str key, display;
    struct an_str kind;     /* key of what it is: "kind|condition" */
    struct an_str category; /* key of its ICD-10 category; "" for none */
    bool predicted;
    uint32_t n_people, n_seen, last_person;
    uint32_t n_display, display_person; /* people whose record says `display` */
    struct tr_whom whom;                /* when predicted */
    struct tr_values *values;
    bool kept;
};

/* "edges" and "middles" of a scale: bins of the training values, sorted, with as
 * many in each as ties let be; how many there may be is in [1,
 * TR_MAX_VALUE_BINS]. */
void tr_bins_put(const double *sorted, size_t n, const struct tr_spread *s,
                 uint32_t n_bins, struct an_json_out *w);

struct tr_entry *tr_catalogue_find(const struct tr_catalogue *c,
                                   struct an_str key);

#endif
