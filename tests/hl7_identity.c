/* SPDX-License-Identifier: Apache-2.0 */
/* Who is meant: the number that counts, merges, links and moves, newborns and
 * their mothers, temporary numbers. */
#include "base/buf.h"
#include "hl7/events.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_identity_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code read_text(const char *text, struct ctx_reading *r,
                              struct an_err *err)
{
    struct hl7_settings settings = {.authority = AN_STR("FAC")};
    struct hl7_message *m = an_arena_get(&arena, 1, sizeof(*m));
    enum an_code rc;

    if (m == NULL)
        return an_fail_nomem(err);
    rc = hl7_read(&arena, an_str_c(text), NULL, NULL, m, err);
    return rc == AN_OK ? hl7_events(&arena, &settings, m, r, err) : rc;
}

#define MSH(type) "MSH|^~\\&|APP|FAC|A|B|20250301090000||" type "|1|P|2.5.1\r"
#define PID "PID|1||77^^^FAC^MR||Doe\r"
#define NEWBORN MSH("ADT^A28^ADT_A05")

START_TEST(files_under_the_medical_record_number)
{
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(
        read_text(MSH("ADT^A08") "PID|1||999-99^^^SSA^SS~E5^^^REGION^EPI~"
                                 "77^^^FAC^MR~D9^^^DMV^DL||Doe\r",
                  &r, &err),
        AN_OK);
    ck_assert_uint_eq(r.n_parts, 1);
    ck_assert_an_str_eq(r.part[0].patient.value, "77");
    ck_assert_an_str_eq(r.part[0].patient.authority, "FAC");
    /* The enterprise id proves the person; social security does not. */
    ck_assert_uint_eq(r.n_claims, 1);
    ck_assert_int_eq(r.claim[0].kind, CTX_CLAIM_SAME);
    ck_assert_an_str_eq(r.claim[0].prior.value, "E5");
    ck_assert_an_str_eq(r.claim[0].place, "PID[1]-3");
}
END_TEST

START_TEST(merges_the_prior_identifier_into_the_current_one)
{
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(read_text(MSH("ADT^A40^ADT_A39") PID
                               "MRG|55^^^FAC^MR\r"
                               "PID|2||88^^^FAC^MR\rMRG|56\r",
                               &r, &err),
                     AN_OK);
    ck_assert_uint_eq(r.n_parts, 2);
    ck_assert_uint_eq(r.n_claims, 2);
    ck_assert_int_eq(r.claim[0].kind, CTX_CLAIM_MERGE);
    ck_assert_an_str_eq(r.claim[0].current.value, "77");
    ck_assert_an_str_eq(r.claim[0].prior.value, "55");
    ck_assert_an_str_eq(r.claim[1].current.value, "88");
    ck_assert_an_str_eq(r.claim[1].prior.value, "56");
    /* An identifier without an authority is the facility's. */
    ck_assert_an_str_eq(r.claim[1].prior.authority, "FAC");
}
END_TEST

START_TEST(links_and_unlinks_two_patients)
{
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(
        read_text(MSH("ADT^A24") PID "PID|2||88^^^FAC^MR\r", &r, &err), AN_OK);
    ck_assert_uint_eq(r.n_claims, 1);
    ck_assert_int_eq(r.claim[0].kind, CTX_CLAIM_SAME);
    ck_assert_int_eq(
        read_text(MSH("ADT^A37") PID "PID|2||88^^^FAC^MR\r", &r, &err), AN_OK);
    ck_assert_uint_eq(r.n_claims, 1);
    ck_assert_int_eq(r.claim[0].kind, CTX_CLAIM_UNMERGE);
    /* The same two segments in another message claim nothing. */
    ck_assert_int_eq(
        read_text(MSH("ADT^A17") PID "PID|2||88^^^FAC^MR\r", &r, &err), AN_OK);
    ck_assert_uint_eq(r.n_claims, 0);
}
END_TEST

