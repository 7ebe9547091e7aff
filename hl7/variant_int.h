/* SPDX-License-Identifier: Apache-2.0 */
/* Genetic variants of a report, private to this folder.
 *
 * A report says a variant as a group of OBX that share OBX-4: the gene, the
 * change of the DNA, of the protein, what it means (HL7 v2.5.1 Clinical
 * Genomics, LOINC panels 55207-1 and 81250-3).  Each of them is an observation;
 * one more is the variant itself: its concept is the change (ClinVar, HGVS, or
 * the words "GJB2 c.35delG"), its value what it means.  Of the ways to say the
 * change the first of config/tables/hl7-variants.tsv that the group has is
 * taken.  A group that says "absent", "no call" or "indeterminate" has none. */
#ifndef HL7_VARIANT_INT_H
#define HL7_VARIANT_INT_H

#include "hl7/reader_int.h"

/* Look for variants in the OBX segments [from, end). */
enum an_code hl7_find_variants(struct hl7_reader *r, size_t from, size_t end);

/* The OBX says the change of a variant that was found; `e` is its observation.
 * Makes *variant of it; false when it is none. */
bool hl7_is_variant(const struct hl7_reader *r, size_t obx);
enum an_code hl7_variant(struct hl7_reader *r, size_t obx,
                         const struct ctx_event *e, struct ctx_event *variant);

#endif
