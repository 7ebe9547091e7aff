/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"
#include "tests/suite.h"

Suite *config_value_suite(void);

enum { BAD = -77 };

START_TEST(reads_durations_in_one_unit)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0s", 0},
        {"0ms", 0},
        {"250ms", 250},
        {"30s", 30000},
        {"5m", 300000},
        {"2h", 7200000},
        {"7d", 604800000},
        {"", BAD},
        {"30", BAD},
        {"s", BAD},
        {"-1s", BAD},
        {"1.5s", BAD},
        {"30 s", BAD},
        {"030s", BAD},
        {"1h30m", BAD},
        {"1S", BAD},
        {"106751991168d", BAD},
        {"99999999999999999999s", BAD},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = BAD;
        bool ok = cfg_value_duration(an_str_c(cases[i].text), &ms);

        ck_assert_msg(ms == cases[i].ms && ok == (ms != BAD), "%s gives %lld",
                      cases[i].text, (long long)ms);
    }
}
END_TEST

START_TEST(reads_sizes_in_powers_of_two)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"0", 0},
        {"512", 512},
        {"64KiB", 65536},
        {"16MiB", 16777216},
        {"1GiB", 1073741824},
        {"16MB", BAD},
        {"16M", BAD},
        {"", BAD},
        {"KiB", BAD},
        {"-1", BAD},
        {"0x10", BAD},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", BAD},
        {"8589934592GiB", BAD},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t bytes = BAD;
        bool ok = cfg_value_size(an_str_c(cases[i].text), &bytes);

        ck_assert_msg(bytes == cases[i].bytes && ok == (bytes != BAD),
                      "%s gives %lld", cases[i].text, (long long)bytes);
    }
}
END_TEST

