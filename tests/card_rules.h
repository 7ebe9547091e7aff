/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every answer of ours to a CDS Hooks call: the published
 * invariants (cds-resp-1 to 7 of the specification's source), its other "must",
 * and ours: never critical, never a system action, an id on each.
 *
 * Thread-safety: immutable. */
#ifndef TESTS_CARD_RULES_H
#define TESTS_CARD_RULES_H

#include "base/json.h"

/* NULL, or the rule that is broken. */
const char *card_rule_broken(const struct an_json *answer);

#endif
