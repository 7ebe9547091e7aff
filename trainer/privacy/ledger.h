/* SPDX-License-Identifier: Apache-2.0 */
/* The file that says how many steps a private fit has paid for, written before
 * they are taken: a run that was killed took some that no checkpoint has, with
 * noise that its successor does not draw again, and they count as well.
 *
 * It is bound to one cohort and one set of settings by the fit's fingerprint.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_PRIVACY_LEDGER_H
#define TRAINER_PRIVACY_LEDGER_H

#include "base/hash.h"

/* Steps that are paid for at once; a killed run loses at most as many. */
enum { TR_LEDGER_AHEAD = 16 };

enum an_code tr_ledger_write(const char *path, const struct an_sha256 *fit,
                             int64_t steps, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_NOTFOUND without a file, AN_CONFLICT when it is of another fit,
 * AN_INTEGRITY when it does not read. */
enum an_code tr_ledger_read(const char *path, const struct an_sha256 *fit,
                            int64_t *steps, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