START_TEST(reads_addresses_of_both_families)
{
    static const struct {
        const char *text, *host;
        int port;
    } cases[] = {
        {"127.0.0.1:2575", "127.0.0.1", 2575},
        {"[::1]:2575", "::1", 2575},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
        {"engine.hospital.example:0", "engine.hospital.example", 0},
        {"", "", 0},
        {"127.0.0.1", NULL, 0},
        {":2575", NULL, 0},
        {"::1:2575", NULL, 0},
        {"[::1]", NULL, 0},
        {"[::1:2575", NULL, 0},
        {"[]:2575", NULL, 0},
        {"[:2575", NULL, 0},
        {"host:65536", NULL, 0},
        {"host:", NULL, 0},
        {"host:-1", NULL, 0},
        {"ho st:1", NULL, 0},
        {"http://host:1", NULL, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg_address a = {AN_STR("kept"), 9};
        bool ok = cfg_value_address(an_str_c(cases[i].text), &a);

        ck_assert_msg(ok == !!cases[i].host, "%s", cases[i].text);
        ck_assert_an_str_eq(a.host, ok ? cases[i].host : "kept");
        ck_assert_int_eq(a.port, ok ? cases[i].port : 9);
    }
}
END_TEST

START_TEST(reads_zone_offsets)
{
    static const struct {
        const char *text;
        int minutes;
    } cases[] = {
        {"Z", 0},        {"+00:00", 0},   {"+01:00", 60},  {"-03:30", -210},
        {"+14:00", 840}, {"+14:01", BAD}, {"+15:00", BAD}, {"01:00", BAD},
        {"+1:00", BAD},  {"+0100", BAD},  {"+01:60", BAD}, {"", BAD},
        {"+01:0x", BAD}, {"CET", BAD},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int16_t minutes = BAD;
        bool ok = cfg_value_zone(an_str_c(cases[i].text), &minutes);

        ck_assert_msg(minutes == cases[i].minutes && ok == (minutes != BAD),
                      "%s gives %d", cases[i].text, minutes);
    }
}
END_TEST

START_TEST(reads_whole_numbers_and_truth)
{
    int64_t n = BAD;
    bool yes = false;

    ck_assert(cfg_value_int(AN_STR("-42"), &n) && n == -42);
    ck_assert(cfg_value_int(AN_STR("0"), &n) && n == 0);
    ck_assert(!cfg_value_int(AN_STR("007"), &n));
    ck_assert(!cfg_value_int(AN_STR("+1"), &n));
    ck_assert(!cfg_value_int(AN_STR("1e3"), &n));
    ck_assert(!cfg_value_int(AN_STR("-"), &n));
    ck_assert(cfg_value_bool(AN_STR("true"), &yes) && yes);
    ck_assert(cfg_value_bool(AN_STR("false"), &yes) && !yes);
    ck_assert(!cfg_value_bool(AN_STR("yes"), &yes));
    ck_assert(!cfg_value_bool(AN_STR("on"), &yes));
    ck_assert(!cfg_value_bool(AN_STR("True"), &yes));
}
END_TEST

START_TEST(takes_web_addresses_without_a_password)
{
    ck_assert(cfg_value_url(AN_STR("https://fhir.example/r4")));
    ck_assert(cfg_value_url(AN_STR("http://127.0.0.1:8080")));
    ck_assert(!cfg_value_url(AN_STR("ftp://fhir.example")));
    ck_assert(!cfg_value_url(AN_STR("https://")));
    ck_assert(!cfg_value_url(AN_STR("https:///r4")));
    ck_assert(!cfg_value_url(AN_STR("https://a:b@fhir.example/r4")));
    ck_assert(!cfg_value_url(AN_STR("https://fhir.example/a b")));
    ck_assert(!cfg_value_url(AN_STR("https://fhir.example/\xC3\xA4")));
}
END_TEST

/* What is put is read back, over the range. */
START_TEST(writes_what_it_reads)
{
    static const int64_t numbers[] = {0,        1,        999,     1000,
                                      1023,     1024,     1536,    60000,
                                      86400000, 90000001, 1 << 30, INT64_MAX};
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct an_buf b;
        struct an_str text;
        int64_t got = BAD;

        an_buf_init(&b, &arena, 100);
        cfg_put_duration(&b, numbers[i]);
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert(cfg_value_duration(text, &got));
        ck_assert_int_eq(got, numbers[i]);
        an_buf_init(&b, &arena, 100);
        cfg_put_size(&b, numbers[i]);
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert(cfg_value_size(text, &got));
        ck_assert_int_eq(got, numbers[i]);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(reads_networks_of_both_families)
{
    static const struct {
        const char *text;
        int n_bits; /* BAD: refused */
        const char *inside, *outside;
    } cases[] = {
        {"192.0.2.7", 128, "192.0.2.7", "192.0.2.6"},
        {"10.0.0.0/8", 104, "10.255.0.1", "11.0.0.0"},
        {"192.0.2.128/25", 121, "192.0.2.255", "192.0.2.127"},
        {"0.0.0.0/0", 96, "203.0.113.9", "2001:db8::1"},
        {"192.0.2.7/32", 128, "192.0.2.7", "192.0.2.8"},
        {"2001:db8::/32", 32, "2001:db8:ffff::1", "2001:db9::"},
        {"::1", 128, "::1", "::2"},
        {"::/0", 0, "192.0.2.7", NULL},
        {"::ffff:192.0.2.0/120", 120, "192.0.2.200", "192.0.3.0"},
        {"fe80::/10", 10, "febf::1", "fec0::1"},
        {"10.0.0.1/8", BAD, NULL, NULL},
        {"10.0.0.0/33", BAD, NULL, NULL},
        {"10.0.0.0/", BAD, NULL, NULL},
        {"10.0.0/8", BAD, NULL, NULL},
        {"::/129", BAD, NULL, NULL},
        {"host.example", BAD, NULL, NULL},
        {"", BAD, NULL, NULL},
        {"/8", BAD, NULL, NULL},
        {"1.2.3.4 ", BAD, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg_network network = {.n_bits = 77}, one;
        bool ok = cfg_value_network(an_str_c(cases[i].text), &network);

        ck_assert_msg(ok == (cases[i].n_bits != BAD), "%s", cases[i].text);
        ck_assert_int_eq(network.n_bits, ok ? cases[i].n_bits : 77);
        if (cases[i].inside) {
            ck_assert(cfg_value_network(an_str_c(cases[i].inside), &one));
            ck_assert_msg(cfg_network_has(&network, one.address), "%s",
                          cases[i].text);
        }
        if (cases[i].outside) {
            ck_assert(cfg_value_network(an_str_c(cases[i].outside), &one));
            ck_assert_msg(!cfg_network_has(&network, one.address), "%s",
                          cases[i].text);
        }
    }
}
END_TEST

Suite *config_value_suite(void)
{
    const TTest *const test[] = {reads_networks_of_both_families,
                                 reads_durations_in_one_unit,
                                 reads_sizes_in_powers_of_two,
                                 reads_addresses_of_both_families,
                                 reads_zone_offsets,
                                 reads_whole_numbers_and_truth,
                                 takes_web_addresses_without_a_password,
                                 writes_what_it_reads};

    return TEST_SUITE("config/value", test);
}
