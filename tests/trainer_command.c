/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train fit, as it is called. */
#include "runtime/manifest.h"
#include "runtime/safetensors.h"
#include "tests/folder.h"
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Suite *trainer_command_suite(void);

enum { MAX_ARGS = 24 };

/* Words apart by blanks; %C is the cohort, %O the folder. */
static int call(const char *line, char *cohort, char *out)
{
    char text[512], *argv[MAX_ARGS];
    int argc = 0;

    snprintf(text, sizeof(text), "%s", line);
    for (char *p = text; *p && argc < MAX_ARGS;) {
        char *end = p;

        while (*end && *end != ' ')
            end++;
        argv[argc] = p;
        p = *end ? end + 1 : end;
        *end = '\0';
        if (strcmp(argv[argc], "%C") == 0)
            argv[argc] = cohort;
        if (strcmp(argv[argc], "%O") == 0)
            argv[argc] = out;
        argc++;
    }
    return tr_command_fit(argc, argv);
}

#define SMALL                                                                  \
    "--layers 1 --channels 16 --heads 2 --positions 12 --rank 2 --batch-rows " \
    "300 --epochs "

static void folder(char out[64])
{
    snprintf(out, 64,
             "/tmp/anamnesis-fit-"
             "XX"
             "XX"
             "XX");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static void map_in(const char *out, const char *name, struct an_str *bytes)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", out, name);
    ck_assert_int_eq(tr_file_map(path, bytes, NULL), AN_OK);
}

/* A loss of each epoch, that of the best being the one that is told. */
static void check_epochs(const struct an_json *root, int64_t n, int64_t best)
{
    const struct an_json *epochs = an_json_get(root, AN_STR("epochs"));
    int64_t at, expected = 0;
    double tuned, loss;

    ck_assert(an_json_double(an_json_get(root, AN_STR("tuning_loss")), &tuned));
    for (const struct an_json *e = an_json_first(epochs); e; e = e->next) {
        ck_assert(an_json_i64(an_json_get(e, AN_STR("epoch")), &at));
        ck_assert_int_eq(at, ++expected);
        ck_assert(an_json_double(an_json_get(e, AN_STR("train")), &loss));
        ck_assert(an_json_double(an_json_get(e, AN_STR("next")), &loss));
        ck_assert(an_json_double(an_json_get(e, AN_STR("outcomes")), &loss));
        ck_assert(an_json_double(an_json_get(e, AN_STR("tune")), &loss));
        if (at == best)
            ck_assert_double_eq_tol(loss, tuned, 1e-6);
        else
            ck_assert_double_ge(loss, tuned - 1e-6);
    }
    ck_assert_int_eq(expected, n);
}

START_TEST(fit_writes_weights_that_fit_their_description)
{
    char cohort[64], out[64];
    struct an_str weights, text;
    const struct an_json *root;
    struct an_arena arena;
    struct rt_shape shape;
    struct rt_weights w;
    int64_t best;

    an_arena_init(&arena, 64 << 20);
    invent_cohort(invented_path(cohort), 120, 4);
    folder(out);
    ck_assert_int_eq(call("--out %O " SMALL "2 %C", cohort, out), TR_EXIT_OK);
    map_in(out, "fit.json", &text);
    map_in(out, "model.safetensors", &weights);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    ck_assert_int_eq(
        rt_shape_read(an_json_get(root, AN_STR("shape")), &shape, NULL), AN_OK);
    ck_assert_int_eq(shape.layers, 1);
    ck_assert_int_eq(shape.outcomes, 3);
    ck_assert_int_eq(rt_safetensors_read(&arena, weights, &shape, &w, NULL),
                     AN_OK);
    ck_assert(an_json_i64(an_json_get(root, AN_STR("best_epoch")), &best));
    ck_assert_int_ge(best, 1);
    check_epochs(root, 2, best);
    tr_file_unmap(text);
    tr_file_unmap(weights);
    /* What is done is done; other settings are not gone on with. */
    ck_assert_int_eq(call("--resume --out %O " SMALL "2 %C", cohort, out),
                     TR_EXIT_OK);
    ck_assert_int_eq(call("--resume --out %O " SMALL "3 %C", cohort, out),
                     TR_EXIT_FAILED);
    test_folder_drop_at(out);
    invented_remove(cohort);
    an_arena_free(&arena);
}
END_TEST

