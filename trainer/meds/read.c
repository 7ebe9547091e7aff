/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/meds/meds_int.h"

#include "base/sort.h"
#include "trainer/dataset/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACT_BYTES = 32 };

#define MOST_BYTES ((size_t)8 << 30)

/* A row of the data. */
struct row {
    int64_t subject, us;
    double number;
    struct an_str literal; /* p NULL: no number */
    struct an_str flag;
    uint32_t code, line;
    bool is_static;
};

struct reader {
    struct an_arena keep, work; /* codes and splits; the rows of one file */
    struct tr_meds_codes codes;
    struct tr_meds_splits splits;
    tr_take_record *take;
    void *arg;
};

/* ---- one person ------------------------------------------------------------ */

static struct an_str fact_of(struct tr_study *to, uint32_t line)
{
    char text[FACT_BYTES];

    (void)snprintf(text, sizeof(text), "%u", line);
    return tr_study_join(to, AN_STR("row|"), an_str_c(text), AN_STR(""));
}

/* Of what has a kind alone: a code has to have some part. */
static const struct ctx_code no_code = {
    {"", 0}, {"", 0}, AN_STR_INIT("unknown")};

/* What a row says, as one event. */
static void put_event(struct tr_study *to, const struct row *r,
                      const struct tr_meds_code *is, const char *file)
{
    struct ctx_event *e =
        tr_study_add(to, is->kind, r->us, fact_of(to, r->line), file, r->line);

    e->effective.precision = AN_TIME_FRACTION;
    e->flag = r->flag;
    if (is->kind == CTX_DEATH)
        return;
    e->concept = is->code.code.n + is->code.display.n ? is->code : no_code;
    if (is->answer.code.n) {
        e->value.kind = CTX_VALUE_CODE;
        e->value.code = is->answer;
    } else if (r->literal.p) {
        e->value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                      .literal = r->literal,
                                      .number = r->number,
                                      .unit = is->unit};
    }
}

/* What is said once: the first birth, the first sex, the time watched. */
struct about {
    const struct row *birth, *sex, *from, *until;
};

static void put_born(struct tr_study *to, const struct reader *rd,
                     const struct about *a, const char *file)
{
    const struct an_str sex =
        a->sex ? rd->codes.known[a->sex->code].is.code.code : AN_STR("");

    if (a->birth)
        tr_study_born(to, a->birth->us,
                      an_str_eq(sex, AN_STR("male"))     ? "male"
                      : an_str_eq(sex, AN_STR("female")) ? "female"
                                                         : NULL,
                      file, a->birth->line);
}

static void look(const struct reader *rd, const struct row *r, size_t n,
                 struct about *a, struct tr_record *record)
{
    *a = (struct about){NULL, NULL, NULL, NULL};
    for (size_t i = 0; i < n; i++) {
        const struct tr_meds_code *is = &rd->codes.known[r[i].code].is;

        if ((is->what == TR_MEDS_OBSERVED_FROM ||
             is->what == TR_MEDS_ASKED_FROM) &&
            a->from == NULL)
            a->from = &r[i];
        else if (is->what == TR_MEDS_OBSERVED_UNTIL)
            a->until = &r[i];
        else if (is->kind == CTX_BIRTH && !r[i].is_static && a->birth == NULL)
            a->birth = &r[i];
        else if (is->kind == CTX_SEX && a->sex == NULL)
            a->sex = &r[i];
        else if (r[i].is_static)
            record->n_static++;
        else
            record->n_local += is->local;
    }
}

static bool is_event(const struct row *r, const struct tr_meds_code *is)
{
    return is->what == TR_MEDS_EVENT && !r->is_static &&
           is->kind != CTX_BIRTH && is->kind != CTX_SEX;
}

static enum an_code hand_over(struct reader *rd, const struct row *r, size_t n,
                              const char *file, struct an_err *err)
{
    struct tr_record record = {.id = (uint64_t)r->subject,
                               .split =
                                   tr_meds_split_of(&rd->splits, r->subject)};
    struct an_mark mark = an_arena_mark(&rd->work);
    struct tr_study to;
    struct about about;
    enum an_code code;

    look(rd, r, n, &about, &record);
    if (about.from && about.until && !about.from->is_static &&
        !about.until->is_static) {
        record.watched = true;
        record.unasked =
            rd->codes.known[about.from->code].is.what != TR_MEDS_ASKED_FROM;
        record.from_us = about.from->us;
        record.until_us = about.until->us;
    }
    tr_study_begin(&to, &rd->work, "urn:id:meds", n + 2);
    put_born(&to, rd, &about, file);
    for (size_t i = 0; i < n; i++) {
        const struct tr_meds_code *is = &rd->codes.known[r[i].code].is;

        if (is_event(&r[i], is))
            put_event(&to, &r[i], is, file);
    }
    code = tr_study_hand_over(&to, &record, rd->take, rd->arg, err);
    an_arena_rewind(&rd->work, mark);
    if (code == AN_CONFLICT)
        return an_fail_line(err, code, "a subject is in two files", file,
                            r->line, 0);
    if (code == AN_TYPE)
        return an_fail_line(err, code, err ? err->what : "", file, r->line, 0);
    return code;
}

