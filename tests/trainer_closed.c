/* SPDX-License-Identifier: Apache-2.0 */
/* What is confidential stays out of a data set, unless it is asked for; who has
 * opted out stays out. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/dataset/closed.h"
#include "trainer/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_closed_suite(void);

#define SCT "\"system\":\"http://snomed.info/sct\",\"code\":"
#define LABEL(system, code)                                                    \
    "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/"        \
    "CodeSystem/" system "\",\"code\":\"" code "\"}]},"
#define RESTRICTED LABEL("v3-Confidentiality", "R")
#define VERY_RESTRICTED LABEL("v3-Confidentiality", "V")
#define PSYCHIATRY LABEL("v3-ActCode", "PSY")
#define NO_PSYCHIATRY                                                          \
    CONSENT("{\"type\":\"deny\",\"securityLabel\":[{\"system\":\"http://"      \
            "terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"PSY\"}]}")
#define VISIT(label)                                                           \
    "{\"resourceType\":\"Encounter\",\"id\":\"e1\"," label                     \
    "\"status\":\"finished\",\"class\":{\"code\":\"AMB\"}," SUBJECT            \
    ",\"period\":{\"start\":\"2011-05-01\"}}"
#define OF_THE_VISIT "\"encounter\":{\"reference\":\"Encounter/e1\"},"
#define SUBJECT "\"subject\":{\"reference\":\"Patient/p\"}"
#define CONDITION(id, label, code, more)                                       \
    "{\"resourceType\":\"Condition\",\"id\":\"" id "\"," label SUBJECT         \
    ",\"code\":{\"coding\":[{" SCT "\"" code "\"}]}," more                     \
    "\"recordedDate\":\"2011-05-01T09:00:00Z\"}"
#define CONSENT(provision)                                                     \
    "{\"resourceType\":\"Consent\",\"id\":\"x\",\"status\":\"active\","        \
    "\"patient\":{\"reference\":\"Patient/p\"},\"provision\":" provision "}"

static struct tr_people people;
static struct an_arena arena;
static struct test_folder folder;

static void set_up(void)
{
    test_folder_make(&folder);
    an_arena_init(&arena, 64 << 20);
    tr_people_init(&people, 64 << 20);
}

static void tear_down(void)
{
    tr_people_release(&people);
    an_arena_free(&arena);
    test_folder_drop(&folder);
}

/* Codes of the conditions that are left of the first person, in their order. */
static void left(const char *const *document, size_t n, bool labelled_too,
                 char text[256])
{
    const struct ctx_event *e;
    size_t n_events, at = 0;

    tr_people_release(&people);
    tr_people_init(&people, 64 << 20);
    text[0] = '\0';
    for (size_t i = 0; i < n && document[i]; i++)
        ck_assert_int_eq(tr_people_take(&people, an_str_c(document[i]), NULL),
                         AN_OK);
    ck_assert_int_eq(tr_people_gather(&people, NULL), AN_OK);
    ck_assert_uint_eq(people.n_persons, 1);
    ck_assert_int_eq(tr_people_close(&people, labelled_too, NULL), AN_OK);
    if (people.n_persons == 0)
        return;
    ck_assert_int_eq(tr_people_events(&people, 0, &arena, &e, &n_events, NULL),
                     AN_OK);
    for (size_t i = 0; i < n_events; i++) {
        ck_assert_uint_eq(e[i].encounter.n, 0);
        ck_assert_int_ne(e[i].kind, CTX_CONSENT);
        if (e[i].kind == CTX_CONDITION)
            at += (size_t)snprintf(text + at, 256 - at, "%.*s ",
                                   AN_STR_ARG(e[i].concept.code));
    }
}

START_TEST(leaves_out_what_is_closed)
{
    static const struct {
        const char *document[4];
        const char *left, *with; /* by default; with what is labelled */
        size_t n_closed;
    } cases[] = {
        {{CONDITION("c1", "", "1", ""), CONDITION("c2", RESTRICTED, "2", "")},
         "1 ",
         "2 1 ",
         1},
        /* Another version of the same fact had the label. */
        {{CONDITION("c1", RESTRICTED, "1", ""), CONDITION("c1", "", "2", ""),
          CONDITION("c3", "", "3", "")},
         "3 ",
         "3 2 1 ",
         2},
        /* A labelled visit that another document told of. */
        {{VISIT(RESTRICTED), CONDITION("c1", "", "1", OF_THE_VISIT),
          CONDITION("c2", "", "2", "")},
         "2 ",
         "2 1 ",
         2},
        {{CONDITION("c1", "", "1", ""), CONSENT("{\"type\":\"deny\"}")},
         "",
         "",
         1},
        {{CONDITION("c1", "", "1", ""),
          CONSENT("{\"type\":\"deny\",\"class\":[{\"code\":\"Procedure\"}]}")},
         "1 ",
         "1 ",
         0},
        {{CONDITION("c1", "", "1", ""),
          CONSENT("{\"type\":\"deny\",\"period\":{\"end\":\"2012-01-01\"},"
                  "\"class\":[{\"code\":\"Condition\"}]}")},
         "",
         "",
         1},
        {{CONDITION("c1", "", "1", ""), CONDITION("c2", RESTRICTED, "2", ""),
          CONSENT("{\"type\":\"deny\",\"securityLabel\":[{\"system\":\"http://"
                  "terminology.hl7.org/CodeSystem/v3-Confidentiality\","
                  "\"code\":\"R\"}]}")},
         "1 ",
         "1 ",
         1},
        /* A label that is denied takes all versions of the fact along, and all
         * of the visit; another label does not. */
        {{CONDITION("c1", PSYCHIATRY, "1", ""), CONDITION("c1", "", "2", ""),
          CONDITION("c3", RESTRICTED, "3", ""), NO_PSYCHIATRY},
         "",
         "3 ",
         3},
        {{VISIT(PSYCHIATRY), CONDITION("c1", "", "1", OF_THE_VISIT),
          CONDITION("c2", "", "2", ""), NO_PSYCHIATRY},
         "2 ",
         "2 ",
         2},
        {{VISIT(VERY_RESTRICTED), CONDITION("c1", "", "1", OF_THE_VISIT),
          CONDITION("c2", VERY_RESTRICTED, "2", ""),
          CONDITION("c3", RESTRICTED, "3", "")},
         "",
         "3 ",
         4},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];

        left(cases[i].document, 4, false, text);
        ck_assert_msg(strcmp(text, cases[i].left) == 0, "case %zu: %s", i,
                      text);
        ck_assert_uint_eq(people.n_closed, cases[i].n_closed);
        ck_assert_uint_eq(people.n_opted_out, i == 3);
        left(cases[i].document, 4, true, text);
        ck_assert_msg(strcmp(text, cases[i].with) == 0, "case %zu with: %s", i,
                      text);
    }
}
END_TEST

