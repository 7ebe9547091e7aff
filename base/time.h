/* SPDX-License-Identifier: Apache-2.0 */
/* Moments with the precision they were said in.
 *
 * HL7 v2 says 2024, 202403 or 20240305081502.123-0500; FHIR says 2024,
 * 2024-03 or 2024-03-05T08:15:02.123-05:00.  Both become UTC microseconds
 * (the start of the period that was named), the offset, and the precision, so
 * that the same moment can be said again exactly as precisely as it was heard.
 * Of a local time that came twice (clocks set back) the first is meant; one that
 * never was (set forward) counts on from before the change.
 * Years 0001 to 9999, proleptic Gregorian (HL7 v2.5.1 2.A.22, FHIR R4 2.24).
 *
 * Thread-safety: immutable.  Nothing here reads a clock or the environment. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/str.h"

enum an_precision {
    AN_TIME_NONE, /* no moment: the rest of the struct means nothing */
    AN_TIME_YEAR,
    AN_TIME_MONTH,
    AN_TIME_DAY,
    AN_TIME_HOUR,
    AN_TIME_MINUTE,
    AN_TIME_SECOND,
    AN_TIME_FRACTION
};

struct an_time {
    int64_t us;         /* UTC, from 1970-01-01T00:00Z */
    int16_t offset_min; /* of the local time it was said in, east positive */
    uint8_t precision;  /* enum an_precision */
    uint8_t assumed;    /* 1: no offset was said, offset_min is the zone's */
};

/* The zone of a sender that says none: one offset, or one that changes.  The
 * shifts are the caller's (plugin/zone.h makes them from a zone's name), in
 * order of time. */
struct an_shift {
    int64_t at_us; /* UTC; from here on */
    int16_t offset_min;
};
struct an_zone {
    int16_t offset_min; /* before the first shift */
    const struct an_shift *shift;
    size_t n_shifts;
};

/* The offset at a moment. */
int16_t an_zone_offset(const struct an_zone *zone, int64_t us);

struct an_civil {
    int32_t year;
    uint8_t month, day, hour, minute, second;
    uint32_t us;
};

#define AN_US_PER_DAY INT64_C(86400000000)

enum { AN_TIME_TEXT_BYTES = 40 };

/* All of s is a moment, in HL7's form or in FHIR's; blanks at the ends are
 * passed over.  False (and *t is no moment) when s is anything else, out of
 * range, or names a day that does not exist.  A leap second counts as the
 * second before it. */
bool an_time_hl7(struct an_str s, const struct an_zone *zone,
                 struct an_time *t);
bool an_time_fhir(struct an_str s, const struct an_zone *zone,
                  struct an_time *t);

/* A moment said to the microsecond, in UTC. */
struct an_time an_time_us(int64_t us);

/* As it was said; microseconds lose their trailing zeros.  FHIR has no hour
 * precision, so an hour prints with minutes and seconds 00; HL7 prints the
 * offset unless it was assumed.  Returns the length; "" for no moment. */
size_t an_time_print_fhir(struct an_time t, char buf[AN_TIME_TEXT_BYTES]);
size_t an_time_print_hl7(struct an_time t, char buf[AN_TIME_TEXT_BYTES]);
/* Always to the millisecond in UTC: FHIR's `instant`. */
size_t an_time_print_instant(int64_t us, char buf[AN_TIME_TEXT_BYTES]);
/* The day alone, at its own offset: "2024-03-05" or less. */
size_t an_time_print_date(struct an_time t, char buf[AN_TIME_TEXT_BYTES]);

/* The parts at the given offset. */
struct an_civil an_civil_from_us(int64_t us, int16_t offset_min);

/* Whole years from birth to then, by the calendar; 0 if then is before. */
int32_t an_age_years(struct an_time birth, struct an_time then);

#endif
