/* SPDX-License-Identifier: Apache-2.0 */
/* The tables beside the data: codes and splits. */
#include "trainer/meds/meds_int.h"

#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 12, TIME_BYTES = 64 };

/* ---- what is in a table ---------------------------------------------------- */

void tr_meds_find_optional(const struct tr_csv *t, struct tr_meds_optional *o)
{
    for (size_t i = 0; i < t->n_columns && !o->is_there; i++)
        if (an_str_eq(t->name[i], an_str_c(o->column.name))) {
            o->column.at = i;
            o->is_there = true;
        }
}

bool tr_meds_time(struct an_str text, int64_t *us)
{
    char form[TIME_BYTES];
    const size_t day = strlen("2000-01-01");
    struct an_time t;

    if (text.n > sizeof(form) || text.n < day)
        return false;
    memcpy(form, text.p, text.n);
    if (text.n > day && form[day] == ' ')
        form[day] = 'T';
    if (!an_time_fhir((struct an_str){form, text.n}, &(struct an_zone){0},
                      &t) ||
        t.precision < AN_TIME_DAY)
        return false;
    *us = t.us;
    return true;
}

/* ---- codes ----------------------------------------------------------------- */

static size_t slot_of(const struct tr_meds_codes *c, struct an_str text)
{
    size_t i = an_str_hash(text) & (c->n_slots - 1);

    while (c->slot[i] && !an_str_eq(c->known[c->slot[i] - 1].text, text))
        i = (i + 1) & (c->n_slots - 1);
    return i;
}

/* What was there before stays in the arena. */
static enum an_code make_room(struct tr_meds_codes *c, struct an_err *err)
{
    const size_t n_slots = c->n_slots ? 2 * c->n_slots : FIRST_SLOTS;
    struct tr_meds_known *known;

    if (2 * (c->n + 1) <= c->n_slots)
        return AN_OK;
    known = an_arena_get(c->arena, n_slots / 2, sizeof(*known));
    c->slot = an_arena_get(c->arena, n_slots, sizeof(*c->slot));
    if (known == NULL || c->slot == NULL)
        return an_fail_nomem(err);
    if (c->n)
        memcpy(known, c->known, c->n * sizeof(*known));
    c->known = known;
    c->n_slots = n_slots;
    for (size_t i = 0; i < c->n; i++)
        c->slot[slot_of(c, known[i].text)] = (uint32_t)i + 1;
    return AN_OK;
}

enum an_code tr_meds_codes_row(struct tr_meds_codes *c, struct an_str text,
                               uint32_t *row, struct an_err *err)
{
    enum an_code code = make_room(c, err);
    size_t at;

    if (code != AN_OK)
        return code;
    at = slot_of(c, text);
    if (c->slot[at] == 0) {
        struct tr_meds_known *k = &c->known[c->n];

        if (!an_arena_str(c->arena, text, &k->text))
            return an_fail_nomem(err);
        code = tr_meds_code_read(c->arena, k->text, &k->is, err);
        if (code != AN_OK)
            return code;
        c->slot[at] = (uint32_t)++c->n;
    }
    *row = c->slot[at] - 1;
    return AN_OK;
}

/* The kind that parents say: a KIND before a vocabulary. */
static void take_parents(struct an_str parents, struct tr_meds_code *is)
{
    struct an_str one;
    bool sure, found = false;

    while (!is->sure_kind && parents.n && an_str_cut(&parents, ';', &one)) {
        const unsigned kind = tr_meds_parent_kind(an_str_trim(one), &sure);

        if (kind == CTX_N_KINDS || (found && !sure) || (!is->local && !sure))
            continue;
        is->kind = kind;
        is->sure_kind = sure;
        found = true;
    }
}

/* A table that need not be there: *is_there says so. */
static enum an_code open_table(struct tr_csv *t, struct an_arena *arena,
                               const char *folder, const char *name,
                               bool *is_there, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str kept; /* errors of its rows name it */
    enum an_code code = tr_meds_table(folder, name, path, is_there, err);

    if (code == AN_OK && !an_arena_str(arena, an_str_c(path), &kept))
        code = an_fail_nomem(err);
    return code == AN_OK && *is_there ? tr_csv_open(t, arena, kept.p, err)
                                      : code;
}

static enum an_code read_code(struct tr_meds_codes *c, const struct tr_csv *t,
                              const struct tr_csv_column *code,
                              const struct tr_meds_optional *more,
                              struct an_err *err)
{
    struct tr_meds_code *is;
    uint32_t row;
    enum an_code rc = tr_meds_codes_row(c, tr_csv_text(t, code), &row, err);

