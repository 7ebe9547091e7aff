/* SPDX-License-Identifier: Apache-2.0 */
/* Each input against each other: two million answers, and what must hold of
 * every one of them, whatever the code says. */
#include "plugin/trust/stage.h"
#include "tests/suite.h"

Suite *trust_stage_suite(void);

/* One point of the product. */
struct point {
    struct pl_policy policy;
    struct pl_item item;
    enum pl_face face;
    bool to_patient;
};

static unsigned take(unsigned long *n, unsigned of)
{
    unsigned v = (unsigned)(*n % of);

    *n /= of;
    return v;
}

/* What it was made of, and what the policy permits: 6 cases. */
static void take_labels(unsigned long *n, struct point *p)
{
    static const struct {
        unsigned permitted, needs;
        bool vip_usual;
    } labels[] = {
        {0, 0, false},
        {0, CTX_LABEL_PSYCHIATRY, false},
        {CTX_LABEL_PSYCHIATRY, CTX_LABEL_PSYCHIATRY, false},
        {CTX_LABEL_ALL, CTX_LABEL_HIV | CTX_LABEL_VERY_RESTRICTED, false},
        {0, CTX_LABEL_VIP, false},
        {0, CTX_LABEL_VIP, true}};
    unsigned i = take(n, 6);

    for (size_t k = 0; k < CTX_N_AUDIENCES; k++)
        p->policy.permitted[k] = 0;
    p->policy.permitted[p->item.audience] = labels[i].permitted;
    p->policy.vip_usual = labels[i].vip_usual;
    p->policy.bad_words = false;
    p->item.needs = labels[i].needs;
    p->policy.switches = NULL;
    p->item.topic = AN_STR("stroke");
}

static bool is_permitted(const struct point *p)
{
    if (p->item.needs & CTX_LABEL_CLOSED)
        return p->item.needs == CTX_LABEL_PSYCHIATRY &&
               p->policy.permitted[p->item.audience] == CTX_LABEL_PSYCHIATRY;
    return p->item.needs == 0 || p->policy.vip_usual ||
           (p->face != PL_FACE_OUTBOX && p->face != PL_FACE_HL7 &&
            (p->face == PL_FACE_CONSOLE ||
             p->item.audience != CTX_FOR_PLANNER));
}

/* Point number n; false beyond the last. */
static bool point_at(unsigned long n, struct point *p)
{
    p->policy.environment = (enum cfg_environment)take(&n, CFG_TEST + 1);
    p->policy.stage = (enum cfg_stage)take(&n, CFG_LIVE + 1);
    p->policy.demonstrator = take(&n, 2);
    p->policy.evaluated = take(&n, 2);
    p->policy.has_target = true;
    p->policy.target_is_test = take(&n, 2);
    p->policy.has_receiver = false;
    p->policy.receiver_is_test = !p->policy.target_is_test;
    p->item.kind = take(&n, CTX_N_SUGGESTIONS);
    p->item.audience = take(&n, CTX_N_AUDIENCES);
    p->item.patient_facing = take(&n, 2);
    p->item.never_patient = take(&n, 2);
    p->item.release = (enum pl_release)take(&n, PL_N_RELEASES);
    p->item.in_trial_arm = take(&n, 2);
    p->item.stage = (enum cfg_stage)take(&n, CFG_LIVE + 1);
    take_labels(&n, p);
    p->face = (enum pl_face)take(&n, PL_N_FACES);
    p->to_patient = take(&n, 2);
    return n == 0;
}

/* Sent to a system that is not declared to be a test. */
static bool is_real(const struct point *p)
{
    return p->face == PL_FACE_OUTBOX
               ? !p->policy.target_is_test
               : p->face == PL_FACE_HL7 && !p->policy.receiver_is_test;
}

static enum pl_leave ask(const struct point *p)
{
    return pl_may_leave(&p->policy, &p->item, p->face, p->to_patient);
}

