/* SPDX-License-Identifier: Apache-2.0 */
/* The same card is not shown over and over; what is held back is said, kept and
 * counted all the same. */
#include "base/json.h"
#include "fhir/cards.h"
#include "plugin/deal.h"
#include "plugin/store/feedback.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *consult_quiet_suite(void);

#define SERVICE AN_STR("patient-view")
#define NOON_US (WARD_DISCHARGE_US + AN_US_PER_DAY)
/* A day after she left: she is no inpatient. */
#define USUAL "stage: live\nclock: messages\n"

static struct ward w;

static void set_up(void)
{
    ward_open(&w, USUAL);
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, true);
    ward_tell(&w, ward_results, true);
    ward_tell(&w, ward_discharge, true);
}

static void tear_down(void)
{
    ward_close(&w);
}

static struct pl_answer open_chart(const char *instance, int64_t clock_us,
                                   size_t room)
{
    struct pl_call call = {.patient = ward_patient(),
                           .clock_us = clock_us,
                           .face = PL_FACE_CDS,
                           .max_shown = room,
                           .actor = AN_STR("Practitioner/7"),
                           .instance = an_str_c(instance),
                           .service = SERVICE};
    struct pl_answer a;

    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    return a;
}

static const struct pl_shown *showings(size_t *n)
{
    struct ctx_member member = {.id = ward_patient()};
    const struct pl_shown *s;

    ck_assert_int_eq(
        pl_showings(w.reader, &w.arena, &member, 1, 0, &s, n, NULL), AN_OK);
    return s;
}

static int64_t held_back(const char *why)
{
    const struct pl_card_count *c;
    int64_t sum = 0;
    size_t n;

    ck_assert_int_eq(pl_card_counts(w.reader, &w.arena, &c, &n, NULL), AN_OK);
    for (size_t i = 0; i < n; i++)
        if (c[i].fate == PL_CARD_HELD_BACK &&
            an_str_eq(c[i].why, an_str_c(why)))
            sum += c[i].n;
    return sum;
}

/* The card of a suggestion that was shown. */
static struct an_str card_of(const struct pl_answer *a, size_t i,
                             const char *instance)
{
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid suggestion, id;
    struct an_str copy;

    ck_assert_int_eq(fhir_suggestion_id(&w.arena, &w.naming, &a->who,
                                        &a->shown[i], &suggestion, NULL),
                     AN_OK);
    ck_assert_int_eq(
        fhir_card_id(&w.arena, an_str_c(instance), &suggestion, &id, NULL),
        AN_OK);
    an_uuid_print(&id, text);
    ck_assert(an_arena_str(&w.arena, an_str_c(text), &copy));
    return copy;
}

static void same_shown(const struct pl_answer *a, const struct pl_answer *b)
{
    ck_assert_uint_eq(a->n_shown, b->n_shown);
    for (size_t i = 0; i < a->n_shown; i++) {
        ck_assert_uint_eq(a->shown[i].kind, b->shown[i].kind);
        ck_assert(an_str_eq(a->shown[i].topic, b->shown[i].topic));
        ck_assert_uint_eq(a->shown[i].horizon_days, b->shown[i].horizon_days);
    }
}

START_TEST(the_first_chart_has_cards_and_the_next_has_none)
{
    struct pl_answer first = open_chart("call-1", NOON_US, 0);
    struct pl_answer next;
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    size_t n;

    ck_assert_uint_gt(first.n_shown, 1);
    (void)showings(&n);
    ck_assert_uint_eq(n, first.n_shown);
    ck_assert_int_eq(held_back("repeated"), 0);
    next = open_chart("call-2", NOON_US + 1, 0);
    ck_assert_uint_eq(next.n_shown, 0);
    ck_assert_int_eq(held_back("repeated"), (int64_t)first.n_shown);
    /* It is said and kept like the first. */
    ck_assert_uint_eq(next.n_said, first.n_said);
    ck_assert_uint_eq(ward_current(&w, &who, &row), next.n_said);
}
END_TEST

START_TEST(the_same_call_again_has_the_same_cards)
{
    struct pl_answer first = open_chart("call-1", NOON_US, 3);
    struct pl_answer again = open_chart("call-1", NOON_US + 1, 3);
    struct pl_answer other = open_chart("call-2", NOON_US + 2, 3);
    struct pl_answer late = open_chart("call-1", NOON_US + 3, 3);
    int64_t n_budget = held_back("budget");

    ck_assert_uint_eq(first.n_shown, 3);
    same_shown(&first, &again);
    /* What had no room the first time has its turn. */
    ck_assert_uint_gt(other.n_shown, 0);
    for (size_t i = 0; i < other.n_shown; i++)
        for (size_t k = 0; k < first.n_shown; k++)
            ck_assert(other.shown[i].kind != first.shown[k].kind ||
                      !an_str_eq(other.shown[i].topic, first.shown[k].topic));
    same_shown(&first, &late);
    ck_assert_int_gt(n_budget, 0);
}
END_TEST