/* HL7 v2.5.1 3.3.43 to 3.3.51. */
START_TEST(moves_identifiers_accounts_and_visits)
{
    static const struct {
        const char *text, *what; /* kind current visit < prior visit */
        size_t n_warnings;
    } moves[] = {
        /* MRN 55, with all that it has, goes to 77. */
        {MSH("ADT^A43^ADT_A43") PID "MRG|55^^^FAC^MR~56^^^FAC^MR\r",
         "move 77 < 55; move 77 < 56; ", 0},
        /* PID-3 names what is moved, PID-2 whom it goes to. */
        {MSH("ADT^A43^ADT_A43") "PID|1|E1^^^FAC|55^^^FAC^MR||Doe\r"
                                "MRG|55^^^FAC^MR|||E2^^^FAC\r",
         "move E1 < 55; ", 0},
        {MSH("ADT^A43^ADT_A43") "PID|1||55^^^FAC^MR~77^^^FAC^MR||Doe\r"
                                "MRG|55^^^FAC^MR\r",
         "same 55 < 77; move 77 < 55; ", 0},
        {MSH("ADT^A43^ADT_A43") PID "MRG|77^^^FAC^MR\r", "", 1},
        {MSH("ADT^A43^ADT_A43") PID "MRG|\r", "", 1},
        {MSH("ADT^A43^ADT_A43") "MRG|55^^^FAC^MR\r" PID, "", 1},
        {MSH("ADT^A44^ADT_A43") "PID|1||77^^^FAC^MR||Doe|||||||||||||A1\r"
                                "MRG|55^^^FAC^MR||A1\r",
         "visit 77 FAC|A1 < 55 FAC|A1; ", 0},
        {MSH("ADT^A45^ADT_A45") PID "MRG|55^^^FAC^MR||||V1\r"
                                    "PV1|1|I|||||||||||||||||V1\r"
                                    "MRG|56^^^FAC^MR||||V2^^^REG\r"
                                    "PV1|2|I|||||||||||||||||V3^^^REG\r",
         "visit 77 FAC|V1 < 55 FAC|V1; visit 77 REG|V3 < 56 REG|V2; ", 0},
        /* Without a visit of its own below it: it keeps its number. */
        {MSH("ADT^A45^ADT_A45") PID "MRG|55^^^FAC^MR||||V1\r",
         "visit 77 FAC|V1 < 55 FAC|V1; ", 0},
        /* From one account to another of the same patient. */
        {MSH("ADT^A45^ADT_A45") PID "MRG|||A1||V1\r"
                                    "PV1|1|I|||||||||||||||||V1\r",
         "", 0},
        /* Which visit is not said: nothing moves. */
        {MSH("ADT^A45^ADT_A45") PID "MRG|55^^^FAC^MR\rPV1|1|I\r", "", 1},
        {MSH("ADT^A49^ADT_A43") "PID|1||77^^^FAC^MR||Doe|||||||||||||A2\r"
                                "MRG|||A1\r",
         "visit 77 FAC|A2 < 77 FAC|A1; ", 0},
        {MSH("ADT^A50^ADT_A50") PID "MRG|77^^^FAC^MR||||V1\r"
                                    "PV1|1|I|||||||||||||||||V2\r",
         "visit 77 FAC|V2 < 77 FAC|V1; ", 0},
        /* Nothing is filed under an alternate visit or patient id. */
        {MSH("ADT^A51^ADT_A50") PID "MRG|77^^^FAC^MR|||||X1\r", "", 0},
        {MSH("ADT^A48^ADT_A43") PID "MRG||X1\r", "", 0},
    };

    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        static const char *const kind[] = {"same", "merge", "unmerge", "move",
                                           "visit"};
        struct ctx_reading r;
        struct an_err err;
        struct an_str text;
        struct an_buf b;

        ck_assert_int_eq(read_text(moves[i].text, &r, &err), AN_OK);
        an_buf_init(&b, &arena, 4096);
        for (size_t k = 0; k < r.n_claims; k++) {
            const struct ctx_claim *c = &r.claim[k];

            an_buf_put_c(&b, kind[c->kind]);
            an_buf_put_char(&b, ' ');
            an_buf_put(&b, c->current.value);
            an_buf_put_c(&b, c->visit.n ? " " : "");
            an_buf_put(&b, c->visit);
            an_buf_put_c(&b, " < ");
            an_buf_put(&b, c->prior.value);
            an_buf_put_c(&b, c->prior_visit.n ? " " : "");
            an_buf_put(&b, c->prior_visit);
            an_buf_put_c(&b, "; ");
        }
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        test_assert_str(__FILE__, __LINE__, text, an_str_c(moves[i].what));
        ck_assert_msg(r.n_warnings == moves[i].n_warnings, "case %zu: %zu", i,
                      r.n_warnings);
    }
}
END_TEST

/* PID-21, and PID-24, 25: one of several. */
#define CHILD(numbers, mother)                                                 \
    NEWBORN "PID|1||" numbers                                                  \
            "||Muster^Baby Girl||20250301|F|||||||||||||" mother "|||Y|1\r"

