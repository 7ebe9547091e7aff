/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/zone.h"

#include "config/value.h"

#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum {
    NAME_BYTES = 65, /* of the option, and a NUL */
    MS_PER_MINUTE = 60000,
    MOST_SHIFTS = 1024
};

static const double from_ms = -2208988800000.0; /* 1900-01-01 */
static const double until_ms = 4102444800000.0; /* 2100-01-01 */

static int16_t offset_at(UCalendar *calendar, double ms, UErrorCode *status)
{
    int32_t offset_ms;

    ucal_setMillis(calendar, ms, status);
    offset_ms = ucal_get(calendar, UCAL_ZONE_OFFSET, status) +
                ucal_get(calendar, UCAL_DST_OFFSET, status);
    return (int16_t)(offset_ms / MS_PER_MINUTE);
}

/* The next change after *ms; false after the last one that matters. */
static bool next_shift(UCalendar *calendar, double *ms, UErrorCode *status)
{
    double next = *ms;

    ucal_setMillis(calendar, *ms, status);
    if (!ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT,
                                        &next, status) ||
        U_FAILURE(*status) || next > until_ms)
        return false;
    *ms = next;
    return true;
}

static enum an_code read_shifts(struct an_arena *arena, UCalendar *calendar,
                                struct an_zone *zone, struct an_err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    struct an_shift *shift;
    double ms = from_ms;
    size_t n = 0;

    while (n < MOST_SHIFTS && next_shift(calendar, &ms, &status))
        n++;
    shift = an_arena_get(arena, n, sizeof(*shift));
    if (shift == NULL)
        return an_fail_nomem(err);
    zone->offset_min = offset_at(calendar, from_ms, &status);
    zone->shift = shift;
    ms = from_ms;
    while (zone->n_shifts < n && next_shift(calendar, &ms, &status)) {
        shift[zone->n_shifts].at_us = (int64_t)ms * 1000;
        shift[zone->n_shifts].offset_min = offset_at(calendar, ms, &status);
        zone->n_shifts++;
    }
    return U_SUCCESS(status)
               ? AN_OK
               : an_fail(err, AN_INTERNAL, "ICU cannot say this zone", 0);
}

/* ICU takes any name and makes Etc/Unknown of what it does not know. */
static bool is_known(const UChar *name, UErrorCode *status)
{
    UChar canonical[NAME_BYTES];
    UBool is_system = 0;

    (void)ucal_getCanonicalTimeZoneID(name, -1, canonical, NAME_BYTES,
                                      &is_system, status);
    return U_SUCCESS(*status) && is_system;
}

static enum an_code unknown(struct an_err *err)
{
    return an_fail_line(err, AN_CONFIG,
                        "expected a time zone: a name such as Europe/Berlin or "
                        "an offset such as +01:00",
                        "zone", 0, 0);
}

enum an_code pl_zone_make(struct an_arena *arena, struct an_str name,
                          struct an_zone *zone, struct an_err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar wide[NAME_BYTES] = {0};
    UCalendar *calendar = NULL;
    enum an_code rc;

    *zone = (struct an_zone){.offset_min = 0};
    if (cfg_value_zone(name, &zone->offset_min))
        return AN_OK;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] >= 0x80 || i + 1 >= NAME_BYTES)
            return unknown(err);
    u_charsToUChars(name.p, wide, (int32_t)name.n);
    if (is_known(wide, &status))
        calendar = ucal_open(wide, -1, "en_US_POSIX", UCAL_GREGORIAN, &status);
    if (calendar == NULL || U_FAILURE(status)) {
        ucal_close(calendar);
        return unknown(err);
    }
    rc = read_shifts(arena, calendar, zone, err);
    ucal_close(calendar);
    return rc;
}