START_TEST(nothing_leaves_that_the_design_forbids)
{
    struct point p;
    unsigned long n, n_left = 0;

    for (n = 0; point_at(n, &p); n++) {
        const struct pl_policy *o = &p.policy;
        bool console = p.face == PL_FACE_CONSOLE;
        bool patient = p.item.audience == CTX_FOR_PATIENT;
        enum cfg_stage stage =
            o->stage < p.item.stage ? o->stage : p.item.stage;
        const char *broken = NULL;

        if (ask(&p) != PL_MAY)
            continue;
        n_left++;
        if (!is_permitted(&p))
            broken = "confidential";
        else if (stage == CFG_STAGE_OFF)
            broken = "off";
        else if (stage == CFG_SHADOW && !console)
            broken = "shadow";
        else if (stage == CFG_TRIAL && !console && !p.item.in_trial_arm)
            broken = "trial";
        else if (o->demonstrator && o->environment != CFG_DEMO && !console)
            broken = "demonstrator outside demo";
        else if (!o->demonstrator && !o->evaluated && !console)
            broken = "no evaluation";
        else if (o->environment == CFG_DEMO && is_real(&p))
            broken = "demo to a real server";
        else if ((o->environment == CFG_DEMO || o->demonstrator) &&
                 !pl_must_mark(o))
            broken = "not marked";
        else if ((patient || p.item.patient_facing) && !console &&
                 p.item.release != PL_RELEASE_RELEASED)
            broken = "not released";
        else if (p.item.release == PL_RELEASE_WITHHELD && !console)
            broken = "withheld";
        else if (p.item.never_patient && (patient || p.to_patient) && !console)
            broken = "never for patients";
        else if ((p.item.kind == CTX_SUGGEST_DIFFERENTIAL ||
                  p.item.kind == CTX_SUGGEST_COMPARISON ||
                  p.item.kind == CTX_SUGGEST_DOSING) &&
                 (patient || p.to_patient) && !console)
            broken = "of that kind to a patient";
        else if (p.to_patient && !patient)
            broken = "a carer's text to a patient";
        if (broken)
            ck_abort_msg("point %lu: %s", n, broken);
    }
    ck_assert_uint_eq(n, 3UL * 4 * 2 * 2 * 2 * CTX_N_SUGGESTIONS * 4 * 2 * 2 *
                             4 * 2 * 4 * 6 * 6 * 2);
    ck_assert_uint_gt(n_left, 1000);
}
END_TEST

/* A shorter way to say the same, so that the code cannot simply refuse all. */
START_TEST(everything_leaves_that_nothing_forbids)
{
    struct point p;

    for (unsigned long n = 0; point_at(n, &p); n++) {
        const struct pl_policy *o = &p.policy;
        bool patient = p.item.audience == CTX_FOR_PATIENT;
        bool model =
            o->demonstrator ? o->environment == CFG_DEMO : o->evaluated;
        enum cfg_stage stage =
            o->stage < p.item.stage ? o->stage : p.item.stage;
        bool shown =
            stage == CFG_LIVE || (stage == CFG_TRIAL && p.item.in_trial_arm);
        bool target = o->environment != CFG_DEMO || !is_real(&p);
        bool told = p.item.kind != CTX_SUGGEST_DIFFERENTIAL &&
                    p.item.kind != CTX_SUGGEST_COMPARISON &&
                    p.item.kind != CTX_SUGGEST_DOSING;
        bool reader = patient ? !p.item.never_patient && told : !p.to_patient;
        bool released = p.item.release == PL_RELEASE_RELEASED ||
                        (p.item.release == PL_RELEASE_NONE && !patient &&
                         !p.item.patient_facing);
        bool may = p.face == PL_FACE_CONSOLE
                       ? stage != CFG_STAGE_OFF && !p.to_patient
                       : model && shown && target && reader && released;

        may = may && is_permitted(&p);
        if ((ask(&p) == PL_MAY) != may)
            ck_abort_msg("point %lu: %s", n, pl_leave_text(ask(&p)));
    }
}
END_TEST

static struct pl_switches *switches_of(struct an_str name)
{
    struct pl_switches *s;

    ck_assert_int_eq(pl_switches_new(&s, NULL), AN_OK);
    if (name.n)
        ck_assert_int_eq(pl_switches_set(s, 1, &name, 1, NULL), AN_OK);
    return s;
}

/* By its topic, by `all`, by its kind, and where nobody has said yet what is
 * stopped; whatever else is true of it.  Of other switches nothing changes. */
