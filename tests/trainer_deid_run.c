/* SPDX-License-Identifier: Apache-2.0 */
/* A run over files, as anamnesis-train deidentify makes it. */
#include "base/json.h"
#include "base/random.h"
#include "tests/deid_help.h"
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/deid/run.h"
#include "trainer/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *trainer_deid_run_suite(void);

enum { MAX_ARGS = 16 };

static struct test_folder folder;

static void path_of(const char *name, char path[TEST_PATH_BYTES])
{
    test_folder_file(&folder, name, path);
}

static void write_file(const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];

    path_of(name, path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

static const char *read_file(const char *name)
{
    static char copy[65536];
    char path[TEST_PATH_BYTES];
    struct an_str bytes;

    path_of(name, path);
    if (tr_file_map(path, &bytes, NULL) != AN_OK)
        return "";
    snprintf(copy, sizeof(copy), "%.*s", AN_STR_ARG(bytes));
    tr_file_unmap(bytes);
    return copy;
}

/* Words apart by blanks; %NAME is that file of the folder. */
static int call(const char *line)
{
    char text[512], paths[MAX_ARGS][TEST_PATH_BYTES], *argv[MAX_ARGS];
    char *rest = NULL;
    int argc = 0;

    snprintf(text, sizeof(text), "%s", line);
    for (char *p = strtok_r(text, " ", &rest); p && argc < MAX_ARGS;
         p = strtok_r(NULL, " ", &rest)) {
        if (p[0] == '%')
            path_of(p + 1, paths[argc]);
        argv[argc] = p[0] == '%' ? paths[argc] : p;
        argc++;
    }
    return tr_command_deidentify(argc, argv);
}

static void set_up(void)
{
    test_folder_make(&folder);
    deid_set_up();
    write_file("a.ndjson",
               "{\"resourceType\":\"Patient\",\"id\":\"zq1\",\"gender\":"
               "\"male\",\"birthDate\":\"1960-02-03\"}\n\n{\"name\":\"Zq\"\n"
               "{\"resourceType\":\"Account\",\"id\":\"zq2\"}\n"
               "{\"resourceType\":\"Patient\",\"id\":\"zq3\",\"name\":[{"
               "\"family\":\"Zq\"}]}\n");
    write_file("b.hl7", "FHS|^~\\&|ZQ\rBHS|^~\\&|ZQ\rMSH|^~\\&|ZQ||||2014||"
                        "ADT^A01|1|P|2.5\rPID|||zq1^^^^MR||Zq\rMSH|^~\\&|ZQ||||"
                        "2014||ADT^A03|2|P|2.5\rPID|||zq1^^^^MR||Zq\rBTS|2\r"
                        "FTS|1\r");
}

static void remove_out(const char *name)
{
    static const char *const files[] = {"000001.ndjson", "000002.hl7",
                                        "000003.hl7", "000001.hl7", "manifest"};
    char path[TEST_PATH_BYTES], below[TEST_PATH_BYTES + 32];

    path_of(name, path);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(below, sizeof(below), "%s/%s", path, files[i]);
        unlink(below);
    }
    rmdir(path);
}

static void tear_down(void)
{
    remove_out("out");
    remove_out("again");
    deid_tear_down();
    test_folder_drop(&folder);
}

static int64_t said(const char *manifest, const char *key)
{
    const struct an_json *root;
    int64_t n = -1;

    ck_assert_int_eq(an_json_read(&deid_arena, &(struct an_json_limits){0},
                                  an_str_c(manifest), &root, NULL),
                     AN_OK);
    (void)an_json_i64(an_json_get(root, an_str_c(key)), &n);
    return n;
}

START_TEST(a_run_writes_the_same_forms_and_says_what_it_did)
{
    const char *text;

    ck_assert_int_eq(call("--profile safe-harbor --as-of 2015 --out %out "
                          "%a.ndjson %b.hl7"),
                     TR_EXIT_OK);
    text = read_file("out/000001.ndjson");
    deid_has(text, "\"gender\":\"male\",\"birthDate\":\"1960\"}\n{");
    deid_lacks(text, "Account");
    deid_lacks(text, "zq");
    text = read_file("out/000002.hl7");
    ck_assert_int_eq(strncmp(text, "FHS|^~\\&\rBHS|^~\\&\rMSH|", 22), 0);
    deid_has(text, "\rBTS|2\rFTS|1\r");
    deid_lacks(text, "ZQ");
    text = read_file("out/manifest");
    deid_has(text, "\"profile\":\"safe-harbor 1\"");
    deid_has(text, "{\"path\":\"Patient.birthDate\",\"method\":\"YEAR\","
                   "\"kept\":0,\"changed\":1,\"dropped\":0}");
    ck_assert_int_eq(said(text, "files_in"), 2);
    ck_assert_int_eq(said(text, "documents_in"), 6);
    ck_assert_int_eq(said(text, "documents_refused"), 1);
    ck_assert_int_eq(said(text, "documents_out"), 4);
    ck_assert_int_eq(said(text, "dropped_unlisted_types"), 1);
    /* Of Patient/zq3 the name; of each message MSH-3 and PID-5. */
    ck_assert_int_eq(said(text, "dropped_unlisted_elements"), 5);
    ck_assert_int_eq(said(text, "as_of"), 2015);
    deid_lacks(text, "zq");
    deid_lacks(text, "Zq");
}
END_TEST

