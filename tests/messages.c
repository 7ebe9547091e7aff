/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/messages.h"

#include "base/decimal.h"

#include <stdio.h>

static const struct {
    const char *loinc, *local, *name, *unit, *low, *high;
} tests[TEST_RESULTS] = {
    {"718-7", "HGB", "Hemoglobin", "g/dL", "12.0", "16.0"},
    {"4544-3", "HCT", "Hematocrit", "%", "36.0", "46.0"},
    {"6690-2", "WBC", "Leukocytes", "10*3/uL", "4.5", "11.0"},
    {"777-3", "PLT", "Platelets", "10*3/uL", "150", "400"},
    {"2160-0", "CRE", "Creatinine", "mg/dL", "0.60", "1.20"},
};

static struct an_str put(char *p, size_t size, const char *format, uint64_t v)
{
    int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = snprintf(p, size, format, (unsigned long long)v);
#pragma GCC diagnostic pop
    return (struct an_str){p, n > 0 ? (size_t)n : 0};
}

static void say_results(struct test_message *m, uint64_t n, size_t *used)
{
    const int64_t said_us = TEST_EPOCH_US + (int64_t)n * 1000000;

    for (size_t i = 0; i < TEST_RESULTS; i++) {
        struct ctx_event *e = &m->event[i];

        *e = (struct ctx_event){.kind = CTX_OBSERVATION,
                                .status = CTX_STATUS_FINAL};
        e->effective = (struct an_time){said_us - INT64_C(3600000000), 0,
                                        AN_TIME_SECOND, 0};
        e->said_us = e->available_us = said_us;
        e->concept = (struct ctx_code){AN_STR("http://loinc.org"),
                                       an_str_c(tests[i].loinc),
                                       an_str_c(tests[i].name)};
        e->value.kind = CTX_VALUE_QUANTITY;
        e->value.literal =
            put(m->value[i], sizeof(m->value[i]), "%llu.5", (n * 7 + i) % 300);
        an_decimal_parse(e->value.literal, &e->value.number);
        e->value.unit = an_str_c(tests[i].unit);
        e->low = an_str_c(tests[i].low);
        e->high = an_str_c(tests[i].high);
        e->flag = AN_STR("N");
        e->encounter = an_str_c(m->visit);
        (void)snprintf(m->fact[i], sizeof(m->fact[i]), "obx|LAB|F%09llu|%s|1",
                       (unsigned long long)n, tests[i].loinc);
        e->fact = an_str_c(m->fact[i]);
        e->place = put(m->place[i], sizeof(m->place[i]), "OBX[%llu]-5", i + 1);
        *used += (size_t)snprintf(
            m->text + *used, sizeof(m->text) - *used,
            "OBX|%zu|NM|%s^%s^LN^%s^%s^99LAB||%s|%s|%s-%s|N|||F|||"
            "20241105080000+0000|LAB1^North laboratory|%llu^Okafor^Ines|\r",
            i + 1, tests[i].loinc, tests[i].name, tests[i].local, tests[i].name,
            m->value[i], tests[i].unit, tests[i].low, tests[i].high,
            (unsigned long long)(n % 97));
    }
}

static void say_reading(struct test_message *m, uint64_t n)
{
    struct ctx_identifier mrn = {AN_STR("GENHOSP"), an_str_c(m->mrn),
                                 AN_STR("MR")};
    struct ctx_identifier ssn = {AN_STR("STATE"), an_str_c(m->ssn),
                                 AN_STR("SS")};
    const int64_t said_us = TEST_EPOCH_US + (int64_t)n * 1000000;

    m->part = (struct ctx_part){mrn, m->event, TEST_RESULTS};
    m->claim = (struct ctx_claim){
        CTX_CLAIM_SAME,        mrn,        ssn,       said_us, said_us,
        AN_STR("PID[1]-3[2]"), AN_STR(""), AN_STR("")};
    /* Always the same, in two states, less often than the segment. */
    static const struct ctx_field pid[] = {
        {.number = 3, .n = {[CTX_FIELD_MAPPED] = 1}},
        {.number = 5, .n = {[CTX_FIELD_UNUSED] = 1}}};
    static const struct ctx_field obx[] = {
        {.number = 3, .n = {[CTX_FIELD_MAPPED] = 3, [CTX_FIELD_ODD] = 2}},
        {.number = 5, .n = {[CTX_FIELD_MAPPED] = TEST_RESULTS}},
        {.number = 6, .n = {[CTX_FIELD_TEXT] = 1}},
        {.name = AN_STR_INIT("valueString"), .n = {[CTX_FIELD_TEXT] = 2}}};

    m->account[0] = (struct ctx_account){AN_STR("PID"), 1, 1, pid, 2};
    m->account[1] =
        (struct ctx_account){AN_STR("OBX"), TEST_RESULTS, TEST_RESULTS, obx, 4};
    m->account[2] = (struct ctx_account){.name = AN_STR("ZXX"), .n_seen = 1};
    m->reading = (struct ctx_reading){.kind = AN_STR("ORU^R01"),
                                      .sender = AN_STR("LAB|NORTH"),
                                      .control_id = an_str_c(m->control),
                                      .said_us = said_us,
                                      .part = &m->part,
                                      .n_parts = 1,
                                      .claim = &m->claim,
                                      .n_claims = 1,
                                      .account = m->account,
                                      .n_accounts = 3};
}

void test_message(struct test_message *m, uint64_t n, uint64_t patient)
{
    size_t used;

    put(m->control, sizeof(m->control), "C%09llu", n);
    put(m->mrn, sizeof(m->mrn), "M%07llu", patient);
    put(m->ssn, sizeof(m->ssn), "900-%06llu", patient);
    put(m->visit, sizeof(m->visit), "GENHOSP|V%07llu", patient);
    used = (size_t)snprintf(
        m->text, sizeof(m->text),
        "MSH|^~\\&|LAB|NORTH|EHR|GENHOSP|20241105080000||ORU^R01^ORU_R01|%s|P|"
        "2.5.1\rPID|1||%s^^^GENHOSP^MR~%s^^^STATE^SS||Testperson^Nr%llu^Q||"
        "19%02llu0215|F|||12 Invented Lane^^Nowhere^ZZ^00000\rPV1|1|I|"
        "WEST^%llu^1|||||||MED||||||||V%07llu\rORC|RE|P%09llu|F%09llu\rOBR|1|"
        "P%09llu|F%09llu|58410-2^Blood panel^LN|||20241105070000+0000\r",
        m->control, m->mrn, m->ssn, (unsigned long long)patient,
        (unsigned long long)(patient % 80 + 10),
        (unsigned long long)(patient % 40), (unsigned long long)patient,
        (unsigned long long)n, (unsigned long long)n, (unsigned long long)n,
        (unsigned long long)n);
    say_results(m, n, &used);
    m->bytes = (struct an_str){m->text, used};
    say_reading(m, n);
}
