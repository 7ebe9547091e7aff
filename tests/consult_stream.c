/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of messages says the same in whatever order it arrives: the record
 * now and as of every moment, and who is one person.  Admissions, moves,
 * discharges and their cancellations; preliminary, final, corrected, wrong and
 * deleted results; documents replaced and withdrawn; allergies and problems
 * that end; merges, links and their ends, moves; appointments. */
#include "base/buf.h"
#include "context/dump.h"
#include "tests/consult_ward.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_stream_suite(void);

enum {
    LONGEST = 24, /* messages of a stream */
    ORDERS = 4,   /* in which each is told */
    TEXT_BYTES = 4 << 20,
    SEEDS = 24
};

struct stream {
    char message[LONGEST][WARD_MESSAGE_BYTES];
    int64_t said_us[LONGEST];
    unsigned n;
};

static const int64_t epoch_us = INT64_C(1773100800000000); /* 2026-03-10 */

/* ---- what may happen ------------------------------------------------------ */

/* @w is MSH-7, @n the place in the stream, @p the number of a patient, @k a
 * thing of which there are few (a visit, an order, a document). */
#define HEAD(app, type)                                                        \
    "MSH|^~\\&|" app "|LAKESIDE|A|B|@w||" type "|M@n|P|2.5.1\r"
#define WHO "PID|1||@p^^^LAKESIDE^MR||Oakes^Marta||19500101|F\r"
#define VISIT                                                                  \
    "PV1|1|I|W@k^1^A||||||||||||||||V@k^^^LAKESIDE^VN|||||||||||||||||"        \
    "||||||||202603100@k0000+0000"
#define OBR(status)                                                            \
    "OBR|1|P@k^C|F@k^L|24323-8^Panel^LN|||202603100@k3000+0000"                \
    "|||||||||||||||@w|||" status "\r"
#define OBX(value, status)                                                     \
    "OBX|1|NM|2160-0^Creatinine^LN||" value "|mg/dL|||||" status "\r"

