/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each field: tests name all that are not empty. */
#include "base/buf.h"
#include "hl7/events.h"
#include "hl7/read.h"
#include "tests/account.h"
#include "tests/suite.h"

Suite *hl7_account_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 32 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code read_with(struct an_str bytes, const struct ctx_site *site,
                              struct ctx_reading *r)
{
    struct hl7_settings settings = {.site = site};
    struct hl7_message *m = an_arena_get(&arena, 1, sizeof(*m));
    enum an_code rc;

    if (m == NULL)
        return AN_NOMEM;
    rc = hl7_read(&arena, bytes, NULL, NULL, m, NULL);
    return rc == AN_OK ? hl7_events(&arena, &settings, m, r, NULL) : rc;
}

/* "OBX 3m 5t 6.", with account_letter. */
static struct an_str said_of(const struct ctx_segment *s)
{
    struct an_str text;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 16);
    an_buf_put(&b, s->name);
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->state[i] == CTX_FIELD_EMPTY)
            continue;
        an_buf_put_char(&b, ' ');
        an_buf_put_u64(&b, i + 1);
        an_buf_put_char(&b, account_letter(s->state[i]));
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

#define HEAD "MSH|^~\\&|LAB|NORTH|A|B|20250102030405||ORU^R01|C1|P|2.5.1\r"

