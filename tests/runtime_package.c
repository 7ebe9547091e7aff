/* SPDX-License-Identifier: Apache-2.0 */
/* Packages: what is signed is read, and nothing else is. */
#include "config.h"
#include "runtime/forward.h"
#include "runtime/package.h"
#include "runtime/safetensors.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>

Suite *runtime_package_suite(void);

/* A key for tests only: the secret of RFC 8032 7.1, test 2; and another. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
static const char other_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb8\n"
    "-----END PRIVATE KEY-----\n";

enum { CARD, MANIFEST, WEIGHTS, LIST, N_FILES };

struct scene {
    struct an_arena arena;
    struct rt_model m;
    float *block;
    struct rt_file file[N_FILES + 1];
    struct an_public_key key;
};

static struct an_str manifest_text(struct an_arena *arena,
                                   const struct rt_shape *s)
{
    static const double mean[9] = {0.5},
                        factor[45] = {
                            [0] = 1,  [2] = 1,  [5] = 1,  [9] = 1, [14] = 1,
                            [20] = 1, [27] = 1, [35] = 1, [44] = 1};
    static const double from[2] = {0, 1}, to[2] = {0, 0.875};
    const struct rt_horizon horizon[2] = {
        {30, {RT_CALIBRATION_LOGISTIC, -0.25, 1.5, NULL, NULL, 0, 0.5}},
        {365, {RT_CALIBRATION_KNOTS, 0, 0, from, to, 2, 0}}};
    const struct rt_outcome outcome[3] = {{AN_STR("readmission"), horizon, 2},
                                          {AN_STR("stroke"), NULL, 0},
                                          {AN_STR("death"), NULL, 0}};
    const struct rt_manifest m = {.name = AN_STR("test"),
                                  .version = AN_STR("1.2"),
                                  .demonstrator = true,
                                  .shape = *s,
                                  .outcome = outcome,
                                  .limits = {3, 0.25, 18, 110, 4.5},
                                  .population = {9, mean, factor}};
    struct an_json_out w;
    struct an_str text;

    an_out_init(&w, arena, 1 << 20);
    an_out_object(&w);
    rt_manifest_write(&w, &m);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    return text;
}

static void sign(struct scene *s, const char *key)
{
    ck_assert_int_eq(rt_package_sign(&s->arena, s->file, LIST, an_str_c(key),
                                     &s->file[LIST].bytes, NULL),
                     AN_OK);
}

static void scene_init(struct scene *s)
{
    struct rt_shape shape = test_shape();
    struct test_random r = {1};

    an_arena_init(&s->arena, 256 << 20);
    s->block = test_model(&s->m, &s->arena, &shape, &r);
    s->file[CARD] = (struct rt_file){AN_STR("card.md"), AN_STR("# Test\n")};
    s->file[MANIFEST] = (struct rt_file){AN_STR("manifest.json"),
                                         manifest_text(&s->arena, &shape)};
    s->file[WEIGHTS].name = AN_STR("model.safetensors");
    ck_assert_int_eq(rt_safetensors_write(&s->arena, &shape, s->block,
                                          &s->file[WEIGHTS].bytes, NULL),
                     AN_OK);
    s->file[LIST].name = AN_STR("SIGNATURE");
    ck_assert_int_eq(an_key_public(an_str_c(pem), &s->key, NULL), AN_OK);
    sign(s, pem);
}

static enum an_code open_it(struct scene *s, struct rt_package *p,
                            size_t n_files, struct an_err *err)
{
    return rt_package_open(p, &s->arena, s->file, n_files, &s->key, 1, err);
}

START_TEST(what_was_signed_is_read)
{
    struct scene s;
    struct rt_package p;
    struct rt_calibration c;

    scene_init(&s);
    ck_assert_int_eq(open_it(&s, &p, N_FILES, NULL), AN_OK);
    ck_assert_an_str_eq(p.id.name, "test");
    ck_assert_an_str_eq(p.id.version, "1.2");
    ck_assert(p.id.demonstrator);
    ck_assert_uint_eq(p.id.digest.n, 64);
    ck_assert(an_str_starts(p.id.arithmetic,
                            AN_STR(PACKAGE_NAME " " PACKAGE_VERSION ";")));
    ck_assert_an_str_eq(p.card, "# Test\n");
    ck_assert_int_eq(p.model.shape.death, 2);
    ck_assert_double_eq((double)p.model.shape.bin_edge_days[5], 365);
    ck_assert_uint_eq(p.manifest.limits.min_positions, 3);
    ck_assert_double_eq(p.manifest.limits.max_unknown_share, 0.25);
    ck_assert_double_eq(p.manifest.limits.max_distance, 4.5);
    ck_assert_uint_eq(p.manifest.population.n, 9);
    ck_assert_double_eq(p.manifest.population.mean[0], 0.5);
    ck_assert_double_eq(p.manifest.population.factor[44], 1);
    c = rt_manifest_calibration(&p.manifest, 0, 30);
    ck_assert_double_eq(c.spread, 0.5);
    ck_assert_int_eq(c.kind, RT_CALIBRATION_LOGISTIC);
    ck_assert_double_eq(c.slope, 1.5);
    c = rt_manifest_calibration(&p.manifest, 0, 365);
    ck_assert_double_eq(rt_calibrate(&c, 0.5), 0.4375);
    c = rt_manifest_calibration(&p.manifest, 2, 30);
    ck_assert_int_eq(c.kind, RT_CALIBRATION_NONE);
    ck_assert_mem_eq(p.model.w.embed, s.m.w.embed, 30 * 24 * sizeof(float));
    ck_assert_mem_eq(p.model.w.wide, s.m.w.wide, 3 * 9 * sizeof(float));
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(one_flipped_bit_anywhere_is_refused)
{
    struct scene s;
    struct rt_package p;
    struct an_err err;

    scene_init(&s);
    for (int f = 0; f < N_FILES; f++) {
        const struct an_str kept = s.file[f].bytes;
        const size_t step = f == WEIGHTS ? 1009 : 1;
        char *copy = an_arena_get(&s.arena, kept.n, 1);
        const struct an_mark mark = an_arena_mark(&s.arena);

        memcpy(copy, kept.p, kept.n);
        s.file[f].bytes.p = copy;
        for (size_t i = 0; i < kept.n; i += step)
            for (int bit = 0; bit < 8; bit += f == LIST ? 1 : 3) {
                copy[i] = (char)(copy[i] ^ (1 << bit));
                ck_assert_msg(open_it(&s, &p, N_FILES, &err) != AN_OK,
                              "bit %d of byte %zu of file %d", bit, i, f);
                copy[i] = (char)(copy[i] ^ (1 << bit));
                an_arena_rewind(&s.arena, mark);
            }
        s.file[f].bytes.n--;
        ck_assert_int_ne(open_it(&s, &p, N_FILES, &err), AN_OK);
        s.file[f].bytes = kept;
    }
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), AN_OK);
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(files_that_are_too_many_or_too_few_are_refused)
{
    struct scene s;
    struct rt_package p;
    struct an_err err;
    struct rt_file kept;

    scene_init(&s);
    s.file[N_FILES] = (struct rt_file){AN_STR("more.txt"), AN_STR("more")};
    ck_assert_int_eq(open_it(&s, &p, N_FILES + 1, &err), AN_INTEGRITY);
    kept = s.file[WEIGHTS];
    s.file[WEIGHTS] = s.file[N_FILES];
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), AN_MISSING);
    ck_assert_str_eq(err.where.path, "model.safetensors");
    s.file[WEIGHTS] = kept;
    ck_assert_int_eq(open_it(&s, &p, LIST, &err), AN_MISSING);
    s.file[CARD].name = AN_STR("carp.md");
    sign(&s, pem);
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), AN_MISSING);
    ck_assert_str_eq(err.where.path, "card.md");
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(a_key_that_is_not_trusted_is_refused)
{
    struct scene s;
    struct rt_package p;
    struct an_err err;

    scene_init(&s);
    sign(&s, other_pem);
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), AN_INTEGRITY);
    sign(&s, pem);
    ck_assert_int_eq(
        rt_package_open(&p, &s.arena, s.file, N_FILES, NULL, 0, &err),
        AN_INTEGRITY);
    an_arena_free(&s.arena);
}
END_TEST

/* Signed, and still no model: one text of a file replaced by another. */
static const struct {
    int file;
    const char *from, *to;
    enum an_code code;
} spoilt[] = {
    {MANIFEST, "\"format\":1", "\"format\":2", AN_UNSUPPORTED},
    {MANIFEST, "\"version\":", "\"revision\":", AN_CONFIG},
    {MANIFEST, "\"channels\":24", "\"channels\":25", AN_CONFIG},
    {MANIFEST, "\"channels\":24", "\"channels\":48", AN_TYPE},
    {MANIFEST, "\"vocab\":30", "\"vocab\":31", AN_TYPE},
    {MANIFEST, "\"layers\":2", "\"layers\":2.5", AN_CONFIG},
    {MANIFEST, "\"death\":2", "\"death\":3", AN_CONFIG},
    {MANIFEST, "\"stroke\"", "\"\"", AN_CONFIG},
    {MANIFEST, "\"logistic\"", "\"magic\"", AN_CONFIG},
    {MANIFEST, "\"slope\":1.5", "\"slope\":-1.5", AN_CONFIG},
    {MANIFEST, "0.875", "1.875", AN_CONFIG},
    {MANIFEST, "\"horizon_days\":30", "\"horizon_days\":0", AN_CONFIG},
    {MANIFEST, "\"min_positions\":3", "\"min_positions\":-3", AN_CONFIG},
    {MANIFEST, "\"max_distance\":4", "\"max_distance\":-4", AN_CONFIG},
    {MANIFEST, "\"max_distance\":", "\"max_stance\":", AN_CONFIG},
    {MANIFEST, "\"population\":", "\"people\":", AN_CONFIG},
    {MANIFEST, "\"mean\":[", "\"mean\":[1,", AN_CONFIG},
    {MANIFEST, "\"mean\":[0.5", "\"mean\":[NaN", AN_SYNTAX},
    {MANIFEST, "\"factor\":[1.000000000,", "\"factor\":[", AN_CONFIG},
    {MANIFEST, "\"factor\":[1", "\"factor\":[-1", AN_CONFIG},
    {MANIFEST, "}", "", AN_SYNTAX},
    {WEIGHTS, "\"F32\"", "\"F16\"", AN_TYPE},
    {WEIGHTS, "\"qkv\"", "\"qqq\"", AN_TYPE},
    {WEIGHTS, "[30,24]", "[24,30]", AN_TYPE},
    {WEIGHTS, "\"data_offsets\":[0", "\"data_offsets\":[4", AN_TYPE},
};

