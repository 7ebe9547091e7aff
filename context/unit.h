/* SPDX-License-Identifier: Apache-2.0 */
/* Units: as senders spell them, in UCUM, and what can be compared with what.
 *
 *     unit = ctx_unit_ucum(AN_STR("10^3/uL"));           -- "10*3/uL"
 *     ctx_unit_convert(135, AN_STR("g/L"), AN_STR("g/dL"), &v);    -- 13.5
 *
 * The rule.  An event keeps what was said: the literal, the nearest double of
 * that literal, and the sender's unit in UCUM's spelling; nothing that is
 * stored is ever converted, so no rounding and no change of a table can alter a
 * record.  Whoever compares two values converts when it compares: by
 * ctx_unit_canonical to one unit for each quantity, or by ctx_unit_convert to
 * the unit that it knows.  The runtime converts to the unit that the model was
 * trained in, the trainer to the unit that the training data says most often of
 * a concept, both by these functions, so that they agree.
 *
 * What units alone cannot tell is not converted: moles and mass (that takes the
 * analyte: config/tables/concepts.tsv), equivalents, [IU].
 *
 * Spellings: config/tables/units.tsv.  Factors: config/tables/measures.tsv.
 *
 * Thread-safety: immutable.  Ownership: what comes out is static, or the view
 * that was passed in. */
#ifndef CONTEXT_UNIT_H
#define CONTEXT_UNIT_H

#include "base/str.h"

/* The same unit in UCUM; NULL in p when the table does not have it. */
struct an_str ctx_unit_known(struct an_str sent);
/* The same, and `sent` itself when the table does not have it. */
struct an_str ctx_unit_ucum(struct an_str sent);

/* The value in the one unit that its quantity is compared in.  False, and
 * nothing changed, for a unit that the table does not have. */
bool ctx_unit_canonical(double value, struct an_str unit, double *out,
                        struct an_str *canonical);

/* The value in another unit of the same quantity; equal units change nothing.
 * False, and nothing changed, when there is no such factor. */
bool ctx_unit_convert(double value, struct an_str from, struct an_str to,
                      double *out);

/* Whether ctx_unit_convert would. */
bool ctx_unit_alike(struct an_str a, struct an_str b);

#endif
