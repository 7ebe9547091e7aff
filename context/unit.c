/* SPDX-License-Identifier: Apache-2.0 */
#include "context/unit.h"

#include <stdlib.h>

static const struct spelling {
    const char *sent, *ucum;
} spellings[] = {
#include "config/tables/units.inc"
};

/* canonical = (value + offset) * factor / divisor */
static const struct measure {
    const char *unit, *canonical;
    double factor, divisor, offset;
} measures[] = {
#include "config/tables/measures.inc"
};

/* Both kinds of row begin with their key. */
static int key_cmp(const void *key, const void *row)
{
    const struct an_str *k = key;
    const char *const *name = row;

    return an_str_cmp(*k, an_str_c(*name));
}

static const struct measure *find_measure(struct an_str unit)
{
    return bsearch(&unit, measures, sizeof(measures) / sizeof(measures[0]),
                   sizeof(measures[0]), key_cmp);
}

struct an_str ctx_unit_known(struct an_str sent)
{
    const struct spelling *s =
        bsearch(&sent, spellings, sizeof(spellings) / sizeof(spellings[0]),
                sizeof(spellings[0]), key_cmp);

    return s ? an_str_c(s->ucum) : (struct an_str){NULL, 0};
}

struct an_str ctx_unit_ucum(struct an_str sent)
{
    struct an_str known = ctx_unit_known(sent);

    return known.p ? known : sent;
}

bool ctx_unit_canonical(double value, struct an_str unit, double *out,
                        struct an_str *canonical)
{
    const struct measure *m = find_measure(unit);

    if (m == NULL)
        return false;
    *out = (value + m->offset) * m->factor / m->divisor;
    *canonical = an_str_c(m->canonical);
    return true;
}

static bool same_quantity(const struct measure *a, const struct measure *b)
{
    return a && b && an_str_eq(an_str_c(a->canonical), an_str_c(b->canonical));
}

bool ctx_unit_convert(double value, struct an_str from, struct an_str to,
                      double *out)
{
    const struct measure *a, *b;

    if (an_str_eq(from, to)) {
        *out = value;
        return true;
    }
    a = find_measure(from);
    b = find_measure(to);
    if (!same_quantity(a, b))
        return false;
    /* One product and one quotient of exact factors: g/L to g/dL divides by
     * ten, and rounds once. */
    *out = (value + a->offset) * (a->factor * b->divisor) /
               (a->divisor * b->factor) -
           b->offset;
    return true;
}

bool ctx_unit_alike(struct an_str a, struct an_str b)
{
    return an_str_eq(a, b) || same_quantity(find_measure(a), find_measure(b));
}