    if (rc == AN_MISSING || rc == AN_LIMIT)
        return tr_csv_fail(t, code, rc, err ? err->what : "no code", err);
    if (rc != AN_OK)
        return rc;
    is = &c->known[row].is;
    if (more[0].is_there &&
        !an_arena_str(c->arena, tr_csv_text(t, &more[0].column),
                      &is->code.display))
        return an_fail_nomem(err);
    if (more[1].is_there)
        take_parents(tr_csv_text(t, &more[1].column), is);
    return AN_OK;
}

enum an_code tr_meds_read_codes(struct tr_meds_codes *c, const char *folder,
                                struct an_err *err)
{
    struct tr_csv_column column = {"code", 0};
    struct tr_meds_optional more[] = {{{"description", 0}, false},
                                      {{"parent_codes", 0}, false}};
    struct tr_csv t = {.arena = NULL};
    bool any;
    enum an_code code =
        open_table(&t, c->arena, folder, TR_MEDS_CODES, &any, err);

    if (code != AN_OK || !any)
        return code;
    code = tr_csv_find(&t, &column, 1, err);
    for (int i = 0; i < 2; i++)
        tr_meds_find_optional(&t, &more[i]);
    while (code == AN_OK && (code = tr_csv_next(&t, &any, err)) == AN_OK && any)
        code = read_code(c, &t, &column, more, err);
    tr_csv_close(&t);
    return code;
}

/* ---- splits ---------------------------------------------------------------- */

static int split_cmp(const void *a, const void *b)
{
    const struct tr_meds_split *x = a, *y = b;

    return (x->subject > y->subject) - (x->subject < y->subject);
}

static enum an_code read_split(const struct tr_csv *t,
                               const struct tr_csv_column *column,
                               struct tr_meds_split *s, struct an_err *err)
{
    static const char *const names[TR_N_SPLITS] = {"train", "tuning",
                                                   "held_out"};
    enum an_code code =
        tr_csv_int(t, &column[0], -INT64_MAX, INT64_MAX, &s->subject, err);

    if (code != AN_OK)
        return code;
    s->line = t->row.line;
    s->split = 0;
    for (int i = 0; i < TR_N_SPLITS; i++)
        if (an_str_eq(tr_csv_text(t, &column[1]), an_str_c(names[i])))
            s->split = (uint8_t)(i + 1);
    return s->split ? AN_OK
                    : tr_csv_fail(t, &column[1], AN_CODE,
                                  "expected train, tuning or held_out", err);
}

static enum an_code sort_splits(struct an_arena *arena, const struct tr_csv *t,
                                struct tr_meds_splits *out, struct an_err *err)
{
    void *scratch =
        an_arena_get(arena, out->n / 2 + 1, sizeof(struct tr_meds_split));

    if (scratch == NULL)
        return an_fail_nomem(err);
    an_sort(out->one, out->n, sizeof(*out->one), scratch, split_cmp);
    for (size_t i = 1; i < out->n; i++)
        if (out->one[i].subject == out->one[i - 1].subject)
            return an_fail_line(err, AN_CONFLICT, "a subject is there twice",
                                t->file, out->one[i].line, 0);
    return AN_OK;
}

enum an_code tr_meds_read_splits(struct an_arena *arena, const char *folder,
                                 struct tr_meds_splits *out, struct an_err *err)
{
    struct tr_csv_column column[] = {{"subject_id", 0}, {"split", 0}};
    struct tr_csv t = {.arena = NULL};
    bool any;
    enum an_code code =
        open_table(&t, arena, folder, TR_MEDS_SPLITS, &any, err);

    *out = (struct tr_meds_splits){.n = 0};
    if (code != AN_OK || !any)
        return code;
    code = tr_csv_find(&t, column, 2, err);
    out->one = code == AN_OK ? an_arena_get(arena, tr_csv_most_rows(&t),
                                            sizeof(*out->one))
                             : NULL;
    if (code == AN_OK && out->one == NULL)
        code = an_fail_nomem(err);
    while (code == AN_OK && (code = tr_csv_next(&t, &any, err)) == AN_OK && any)
        code = read_split(&t, column, &out->one[out->n++], err);
    if (code == AN_OK)
        code = sort_splits(arena, &t, out, err);
    tr_csv_close(&t);
    return code;
}

uint8_t tr_meds_split_of(const struct tr_meds_splits *s, int64_t subject)
{
    const struct tr_meds_split key = {.subject = subject}, *found;

    if (s->n == 0)
        return 0;
    found = bsearch(&key, s->one, s->n, sizeof(key), split_cmp);
    return found ? found->split : 0;
}
