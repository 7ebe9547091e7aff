/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of change control; what they bind; packages that are written whole; data
 * sets like a package's. */
#include "base/hash.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "tests/tuned_site.h"
#include "trainer/dataset/dataset.h"
#include "trainer/file.h"
#include "trainer/package/package.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *trainer_plan_suite(void);

static struct an_arena arena;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
}

/* ---- the file -------------------------------------------------------------- */

static const char good[] = "id: x\nversion: 1\nmodification: m\nupdate: u\n"
                           "impact: i\n"
                           "parts: {calibration: yes, wide: 0.5, heads: 0.1, "
                           "trunk: 0}\n"
                           "data: {training_patients: 100, tuning_patients: "
                           "30, test_patients: 50, test_events: 20}\n"
                           "gates: {events: 20, auroc_least: 0.6, auroc_fall: "
                           "0.05, observed_expected_low: 0.8,\n"
                           " observed_expected_high: 1.25, slope_low: 0.5, "
                           "slope_high: 2, net_benefit_fall: 0.2, loss_rise: "
                           "0.02}\n"
                           "groups: {events: 30, auroc_fall: 0.1, "
                           "observed_expected_low: 0.67, "
                           "observed_expected_high: 1.5}\n";

static enum an_code read_text(const char *text, struct tr_plan *p,
                              struct an_err *err)
{
    return tr_plan_read(&arena, an_str_c(text), "p.yaml", p, err);
}

START_TEST(a_plan_is_read_with_its_places)
{
    struct tr_plan p;

    ck_assert_int_eq(read_text(good, &p, NULL), AN_OK);
    ck_assert_an_str_eq(p.id, "x");
    ck_assert_double_eq(p.bound[TR_B_parts_calibration], 1);
    ck_assert_double_eq(p.bound[TR_B_parts_wide], 0.5);
    ck_assert_double_eq(p.bound[TR_B_groups_events], 30);
    ck_assert_uint_eq(p.line[TR_B_parts_trunk], 6);
    ck_assert_uint_eq(p.column[TR_B_parts_trunk], 57);
    ck_assert_uint_eq(p.line[TR_B_gates_slope_low], 9);
}
END_TEST

/* What stands in `good`, what stands there instead, and what is said of it. */
static const struct {
    const char *from, *to;
    enum an_code code;
    const char *what;
    uint32_t line;
} bad[] = {
    {"id: x\n", "", AN_MISSING, "id, version", 1},
    {"version: 1", "version: [1]", AN_TYPE, "expected a text", 2},
    {"trunk: 0}", "trunk: 0, vocabulary: 1}", AN_CODE, "no plan", 6},
    {"impact: i\n", "impact: i\nlimits: {}\n", AN_CODE, "no plan", 6},
    {"wide: 0.5", "wide: much", AN_TYPE, "parts.wide: expected", 6},
    {"wide: 0.5", "wide: -1", AN_TYPE, "parts.wide: expected", 6},
    {"calibration: yes", "calibration: 1", AN_TYPE, "parts.calibration", 6},
    {", trunk: 0}", "}", AN_MISSING, "parts.trunk: expected", 6},
    {"auroc_least: 0.6", "auroc_least: 2", AN_TYPE, "gates.auroc_least", 8},
    {"id: x\n", "id: x\nid: y\n", AN_CONFLICT, "", 2},
    {"parts: {", "parts: [{", AN_SYNTAX, "", 6},
};

START_TEST(a_wrong_plan_says_where)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *at = strstr(good, bad[i].from);
        char text[2048];
        struct tr_plan p;
        struct an_err err;

        ck_assert_ptr_nonnull(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
                 bad[i].to, at + strlen(bad[i].from));
        ck_assert_int_eq(read_text(text, &p, &err), bad[i].code);
        ck_assert_ptr_nonnull(strstr(err.what, bad[i].what));
        ck_assert_str_eq(err.where.path, "p.yaml");
        ck_assert_uint_ge(err.where.line, bad[i].line);
    }
}
END_TEST

START_TEST(no_plan_says_so)
{
    struct tr_plan p;
    struct an_err err;

    ck_assert_int_eq(read_text("", &p, &err), AN_MISSING);
    ck_assert_int_eq(tr_plan_open(&arena, "/nowhere/p.yaml", &p, &err),
                     AN_NOTFOUND);
    ck_assert_str_eq(err.where.path, "/nowhere/p.yaml");
    ck_assert_int_eq(tr_plan_of(&arena, NULL, &p, &err), AN_MISSING);
}
END_TEST

