/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "config/yaml.h"
#include "tests/suite.h"

#include <string.h>

Suite *config_yaml_suite(void);

static struct an_arena arena;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
}

START_TEST(keeps_order_text_and_place)
{
    static const char text[] = "# a comment\n"
                               "name: \"quoted: text\"\n"
                               "list:\n"
                               "  - one\n"
                               "  - {a: 1, b: [2, 3]}\n"
                               "empty:\n";
    struct cfg_yaml yaml;
    const struct cfg_node *n;

    setup();
    ck_assert_int_eq(cfg_yaml_read(&arena, an_str_c(text), "t", &yaml, NULL),
                     AN_OK);
    ck_assert_int_eq(yaml.root->kind, CFG_MAP);
    ck_assert_uint_eq(yaml.root->n_children, 3);
    n = cfg_node_get(yaml.root, AN_STR("name"));
    ck_assert_an_str_eq(n->text, "quoted: text");
    ck_assert(!n->is_plain);
    ck_assert_uint_eq(n->key_line, 2);
    ck_assert_uint_eq(n->key_column, 1);
    ck_assert_uint_eq(n->line, 2);
    ck_assert_uint_eq(n->column, 7);
    n = cfg_node_get(yaml.root, AN_STR("list"));
    ck_assert_int_eq(n->kind, CFG_LIST);
    ck_assert_an_str_eq(n->first->text, "one");
    n = cfg_node_get(n->first->next, AN_STR("b"));
    ck_assert_uint_eq(n->line, 5);
    ck_assert_uint_eq(n->column, 15);
    ck_assert_an_str_eq(n->first->next->text, "3");
    ck_assert_ptr_null(n->first->next->next);
    ck_assert(cfg_node_is_null(cfg_node_get(yaml.root, AN_STR("empty"))));
    ck_assert_ptr_null(cfg_node_get(yaml.root, AN_STR("nam")));
    ck_assert_ptr_null(cfg_node_get(NULL, AN_STR("name")));
    ck_assert_ptr_null(cfg_node_get(n, AN_STR("name")));
    teardown();
}
END_TEST

START_TEST(takes_an_empty_document)
{
    static const char *const cases[] = {"", "\n\n", "# nothing\n", "---\n...\n",
                                        "\xEF\xBB\xBF"};

    setup();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg_yaml yaml;
        struct an_err err = {.code = AN_OK};

        ck_assert_int_eq(
            cfg_yaml_read(&arena, an_str_c(cases[i]), "t", &yaml, &err), AN_OK);
        ck_assert(yaml.root == NULL || cfg_node_is_null(yaml.root));
    }
    teardown();
}
END_TEST

START_TEST(refuses_with_the_place)
{
    static const struct {
        const char *text;
        enum an_code code;
        uint32_t line, column;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", AN_CONFLICT, 3, 1},
        {"a: {b: 1, c: 2, b: 3}\n", AN_CONFLICT, 1, 17},
        {"a: &x 1\nb: *x\n", AN_UNSUPPORTED, 1, 4},
        {"a: 1\nb: *x\n", AN_UNSUPPORTED, 2, 4},
        {"a: !!python/object 1\n", AN_UNSUPPORTED, 1, 4},
        {"a: !x [1]\n", AN_UNSUPPORTED, 1, 4},
        {"a: &x {b: 1}\n", AN_UNSUPPORTED, 1, 4},
        {"[1, 2]: 3\n", AN_UNSUPPORTED, 1, 1},
        {"a: 1\n---\nb: 2\n", AN_UNSUPPORTED, 2, 1},
        {"a: 1\n\tb: 2\n", AN_SYNTAX, 2, 1},
        {"a: [1, 2\nb: 3\n", AN_SYNTAX, 2, 2},
        {"a: \"x\n", AN_SYNTAX, 2, 1},
        {"a: 1\n b: 2\n", AN_SYNTAX, 2, 3},
        {"a: \"\\0\"\n", AN_SYNTAX, 1, 4},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", AN_LIMIT, 1, 17},
    };

    setup();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg_yaml yaml;
        struct an_err err = {.code = AN_OK};
        enum an_code code =
            cfg_yaml_read(&arena, an_str_c(cases[i].text), "t", &yaml, &err);

        ck_assert_msg(code == cases[i].code &&
                          err.where.line == cases[i].line &&
                          err.where.column == cases[i].column,
                      "case %zu: code %d at %u:%u: %s", i, (int)code,
                      err.where.line, err.where.column, err.what);
        ck_assert_ptr_null(yaml.root);
        ck_assert_str_eq(err.where.path, "t");
    }
    teardown();
}
END_TEST

START_TEST(refuses_what_is_not_utf_8)
{
    static const char *const cases[] = {"a: \xFF\n", "a: \xC3(\n", "\xFF\xFE:"};

    setup();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg_yaml yaml;

        ck_assert_int_eq(
            cfg_yaml_read(&arena, an_str_c(cases[i]), "t", &yaml, NULL),
            AN_SYNTAX);
    }
    teardown();
}
END_TEST

/* A map of many keys costs time in proportion, and finds the last double. */
START_TEST(finds_a_double_among_many_keys)
{
    struct cfg_yaml yaml;
    struct an_err err;
    struct an_buf b;
    struct an_str text;

    setup();
    an_buf_init(&b, &arena, 1 << 20);
    for (uint64_t i = 0; i < 20000; i++) {
        an_buf_put_char(&b, 'k');
        an_buf_put_u64(&b, i);
        an_buf_put(&b, AN_STR(": 1\n"));
    }
    an_buf_put(&b, AN_STR("k17: 2\n"));
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    ck_assert_int_eq(cfg_yaml_read(&arena, text, "t", &yaml, &err),
                     AN_CONFLICT);
    ck_assert_uint_eq(err.where.line, 20001);
    teardown();
}
END_TEST

START_TEST(stops_at_its_limits)
{
    size_t n = (size_t)CFG_YAML_BYTES + 1;
    struct cfg_yaml yaml;
    struct an_err err;
    char *text;

    setup();
    text = an_arena_get(&arena, n, 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '\n', n);
    ck_assert_int_eq(
        cfg_yaml_read(&arena, (struct an_str){text, n}, "t", &yaml, &err),
        AN_LIMIT);
    n = (size_t)CFG_YAML_NODES * 4 + 40;
    for (size_t i = 0; i < n; i += 4)
        memcpy(text + i, "- 1\n", 4);
    ck_assert_int_eq(
        cfg_yaml_read(&arena, (struct an_str){text, n}, "t", &yaml, &err),
        AN_LIMIT);
    ck_assert_uint_eq(err.where.line, CFG_YAML_NODES);
    teardown();
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_str text = AN_STR("a: [1, {b: 2}]\nc: d\n");
    struct cfg_yaml yaml;
    struct an_err err;
    enum an_code code = AN_NOMEM;
    long n = 0;

    setup();
    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = cfg_yaml_read(&arena, text, "t", &yaml, &err);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 10);
    teardown();
}
END_TEST

Suite *config_yaml_suite(void)
{
    const TTest *const test[] = {
        keeps_order_text_and_place,     takes_an_empty_document,
        refuses_with_the_place,         refuses_what_is_not_utf_8,
        finds_a_double_among_many_keys, stops_at_its_limits,
        survives_each_failed_allocation};

    return TEST_SUITE("config/yaml", test);
}
