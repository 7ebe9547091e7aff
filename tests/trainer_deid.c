/* SPDX-License-Identifier: Apache-2.0 */
/* One value, de-identified; pseudonyms and days; the tables themselves. */
#include "base/hash.h"
#include "tests/deid_help.h"
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/deid/check_digit.h"
#include "trainer/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *trainer_deid_suite(void);

static const char *shifted(const char *text, int days, bool zero, bool hl7)
{
    static char out[TR_DEID_DATE_BYTES];
    struct tr_deid_dates d = {DEID_AS_OF, days, zero, hl7};

    return tr_deid_shift(&d, an_str_c(text), out) ? out : "";
}

START_TEST(dates_move_and_keep_their_form)
{
    static const struct {
        const char *in, *out;
        int days;
        bool zero, hl7;
    } cases[] = {
        {"2015-02-07", "2015-01-17", -21, true, false},
        {"2015-02-07T13:28:17.12345-05:00", "2015-01-17T00:00:00.00000-05:00",
         -21, true, false},
        {"2015-02-07T13:28:17Z", "2015-01-17T00:00:00Z", -21, true, false},
        {"2015-02-07T13:28:17-05:00", "2015-01-17T13:28:17-05:00", -21, false,
         false},
        {"2015-02-07", "2014-12-19", -50, false, false},
        {"2015-02-07", "2015-03-29", 50, false, false},
        {"2012-02-29", "2012-03-01", 1, false, false},
        {"2015-02", "2015", 4, false, false},
        {"2015", "2015", 4, false, false},
        {"1925-02-07", "", 4, false, false},
        {"1926-02-07", "1926-02-11", 4, false, false},
        {"1926-01-02", "", -4, false, false},
        {"2016-01-01", "", 4, false, false},
        {"2016", "", 4, false, false},
        {"2015-12-30", "2016-01-03", 4, false, false},
        {"2015-02-30", "", 4, false, false},
        {"Smith", "", 4, false, false},
        {"", "", 4, false, false},
        {"20150207", "20150117", -21, false, true},
        {"20150207132817.1234-0500", "20150117132817.1234-0500", -21, false,
         true},
        {"20150207132817.1234-0500", "20150117000000.0000-0500", -21, true,
         true},
        {"201502071328", "201501171328", -21, false, true},
        {"201502", "2015", -21, false, true},
        {"2015-02-07", "", -21, false, true},
        {"19250207", "", 4, false, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(
            shifted(cases[i].in, cases[i].days, cases[i].zero, cases[i].hl7),
            cases[i].out);
}
END_TEST

START_TEST(of_a_date_the_year_stays_unless_it_says_an_age_over_89)
{
    static const struct {
        const char *in, *year, *birth;
    } cases[] = {
        {"2015-02-07", "2015", "2015"},
        {"1926", "1926", "1926"},
        {"1925-02-07", "", ""},
        {"1925", "", ""},
        {"1926-01-02", "1926", ""},
        {"2016-01-02", "", ""},
        {"2104", "", ""},
        {"2015-01-03", "2015", "2014"},
        {"2014-12-31T23:00:00Z", "2014", "2014"},
        {"0915", "", ""},
        {"15", "", ""},
        {"2015-13-01", "", ""},
    };
    struct tr_deid_dates d = {DEID_AS_OF, -3, false, false};
    char out[TR_DEID_DATE_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got =
            tr_deid_year(&d, an_str_c(cases[i].in), out) ? out : "";

        ck_assert_str_eq(got, cases[i].year);
        got = tr_deid_birth(&d, an_str_c(cases[i].in), out) ? out : "";
        ck_assert_str_eq(got, cases[i].birth);
    }
}
END_TEST

START_TEST(of_a_zip_code_three_digits_stay)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"98052", "980"},      {"10104", "101"},
        {"98028-1830", "980"}, {"980281830", "980"},
        {"20301", "000"},      {"20301-1830", "000"},
        {"55612", "000"},      {"36912", "000"},
        {"89301", "000"},      {" 98052 ", "980"},
        {"9805", ""},          {"K1A 0B1", ""},
        {"98052-18", ""},      {"98052 1830", ""},
        {"980521", ""},        {"", ""},
        {"Smith", ""},
    };
    static const char restricted[] =
        "036 059 063 102 203 205 369 556 692 790 821 823 830 831 878 879 884 "
        "890 893";
    char out[4], zip[8];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(tr_deid_zip3(an_str_c(cases[i].in), out) ? out : "",
                         cases[i].out);
    for (int i = 0; i < 1000; i++) {
        char prefix[8];

        snprintf(prefix, sizeof(prefix), "%03d", i);
        snprintf(zip, sizeof(zip), "%03d17", i);
        ck_assert(tr_deid_zip3(an_str_c(zip), out));
        ck_assert_str_eq(out, strstr(restricted, prefix) ? "000" : prefix);
        n += strcmp(out, "000") == 0;
    }
    ck_assert_uint_eq(n, 20); /* 19, and 000 itself */
}
END_TEST

