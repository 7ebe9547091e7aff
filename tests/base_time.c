/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "tests/suite.h"

Suite *base_time_suite(void);

/* What was said, in both forms; "" where the form is refused. */
static const struct {
    const char *hl7, *fhir;
    int64_t us;
    int precision;
} said[] = {
    {"1970", "1970", 0, AN_TIME_YEAR},
    {"202402", "2024-02", 1706745600000000, AN_TIME_MONTH},
    {"20240229", "2024-02-29", 1709164800000000, AN_TIME_DAY},
    {"00010101", "0001-01-01", -62135596800000000, AN_TIME_DAY},
    {"19000301", "1900-03-01", -2203891200000000, AN_TIME_DAY},
    {"20240305081502-0500", "2024-03-05T08:15:02-05:00", 1709644502000000,
     AN_TIME_SECOND},
    {"20240305081502.12+0530", "2024-03-05T08:15:02.120+05:30",
     1709606702120000, AN_TIME_FRACTION},
    {"99991231235959.999999+0000", "9999-12-31T23:59:59.999999Z",
     253402300799999999, AN_TIME_FRACTION},
};

START_TEST(reads_what_both_standards_say)
{
    struct an_time t;
    char text[AN_TIME_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        ck_assert(an_time_hl7(an_str_c(said[i].hl7), NULL, &t));
        ck_assert_int_eq(t.us, said[i].us);
        ck_assert_int_eq(t.precision, said[i].precision);
        an_time_print_fhir(t, text);
        ck_assert_str_eq(text, said[i].fhir);
        ck_assert(an_time_fhir(an_str_c(said[i].fhir), NULL, &t));
        ck_assert_int_eq(t.us, said[i].us);
        ck_assert_int_eq(t.precision, said[i].precision);
    }
}
END_TEST

START_TEST(refuses_what_is_no_moment)
{
    static const char *const hl7[] = {"",
                                      "20",
                                      "202",
                                      "20241",
                                      "20241301",
                                      "20230229",
                                      "20240230",
                                      "2024022924",
                                      "0000",
                                      "19000229",
                                      "2024-02-29",
                                      "2024022912x",
                                      "20240229120000.",
                                      "20240229120000+15",
                                      "20240229120000+1500",
                                      "20240229126000"};
    static const char *const fhir[] = {"2024-",
                                       "2024-2",
                                       "20240229",
                                       "2024-02-29T",
                                       "2024-02-29T10",
                                       "2024-02-29T10:00:00.Z",
                                       "2024-02-29T10:00:00+0100",
                                       "2024-02-30",
                                       "2024Z"};
    struct an_time t;

    for (size_t i = 0; i < sizeof(hl7) / sizeof(hl7[0]); i++) {
        ck_assert_msg(!an_time_hl7(an_str_c(hl7[i]), NULL, &t), "%s", hl7[i]);
        ck_assert_int_eq(t.precision, AN_TIME_NONE);
    }
    for (size_t i = 0; i < sizeof(fhir) / sizeof(fhir[0]); i++)
        ck_assert_msg(!an_time_fhir(an_str_c(fhir[i]), NULL, &t), "%s",
                      fhir[i]);
}
END_TEST

START_TEST(takes_the_senders_zone_when_none_is_said)
{
    struct an_zone zone = {.offset_min = -300};
    struct an_time t;
    char text[AN_TIME_TEXT_BYTES];

    ck_assert(an_time_hl7(AN_STR(" 202403050815 "), &zone, &t));
    ck_assert_int_eq(t.us, 1709644500000000);
    ck_assert_int_eq(t.assumed, 1);
    an_time_print_fhir(t, text);
    ck_assert_str_eq(text, "2024-03-05T08:15:00-05:00");
    an_time_print_hl7(t, text);
    ck_assert_str_eq(text, "202403050815");
    an_time_print_date(t, text);
    ck_assert_str_eq(text, "2024-03-05");
}
END_TEST

/* Berlin in 2026: summer time from 29 March 01:00 to 25 October 01:00 UTC. */
static const struct an_shift berlin[] = {{INT64_C(1774746000000000), 120},
                                         {INT64_C(1792890000000000), 60}};
static const struct {
    const char *said, *meant;
} local[] = {
    {"20260101120000", "2026-01-01T12:00:00+01:00"},
    {"20260701120000", "2026-07-01T12:00:00+02:00"},
    {"20261225", "2026-12-25"},
    {"20260329015959", "2026-03-29T01:59:59+01:00"},
    {"20260329023000", "2026-03-29T02:30:00+01:00"}, /* never was: 03:30 */
    {"20260329030000", "2026-03-29T03:00:00+02:00"},
    {"20261025023000", "2026-10-25T02:30:00+02:00"}, /* came twice: the first */
    {"20261025030000", "2026-10-25T03:00:00+01:00"},
    {"20261025023000+0100", "2026-10-25T02:30:00+01:00"},
};

START_TEST(a_zone_whose_clocks_change)
{
    const struct an_zone zone = {60, berlin, 2};
    char text[AN_TIME_TEXT_BYTES];
    struct an_time t;

    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        ck_assert(an_time_hl7(an_str_c(local[i].said), &zone, &t));
        an_time_print_fhir(t, text);
        ck_assert_str_eq(text, local[i].meant);
    }
    ck_assert_int_eq(an_zone_offset(&zone, berlin[0].at_us - 1), 60);
    ck_assert_int_eq(an_zone_offset(&zone, berlin[0].at_us), 120);
    ck_assert_int_eq(an_zone_offset(&zone, berlin[1].at_us), 60);
}
END_TEST

START_TEST(prints_and_reads_back_any_day)
{
    char text[AN_TIME_TEXT_BYTES];
    struct an_time t;

    for (int64_t us = INT64_C(-62135596800000000); us < 253402300800000000;
         us += 86400 * INT64_C(997000003)) {
        an_time_print_fhir(an_time_us(us), text);
        ck_assert(an_time_fhir(an_str_c(text), NULL, &t));
        ck_assert_int_eq(t.us, us);
    }
    an_time_print_instant(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(counts_years_of_age_by_the_calendar)
{
    struct an_time birth, day_before, day;

    ck_assert(an_time_hl7(AN_STR("20000229"), NULL, &birth));
    ck_assert(an_time_hl7(AN_STR("20180228"), NULL, &day_before));
    ck_assert(an_time_hl7(AN_STR("20180301"), NULL, &day));
    ck_assert_int_eq(an_age_years(birth, day_before), 17);
    ck_assert_int_eq(an_age_years(birth, day), 18);
    ck_assert_int_eq(an_age_years(day, birth), 0);
}
END_TEST

Suite *base_time_suite(void)
{
    const TTest *const test[] = {reads_what_both_standards_say,
                                 refuses_what_is_no_moment,
                                 takes_the_senders_zone_when_none_is_said,
                                 a_zone_whose_clocks_change,
                                 prints_and_reads_back_any_day,
                                 counts_years_of_age_by_the_calendar};

    return TEST_SUITE("base/time", test);
}