START_TEST(a_window_ends)
{
    struct pl_answer first = open_chart("call-1", NOON_US, 0);
    int64_t end_us = NOON_US + 90 * AN_US_PER_DAY;
    struct pl_answer before = open_chart("call-2", end_us - 1, 0);
    struct pl_answer after = open_chart("call-3", end_us, 0);

    ck_assert_uint_eq(before.n_shown, 0);
    same_shown(&first, &after);
}
END_TEST

START_TEST(what_was_accepted_is_quiet_for_longer)
{
    struct pl_answer first = open_chart("call-1", NOON_US, 0);
    struct pl_feedback f = {.card = card_of(&first, 0, "call-1"),
                            .accepted = true,
                            .response = PL_RESPONSE_ACCEPTED,
                            .detail = AN_STR("{}"),
                            .at_us = NOON_US};
    struct pl_feedback_receipt r;
    struct pl_answer after;

    ck_assert_int_eq(
        pl_store_feedback(w.store, SERVICE, &f, 1, NOON_US, &r, NULL), AN_OK);
    ck_assert(!r.unknown);
    after = open_chart("call-2", NOON_US + 90 * AN_US_PER_DAY, 0);
    ck_assert_uint_eq(after.n_shown, first.n_shown - 1);
    for (size_t i = 0; i < after.n_shown; i++)
        ck_assert(!an_str_eq(after.shown[i].topic, first.shown[0].topic) ||
                  after.shown[i].kind != first.shown[0].kind);
    ck_assert_int_eq(held_back("accepted"), 1);
}
END_TEST

START_TEST(without_windows_each_chart_has_its_cards)
{
    struct pl_answer first = open_chart("call-1", NOON_US, 0), next;

    ward_restart(&w, USUAL "cds: {quiet: {admitted: 0s, otherwise: 0s}}\n");
    first = open_chart("call-2", NOON_US + 1, 0);
    next = open_chart("call-3", NOON_US + 2, 0);
    ck_assert_uint_gt(first.n_shown, 1);
    same_shown(&first, &next);
}
END_TEST

START_TEST(a_caller_without_a_service_gets_all_and_leaves_no_card)
{
    struct pl_call call = {.patient = ward_patient(),
                           .clock_us = NOON_US,
                           .face = PL_FACE_CDS,
                           .actor = AN_STR("Practitioner/7"),
                           .instance = AN_STR("call-1")};
    struct pl_answer first = open_chart("call-1", NOON_US, 0), a;
    size_t n;

    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    ck_assert_uint_ge(a.n_shown, first.n_shown);
    call.instance = AN_STR("call-2");
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    ck_assert_uint_ge(a.n_shown, first.n_shown);
    (void)showings(&n);
    ck_assert_uint_eq(n, first.n_shown);
}
END_TEST

START_TEST(in_shadow_nothing_is_a_card)
{
    size_t n;

    ward_restart(&w, "stage: shadow\nclock: messages\n");
    ck_assert_uint_eq(open_chart("call-1", NOON_US, 0).n_shown, 0);
    (void)showings(&n);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(held_back("repeated") + held_back("budget"), 0);
}
END_TEST

START_TEST(no_score_of_a_model_makes_a_card_critical)
{
    struct fhir_card_settings look = {.p_warning = 0.01};
    struct fhir_card_call call = {.hook_instance = AN_STR("call-1")};
    struct pl_answer a = open_chart("call-1", NOON_US, 0);
    struct ctx_suggestion *s = an_arena_get(&w.arena, a.n_shown, sizeof(*s));
    struct fhir_saying what = {
        .suggestion = s, .n_suggestions = a.n_shown, .now_us = NOON_US};
    size_t n_risks = 0;
    struct an_str json;

    ck_assert_ptr_nonnull(s);
    for (size_t i = 0; i < a.n_shown; i++) {
        s[i] = a.shown[i];
        n_risks += s[i].kind == CTX_SUGGEST_RISK;
        if (s[i].kind == CTX_SUGGEST_RISK)
            s[i].p = s[i].p_low = s[i].p_high = 1;
    }
    ck_assert_uint_gt(n_risks, 0);
    ck_assert_int_eq(fhir_cards(&w.arena, &w.naming, &look, &call, &a.who,
                                &what, &json, NULL),
                     AN_OK);
    ck_assert(ward_has(json, "\"indicator\":\"warning\""));
    ck_assert(!ward_has(json, "critical"));
}
END_TEST