START_TEST(what_is_stopped_leaves_by_no_way_out)
{
    struct pl_switches *by[4] = {
        switches_of(AN_STR("stroke")), switches_of(AN_STR("all")),
        switches_of(AN_STR("summary")), switches_of(AN_STR(""))};
    struct pl_switches *other = switches_of(AN_STR("strokes"));
    struct point p;
    unsigned long n_stopped = 0;

    for (unsigned long n = 0; point_at(n, &p); n++) {
        enum pl_leave before = ask(&p);
        bool console = p.face == PL_FACE_CONSOLE;

        p.policy.switches = other;
        if (ask(&p) != before)
            ck_abort_msg("point %lu: another switch", n);
        if (before != PL_MAY)
            continue;
        for (size_t i = 0; i < 4; i++) {
            bool means = i != 2 || p.item.kind == CTX_SUGGEST_SUMMARY;

            p.policy.switches = by[i];
            if (ask(&p) != (means && !console ? PL_KILLED : PL_MAY))
                ck_abort_msg("point %lu, switch %zu: %s", n, i,
                             pl_leave_text(ask(&p)));
            n_stopped += means && !console;
        }
    }
    ck_assert_uint_gt(n_stopped, 1000);
    for (size_t i = 0; i < 4; i++)
        pl_switches_free(by[i]);
    pl_switches_free(other);
}
END_TEST

START_TEST(a_closed_face_lets_nothing_through)
{
    struct point p;

    for (unsigned long n = 0; point_at(n, &p); n++)
        if (ask(&p) == PL_MAY && !pl_face_is_open(&p.policy, p.face))
            ck_abort_msg("point %lu", n);
}
END_TEST

#define POLICY(on, at, demo, proven, test)                                     \
    {                                                                          \
        .environment = (on), .stage = (at), .demonstrator = (demo),            \
        .evaluated = (proven), .has_target = true, .target_is_test = (test)    \
    }
#define ITEM(what, reader, facing, never, word, arm, at)                       \
    {                                                                          \
        .kind = (what), .audience = (reader), .patient_facing = (facing),      \
        .never_patient = (never), .release = (word), .in_trial_arm = (arm),    \
        .stage = (at)                                                          \
    }

/* What a table of cases says better than a product: the reasons. */
static const struct {
    struct pl_policy policy;
    struct pl_item item;
    enum pl_face face;
    bool to_patient;
    enum pl_leave want;
} cases[] = {
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          true, CFG_SHADOW),
     PL_FACE_FHIR_READ, false, PL_SHADOW},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          true, CFG_STAGE_OFF),
     PL_FACE_CONSOLE, false, PL_STAGE_OFF},
    {POLICY(CFG_PRODUCTION, CFG_STAGE_OFF, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          true, CFG_LIVE),
     PL_FACE_CONSOLE, false, PL_STAGE_OFF},
    {POLICY(CFG_PRODUCTION, CFG_SHADOW, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          true, CFG_LIVE),
     PL_FACE_CDS, false, PL_SHADOW},
    {POLICY(CFG_PRODUCTION, CFG_SHADOW, true, false, false),
     ITEM(CTX_SUGGEST_SUMMARY, CTX_FOR_PATIENT, true, false, PL_RELEASE_WAITING,
          false, CFG_LIVE),
     PL_FACE_CONSOLE, false, PL_MAY},
    {POLICY(CFG_PRODUCTION, CFG_TRIAL, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_CDS, false, PL_OTHER_ARM},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, false, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_ABI, false, PL_NOT_EVALUATED},
    {POLICY(CFG_TEST, CFG_LIVE, true, true, true),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_CDS, false, PL_DEMONSTRATOR},
    {POLICY(CFG_DEMO, CFG_LIVE, true, false, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_OUTBOX, false, PL_NOT_TEST},
    {POLICY(CFG_DEMO, CFG_LIVE, true, false, true),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_OUTBOX, false, PL_MAY},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_SUMMARY, CTX_FOR_PATIENT, true, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_OUTBOX, false, PL_UNRELEASED},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_SUMMARY, CTX_FOR_PATIENT, true, false,
          PL_RELEASE_WITHHELD, false, CFG_LIVE),
     PL_FACE_FHIR_READ, true, PL_WITHHELD},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_PATIENT, true, true, PL_RELEASE_RELEASED,
          false, CFG_LIVE),
     PL_FACE_FHIR_READ, true, PL_NEVER_PATIENT},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_NURSE, false, false, PL_RELEASE_NONE, false,
          CFG_LIVE),
     PL_FACE_FHIR_READ, true, PL_NOT_FOR_PATIENTS},
    {POLICY(CFG_PRODUCTION, (enum cfg_stage)9, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_CONSOLE, false, PL_UNKNOWN},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_N_SUGGESTIONS, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_CDS, false, PL_UNKNOWN},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_N_AUDIENCES, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_FACE_CDS, false, PL_UNKNOWN},
    {POLICY(CFG_PRODUCTION, CFG_LIVE, false, true, false),
     ITEM(CTX_SUGGEST_RISK, CTX_FOR_CLINICIAN, false, false, PL_RELEASE_NONE,
          false, CFG_LIVE),
     PL_N_FACES, false, PL_UNKNOWN},
};