static const struct an_json *as_json(const struct tr_plan *p)
{
    const struct an_json *root;
    struct an_json_out w;
    struct an_str bytes;

    an_out_init(&w, &arena, 1 << 20);
    tr_plan_write(p, &w);
    ck_assert_int_eq(an_out_done(&w, &bytes, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, bytes, &root, NULL),
        AN_OK);
    return root;
}

START_TEST(a_plan_comes_back_from_a_manifest)
{
    struct tr_plan shipped, back;

    tuned_site_plan(&arena, &shipped);
    ck_assert_int_eq(tr_plan_of(&arena, as_json(&shipped), &back, NULL), AN_OK);
    ck_assert(an_str_eq(back.id, shipped.id));
    ck_assert(an_str_eq(back.impact, shipped.impact));
    for (int i = 0; i < TR_N_BOUNDS; i++)
        ck_assert_double_eq(back.bound[i], shipped.bound[i]);
    shipped.bound[TR_B_gates_slope_high] = 1000;
    ck_assert_int_eq(tr_plan_of(&arena, as_json(&shipped), &back, NULL),
                     AN_TYPE);
}
END_TEST

/* Each bound, a little narrower and a little wider. */
START_TEST(a_site_may_only_narrow)
{
    struct tr_plan maker, site;

    ck_assert_int_eq(read_text(good, &maker, NULL), AN_OK);
    maker.bound[TR_B_parts_calibration] = 0.5; /* so that both are there */
    ck_assert_int_eq(tr_plan_narrows(&maker, &maker, "s.yaml", NULL), AN_OK);
    for (int i = 0; i < TR_N_BOUNDS; i++) {
        const bool least = tr_bound_row[i].sense == TR_LEAST;
        char name[64];
        struct an_err err;

        site = maker;
        site.line[i] = 77;
        site.bound[i] += least ? 0.01 : -0.01;
        ck_assert_int_eq(tr_plan_narrows(&site, &maker, "s.yaml", NULL), AN_OK);
        site.bound[i] = maker.bound[i] + (least ? -0.01 : 0.01);
        ck_assert_int_eq(tr_plan_narrows(&site, &maker, "s.yaml", &err),
                         AN_CONFLICT);
        snprintf(name, sizeof(name), "%s.%s: wider", tr_bound_row[i].group,
                 tr_bound_row[i].name);
        ck_assert_ptr_nonnull(strstr(err.what, name));
        ck_assert_uint_eq(err.where.line, 77);
    }
    site = maker;
    site.version = AN_STR("2");
    ck_assert_int_eq(tr_plan_narrows(&site, &maker, "s.yaml", NULL),
                     AN_CONFLICT);
}
END_TEST

START_TEST(without_memory_a_plan_says_so)
{
    enum an_code code = AN_NOMEM;
    struct tr_plan p;
    long n = 0;

    for (; code == AN_NOMEM && n < 10000; n++) {
        arena.fail_after = n;
        code = read_text(good, &p, NULL);
        arena.fail_after = -1;
        an_arena_reset(&arena);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 5);
}
END_TEST

/* ---- what it binds --------------------------------------------------------- */

/* Far away in every direction, by every bound. */
START_TEST(a_block_is_brought_back_into_its_bounds)
{
    static const double bounds[] = {0, 0.001, 0.3, 10};
    struct test_random r = {3};
    const struct rt_shape shape = test_shape();
    struct tr_params p;
    float *start, *block;

    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    tr_params_randomize(&p, 1);
    start = an_arena_get(&arena, p.n, sizeof(*start));
    block = an_arena_get(&arena, p.n, sizeof(*block));
    ck_assert(start && block);
    memcpy(start, p.value, p.n * sizeof(*start));
    for (size_t b = 0; b < 4; b++) {
        struct tr_plan plan = {.bound = {[TR_B_parts_wide] = bounds[b],
                                         [TR_B_parts_heads] = bounds[b],
                                         [TR_B_parts_trunk] = bounds[b]}};
        double change[TR_N_PARTS];
        struct tr_parts s;

        tr_parts_init(&s, &shape, start, &plan);
        for (uint64_t i = 0; i < p.n; i++)
            block[i] = start[i] + 100 * (float)test_normal(&r);
        tr_parts_hold(&s, &p, block);
        tr_parts_change(&s, &shape, block, change);
        for (int part = 0; part < TR_N_PARTS; part++) {
            ck_assert_double_le(change[part], bounds[b]);
            /* The wide branch starts at nothing, and stays there. */
            if (part != TR_PART_WIDE)
                ck_assert_double_ge(change[part], 0.9999 * bounds[b]);
        }
        if (b == 0)
            ck_assert_mem_eq(block, start, p.n * sizeof(*block));
        ck_assert_int_eq(tr_parts_move(&s), b > 0);
    }
    tr_params_release(&p);
}
END_TEST

