/* SPDX-License-Identifier: Apache-2.0 */
/* A store in which something is said of patients, and what is left of that. */
#ifndef TESTS_CLOSING_HELP_H
#define TESTS_CLOSING_HELP_H

#include "plugin/store/conclude.h"
#include "plugin/store/outgoing.h"
#include "tests/store_help.h"

/* Of the test that runs. */
extern struct test_store closing_store;

struct ctx_identifier closing_numbered(unsigned patient);
/* The n-th message of a patient, its first event labelled. */
struct pl_receipt closing_put(uint64_t n, unsigned patient, unsigned labels);
/* That of the last closing, for who reads now. */
int64_t closing_number(unsigned patient);
/* A risk of the patient and its delivery, made of what closing_number was. */
struct pl_conclude_receipt closing_say(unsigned patient, int64_t closings);
struct pl_outgoing closing_counts(void);
/* How much is current, and what the first of it needs. */
size_t closing_current(unsigned patient, unsigned *needs);
/* Triggers that wait for PL_REASON_CLOSING, and whom the last is about. */
size_t closing_asked(struct an_str *whom);

/* A claim said so many seconds after the epoch; of a visit, which is V2 then:
 * of V1, where it is not given. */
struct pl_receipt closing_claim_as(const char *bytes, enum ctx_claim_kind kind,
                                   unsigned kept, unsigned other, int64_t s,
                                   const char *visit);
struct pl_receipt closing_claim_at(const char *bytes, enum ctx_claim_kind kind,
                                   unsigned kept, unsigned other, int64_t s);
struct pl_receipt closing_claim(const char *bytes, enum ctx_claim_kind kind,
                                unsigned kept, unsigned other);

#endif