START_TEST(says_why)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum pl_leave got = pl_may_leave(&cases[i].policy, &cases[i].item,
                                         cases[i].face, cases[i].to_patient);

        ck_assert_msg(got == cases[i].want, "case %zu: %s", i,
                      pl_leave_text(got));
    }
}
END_TEST

/* Starting is refused exactly where the stage promises what no suggestion of
 * this model could keep. */
START_TEST(refuses_to_start_what_could_not_speak)
{
    struct point p;

    for (unsigned long n = 0; point_at(n, &p); n++) {
        bool beyond = p.policy.stage == CFG_TRIAL || p.policy.stage == CFG_LIVE;
        bool starts = pl_policy_check(&p.policy, NULL, NULL, NULL) == AN_OK;

        if (starts != (!beyond || (pl_face_is_open(&p.policy, PL_FACE_CDS) &&
                                   pl_face_is_open(&p.policy, PL_FACE_OUTBOX))))
            ck_abort_msg("point %lu", n);
    }
}
END_TEST

START_TEST(without_a_target_a_demo_needs_no_test_target)
{
    struct pl_policy p = {
        .environment = CFG_DEMO, .stage = CFG_LIVE, .demonstrator = true};

    ck_assert_int_eq(pl_policy_check(&p, NULL, NULL, NULL), AN_OK);
    p.has_target = true;
    ck_assert_int_eq(pl_policy_check(&p, NULL, NULL, NULL), AN_CONFIG);
}
END_TEST

START_TEST(the_refusal_names_the_line_of_the_file)
{
    const struct an_str text = AN_STR("environment: production\n"
                                      "stage: live\n"
                                      "model:\n  path: /srv/model\n");
    struct cfg_problems problems;
    struct cfg_options options;
    struct pl_policy policy;
    struct an_arena arena;
    struct an_err err;
    char line[256];

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        cfg_options_read(&arena, text, "a.yaml", &options, &problems, NULL),
        AN_OK);
    policy = pl_policy_of(&options, false, false);
    ck_assert_int_eq(pl_policy_check(&policy, &options, "a.yaml", &err),
                     AN_CONFIG);
    an_err_print(&err, line, sizeof(line));
    ck_assert_str_eq(line, "a.yaml:2:1: going beyond shadow asks for a valid "
                           "signed evaluation of the model on this site's "
                           "data");
    an_arena_free(&arena);
}
END_TEST

START_TEST(a_suggestion_brings_what_the_decision_needs)
{
    struct ctx_suggestion s = {.kind = CTX_SUGGEST_SCORE,
                               .audience = CTX_FOR_PATIENT,
                               .topic = AN_STR("stroke"),
                               .patient_facing = true,
                               .never_patient = true};
    struct pl_item item = pl_item_of(&s, PL_RELEASE_WAITING, true);

    ck_assert_uint_eq(item.kind, CTX_SUGGEST_SCORE);
    ck_assert_uint_eq(item.audience, CTX_FOR_PATIENT);
    ck_assert(item.patient_facing && item.never_patient && item.in_trial_arm);
    ck_assert_int_eq(item.release, PL_RELEASE_WAITING);
    ck_assert_an_str_eq(item.topic, "stroke");
}
END_TEST

Suite *trust_stage_suite(void)
{
    const TTest *const test[] = {nothing_leaves_that_the_design_forbids,
                                 everything_leaves_that_nothing_forbids,
                                 what_is_stopped_leaves_by_no_way_out,
                                 a_closed_face_lets_nothing_through,
                                 says_why,
                                 refuses_to_start_what_could_not_speak,
                                 without_a_target_a_demo_needs_no_test_target,
                                 the_refusal_names_the_line_of_the_file,
                                 a_suggestion_brings_what_the_decision_needs};

    return TEST_SUITE("trust/stage", test);
}
