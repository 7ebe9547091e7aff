/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/settings.h"

#include "base/decimal.h"

#include <stddef.h>
#include <string.h>

static const struct {
    struct tr_setting row;
    size_t at;
} table[] = {
#define X(name, standard, low, high, help)                                     \
    {{#name, help, (double)(standard), (double)(low), (double)(high), true},   \
     offsetof(struct tr_settings, name)},
    TR_INTS(X)
#undef X
#define X(name, standard, low, high, help)                                     \
    {{#name, help, (standard), (low), (high), false},                          \
     offsetof(struct tr_settings, name)},
        TR_REALS(X)
#undef X
};

enum { N_SETTINGS = sizeof(table) / sizeof(*table) };

void tr_settings_init(struct tr_settings *s)
{
    *s = (struct tr_settings){
#define X(name, standard, low, high, help) .name = (standard),
        TR_INTS(X) TR_REALS(X)
#undef X
            .bin_edge_days = RT_BINS_DEFAULT,
        .bins = RT_N_BINS_DEFAULT,
    };
}

bool tr_settings_row(size_t i, struct tr_setting *row)
{
    if (i >= N_SETTINGS)
        return false;
    *row = table[i].row;
    return true;
}

bool tr_setting_named(struct an_str said, const char *name)
{
    const struct an_str n = an_str_c(name);

    if (said.n != n.n)
        return false;
    for (size_t i = 0; i < n.n; i++)
        if (said.p[i] != n.p[i] && !(said.p[i] == '-' && n.p[i] == '_'))
            return false;
    return true;
}

static enum an_code set(struct tr_settings *s, size_t i, struct an_str value,
                        struct an_err *err)
{
    char *at = (char *)s + table[i].at;
    uint64_t whole = 0;
    double real;

    if (table[i].row.whole) {
        if (!an_str_u64(value, &whole) || whole > INT64_MAX)
            return an_fail(err, AN_TYPE, "a whole number is expected", 0);
        real = (double)whole;
    } else if (!an_decimal_parse(value, &real)) {
        return an_fail(err, AN_TYPE, "a number is expected", 0);
    }
    if (real < table[i].row.low || real > table[i].row.high)
        return an_fail(err, AN_LIMIT, "the number is out of its range", 0);
    if (table[i].row.whole)
        *(int64_t *)(void *)at = (int64_t)whole;
    else
        *(double *)(void *)at = real;
    return AN_OK;
}

static enum an_code set_bins(struct tr_settings *s, struct an_str value,
                             struct an_err *err)
{
    int64_t edge[RT_MAX_BINS] = {0}, n = 0;
    struct an_str part;

    while (an_str_cut(&value, ',', &part)) {
        uint64_t day;

        if (!an_str_u64(part, &day))
            return an_fail(err, AN_TYPE,
                           "whole numbers with commas between are expected", 0);
        if (n == RT_MAX_BINS)
            return an_fail(err, AN_LIMIT, "these are too many time bins", 0);
        if (day > TR_MAX_EDGE_DAYS)
            return an_fail(err, AN_LIMIT, "the number is out of its range", 0);
        edge[n] = (int64_t)day;
        if (n ? edge[n] <= edge[n - 1] : day != 0)
            return an_fail(err, AN_LIMIT, "edges begin with 0 and rise", 0);
        n++;
    }
    memcpy(s->bin_edge_days, edge, sizeof(edge));
    s->bins = n;
    return AN_OK;
}

enum an_code tr_settings_set(struct tr_settings *s, struct an_str name,
                             struct an_str value, struct an_err *err)
{
    if (an_str_eq(name, AN_STR("bins")))
        return set_bins(s, value, err);
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (tr_setting_named(name, table[i].row.name))
            return set(s, i, value, err);
    return an_fail(err, AN_NOTFOUND, "there is no such setting", 0);
}
