/* SPDX-License-Identifier: Apache-2.0 */
/* Delphi-2M's architecture is a setting of ours: what torch computes for it must
 * come out the same here.  tests/golden/delphi-small was made by
 * tools/delphi-numbers.py; $ANAMNESIS_DATA/delphi/fixture with its authors' code. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/parity/parity.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_delphi_suite(void);

static struct an_arena arena;
static struct test_folder copy;
static struct tr_parity parity;
static struct an_err err;

static const char *path_of(const char *name)
{
    static char path[TEST_PATH_BYTES];

    test_folder_file(&copy, name, path);
    return path;
}

static char *load(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *p;

    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    p = calloc(1, *n + 1);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(fread(p, 1, *n, f), *n);
    fclose(f);
    return p;
}

static void store(const char *name, const char *p, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static void small_path(char path[TEST_PATH_BYTES], const char *name)
{
    const char *top = getenv("top_srcdir");

    snprintf(path, TEST_PATH_BYTES, "%s/tests/golden/delphi-small%s%s",
             top ? top : ".", name[0] ? "/" : "", name);
}

/* A copy of the small folder, in which something may be changed. */
static void set_up(void)
{
    char path[TEST_PATH_BYTES];
    const struct dirent *e;
    DIR *d;

    an_arena_init(&arena, (size_t)1 << 30);
    test_folder_make(&copy);
    small_path(path, "");
    d = opendir(path);
    ck_assert_msg(d != NULL, "cannot open %s", path);
    while ((e = readdir(d)) != NULL) {
        size_t n;
        char *p;

        if (e->d_name[0] == '.')
            continue;
        small_path(path, e->d_name);
        p = load(path, &n);
        store(e->d_name, p, n);
        free(p);
    }
    closedir(d);
}

static void tear_down(void)
{
    test_folder_drop(&copy);
    an_arena_free(&arena);
}

static enum an_code compare(void)
{
    err = (struct an_err){.code = AN_OK};
    return tr_parity(&arena, copy.path, &parity, &err);
}

static void check(const char *folder, int32_t layers)
{
    ck_assert_int_eq(tr_parity(&arena, folder, &parity, &err), AN_OK);
    ck_assert_int_eq(parity.shape.layers, layers);
    ck_assert_uint_eq(parity.n, (size_t)layers + 13);
    ck_assert_int_gt(parity.scores, 0);
    for (size_t i = 0; i < parity.n; i++)
        ck_assert_msg(parity.row[i].difference <= parity.row[i].bound,
                      "%s %d: %g", parity.row[i].what, parity.row[i].layer,
                      parity.row[i].difference);
    ck_assert_uint_eq(tr_parity_n_beyond(&parity), 0);
}

START_TEST(what_torch_computes_is_reproduced)
{
    check(copy.path, 2);
}
END_TEST

START_TEST(what_delphi_computes_is_reproduced)
{
    const char *data = getenv("ANAMNESIS_DATA");
    char path[TEST_PATH_BYTES];

    if (data == NULL || data[0] == '\0') {
        fputs("# SKIP Delphi's numbers: ANAMNESIS_DATA is not set\n", stderr);
        return;
    }
    snprintf(path, sizeof(path), "%s/delphi/fixture", data);
    check(path, 4);
}
END_TEST

static double difference(const char *what, int32_t layer)
{
    for (size_t i = 0; i < parity.n; i++)
        if (strcmp(parity.row[i].what, what) == 0 &&
            parity.row[i].layer == layer)
            return parity.row[i].difference;
    ck_abort_msg("no row %s %d", what, layer);
    return 0;
}

/* Number `at` of a file, from its end. */
static void change(const char *name, size_t at, float by)
{
    size_t n;
    char *p = load(path_of(name), &n);
    float x;

    memcpy(&x, p + n - 4 * at, sizeof(x));
    x += by;
    memcpy(p + n - 4 * at, &x, sizeof(x));
    store(name, p, n);
    free(p);
}

START_TEST(a_number_that_is_another_shows_where)
{
    static const struct {
        const char *file, *what;
        int32_t layer;
    } each[] = {{"emb.f32", "embedding", 0},
                {"acts_train.f32", "after block", 2},
                {"att_infer_l0.f32", "attention of block", 1},
                {"logits_train.f32", "logits, ties masked", 0},
                {"logits_infer.f32", "logits", 0},
                {"p0_logits.f32", "logits of one alone", 0},
                {"p0_logits.f32", "the same, by the runtime", 0},
                {"grads.f32", "gradient", 0},
                {"weights_after_adamw.f32", "one step of AdamW", 0}};

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        change(each[i].file, 1, 10);
        ck_assert_int_eq(compare(), AN_OK);
        ck_assert_double_gt(difference(each[i].what, each[i].layer), 1e-3);
        ck_assert_uint_ge(tr_parity_n_beyond(&parity), 1);
        change(each[i].file, 1, -10);
    }
    change("logits_infer.f32", 2, NAN);
    ck_assert_int_eq(compare(), AN_OK);
    ck_assert(isinf(difference("logits", 0)));
    ck_assert_uint_eq(tr_parity_n_beyond(&parity), 1);
}
END_TEST

