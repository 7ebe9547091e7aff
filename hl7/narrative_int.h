/* SPDX-License-Identifier: Apache-2.0 */
/* The text of reports and documents, private to this folder.
 *
 * Radiology, pathology, cardiology and microbiology say their text a line or a
 * section an OBX (HL7 v2.5.1 7.4.2), so it is only a text once it is joined.
 * An OBX below an OBR is a line of it, and no observation of its own, when
 *
 * - it has no code, or config/tables/hl7-narrative.tsv has its code (LOINC) or
 *   its suffix (IMP of "71020&IMP");
 * - its code stands at more lines of the same moment: local codes for all text
 *   (TX, FT) and, with the same OBX-4, for strings (ST); LOINC codes for text
 *   with the same OBX-4;
 * - it is text of some length, or encapsulated text; under the OBR's own
 *   code a sentence is enough, and anything beside sections with a suffix.
 *
 * A string that is a number, and text with a unit or a reference range, stays an
 * observation, as all coded and numeric values do.  A section whose code is not the OBR's begins
 * with its heading on a line of its own; encapsulated data that is no text
 * leaves a note of its type and size: "[application/pdf, 48213 bytes]".
 * Withdrawn lines are left out.  A text over HL7_TEXT_BYTES is cut, with a
 * warning. */
#ifndef HL7_NARRATIVE_INT_H
#define HL7_NARRATIVE_INT_H

#include "hl7/reader_int.h"

enum { HL7_TEXT_BYTES = 256 << 10 };

/* Where the results of the OBR at `obr` end. */
size_t hl7_report_end(const struct hl7_reader *r, size_t obr);

/* The text below the OBR at `obr`, none when there is none.  *addendum: all of
 * it is in sections with the suffix ADT. */
enum an_code hl7_report_text(struct hl7_reader *r, size_t obr,
                             struct ctx_value *value, bool *addendum);

/* The text of all OBX below the TXA at `txa`. */
enum an_code hl7_document_text(struct hl7_reader *r, size_t txa,
                               struct ctx_value *value);

/* The OBX is a line of a report or document that was read. */
bool hl7_is_narrative(const struct hl7_reader *r, size_t obx);

#endif