START_TEST(says_of_each_field_what_became_of_it)
{
    static const struct {
        const char *text, *want;
    } c[] = {
        {"PID|1||4711^^^H^MR||Doe^Jane||19500607|F\r", "PID 1. 3m 5. 7m 8m"},
        {"PID|1||4711^^^H^MR||Doe^Jane||in spring|Q\r", "PID 1. 3m 5. 7? 8?"},
        {"PID|1||4711^^^H^MR\rOBR|1|P1|F1|24323-8^CMP^LN|||20250102|||||||||"
         "Dr^Who\r",
         "OBR 1. 2. 3m 4m 7m 16."},
        {"PID|1||4711\rOBX|1|NM|2160-0^Crea^LN||1.2|mg/dL|0.5-1.1|H|||F|||"
         "20250102030405\r",
         "OBX 1. 2m 3m 5m 6m 7m 8m 11m 14m"},
        /* a local code, a unit of nobody, a range of words, a status of none,
         * a time that is none */
        {"PID|1||4711\rOBX|1|NM|CREA^Crea^L||1.2|cups|some|H|||9|||yesterday\r",
         "OBX 1. 2m 3? 5m 6t 7? 8m 11? 14?"},
        {"PID|1||4711\rOBX|1|NM|2160-0^Crea^LN||hemolysed|mg/dL\r",
         "OBX 1. 2m 3m 5? 6."},
        {"PID|1||4711\rOBX|1|TX|^Comment||first~second\r", "OBX 1. 2m 3t 5t"},
        {"PID|1||4711\rOBX|1|CWE|630-4^Culture^LN||112283007^E. coli^SCT\r",
         "OBX 1. 2m 3m 5m"},
        {"PID|1||4711\rOBX|1|CWE|630-4^Culture^LN||EC^E. coli^L\r",
         "OBX 1. 2m 3m 5t"},
        {"PID|1||4711\rOBX|1|ED|11502-2^Report^LN||^AP^PDF^Base64^AAAA\r",
         "OBX 1. 2. 3m 5."},
        /* an alias in a standard system is enough */
        {"PID|1||4711\rOBX|1|NM|CREA^Crea^L^2160-0^Crea^LN|1|1.2\r",
         "OBX 1. 2m 3m 4m 5m"},
        /* delimiters and nothing */
        {"PID|1||4711\rOBX|1|NM|2160-0^^LN|^^^|1||~|&\r", "OBX 1. 2m 3m 5m"},
        {"PID|1||4711\rDG1|1||I21.9^Infarction^I10|||A\r", "DG1 1. 3m 6m"},
        {"PID|1||4711\rDG1|1|||chest pain|soon|X\r", "DG1 1. 4t 5? 6?"},
        {"PID|1||4711\rZPI|1|own|\"\"\r", "ZPI 1. 2. 3."},
        {"PID|1||4711\rNTE|1|L|thanks\r", "NTE 1m 2. 3t"},
        /* a line of a report, and one that is withdrawn */
        {"PID|1||4711\rOBR|1|P1|F1|71020^Chest^C4\r"
         "OBX|1|TX|71020&IMP^Chest^C4||No pneumonia.||||||F\r",
         "OBX 1. 2m 3m 5t 11m"},
        {"PID|1||4711\rOBR|1|P1|F1|71020^Chest^C4\r"
         "OBX|1|TX|71020&IMP^Chest^C4||No pneumonia.||||||D\r",
         "OBX 1. 2. 3m 5. 11m"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct an_str bytes;
        struct ctx_reading r;
        struct an_buf b;

        an_buf_init(&b, &arena, 1 << 16);
        an_buf_put_c(&b, HEAD);
        an_buf_put_c(&b, c[i].text);
        ck_assert_int_eq(an_buf_done(&b, &bytes, NULL), AN_OK);
        ck_assert_int_eq(read_with(bytes, NULL, &r), AN_OK);
        ck_assert_an_str_eq(said_of(&r.segment[r.n_segments - 1]), c[i].want);
        ck_assert_an_str_eq(said_of(&r.segment[0]),
                            "MSH 1m 2m 3m 4m 5. 6. 7m 9m 10m 11. 12.");
    }
}
END_TEST

/* A note between an ORC and its order is read where the order is, and its fields
 * count where they stand; who takes part is in no event. */
START_TEST(what_stands_above_an_order_counts_where_it_stands)
{
    static const char text[] =
        HEAD "PID|1||4711\rORC|NW|P1\rNTE|1|L|thanks\r"
             "PRT|1|AD||OP|66^Arzt^Anna\rOBR|1|P1||24323-8^CMP^LN\r"
             "NTE|1|L|more\rORC|NW|P2\rRXA|0|1|20250102||A^Aspirin^L|1\r"
             "PRT|1|AD||AP|66^Arzt^Anna\r";
    static const struct {
        const char *want;
        bool used;
    } c[] = {
        {"ORC 1. 2.", true},           {"NTE 1m 2. 3t", true},
        {"PRT 1. 2. 4. 5.", false},    {"OBR 1. 2m 4m", true},
        {"NTE 1m 2. 3t", true},        {"ORC 1. 2.", true},
        {"RXA 1. 2. 3. 5. 6.", false}, {"PRT 1. 2. 4. 5.", false},
    };
    struct ctx_reading r;

    ck_assert_int_eq(read_with(an_str_c(text), NULL, &r), AN_OK);
    ck_assert_uint_eq(r.n_segments, 2 + sizeof(c) / sizeof(c[0]));
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        ck_assert_an_str_eq(said_of(&r.segment[i + 2]), c[i].want);
        ck_assert_int_eq(r.segment[i + 2].used, c[i].used);
    }
}
END_TEST

START_TEST(a_site_s_row_makes_a_code_understood)
{
    static const char text[] =
        HEAD "PID|1||4711\rOBX|1|NM|CREA^Crea^L||1.2|mg/dL\r";
    static const struct ctx_code_row row = {
        {AN_STR_INIT("urn:id:L"), AN_STR_INIT("CREA"), AN_STR_INIT("")},
        {AN_STR_INIT("http://loinc.org"), AN_STR_INIT("2160-0"),
         AN_STR_INIT("")},
        0};
    const struct ctx_site site = {.code = &row, .n_codes = 1};
    struct ctx_reading r;

    ck_assert_int_eq(read_with(an_str_c(text), NULL, &r), AN_OK);
    ck_assert_int_eq(r.segment[2].state[2], CTX_FIELD_ODD);
    ck_assert_int_eq(read_with(an_str_c(text), &site, &r), AN_OK);
    ck_assert_int_eq(r.segment[2].state[2], CTX_FIELD_MAPPED);
}
END_TEST

/* Each field of each segment is counted once, in its segment and in its
 * account. */
