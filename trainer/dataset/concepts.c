/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/concepts.h"

#include "base/decimal.h"
#include "context/unit.h"

#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 7 };

static const struct an_str icd10_cm =
    AN_STR_INIT("http://hl7.org/fhir/sid/icd-10-cm|");
static const struct an_str icd10 =
    AN_STR_INIT("http://hl7.org/fhir/sid/icd-10|");

static int same_cmp(const void *a, const void *b)
{
    const struct rt_same *x = a, *y = b;
    int order = an_str_cmp(x->from, y->from);

    return order ? order : an_str_cmp(x->unit, y->unit);
}

/* The same row for WHO's ICD-10. */
static bool put_icd10(struct an_arena *arena, const struct rt_same *row,
                      struct rt_same *out)
{
    size_t n = row->from.n - icd10_cm.n;
    char *p = an_arena_get(arena, icd10.n + n, 1);

    if (p == NULL)
        return false;
    memcpy(p, icd10.p, icd10.n);
    memcpy(p + icd10.n, row->from.p + icd10_cm.n, n);
    *out = *row;
    out->from = (struct an_str){p, icd10.n + n};
    return true;
}

static enum an_code read_row(struct an_arena *arena, struct an_str line,
                             struct tr_concepts *c, const char *file,
                             uint32_t number, struct an_err *err)
{
    struct an_str cell[N_COLUMNS], extra;
    struct rt_same row;
    size_t n = 0;

    while (n < N_COLUMNS && an_str_cut(&line, '\t', &cell[n]))
        n++;
    if (n != N_COLUMNS || an_str_cut(&line, '\t', &extra))
        return an_fail_line(err, AN_SYNTAX, "want 7 columns", file, number, 1);
    row = (struct rt_same){cell[1], cell[2], cell[3], cell[4], 0};
    if (row.from.n == 0 || row.to.n == 0 ||
        !an_decimal_parse(cell[5], &row.factor) || !(row.factor > 0))
        return an_fail_line(err, AN_TYPE, "want from, to and a factor above 0",
                            file, number, 1);
    if (an_str_eq(cell[0], AN_STR("same"))) {
        c->same[c->n_same++] = row;
        return AN_OK;
    }
    if (!an_str_eq(cell[0], AN_STR("under")))
        return an_fail_line(err, AN_TYPE, "want same or under", file, number,
                            1);
    c->under[c->n_under++] = row;
    if (an_str_starts(row.from, icd10_cm) &&
        !put_icd10(arena, &row, &c->under[c->n_under++]))
        return an_fail_nomem(err);
    return AN_OK;
}

static bool repeats(const struct rt_same *row, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (same_cmp(&row[i - 1], &row[i]) == 0)
            return true;
    return false;
}

enum an_code tr_concepts_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct tr_concepts *c,
                              struct an_err *err)
{
    struct an_str line, rest = bytes;
    uint32_t number = 0;
    size_t n_lines = 1;
    enum an_code code = AN_OK;

    for (size_t i = 0; i < bytes.n; i++)
        n_lines += bytes.p[i] == '\n';
    *c = (struct tr_concepts){.n_same = 0};
    c->same = an_arena_get(arena, n_lines, sizeof(*c->same));
    c->under = an_arena_get(arena, 2 * n_lines, sizeof(*c->under));
    if (c->same == NULL || c->under == NULL)
        return an_fail_nomem(err);
    while (code == AN_OK && an_str_cut(&rest, '\n', &line)) {
        number++;
        if (line.n && line.p[0] != '#')
            code = read_row(arena, line, c, file, number, err);
    }
    if (code != AN_OK)
        return code;
    qsort(c->same, c->n_same, sizeof(*c->same), same_cmp);
    qsort(c->under, c->n_under, sizeof(*c->under), same_cmp);
    if (repeats(c->same, c->n_same) || repeats(c->under, c->n_under))
        return an_fail_line(err, AN_CONFLICT, "a code stands twice", file, 0,
                            0);
    return AN_OK;
}

static const struct rt_same *find(const struct rt_same *table, size_t n,
                                  struct an_str from, struct an_str unit)
{
    const struct rt_same want = {.from = from, .unit = unit};

    return n ? bsearch(&want, table, n, sizeof(want), same_cmp) : NULL;
}

/* The first row for the key in another unit of the same quantity, and the
 * factor to it; as the runtime does (runtime/vocabulary.h). */
static const struct rt_same *find_alike(const struct tr_concepts *c,
                                        struct an_str key, struct an_str unit,
                                        double *factor)
{
    double zero, one;
    size_t i = 0;

    while (i < c->n_same && an_str_cmp(c->same[i].from, key) < 0)
        i++;
    for (; i < c->n_same && an_str_eq(c->same[i].from, key); i++) {
        if (c->same[i].unit.n == 0 ||
            !ctx_unit_convert(0, unit, c->same[i].unit, &zero) ||
            !ctx_unit_convert(1, unit, c->same[i].unit, &one))
            continue;
        *factor = one - zero;
        return zero == 0 ? &c->same[i] : NULL;
    }
    return NULL;
}

struct rt_same tr_concepts_same(const struct tr_concepts *c, struct an_str key,
                                struct an_str unit)
{
    const struct rt_same *row = find(c->same, c->n_same, key, unit);
    double factor = 1;

    if (row == NULL && unit.n)
        row = find_alike(c, key, unit, &factor);
    if (row == NULL)
        row = find(c->same, c->n_same, key, AN_STR(""));
    if (row == NULL)
        return (struct rt_same){key, unit, key, unit, 1};
    return (struct rt_same){key, unit, row->to,
                            row->to_unit.n ? row->to_unit : unit,
                            row->factor * factor};
}

struct an_str tr_concepts_over(const struct tr_concepts *c, struct an_str key)
{
    for (; key.n; key.n--) {
        const struct rt_same *row = find(c->under, c->n_under, key, AN_STR(""));

        if (row)
            return row->to;
    }
    return AN_STR("");
}
