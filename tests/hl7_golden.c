/* SPDX-License-Identifier: Apache-2.0 */
/* tests/golden/hl7-*: in.hl7, one message or more, and what was read of it. */
#include "context/dump.h"
#include "hl7/batch.h"
#include "hl7/events.h"
#include "hl7/read.h"
#include "tests/golden_folder.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>

Suite *hl7_golden_suite(void);

static struct an_str load_input(const char *folder)
{
    char path[2048];
    struct an_str in;

    (void)snprintf(path, sizeof(path), "%s/in.hl7", folder);
    in = golden_load(path);
    ck_assert_msg(in.p != NULL, "%s cannot be read", path);
    return in;
}

/* Each message of the file; a refusal is a line, too. */
static enum an_code dump(struct an_arena *a, struct an_str in,
                         struct an_str *text, struct an_err *err)
{
    static const struct hl7_settings settings = {.zone = {.offset_min = 60}};
    struct hl7_batch_message message;
    struct hl7_batch batch;
    struct an_buf b;

    an_buf_init(&b, a, 1 << 20);
    hl7_batch_init(&batch, in);
    while (hl7_batch_next(&batch, &message)) {
        struct ctx_reading reading;
        struct hl7_message m;
        enum an_code rc = hl7_read(a, message.bytes, NULL, NULL, &m, err);

        if (rc == AN_OK)
            rc = hl7_events(a, &settings, &m, &reading, err);
        if (rc != AN_OK)
            return rc;
        ctx_dump_reading(&b, &reading);
        an_buf_put_char(&b, '\n');
    }
    return an_buf_done(&b, text, err);
}

static void compare_folder(const char *folder)
{
    struct an_str in = load_input(folder), text;
    struct an_arena a;
    struct an_err err;

    an_arena_init(&a, 16 << 20);
    ck_assert_int_eq(dump(&a, in, &text, &err), AN_OK);
    golden_compare(folder, "events.txt", text);
    an_arena_free(&a);
    free((void *)(uintptr_t)in.p);
}

START_TEST(reads_as_the_golden_files_say)
{
    ck_assert_uint_ge(golden_each("hl7-", compare_folder), 16);
}
END_TEST

/* The same answer with every allocation failing once on the way. */
static void starve_folder(const char *folder)
{
    struct an_str in = load_input(folder), text = {NULL, 0};
    enum an_code code = AN_NOMEM;
    struct an_arena a;
    struct an_err err;
    long n = 0;

    an_arena_init(&a, 16 << 20);
    for (; code == AN_NOMEM && n < 100000; n++) {
        an_arena_reset(&a);
        a.fail_after = n;
        code = dump(&a, in, &text, &err);
    }
    a.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 10);
    golden_compare(folder, "events.txt", text);
    an_arena_free(&a);
    free((void *)(uintptr_t)in.p);
}

START_TEST(survives_each_failed_allocation)
{
    golden_each("hl7-", starve_folder);
}
END_TEST

Suite *hl7_golden_suite(void)
{
    const TTest *const test[] = {reads_as_the_golden_files_say,
                                 survives_each_failed_allocation};

    return TEST_SUITE("hl7/golden", test);
}