START_TEST(the_accounts_are_the_sum_of_the_segments)
{
    static const char text[] =
        HEAD "PID|1||4711\r"
             "OBX|1|NM|2160-0^^LN||1|mg/dL\rOBX|2|NM|X^^L||no|mg/dL\r"
             "OBX|3|ST|2160-0^^LN||text\rZZZ|||||1\rZZZ|1\r";
    struct ctx_reading r;
    size_t n_segments = 0;

    ck_assert_int_eq(read_with(an_str_c(text), NULL, &r), AN_OK);
    ck_assert_uint_eq(r.n_segments, 7);
    for (size_t i = 0; i < r.n_accounts; i++) {
        const struct ctx_account *a = &r.account[i];
        uint32_t n_used = 0, n_seen = 0;

        for (size_t k = 0; k < r.n_segments; k++) {
            n_seen += an_str_eq(r.segment[k].name, a->name);
            n_used +=
                an_str_eq(r.segment[k].name, a->name) && r.segment[k].used;
        }
        ck_assert_uint_eq(a->n_seen, n_seen);
        ck_assert_uint_eq(a->n_used, n_used);
        n_segments += n_seen;
        for (size_t f = 0; f < a->n_fields; f++) {
            uint32_t n[CTX_N_FIELD_STATES] = {0};
            unsigned number = a->field[f].number;

            for (size_t k = 0; k < r.n_segments; k++)
                if (an_str_eq(r.segment[k].name, a->name) &&
                    number <= r.segment[k].n_fields)
                    n[r.segment[k].state[number - 1]]++;
            for (unsigned s = CTX_FIELD_UNUSED; s < CTX_N_FIELD_STATES; s++)
                ck_assert_uint_eq(a->field[f].n[s], n[s]);
        }
    }
    ck_assert_uint_eq(n_segments, r.n_segments);
}
END_TEST

/* Fields beyond what the standard knows, and as many names as a message may
 * have. */
START_TEST(names_and_fields_without_end_are_counted)
{
    enum { N_NAMES = 200, N_FIELDS = 1000 };
    struct an_str bytes;
    struct ctx_reading r;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put_c(&b, HEAD);
    for (unsigned i = 0; i < N_NAMES; i++) {
        an_buf_put_char(&b, 'Z');
        an_buf_put_char(&b, (char)('A' + i / 26));
        an_buf_put_char(&b, (char)('A' + i % 26));
        an_buf_put_c(&b, "|x\r");
    }
    an_buf_put_c(&b, "ZAA");
    for (int i = 0; i < N_FIELDS; i++)
        an_buf_put_c(&b, "|y");
    an_buf_put_c(&b, "\r");
    ck_assert_int_eq(an_buf_done(&b, &bytes, NULL), AN_OK);
    ck_assert_int_eq(read_with(bytes, NULL, &r), AN_OK);
    ck_assert_uint_eq(r.n_accounts, N_NAMES + 1);
    ck_assert_an_str_eq(r.account[1].name, "ZAA");
    ck_assert_uint_eq(r.account[1].n_fields, CTX_LAST_FIELD);
    ck_assert_uint_eq(r.account[1].field[0].n[CTX_FIELD_UNUSED], 2);
    ck_assert_uint_eq(r.account[1].field[CTX_LAST_FIELD - 1].number,
                      CTX_LAST_FIELD);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    static const char text[] =
        HEAD "PID|1||4711\rOBX|1|NM|2160-0^^LN||1|mg/dL\rZZZ|1\r";
    struct ctx_reading r;
    enum an_code rc = AN_NOMEM;
    long n = 0;

    for (; rc == AN_NOMEM && n < 200; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        rc = read_with(an_str_c(text), NULL, &r);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_int_gt(n, 5);
}
END_TEST

Suite *hl7_account_suite(void)
{
    const TTest *const test[] = {
        says_of_each_field_what_became_of_it,
        what_stands_above_an_order_counts_where_it_stands,
        a_site_s_row_makes_a_code_understood,
        the_accounts_are_the_sum_of_the_segments,
        names_and_fields_without_end_are_counted,
        survives_each_failed_allocation,
    };

    return test_suite_around("hl7/account", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
