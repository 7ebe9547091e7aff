/* SPDX-License-Identifier: Apache-2.0 */
/* A site's field map: what it changes, and where each mistake in it stands. */
#include "plugin/filing/fields.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *filing_fields_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code parse(const char *text, struct pl_fields *out,
                          struct an_err *err)
{
    return pl_fields_parse(&arena, an_str_c(text), "f.yaml", false, out, err);
}

START_TEST(nothing_said_changes_nothing)
{
    struct pl_fields f;

    ck_assert_int_eq(parse("", &f, NULL), AN_OK);
    ck_assert_an_str_eq(f.site.application, "ANAMNESIS");
    ck_assert_an_str_eq(f.site.processing, "P");
    ck_assert_an_str_eq(f.site.version, "2.5.1");
    ck_assert_uint_eq(f.site.n_edits + f.site.n_names + f.n_authorities, 0);
    ck_assert_int_eq(pl_fields_parse(&arena, AN_STR(""), "f", true, &f, NULL),
                     AN_OK);
    ck_assert_an_str_eq(f.site.processing, "T");
    ck_assert(f.site.demo);
}
END_TEST

START_TEST(every_key_is_taken)
{
    struct pl_fields f;
    struct an_err err;

    ck_assert_msg(
        parse("sending: {application: A, facility: B}\n"
              "receiving: {application: C, facility: D}\n"
              "processing: D\nversion: \"2.4\"\n"
              "patient: [\"urn:oid:2.999\", HOSP]\n"
              "authorities: {\"urn:oid:2.999\": NORTH&2.999&ISO}\n"
              "codes:\n  system: L\n  topics:\n"
              "    stroke: {code: S1, text: Stroke risk, system: LN}\n"
              "    summary: {code: S2}\n"
              "probability: percent\n"
              "documents: {as: ORU, type: PN, newer: T02}\n"
              "newer: P\nwithdrawn: {status: D, text: gone}\n"
              "note: By a machine.\nlongest_text: 80\n"
              "set: {MSH-15: AL, PID-3.4: X, OBX-5.1.2: \"\"}\n"
              "move: {PID-3: PID-2}\n",
              &f, &err) == AN_OK,
        "%u:%u %s", err.where.line, err.where.column, err.what);
    ck_assert_an_str_eq(f.site.application, "A");
    ck_assert_an_str_eq(f.site.facility, "B");
    ck_assert_an_str_eq(f.site.receiver, "C");
    ck_assert_an_str_eq(f.site.receiver_facility, "D");
    ck_assert_an_str_eq(f.site.processing, "D");
    ck_assert_an_str_eq(f.site.version, "2.4");
    ck_assert_uint_eq(f.n_authorities, 2);
    ck_assert_an_str_eq(f.site.authority[0].name, "NORTH&2.999&ISO");
    ck_assert_an_str_eq(f.site.system, "L");
    ck_assert_uint_eq(f.site.n_names, 2);
    ck_assert_an_str_eq(f.site.name[0].text, "Stroke risk");
    ck_assert(f.site.percent && f.site.documents_are_oru &&
              f.site.edits_are_t02 && f.site.newer_is_preliminary &&
              f.site.withdrawn_is_deleted);
    ck_assert_an_str_eq(f.site.document_type, "PN");
    ck_assert_an_str_eq(f.site.withdrawn_words, "gone");
    ck_assert_an_str_eq(f.site.note, "By a machine.");
    ck_assert_uint_eq(f.site.line_bytes, 80);
    ck_assert_uint_eq(f.site.n_edits, 4);
    /* Moves come first. */
    ck_assert_uint_eq(f.site.edit[0].from.field, 3);
    ck_assert_uint_eq(f.site.edit[0].at.field, 2);
    ck_assert_str_eq(f.site.edit[1].at.segment, "MSH");
    ck_assert_uint_eq(f.site.edit[2].at.comp, 4);
    ck_assert_uint_eq(f.site.edit[3].at.sub, 2);
}
END_TEST

