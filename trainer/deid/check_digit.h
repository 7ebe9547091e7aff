/* SPDX-License-Identifier: Apache-2.0 */
/* Check digits of codes: that a number is a code of its system, and not the
 * number of a patient or a telephone, is not said by its digits' count.  One
 * number in ten passes as a LOINC code, six in a thousand as SNOMED CT's.
 *
 * Thread-safety: immutable.  Source: LOINC Users' Guide, appendix on the check
 * digit (modulus 10); SNOMED CT release file specification, SCTID (Verhoeff's
 * dihedral check, partition identifier before it). */
#ifndef TRAINER_DEID_CHECK_DIGIT_H
#define TRAINER_DEID_CHECK_DIGIT_H

#include "base/str.h"

/* "8302-2"; of an answer or a part (LA, LP) nothing is checked. */
bool tr_deid_is_loinc(struct an_str code);
/* "44054006" */
bool tr_deid_is_sctid(struct an_str code);

#endif
