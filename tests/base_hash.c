/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/uuid.h"
#include "tests/suite.h"

#include <string.h>

Suite *base_hash_suite(void);

START_TEST(sha256_gives_the_published_digests)
{
    /* FIPS 180-4 examples, and the empty message. */
    static const struct {
        const char *in, *hex;
    } cases[] = {
        {"",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_sha256 h;
        char hex[AN_SHA256_HEX + 1];

        ck_assert_int_eq(an_sha256(an_str_c(cases[i].in), &h, NULL), AN_OK);
        an_hex_print(h.b, sizeof(h.b), hex);
        ck_assert_str_eq(hex, cases[i].hex);
    }
}
END_TEST

START_TEST(sha256_in_pieces_is_sha256_at_once)
{
    struct an_str all = AN_STR("one message, cut anywhere, has one name");
    struct an_sha256 want, got;

    ck_assert_int_eq(an_sha256(all, &want, NULL), AN_OK);
    for (size_t cut = 0; cut <= all.n; cut++) {
        struct an_sha256_run run;

        ck_assert_int_eq(an_sha256_begin(&run, NULL), AN_OK);
        ck_assert_int_eq(an_sha256_add(&run, an_str_sub(all, 0, cut), NULL),
                         AN_OK);
        ck_assert_int_eq(an_sha256_add(&run, an_str_sub(all, cut, all.n), NULL),
                         AN_OK);
        an_sha256_end(&run, &got);
        ck_assert_mem_eq(got.b, want.b, sizeof(got.b));
    }
}
END_TEST

START_TEST(sha256_run_may_be_given_up)
{
    struct an_sha256_run run;

    ck_assert_int_eq(an_sha256_begin(&run, NULL), AN_OK);
    an_sha256_end(&run, NULL);
    ck_assert_ptr_null(run.handle);
}
END_TEST

START_TEST(hex_reads_what_it_prints_and_nothing_else)
{
    static const uint8_t bytes[4] = {0x00, 0x9f, 0xA0, 0xff};
    static const char *const bad[] = {"",         "009fa0f",   "009fa0fff",
                                      "009fa0fg", "009fa0f ",  "0x9fa0ff",
                                      "-09fa0ff", "009fa0f\n", "009fa0f/"};
    uint8_t back[4];
    char text[9];

    an_hex_print(bytes, sizeof(bytes), text);
    ck_assert_str_eq(text, "009fa0ff");
    ck_assert(an_hex_parse(AN_STR("009FA0fF"), back, sizeof(back)));
    ck_assert_mem_eq(back, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!an_hex_parse(an_str_c(bad[i]), back, sizeof(back)));
}
END_TEST

START_TEST(uuid5_gives_the_published_names)
{
    /* The first is RFC 9562 A.4 (RFC 4122's successor, same algorithm); the
     * others were made with Python's uuid module. */
    static const struct {
        const struct an_uuid *space;
        const char *name, *text;
    } cases[] = {
        {&an_uuid_dns, "www.example.com",
         "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
        {&an_uuid_dns, "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"},
        {&an_uuid_url, "http://example.org/a",
         "5f8a26f2-91ce-506a-97bc-f098f056e21f"},
        {&an_uuid_oid, "1.3.6.1", "1447fa61-5277-5fef-a9b3-fbc6e44f4af3"},
        {&an_uuid_oid, "", "0a68eb57-c88a-5f34-9e9d-27f85e68af4f"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_uuid u, back;
        char text[AN_UUID_TEXT_BYTES];

        ck_assert_int_eq(
            an_uuid5(cases[i].space, an_str_c(cases[i].name), &u, NULL), AN_OK);
        an_uuid_print(&u, text);
        ck_assert_str_eq(text, cases[i].text);
        ck_assert(an_uuid_parse(an_str_c(text), &back));
        ck_assert_mem_eq(back.b, u.b, sizeof(u.b));
    }
}
END_TEST

START_TEST(uuid_refuses_what_is_not_in_its_form)
{
    static const char *const bad[] = {
        "",
        "2ed6657de927568b95e12665a8aea6a2",
        "2ed6657d-e927-568b-95e1-2665a8aea6a",
        "2ed6657d-e927-568b-95e1-2665a8aea6a22",
        "2ed6657d-e927-568b-95e1_2665a8aea6a2",
        "2ed6657d-e927-568b-95e1-2665a8aea6ag",
        "{2ed6657d-e927-568b-95e1-2665a8aea6}",
    };
    struct an_uuid u;

    ck_assert(
        an_uuid_parse(AN_STR("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"), &u));
    ck_assert_mem_eq(u.b, an_uuid_dns.b, sizeof(u.b));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!an_uuid_parse(an_str_c(bad[i]), &u));
    ck_assert_mem_eq(u.b, an_uuid_dns.b, sizeof(u.b));
}
END_TEST

Suite *base_hash_suite(void)
{
    const TTest *const test[] = {sha256_gives_the_published_digests,
                                 sha256_in_pieces_is_sha256_at_once,
                                 sha256_run_may_be_given_up,
                                 hex_reads_what_it_prints_and_nothing_else,
                                 uuid5_gives_the_published_names,
                                 uuid_refuses_what_is_not_in_its_form};

    return TEST_SUITE("base/hash", test);
}