/* ---- every allocation fails once --------------------------------------------------- */

START_TEST(dealing_survives_each_failed_allocation)
{
    struct pl_answer a = open_chart("call-1", NOON_US, 0);
    struct pl_saying *saying =
        an_arena_get(&w.arena, a.n_said, sizeof(*saying));
    size_t *place = an_arena_get(&w.arena, a.n_said, sizeof(*place));
    struct pl_quiet_rules rules;
    struct pl_deal d = {.rules = &rules,
                        .mind = w.mind,
                        .said = a.said,
                        .saying = saying,
                        .service = SERVICE,
                        .instance = AN_STR("call-2"),
                        .now_us = NOON_US + 1,
                        .room = 3};
    enum an_code got = AN_NOMEM;
    const struct pl_card *card = NULL;
    size_t n = 0, n_cards = 0;
    struct an_arena arena;
    long i = 0;

    ck_assert(saying && place);
    ck_assert_int_eq(pl_quiet_rules_of(&w.options, NULL, &rules, NULL), AN_OK);
    for (size_t k = 0; k < a.n_said; k++)
        saying[k].resource = AN_STR("11111111-1111-5111-8111-111111111111");
    an_arena_init(&arena, 1 << 24);
    for (; got == AN_NOMEM && i < 10000; i++) {
        for (n = 0; n < a.n_said; n++)
            place[n] = n;
        an_arena_reset(&arena);
        arena.fail_after = i;
        got = pl_deal_cards(&arena, &d, place, &n, &card, &n_cards, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(i, 10);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_gt(n_cards, n);
    for (size_t k = 0; k < n_cards; k++)
        ck_assert(card[k].quiet == PL_QUIET_NONE ||
                  card[k].quiet == PL_QUIET_BUDGET);
    saying[0].resource = AN_STR("no name");
    for (n = 0; n < a.n_said; n++)
        place[n] = n;
    arena.fail_after = -1;
    ck_assert_int_eq(
        pl_deal_cards(&arena, &d, place, &n, &card, &n_cards, NULL), AN_TYPE);
    an_arena_free(&arena);
}
END_TEST

/* ---- who is an inpatient --------------------------------------------------------- */

static bool is_inpatient(const struct ctx_event *const *event, size_t n)
{
    struct ctx_timeline t = {.event = event, .n_events = n};

    return pl_is_inpatient(&t, 100);
}

static struct ctx_event visit(uint8_t kind, const char *class, int64_t us)
{
    return (struct ctx_event){
        .kind = kind,
        .encounter = AN_STR("V1"),
        .concept = {AN_STR("c"), an_str_c(class), AN_STR("")},
        .effective = {.us = us, .precision = AN_TIME_SECOND}};
}

START_TEST(an_inpatient_is_in_and_has_not_left)
{
    struct ctx_event in = visit(CTX_ADMISSION, "IMP", 10);
    struct ctx_event out = visit(CTX_DISCHARGE, "", 20);
    struct ctx_event other = visit(CTX_DISCHARGE, "", 20);
    const struct ctx_event *list[] = {&in, &out};

    ck_assert(is_inpatient(list, 1));
    ck_assert(!is_inpatient(list, 2));
    other.encounter = AN_STR("V2");
    list[1] = &other;
    ck_assert(is_inpatient(list, 2));
    in.end = (struct an_time){.us = 50, .precision = AN_TIME_SECOND};
    ck_assert(!is_inpatient(list, 1));
    in.end.us = 150;
    ck_assert(is_inpatient(list, 1));
    in.effective.us = 101;
    ck_assert(!is_inpatient(list, 1));
    in = visit(CTX_ADMISSION, "AMB", 10);
    ck_assert(!is_inpatient(list, 1));
    ck_assert(!is_inpatient(NULL, 0));
}
END_TEST

/* ---- thresholds --------------------------------------------------------------------- */

/* A threshold at which the signed evaluation of the model judges an outcome. */
struct judged {
    char id[64];
    int64_t days;
    struct an_str threshold; /* as it was written */
    bool found;
};

static void find_in(const struct an_json *outcome, struct judged *out)
{
    const struct an_json *at = an_json_first(an_json_get(
        an_json_get(outcome, AN_STR("model")), AN_STR("net_benefit")));
    struct an_str id = an_json_text(an_json_get(outcome, AN_STR("id")));
    double benefit, threshold;

    for (; at && !out->found; at = at->next) {
        const struct an_json *t = an_json_get(at, AN_STR("threshold"));

        if (!an_json_double(an_json_get(at, AN_STR("by_risk")), &benefit) ||
            !an_json_double(t, &threshold) || threshold <= 0)
            continue;
        out->found = an_json_i64(an_json_get(outcome, AN_STR("horizon_days")),
                                 &out->days);
        out->threshold = an_json_literal(t);
        (void)snprintf(out->id, sizeof(out->id), "%.*s", AN_STR_ARG(id));
    }
}

static struct judged find_judged(void)
{
    struct judged out = {.found = false};
    const struct an_json *root, *o;
    char path[TEST_PATH_BYTES];
    const char *top = getenv("top_srcdir");
    static char bytes[4 << 20];
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/config/model/default/manifest.json",
                   top ? top : ".");
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    n = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    ck_assert_int_eq(an_json_read(&w.arena, &(struct an_json_limits){0},
                                  (struct an_str){bytes, n}, &root, NULL),
                     AN_OK);
    o = an_json_first(an_json_get(an_json_get(root, AN_STR("evaluation")),
                                  AN_STR("outcomes")));
    for (; o && !out.found; o = o->next)
        find_in(o, &out);
    ck_assert(out.found);
    return out;
}

static enum an_code think_with(const struct judged *j, const char *threshold,
                               int64_t days, struct pl_mind **mind,
                               struct an_err *err)
{
    struct cfg_options o = w.options;
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&w.folder, "one.yaml", path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f,
                  "id: %s\ntitle: {en: An outcome}\nuse: For a test.\n"
                  "event: {kinds: [condition], codes: [{system: icd10, prefix: "
                  "\"I10\", text: \"x\"}]}\nstart: {from: now, gap_days: 7}\n"
                  "exclude: {before: yes}\nhorizons_days: [%lld]\n"
                  "audience: [clinician]\npatient: never\n%s",
                  j->id, (long long)days, threshold);
    (void)fclose(f);
    o.outcomes_path = an_str_c(w.folder.path);
    return pl_mind_open(&o, mind, err);
}

