/* SPDX-License-Identifier: Apache-2.0 */
/* tests/golden/fhir-*: in.json and what was read of it. */
#include "context/dump.h"
#include "fhir/read.h"
#include "tests/golden_folder.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>

Suite *fhir_golden_suite(void);

static struct an_str load_input(const char *folder)
{
    char path[2048];
    struct an_str in;

    (void)snprintf(path, sizeof(path), "%s/in.json", folder);
    in = golden_load(path);
    ck_assert_msg(in.p != NULL, "%s cannot be read", path);
    return in;
}

static struct an_str dump(struct an_arena *a, struct an_str in)
{
    static const struct fhir_settings settings;
    struct ctx_reading reading;
    struct an_err err;
    struct an_buf b;
    struct an_str text;

    ck_assert_int_eq(fhir_read(a, &settings, in, &reading, &err), AN_OK);
    an_buf_init(&b, a, 1 << 20);
    ctx_dump_reading(&b, &reading);
    ck_assert_int_eq(an_buf_done(&b, &text, &err), AN_OK);
    return text;
}

static void compare_folder(const char *folder)
{
    struct an_str in = load_input(folder);
    struct an_arena a;

    an_arena_init(&a, 16 << 20);
    golden_compare(folder, "events.txt", dump(&a, in));
    an_arena_free(&a);
    free((void *)(uintptr_t)in.p);
}

START_TEST(reads_as_the_golden_files_say)
{
    ck_assert_uint_ge(golden_each("fhir-", compare_folder), 9);
}
END_TEST

/* The same answer with every allocation failing once on the way. */
static void starve_folder(const char *folder)
{
    static const struct fhir_settings settings;
    struct an_str in = load_input(folder);
    enum an_code code = AN_NOMEM;
    struct ctx_reading reading;
    struct an_err err;
    struct an_arena a;
    long n = 0;

    an_arena_init(&a, 16 << 20);
    for (; code == AN_NOMEM && n < 10000; n++) {
        an_arena_reset(&a);
        a.fail_after = n;
        code = fhir_read(&a, &settings, in, &reading, &err);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 5);
    a.fail_after = -1;
    golden_compare(folder, "events.txt", dump(&a, in));
    an_arena_free(&a);
    free((void *)(uintptr_t)in.p);
}

START_TEST(survives_each_failed_allocation)
{
    golden_each("fhir-", starve_folder);
}
END_TEST

/* Cut anywhere, the JSON is refused, never half read. */
static void cut_folder(const char *folder)
{
    static const struct fhir_settings settings;
    struct an_str in = load_input(folder), whole = an_str_trim(in);
    struct ctx_reading reading;
    struct an_err err;
    struct an_arena a;

    an_arena_init(&a, 16 << 20);
    for (size_t n = 0; n < whole.n; n += 1 + whole.n / 200) {
        ck_assert_int_eq(
            fhir_read(&a, &settings, an_str_sub(whole, 0, n), &reading, &err),
            AN_SYNTAX);
        ck_assert_uint_eq(reading.n_parts, 0);
        an_arena_reset(&a);
    }
    an_arena_free(&a);
    free((void *)(uintptr_t)in.p);
}

START_TEST(refuses_every_beginning_of_a_bundle)
{
    golden_each("fhir-", cut_folder);
}
END_TEST

Suite *fhir_golden_suite(void)
{
    const TTest *const test[] = {reads_as_the_golden_files_say,
                                 survives_each_failed_allocation,
                                 refuses_every_beginning_of_a_bundle};

    return TEST_SUITE("fhir/golden", test);
}