START_TEST(a_child_is_not_its_mother)
{
    static const struct {
        const char *text, *filed, *linked;
        enum an_code code;
        size_t n_warnings;
    } cases[] = {
        {CHILD("C1^^^FAC^MR", "M1^^^FAC^MR"), "C1", "", AN_OK, 0},
        {CHILD("C1^^^FAC^MR~E1^^^REG^EPI", "M1^^^FAC^MR"), "C1", "E1 ", AN_OK,
         0},
        /* Her number among the child's links nobody and is nobody's. */
        {CHILD("C1^^^FAC^MR~M1^^^FAC^PI", "M1^^^FAC^MR"), "C1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~C1^^^FAC^PI", "M1^^^FAC^MR"), "C1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~T1^^^FAC^MRT", "M1^^^FAC^MR"), "T1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~M2^^^REG^EPI", "M1^^^FAC^MR~M2^^^REG^EPI"), "", "",
         AN_CODE, 0},
        /* What twins share with her, or is of a visit, is no number of theirs;
         * nor is one of a type that is not said. */
        {CHILD("M1^^^FAC^MR~S1^^^SSA^SS", "M1^^^FAC^MR"), "", "", AN_CODE, 0},
        {CHILD("M1^^^FAC^MR~S1^^^FAC^AN~C1^^^REG^PI", "M1^^^FAC^MR"), "C1", "",
         AN_OK, 1},
        {CHILD("M1^^^FAC^MR~S1^^^FAC", "M1^^^FAC^MR"), "", "", AN_CODE, 0},
        {CHILD("M1^^^FAC^MR~T1^^^FAC^PNT", "M1^^^FAC^MR"), "T1", "", AN_OK, 1},
        /* Hers has no authority: whichever it has among the child's. */
        {CHILD("C1^^^HOSP^MR~M1^^^HOSP^PI", "M1"), "C1", "", AN_OK, 1},
        {CHILD("M1^^^HOSP^MR~C1^^^HOSP^PI", "X9~M1^^^\"\"^MR"), "C1", "", AN_OK,
         1},
        {CHILD("M1^^^HOSP^MR", "M1"), "", "", AN_CODE, 0},
        /* The same number of another authority is another's. */
        {CHILD("M1^^^OTHER^MR", "M1^^^FAC^MR"), "M1", "", AN_OK, 0},
        {CHILD("C1^^^FAC^MR", ""), "C1", "", AN_OK, 0},
        /* Nobody's newborn. */
        {NEWBORN
         "PID|1||M1^^^FAC^MR||Doe||19480214|F|||||||||||||M1^^^FAC^MR\r",
         "M1", "", AN_OK, 1},
        {NEWBORN "PID|1||M1^^^FAC^MR||Doe|||F|||||||||||||M1^^^FAC^MR\r", "",
         "", AN_CODE, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_reading r;
        struct an_err err = {.code = AN_OK};
        char linked[64] = "";

        ck_assert_msg(read_text(cases[i].text, &r, &err) == cases[i].code,
                      "case %zu: %s", i, err.what);
        if (cases[i].code != AN_OK) {
            ck_assert_uint_eq(err.where.field, 21);
            continue;
        }
        test_assert_str(__FILE__, __LINE__, r.part[0].patient.value,
                        an_str_c(cases[i].filed));
        for (size_t k = 0; k < r.n_claims; k++)
            (void)snprintf(linked + strlen(linked),
                           sizeof(linked) - strlen(linked), "%.*s ",
                           AN_STR_ARG(r.claim[k].prior.value));
        ck_assert_str_eq(linked, cases[i].linked);
        ck_assert_uint_eq(r.n_warnings, cases[i].n_warnings);
    }
}
END_TEST

START_TEST(a_temporary_number_gives_way_and_proves_nothing)
{
    static const char text[] =
        NEWBORN "PID|1||T1^^^FAC^MRT~77^^^FAC^MR~T2^^^FAC^PNT||Doe\r";
    struct ctx_reading r;

    ck_assert_int_eq(read_text(text, &r, NULL), AN_OK);
    ck_assert_an_str_eq(r.part[0].patient.value, "77");
    ck_assert_uint_eq(r.n_claims, 0);
}
END_TEST

Suite *hl7_identity_suite(void)
{
    const TTest *const test[] = {
        files_under_the_medical_record_number,
        merges_the_prior_identifier_into_the_current_one,
        links_and_unlinks_two_patients,
        moves_identifiers_accounts_and_visits,
        a_child_is_not_its_mother,
        a_temporary_number_gives_way_and_proves_nothing};

    return test_suite_around("hl7/identity", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
