/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/feeds_int.h"

#include <math.h>

static const double usual_share = 0.99;
static const int64_t us_per_s = 1000000;

/* Hours of local time; Saturday and Sunday are weekend. */
static unsigned cell_of(const struct an_zone *zone, int64_t us,
                        int64_t *hour_end_us)
{
    int64_t offset_us = (int64_t)an_zone_offset(zone, us) * 60 * us_per_s;
    int64_t local = us + offset_us, hour_us = 3600 * us_per_s;
    int64_t hours = local / hour_us - (local % hour_us < 0);
    int64_t days = hours / 24 - (hours % 24 < 0);
    int64_t weekday = ((days + 4) % 7 + 7) % 7; /* 1970-01-01: Thursday */

    *hour_end_us = (hours + 1) * hour_us - offset_us;
    return (unsigned)(hours - days * 24) +
           (weekday == 0 || weekday == 6 ? 24U : 0U);
}

/* The upper end of a bucket, in seconds. */
static double end_s(unsigned bucket)
{
    return exp2((bucket + 1) / 2.0);
}

static unsigned bucket_of(double age_s)
{
    double b = age_s > 1 ? floor(2 * log2(age_s)) : 0;

    return b < PL_USUAL_BUCKETS - 1 ? (unsigned)b : PL_USUAL_BUCKETS - 1;
}

/* In pieces that end where an hour or a bucket does. */
void pl_usual_add(struct pl_usual *u, const struct an_zone *zone,
                  int64_t until_us, int64_t silence_us)
{
    int64_t longest_us = PL_USUAL_LONGEST_S * us_per_s, from_us, at_us;

    if (silence_us <= 0)
        return;
    from_us = until_us - silence_us;
    if (silence_us > longest_us)
        until_us = from_us + longest_us;
    for (at_us = from_us; at_us < until_us;) {
        double age_s = (double)(at_us - from_us) / (double)us_per_s;
        unsigned bucket = bucket_of(age_s);
        int64_t next_us, hour_end_us;
        unsigned cell = cell_of(zone, at_us, &hour_end_us);

        next_us = from_us + (int64_t)(end_s(bucket) * (double)us_per_s) + 1;
        if (next_us > hour_end_us)
            next_us = hour_end_us;
        if (next_us > until_us || next_us <= at_us)
            next_us = until_us;
        u->spent_s[cell][bucket] +=
            (float)((double)(next_us - at_us) / (double)us_per_s);
        u->all_s += (double)(next_us - at_us) / (double)us_per_s;
        at_us = next_us;
    }
}

/* The age below which it was for the usual share of that time. */
static double quantile_s(const double spent[PL_USUAL_BUCKETS], double all)
{
    double below = 0;
    unsigned i = 0;

    for (; i < PL_USUAL_BUCKETS - 1; i++) {
        below += spent[i];
        if (below >= usual_share * all)
            break;
    }
    return end_s(i);
}

/* Of one hour; that of all where there is too little of it. */
static double of_hour(const struct pl_usual *u, unsigned cell)
{
    double spent[PL_USUAL_BUCKETS] = {0}, sum = 0;

    for (unsigned i = 0; i < PL_USUAL_BUCKETS; i++) {
        spent[i] = (double)u->spent_s[cell][i];
        sum += spent[i];
    }
    if (sum >= PL_USUAL_HOURS_S)
        return quantile_s(spent, sum);
    for (unsigned i = 0; i < PL_USUAL_BUCKETS; i++) {
        spent[i] = 0;
        for (unsigned c = 0; c < PL_USUAL_CELLS; c++)
            spent[i] += (double)u->spent_s[c][i];
    }
    return quantile_s(spent, u->all_s);
}

/* The hour before counts, too: what was silent all night may be so at the stroke
 * of six. */
double pl_usual_silence_s(const struct pl_usual *u, const struct an_zone *zone,
                          int64_t at_us)
{
    int64_t end_us;
    double now_s, before_s;

    if (u->all_s < PL_USUAL_KNOWN_S)
        return 0;
    now_s = of_hour(u, cell_of(zone, at_us, &end_us));
    before_s = of_hour(u, cell_of(zone, at_us - 3600 * us_per_s, &end_us));
    return now_s > before_s ? now_s : before_s;
}