START_TEST(the_hash_has_the_cells_of_all_tables)
{
    size_t n = 0;

    while (tr_deid_value_cell(n))
        n++;
    ck_assert_str_eq(tr_deid_value_cell(0), "036");
    ck_assert_str_eq(tr_deid_value_cell(19), "Alabama");
    ck_assert_str_eq(tr_deid_value_cell(20), "AL");
    ck_assert_str_eq(tr_deid_value_cell(n - 1), "WY");
}
END_TEST

START_TEST(what_is_smaller_than_a_state_goes)
{
    const char *letters = "";

    ck_assert(tr_deid_state(AN_STR("Massachusetts"), &letters));
    ck_assert_str_eq(letters, "MA");
    ck_assert(tr_deid_state(AN_STR("ny"), &letters));
    ck_assert_str_eq(letters, "NY");
    ck_assert(!tr_deid_state(AN_STR("Springfield"), &letters));
    ck_assert(!tr_deid_state(AN_STR(""), &letters));
    ck_assert(tr_deid_country(AN_STR("US")));
    ck_assert(tr_deid_country(AN_STR("USA")));
    ck_assert(!tr_deid_country(AN_STR("Us")));
    ck_assert(!tr_deid_country(AN_STR("Springfield")));
}
END_TEST

START_TEST(numbers_that_are_identifiers_and_ages_over_89_go)
{
    static const struct {
        const char *number, *unit, *out;
    } cases[] = {
        {"89", "a", "89"},       {"90", "a", "90"},
        {"104", "a", "90"},      {"89.5", "a", "90"},
        {"1068", "mo", "1068"},  {"1200", "mo", "1080"},
        {"40000", "d", "32873"}, {"104", "mg", "104"},
        {"104", "", "104"},      {"49966200", "min", "47336400"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str got =
            tr_deid_cap(an_str_c(cases[i].number), an_str_c(cases[i].unit));

        ck_assert_an_str_eq(got, cases[i].out);
    }
    ck_assert(tr_deid_number(AN_STR("12345678.125")));
    ck_assert(tr_deid_number(AN_STR("-0.010")));
    ck_assert(tr_deid_number(AN_STR("1.5e-3")));
    ck_assert(tr_deid_number(AN_STR("20000000")));
    ck_assert(!tr_deid_number(AN_STR("19500317")));
    ck_assert(!tr_deid_number(AN_STR("-19500317.0")));
    ck_assert(!tr_deid_number(AN_STR("5.558675309e9")));
    ck_assert(tr_deid_bare_number(AN_STR("-9999.5")));
    ck_assert(!tr_deid_bare_number(AN_STR("02138")));
    ck_assert(!tr_deid_bare_number(AN_STR("94110")));
    ck_assert(!tr_deid_bare_number(AN_STR("-9.4110e4")));
    ck_assert(!tr_deid_number(AN_STR("078051123")));
    ck_assert(!tr_deid_number(AN_STR("078-05-1123")));
    ck_assert(!tr_deid_number(AN_STR("5558675309")));
    ck_assert(!tr_deid_number(AN_STR("Smith")));
    ck_assert(!tr_deid_number(AN_STR("")));
}
END_TEST

START_TEST(codes_stay_of_known_systems_in_their_form)
{
    static const struct {
        const char *system, *code, *kept;
    } cases[] = {
        {"http://snomed.info/sct", "44054006", "44054006"},
        {"http://snomed.info/sct", "Smith", ""},
        {"http://loinc.org", "8302-2", "8302-2"},
        {"http://loinc.org", "Smith", ""},
        {"http://loinc.org", "LA12418-2", "LA12418-2"},
        {"http://loinc.org", "8302-3", ""},
        {"http://loinc.org", "4711471-1", ""},
        {"http://snomed.info/sct", "78051120", ""},
        {"http://snomed.info/sct", "5558675309", ""},
        {"http://snomed.info/sct", "34552-0", ""},
        {"http://hl7.org/fhir/sid/icd-10-cm", "E11.9", "E11.9"},
        {"http://hl7.org/fhir/sid/icd-10-cm", "078-05-1123", ""},
        {"http://unitsofmeasure.org", "mm[Hg]", "mm[Hg]"},
        {"http://unitsofmeasure.org", "mL/min/{1.73_m2}", "mL/min/{1.73_m2}"},
        {"http://unitsofmeasure.org", "{Smith}", ""},
        {"http://unitsofmeasure.org", "Smith", ""},
        {"urn:ietf:bcp:47", "en-US", "en"},
        {"http://snomed.info/sct/", "44054006", ""},
        {"urn:oid:1.2.3", "44054006", ""},
        {"", "44054006", ""},
        {"http://snomed.info/sct", "44054006\nSmith", ""},
        {"http://snomed.info/sct", "", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str system, kept = {"", 0};
        bool stays = tr_deid_code(deid.patterns, an_str_c(cases[i].system),
                                  an_str_c(cases[i].code), &system, &kept);

        ck_assert_int_eq(stays, cases[i].kept[0] != '\0');
        if (stays) {
            ck_assert_an_str_eq(kept, cases[i].kept);
            ck_assert_an_str_eq(system, cases[i].system);
        }
    }
}
END_TEST

/* RFC 4231 1 and 2, and three of another program's: a key is padded with
 * zeros, so that ours of 32 bytes is theirs of three. */
/* Any one digit that is another is found, and so are two that stand in the
 * other's place. */
START_TEST(a_check_digit_finds_what_is_no_code)
{
    static const char *const codes[] = {"22298006", "44054006", "138875005",
                                        "900000000000207008",
                                        "999480451000087102"};
    static const char *const loincs[] = {"2339-0", "30525-0", "4548-4"};
    size_t n_found = 0;

    for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
        struct an_str code = an_str_c(codes[c]);
        char text[24];

        ck_assert(tr_deid_is_sctid(code));
        for (size_t i = 0; i < code.n; i++)
            for (char d = '0'; d <= '9'; d++) {
                memcpy(text, code.p, code.n);
                text[i] = d;
                ck_assert_int_eq(
                    tr_deid_is_sctid((struct an_str){text, code.n}),
                    d == code.p[i]);
                memcpy(text, code.p, code.n);
                if (i + 1 < code.n) {
                    text[i] = code.p[i + 1];
                    text[i + 1] = code.p[i];
                }
                ck_assert_int_eq(
                    tr_deid_is_sctid((struct an_str){text, code.n}),
                    i + 1 == code.n || code.p[i] == code.p[i + 1]);
            }
    }
    for (size_t c = 0; c < sizeof(loincs) / sizeof(loincs[0]); c++)
        ck_assert(tr_deid_is_loinc(an_str_c(loincs[c])));
    for (int i = 1000000; i < 1100000; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%d", i);
        n_found += tr_deid_is_sctid(an_str_c(text));
    }
    ck_assert_uint_gt(n_found, 500);
    ck_assert_uint_lt(n_found, 700);
}
END_TEST

START_TEST(a_pseudonym_is_hmac_sha_256)
{
    static const struct {
        const char *key, *value, *hex;
    } cases[] = {
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
         "\x0b\x0b\x0b",
         "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"123", "abc",
         "8f16771f9f8851b26f4d460fa17de93e2711c7e51337cb8a608a0f81e1c1b6ae"},
        {"123", "&*^%$@()=-,/",
         "33f6f7d6b3602bf5354dcb4b8d988982602349355f50f86798d8ce1ffd61521b"},
        {"123", "ÆŊŋßſ♫∅",
         "1a94823f0a0f00a4b1ca771c3446dc5e17958f4dae3588ace2bca8a843eb63d9"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tr_pseudonym p = {{0}};
        char hex[65], purpose[2] = {cases[i].value[0], '\0'};
        uint8_t digest[32];

        memcpy(p.key, cases[i].key, strlen(cases[i].key));
        /* A purpose is what stands before the value. */
        ck_assert_int_eq(tr_pseudonym_digest(&p, purpose,
                                             an_str_c(cases[i].value + 1),
                                             digest, NULL),
                         AN_OK);
        an_hex_print(digest, sizeof(digest), hex);
        ck_assert_str_eq(hex, cases[i].hex);
    }
}
END_TEST

START_TEST(days_are_even_from_minus_50_to_50_and_the_patients)
{
    unsigned seen[101] = {0};
    double chi = 0;
    int again;

    deid_begin(TR_DEID_DATE_SHIFT);
    for (int i = 0; i < 101 * 200; i++) {
        char patient[16];
        int days = 99;

        snprintf(patient, sizeof(patient), "p%d", i);
        ck_assert_int_eq(
            tr_deid_days(&deid.names, an_str_c(patient), &days, NULL), AN_OK);
        ck_assert_int_ge(days, -50);
        ck_assert_int_le(days, 50);
        seen[days + 50]++;
        if (i % 100 == 0) {
            ck_assert_int_eq(
                tr_deid_days(&deid.names, an_str_c(patient), &again, NULL),
                AN_OK);
            ck_assert_int_eq(again, days);
        }
    }
    for (int i = 0; i < 101; i++)
        chi += (seen[i] - 200.0) * (seen[i] - 200.0) / 200.0;
    /* 100 degrees of freedom: 0.9999 is below 161. */
    ck_assert_double_lt(chi, 161);
}
END_TEST

START_TEST(a_pseudonym_hangs_on_authority_value_and_key)
{
    static const enum tr_deid_profile profiles[] = {TR_DEID_SAFE_HARBOR,
                                                    TR_DEID_DATE_SHIFT};

    for (size_t i = 0; i < 2; i++) {
        uint8_t a[16], b[16], c[16];

        deid_begin(profiles[i]);
        ck_assert_int_eq(
            tr_deid_name(&deid.names, AN_STR("H"), AN_STR("1"), a, NULL),
            AN_OK);
        ck_assert_int_eq(
            tr_deid_name(&deid.names, AN_STR("H"), AN_STR("1"), b, NULL),
            AN_OK);
        ck_assert_int_eq(
            tr_deid_name(&deid.names, AN_STR("G"), AN_STR("1"), c, NULL),
            AN_OK);
        ck_assert_mem_eq(a, b, 16);
        ck_assert_mem_ne(a, c, 16);
        deid_begin(profiles[i]);
        deid.names.key.key[0] = 1;
        ck_assert_int_eq(
            tr_deid_name(&deid.names, AN_STR("H"), AN_STR("1"), b, NULL),
            AN_OK);
        ck_assert_mem_ne(a, b, 16);
    }
}
END_TEST

START_TEST(a_table_is_kept_0600_and_agrees_with_the_next_run)
{
    struct test_folder folder;
    struct tr_deid_names names;
    uint8_t a[500][16], b[16];
    char path[TEST_PATH_BYTES], id[16];
    struct an_err err;
    struct stat st;

    test_folder_make(&folder);
    test_folder_file(&folder, "table", path);
    ck_assert_int_eq(
        tr_deid_names_open(&names, TR_DEID_SAFE_HARBOR, path, &err), AN_OK);
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(
            tr_deid_name(&names, AN_STR(""), an_str_c(id), a[i], &err), AN_OK);
    }
    ck_assert_int_eq(tr_deid_names_save(&names, &err), AN_OK);
    tr_deid_names_close(&names);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(
        tr_deid_names_open(&names, TR_DEID_SAFE_HARBOR, path, &err), AN_OK);
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(
            tr_deid_name(&names, AN_STR(""), an_str_c(id), b, &err), AN_OK);
        ck_assert_mem_eq(a[i], b, 16);
    }
    tr_deid_names_close(&names);
    /* Others may read it: refused, as is what is no table. */
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(
        tr_deid_names_open(&names, TR_DEID_SAFE_HARBOR, path, &err), AN_CONFIG);
    tr_deid_names_close(&names);
    ck_assert_int_eq(tr_file_write(path, AN_STR("no table\n"), &err), AN_OK);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(
        tr_deid_names_open(&names, TR_DEID_SAFE_HARBOR, path, &err), AN_CONFIG);
    ck_assert_uint_eq(err.where.line, 1);
    tr_deid_names_close(&names);
    test_folder_drop(&folder);
}
END_TEST

