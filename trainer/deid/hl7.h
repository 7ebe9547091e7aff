/* SPDX-License-Identifier: Apache-2.0 */
/* One HL7v2 message, de-identified.
 *
 *     tr_deid_hl7(&d, arena, bytes, &out, err);
 *
 * A new message is written of what the rows of config/tables/deid-hl7.tsv allow,
 * so that nothing is there because somebody forgot to remove it: MSH|^~\&,
 * segments that have rows, fields at their numbers, each segment ended by CR.
 * A field without components in the rows is its first component.  All that stays
 * is ASCII, so MSH-18 is not needed.
 *
 * Identifiers become the first 20 hexadecimal digits of their pseudonym (MSH-10
 * has room for 20).  A patient's identifier of a type that is no patient number
 * (a social security number, a licence) is dropped.
 *
 * Dates move by the days of the patient: the number that events are filed under
 * (hl7/identify.h), in each PID's part of the message by that PID, before the
 * first PID by the first.  Without one, dates that move are dropped.
 *
 * Values.  NM and SN stay, ST only where it is a number with a unit, coded
 * values as codes, dates as dates.  A number with a unit that is not known is
 * dropped: it would be read as another.  Every other type is dropped.
 *
 * Fails as hl7_read does, or with AN_NOMEM.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef TRAINER_DEID_HL7_H
#define TRAINER_DEID_HL7_H

#include "base/arena.h"
#include "trainer/deid/deid.h"

enum an_code tr_deid_hl7(struct tr_deid *d, struct an_arena *arena,
                         struct an_str bytes, struct an_str *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
