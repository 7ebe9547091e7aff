/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/stage.h"

const char *pl_leave_text(enum pl_leave v)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_LEAVES(X)
#undef X
    };

    return v < PL_N_LEAVES ? text[v] : "unknown";
}

struct pl_policy pl_policy_of(const struct cfg_options *options,
                              bool demonstrator, bool evaluated)
{
    bool ok = true;
    struct pl_policy p = {
        .environment = (enum cfg_environment)options->environment,
        .stage = (enum cfg_stage)options->stage,
        .demonstrator = demonstrator,
        .evaluated = evaluated,
        .has_target = options->outbox_url.n > 0,
        .target_is_test = options->outbox_is_test_target,
        .has_receiver = options->hl7_out_address.host.n > 0,
        .receiver_is_test = options->hl7_out_is_test_target,
        .permitted = {[CTX_FOR_CLINICIAN] =
                          pl_permitted(&options->sensitive_clinician, &ok),
                      [CTX_FOR_NURSE] =
                          pl_permitted(&options->sensitive_nurse, &ok),
                      [CTX_FOR_PLANNER] =
                          pl_permitted(&options->sensitive_planner, &ok),
                      [CTX_FOR_PATIENT] =
                          pl_permitted(&options->sensitive_patient, &ok)},
        .vip_usual = options->sensitive_vip == CFG_VIP_USUAL};

    p.bad_words = !ok;
    return p;
}

/* May this model be heard outside the console at all? */
static enum pl_leave judge_model(const struct pl_policy *p)
{
    if (p->demonstrator)
        return p->environment == CFG_DEMO ? PL_MAY : PL_DEMONSTRATOR;
    return p->evaluated ? PL_MAY : PL_NOT_EVALUATED;
}

static enum pl_leave judge_target(const struct pl_policy *p, enum pl_face face)
{
    bool is_test =
        face == PL_FACE_HL7 ? p->receiver_is_test : p->target_is_test;

    return p->environment == CFG_DEMO && !is_test ? PL_NOT_TEST : PL_MAY;
}

/* What is sent to another system, rather than asked for. */
static bool is_sent(enum pl_face face)
{
    return face == PL_FACE_OUTBOX || face == PL_FACE_HL7;
}

/* A word of `sensitive` that is no category, at the list it stands in. */
static enum an_code refuse_words(const struct cfg_options *o, const char *file,
                                 struct an_err *err)
{
    static const char what[] =
        "sensitive names categories: restricted, substance-use, psychiatry, "
        "hiv, sexual-health, adolescent, genetic";
    static const enum cfg_option_id id[] = {
        CFG_OPT_sensitive_clinician, CFG_OPT_sensitive_nurse,
        CFG_OPT_sensitive_planner, CFG_OPT_sensitive_patient};
    const struct cfg_texts *list[] = {
        o ? &o->sensitive_clinician : NULL, o ? &o->sensitive_nurse : NULL,
        o ? &o->sensitive_planner : NULL, o ? &o->sensitive_patient : NULL};

    for (size_t i = 0; o && i < 4; i++) {
        bool ok = true;

        (void)pl_permitted(list[i], &ok);
        if (!ok && o->line[id[i]])
            return an_fail_line(err, AN_CONFIG, what, file, o->line[id[i]], 1);
    }
    return an_fail(err, AN_CONFIG, what, 0);
}

enum an_code pl_policy_check(const struct pl_policy *p,
                             const struct cfg_options *options,
                             const char *file, struct an_err *err)
{
    enum cfg_option_id at = CFG_OPT_stage;
    const char *what = NULL;

    if (p->bad_words)
        return refuse_words(options, file, err);
    if (p->stage != CFG_TRIAL && p->stage != CFG_LIVE)
        return AN_OK;
    if (judge_model(p) == PL_DEMONSTRATOR) {
        what = "the demonstrator was trained on invented patients: it goes "
               "beyond shadow with environment: demo only";
    } else if (judge_model(p) == PL_NOT_EVALUATED) {
        what = "going beyond shadow asks for a valid signed evaluation of the "
               "model on this site's data";
    } else if (p->has_target && judge_target(p, PL_FACE_OUTBOX) != PL_MAY) {
        what = "a demo writes to a server of invented patients only: declare "
               "it with outbox.test_target: true";
        at = CFG_OPT_outbox_url;
    } else if (p->has_receiver && judge_target(p, PL_FACE_HL7) != PL_MAY) {
        what = "a demo writes to a receiver of invented patients only: declare "
               "it with hl7_out.test_target: true";
        at = CFG_OPT_hl7_out_address;
    }
    if (what == NULL)
        return AN_OK;
    if (options && options->line[at])
        return an_fail_line(err, AN_CONFIG, what, file, options->line[at], 1);
    return an_fail(err, AN_CONFIG, what, 0);
}

