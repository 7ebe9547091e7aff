/* SPDX-License-Identifier: Apache-2.0 */
/* How we and the patient are named to those who receive suggestions. */
#include "plugin/naming.h"

#include "plugin/receiver.h"
#include "tests/suite.h"

#include <string.h>

Suite *consult_naming_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* ---- us ----------------------------------------------------------------- */

static const struct {
    const char *tenant, *names, *url;
    const char *own, *source;
} ourselves[] = {
    {"main", "", "", "urn:x-anamnesis:main", ""},
    {"main", "https://h/ai", "", "https://h/ai", ""},
    {"main", "https://h/ai//", "", "https://h/ai", ""},
    {"w", "", "https://h/fhir", "urn:x-anamnesis:w", "https://h/fhir/"},
    {"w", "", "https://h/fhir/", "urn:x-anamnesis:w", "https://h/fhir/"},
};

START_TEST(we_are_named_by_the_configuration)
{
    struct cfg_options o = {.tenant = an_str_c(ourselves[_i].tenant),
                            .names_url = an_str_c(ourselves[_i].names),
                            .outbox_url = an_str_c(ourselves[_i].url),
                            .outbox_probability = CFG_P_INTERVAL};
    struct pl_policy policy = {.environment = CFG_PRODUCTION};
    struct fhir_write_settings s;

    ck_assert_int_eq(pl_naming_make(&arena, &o, &policy, &s, NULL), AN_OK);
    ck_assert_an_str_eq(s.tenant, ourselves[_i].tenant);
    ck_assert_an_str_eq(s.own, ourselves[_i].own);
    ck_assert_an_str_eq(s.source, ourselves[_i].source);
    ck_assert_an_str_eq(s.base, ourselves[_i].url);
    ck_assert_int_eq(s.probability, FHIR_P_INTERVAL);
    ck_assert_uint_gt(s.software.n, 0);
    ck_assert_uint_gt(s.software_version.n, 0);
    ck_assert(!s.demo && !s.reading);
}
END_TEST

/* The option's words are FHIR_RESOURCES, in their order. */
START_TEST(each_resource_of_the_option_is_one_that_is_written)
{
    static const char *const name[FHIR_N_RES] = {
#define X(res, text) text,
        FHIR_RESOURCES(X)
#undef X
    };
    struct an_str rest = an_str_c(cfg_option[CFG_OPT_outbox_resources].choices);
    struct pl_policy policy = {.environment = CFG_TEST};
    struct fhir_write_settings s;
    struct an_str word;
    unsigned n = 0;

    for (; an_str_cut(&rest, ' ', &word); n++) {
        struct cfg_options o = {.tenant = AN_STR("t"),
                                .outbox_resources = {&word, 1}};

        ck_assert_uint_lt(n, FHIR_N_RES);
        ck_assert_an_str_eq(word, name[n]);
        ck_assert_int_eq(pl_naming_make(&arena, &o, &policy, &s, NULL), AN_OK);
        ck_assert_uint_eq(s.resources, 1U << n);
    }
    ck_assert_uint_eq(n, FHIR_N_RES);
}
END_TEST

START_TEST(the_sites_rules_are_the_receivers)
{
    struct an_str flag[] = {AN_STR("stroke 0.25"), AN_STR("dementia 1")};
    struct an_str proposal[] = {AN_STR("stroke 0 http://s|c A call home")};
    struct an_str language[] = {AN_STR("es"), AN_STR("en")};
    struct cfg_options o = {.tenant = AN_STR("t"),
                            .languages = {language, 2},
                            .outbox_ai_transparency = true,
                            .outbox_flags = {flag, 2},
                            .outbox_proposals = {proposal, 1}};
    struct pl_policy policy = {.environment = CFG_TEST};
    struct fhir_write_settings s;

    ck_assert_int_eq(pl_naming_make(&arena, &o, &policy, &s, NULL), AN_OK);
    ck_assert_uint_eq(s.n_flags, 2);
    ck_assert_an_str_eq(s.flag[0].topic, "stroke");
    ck_assert_double_eq(s.flag[0].p_from, 0.25);
    ck_assert_double_eq(s.flag[1].p_from, 1);
    ck_assert_uint_eq(s.n_proposals, 1);
    ck_assert_an_str_eq(s.proposal[0].code.system, "http://s");
    ck_assert_an_str_eq(s.proposal[0].code.code, "c");
    ck_assert_an_str_eq(s.proposal[0].code.display, "A call home");
    ck_assert_an_str_eq(s.source_language, "es");
    ck_assert(!s.no_extensions);
    ck_assert_ptr_null(s.signer);
}
END_TEST

