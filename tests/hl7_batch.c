/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/batch.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_batch_suite(void);

#define A "MSH|^~\\&|A\rPID|1\r"
#define B "MSH|^~\\&|B\r"
#define FHS "FHS|^~\\&|F\r"
#define BHS "BHS|^~\\&|H\r"

static const struct {
    const char *in;
    const char *message[4];
    size_t n_warnings;
    const char *warning; /* the first */
} cases[] = {
    {A, {A}, 0, NULL},
    {A B, {A, B}, 0, NULL},
    {FHS BHS A B "BTS|2\rFTS|1\r", {A, B}, 0, NULL},
    {FHS BHS A "BTS|1\r" BHS B "BTS|1|bye\rFTS|2\r", {A, B}, 0, NULL},
    {FHS A B "FTS|2\r", {A, B}, 0, NULL},
    {FHS BHS "BTS|0\rFTS|1\r", {NULL}, 0, NULL},
    {BHS A "BTS\r", {A}, 0, NULL},
    {BHS A "BTS||note\r", {A}, 0, NULL},
    {"\r\n\n" A "\n\n" B, {A "\n\n", B}, 0, NULL},
    {"\v" A, {A}, 0, NULL},
    {BHS A B "BTS|3\r",
     {A, B},
     1,
     "BTS[1]-1: BTS-1 is not the number of "
     "messages in the batch"},
    {BHS A "BTS|one\r",
     {A},
     1,
     "BTS[1]-1: BTS-1 is not the number of messages "
     "in the batch"},
    {FHS BHS A "BTS|1\rFTS|7\r",
     {A},
     1,
     "FTS[1]-1: FTS-1 is not the number of "
     "batches in the file"},
    {FHS BHS A, {A}, 2, "byte 39: a batch has no BTS"},
    {FHS BHS A "FTS|1\r", {A}, 1, "byte 39: a batch has no BTS"},
    {BHS A BHS B "BTS|1\r", {A, B}, 1, "byte 28: a batch has no BTS"},
    {A "BTS|1\r", {A}, 1, "byte 17: a BTS without its BHS"},
    {A "FTS|1\r", {A}, 1, "byte 17: an FTS without its FHS"},
    {"hello\rthere\r" A, {A}, 1, "byte 0: there is text outside any message"},
    {FHS "hello\rthere\r" A "FTS|1\r",
     {A},
     1,
     "byte 11: there is text outside any message"},
    {"no message at all\r", {"no message at all\r"}, 0, NULL},
    {" \r", {" \r"}, 0, NULL},
    {"MSH", {"MSH"}, 0, NULL},
    {"", {NULL}, 0, NULL},
};

START_TEST(finds_each_message)
{
    struct hl7_batch b;
    struct hl7_batch_message m;
    char text[128];
    size_t n = 0;

    hl7_batch_init(&b, an_str_c(cases[_i].in));
    while (hl7_batch_next(&b, &m)) {
        ck_assert_uint_lt(n, 4);
        ck_assert_ptr_nonnull(cases[_i].message[n]);
        ck_assert_an_str_eq(m.bytes, cases[_i].message[n++]);
        ck_assert_ptr_eq(m.bytes.p, cases[_i].in + m.offset);
    }
    ck_assert(n == 4 || cases[_i].message[n] == NULL);
    ck_assert_uint_eq(b.n_messages, n);
    ck_assert_uint_eq(b.n_warnings, cases[_i].n_warnings);
    if (b.n_warnings) {
        an_err_print(&b.warning[0], text, sizeof(text));
        ck_assert_str_eq(text, cases[_i].warning);
    }
    ck_assert(!hl7_batch_next(&b, &m));
}
END_TEST

START_TEST(says_which_headers_are_in_force)
{
    struct hl7_batch b;
    struct hl7_batch_message m;

    hl7_batch_init(&b, AN_STR(FHS BHS A "BTS|1\r" B "FTS\r" B));
    ck_assert(hl7_batch_next(&b, &m));
    ck_assert_an_str_eq(m.file_header, "FHS|^~\\&|F");
    ck_assert_an_str_eq(m.batch_header, "BHS|^~\\&|H");
    ck_assert(hl7_batch_next(&b, &m));
    ck_assert_an_str_eq(m.file_header, "FHS|^~\\&|F");
    ck_assert_uint_eq(m.batch_header.n, 0);
    ck_assert(hl7_batch_next(&b, &m));
    ck_assert_uint_eq(m.file_header.n, 0);
}
END_TEST

START_TEST(stays_linear_in_hostile_text)
{
    static char text[1 << 20];
    struct hl7_batch b;
    struct hl7_batch_message m;

    memset(text, '\r', sizeof(text));
    for (size_t i = 0; i + 8 < sizeof(text); i += 2)
        text[i] = 'x';
    memcpy(text + sizeof(text) - 6, "\rMSH|^", 6);
    hl7_batch_init(&b, (struct an_str){text, sizeof(text)});
    ck_assert(hl7_batch_next(&b, &m));
    ck_assert_uint_eq(m.offset, sizeof(text) - 5);
    ck_assert(!hl7_batch_next(&b, &m));
}
END_TEST

Suite *hl7_batch_suite(void)
{
    const TTest *const test[] = {says_which_headers_are_in_force,
                                 stays_linear_in_hostile_text};
    Suite *s = TEST_SUITE("hl7/batch", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, finds_each_message, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}
