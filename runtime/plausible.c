/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plausible.h"

#include <math.h>

enum { MAX_AGE = 200 };

uint8_t rt_sex(struct an_str code)
{
    if (an_str_eq(code, AN_STR("female")))
        return RT_FEMALE;
    return an_str_eq(code, AN_STR("male")) ? RT_MALE : 0;
}

static bool read_age(const struct an_json *j, uint16_t *years)
{
    int64_t v;

    if (!an_json_i64(j, &v) || v < 0 || v > MAX_AGE)
        return false;
    *years = (uint16_t)v;
    return true;
}

bool rt_whom_read(const struct an_json *concept, struct rt_whom *w)
{
    const struct an_json *ages = an_json_get(concept, AN_STR("ages"));
    const struct an_json *sexes = an_json_get(concept, AN_STR("sexes"));
    const struct an_json *once = an_json_get(concept, AN_STR("once"));
    const struct an_json *first = an_json_first(ages);

    *w = (struct rt_whom){.age_to = 0};
    if (once && !an_json_bool(once, &w->once))
        return false;
    if (ages &&
        (!an_json_is(ages, AN_JSON_ARRAY) || ages->n != 2 ||
         !read_age(first, &w->age_from) || !read_age(first->next, &w->age_to) ||
         w->age_from >= w->age_to))
        return false;
    if (sexes && (!an_json_is(sexes, AN_JSON_ARRAY) || sexes->n == 0))
        return false;
    for (const struct an_json *s = an_json_first(sexes); s; s = s->next) {
        const uint8_t sex = rt_sex(an_json_text(s));

        if (sex == 0)
            return false;
        w->sexes |= sex;
    }
    return true;
}

bool rt_plausible(const struct rt_whom *w, double age_years, uint8_t sex,
                  bool has)
{
    if (w->age_to == 0 || (has && w->once) ||
        (sex && w->sexes && !(sex & w->sexes)))
        return false;
    return isnan(age_years) ||
           (age_years >= (double)w->age_from && age_years < (double)w->age_to);
}
