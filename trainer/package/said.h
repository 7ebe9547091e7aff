/* SPDX-License-Identifier: Apache-2.0 */
/* What only people know of a model, and say in a file (`package --card`): a
 * map of the keys below to texts.  Each may be left out, and is then nobody's
 * statement: the card says that it is not available.
 *
 *     developer: The informatics group of a hospital
 *     intended_use: >-
 *       Help clinicians ...
 *
 * Thread-safety: immutable once read.  Ownership: the arena's. */
#ifndef TRAINER_PACKAGE_SAID_H
#define TRAINER_PACKAGE_SAID_H

#include "base/arena.h"
#include "base/err.h"

/*        name, what it says: printed by `package --help` */
#define TR_CARD_KEYS(X)                                                        \
    X(developer, "who made the model")                                         \
    X(contact, "how to reach them")                                            \
    X(funding, "who paid for making and installing it")                        \
    X(release_stage, "such as research, pilot, production")                    \
    X(release_date, "day of the release")                                      \
    X(availability, "where it may be had")                                     \
    X(regulatory, "what regulators said of it")                                \
    X(summary, "one or two sentences before all others")                       \
    X(keywords, "apart by commas")                                             \
    X(intended_use, "what it is for, and where in the work")                   \
    X(patients, "whom it is meant for")                                        \
    X(users, "who reads what it says")                                         \
    X(role, "whether it informs, augments or replaces a decision")             \
    X(how_to_use, "what to do with a number")                                  \
    X(out_of_scope, "tasks, situations, people it is not for")                 \
    X(risks, "known risks, wrong settings and uses, limits")                   \
    X(biases, "known biases, questions of ethics")                             \
    X(clinical_risk, "what harm a wrong number can do")                        \
    X(data_criteria, "who was taken into the training data, and who not")      \
    X(relevance, "why those people are like the ones it is used for")          \
    X(fairness_approach, "how its output was meant to be fair")                \
    X(bias_mitigation, "what was done against bias")                           \
    X(external_source, "other data it was tested on: from where")              \
    X(external_party, "who tested it there")                                   \
    X(external_people, "whom those data stand for")                            \
    X(external_process, "how it was tested there")                             \
    X(external_validity, "how valid it was there")                             \
    X(external_fairness, "how fair it was there")                              \
    X(references, "evaluations of what its use changes")                       \
    X(publications, "peer-reviewed papers")                                    \
    X(bibliography, "the same in BibTeX")                                      \
    X(monitoring, "how and how often its validity is watched")                 \
    X(fairness_monitoring, "how and how often its fairness is watched")        \
    X(updates, "how and how often it is renewed")                              \
    X(corrections, "how soon it is corrected where it is found wanting")       \
    X(security, "how it and its data are protected")                           \
    X(third_parties, "parts of it that others made")                           \
    X(stakeholders, "who was asked while it was made")                         \
    X(consent, "what patients are told, or agreed to")                         \
    X(usefulness_goal, "what its numbers are to be good for")                  \
    X(fairness_goal, "what would be fair enough")                              \
    X(safety_goal, "what would be safe enough")

enum tr_card_key {
#define X(name, help) TR_SAID_##name,
    TR_CARD_KEYS(X)
#undef X
        TR_N_CARD_KEYS
};

struct tr_card_said {
    struct an_str text[TR_N_CARD_KEYS]; /* "": not said */
};

extern const char *const tr_card_key_name[TR_N_CARD_KEYS];
extern const char *const tr_card_key_help[TR_N_CARD_KEYS];

/* AN_CODE for a key that is none of them, AN_TYPE for what is no map of texts,
 * and what config/yaml.h says; err->where has file, line and column.  The file
 * name must outlive the error. */
enum an_code tr_card_said_read(struct an_arena *arena, struct an_str bytes,
                               const char *file, struct tr_card_said *said,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif
