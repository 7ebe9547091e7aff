/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in text files: what is read, and where what is wrong is. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/dataset/csv.h"
#include "trainer/file.h"

#include <stdio.h>

Suite *trainer_csv_suite(void);

enum { TEXT_BYTES = 256 };

static struct test_folder folder;
static struct an_arena arena;

static void set_up(void)
{
    test_folder_make(&folder);
    an_arena_init(&arena, (size_t)64 << 20);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    an_arena_free(&arena);
}

/* All fields of all rows, "a|b;c|d;". */
static enum an_code read_all(struct an_str in, char *text, size_t size,
                             struct an_err *err)
{
    struct tr_csv t;
    bool any = true;
    size_t n = 0;
    enum an_code code = tr_csv_read(&t, &arena, in, "t.csv", err);

    text[0] = '\0';
    while (code == AN_OK && any) {
        code = tr_csv_next(&t, &any, err);
        for (size_t i = 0; code == AN_OK && any && i < t.n_columns; i++)
            n += (size_t)snprintf(text + n, size - n, "%.*s%c",
                                  AN_STR_ARG(t.field[i].text),
                                  i + 1 < t.n_columns ? '|' : ';');
    }
    tr_csv_close(&t);
    return code;
}

START_TEST(reads_fields_with_and_without_quotes_and_both_line_ends)
{
    static const struct {
        const char *in, *rows;
    } c[] = {
        {"a,b\n1,2\n3,4\n", "1|2;3|4;"},
        {"a,b\r\n1,2\r\n3,4", "1|2;3|4;"},
        {"a,b", ""},
        {"a,b\n,\n", "|;"},
        {"a\n\n\"\"\n", ";;"},
        {"\xEF\xBB\xBF"
         "a,b\n1,2",
         "1|2;"},
        {"\"a\",b\n\"x, y\",\"say \"\"so\"\"\"\n", "x, y|say \"so\";"},
        {"a,b\n\"two\r\nlines\",2\n3,4\n", "two\r\nlines|2;3|4;"},
        {"a,b\n\"\"\"\"\"\",\n", "\"\"|;"},
        {"a,b\n x ,\t\n", " x |\t;"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char rows[TEXT_BYTES];

        ck_assert_int_eq(read_all(an_str_c(c[i].in), rows, sizeof(rows), NULL),
                         AN_OK);
        ck_assert_str_eq(rows, c[i].rows);
    }
}
END_TEST

START_TEST(says_where_a_table_is_wrong)
{
    static const struct {
        struct an_str in;
        enum an_code code;
        const char *says;
    } c[] = {
        {AN_STR_INIT(""), AN_SYNTAX,
         "t.csv:1: a table without a line that names its columns"},
        {AN_STR_INIT("\xEF\xBB\xBF"), AN_SYNTAX,
         "t.csv:1: a table without a line that names its columns"},
        {AN_STR_INIT("a,b\n1,2\n3\n"), AN_SYNTAX,
         "t.csv:3: a row has another number of fields than the first line"},
        {AN_STR_INIT("a,b\n1,2,3\n"), AN_SYNTAX,
         "t.csv:2:5: a row has another number of fields than the first line"},
        {AN_STR_INIT("a,b\n1,2\n\n"), AN_SYNTAX,
         "t.csv:3: a row has another number of fields than the first line"},
        {AN_STR_INIT("a,b\n\"x\ny\",\"z\n1,2\n"), AN_SYNTAX,
         "t.csv:3:4: a quote that is never closed"},
        {AN_STR_INIT("a,b\n1,2\"\n"), AN_SYNTAX,
         "t.csv:2:4: a quote in a field that begins with none"},
        {AN_STR_INIT("a,b\n1,\"2\"3\n"), AN_SYNTAX,
         "t.csv:2:6: text behind a closing quote"},
        {AN_STR_INIT("a,b\n1,2\r3,4\n"), AN_SYNTAX,
         "t.csv:2:4: a carriage return that ends no line"},
        {AN_STR_INIT("a,b\n1,2\r"), AN_SYNTAX,
         "t.csv:2:4: a carriage return that ends no line"},
        {AN_STR_INIT("a,b\n1,\0\n"), AN_SYNTAX, "t.csv:2:3: a NUL in a table"},
        {AN_STR_INIT("a,b\n1,\"\0\"\n"), AN_SYNTAX,
         "t.csv:2:4: a NUL in a table"},
        {AN_STR_INIT("\0"), AN_SYNTAX, "t.csv:1:1: a NUL in a table"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char rows[TEXT_BYTES], says[TEXT_BYTES];
        struct an_err err = {0};

        ck_assert_int_eq(read_all(c[i].in, rows, sizeof(rows), &err),
                         c[i].code);
        an_err_print(&err, says, sizeof(says));
        ck_assert_str_eq(says, c[i].says);
    }
}
END_TEST

START_TEST(finds_columns_by_name_and_says_which_is_missing)
{
    const struct an_str in = AN_STR("b,a,c,b\n1,2,3,4\n");
    struct tr_csv_column good[] = {{"c", 0}, {"a", 0}};
    struct tr_csv_column gone[] = {{"a", 0}, {"age", 0}};
    struct tr_csv_column twice[] = {{"b", 0}};
    char says[TEXT_BYTES];
    struct an_err err;
    struct tr_csv t;
    bool any;

    ck_assert_int_eq(tr_csv_read(&t, &arena, in, "t.csv", NULL), AN_OK);
    ck_assert_int_eq(tr_csv_find(&t, good, 2, NULL), AN_OK);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert_an_str_eq(tr_csv_text(&t, &good[0]), "3");
    ck_assert_an_str_eq(tr_csv_text(&t, &good[1]), "2");
    ck_assert_int_eq(tr_csv_find(&t, gone, 2, &err), AN_MISSING);
    an_err_print(&err, says, sizeof(says));
    ck_assert_str_eq(says, "t.csv[age]:1: a column is not there");
    ck_assert_int_eq(tr_csv_find(&t, twice, 1, &err), AN_CONFLICT);
    an_err_print(&err, says, sizeof(says));
    ck_assert_str_eq(says, "t.csv[b]:1: a column is there twice");
    tr_csv_close(&t);
}
END_TEST

/* "n,x\nTEXT,\n" with the field as a whole number from -5 to 99. */
static enum an_code one_int(const char *text, int64_t *out, char *says)
{
    struct tr_csv_column n = {"n", 0};
    struct an_err err = {0};
    struct tr_csv t;
    char in[TEXT_BYTES];
    enum an_code code;
    bool any;

    (void)snprintf(in, sizeof(in), "x,n\n.,%s\n", text);
    ck_assert_int_eq(tr_csv_read(&t, &arena, an_str_c(in), "t.csv", NULL),
                     AN_OK);
    ck_assert_int_eq(tr_csv_find(&t, &n, 1, NULL), AN_OK);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    code = tr_csv_int(&t, &n, -5, 99, out, &err);
    an_err_print(&err, says, TEXT_BYTES);
    tr_csv_close(&t);
    return code;
}

START_TEST(whole_numbers_are_whole_and_in_their_range)
{
    static const char *const none[] = {"",  "x",   "1.0", " 1",  "1 ",
                                       "-", "1e1", "+1",  "--1", "NA"};
    static const char *const out_of_range[] = {
        "-6", "100", "9223372036854775808", "-9223372036854775809"};
    char says[TEXT_BYTES];
    int64_t n = 0;

    ck_assert(one_int("99", &n, says) == AN_OK && n == 99);
    ck_assert(one_int("-5", &n, says) == AN_OK && n == -5);
    ck_assert(one_int("007", &n, says) == AN_OK && n == 7);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        ck_assert_int_eq(one_int(none[i], &n, says), AN_TYPE);
        ck_assert_str_eq(says, "t.csv[n]:2:3: not a whole number");
    }
    for (size_t i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]);
         i++) {
        ck_assert_int_eq(one_int(out_of_range[i], &n, says), AN_TYPE);
        ck_assert(strstr(says, "t.csv[n]:2:3: "));
    }
}
END_TEST

START_TEST(numbers_keep_their_literal)
{
    const struct an_str in = AN_STR("n\n0.50\n.5\nx\n");
    struct tr_csv_column n = {"n", 0};
    struct an_str literal;
    char says[TEXT_BYTES];
    struct an_err err;
    struct tr_csv t;
    double value;
    bool any;

    ck_assert_int_eq(tr_csv_read(&t, &arena, in, "t.csv", NULL), AN_OK);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert_int_eq(tr_csv_number(&t, &n, &literal, &value, NULL), AN_OK);
    ck_assert(value == 0.5);
    ck_assert_an_str_eq(literal, "0.50");
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert_int_eq(tr_csv_number(&t, &n, &literal, &value, NULL), AN_OK);
    ck_assert_an_str_eq(literal, "0.5");
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert_int_eq(tr_csv_number(&t, &n, &literal, &value, &err), AN_TYPE);
    an_err_print(&err, says, sizeof(says));
    ck_assert_str_eq(says, "t.csv[n]:4:1: not a number");
    tr_csv_close(&t);
}
END_TEST

START_TEST(long_fields_and_many_columns_end_at_their_limits)
{
    char *in = an_arena_get(&arena, TR_CSV_FIELD_BYTES + 4, 1), rows[8];
    struct an_err err;
    struct tr_csv t;

    ck_assert_ptr_nonnull(in);
    memset(in, ',', TR_CSV_COLUMNS);
    ck_assert_int_eq(tr_csv_read(&t, &arena,
                                 (struct an_str){in, TR_CSV_COLUMNS - 1}, "t",
                                 &err),
                     AN_OK);
    ck_assert_uint_eq(t.n_columns, TR_CSV_COLUMNS);
    ck_assert_int_eq(
        tr_csv_read(&t, &arena, (struct an_str){in, TR_CSV_COLUMNS}, "t", &err),
        AN_LIMIT);
    memset(in, 'x', TR_CSV_FIELD_BYTES + 4);
    in[1] = '\n';
    ck_assert_int_eq(read_all((struct an_str){in, TR_CSV_FIELD_BYTES + 3}, rows,
                              sizeof(rows), &err),
                     AN_LIMIT);
    ck_assert_uint_eq(err.where.line, 2);
}
END_TEST