/* What is inside is left as it is. */
START_TEST(a_block_within_its_bounds_stays)
{
    const struct rt_shape shape = test_shape();
    struct tr_plan plan = {.bound = {[TR_B_parts_wide] = 1,
                                     [TR_B_parts_heads] = 1,
                                     [TR_B_parts_trunk] = 1}};
    struct tr_params p;
    struct tr_parts s;
    float *start, *block;

    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    tr_params_randomize(&p, 1);
    for (uint64_t i = 0; i < p.n; i++)
        p.value[i] += 0.01F; /* no part is nothing */
    start = an_arena_get(&arena, p.n, sizeof(*start));
    block = an_arena_get(&arena, p.n, sizeof(*block));
    ck_assert(start && block);
    for (uint64_t i = 0; i < p.n; i++) {
        start[i] = p.value[i];
        block[i] = p.value[i] *= 1.5F;
    }
    tr_parts_init(&s, &shape, start, &plan);
    tr_parts_hold(&s, &p, block);
    ck_assert_mem_eq(block, p.value, p.n * sizeof(*block));
    tr_params_release(&p);
}
END_TEST

/* ---- a data set like a package's ------------------------------------------- */

#define VOCABULARY                                                             \
    "\"vocabulary\":{\"concepts\":[{\"key\":\"a|b\"}],\"targets\":1},"         \
    "\"wide\":[{\"what\":\"age\",\"mean\":40.50,\"sd\":20}]"
static const char like[] =
    "{" VOCABULARY ",\"outcomes\":[{\"id\":\"often\",\"start\":\"now\","
    "\"horizons_days\":[30,365],\"death\":false}]}";

static struct an_str manifest(const char *members)
{
    char *text = an_arena_get(&arena, 1000, 1), hex[AN_SHA256_HEX + 1];
    struct an_sha256 hash;

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(an_sha256(an_str_c(like), &hash, NULL), AN_OK);
    an_hex_print(hash.b, sizeof(hash.b), hex);
    snprintf(text, 1000, "{\"training\":{\"vocabulary_sha256\":\"%s\"},%s}",
             hex, members);
    return an_str_c(text);
}

START_TEST(a_package_says_what_its_data_set_was_like)
{
    struct adv_outcome often = {
        .id = AN_STR("often"), .horizon_days = {30, 365}, .n_horizons = 2};
    const struct tr_outcomes outcomes = {&often, 1, -1};
    struct an_str json;
    struct an_err err;

    ck_assert_int_eq(
        tr_like_package(&arena, manifest(VOCABULARY), &outcomes, &json, &err),
        AN_OK);
    ck_assert_an_str_eq(json, like);
    often.horizon_days[1] = 366;
    ck_assert_int_eq(
        tr_like_package(&arena, manifest(VOCABULARY), &outcomes, &json, &err),
        AN_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.what, "outcomes are others"));
    ck_assert_int_eq(tr_like_package(&arena, manifest("\"wide\":[]"), &outcomes,
                                     &json, &err),
                     AN_MISSING);
    ck_assert_ptr_nonnull(strstr(err.what, "lacks vocabulary"));
}
END_TEST

/* ---- a package as a whole -------------------------------------------------- */

static enum an_code opens(const struct tuned_site *s, const char *folder)
{
    struct tr_package_files files;
    struct rt_package p;
    enum an_code code =
        tr_package_open(&p, &arena, folder, &s->key, &files, NULL);

    if (code == AN_OK)
        tr_package_close(&files);
    return code;
}

