/* SPDX-License-Identifier: Apache-2.0 */
/* The log of what a model was made of: what is read, what is refused, and what
 * is answered. */
#include "base/buf.h"
#include "runtime/lineage.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>

Suite *runtime_lineage_suite(void);

/* The secret of RFC 8032 7.1, test 2, in the frame of RFC 8410. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
/* Test 1 of the same. */
static const char other_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define CODE "{\"leaf\":0,\"kind\":\"code\",\"version\":\"a 1\"}\n"
#define DATA                                                                   \
    "{\"leaf\":1,\"kind\":\"dataset\",\"cohort\":\"0011223344556677\","        \
    "\"form\":\"fhir\",\"inputs\":{\"files\":3,\"records\":9},\"patients\":"   \
    "[7,2,1]}\n"

/* Three texts after another. */
static struct an_str joined(const char *a, const char *b, const char *c)
{
    char text[4096];
    struct an_str copy;

    snprintf(text, sizeof(text), "%s%s%s", a, b, c);
    ck_assert(an_arena_str(&arena, an_str_c(text), &copy));
    return copy;
}

/* A log of code, data and a run whose "after" is right. */
static struct an_str whole(void)
{
    char hex[AN_SHA256_HEX + 1];
    struct rt_lineage l;

    ck_assert_int_eq(rt_lineage_read(&l, &arena, AN_STR(CODE DATA), NULL),
                     AN_OK);
    an_hex_print(l.root.b, sizeof(l.root.b), hex);
    return joined(
        CODE DATA
        "{\"leaf\":2,\"kind\":\"run\",\"after\":{\"size\":2,\"root\":\"",
        hex, "\"},\"dataset\":1}\n");
}

START_TEST(a_log_is_its_lines)
{
    const struct an_str text = whole();
    struct an_sha256 leaf, root;
    struct an_merkle_proof proof;
    struct rt_lineage l;

    ck_assert_int_eq(rt_lineage_read(&l, &arena, text, NULL), AN_OK);
    ck_assert_uint_eq(l.n, 3);
    ck_assert_int_eq(l.leaf[1].kind, RT_LEAF_DATASET);
    ck_assert_uint_eq(rt_leaf_named(&l, l.leaf[2].json, AN_STR("dataset")), 1);
    ck_assert_uint_eq(rt_lineage_last(&l, RT_LEAF_RUN, l.n), 2);
    ck_assert_uint_eq(rt_lineage_last(&l, RT_LEAF_RUN, 2), l.n);
    ck_assert_uint_eq(rt_lineage_last(&l, RT_LEAF_MODEL, l.n), l.n);
    /* Its hashes are of the bytes, and nothing else. */
    ck_assert_int_eq(
        an_merkle_leaf(an_str_sub(text, sizeof(CODE) - 1, sizeof(DATA) - 2),
                       &leaf, NULL),
        AN_OK);
    ck_assert_mem_eq(leaf.b, l.hash[1].b, sizeof(leaf.b));
    ck_assert_int_eq(an_merkle_root_of(l.hash, 3, &root, NULL), AN_OK);
    ck_assert_mem_eq(root.b, l.root.b, sizeof(root.b));
    ck_assert_int_eq(an_merkle_include(l.hash, 3, 1, &proof, NULL), AN_OK);
    ck_assert_int_eq(an_merkle_included(&leaf, 1, 3, &proof, &root, NULL),
                     AN_OK);
}
END_TEST

