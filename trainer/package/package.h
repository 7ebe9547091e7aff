/* SPDX-License-Identifier: Apache-2.0 */
/* From a fitted model and its data set to a signed package
 * (runtime/package.h): weights, manifest with vocabulary, features,
 * calibration and the evaluation on unseen patients, and a card for people
 * that says what the model is and is not.
 *
 * "next" of the manifest has "coverage" and "threshold" of tr_differential when
 * tuning gave one.
 *
 * "procedures" (runtime/support.h) says who had which, but for a demonstrator:
 * invented people support no comparison.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_PACKAGE_PACKAGE_H
#define TRAINER_PACKAGE_PACKAGE_H

#include "trainer/evaluate/judge.h"
#include "trainer/package/population.h"

struct tr_package_how {
    struct an_str name, version;
    struct an_str source; /* what it was trained on, and its licence */
    struct an_str site;   /* whose own records the data set holds: there it may
                             be heard, if it passes; "": nowhere */
    bool demonstrator;    /* invented patients: not for care */
    struct rt_limits limits;
    struct rt_population population; /* of limits.max_distance */
    /* Members of the manifest as JSON text, "": not there: what may be changed of
     * it and what was (trainer/tune), and of which package it was made. */
    struct an_str change_control, tuned_from;
    struct an_str key_pem; /* to sign with; "": a key of this moment alone */
};

/* The limits that a data set suggests: ages of its training patients. */
struct rt_limits tr_package_limits(const struct tr_data *d);

/* The four files into a folder that exists; what else stands there is not
 * touched, and would keep the package from opening.  SIGNATURE is the last: what
 * a run that was killed leaves does not open.  AN_OK with the public
 * key that signed. */
enum an_code tr_package_write(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_judgement *j,
                              const struct tr_package_how *how,
                              const char *folder, struct an_public_key *key,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* The same into a folder that is not there or is empty (else AN_CONFLICT): all of
 * it or nothing, whatever becomes of the process.  It is written to "FOLDER.part",
 * which a run that was killed may have left and the next one clears. */
enum an_code tr_package_place(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_judgement *j,
                              const struct tr_package_how *how,
                              const char *folder, struct an_public_key *key,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* card.md. */
enum an_code tr_package_card(struct an_arena *arena, const struct tr_data *d,
                             const struct tr_fitted *fitted,
                             const struct tr_judgement *j,
                             const struct tr_package_how *how,
                             struct an_str *card, struct an_err *err)
    __attribute__((warn_unused_result));

/* A package in a folder, mapped and checked: by `trusted`, or when that is
 * NULL by the key that it names itself, which proves no more than that nothing
 * is damaged. */
struct tr_package_files {
    struct rt_file file[RT_MAX_FILES];
    size_t n;
};
enum an_code tr_package_open(struct rt_package *p, struct an_arena *arena,
                             const char *folder,
                             const struct an_public_key *trusted,
                             struct tr_package_files *files, struct an_err *err)
    __attribute__((warn_unused_result));
void tr_package_close(struct tr_package_files *files);

#endif
