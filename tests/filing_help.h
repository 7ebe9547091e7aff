/* SPDX-License-Identifier: Apache-2.0 */
/* A store, a receiver and the thread between them.  All of it ends the test where
 * it fails. */
#ifndef TESTS_FILING_HELP_H
#define TESTS_FILING_HELP_H

#include "plugin/filing/filer.h"
#include "plugin/trust/stage.h"
#include "tests/mllp_receiver.h"
#include "tests/store_help.h"

extern struct test_store filing_store;
extern struct pl_policy filing_policy; /* live, of an evaluated model */

void filing_set_up(void);
void filing_tear_down(void);

/* A complete conclusion about patient `who`: `n` risks, each for the reader, with
 * these words; resource 0, 1 ... of that patient.  0 says nothing any more. */
void filing_say(const char *who, unsigned audience, const char *words,
                size_t n);
struct pl_filer *filing_start(uint16_t port);
struct pl_outgoing filing_counts(void);
/* Until no row waits; false after ten seconds. */
bool filing_wait(void);
/* Field `field` of the first segment of that name in message i, as it stands. */
void filing_field(size_t i, const char *segment, size_t field, char out[256]);

#endif