/* ---- one file -------------------------------------------------------------- */

enum { SUBJECT, TIME, CODE, NUMBER, N_COLUMNS };

static enum an_code read_row(struct reader *rd, const struct tr_csv *t,
                             const struct tr_csv_column *c,
                             const struct tr_meds_optional *flag, struct row *r,
                             struct an_err *err)
{
    const struct an_str when = tr_csv_text(t, &c[TIME]);
    enum an_code code =
        tr_csv_int(t, &c[SUBJECT], -INT64_MAX, INT64_MAX, &r->subject, err);

    if (code != AN_OK)
        return code;
    r->line = t->row.line;
    r->is_static = when.n == 0;
    if (!r->is_static && !tr_meds_time(when, &r->us))
        return tr_csv_fail(t, &c[TIME], AN_TYPE,
                           "expected a time, such as 2000-01-31 10:00:00", err);
    if (tr_csv_text(t, &c[NUMBER]).n)
        code = tr_csv_number(t, &c[NUMBER], &r->literal, &r->number, err);
    if (code != AN_OK)
        return code;
    r->flag =
        flag->is_there ? tr_csv_text(t, &flag->column) : (struct an_str){"", 0};
    code =
        tr_meds_codes_row(&rd->codes, tr_csv_text(t, &c[CODE]), &r->code, err);
    if (code == AN_MISSING || code == AN_LIMIT)
        return tr_csv_fail(t, &c[CODE], code, err ? err->what : "no code", err);
    return code;
}

static int row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    if (x->is_static != y->is_static)
        return x->is_static ? -1 : 1;
    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static enum an_code sort_rows(struct reader *rd, struct row *row, size_t n,
                              struct an_err *err)
{
    struct an_mark mark = an_arena_mark(&rd->work);
    void *scratch = an_arena_get(&rd->work, n / 2 + 1, sizeof(*row));

    if (scratch == NULL)
        return an_fail_nomem(err);
    an_sort(row, n, sizeof(*row), scratch, row_cmp);
    an_arena_rewind(&rd->work, mark);
    return AN_OK;
}

static enum an_code read_table(struct reader *rd, struct tr_csv *t,
                               const char *file, struct an_err *err)
{
    struct tr_csv_column c[N_COLUMNS] = {[SUBJECT] = {"subject_id", 0},
                                         [TIME] = {"time", 0},
                                         [CODE] = {"code", 0},
                                         [NUMBER] = {"numeric_value", 0}};
    struct tr_meds_optional flag = {{"flag", 0}, false};
    struct row *row;
    size_t n = 0;
    bool any;
    enum an_code code = tr_csv_find(t, c, N_COLUMNS, err);

    if (code != AN_OK)
        return code;
    tr_meds_find_optional(t, &flag);
    row = an_arena_get(&rd->work, tr_csv_most_rows(t), sizeof(*row));
    if (row == NULL)
        return an_fail_nomem(err);
    while ((code = tr_csv_next(t, &any, err)) == AN_OK && any &&
           (code = read_row(rd, t, c, &flag, &row[n], err)) == AN_OK)
        n++;
    if (code == AN_OK)
        code = sort_rows(rd, row, n, err);
    for (size_t i = 0, end; i < n && code == AN_OK; i = end) {
        for (end = i; end < n && row[end].subject == row[i].subject;)
            end++;
        code = hand_over(rd, row + i, end - i, file, err);
    }
    return code;
}

static enum an_code read_file(void *arg, const char *path, struct an_err *err)
{
    struct reader *rd = arg;
    struct tr_csv t = {.arena = NULL};
    enum an_code code = tr_csv_open(&t, &rd->work, path, err);

    if (code == AN_OK)
        code = read_table(rd, &t, path, err);
    tr_csv_close(&t);
    an_arena_reset(&rd->work);
    return code;
}

enum an_code tr_meds_read(const char *path, tr_take_record *take, void *arg,
                          struct an_err *err)
{
    struct reader rd = {.take = take, .arg = arg};
    char folder[TR_PATH_BYTES];
    enum an_code code = tr_meds_folder(path, folder, err);

    if (code != AN_OK)
        return code;
    an_arena_init(&rd.keep, MOST_BYTES);
    an_arena_init(&rd.work, MOST_BYTES);
    rd.codes.arena = &rd.keep;
    code = tr_meds_read_codes(&rd.codes, folder, err);
    if (code == AN_OK)
        code = tr_meds_read_splits(&rd.keep, folder, &rd.splits, err);
    if (code == AN_OK)
        code = tr_meds_data_files(path, read_file, &rd, err);
    an_arena_free(&rd.keep);
    an_arena_free(&rd.work);
    return code;
}