START_TEST(runs_with_one_secret_agree)
{
    static const struct {
        const char *profile, *secret;
    } how[] = {{"safe-harbor", "--table %secret"},
               {"date-shift", "--key %secret"}};
    char line[256], first[4096], secret[TEST_PATH_BYTES];

    path_of("secret", secret);
    for (int i = 0; i < 2; i++) {
        if (i) {
            write_file("secret", "0123456789abcdef0123456789abcdef");
            ck_assert_int_eq(chmod(secret, 0600), 0);
        }
        snprintf(line, sizeof(line), "--profile %s %s --out %%out %%a.ndjson",
                 how[i].profile, how[i].secret);
        ck_assert_int_eq(call(line), TR_EXIT_OK);
        snprintf(first, sizeof(first), "%s", read_file("out/000001.ndjson"));
        snprintf(line, sizeof(line), "--profile %s %s --out %%again %%a.ndjson",
                 how[i].profile, how[i].secret);
        ck_assert_int_eq(call(line), TR_EXIT_OK);
        ck_assert_str_eq(read_file("again/000001.ndjson"), first);
        remove_out("again");
        /* Another secret, or one thrown away, makes others. */
        snprintf(line, sizeof(line), "--profile %s --out %%again %%a.ndjson",
                 how[i].profile);
        ck_assert_int_eq(call(line), TR_EXIT_OK);
        ck_assert_str_ne(read_file("again/000001.ndjson"), first);
        remove_out("again");
        remove_out("out");
    }
}
END_TEST

static bool there(const char *name)
{
    char path[TEST_PATH_BYTES];

    path_of(name, path);
    return access(path, F_OK) == 0;
}

START_TEST(what_fails_leaves_nothing)
{
    static const struct {
        const char *line;
        int status;
    } cases[] = {
        {"--profile safe-harbor --out %out %a.ndjson %missing", TR_EXIT_FAILED},
        {"--profile date-shift --key %missing --out %out %a.ndjson",
         TR_EXIT_FAILED},
        {"--profile safe-harbor --out %out %nothing.json", TR_EXIT_FAILED},
        {"--profile safe-harbor --key %key --out %out %a.ndjson",
         TR_EXIT_USAGE},
        {"--profile date-shift --table %key --out %out %a.ndjson",
         TR_EXIT_USAGE},
        {"--profile safe-harbor --zero-time --out %out %a.ndjson",
         TR_EXIT_USAGE},
        {"--profile both --out %out %a.ndjson", TR_EXIT_USAGE},
        {"--out %out %a.ndjson", TR_EXIT_USAGE},
        {"--profile safe-harbor %a.ndjson", TR_EXIT_USAGE},
        {"--profile safe-harbor --as-of 15 --out %out %a.ndjson",
         TR_EXIT_USAGE},
    };

    write_file("nothing.json", "{\"resourceType\":\"Account\"}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(call(cases[i].line), cases[i].status);
        ck_assert(!there("out"));
        ck_assert(!there("out.part"));
    }
}
END_TEST

START_TEST(what_is_written_inside_what_is_read_is_not_read)
{
    /* The folder of the test holds a.ndjson, b.hl7 and, meanwhile, out.part; the
     * slash at the end is no part of the name. */
    char text[TEST_PATH_BYTES + 64], path[TEST_PATH_BYTES];

    write_file("z.hl7", "MSH|^~\\&|ZQ||||2014||ADT^A01|1|P|2.5\r");
    path_of("a.ndjson", path);
    *strrchr(path, '/') = '\0';
    snprintf(text, sizeof(text), "--profile safe-harbor --out %%out/ %s", path);
    ck_assert_int_eq(call(text), TR_EXIT_OK);
    ck_assert_int_eq(said(read_file("out/manifest"), "files_in"), 3);
    ck_assert(!there("out.part"));
}
END_TEST