START_TEST(a_mistake_is_named_with_its_place)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } bad[] = {
        {"x: 1\n", 1, 1},
        {"sending: 1\n", 1, 10},
        {"sending: {name: A}\n", 1, 11},
        {"note: [a]\n", 1, 7},
        {"note: \"a\\rb\"\n", 1, 7},
        {"probability: 23\n", 1, 14},
        {"documents: {as: PDF}\n", 1, 17},
        {"newer: F\n", 1, 8},
        {"withdrawn: {status: X}\n", 1, 21},
        {"longest_text: 39\n", 1, 15},
        {"longest_text: -1\n", 1, 15},
        {"patient: HOSP\n", 1, 10},
        {"codes: {topics: {a: {kode: 1}}}\n", 1, 22},
        {"codes:\n  topics:\n    a: 1\n", 3, 8},
        {"set: {MSH-10: X}\n", 1, 15},
        {"set: {MSH-2: X}\n", 1, 14},
        {"set: {ZZZ-1: X}\n", 1, 14},
        {"set: {PID: X}\n", 1, 12},
        {"set: {PID-0: X}\n", 1, 14},
        {"set: {PID-3.1.1.1: X}\n", 1, 20},
        {"move: {PID-3: OBX-3}\n", 1, 15},
        {"move: {PID-3: there}\n", 1, 15},
        {"move: {PID-3.1.1: PID-2}\n", 1, 19},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pl_fields f;
        struct an_err err = {0};

        ck_assert_msg(parse(bad[i].text, &f, &err) == AN_CONFIG, "%s",
                      bad[i].text);
        ck_assert_msg(err.where.line == bad[i].line &&
                          err.where.column == bad[i].column,
                      "%s is said at %u:%u", bad[i].text, err.where.line,
                      err.where.column);
    }
}
END_TEST

START_TEST(the_example_changes_nothing)
{
    const char *top = getenv("top_srcdir");
    struct cfg_options o = {.environment = 0};
    struct pl_fields f, none;
    struct an_err err;
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/config/hl7-out.yaml",
                   top ? top : ".");
    o.hl7_out_fields = an_str_c(path);
    ck_assert_msg(pl_fields_read(&arena, &o, false, &f, &err) == AN_OK,
                  "%u:%u: %s", err.where.line, err.where.column, err.what);
    ck_assert_int_eq(parse("", &none, NULL), AN_OK);
    ck_assert(an_str_eq(f.site.application, none.site.application));
    ck_assert(an_str_eq(f.site.processing, none.site.processing));
    ck_assert(an_str_eq(f.site.version, none.site.version));
    ck_assert(an_str_eq(f.site.system, none.site.system));
    ck_assert(an_str_eq(f.site.document_type, none.site.document_type));
    ck_assert_uint_eq(f.site.line_bytes, 0);
    ck_assert_uint_eq(f.site.n_edits + f.site.n_names + f.n_authorities +
                          f.site.n_authorities + f.site.note.n,
                      0);
    ck_assert(!f.site.percent && !f.site.documents_are_oru &&
              !f.site.edits_are_t02 && !f.site.newer_is_preliminary &&
              !f.site.withdrawn_is_deleted);
}
END_TEST

START_TEST(the_patient_is_named_as_the_receiver_knows_her)
{
    static const struct ctx_member member[] = {
        {{AN_STR_INIT("A"), AN_STR_INIT("1"), AN_STR_INIT("MR")}, true},
        {{AN_STR_INIT("B"), AN_STR_INIT("2"), AN_STR_INIT("MR")}, false},
        {{AN_STR_INIT("C"), AN_STR_INIT("3"), AN_STR_INIT("PI")}, false},
    };
    const struct ctx_person person = {member, 3, 1};
    struct hl7_result_who who;
    struct pl_fields f;

    ck_assert_int_eq(parse("", &f, NULL), AN_OK);
    ck_assert(pl_fields_who(&f, &person, AN_STR("B|V"), &who));
    ck_assert_an_str_eq(who.id.value, "2");
    ck_assert_an_str_eq(who.visit, "B|V");
    ck_assert_int_eq(parse("patient: [C, B]", &f, NULL), AN_OK);
    ck_assert(pl_fields_who(&f, &person, AN_STR(""), &who));
    ck_assert_an_str_eq(who.id.value, "3");
    /* A retired number names nobody. */
    ck_assert_int_eq(parse("patient: [A, D]", &f, NULL), AN_OK);
    ck_assert(!pl_fields_who(&f, &person, AN_STR(""), &who));
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    static const char text[] = "patient: [A, B]\nset: {MSH-15: AL}\n"
                               "codes: {topics: {a: {code: b}}}\n"
                               "authorities: {a: b}\nmove: {PID-3: PID-2}\n";
    enum an_code code = AN_NOMEM;
    struct pl_fields f;
    struct an_err err;
    long n = 0;

    for (; code == AN_NOMEM && n < 10000; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = parse(text, &f, &err);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_uint_eq(f.site.n_edits, 2);
}
END_TEST

Suite *filing_fields_suite(void)
{
    const TTest *const test[] = {nothing_said_changes_nothing,
                                 every_key_is_taken,
                                 a_mistake_is_named_with_its_place,
                                 the_example_changes_nothing,
                                 the_patient_is_named_as_the_receiver_knows_her,
                                 survives_each_failed_allocation};

    return test_suite_around("filing/fields", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