static const char *const kinds[] = {
    HEAD("ADT", "ADT^A01^ADT_A01") "EVN||@w\r" WHO VISIT "\r",
    HEAD("ADT", "ADT^A02^ADT_A02") "EVN||@w|||"
                                   "|@w\r" WHO VISIT "\r",
    HEAD("ADT", "ADT^A03^ADT_A03") "EVN||@w\r" WHO VISIT
                                   "|202603120@k0000+0000\r",
    HEAD("ADT", "ADT^A08^ADT_A01") "EVN||@w\r" WHO VISIT "\r",
    HEAD("ADT", "ADT^A11^ADT_A09") "EVN||@w\r" WHO VISIT "\r",
    HEAD("ADT", "ADT^A13^ADT_A01") "EVN||@w\r" WHO VISIT "\r",
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("P") OBX("1.@n", "P"),
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("F") OBX("2.@n", "F"),
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("C") OBX("3.@n", "C"),
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("C") OBX("4.@n", "W"),
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("C") OBX("", "D"),
    HEAD("LAB", "ORU^R01^ORU_R01") WHO OBR("X") OBX("", "X"),
    HEAD("DOC", "MDM^T02^MDM_T02") WHO
    "TXA|1|DS^Summary|TX|20260311||@w||||||D@k^E|||||AU\r"
    "OBX|1|TX|DS^Summary||as of M@n||||||F\r",
    HEAD("DOC", "MDM^T11^MDM_T01") WHO
    "TXA|1|DS^Summary|TX|20260311||@w||||||D@k^E|||||CA\r",
    HEAD("ADT",
         "ADT^A60^ADT_A60") "EVN||@w\r" WHO
                            "IAM|1|DA|7980^Penicillin^RXNORM|SV|Hives|A\r",
    HEAD("ADT",
         "ADT^A60^ADT_A60") "EVN||@w\r" WHO
                            "IAM|1|DA|7980^Penicillin^RXNORM|SV|Hives|D\r",
    HEAD("EHR", "PPR^PC1^PPR_PC1") WHO
    "PRB|AD|@w|44054006^Diabetes^SCT|PRB@k^E|||20150101\r",
    HEAD("EHR", "PPR^PC3^PPR_PC1") WHO
    "PRB|DE|@w|44054006^Diabetes^SCT|PRB@k^E|||20150101\r",
    HEAD("PHA", "RDE^O11^RDE_O11") WHO
    "ORC|NW|RX@k^E|||||||@w\rRXE|^^^20260310|314076^Lisinopril^RXNORM|10||"
    "mg\r",
    HEAD("PHA", "RDE^O11^RDE_O11") WHO
    "ORC|DC|RX@k^E|||||||@w\rRXE|^^^20260310|314076^Lisinopril^RXNORM|10||"
    "mg\r",
    HEAD("SCH", "SIU^S12^SIU_S12") "SCH|AP@k^E|AP@k^S|||||CHECK^Check-up^L|"
                                   "||30|min|^^^20260401090000\r" WHO,
    HEAD("SCH", "SIU^S15^SIU_S12") "SCH|AP@k^E|AP@k^S|||||CHECK^Check-up^L|"
                                   "||30|min|^^^20260401090000\r" WHO,
    HEAD("ADT", "ADT^A40^ADT_A39") "EVN||@w\rPID|1||7001^^^LAKESIDE^MR\rMRG|"
                                   "T1^^^LAKESIDE^MR\r",
    HEAD("ADT", "ADT^A37^ADT_A37") "EVN||@w\rPID|1||7001^^^LAKESIDE^MR\rPID|"
                                   "2||T1^^^LAKESIDE^MR\r",
    HEAD("ADT", "ADT^A24^ADT_A24") "EVN||@w\rPID|1||T1^^^LAKESIDE^MR\rPID|2||"
                                   "B9^^^LAKESIDE^MR\r",
    /* An identifier, an account, a visit that goes to another; a visit that
     * gets another number. */
    HEAD("ADT", "ADT^A43^ADT_A43") "EVN||@w\rPID|1||@p^^^LAKESIDE^MR\rMRG|"
                                   "B9^^^LAKESIDE^MR\r",
    HEAD("ADT", "ADT^A44^ADT_A43") "EVN||@w\rPID|1||7001^^^LAKESIDE^MR|||||||||"
                                   "||||||V@k^^^LAKESIDE\rMRG|T1^^^LAKESIDE^MR"
                                   "||V@k^^^LAKESIDE\r",
    HEAD("ADT", "ADT^A45^ADT_A45") "EVN||@w\r" WHO
                                   "MRG|7001^^^LAKESIDE^MR||||V@k^^^LAKESIDE^VN"
                                   "\r" VISIT "\r",
    HEAD("ADT", "ADT^A45^ADT_A45") "EVN||@w\r" WHO
                                   "MRG|B9^^^LAKESIDE^MR||||V@k^^^LAKESIDE^VN"
                                   "\r" VISIT "\r",
    HEAD("ADT", "ADT^A50^ADT_A50") "EVN||@w\r" WHO
                                   "MRG|@p^^^LAKESIDE^MR||||V@k^^^LAKESIDE^VN\r"
                                   "PV1|1|I|||||||||||||||||V2^^^LAKESIDE^VN\r",
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct words {
    char when[AN_TIME_TEXT_BYTES], number[16], thing[16];
    const char *patient;
};

static const char *word_of(const struct words *w, char name)
{
    switch (name) {
    case 'w': return w->when;
    case 'n': return w->number;
    case 'p': return w->patient;
    default: return w->thing;
    }
}

static void fill_in(char message[WARD_MESSAGE_BYTES], const char *kind,
                    const struct words *w)
{
    size_t n = 0;

    for (; *kind; kind++) {
        const char *part = kind;
        size_t length = 1;

        if (*kind == '@') {
            part = word_of(w, *++kind);
            length = strlen(part);
        }
        ck_assert_uint_lt(n + length, WARD_MESSAGE_BYTES);
        memcpy(message + n, part, length);
        n += length;
    }
    message[n] = '\0';
}

static void invent(struct stream *s, uint64_t seed)
{
    static const char *const who[] = {"7001", "7001", "T1", "B9"};
    struct test_rng r = {seed};

    s->n = 10 + (unsigned)test_rng_below(&r, LONGEST - 10);
    for (unsigned i = 0; i < s->n; i++) {
        struct words w = {.patient = who[test_rng_below(&r, 4)]};
        struct an_time t;

        /* Often in the same second as another. */
        s->said_us[i] = epoch_us + (int64_t)test_rng_below(&r, 40) * 3600000000;
        t = an_time_us(s->said_us[i]);
        t.precision = AN_TIME_SECOND;
        an_time_print_hl7(t, w.when);
        (void)snprintf(w.number, sizeof(w.number), "%u", i);
        (void)snprintf(w.thing, sizeof(w.thing), "%u",
                       (unsigned)test_rng_below(&r, 3) + 1);
        fill_in(s->message[i], kinds[test_rng_below(&r, N_KINDS)], &w);
    }
}

/* ---- what is then known ----------------------------------------------------
 */

static void put_person(struct an_buf *b, const struct ctx_person *p)
{
    for (size_t i = 0; i < p->n_members; i++) {
        an_buf_put(b, p->member[i].id.value);
        an_buf_put_c(b, i == p->current ? " current" : "");
        an_buf_put_c(b, p->member[i].retired ? " retired\n" : "\n");
    }
}

static void put_record(struct ward *w, struct an_buf *b, const char *number,
                       int64_t as_of_us)
{
    struct ctx_identifier who = {.authority = AN_STR("urn:oid:2.999.1.7"),
                                 .value = an_str_c(number)};
    struct pl_history h;
    struct an_err err;

    an_buf_put_c(b, number);
    an_buf_put_char(b, ' ');
    an_buf_put_i64(b, as_of_us);
    an_buf_put_char(b, '\n');
    if (pl_history(w->reader, &w->arena, &who, as_of_us, &h, &err) != AN_OK) {
        ck_assert_int_eq(err.code, AN_NOTFOUND);
        return;
    }
    put_person(b, &h.person);
    for (size_t i = 0; i < h.timeline.n_events; i++)
        ctx_dump_event(b, h.timeline.event[i]);
}

static struct an_str known(const struct stream *s, const unsigned *order,
                           struct an_arena *keep)
{
    static const char *const numbers[] = {"7001", "T1", "B9"};
    struct an_str text = {0}, copy = {0};
    struct an_buf b;
    struct ward w;

    ward_open(&w, "stage: off\n");
    for (unsigned i = 0; i < s->n; i++)
        ward_tell(&w, s->message[order[i]], true);
    an_buf_init(&b, &w.arena, TEXT_BYTES);
    for (unsigned k = 0; k < 3; k++) {
        put_record(&w, &b, numbers[k], CTX_AS_OF_ALL);
        for (unsigned i = 0; i < s->n; i++)
            put_record(&w, &b, numbers[k], s->said_us[i]);
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    ck_assert(an_arena_str(keep, text, &copy));
    ward_close(&w);
    return copy;
}

static void shuffle(unsigned *order, unsigned n, struct test_rng *r)
{
    for (unsigned i = n - 1; i > 0; i--) {
        unsigned k = (unsigned)test_rng_below(r, i + 1), swap = order[i];

        order[i] = order[k];
        order[k] = swap;
    }
}

START_TEST(in_any_order_the_record_is_the_same)
{
    static struct stream s;
    struct test_rng r = {(uint64_t)_i + 77};
    unsigned order[LONGEST];
    struct an_arena keep;
    struct an_str first;

    an_arena_init(&keep, (size_t)ORDERS * TEXT_BYTES);
    invent(&s, (uint64_t)_i * 7919 + 1);
    for (unsigned i = 0; i < s.n; i++)
        order[i] = i;
    first = known(&s, order, &keep);
    ck_assert_uint_gt(first.n, 500);
    for (int k = 1; k < ORDERS; k++) {
        struct an_str again;

        shuffle(order, s.n, &r);
        again = known(&s, order, &keep);
        test_assert_str(__FILE__, __LINE__, again, first);
    }
    an_arena_free(&keep);
}
END_TEST

Suite *consult_stream_suite(void)
{
    Suite *suite = suite_create("consult/stream");
    TCase *tc = tcase_create("orders");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, in_any_order_the_record_is_the_same, 0, SEEDS);
    suite_add_tcase(suite, tc);
    return suite;
}
