/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"
#include "config.h"
#include "runtime/vocabulary.h"
#include "trainer/evaluate/predict.h"
#include "trainer/file.h"
#include "trainer/meds/meds_int.h"
#include "trainer/put.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBER_BYTES = 40, JSON_BYTES = 1 << 16 };

static const size_t table_bytes = (size_t)4 << 30;

struct writer {
    struct an_arena *arena;
    const struct tr_data *d;
    struct rt_vocabulary vocabulary;
    struct tr_meds_subjects who;
    struct an_str *code, *code_of_value; /* by concept and value row */
    bool *used, *used_value;             /* of them */
    struct tr_meds_written *counts;
    const char *folder;
};

/* ---- parts of a row -------------------------------------------------------- */

static void put_subject(struct an_buf *b, uint64_t key)
{
    int64_t id;

    memcpy(&id, &key, sizeof(id));
    an_buf_put_i64(b, id);
}

static void put_time(struct an_buf *b, int64_t us)
{
    char text[AN_TIME_TEXT_BYTES];
    size_t n = an_time_print_fhir(an_time_us(us), text);

    n -= n && text[n - 1] == 'Z';
    an_buf_put(b, (struct an_str){text, n});
}

static enum an_code code_text(struct an_arena *arena, struct an_str key,
                              struct an_str unit, struct an_str *text,
                              struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, 2 * TR_MEDS_CODE_BYTES);
    tr_meds_code_put(&b, key, unit);
    return an_buf_done(&b, text, err);
}

static enum an_code name_codes(struct writer *w, struct an_err *err)
{
    const struct rt_vocabulary *v = &w->vocabulary;
    enum an_code code = AN_OK;

    w->code = an_arena_get(w->arena, v->n_concepts + 1, sizeof(*w->code));
    w->code_of_value =
        an_arena_get(w->arena, v->n_scales + 1, sizeof(*w->code));
    w->used = an_arena_get(w->arena, v->n_concepts + 1, sizeof(*w->used));
    w->used_value = an_arena_get(w->arena, v->n_scales + 1, sizeof(*w->used));
    if (!w->code || !w->code_of_value || !w->used || !w->used_value)
        return an_fail_nomem(err);
    for (size_t i = 0; i < v->n_concepts && code == AN_OK; i++)
        code = code_text(w->arena, v->concept[i].key, AN_STR(""), &w->code[i],
                         err);
    for (size_t i = 0; i < v->n_scales && code == AN_OK; i++)
        code = code_text(w->arena, v->scale[i].key, v->scale[i].unit,
                         &w->code_of_value[i], err);
    return code;
}

/* ---- data ------------------------------------------------------------------ */

static void put_head(struct an_buf *b, uint64_t key, bool timed, int64_t us)
{
    put_subject(b, key);
    an_buf_put_char(b, ',');
    if (timed)
        put_time(b, us);
    an_buf_put_char(b, ',');
}

static void put_plain(struct writer *w, struct an_buf *b, uint64_t key,
                      int64_t us, const char *code)
{
    put_head(b, key, true, us);
    an_buf_put_c(b, code);
    an_buf_put_c(b, ",,\n");
    w->counts->rows++;
}

/* A z-score as the value from which it was made. */
static double value_of(const struct rt_scale *s, float z)
{
    const double v = (double)s->mean + (double)s->sd * (double)z;

    return s->log ? exp(v) : v;
}

static void put_item(struct writer *w, struct an_buf *b, uint64_t key,
                     const struct rt_item *item, int64_t us)
{
    static const char *const flags[RT_N_FLAGS] = {"",  "N",  "L", "LL",
                                                  "H", "HH", "A", "AA"};
    const int32_t row =
        item->concept != RT_NO_ROW ? item->concept : item->parent[0];
    const bool timed =
        row == RT_NO_ROW ||
        !an_str_starts(w->vocabulary.concept[row].key, AN_STR("sex|"));
    char number[NUMBER_BYTES] = "";

    if (row == RT_NO_ROW)
        return;
    put_head(b, key, timed, us);
    if (item->value_row != RT_NO_ROW) {
        const struct rt_scale *scale = &w->vocabulary.scale[item->value_row];

        w->used_value[item->value_row] = true;
        (void)snprintf(number, sizeof(number), "%.9g",
                       value_of(scale, item->value_z));
        tr_put_csv(b, w->code_of_value[item->value_row]);
    } else {
        w->used[row] = true;
        tr_put_csv(b, w->code[row]);
    }
    tr_put_line(b, ",%s,%s\n", number, flags[item->flag % RT_N_FLAGS]);
    w->counts->rows++;
}