static struct an_str replaced(struct an_arena *arena, struct an_str s,
                              const char *from, const char *to)
{
    const size_t n_from = strlen(from), n_to = strlen(to);
    char *p = an_arena_get(arena, s.n + n_to + 1, 1);
    size_t i = 0;

    while (i + n_from <= s.n && memcmp(s.p + i, from, n_from) != 0)
        i++;
    ck_assert_msg(i + n_from <= s.n, "there is no %s", from);
    memcpy(p, s.p, i);
    memcpy(p + i, to, n_to);
    memcpy(p + i + n_to, s.p + i + n_from, s.n - i - n_from);
    return (struct an_str){p, s.n - n_from + n_to};
}

START_TEST(a_signed_package_that_is_no_model_is_refused)
{
    struct scene s;
    struct rt_package p;
    struct an_err err;
    struct an_str *bytes;

    scene_init(&s);
    bytes = &s.file[spoilt[_i].file].bytes;
    *bytes = replaced(&s.arena, *bytes, spoilt[_i].from, spoilt[_i].to);
    sign(&s, pem);
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), spoilt[_i].code);
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(a_weight_that_is_not_finite_is_refused)
{
    struct scene s;
    struct rt_package p;
    struct an_err err;

    scene_init(&s);
    s.block[30 * 24 + 5] = INFINITY; /* in `flag` */
    ck_assert_int_eq(rt_safetensors_write(&s.arena, &s.m.shape, s.block,
                                          &s.file[WEIGHTS].bytes, NULL),
                     AN_OK);
    sign(&s, pem);
    ck_assert_int_eq(open_it(&s, &p, N_FILES, &err), AN_TYPE);
    ck_assert_str_eq(err.where.path, "flag");
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct scene s;
    struct rt_package p;
    enum an_code got = AN_NOMEM;
    long n = 0;

    scene_init(&s);
    for (; got == AN_NOMEM && n < 1000; n++) {
        const struct an_mark mark = an_arena_mark(&s.arena);

        s.arena.fail_after = n;
        got = open_it(&s, &p, N_FILES, NULL);
        an_arena_rewind(&s.arena, mark);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 5);
    an_arena_free(&s.arena);
}
END_TEST

Suite *runtime_package_suite(void)
{
    const TTest *const test[] = {what_was_signed_is_read,
                                 one_flipped_bit_anywhere_is_refused,
                                 files_that_are_too_many_or_too_few_are_refused,
                                 a_key_that_is_not_trusted_is_refused,
                                 a_weight_that_is_not_finite_is_refused,
                                 survives_each_failed_allocation};
    Suite *s = TEST_SUITE("runtime/package", test);
    TCase *tc = tcase_create("spoilt");

    tcase_add_loop_test(tc, a_signed_package_that_is_no_model_is_refused, 0,
                        (int)(sizeof(spoilt) / sizeof(*spoilt)));
    suite_add_tcase(s, tc);
    return s;
}
