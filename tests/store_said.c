/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store_said.h"

#include "plugin/store/reader_int.h"
#include "tests/suite.h"

#include <stdio.h>

static struct test_store *t;

void test_said_in(struct test_store *store)
{
    t = store;
}

/* ---- what is said ----------------------------------------------------------- */

struct an_str test_text(const char *before, uint64_t n)
{
    char room[64];
    struct an_str copy;

    (void)snprintf(room, sizeof(room), "%s%llu", before, (unsigned long long)n);
    ck_assert(an_arena_str(&t->arena, an_str_c(room), &copy));
    return copy;
}

struct an_str test_fact(uint64_t resource)
{
    return test_text("urn:fhir:Observation/", resource);
}

struct ctx_identifier test_patient(uint64_t patient)
{
    return (struct ctx_identifier){AN_STR("GENHOSP"), test_text("M", patient),
                                   AN_STR("MR")};
}

int64_t test_hour(int h)
{
    return TEST_EPOCH_US + h * INT64_C(3600000000);
}

struct ctx_event test_version_event(struct an_str fact, int64_t said_us,
                                    int value)
{
    return (struct ctx_event){
        .kind = CTX_OBSERVATION,
        .status =
            (uint8_t)(value ? CTX_STATUS_FINAL : CTX_STATUS_ENTERED_IN_ERROR),
        .concept = {AN_STR("http://loinc.org"), AN_STR("2160-0"), AN_STR("")},
        .value = {.kind = CTX_VALUE_TEXT,
                  .text = test_text("", (uint64_t)value)},
        .available_us = said_us,
        .said_us = said_us,
        .fact = fact,
        .place = AN_STR("/entry/0")};
}

struct pl_intake test_said(const struct ctx_identifier *patient,
                           struct ctx_event *event, size_t n)
{
    struct ctx_part *part = an_arena_get(&t->arena, 1, sizeof(*part));
    struct ctx_reading *reading = an_arena_get(&t->arena, 1, sizeof(*reading));
    struct pl_source from = {.format = PL_FORMAT_FHIR,
                             .reading = reading,
                             .feed = AN_STR("fhir"),
                             .received_us = TEST_EPOCH_US};
    char room[256];
    struct pl_intake in;

    ck_assert(part && reading);
    (void)snprintf(room, sizeof(room), "{%.*s %.*s %lld %.*s %zu}",
                   AN_STR_ARG(patient->value), AN_STR_ARG(event[0].fact),
                   (long long)event[0].said_us, AN_STR_ARG(event[0].value.text),
                   n);
    ck_assert(an_arena_str(&t->arena, an_str_c(room), &from.bytes));
    *part = (struct ctx_part){*patient, event, n};
    *reading = (struct ctx_reading){
        .part = part, .n_parts = 1, .kind = AN_STR("Observation")};
    ck_assert_int_eq(pl_intake_make(&t->arena, &from, &in, NULL), AN_OK);
    return in;
}

struct pl_intake test_version(uint64_t resource, uint64_t patient,
                              int64_t said_us, int value)
{
    struct ctx_identifier who = test_patient(patient);
    struct ctx_event *e = an_arena_get(&t->arena, 1, sizeof(*e));

    ck_assert_ptr_nonnull(e);
    *e = test_version_event(test_fact(resource), said_us, value);
    return test_said(&who, e, 1);
}

void test_say(uint64_t resource, uint64_t patient, int64_t said_us, int value)
{
    struct pl_intake in = test_version(resource, patient, said_us, value);

    (void)test_put(t, &in);
}

void test_delete(uint64_t resource, int64_t at_us)
{
    struct pl_deleted d = {.fact = test_fact(resource), .at_us = at_us};

    ck_assert_int_eq(pl_store_deleted(t->store, &d, 1, NULL), AN_OK);
}

size_t test_settle(void)
{
    struct pl_withdrawal w;
    enum an_code code;
    size_t n = 0;

    while ((code = pl_withdrawal_next(t->reader, &t->arena, 0, &w, NULL)) ==
           AN_OK) {
        struct pl_receipt r = {.duplicate = true};

        if (w.n) {
            struct ctx_event *e = an_arena_get(&t->arena, w.n, sizeof(*e));
            struct pl_intake in;

            ck_assert_ptr_nonnull(e);
            for (size_t i = 0; i < w.n; i++) {
                e[i] = test_version_event(w.deleted[i].fact, w.deleted[i].at_us,
                                          0);
                if (an_str_starts(e[i].fact, AN_STR("urn:fhir:Consent/")))
                    e[i].kind = CTX_CONSENT;
            }
            in = test_said(&w.patient, e, w.n);
            r = test_put(t, &in);
            ck_assert(!r.duplicate);
        }
        n += w.n;
        ck_assert_int_eq(pl_store_withdrawn(t->store, &w, r.duplicate, NULL),
                         AN_OK);
    }
    ck_assert_int_eq(code, AN_NOTFOUND);
    return n;
}

struct pl_resource_there test_there(uint64_t resource, int64_t until_us)
{
    struct pl_resource_there found;

    ck_assert_int_eq(pl_resource_find(t->reader, &t->arena, test_fact(resource),
                                      until_us, &found, NULL),
                     AN_OK);
    return found;
}

int64_t test_number(const char *sql)
{
    int64_t n = -1;

    ck_assert_int_eq(pl_db_number(&t->reader->db, sql, &n, NULL), AN_OK);
    return n;
}

uint64_t test_values(uint64_t patient, int64_t as_of_us)
{
    struct ctx_identifier who = test_patient(patient);
    struct pl_history h;
    uint64_t all = 0;

    ck_assert_int_eq(pl_history(t->reader, &t->arena, &who, as_of_us, &h, NULL),
                     AN_OK);
    for (size_t i = 0; i < h.timeline.n_events; i++)
        all = all * 10 + (uint64_t)(h.timeline.event[i]->value.text.p[0] - '0');
    return all;
}
