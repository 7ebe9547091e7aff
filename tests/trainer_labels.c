/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an outcome after a question, case by case. */
#include "tests/suite.h"
#include "trainer/dataset/labels.h"

Suite *trainer_labels_suite(void);

#define SCT "http://snomed.info/sct"
#define DAY INT64_C(86400000000)

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, (size_t)64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct ctx_event make(enum ctx_kind kind, const char *system,
                             const char *code, int64_t day)
{
    return (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = day * DAY, .precision = AN_TIME_SECOND},
        .available_us = day * DAY,
        .concept = {.system = an_str_c(system), .code = an_str_c(code)}};
}

static const char stroke_yaml[] =
    "id: stroke\ntitle: {en: Stroke}\nuse: Test.\n"
    "event:\n  kinds: [condition]\n  codes:\n"
    "    - {system: snomed, code: \"230690007\", text: \"Stroke\"}\n"
    "start: {from: now, gap_days: 7}\nexclude: {before: yes}\n"
    "horizons_days: [365]\naudience: [clinician]\npatient: never\n"
    "threshold: off\n";

static struct adv_outcome read_outcome(const char *yaml)
{
    struct adv_outcome o;
    struct an_err err;

    ck_assert_int_eq(
        adv_outcome_read(&arena, an_str_c(yaml), "o.yaml", &o, &err), AN_OK);
    return o;
}

static struct tr_follow_up label(const struct adv_outcome *o,
                                 const struct ctx_event *e, size_t n,
                                 int64_t at_day, int64_t end_day)
{
    struct ctx_timeline t;

    ck_assert_int_eq(ctx_timeline_build(&arena, e, n, CTX_AS_OF_ALL, &t, NULL),
                     AN_OK);
    return tr_label_one(o, &t, at_day * DAY, end_day * DAY);
}

START_TEST(follow_up_begins_after_the_gap_and_ends_with_the_first_of_all)
{
    const struct adv_outcome o = read_outcome(stroke_yaml);
    const struct {
        int64_t stroke, death, at, end; /* days; -1 never */
        float from, to;
        uint32_t event;
    } c[] = {
        {100, -1, 10, 500, 7, 90, 1}, /* it came */
        {-1, -1, 10, 500, 7, 490, 0}, /* observation ended */
        {-1, 60, 10, 500, 7, 50, 0},  /* death came first */
        {100, 60, 10, 500, 7, 50, 0}, /* so a later record does not count */
        {100, -1, 10, 80, 7, 70, 0},  /* ended before it came */
        {5, -1, 10, 500, 0, 0, 0},    /* had it: not at risk */
        {12, -1, 10, 500, 0, 0, 0},   /* within the gap: not at risk */
        {-1, 12, 10, 500, 0, 0, 0},   /* died within the gap */
        {-1, 5, 10, 500, 0, 0, 0},    /* dead already */
        {-1, -1, 10, 15, 0, 0, 0},    /* not watched beyond the gap */
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct ctx_event e[2];
        struct tr_follow_up f;
        size_t n = 0;

        if (c[i].stroke >= 0)
            e[n++] = make(CTX_CONDITION, SCT, "230690007", c[i].stroke);
        if (c[i].death >= 0)
            e[n++] = make(CTX_DEATH, "", "", c[i].death);
        f = label(&o, e, n, c[i].at, c[i].end);
        ck_assert_msg(f.from_days == c[i].from && f.to_days == c[i].to &&
                          f.event == c[i].event,
                      "case %zu: %g %g %u", i, (double)f.from_days,
                      (double)f.to_days, f.event);
    }
}
END_TEST

START_TEST(a_readmission_is_asked_at_a_discharge_and_nowhere_else)
{
    static const char yaml[] =
        "id: again\ntitle: {en: Again}\nuse: Test.\n"
        "event:\n  kinds: [admission]\n  codes:\n"
        "    - {system: class, code: \"IMP\", text: \"Inpatient\"}\n"
        "start:\n  from: discharge\n  codes:\n"
        "    - {system: class, code: \"IMP\", text: \"Inpatient\"}\n"
        "  gap_days: 1\nexclude: {before: no}\nhorizons_days: [30]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n";
    const struct adv_outcome o = read_outcome(yaml);
    static const char act[] =
        "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    const struct ctx_event e[] = {make(CTX_ADMISSION, act, "IMP", 10),
                                  make(CTX_DISCHARGE, act, "IMP", 15),
                                  make(CTX_ADMISSION, act, "IMP", 35),
                                  make(CTX_DISCHARGE, act, "IMP", 40)};
    struct tr_follow_up f = label(&o, e, 4, 15, 900);

    ck_assert(f.event && f.to_days == 20 && f.from_days == 1);
    f = label(&o, e, 4, 40, 900);
    ck_assert(!f.event && f.to_days == 860);
    ck_assert(label(&o, e, 4, 12, 900).to_days == 0);
    ck_assert(label(&o, e, 4, 18, 900).to_days == 0);
}
END_TEST

Suite *trainer_labels_suite(void)
{
    const TTest *const tests[] = {
        follow_up_begins_after_the_gap_and_ends_with_the_first_of_all,
        a_readmission_is_asked_at_a_discharge_and_nowhere_else,
    };

    return test_suite_around("trainer/labels", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