/* The first `from` in the manifest. */
static void manifest(const char *from, const char *to)
{
    size_t n, at;
    char *p = load(path_of("manifest.json"), &n), *found = strstr(p, from);
    char *out = calloc(1, n + strlen(to) + 1);

    ck_assert_msg(found && out, "no %s", from);
    at = (size_t)(found - p);
    memcpy(out, p, at);
    strcpy(out + at, to);
    strcat(out + at, found + strlen(from));
    store("manifest.json", out, strlen(out));
    free(p);
    free(out);
}

START_TEST(a_loss_that_is_another_shows)
{
    manifest("\"loss_ce\": ", "\"loss_ce\": 1");
    ck_assert_int_eq(compare(), AN_OK);
    ck_assert_double_gt(difference("loss of events", 0), 1e-3);
    ck_assert_double_lt(difference("loss of times", 0), 1e-5);
    ck_assert_double_lt(difference("validation loss of events", 0), 1e-5);
}
END_TEST

START_TEST(a_manifest_that_lacks_something_says_what)
{
    static const struct {
        const char *from, *to, *path;
        enum an_code code;
    } each[] = {
        {"\"vocab_size\"", "\"voc\"", "args.vocab_size", AN_CONFIG},
        {"\"n_layer\": 2", "\"n_layer\": 0", "args.n_layer", AN_CONFIG},
        {"\"lr\"", "\"rate\"", "adamw.lr", AN_CONFIG},
        {"\"betas\"", "\"beta\"", "adamw.betas", AN_CONFIG},
        {"\"mask_ties\": true", "\"mask_ties\": 1", "args.mask_ties",
         AN_CONFIG},
        {"\"bias\": false", "\"bias\": true", "args.bias", AN_UNSUPPORTED},
        {"\"token_dropout\": 0.0", "\"token_dropout\": 0.1",
         "args.token_dropout", AN_UNSUPPORTED},
        {"transformer.h.1.ln_2.weight", "transformer.h.2.ln_2.weight", "order",
         AN_CONFIG},
    };

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        size_t n;
        char *kept = load(path_of("manifest.json"), &n);

        manifest(each[i].from, each[i].to);
        if (strstr(each[i].path, "order")) /* of the shapes, too */
            manifest("\"transformer.h.1.ln_2.weight\": {",
                     "\"transformer.h.2.ln_2.weight\": {");
        ck_assert_int_eq(compare(), each[i].code);
        ck_assert_str_eq(err.where.path, each[i].path);
        store("manifest.json", kept, n);
        free(kept);
    }
    ck_assert_int_eq(compare(), AN_OK);
}
END_TEST

START_TEST(a_file_that_is_cut_or_gone_is_named)
{
    size_t n;
    char *p = load(path_of("grads.f32"), &n);

    store("grads.f32", p, n - 4);
    ck_assert_int_eq(compare(), AN_CONFIG);
    ck_assert_str_eq(err.where.path, "grads.f32");
    store("grads.f32", p, n);
    free(p);
    ck_assert_int_eq(remove(path_of("tage.f32")), 0);
    ck_assert_int_eq(compare(), AN_NOTFOUND);
    ck_assert_str_eq(err.where.path, "tage.f32");
}
END_TEST

START_TEST(a_patient_that_cannot_be_is_refused)
{
    const int32_t beyond = 24;
    size_t n;
    char *p = load(path_of("x.i32"), &n);

    memcpy(p + n - 4, &beyond, sizeof(beyond));
    store("x.i32", p, n);
    ck_assert_int_eq(compare(), AN_CONFIG);
    ck_assert_str_eq(err.what, "a token that there is not");
    memset(p, 0, n);
    store("x.i32", p, n);
    ck_assert_int_eq(compare(), AN_CONFIG);
    ck_assert_str_eq(err.what, "a sequence of nothing but padding");
    free(p);
}
END_TEST

START_TEST(ages_that_fall_are_refused)
{
    change("age.f32", 1, -5000.0F);
    ck_assert_int_eq(compare(), AN_CONFIG);
    ck_assert_str_eq(err.what, "an age before the last one");
}
END_TEST

Suite *trainer_delphi_suite(void)
{
    const TTest *const test[] = {what_torch_computes_is_reproduced,
                                 what_delphi_computes_is_reproduced,
                                 a_number_that_is_another_shows_where,
                                 a_loss_that_is_another_shows,
                                 a_manifest_that_lacks_something_says_what,
                                 a_file_that_is_cut_or_gone_is_named,
                                 a_patient_that_cannot_be_is_refused,
                                 ages_that_fall_are_refused};

    return test_suite_around("trainer/delphi", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