START_TEST(two_runs_at_once_do_not_name_a_patient_twice)
{
    struct test_folder folder;
    struct tr_deid_names one, other;
    char path[TEST_PATH_BYTES];
    uint8_t name[TR_DEID_NAME_BYTES];

    test_folder_make(&folder);
    test_folder_file(&folder, "table", path);
    for (int turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(
            tr_deid_names_open(&one, TR_DEID_SAFE_HARBOR, path, NULL), AN_OK);
        ck_assert_int_eq(
            tr_deid_names_open(&other, TR_DEID_SAFE_HARBOR, path, NULL), AN_OK);
        ck_assert_int_eq(
            tr_deid_name(&one, AN_STR(""), AN_STR("4711"), name, NULL), AN_OK);
        ck_assert_int_eq(
            tr_deid_name(&other, AN_STR(""), AN_STR("4711"), name, NULL),
            AN_OK);
        ck_assert_int_eq(tr_deid_names_save(&one, NULL), AN_OK);
        ck_assert_int_eq(tr_deid_names_save(&other, NULL), AN_CONFLICT);
        tr_deid_names_close(&one);
        tr_deid_names_close(&other);
    }
    test_folder_drop(&folder);
}
END_TEST

START_TEST(a_key_is_32_bytes_or_64_digits_and_nobody_elses)
{
    static const struct {
        const char *bytes;
        unsigned mode;
        enum an_code code;
    } cases[] = {
        {"0123456789abcdef0123456789abcdef", 0600, AN_OK},
        {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
         0400, AN_OK},
        {"0123456789abcdef0123456789abcdef", 0644, AN_CONFIG},
        {"0123456789abcdef", 0600, AN_CONFIG},
        {"", 0600, AN_CONFIG},
    };
    struct test_folder folder;
    struct tr_deid_names names;
    char path[TEST_PATH_BYTES];

    test_folder_make(&folder);
    test_folder_file(&folder, "key", path);
    ck_assert_int_eq(tr_deid_names_open(&names, TR_DEID_DATE_SHIFT, path, NULL),
                     AN_NOTFOUND);
    tr_deid_names_close(&names);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(tr_file_write(path, an_str_c(cases[i].bytes), NULL),
                         AN_OK);
        ck_assert_int_eq(chmod(path, cases[i].mode), 0);
        ck_assert_int_eq(
            tr_deid_names_open(&names, TR_DEID_DATE_SHIFT, path, NULL),
            cases[i].code);
        tr_deid_names_close(&names);
    }
    test_folder_drop(&folder);
}
END_TEST

