/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/closing_help.h"

#include "tests/suite.h"

#include <stdio.h>

struct test_store closing_store;

struct ctx_identifier closing_numbered(unsigned patient)
{
    char mrn[16];
    struct ctx_identifier id = {.authority = AN_STR("GENHOSP"),
                                .type = AN_STR("MR")};

    (void)snprintf(mrn, sizeof(mrn), "M%07u", patient);
    ck_assert(an_arena_str(&closing_store.arena, an_str_c(mrn), &id.value));
    return id;
}

struct pl_receipt closing_put(uint64_t n, unsigned patient, unsigned labels)
{
    struct test_message *m = an_arena_get(&closing_store.arena, 1, sizeof(*m));
    struct pl_intake in;

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    m->event[0].labels = (uint16_t)labels;
    in = test_intake_of(&closing_store, m->bytes, &m->reading);
    return test_put(&closing_store, &in);
}

int64_t closing_number(unsigned patient)
{
    struct ctx_identifier who = closing_numbered(patient);
    struct pl_history h;

    ck_assert_int_eq(pl_history(closing_store.reader, &closing_store.arena,
                                &who, CTX_AS_OF_ALL, &h, NULL),
                     AN_OK);
    return h.closings;
}

struct pl_conclude_receipt closing_say(unsigned patient, int64_t closings)
{
    char text[] = "00000000-1111-5111-8111-111111111111";
    struct ctx_suggestion what = test_risk();
    struct pl_saying said = {.what = &what, .stage = CFG_LIVE};
    struct pl_delivery delivery = {.payload = AN_STR("{\"to\":\"carer\"}")};
    struct pl_conclusion c = {.patient = closing_numbered(patient),
                              .now_us = TEST_EPOCH_US,
                              .closings = closings,
                              .said = &said,
                              .n_said = 1,
                              .delivery = &delivery,
                              .n_deliveries = 1};
    struct pl_conclude_receipt r;

    text[0] = (char)('0' + patient);
    said.resource = an_str_c(text);
    ck_assert_int_eq(
        pl_suggestion_detail(&closing_store.arena, &what, &said.detail, NULL),
        AN_OK);
    ck_assert_int_eq(pl_store_conclude(closing_store.store, &c, 1, &r, NULL),
                     AN_OK);
    return r;
}

struct pl_outgoing closing_counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(closing_store.reader, &out, NULL), AN_OK);
    return out;
}

size_t closing_current(unsigned patient, unsigned *needs)
{
    const struct ctx_identifier who = closing_numbered(patient);
    const struct pl_suggestion *list;
    size_t n;

    ck_assert_int_eq(pl_suggestions(closing_store.reader, &closing_store.arena,
                                    &who, 0, 100, &list, &n, NULL),
                     AN_OK);
    *needs = n ? list[0].needs : 0;
    return n;
}

size_t closing_asked(struct an_str *whom)
{
    const struct pl_trigger *list;
    size_t n, kept = 0;

    ck_assert_int_eq(pl_triggers(closing_store.reader, &closing_store.arena, 0,
                                 100, &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        if (list[i].reason == PL_REASON_CLOSING) {
            *whom = list[i].patient.value;
            kept++;
        }
    return kept;
}

struct pl_receipt closing_claim_as(const char *bytes, enum ctx_claim_kind kind,
                                   unsigned kept, unsigned other, int64_t s,
                                   const char *visit)
{
    struct ctx_claim c = {.kind = (uint8_t)kind,
                          .current = closing_numbered(kept),
                          .prior = closing_numbered(other),
                          .said_us = TEST_EPOCH_US + s * 1000000,
                          .available_us = TEST_EPOCH_US + s * 1000000};
    struct ctx_reading reading = {.kind = AN_STR("ADT^A40"),
                                  .said_us = c.said_us,
                                  .claim = &c,
                                  .n_claims = 1};
    struct pl_intake in;

    if (kind == CTX_CLAIM_VISIT) {
        c.visit = AN_STR("GENHOSP|V2");
        c.prior_visit = an_str_c(visit);
    }
    in = test_intake_of(&closing_store, an_str_c(bytes), &reading);
    return test_put(&closing_store, &in);
}

struct pl_receipt closing_claim_at(const char *bytes, enum ctx_claim_kind kind,
                                   unsigned kept, unsigned other, int64_t s)
{
    return closing_claim_as(bytes, kind, kept, other, s, "GENHOSP|V1");
}

struct pl_receipt closing_claim(const char *bytes, enum ctx_claim_kind kind,
                                unsigned kept, unsigned other)
{
    return closing_claim_at(bytes, kind, kept, other, 1);
}