START_TEST(what_is_no_log_is_refused_with_its_line)
{
    static const struct {
        const char *text;
        enum an_code code;
        uint32_t line;
    } cases[] = {
        {"", AN_SYNTAX, 1},
        {CODE "{\"leaf\":1", AN_SYNTAX, 2},
        {CODE "no json\n", AN_SYNTAX, 2},
        {CODE "\n", AN_SYNTAX, 2},
        {CODE "[1]\n", AN_SYNTAX, 2},
        {CODE "{\"leaf\":1}\n", AN_SYNTAX, 2},
        {CODE "{\"kind\":\"run\"}\n", AN_SYNTAX, 2},
        {CODE "{\"leaf\":\"1\",\"kind\":\"run\"}\n", AN_SYNTAX, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"leaf\":1}\n", AN_SYNTAX, 2},
        {CODE "{\"leaf\":2,\"kind\":\"run\"}\n", AN_INTEGRITY, 2},
        {CODE CODE, AN_INTEGRITY, 2},
        {DATA CODE, AN_INTEGRITY, 1},
        {CODE "{\"leaf\":-1,\"kind\":\"run\"}\n", AN_INTEGRITY, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"after\":{\"size\":1}}\n",
         AN_SYNTAX, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"after\":7}\n", AN_SYNTAX, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"after\":{\"size\":0,\"root\":"
              "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
              "55\"}}\n",
         AN_SYNTAX, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"after\":{\"size\":2,\"root\":"
              "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
              "55\"}}\n",
         AN_SYNTAX, 2},
        {CODE "{\"leaf\":1,\"kind\":\"run\",\"after\":{\"size\":1,\"root\":"
              "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
              "55\"}}\n",
         AN_INTEGRITY, 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rt_lineage l;
        struct an_err err;

        ck_assert_msg(rt_lineage_read(&l, &arena, an_str_c(cases[i].text),
                                      &err) == cases[i].code,
                      "%s", cases[i].text);
        ck_assert_uint_eq(err.where.line, cases[i].line);
    }
}
END_TEST

START_TEST(a_log_that_is_too_long_is_refused)
{
    struct rt_lineage l;
    struct an_buf b;
    struct an_str text;
    struct an_err err;

    an_buf_init(&b, &arena, 1 << 20);
    for (uint64_t i = 0; i <= RT_LINEAGE_LEAVES; i++) {
        an_buf_put_c(&b, "{\"leaf\":");
        an_buf_put_u64(&b, i);
        an_buf_put_c(&b, ",\"kind\":\"x\"}\n");
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    ck_assert_int_eq(rt_lineage_read(&l, &arena, text, &err), AN_LIMIT);
    text.n -= sizeof("{\"leaf\":4096,\"kind\":\"x\"}\n") - 1;
    ck_assert_int_eq(rt_lineage_read(&l, &arena, text, &err), AN_OK);
    ck_assert_uint_eq(l.n, RT_LINEAGE_LEAVES);
    ck_assert_int_eq(l.leaf[7].kind, RT_LEAF_OTHER);
}
END_TEST

/* Every byte of an earlier stage that still makes a log is found. */
START_TEST(a_changed_byte_before_a_stage_is_found_at_it)
{
    const struct an_str text = whole();
    char copy[4096];
    size_t refused = 0;

    for (size_t i = 0; i < sizeof(CODE DATA) - 1; i++) {
        struct rt_lineage l;
        struct an_err err;

        memcpy(copy, text.p, text.n);
        copy[i] ^= 1;
        ck_assert_int_ne(
            rt_lineage_read(&l, &arena, (struct an_str){copy, text.n}, &err),
            AN_OK);
        refused += err.code == AN_INTEGRITY && err.where.line == 3;
    }
    ck_assert_uint_gt(refused, 50); /* the others make no JSON */
}
END_TEST

START_TEST(a_checkpoint_is_of_one_log)
{
    struct an_checkpoint c = {AN_STR("x"), 3, {{0}}};
    struct rt_lineage l, shorter;
    struct an_err err;

    ck_assert_int_eq(rt_lineage_read(&l, &arena, whole(), NULL), AN_OK);
    ck_assert_int_eq(rt_lineage_read(&shorter, &arena, AN_STR(CODE DATA), NULL),
                     AN_OK);
    ck_assert_int_eq(rt_lineage_match(&l, &c, &err), AN_INTEGRITY);
    c.root = l.root;
    ck_assert_int_eq(rt_lineage_match(&l, &c, &err), AN_OK);
    ck_assert_int_eq(rt_lineage_match(&shorter, &c, &err), AN_INTEGRITY);
    ck_assert(strstr(err.what, "fewer leaves"));
    c.size = 2;
    c.root = shorter.root;
    ck_assert_int_eq(rt_lineage_match(&shorter, &c, &err), AN_OK);
    ck_assert_int_eq(rt_lineage_match(&l, &c, &err), AN_INTEGRITY);
    ck_assert(strstr(err.what, "goes on after"));
}
END_TEST

/* ---- packages --------------------------------------------------------------
 */

enum { CARD, NOTE, LOG, MANIFEST, WEIGHTS, N_FILES };

struct packed {
    struct rt_package p;
    struct rt_file file[N_FILES];
};

static void put_digest(char hex[AN_SHA256_HEX + 1], struct an_str bytes)
{
    struct an_sha256 hash;

    ck_assert_int_eq(an_sha256(bytes, &hash, NULL), AN_OK);
    an_hex_print(hash.b, sizeof(hash.b), hex);
}

/* All that rt_lineage_open looks at of a package. */
static void pack(struct packed *k)
{
    char weights[AN_SHA256_HEX + 1], manifest[AN_SHA256_HEX + 1],
        card[AN_SHA256_HEX + 1], model[512];
    struct an_str origin;
    struct rt_lineage l;

    *k = (struct packed){
        .file = {[CARD] = {AN_STR("card.md"), AN_STR("a card")},
                 [NOTE] = {AN_STR(RT_LINEAGE_CHECKPOINT), AN_STR("")},
                 [LOG] = {AN_STR(RT_LINEAGE_LOG), AN_STR("")},
                 [MANIFEST] = {AN_STR("manifest.json"), AN_STR("{}")},
                 [WEIGHTS] = {AN_STR("model.safetensors"), AN_STR("w")}}};
    k->p.manifest.name = AN_STR("the model");
    put_digest(card, k->file[CARD].bytes);
    put_digest(manifest, k->file[MANIFEST].bytes);
    put_digest(weights, k->file[WEIGHTS].bytes);
    snprintf(model, sizeof(model),
             "{\"leaf\":2,\"kind\":\"model\",\"name\":\"m\",\"weights\":\"%s\","
             "\"manifest\":\"%s\",\"card\":\"%s\"}\n",
             weights, manifest, card);
    k->file[LOG].bytes = joined(CODE, DATA, model);
    ck_assert_int_eq(an_key_public(an_str_c(pem), &k->p.key, NULL), AN_OK);
    ck_assert_int_eq(rt_lineage_read(&l, &arena, k->file[LOG].bytes, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_lineage_origin(&arena, k->p.manifest.name, &origin, NULL), AN_OK);
    ck_assert_int_eq(rt_lineage_sign(&arena, &l, origin, an_str_c(pem),
                                     &k->file[NOTE].bytes, NULL),
                     AN_OK);
}

static enum an_code opens(const struct packed *k, struct an_err *err)
{
    struct rt_lineage l;

    return rt_lineage_open(&l, &arena, &k->p, k->file, N_FILES, err);
}

START_TEST(a_package_opens_with_its_own_log)
{
    struct packed k;
    struct an_err err;

    pack(&k);
    ck_assert_int_eq(opens(&k, &err), AN_OK);
    ck_assert(an_str_starts(k.file[NOTE].bytes, AN_STR("the-model\n3\n")));
}
END_TEST

START_TEST(a_package_without_a_log_says_so)
{
    struct packed k;
    struct an_err err;

    pack(&k);
    k.file[LOG].name = AN_STR("lineage/other");
    ck_assert_int_eq(opens(&k, &err), AN_MISSING);
    k.file[NOTE].name = AN_STR("lineage/more");
    ck_assert_int_eq(opens(&k, &err), AN_NOTFOUND);
    k.file[LOG].name = AN_STR(RT_LINEAGE_LOG);
    ck_assert_int_eq(opens(&k, &err), AN_MISSING);
}
END_TEST

START_TEST(a_file_that_the_log_does_not_speak_of_is_refused)
{
    static const int which[] = {CARD, MANIFEST, WEIGHTS};
    struct packed k;
    struct an_err err;

    for (size_t i = 0; i < 3; i++) {
        pack(&k);
        k.file[which[i]].bytes = AN_STR("another");
        ck_assert_int_eq(opens(&k, &err), AN_INTEGRITY);
        ck_assert(an_str_ends(k.file[which[i]].name, an_str_c(err.where.path)));
    }
    /* A log that ends before its model. */
    pack(&k);
    {
        struct rt_lineage l;

        k.file[LOG].bytes = AN_STR(CODE DATA);
        ck_assert_int_eq(rt_lineage_read(&l, &arena, k.file[LOG].bytes, NULL),
                         AN_OK);
        ck_assert_int_eq(rt_lineage_sign(&arena, &l, AN_STR("the-model"),
                                         an_str_c(pem), &k.file[NOTE].bytes,
                                         NULL),
                         AN_OK);
    }
    ck_assert_int_eq(opens(&k, &err), AN_INTEGRITY);
    ck_assert(strstr(err.what, "ends with its model"));
}
END_TEST

START_TEST(a_checkpoint_by_or_of_another_is_refused)
{
    struct an_public_key public;
    struct rt_lineage l;
    struct packed k;
    struct an_err err;

    /* Of another key. */
    pack(&k);
    ck_assert_int_eq(rt_lineage_read(&l, &arena, k.file[LOG].bytes, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_lineage_sign(&arena, &l, AN_STR("the-model"),
                                     an_str_c(other_pem), &k.file[NOTE].bytes,
                                     NULL),
                     AN_OK);
    ck_assert_int_eq(opens(&k, &err), AN_INTEGRITY);
    ck_assert_str_eq(err.where.path, RT_LINEAGE_CHECKPOINT);
    ck_assert_int_eq(an_key_public(an_str_c(other_pem), &public, NULL), AN_OK);
    k.p.key = public;
    ck_assert_int_eq(opens(&k, &err), AN_OK);
    /* Of the same key, and of another model. */
    pack(&k);
    ck_assert_int_eq(rt_lineage_sign(&arena, &l, AN_STR("another"),
                                     an_str_c(pem), &k.file[NOTE].bytes, NULL),
                     AN_OK);
    ck_assert_int_eq(opens(&k, &err), AN_INTEGRITY);
    /* Of this name, and a text that names another. */
    pack(&k);
    {
        const struct an_checkpoint c = {AN_STR("another"), l.n, l.root};
        struct an_note_key key;
        struct an_str text;

        ck_assert_int_eq(
            an_note_key_of(AN_STR("the-model"), &k.p.key, &key, NULL), AN_OK);
        ck_assert_int_eq(an_checkpoint_write(&arena, &c, &text, NULL), AN_OK);
        ck_assert_int_eq(an_note_sign(&arena, text, &key, an_str_c(pem),
                                      &k.file[NOTE].bytes, NULL),
                         AN_OK);
    }
    ck_assert_int_eq(opens(&k, &err), AN_INTEGRITY);
    ck_assert(strstr(err.what, "of another log"));
}
END_TEST

/* ---- asking ----------------------------------------------------------------
 */

#define CAPABILITY                                                             \
    "{\"leaf\":2,\"kind\":\"capability\",\"outcome\":\"stroke\",\"head\":0,"   \
    "\"run\":9,\"supplied\":["                                                 \
    "{\"dataset\":1,\"use\":\"fit\",\"patients\":3,\"questions\":30,"          \
    "\"positives\":2},"                                                        \
    "{\"dataset\":0,\"use\":\"fit\",\"patients\":1,\"questions\":10,"          \
    "\"positives\":1},"                                                        \
    "{\"dataset\":7,\"use\":\"judge\",\"questions\":-4}]}\n"

START_TEST(shares_are_of_the_questions_of_one_use)
{
    struct rt_supply *s;
    struct rt_lineage l;
    size_t n;

    ck_assert_int_eq(
        rt_lineage_read(&l, &arena, AN_STR(CODE DATA CAPABILITY), NULL), AN_OK);
    ck_assert_uint_eq(rt_lineage_capability(&l, AN_STR("stroke")), 2);
    ck_assert_uint_eq(rt_lineage_capability(&l, AN_STR("death")), l.n);
    ck_assert_int_eq(rt_lineage_supplies(&arena, &l, 2, &s, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(s[0].dataset, 1);
    ck_assert_uint_eq(s[0].positives, 2);
    ck_assert(fabs(s[0].share - 0.75) < 1e-12);
    ck_assert(fabs(s[1].share - 0.25) < 1e-12);
    /* Of a leaf that is not there, and of no number. */
    ck_assert_uint_eq(s[2].dataset, l.n);
    ck_assert_uint_eq(s[2].questions, 0);
    ck_assert(s[2].share == 0);
    /* A leaf that says nothing of it. */
    ck_assert_int_eq(rt_lineage_supplies(&arena, &l, 0, &s, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(every_leaf_can_be_said)
{
    static const struct {
        const char *leaf, *said;
    } cases[] = {
        {CODE, "0 code: a 1, program unknown"},
        {"{\"leaf\":0,\"kind\":\"unknown-before\",\"what\":\"fit\"}\n",
         "0 unknown-before: the log begins here; nobody noted the fit"},
        {"{\"leaf\":0,\"kind\":\"dataset\",\"cohort\":\"00112233445566778899\","
         "\"form\":\"fhir\",\"inputs\":{\"files\":3,\"records\":9},"
         "\"patients\":[7,2,1]}\n",
         "0 dataset: 0011223344556677, patients 7 train, 2 tune, 1 test, of 3 "
         "files with 9 records, form fhir"},
        {"{\"leaf\":0,\"kind\":\"dataset\",\"patients\":[7,2,1]}\n",
         "0 dataset: unknown, patients 7 train, 2 tune, 1 test, of files that "
         "nobody noted"},
        {"{\"leaf\":0,\"kind\":\"run\",\"dataset\":0,\"seed\":5,\"threads\":2,"
         "\"blas\":\"Core\",\"configuration_sha256\":\"ab\",\"privacy\":{"
         "\"epsilon\":3.5,\"delta\":0.00001}}\n",
         "0 run: of data set 0, seed 5, threads 2, OpenBLAS Core, "
         "configuration "
         "ab, private: epsilon 3.5 at delta 0.00001"},
        {"{\"leaf\":0,\"kind\":\"checkpoint\",\"run\":4,\"weights\":\"cd\"}\n",
         "0 checkpoint: of run unknown, weights cd"},
        {"{\"leaf\":0,\"kind\":\"evaluation\",\"dataset\":0,\"patients\":9,"
         "\"passed\":true}\n",
         "0 evaluation: on data set 0, 9 patients, passed"},
        {"{\"leaf\":0,\"kind\":\"capability\",\"outcome\":\"x\",\"evaluation\":"
         "0,\"supplied\":[{\"dataset\":0,\"use\":\"fit\",\"questions\":5,"
         "\"positives\":1}]}\n",
         "0 capability: x, run unknown, evaluation 0; data set 0 to fit: 5 "
         "questions, 1 positive"},
        {"{\"leaf\":0,\"kind\":\"model\",\"name\":\"a\\u001b[31m\\n\","
         "\"version\":\"2\",\"weights\":\"cd\",\"manifest\":\"ef\"}\n",
         "0 model: a?[31m? 2, weights cd, manifest ef"},
        {"{\"leaf\":0,\"kind\":\"deploy\"}\n", "0 deploy: of a later program"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rt_lineage l;
        struct an_str text;

        ck_assert_int_eq(
            rt_lineage_read(&l, &arena, an_str_c(cases[i].leaf), NULL), AN_OK);
        ck_assert_int_eq(rt_leaf_say(&arena, &l, 0, &text, NULL), AN_OK);
        ck_assert_an_str_eq(text, cases[i].said);
    }
}
END_TEST

START_TEST(names_of_models_become_names_of_keys)
{
    static const char *const cases[][2] = {{"ours", "ours"},
                                           {"", "-"},
                                           {"a b+c\n", "a-b-c-"},
                                           {"caf\xc3\xa9", "caf--"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str origin;

        ck_assert_int_eq(
            rt_lineage_origin(&arena, an_str_c(cases[i][0]), &origin, NULL),
            AN_OK);
        ck_assert_an_str_eq(origin, cases[i][1]);
    }
}
END_TEST

START_TEST(without_memory_it_says_so)
{
    struct packed k;
    struct an_err err;
    enum an_code code = AN_NOMEM;
    long n = 0;

    pack(&k);
    for (; code != AN_OK; n++) {
        arena.fail_after = n;
        code = opens(&k, &err);
        ck_assert_msg(code == AN_OK || code == AN_NOMEM, "%s", err.what);
        arena.fail_after = -1;
        ck_assert_int_lt(n, 200);
    }
    ck_assert_int_gt(n, 5);
}
END_TEST

Suite *runtime_lineage_suite(void)
{
    const TTest *const list[] = {
        a_log_is_its_lines,
        what_is_no_log_is_refused_with_its_line,
        a_log_that_is_too_long_is_refused,
        a_changed_byte_before_a_stage_is_found_at_it,
        a_checkpoint_is_of_one_log,
        a_package_opens_with_its_own_log,
        a_package_without_a_log_says_so,
        a_file_that_the_log_does_not_speak_of_is_refused,
        a_checkpoint_by_or_of_another_is_refused,
        shares_are_of_the_questions_of_one_use,
        every_leaf_can_be_said,
        names_of_models_become_names_of_keys,
        without_memory_it_says_so,
    };

    return test_suite_around("runtime/lineage", list,
                             sizeof(list) / sizeof(list[0]), set_up, tear_down);
}