START_TEST(an_oid_is_the_number_of_a_pseudonym)
{
    static const struct {
        uint8_t name[16];
        const char *oid;
    } cases[] = {
        {{0}, "2.25.0"},
        {{[15] = 10}, "2.25.10"},
        {{[7] = 1}, "2.25.18446744073709551616"},
        {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
          255, 255},
         "2.25.340282366920938463463374607431768211455"},
    };
    char oid[TR_DEID_OID_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tr_deid_oid(cases[i].name, oid);
        ck_assert_str_eq(oid, cases[i].oid);
    }
}
END_TEST

/* A code needs a pattern, INTO needs rows below, and a type is one that has
 * rows: a slip in a table would drop much, or keep what nobody described. */
START_TEST(each_row_says_what_its_method_needs)
{
    for (int f = 0; f < TR_DEID_FORMS; f++) {
        enum tr_deid_form form = (enum tr_deid_form)f;
        size_t n;
        const struct tr_deid_row *row = tr_deid_rows(form, &n);

        for (size_t i = 0; i < n; i++) {
            size_t below = 0, prefix = strlen(row[i].as);

            ck_assert_msg(row[i].safe_harbor != TR_DEID_SHIFT &&
                              row[i].safe_harbor != TR_DEID_BIRTH,
                          "%s moves in safe-harbor", row[i].path);
            if (row[i].date_shift == TR_DEID_CODE ||
                row[i].date_shift == TR_DEID_EXTENSION)
                ck_assert_msg(row[i].values[0], "%s has no pattern",
                              row[i].path);
            for (size_t k = 0; k < n; k++)
                below += strncmp(row[k].path, row[i].as, prefix) == 0 &&
                         row[k].path[prefix] == '.';
            ck_assert_msg(below > 0 || strcmp(row[i].as, "-") == 0,
                          "%s leads nowhere", row[i].path);
            if (form == TR_DEID_HL7)
                ck_assert_ptr_nonnull(
                    tr_deid_type(form, (struct an_str){row[i].path, 3}));
        }
    }
}
END_TEST

Suite *trainer_deid_suite(void)
{
    const TTest *const list[] = {
        dates_move_and_keep_their_form,
        of_a_date_the_year_stays_unless_it_says_an_age_over_89,
        of_a_zip_code_three_digits_stay,
        the_hash_has_the_cells_of_all_tables,
        what_is_smaller_than_a_state_goes,
        numbers_that_are_identifiers_and_ages_over_89_go,
        codes_stay_of_known_systems_in_their_form,
        a_check_digit_finds_what_is_no_code,
        a_pseudonym_is_hmac_sha_256,
        days_are_even_from_minus_50_to_50_and_the_patients,
        a_pseudonym_hangs_on_authority_value_and_key,
        a_table_is_kept_0600_and_agrees_with_the_next_run,
        two_runs_at_once_do_not_name_a_patient_twice,
        a_key_is_32_bytes_or_64_digits_and_nobody_elses,
        an_oid_is_the_number_of_a_pseudonym,
        each_row_says_what_its_method_needs,
    };

    return test_suite_around("trainer/deid", list,
                             sizeof(list) / sizeof(list[0]), deid_set_up,
                             deid_tear_down);
}
