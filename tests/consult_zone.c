/* SPDX-License-Identifier: Apache-2.0 */
/* Zones by their names. */
#include "plugin/zone.h"
#include "tests/suite.h"

Suite *consult_zone_suite(void);

static const struct {
    const char *name;
    int64_t us;
    int16_t offset_min;
} known[] = {
    {"UTC", 0, 0},
    {"+01:00", 0, 60},
    {"-03:30", 0, -210},
    {"Europe/Berlin", INT64_C(1774745999000000), 60},
    {"Europe/Berlin", INT64_C(1774746000000000), 120},
    {"Europe/Berlin", INT64_C(1792890000000000), 60},
    {"America/New_York", INT64_C(1772953200000000), -240}, /* 8 March 07:00Z */
    {"Asia/Kathmandu", INT64_C(1774746000000000), 345},
    {"Europe/Berlin", INT64_C(4000000000000000), 120}, /* October 2096 */
};

START_TEST(knows_the_zones_of_the_world)
{
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct an_zone zone;
        struct an_err err;

        ck_assert_msg(
            pl_zone_make(&arena, an_str_c(known[i].name), &zone, &err) == AN_OK,
            "%s", known[i].name);
        ck_assert_msg(an_zone_offset(&zone, known[i].us) == known[i].offset_min,
                      "%s: %d", known[i].name,
                      an_zone_offset(&zone, known[i].us));
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(refuses_what_is_no_zone)
{
    static const char *const wrong[] = {"Europe/Nowhere", "CEST!", "+25:00",
                                        "Z\xc3\xbcrich",  "",      "12"};
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct an_zone zone;
        struct an_err err;

        ck_assert_msg(pl_zone_make(&arena, an_str_c(wrong[i]), &zone, &err) ==
                          AN_CONFIG,
                      "%s", wrong[i]);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(says_when_memory_is_out)
{
    struct an_arena arena;
    struct an_zone zone;
    struct an_err err;

    an_arena_init(&arena, 64);
    ck_assert_int_eq(pl_zone_make(&arena, AN_STR("Europe/Berlin"), &zone, &err),
                     AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

Suite *consult_zone_suite(void)
{
    const TTest *const tests[] = {knows_the_zones_of_the_world,
                                  refuses_what_is_no_zone,
                                  says_when_memory_is_out};

    return TEST_SUITE("consult/zone", tests);
}