static void put_subject_rows(struct writer *w, struct an_buf *b,
                             const struct tr_meds_subject *s)
{
    const struct tr_cohort *c = &w->d->cohort;
    const uint64_t key = c->patient[s->main].key;
    const struct rt_history h = tr_cohort_history(c, s->main);
    int64_t until_us;
    const bool known = tr_meds_observed(&w->who, s, &until_us);

    put_plain(w, b, key,
              s->origin_us - tr_meds_us(tr_meds_first_age(c, s->main)),
              "MEDS_BIRTH");
    if (known)
        put_plain(w, b, key, tr_meds_begins_us(&w->who, s),
                  w->who.watched ? "ANAMNESIS_ASKED_FROM"
                                 : "ANAMNESIS_OBSERVED_FROM");
    for (size_t i = 0; i < h.n_positions; i++)
        for (uint32_t k = 0; k < h.position[i].n_items; k++)
            put_item(w, b, key, &h.item[h.position[i].first_item + k],
                     s->origin_us + tr_meds_us(h.position[i].time_days));
    if (!known)
        return;
    if (tr_meds_dies(c, s))
        put_plain(w, b, key, until_us - 1, "MEDS_DEATH");
    put_plain(w, b, key, until_us, "ANAMNESIS_OBSERVED_UNTIL");
}

/* ---- files ----------------------------------------------------------------- */

static void begin(struct writer *w, struct an_buf *b, const char *head)
{
    an_buf_init(b, w->arena, table_bytes);
    an_buf_put_c(b, head);
}

