/* SPDX-License-Identifier: Apache-2.0 */
/* May it leave?  One function says, for each suggestion and each way out, and
 * everything that shows, sends or returns a suggestion asks it.
 *
 *     struct pl_policy policy = pl_policy_of(options, demonstrator, evaluated);
 *     if (pl_policy_check(&policy, err) != AN_OK)
 *         refuse_to_start();
 *     ...
 *     if (pl_may_leave(&policy, &item, PL_FACE_CDS, false) == PL_MAY)
 *         show(suggestion, pl_must_mark(&policy));
 *
 * off     nothing leaves, not even to the console.
 * shadow  nothing leaves but to the console, whose reviewers are known by name.
 * trial   those in the arm that is shown leave as in live, others as in shadow.
 * live    suggestions leave.
 *
 * The stage of the site is that of each suggestion, unless its own is lower.
 *
 * Trial and live ask for a model with a valid signed evaluation on this site's
 * data.  The demonstrator, which was trained on invented patients, is excused
 * in `environment: demo` and allowed nowhere else.  In demo every output is
 * marked, and the outbox writes to targets that are declared as test only.
 *
 * What is meant for a patient waits for a clinician's release; what may never
 * be shown to patients, and every differential, never goes to one, released or
 * not.  The console shows these to the reviewers, who must see what they
 * release.
 *
 * What was made out of confidential records leaves while the policy permits
 * these to its audience (discreet.h), by any way out; of a VIP, nothing goes to
 * planners or through the outbox unless the site says so.
 *
 * What a kill switch stops leaves by no way out but the console, whose reviewers
 * must see what they are to judge; nor does a whole text that is stopped by its
 * kind, such as summaries.
 *
 * Where anything is unknown the answer is no.
 *
 * Thread-safety: immutable, but for the switches, which are shared. */
#ifndef PLUGIN_TRUST_STAGE_H
#define PLUGIN_TRUST_STAGE_H

#include "base/err.h"
#include "config/options.h"
#include "context/suggestion.h"
#include "plugin/trust/discreet.h"
#include "plugin/trust/release.h"
#include "plugin/trust/switches.h"

enum pl_face {
    PL_FACE_CONSOLE, /* authenticated; the face sees to that */
    PL_FACE_CDS,
    PL_FACE_FHIR_READ,
    PL_FACE_OUTBOX,
    PL_FACE_ABI,
    PL_FACE_HL7, /* messages to the hospital's HL7 version 2 receiver */
    PL_N_FACES
};

/* Of one model at this installation. */
struct pl_policy {
    enum cfg_environment environment;
    enum cfg_stage stage;
    bool demonstrator;   /* the model was trained on invented patients */
    bool evaluated;      /* a signed evaluation on this site's data is valid */
    bool has_target;     /* the outbox has somewhere to write to */
    bool target_is_test; /* which is declared to hold invented patients only */
    bool has_receiver;   /* the same two of the receiver of HL7 version 2 */
    bool receiver_is_test;
    unsigned permitted[CTX_N_AUDIENCES]; /* of enum ctx_label */
    bool vip_usual;
    bool bad_words;               /* `sensitive` has a word that is no label */
    struct pl_switches *switches; /* NULL: nothing is ever stopped */
};

/* Of one suggestion. */
struct pl_item {
    unsigned kind, audience; /* of context/suggestion.h */
    bool patient_facing, never_patient;
    enum pl_release release;
    bool in_trial_arm;    /* randomised to be shown; only a trial asks */
    enum cfg_stage stage; /* as far as this one goes: of its outcome, or the
                             stage in which it was said.  What was said in
                             shadow stays there when the site goes live */
    unsigned needs;       /* of a pl_view: what it was made of */
    struct an_str topic;  /* for the kill switches */
};

#define PL_LEAVES(X)                                                           \
    X(MAY, "it may leave")                                                     \
    X(STAGE_OFF, "the stage is off")                                           \
    X(SHADOW, "in shadow only the console shows it")                           \
    X(OTHER_ARM, "the trial keeps it from this patient's carers")              \
    X(NOT_EVALUATED, "its model has no valid evaluation at this site")         \
    X(DEMONSTRATOR, "its model is a demonstrator and this is no demo")         \
    X(NOT_TEST, "a demo writes to targets declared as test only")              \
    X(UNRELEASED, "it waits for a clinician's release")                        \
    X(WITHHELD, "a clinician withheld it")                                     \
    X(NEVER_PATIENT, "it is never shown to patients")                          \
    X(NOT_FOR_PATIENTS, "it is not written for patients")                      \
    X(RESTRICTED, "it is made of records that its audience may not see")       \
    X(VIP, "the patient is marked: it is held")                                \
    X(KILLED, "a kill switch stops it")                                        \
    X(UNKNOWN, "it is of no known kind, stage or way out")

enum pl_leave {
#define X(name, text) PL_##name,
    PL_LEAVES(X)
#undef X
        PL_N_LEAVES
};

const char *pl_leave_text(enum pl_leave v);

struct pl_policy pl_policy_of(const struct cfg_options *options,
                              bool demonstrator, bool evaluated);

/* AN_CONFIG, with what to change: this policy is none to start with.  `options`
 * gives the place in `file`; NULL gives none. */
enum an_code pl_policy_check(const struct pl_policy *p,
                             const struct cfg_options *options,
                             const char *file, struct an_err *err)
    __attribute__((warn_unused_result));

/* Its stage is live: the site's alone decides, unless the caller lowers it. */
struct pl_item pl_item_of(const struct ctx_suggestion *s,
                          enum pl_release release, bool in_trial_arm);

/* `to_patient`: the reader at the other end is the patient (a portal's token),
 * not a carer. */
enum pl_leave pl_may_leave(const struct pl_policy *p,
                           const struct pl_item *item, enum pl_face face,
                           bool to_patient);

/* Whether anything at all may leave by that face; for whoever opens it. */
bool pl_face_is_open(const struct pl_policy *p, enum pl_face face);

/* Of two stages the one that lets less out. */
enum cfg_stage pl_stage_lower(enum cfg_stage a, enum cfg_stage b);

/* What leaves says that it is a demonstration. */
bool pl_must_mark(const struct pl_policy *p);

#endif