START_TEST(a_score_names_what_it_takes)
{
    size_t n;

    ck_assert_ptr_nonnull(pl_receiver_needs(AN_STR("egfr-ckd-epi-2021"), &n));
    ck_assert_uint_eq(n, 3);
    ck_assert_ptr_nonnull(pl_receiver_needs(AN_STR("cha2ds2-vasc"), &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_null(pl_receiver_needs(AN_STR("stroke"), &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_demonstration_is_marked)
{
    struct cfg_options o = {.tenant = AN_STR("t")};
    struct pl_policy demo = {.environment = CFG_DEMO};
    struct pl_policy model = {.environment = CFG_TEST, .demonstrator = true};
    struct fhir_write_settings s;

    ck_assert_int_eq(pl_naming_make(&arena, &o, &demo, &s, NULL), AN_OK);
    ck_assert(s.demo);
    ck_assert_int_eq(pl_naming_make(&arena, &o, &model, &s, NULL), AN_OK);
    ck_assert(s.demo);
}
END_TEST

START_TEST(making_names_survives_each_failed_allocation)
{
    struct cfg_options o = {.tenant = AN_STR("t"),
                            .outbox_url = AN_STR("https://h/fhir")};
    struct pl_policy policy = {.environment = CFG_TEST};
    struct fhir_write_settings s;
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 20; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = pl_naming_make(&arena, &o, &policy, &s, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
}
END_TEST

/* ---- the patient -------------------------------------------------------- */

enum { MEMBERS = 4 };

static const struct {
    struct {
        const char *authority, *value;
        bool retired;
    } member[MEMBERS]; /* as an identity has them; ended by a NULL */
    size_t current;
    const char *id;              /* authority: how we name the patient */
    const char *system, *number; /* how the receiver does */
    const char *patient_id;
} patients[] = {
    /* A name that only the sender understands: nobody can be told. */
    {{{"LAKESIDE", "1", false}}, 0, "LAKESIDE", "", "1", ""},
    {{{"urn:oid:2.9", "1", false}}, 0, "urn:oid:2.9", "urn:oid:2.9", "1", ""},
    {{{"http://h/mrn", "1", false}},
     0,
     "http://h/mrn",
     "http://h/mrn",
     "1",
     ""},
    /* Ids of a server are no identifier system, whoever's server it is. */
    {{{"https://other/fhir/Patient", "p1", false}},
     0,
     "https://other/fhir/Patient",
     "",
     "p1",
     ""},
    {{{"urn:fhir:Patient", "p1", false}}, 0, "urn:fhir:Patient", "", "p1", ""},
    {{{"urn:id:X", "1", false}}, 0, "urn:id:X", "", "1", ""},
    /* The receiver's own id, alone and beside a number. */
    {{{"https://r/fhir/Patient", "p9", false}},
     0,
     "https://r/fhir/Patient",
     "",
     "p9",
     "p9"},
    {{{"https://r/fhir/Patient", "p9", false}, {"urn:oid:2.9", "1", false}},
     1,
     "urn:oid:2.9",
     "urn:oid:2.9",
     "1",
     "p9"},
    {{{"https://r/fhir/Patient", "p9", false}, {"urn:oid:2.9", "1", false}},
     0,
     "urn:oid:2.9",
     "urn:oid:2.9",
     "1",
     "p9"},
    /* The current one goes first; else the first that has a system. */
    {{{"urn:oid:2.1", "1", false}, {"urn:oid:2.9", "2", false}},
     1,
     "urn:oid:2.9",
     "urn:oid:2.9",
     "2",
     ""},
    {{{"LAKESIDE", "7", false},
      {"urn:oid:2.1", "1", false},
      {"urn:oid:2.9", "2", false}},
     0,
     "urn:oid:2.1",
     "urn:oid:2.1",
     "1",
     ""},
    /* What was merged away is no name any more. */
    {{{"LAKESIDE", "7", false}, {"urn:oid:2.1", "1", true}},
     0,
     "LAKESIDE",
     "",
     "7",
     ""},
    {{{"https://r/fhir/Patient", "old", true},
      {"urn:oid:2.1", "0", true},
      {"urn:oid:2.1", "1", false}},
     2,
     "urn:oid:2.1",
     "urn:oid:2.1",
     "1",
     ""},
};

START_TEST(the_patient_is_named_as_the_receiver_knows_them)
{
    struct fhir_write_settings s = {.source = AN_STR("https://r/fhir/")};
    struct ctx_member member[MEMBERS];
    struct ctx_person person = {.member = member,
                                .current = patients[_i].current};
    struct fhir_who who;

    for (; person.n_members < MEMBERS &&
           patients[_i].member[person.n_members].authority;
         person.n_members++)
        member[person.n_members] = (struct ctx_member){
            .id = {an_str_c(patients[_i].member[person.n_members].authority),
                   an_str_c(patients[_i].member[person.n_members].value),
                   AN_STR("")},
            .retired = patients[_i].member[person.n_members].retired};
    ck_assert_int_eq(pl_naming_who(&arena, &s, &person, AN_STR(""), &who, NULL),
                     AN_OK);
    ck_assert_an_str_eq(who.id.authority, patients[_i].id);
    ck_assert_an_str_eq(who.id.value, patients[_i].number);
    ck_assert_an_str_eq(who.system, patients[_i].system);
    ck_assert_an_str_eq(who.patient_id, patients[_i].patient_id);
    ck_assert(pl_naming_reaches(&who) ==
              (patients[_i].system[0] || patients[_i].patient_id[0]));
}
END_TEST

static const struct {
    const char *encounter, *system, *number;
} visits[] = {
    {"", "", ""},
    {"urn:oid:2.9|V1", "urn:oid:2.9", "V1"},
    {"LAKESIDE|V1", "", ""},
    {"urn:oid:2.9|", "", ""},
    {"V1", "", ""},
};

START_TEST(an_encounter_is_named_where_its_assigner_is_a_system)
{
    struct fhir_write_settings s = {.source = AN_STR("")};
    struct ctx_member member = {
        .id = {AN_STR("urn:oid:2.9"), AN_STR("1"), AN_STR("MR")}};
    struct ctx_person person = {.member = &member, .n_members = 1};
    struct fhir_who who;

    ck_assert_int_eq(pl_naming_who(&arena, &s, &person,
                                   an_str_c(visits[_i].encounter), &who, NULL),
                     AN_OK);
    ck_assert_an_str_eq(who.encounter, visits[_i].encounter);
    ck_assert_an_str_eq(who.encounter_system, visits[_i].system);
    ck_assert_an_str_eq(who.encounter_number, visits[_i].number);
}
END_TEST

/* ---- the encounter ------------------------------------------------------ */

enum { HOURS = 5 };

#define HOUR_US (AN_US_PER_DAY / 24)

/* in the order in which it happened; hours, 0 ends the list */
static const struct {
    struct {
        int at;
        char kind; /* A, D */
        const char *encounter;
        int end;
    } event[HOURS];
    int now;
    const char *want;
} stays[] = {
    {{{0, 0, NULL, 0}}, 5, ""},
    {{{1, 'A', "V1", 0}}, 1, "V1"},
    {{{1, 'A', "V1", 0}}, 900, "V1"},
    {{{5, 'A', "V1", 0}}, 4, ""},
    {{{1, 'A', "V1", 0}, {9, 'D', "V1", 0}}, 8, "V1"},
    {{{1, 'A', "V1", 0}, {9, 'D', "V1", 0}}, 9, "V1"},
    {{{1, 'A', "V1", 0}, {9, 'D', "V1", 0}}, 33, "V1"},
    {{{1, 'A', "V1", 0}, {9, 'D', "V1", 0}}, 34, ""},
    /* Another's discharge ends nothing. */
    {{{1, 'A', "V1", 0}, {9, 'D', "V0", 0}}, 90, "V1"},
    {{{1, 'A', "V1", 0}, {9, 'D', "", 0}}, 90, "V1"},
    /* An admission that tells its end. */
    {{{1, 'A', "V1", 9}}, 30, "V1"},
    {{{1, 'A', "V1", 9}}, 40, ""},
    {{{1, 'A', "V1", 50}}, 20, "V1"},
    /* The last one counts. */
    {{{1, 'A', "V1", 0}, {9, 'D', "V1", 0}, {12, 'A', "V2", 0}}, 13, "V2"},
    {{{1, 'A', "V1", 0}, {2, 'A', "", 0}}, 13, "V1"},
};

START_TEST(the_encounter_is_that_of_now_or_of_the_last_day)
{
    struct ctx_event event[HOURS];
    const struct ctx_event *in[HOURS];
    struct ctx_timeline t = {.event = in};

    for (; t.n_events < HOURS && stays[_i].event[t.n_events].at; t.n_events++) {
        size_t i = t.n_events;

        event[i] = (struct ctx_event){
            .kind =
                stays[_i].event[i].kind == 'A' ? CTX_ADMISSION : CTX_DISCHARGE,
            .effective = an_time_us(stays[_i].event[i].at * HOUR_US),
            .encounter = an_str_c(stays[_i].event[i].encounter)};
        if (stays[_i].event[i].end)
            event[i].end = an_time_us(stays[_i].event[i].end * HOUR_US);
        in[i] = &event[i];
    }
    ck_assert_an_str_eq(pl_naming_encounter(&t, stays[_i].now * HOUR_US),
                        stays[_i].want);
}
END_TEST

START_TEST(what_has_no_time_is_no_encounter_of_now)
{
    struct ctx_event e = {.kind = CTX_ADMISSION, .encounter = AN_STR("V1")};
    const struct ctx_event *in[] = {&e};
    struct ctx_timeline t = {.event = in, .n_events = 1};

    ck_assert_an_str_eq(pl_naming_encounter(&t, HOUR_US), "");
}
END_TEST

Suite *consult_naming_suite(void)
{
    Suite *suite = suite_create("consult/naming");
    TCase *cases = tcase_create("naming");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, we_are_named_by_the_configuration, 0,
                        sizeof(ourselves) / sizeof(ourselves[0]));
    tcase_add_test(cases, each_resource_of_the_option_is_one_that_is_written);
    tcase_add_test(cases, the_sites_rules_are_the_receivers);
    tcase_add_test(cases, a_score_names_what_it_takes);
    tcase_add_test(cases, a_demonstration_is_marked);
    tcase_add_test(cases, making_names_survives_each_failed_allocation);
    tcase_add_loop_test(cases, the_patient_is_named_as_the_receiver_knows_them,
                        0, sizeof(patients) / sizeof(patients[0]));
    tcase_add_loop_test(cases,
                        an_encounter_is_named_where_its_assigner_is_a_system, 0,
                        sizeof(visits) / sizeof(visits[0]));
    tcase_add_loop_test(cases, the_encounter_is_that_of_now_or_of_the_last_day,
                        0, sizeof(stays) / sizeof(stays[0]));
    tcase_add_test(cases, what_has_no_time_is_no_encounter_of_now);
    suite_add_tcase(suite, cases);
    return suite;
}