START_TEST(a_folder_that_holds_something_is_refused)
{
    char path[TEST_PATH_BYTES];

    path_of("out", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(call("--profile safe-harbor --out %out %b.hl7"),
                     TR_EXIT_OK);
    ck_assert(there("out/000001.hl7"));
    ck_assert_int_eq(call("--profile safe-harbor --out %out %a.ndjson"),
                     TR_EXIT_FAILED);
    ck_assert(there("out/000001.hl7"));
    ck_assert(!there("out.part"));
}
END_TEST

START_TEST(people_are_counted_alike_in_both_forms)
{
    struct tr_deid_alike alike;

    (void)deid_json("{\"resourceType\":\"Patient\",\"id\":\"4711\",\"gender\":"
                    "\"female\",\"birthDate\":\"1950\",\"address\":[{"
                    "\"country\":\"US\"},{\"postalCode\":\"02138\"}]}");
    (void)deid_json("{\"resourceType\":\"Patient\",\"id\":\"4712\",\"gender\":"
                    "\"female\",\"birthDate\":\"1950\"}");
    tr_deid_people_alike(&deid.people, &alike);
    ck_assert_uint_eq(alike.n_people, 2);
    ck_assert_uint_eq(alike.min_k, 1);
    (void)deid_er7("MSH|^~\\&|||||2014||ADT^A08|1|P|2.5\rPID|||4711^^^^MR||||"
                   "1950|F|||^^^^02138\r");
    tr_deid_people_alike(&deid.people, &alike);
    ck_assert_uint_eq(alike.n_people, 2);
    (void)deid_er7("MSH|^~\\&|||||2014||ADT^A08|1|P|2.5\rPID|||4712^^^^MR||||"
                   "1950|F\rPID|||4713^^^^MR||||1950|F|||^^^^02138\r");
    tr_deid_people_alike(&deid.people, &alike);
    ck_assert_uint_eq(alike.n_people, 3);
    ck_assert_uint_eq(alike.min_k, 1);
    ck_assert_uint_eq(alike.below_5, 3);
}
END_TEST

/* Each person against each. */
static struct tr_deid_alike alike_by_pairs(const unsigned *looks, size_t n)
{
    struct tr_deid_alike a = {n, n, 0, 0};

    for (size_t i = 0; i < n; i++) {
        uint64_t k = 0;

        for (size_t j = 0; j < n; j++)
            k += looks[j] == looks[i];
        a.min_k = k < a.min_k ? k : a.min_k;
        a.below_5 += k < 5;
        a.below_11 += k < 11;
    }
    return a;
}

START_TEST(people_are_counted_as_pairs_count_them)
{
    static const char *const zips[] = {"021", "022", "", "000"};
    static const char *const sexes[] = {"male", "F", "", "other"};

    for (uint64_t turn = 0; turn < 40; turn++) {
        struct tr_deid_people people = {NULL, 0, 0};
        struct tr_deid_alike a, b;
        unsigned looks[600];
        size_t n = 1 + an_random(turn, 0) % 600;

        for (size_t i = 0; i < n; i++) {
            uint64_t r = an_random(turn, i + 1);
            char year[8];

            looks[i] = (unsigned)(r % (4 * 4 * (1 + turn)));
            snprintf(year, sizeof(year), "%u", 1930 + looks[i] / 16);
            for (int said = 0; said < 2; said++)
                ck_assert_int_eq(
                    tr_deid_people_add(&people, i, an_str_c(zips[looks[i] % 4]),
                                       an_str_c(year),
                                       an_str_c(sexes[looks[i] / 4 % 4]), NULL),
                    AN_OK);
        }
        tr_deid_people_alike(&people, &a);
        b = alike_by_pairs(looks, n);
        ck_assert_uint_eq(a.n_people, b.n_people);
        ck_assert_uint_eq(a.min_k, b.min_k);
        ck_assert_uint_eq(a.below_5, b.below_5);
        ck_assert_uint_eq(a.below_11, b.below_11);
        tr_deid_people_close(&people);
    }
}
END_TEST

START_TEST(people_who_look_alike_are_counted)
{
    struct tr_deid_people people = {NULL, 0, 0};
    struct tr_deid_alike a;

    tr_deid_people_alike(&people, &a);
    ck_assert_uint_eq(a.n_people, 0);
    ck_assert_uint_eq(a.min_k, 0);
    /* 12 alike, 6 alike, 3 alike; each said twice, and enough others to grow. */
    for (int turn = 0; turn < 2; turn++)
        for (uint64_t i = 0; i < 1021; i++) {
            const char *zip = i < 12   ? "021"
                              : i < 18 ? "022"
                              : i < 21 ? "023"
                                       : "100";

            ck_assert_int_eq(tr_deid_people_add(&people, i * 7919,
                                                an_str_c(zip), AN_STR("1950"),
                                                AN_STR("female"), NULL),
                             AN_OK);
        }
    tr_deid_people_alike(&people, &a);
    ck_assert_uint_eq(a.n_people, 1021);
    ck_assert_uint_eq(a.min_k, 3);
    ck_assert_uint_eq(a.below_5, 3);
    ck_assert_uint_eq(a.below_11, 9);
    tr_deid_people_close(&people);
}
END_TEST

Suite *trainer_deid_run_suite(void)
{
    const TTest *const list[] = {
        a_run_writes_the_same_forms_and_says_what_it_did,
        runs_with_one_secret_agree,
        what_fails_leaves_nothing,
        what_is_written_inside_what_is_read_is_not_read,
        a_folder_that_holds_something_is_refused,
        people_are_counted_alike_in_both_forms,
        people_are_counted_as_pairs_count_them,
        people_who_look_alike_are_counted,
    };

    return test_suite_around("trainer/deid/run", list,
                             sizeof(list) / sizeof(list[0]), set_up, tear_down);
}