START_TEST(any_row_can_be_read_again)
{
    const struct an_str in = AN_STR("a\n\"1\n\"\n2\n3\n");
    struct tr_csv_place second;
    struct tr_csv t;
    bool any;

    ck_assert_int_eq(tr_csv_read(&t, &arena, in, "t.csv", NULL), AN_OK);
    ck_assert_uint_ge(tr_csv_most_rows(&t), 3);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    second = t.row;
    ck_assert_uint_eq(second.line, 4);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && !any);
    tr_csv_seek(&t, second);
    ck_assert(tr_csv_next(&t, &any, NULL) == AN_OK && any);
    ck_assert_an_str_eq(t.field[0].text, "2");
    ck_assert_uint_eq(t.field[0].line, 4);
    tr_csv_close(&t);
}
END_TEST

START_TEST(a_packed_table_is_told_apart_from_none)
{
    char path[TEST_PATH_BYTES], packed[TEST_PATH_BYTES];
    struct an_err err;
    struct tr_csv t;

    test_folder_file(&folder, "t.csv", path);
    test_folder_file(&folder, "t.csv.zst", packed);
    ck_assert_int_eq(tr_csv_open(&t, &arena, path, &err), AN_NOTFOUND);
    tr_csv_close(&t);
    ck_assert_str_eq(err.what, "a file cannot be opened");
    ck_assert_int_eq(tr_file_write(packed, AN_STR("x"), NULL), AN_OK);
    ck_assert_int_eq(tr_csv_open(&t, &arena, path, &err), AN_NOTFOUND);
    tr_csv_close(&t);
    ck_assert_ptr_nonnull(strstr(err.what, "zstd -d"));
    ck_assert(an_str_ends(an_str_c(err.where.path), AN_STR("t.csv")));
    ck_assert_int_eq(tr_csv_open(&t, &arena, packed, &err), AN_UNSUPPORTED);
    tr_csv_close(&t);
    ck_assert_int_eq(tr_file_write(path, AN_STR("a\n"), NULL), AN_OK);
    ck_assert_int_eq(tr_csv_open(&t, &arena, path, &err), AN_OK);
    tr_csv_close(&t);
}
END_TEST

START_TEST(a_table_ends_cleanly_without_memory)
{
    enum an_code code = AN_NOMEM;
    char rows[TEXT_BYTES];
    long n = 0;

    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = read_all(AN_STR("a\n\"x\"\"\"\n"), rows, sizeof(rows), NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 3);
}
END_TEST

Suite *trainer_csv_suite(void)
{
    const TTest *const tests[] = {
        reads_fields_with_and_without_quotes_and_both_line_ends,
        says_where_a_table_is_wrong,
        finds_columns_by_name_and_says_which_is_missing,
        whole_numbers_are_whole_and_in_their_range,
        numbers_keep_their_literal,
        long_fields_and_many_columns_end_at_their_limits,
        any_row_can_be_read_again,
        a_packed_table_is_told_apart_from_none,
        a_table_ends_cleanly_without_memory,
    };

    return test_suite_around("trainer/csv", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