struct pl_item pl_item_of(const struct ctx_suggestion *s,
                          enum pl_release release, bool in_trial_arm)
{
    return (struct pl_item){.kind = s->kind,
                            .audience = s->audience,
                            .patient_facing = s->patient_facing,
                            .never_patient = s->never_patient,
                            .release = release,
                            .in_trial_arm = in_trial_arm,
                            .stage = CFG_LIVE,
                            .topic = s->topic};
}

enum cfg_stage pl_stage_lower(enum cfg_stage a, enum cfg_stage b)
{
    return a < b ? a : b;
}

/* Stage, model and target: the same for every suggestion of the model, its own
 * stage and the arm of a trial apart. */
static enum pl_leave judge_stage(const struct pl_policy *p,
                                 const struct pl_item *item, enum pl_face face)
{
    enum cfg_stage stage = pl_stage_lower(p->stage, item->stage);
    enum pl_leave v;

    if (stage == CFG_STAGE_OFF)
        return PL_STAGE_OFF;
    if (p->stage > CFG_LIVE || item->stage > CFG_LIVE)
        return PL_UNKNOWN;
    if (face == PL_FACE_CONSOLE)
        return PL_MAY;
    if (stage == CFG_SHADOW)
        return PL_SHADOW;
    v = judge_model(p);
    if (v == PL_MAY && is_sent(face))
        v = judge_target(p, face);
    if (v == PL_MAY && stage == CFG_TRIAL && !item->in_trial_arm)
        v = PL_OTHER_ARM;
    return v;
}

/* What it was made of, and of whom it speaks. */
static enum pl_leave judge_labels(const struct pl_policy *p,
                                  const struct pl_item *item, enum pl_face face)
{
    if (!ctx_label_allows(p->permitted[item->audience], item->needs))
        return PL_RESTRICTED;
    if ((item->needs & CTX_LABEL_VIP) && !p->vip_usual &&
        (is_sent(face) ||
         (item->audience == CTX_FOR_PLANNER && face != PL_FACE_CONSOLE)))
        return PL_VIP;
    return PL_MAY;
}

/* What is said to patients, or waits for somebody. */
static enum pl_leave judge_reader(const struct pl_item *item, bool to_patient)
{
    bool for_patient = item->audience == CTX_FOR_PATIENT;

    if ((for_patient || to_patient) &&
        (item->never_patient || ctx_suggestion_never_patient(item->kind)))
        return PL_NEVER_PATIENT;
    if (to_patient && !for_patient)
        return PL_NOT_FOR_PATIENTS;
    if (item->release == PL_RELEASE_WITHHELD)
        return PL_WITHHELD;
    if (item->release == PL_RELEASE_WAITING)
        return PL_UNRELEASED;
    if ((for_patient || item->patient_facing) &&
        item->release != PL_RELEASE_RELEASED)
        return PL_UNRELEASED;
    return PL_MAY;
}

enum pl_leave pl_may_leave(const struct pl_policy *p,
                           const struct pl_item *item, enum pl_face face,
                           bool to_patient)
{
    enum pl_leave v;

    if (item->kind >= CTX_N_SUGGESTIONS || item->audience >= CTX_N_AUDIENCES ||
        item->release >= PL_N_RELEASES || face >= PL_N_FACES)
        return PL_UNKNOWN;
    /* No patient sits at the console. */
    if (face == PL_FACE_CONSOLE && to_patient)
        return PL_UNKNOWN;
    v = judge_stage(p, item, face);
    if (v == PL_MAY && face != PL_FACE_CONSOLE &&
        pl_switches_stop(p->switches, ctx_suggestion_text(item->kind),
                         item->topic))
        v = PL_KILLED;
    if (v == PL_MAY)
        v = judge_labels(p, item, face);
    if (v != PL_MAY || face == PL_FACE_CONSOLE)
        return v;
    return judge_reader(item, to_patient);
}

bool pl_face_is_open(const struct pl_policy *p, enum pl_face face)
{
    const struct pl_item any = {.in_trial_arm = true, .stage = CFG_LIVE};

    return face < PL_N_FACES && judge_stage(p, &any, face) == PL_MAY;
}

bool pl_must_mark(const struct pl_policy *p)
{
    return p->environment == CFG_DEMO || p->demonstrator;
}