static void copy(const struct tuned_site *s, const char *name, const char *to)
{
    char path[TEST_PATH_BYTES];
    struct an_str bytes;

    test_folder_file(&s->package, name, path);
    ck_assert_int_eq(tr_file_map(path, &bytes, NULL), AN_OK);
    snprintf(path, sizeof(path), "%s/%s", to, name);
    ck_assert_int_eq(tr_file_write(path, bytes, NULL), AN_OK);
    tr_file_unmap(bytes);
}

static const struct site_how some = {
    .n = {100, 50, 50}, .factor = 1, .seed = 3};

/* The order in which tr_package_write writes them; killed after each. */
START_TEST(a_write_that_was_killed_does_not_open)
{
    static const char *const name[] = {"card.md", "manifest.json",
                                       "model.safetensors", "SIGNATURE"};
    struct tuned_site s = {.d = {.root = NULL}};

    tuned_site_begin(&s, &some, 1);
    ck_assert_int_eq(opens(&s, s.package.path), AN_OK);
    for (int n = 0; n <= 4; n++) {
        struct test_folder f;

        test_folder_make(&f);
        for (int i = 0; i < n; i++)
            copy(&s, name[i], f.path);
        ck_assert_int_eq(opens(&s, f.path) == AN_OK, n == 4);
        test_folder_drop(&f);
    }
    tuned_site_end(&s);
}
END_TEST

START_TEST(a_package_is_placed_whole_or_not)
{
    const struct tr_package_how how = {
        .name = AN_STR("a"),
        .version = AN_STR("1"),
        .source = AN_STR("s"),
        .limits = {.max_age_years = 120, .max_unknown_share = 1}};
    struct tuned_site s = {.d = {.root = NULL}};
    char part[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    struct test_folder f, out;
    struct tr_judgement j;
    struct an_err err;

    tuned_site_open(&s, &some);
    test_folder_make(&f);
    test_folder_file(&f, "out", out.path);
    test_folder_file(&f, "out.part", part);
    ck_assert_int_eq(tr_judge(&s.arena, &s.d, &s.fitted, &j, NULL), AN_OK);
    /* What a killed run left is no hindrance. */
    ck_assert_int_eq(mkdir(part, 0755), 0);
    copy(&s, "SIGNATURE", part);
    ck_assert_int_eq(tr_package_place(&s.arena, &s.d, &s.fitted, &j, &how,
                                      out.path, &s.key, &err),
                     AN_OK);
    ck_assert_int_eq(opens(&s, out.path), AN_OK);
    ck_assert_int_ne(access(part, F_OK), 0);
    /* Where something is it is left alone. */
    ck_assert_int_eq(tr_package_place(&s.arena, &s.d, &s.fitted, &j, &how,
                                      out.path, &s.key, &err),
                     AN_CONFLICT);
    ck_assert_int_eq(opens(&s, out.path), AN_OK);
    test_folder_file(&f, "none/out", path);
    ck_assert_int_eq(tr_package_place(&s.arena, &s.d, &s.fitted, &j, &how, path,
                                      &s.key, &err),
                     AN_IO);
    for (int i = 0; i < 4; i++) {
        static const char *const name[] = {"card.md", "manifest.json",
                                           "model.safetensors", "SIGNATURE"};

        test_folder_file(&out, name[i], path);
        unlink(path);
    }
    rmdir(out.path);
    test_folder_drop(&f);
    tuned_site_end(&s);
}
END_TEST

Suite *trainer_plan_suite(void)
{
    Suite *s = suite_create("trainer_plan");
    TCase *c = tcase_create("trainer_plan");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_plan_is_read_with_its_places);
    tcase_add_test(c, a_wrong_plan_says_where);
    tcase_add_test(c, no_plan_says_so);
    tcase_add_test(c, a_plan_comes_back_from_a_manifest);
    tcase_add_test(c, a_site_may_only_narrow);
    tcase_add_test(c, without_memory_a_plan_says_so);
    tcase_add_test(c, a_block_is_brought_back_into_its_bounds);
    tcase_add_test(c, a_block_within_its_bounds_stays);
    tcase_add_test(c, a_package_says_what_its_data_set_was_like);
    tcase_add_test(c, a_write_that_was_killed_does_not_open);
    tcase_add_test(c, a_package_is_placed_whole_or_not);
    suite_add_tcase(s, c);
    return s;
}