START_TEST(a_threshold_asks_for_a_signed_judgement_at_it)
{
    struct judged j = find_judged();
    struct pl_mind *mind = NULL;
    char text[128], want[128];
    struct an_err err;
    double p = 0, said = 0;

    (void)snprintf(text, sizeof(text), "threshold: %.*s\nreport: r\n",
                   AN_STR_ARG(j.threshold));
    ck_assert_msg(think_with(&j, text, j.days, &mind, &err) == AN_OK, "%s %s",
                  err.what, err.where.path);
    ck_assert(pl_mind_threshold(mind, an_str_c(j.id), &p));
    ck_assert_int_eq(sscanf(j.threshold.p, "%lf", &said), 1);
    ck_assert_double_eq_tol(p, said, 1e-12);
    ck_assert(!pl_mind_threshold(mind, AN_STR("nothing"), &p));
    pl_mind_close(mind);
    /* At another risk, or over another time, nobody has judged it. */
    ck_assert_int_eq(think_with(&j, text, j.days + 1, &mind, &err), AN_CONFIG);
    (void)snprintf(want, sizeof(want), "%s.threshold", j.id);
    ck_assert_str_eq(err.where.path, want);
    ck_assert_int_eq(
        think_with(&j, "threshold: 0.987\nreport: r\n", j.days, &mind, &err),
        AN_CONFIG);
    ck_assert_str_eq(err.where.path, want);
    ck_assert_int_eq(
        think_with(&j, "threshold: off\n", j.days + 1, &mind, &err), AN_OK);
    ck_assert(!pl_mind_threshold(mind, an_str_c(j.id), &p));
    pl_mind_close(mind);
}
END_TEST

Suite *consult_quiet_suite(void)
{
    const TTest *const tests[] = {
        the_first_chart_has_cards_and_the_next_has_none,
        the_same_call_again_has_the_same_cards,
        a_window_ends,
        what_was_accepted_is_quiet_for_longer,
        without_windows_each_chart_has_its_cards,
        a_caller_without_a_service_gets_all_and_leaves_no_card,
        in_shadow_nothing_is_a_card,
        no_score_of_a_model_makes_a_card_critical,
        dealing_survives_each_failed_allocation,
        an_inpatient_is_in_and_has_not_left,
        a_threshold_asks_for_a_signed_judgement_at_it};

    return test_suite_around("consult/quiet", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