START_TEST(bins_travel_with_the_fit)
{
    static const float edge[] = {0, 91, 365, 731};
    char cohort[64], out[64];
    const struct an_json *root;
    struct an_str text, weights;
    struct an_arena arena;
    struct rt_shape shape;
    struct rt_weights w;

    an_arena_init(&arena, 64 << 20);
    invent_cohort(invented_path(cohort), 120, 4);
    folder(out);
    ck_assert_int_eq(
        call("--out %O --bins 0,91,365,731 " SMALL "1 %C", cohort, out),
        TR_EXIT_OK);
    map_in(out, "fit.json", &text);
    map_in(out, "model.safetensors", &weights);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    ck_assert_int_eq(
        rt_shape_read(an_json_get(root, AN_STR("shape")), &shape, NULL), AN_OK);
    ck_assert_int_eq(shape.bins, 4);
    ck_assert_mem_eq(shape.bin_edge_days, edge, sizeof(edge));
    ck_assert_int_eq(rt_safetensors_read(&arena, weights, &shape, &w, NULL),
                     AN_OK);
    tr_file_unmap(text);
    tr_file_unmap(weights);
    ck_assert_int_eq(call("--resume --out %O --bins 0,91,365,731 " SMALL "1 %C",
                          cohort, out),
                     TR_EXIT_OK);
    ck_assert_int_eq(call("--resume --out %O --bins 0,91,365,730 " SMALL "1 %C",
                          cohort, out),
                     TR_EXIT_FAILED);
    ck_assert_int_eq(call("--resume --out %O " SMALL "1 %C", cohort, out),
                     TR_EXIT_FAILED);
    test_folder_drop_at(out);
    invented_remove(cohort);
    an_arena_free(&arena);
}
END_TEST

static const struct {
    const char *line;
    int status;
} calls[] = {{"--help", TR_EXIT_OK},
             {"--out %O", TR_EXIT_USAGE},
             {"%C", TR_EXIT_USAGE},
             {"--out %O --speed 5 %C", TR_EXIT_USAGE},
             {"--out %O --rate fast %C", TR_EXIT_USAGE},
             {"--out %O --rate 5 %C", TR_EXIT_USAGE},
             {"--out %O %C --rate", TR_EXIT_USAGE},
             {"--out %O %C %C", TR_EXIT_USAGE},
             {"--out %O -v %C", TR_EXIT_USAGE},
             {"--out %O --bins 0,30,7 %C", TR_EXIT_USAGE},
             {"--out %O --bins 7,30 %C", TR_EXIT_USAGE},
             {"--out %O /nonexistent/cohort", TR_EXIT_FAILED},
             {"--out /nonexistent/folder/x %C", TR_EXIT_FAILED},
             {"--out %O --channels 30 --heads 4 %C", TR_EXIT_FAILED}};

START_TEST(says_what_is_wrong_with_a_call)
{
    char cohort[64], out[64];

    invent_cohort(invented_path(cohort), 20, 4);
    folder(out);
    ck_assert_int_eq(call(calls[_i].line, cohort, out), calls[_i].status);
    test_folder_drop_at(out);
    invented_remove(cohort);
}
END_TEST

Suite *trainer_command_suite(void)
{
    const TTest *const test[] = {fit_writes_weights_that_fit_their_description,
                                 bins_travel_with_the_fit};
    Suite *s = TEST_SUITE("trainer/command", test);
    TCase *tc = tcase_create("calls");

    tcase_add_loop_test(tc, says_what_is_wrong_with_a_call, 0,
                        (int)(sizeof(calls) / sizeof(*calls)));
    suite_add_tcase(s, tc);
    return s;
}