/* ---- the program ---------------------------------------------------------- */

enum { PEOPLE = 40 };

static void write_people(void)
{
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&folder, "people.ndjson", path);
    f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < PEOPLE; i++) {
        (void)fprintf(f,
                      "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"gender\":"
                      "\"female\",\"birthDate\":\"1950-01-02\"}\n",
                      i);
        for (int k = 0; k < 2; k++)
            (void)fprintf(
                f,
                "{\"resourceType\":\"Condition\",\"id\":\"c%d-%d\",%s"
                "\"subject\":{\"reference\":\"Patient/p%d\"},\"code\":{"
                "\"coding\":[{" SCT "\"%d\"}]},\"recordedDate\":"
                "\"201%d-05-01T09:00:00Z\"}\n",
                i, k, k ? RESTRICTED : "", i, k ? 987654321 : 123456789, 1 + k);
        (void)fprintf(f,
                      "{\"resourceType\":\"Condition\",\"id\":\"d%d\","
                      "\"subject\":{\"reference\":\"Patient/p%d\"},\"code\":{"
                      "\"coding\":[{" SCT "\"38341003\"}]},\"recordedDate\":"
                      "\"2014-05-01T09:00:00Z\"}\n",
                      i, i);
    }
    ck_assert_int_eq(fclose(f), 0);
}

static bool file_has(const char *name, const char *part)
{
    char path[TEST_PATH_BYTES];
    struct an_str all;
    bool has = false;

    test_folder_file(&folder, name, path);
    ck_assert_int_eq(tr_file_map(path, &all, NULL), AN_OK);
    for (size_t i = 0; i + strlen(part) <= all.n; i++)
        has |= memcmp(all.p + i, part, strlen(part)) == 0;
    tr_file_unmap(all);
    return has;
}

static int run(const char *flag)
{
    const char *top = getenv("top_srcdir");
    char text[5][TEST_PATH_BYTES + 64];
    char *argv[5];
    int n = 0;

    snprintf(text[n++], sizeof(text[0]), "--out=%s", folder.path);
    snprintf(text[n++], sizeof(text[0]), "--outcomes=%s/config/outcomes",
             top ? top : ".");
    snprintf(text[n++], sizeof(text[0]),
             "--concepts=%s/config/tables/concepts.tsv", top ? top : ".");
    if (flag)
        snprintf(text[n++], sizeof(text[0]), "%s", flag);
    test_folder_file(&folder, "people.ndjson", text[n++]);
    for (int i = 0; i < n; i++)
        argv[i] = text[i];
    return tr_command_dataset(n, argv);
}

START_TEST(the_report_says_what_was_left_out)
{
    write_people();
    ck_assert_int_eq(run(NULL), TR_EXIT_OK);
    ck_assert(file_has("vocabulary.json", "123456789"));
    ck_assert(!file_has("vocabulary.json", "987654321"));
    ck_assert(file_has("report.json", "\"labelled_events\":\"left out\""));
    ck_assert(
        file_has("report.json", "\"events_left_out_as_confidential\":40"));
    ck_assert(file_has("report.txt", "labelled events left out"));
    ck_assert_int_eq(run("--with-labelled"), TR_EXIT_OK);
    ck_assert(file_has("vocabulary.json", "987654321"));
    ck_assert(file_has("report.json", "\"labelled_events\":\"included\""));
    ck_assert(file_has("report.txt", "labelled events INCLUDED"));
    ck_assert_int_eq(run("--with-labelled=1"), TR_EXIT_USAGE);
}
END_TEST

Suite *trainer_closed_suite(void)
{
    const TTest *const test[] = {leaves_out_what_is_closed,
                                 the_report_says_what_was_left_out};

    return test_suite_around("trainer/closed", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
