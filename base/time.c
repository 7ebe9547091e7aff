/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

enum { MINUTES_PER_DAY = 1440, LARGEST_OFFSET_MIN = 14 * 60 };

#define US_PER_MINUTE INT64_C(60000000)

/* What stands before each part, 0 for nothing. */
static const char before_fhir[6] = {0, '-', '-', 'T', ':', ':'};
static const char before_hl7[6] = {0};

/* Days from 1970-01-01 by counting 400-year eras that start on 1 March, so
 * that the leap day is the last of its year. */
static int64_t days_from_civil(int32_t year, int month, int day)
{
    int32_t y = year - (month <= 2);
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t of_era = y - era * 400;
    int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
           of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct an_civil an_civil_from_us(int64_t us, int16_t offset_min)
{
    int64_t local = us + offset_min * US_PER_MINUTE;
    int64_t days = floor_div(local, AN_US_PER_DAY);
    int64_t rest = local - days * AN_US_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t y =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    return (struct an_civil){
        .year = (int32_t)(y + era * 400 + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(of_year - (153 * mp + 2) / 5 + 1),
        .hour = (uint8_t)(rest / (60 * US_PER_MINUTE)),
        .minute = (uint8_t)(rest / US_PER_MINUTE % 60),
        .second = (uint8_t)(rest / 1000000 % 60),
        .us = (uint32_t)(rest % 1000000),
    };
}

static int month_days(int32_t year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Reading ---------------------------------------------------------------- */

/* What is being read: the bytes left and the parts found so far. */
struct reader {
    struct an_str rest;
    int32_t part[6]; /* year, month, day, hour, minute, second */
    int n_parts;
    uint32_t us;
    bool fraction, zoned;
    int32_t offset_min;
};

static bool digits(struct reader *r, int n, int32_t *out)
{
    int32_t v = 0;

    if (r->rest.n < (size_t)n)
        return false;
    for (int i = 0; i < n; i++) {
        char c = r->rest.p[i];

        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    r->rest = an_str_sub(r->rest, (size_t)n, r->rest.n);
    *out = v;
    return true;
}

static bool take(struct reader *r, char c)
{
    if (r->rest.n == 0 || r->rest.p[0] != c)
        return false;
    r->rest = an_str_sub(r->rest, 1, r->rest.n);
    return true;
}

static bool digit_next(const struct reader *r)
{
    return r->rest.n > 0 && r->rest.p[0] >= '0' && r->rest.p[0] <= '9';
}

/* ".123456789": microseconds, the rest cut. */
static bool fraction(struct reader *r)
{
    uint32_t scale = 100000;

    if (!digit_next(r))
        return false;
    while (digit_next(r)) {
        r->us += (uint32_t)(r->rest.p[0] - '0') * scale;
        scale /= 10;
        r->rest = an_str_sub(r->rest, 1, r->rest.n);
    }
    r->fraction = true;
    return true;
}

/* "+0100", "+01:00" or "Z". */
static bool offset(struct reader *r, bool colon)
{
    int32_t hours, minutes, sign;

    if (colon && take(r, 'Z')) {
        r->zoned = true;
        return true;
    }
    if (take(r, '+'))
        sign = 1;
    else if (take(r, '-'))
        sign = -1;
    else
        return false;
    if (!digits(r, 2, &hours) || (colon && !take(r, ':')) ||
        !digits(r, 2, &minutes) || minutes > 59)
        return false;
    r->offset_min = sign * (hours * 60 + minutes);
    r->zoned = true;
    return r->offset_min >= -LARGEST_OFFSET_MIN &&
           r->offset_min <= LARGEST_OFFSET_MIN;
}

static bool exists(const int32_t part[6], int32_t month, int32_t day)
{
    return part[0] >= 1 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(part[0], month) && part[3] <= 23 &&
           part[4] <= 59 && part[5] <= 60;
}

int16_t an_zone_offset(const struct an_zone *zone, int64_t us)
{
    size_t low = 0, high = zone->n_shifts;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->shift[middle].at_us <= us)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? zone->shift[low - 1].offset_min : zone->offset_min;
}

/* The offset of a local time that says none: that before a change holds until
 * the clocks show a time that they had not shown by then. */
static int32_t local_offset(const struct an_zone *zone, int64_t local_us)
{
    size_t low = 0, high = zone->n_shifts;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int16_t before =
            middle ? zone->shift[middle - 1].offset_min : zone->offset_min;
        int16_t after = zone->shift[middle].offset_min;
        int16_t later = before > after ? before : after;

        if (zone->shift[middle].at_us + later * US_PER_MINUTE <= local_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? zone->shift[low - 1].offset_min : zone->offset_min;
}

static bool finish(struct reader *r, const struct an_zone *zone,
                   struct an_time *t)
{
    int32_t month = r->n_parts > 1 ? r->part[1] : 1;
    int32_t day = r->n_parts > 2 ? r->part[2] : 1;
    int64_t local_us;

    if (r->rest.n != 0 || !exists(r->part, month, day))
        return false;
    if (r->part[5] == 60)
        r->part[5] = 59;
    local_us =
        days_from_civil(r->part[0], month, day) * AN_US_PER_DAY +
        ((r->part[3] * 60 + r->part[4]) * INT64_C(60) + r->part[5]) * 1000000 +
        r->us;
    if (!r->zoned)
        r->offset_min = zone ? local_offset(zone, local_us) : 0;
    t->us = local_us - r->offset_min * US_PER_MINUTE;
    t->offset_min = (int16_t)r->offset_min;
    t->precision =
        (uint8_t)(r->fraction ? AN_TIME_FRACTION : AN_TIME_NONE + r->n_parts);
    t->assumed = !r->zoned;
    return true;
}

bool an_time_hl7(struct an_str s, const struct an_zone *zone, struct an_time *t)
{
    struct reader r = {.rest = an_str_trim(s)};

    *t = (struct an_time){0};
    if (!digits(&r, 4, &r.part[0]))
        return false;
    r.n_parts = 1;
    while (r.n_parts < 6 && digit_next(&r)) {
        if (!digits(&r, 2, &r.part[r.n_parts]))
            return false;
        r.n_parts++;
    }
    if (r.n_parts == 6 && take(&r, '.') && !fraction(&r))
        return false;
    if (r.rest.n > 0 && !offset(&r, false))
        return false;
    return finish(&r, zone, t);
}

bool an_time_fhir(struct an_str s, const struct an_zone *zone,
                  struct an_time *t)
{
    struct reader r = {.rest = an_str_trim(s)};

    *t = (struct an_time){0};
    if (!digits(&r, 4, &r.part[0]))
        return false;
    for (r.n_parts = 1; r.n_parts < 6; r.n_parts++) {
        if (!take(&r, before_fhir[r.n_parts]))
            break;
        if (!digits(&r, 2, &r.part[r.n_parts]))
            return false;
    }
    if (r.n_parts == 4) /* hours need minutes */
        return false;
    if (r.n_parts == 6 && take(&r, '.') && !fraction(&r))
        return false;
    if (r.n_parts >= 5 && r.rest.n > 0 && !offset(&r, true))
        return false;
    return finish(&r, zone, t);
}

struct an_time an_time_us(int64_t us)
{
    return (struct an_time){.us = us, .precision = AN_TIME_FRACTION};
}

/* Printing --------------------------------------------------------------- */

static size_t put_digits(int v, int digits, char *buf)
{
    for (int i = digits - 1; i >= 0; i--) {
        buf[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return (size_t)digits;
}

/* Three digits of a second or, if they are not enough, up to six. */
static size_t put_fraction(uint32_t us, char *buf)
{
    size_t n = 1 + put_digits((int)us, 6, buf + 1);

    buf[0] = '.';
    while (n > 4 && buf[n - 1] == '0')
        n--;
    return n;
}

/* The parts up to n_parts, with what stands before each (0: nothing). */
static size_t print(struct an_time t, int n_parts, const char before[6],
                    char *buf)
{
    struct an_civil c = an_civil_from_us(t.us, t.offset_min);
    int part[6] = {c.year, c.month, c.day, c.hour, c.minute, c.second};
    size_t n = 0;

    for (int i = 0; i < n_parts; i++) {
        if (before[i])
            buf[n++] = before[i];
        n += put_digits(part[i], i == 0 ? 4 : 2, buf + n);
    }
    if (t.precision == AN_TIME_FRACTION)
        n += put_fraction(c.us, buf + n);
    return n;
}

static size_t print_offset(int offset_min, bool colon, char *buf)
{
    int at = offset_min < 0 ? -offset_min : offset_min;
    size_t n = 0;

    buf[n++] = offset_min < 0 ? '-' : '+';
    n += put_digits(at / 60, 2, buf + n);
    if (colon)
        buf[n++] = ':';
    return n + put_digits(at % 60, 2, buf + n);
}

size_t an_time_print_fhir(struct an_time t, char buf[AN_TIME_TEXT_BYTES])
{
    int n_parts = t.precision > AN_TIME_DAY ? 6 : t.precision;
    size_t n = print(t, n_parts, before_fhir, buf);

    if (t.precision > AN_TIME_DAY && t.offset_min == 0)
        buf[n++] = 'Z';
    else if (t.precision > AN_TIME_DAY)
        n += print_offset(t.offset_min, true, buf + n);
    buf[n] = '\0';
    return n;
}

size_t an_time_print_hl7(struct an_time t, char buf[AN_TIME_TEXT_BYTES])
{
    int n_parts = t.precision == AN_TIME_FRACTION ? 6 : t.precision;
    size_t n = print(t, n_parts, before_hl7, buf);

    if (t.precision != AN_TIME_NONE && !t.assumed)
        n += print_offset(t.offset_min, false, buf + n);
    buf[n] = '\0';
    return n;
}

size_t an_time_print_instant(int64_t us, char buf[AN_TIME_TEXT_BYTES])
{
    return an_time_print_fhir(an_time_us(us - (us % 1000 + 1000) % 1000), buf);
}

size_t an_time_print_date(struct an_time t, char buf[AN_TIME_TEXT_BYTES])
{
    if (t.precision > AN_TIME_DAY)
        t.precision = AN_TIME_DAY;
    return an_time_print_fhir(t, buf);
}

int32_t an_age_years(struct an_time birth, struct an_time then)
{
    struct an_civil b = an_civil_from_us(birth.us, birth.offset_min);
    struct an_civil t = an_civil_from_us(then.us, then.offset_min);
    int32_t years = t.year - b.year;

    if (t.month < b.month || (t.month == b.month && t.day < b.day))
        years--;
    return years > 0 ? years : 0;
}