static enum an_code end(struct writer *w, struct an_buf *b, const char *name,
                        struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str text = {NULL, 0};
    enum an_code code = an_buf_done(b, &text, err);

    if (code == AN_OK)
        code = tr_path(path, w->folder, name, err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

static enum an_code write_data(struct writer *w, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(w->arena);
    struct an_buf b;
    enum an_code code;

    begin(w, &b, "subject_id,time,code,numeric_value,flag\n");
    for (size_t i = 0; i < w->who.n; i++)
        put_subject_rows(w, &b, &w->who.one[i]);
    code = end(w, &b, "data.csv", err);
    an_arena_rewind(w->arena, mark);
    return code;
}

static void put_code(struct writer *w, struct an_buf *b, struct an_str text,
                     int32_t row)
{
    const struct rt_concept *c = &w->vocabulary.concept[row];

    tr_put_csv(b, text);
    an_buf_put_char(b, ',');
    tr_put_csv(b, c->display);
    an_buf_put_char(b, ',');
    for (int i = 0; i < RT_MAX_PARENTS && c->parent[i] != RT_NO_ROW; i++) {
        if (i)
            an_buf_put_char(b, ';');
        an_buf_put(b, w->code[c->parent[i]]);
    }
    an_buf_put_char(b, '\n');
    w->counts->codes++;
}

static enum an_code write_codes(struct writer *w, struct an_err *err)
{
    static const char *const own[] = {"MEDS_BIRTH,Birth,\n",
                                      "MEDS_DEATH,Death,\n",
                                      "ANAMNESIS_OBSERVED_FROM,Watched from "
                                      "here,\n",
                                      "ANAMNESIS_ASKED_FROM,Watched from here "
                                      "and asked about,\n",
                                      "ANAMNESIS_OBSERVED_UNTIL,Watched to "
                                      "here,\n"};
    const struct rt_vocabulary *v = &w->vocabulary;
    struct an_buf b;

    begin(w, &b, "code,description,parent_codes\n");
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        an_buf_put_c(&b, own[i]);
        w->counts->codes++;
    }
    for (size_t i = 0; i < v->n_concepts; i++)
        if (w->used[i])
            put_code(w, &b, w->code[i], (int32_t)i);
    for (size_t i = 0; i < v->n_scales; i++) {
        const int32_t row = rt_vocabulary_row(v, v->scale[i].key);

        /* Said without a value, too, it has a row already. */
        if (w->used_value[i] && row != RT_NO_ROW &&
            !(w->used[row] && an_str_eq(w->code_of_value[i], w->code[row])))
            put_code(w, &b, w->code_of_value[i], row);
    }
    return end(w, &b, "codes.csv", err);
}

static enum an_code write_splits(struct writer *w, struct an_err *err)
{
    static const char *const names[TR_N_SPLITS] = {"train", "tuning",
                                                   "held_out"};
    struct an_buf b;

    begin(w, &b, "subject_id,split\n");
    for (size_t i = 0; i < w->who.n; i++) {
        const struct tr_patient *p = &w->d->cohort.patient[w->who.one[i].first];

        put_subject(&b, p->key);
        tr_put_line(&b, ",%s\n", names[p->split]);
    }
    w->counts->subjects = w->who.n;
    return end(w, &b, "subject_splits.csv", err);
}

static enum an_code write_about(struct writer *w, struct an_err *err)
{
    struct an_json_out o;
    struct an_str text = {NULL, 0};
    char path[TR_PATH_BYTES];
    enum an_code code;

    an_out_init(&o, w->arena, JSON_BYTES);
    an_out_object(&o);
    an_out_key_str(&o, "dataset_name", AN_STR("anamnesis"));
    an_out_key_str(&o, "etl_name", AN_STR("anamnesis-train meds"));
    an_out_key_str(&o, "etl_version", AN_STR(PACKAGE_VERSION));
    an_out_key_str(&o, "format", AN_STR("CSV twin of MEDS"));
    an_out_key_str(&o, "time",
                   AN_STR("No date: the first moment of each subject stands "
                          "in the first hour of 2000-01-01, all others are "
                          "counted from it."));
    an_out_key_str(&o, "subject_id",
                   AN_STR("The key of the data set, a pseudonym unless the "
                          "study is public."));
    an_out_key_str(&o, "numeric_value",
                   AN_STR("In the unit at the end of the code; at most six "
                          "spreads from the mean, the middle of its bin where "
                          "the data set has bins."));
    an_out_key_str(&o, "text_value", AN_STR("There is none."));
    an_out_end(&o);
    code = an_out_done(&o, &text, err);
    if (code == AN_OK)
        code = tr_path(path, w->folder, "dataset.json", err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

/* ---- labels ---------------------------------------------------------------- */

struct label {
    int64_t us;
    bool yes;
};

static int label_cmp(const void *a, const void *b)
{
    const struct label *x = a, *y = b;

    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return x->yes - y->yes;
}

/* The known answers of a person, in order of time. */
static size_t find_labels(const struct writer *w,
                          const struct tr_meds_subject *s,
                          const struct tr_column *column, struct label *label)
{
    const struct tr_cohort *c = &w->d->cohort;
    const struct tr_cohort_sizes *z = &c->sizes;
    size_t n = 0;

    for (size_t i = s->first; i < s->first + s->n; i++) {
        const struct tr_patient *p = &c->patient[i];
        const int64_t from_us = s->origin_us + tr_meds_case_us(&w->who, s, i);

        for (uint32_t q = 0; q < p->n_queries; q++) {
            const size_t query = p->first_query + q;
            const struct tr_follow_up *f = c->follow_up + query * z->outcomes;
            const bool other =
                z->death >= 0 && (size_t)z->death != column->outcome;
            const uint8_t answer =
                tr_answer(&f[column->outcome], other ? &f[z->death] : NULL,
                          column->horizon_days);
            const struct rt_position *at =
                &c->position[p->first_position + c->query[query].position];

            if (answer != TR_UNKNOWN)
                label[n++] = (struct label){from_us + tr_meds_us(at->time_days),
                                            answer == TR_YES};
        }
    }
    return n;
}

static void put_labels(struct writer *w, struct an_buf *b, uint64_t key,
                       struct label *label, size_t n, struct label *scratch)
{
    an_sort(label, n, sizeof(*label), scratch, label_cmp);
    for (size_t i = 0; i < n; i++) {
        if (i && label_cmp(&label[i], &label[i - 1]) == 0)
            continue;
        put_head(b, key, true, label[i].us);
        an_buf_put_c(b, label[i].yes ? "true\n" : "false\n");
        w->counts->labels++;
    }
}

static bool is_file_name(struct an_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-_",
                   id.p[i]) == NULL ||
            id.p[i] == '\0')
            return false;
    return id.n > 0;
}

static enum an_code write_column(struct writer *w,
                                 const struct tr_column *column,
                                 struct label *label, struct label *scratch,
                                 struct an_err *err)
{
    const struct an_str id = w->d->asked[column->outcome].id;
    const struct an_mark mark = an_arena_mark(w->arena);
    char name[TR_PATH_BYTES];
    struct an_buf b;
    enum an_code code;

    if (!is_file_name(id))
        return an_fail(err, AN_CONFIG, "an outcome's id is no file name", 0);
    (void)snprintf(name, sizeof(name), "labels/%.*s_%ud.csv", AN_STR_ARG(id),
                   column->horizon_days);
    begin(w, &b, "subject_id,prediction_time,boolean_value\n");
    for (size_t i = 0; i < w->who.n; i++) {
        const struct tr_meds_subject *s = &w->who.one[i];

        put_labels(w, &b, w->d->cohort.patient[s->first].key, label,
                   find_labels(w, s, column, label), scratch);
    }
    code = end(w, &b, name, err);
    an_arena_rewind(w->arena, mark);
    return code;
}

static enum an_code write_labels(struct writer *w, struct an_err *err)
{
    const struct tr_cohort *c = &w->d->cohort;
    const struct tr_column *column;
    struct label *label, *scratch;
    size_t n, most = 0;
    enum an_code code = tr_columns(w->arena, w->d, &column, &n, err);

    for (size_t i = 0; i < w->who.n; i++) {
        const struct tr_meds_subject *s = &w->who.one[i];
        size_t asked = 0;

        for (size_t k = s->first; k < s->first + s->n; k++)
            asked += c->patient[k].n_queries;
        most = asked > most ? asked : most;
    }
    label = an_arena_get(w->arena, most + 1, sizeof(*label));
    scratch = an_arena_get(w->arena, most + 1, sizeof(*scratch));
    if (code == AN_OK && (label == NULL || scratch == NULL))
        return an_fail_nomem(err);
    for (size_t i = 0; i < n && code == AN_OK; i++)
        code = write_column(w, &column[i], label, scratch, err);
    return code;
}

static enum an_code make_folders(const char *folder, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    enum an_code code = tr_path(path, folder, "labels", err);

    if (code == AN_OK && ((mkdir(folder, 0755) < 0 && errno != EEXIST) ||
                          (mkdir(path, 0755) < 0 && errno != EEXIST)))
        code = an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    return code;
}

enum an_code tr_meds_write(struct an_arena *arena, const struct tr_data *d,
                           const char *folder, struct tr_meds_written *counts,
                           struct an_err *err)
{
    struct writer w = {
        .arena = arena, .d = d, .counts = counts, .folder = folder};
    enum an_code code = make_folders(folder, err);

    *counts = (struct tr_meds_written){.rows = 0};
    if (code == AN_OK)
        code = rt_vocabulary_read(arena,
                                  an_json_get(d->root, AN_STR("vocabulary")),
                                  &w.vocabulary, err);
    if (code == AN_OK)
        code = name_codes(&w, err);
    if (code == AN_OK)
        code = tr_meds_subjects_find(arena, &d->cohort, &w.who, err);
    if (code == AN_OK)
        code = write_data(&w, err);
    if (code == AN_OK)
        code = write_codes(&w, err);
    if (code == AN_OK)
        code = write_splits(&w, err);
    if (code == AN_OK)
        code = write_labels(&w, err);
    return code == AN_OK ? write_about(&w, err) : code;
}
