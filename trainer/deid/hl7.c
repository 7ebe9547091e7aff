/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/hl7.h"

#include "hl7/identify.h"
#include "hl7/read.h"
#include "trainer/deid/hl7_int.h"

#include <stdio.h>

enum { MAX_MESSAGE_BYTES = 64 << 20, NUMBER_BYTES = 24 };

/* What stands between is said only where something follows. */
struct line {
    struct an_buf *out;
    size_t n_due;
    char between;
};

static void put(struct line *line, struct an_str text)
{
    for (; text.n && line->n_due; line->n_due--)
        an_buf_put_char(line->out, line->between);
    an_buf_put(line->out, text);
}

static const struct tr_deid_row *find(const char *as, size_t number)
{
    char text[NUMBER_BYTES];
    int n = snprintf(text, sizeof(text), "%zu", number);

    return tr_deid_find(TR_DEID_HL7, as, (struct an_str){text, (size_t)n});
}

static void look(struct deid_message *w, const struct tr_deid_row *row,
                 struct an_str text)
{
    struct deid_looks *l = &w->looks;

    if (strcmp(row->path, "PID-7") == 0)
        snprintf(l->birth, sizeof(l->birth), "%.*s", AN_STR_ARG(text));
    else if (strcmp(row->path, "PID-8") == 0)
        snprintf(l->sex, sizeof(l->sex), "%.*s", AN_STR_ARG(text));
    else if (strcmp(row->path, "PID-11.5") == 0 && l->zip3[0] == '\0')
        snprintf(l->zip3, sizeof(l->zip3), "%.*s", AN_STR_ARG(text));
}

static void counted(struct deid_message *w, const struct tr_deid_row *row,
                    struct an_str text, bool changed)
{
    tr_deid_counted(w->d, TR_DEID_HL7, row, text.n > 0, changed);
    if (text.n)
        look(w, row, text);
}

/* Those components that have rows. */
static struct an_str components(struct deid_message *w, const char *as,
                                struct hl7_node rep)
{
    struct hl7_node part;
    struct an_buf out;
    struct line line = {&out, 0, '^'};
    struct an_str whole = {NULL, 0};

    an_buf_init(&out, w->arena, MAX_MESSAGE_BYTES);
    if (strcmp(as, "PID-11") == 0)
        w->is_abroad = tr_deid_is_abroad(deid_component(w, rep, 6));
    for (unsigned i = 1; hl7_cut(&rep, HL7_COMPONENT, &part); i++) {
        const struct tr_deid_row *row = find(as, i);
        bool changed = false;

        if (row) {
            struct an_str raw = hl7_raw(part), text = {NULL, 0};

            if (w->code == AN_OK)
                w->code = hl7_raw_text(&w->m, raw, &text, w->err);
            if (w->code == AN_OK && text.n) {
                text = deid_words(w, row, text, &changed);
                counted(w, row, text, changed);
                put(&line, text);
            }
        } else if (hl7_raw(part).n)
            w->d->n_unlisted++;
        line.n_due++;
    }
    if (w->code == AN_OK)
        w->code = an_buf_done(&out, &whole, w->err);
    return whole;
}

/* All repetitions; those of which nothing stays are gone. */
static struct an_str field(struct deid_message *w,
                           const struct tr_deid_row *row, size_t number)
{
    struct hl7_node reps = hl7_field(&w->m, w->segment, number), rep;
    bool into = tr_deid_method(row, w->d->profile) == TR_DEID_INTO;
    struct an_str whole = {NULL, 0};
    struct an_buf out;

    an_buf_init(&out, w->arena, MAX_MESSAGE_BYTES);
    while (w->code == AN_OK && hl7_cut(&reps, HL7_REPETITION, &rep)) {
        struct an_str text;
        bool changed = false;

        if (hl7_raw(rep).n == 0)
            continue;
        if (into)
            text = components(w, row->as, rep);
        else {
            text = deid_field(w, row, rep, &changed);
            counted(w, row, text, changed);
        }
        if (text.n && out.n)
            an_buf_put_char(&out, '~');
        an_buf_put(&out, text);
    }
    if (w->code == AN_OK)
        w->code = an_buf_done(&out, &whole, w->err);
    return whole;
}

static void segment(struct deid_message *w, const char *id, struct an_buf *out)
{
    bool is_msh = strcmp(id, "MSH") == 0;
    struct line line = {out, is_msh ? 0 : 1, '|'};
    size_t n = hl7_n_fields(&w->m, w->segment);

    an_buf_put_c(out, is_msh ? "MSH|^~\\&|" : id);
    for (size_t i = is_msh ? 3 : 1; i <= n && w->code == AN_OK; i++) {
        const struct tr_deid_row *row = find(id, i);

        if (row)
            put(&line, field(w, row, i));
        else if (hl7_get(&w->m, w->segment, i, 0, 0, 0).n)
            w->d->n_unlisted++;
        line.n_due++;
    }
    an_buf_put_char(out, '\r');
}

/* Whose part of the message begins. */
static void patient(struct deid_message *w, size_t pid)
{
    struct hl7_identity who = {.n = 0};
    int days = 0;

    w->dates = (struct tr_deid_dates){
        .as_of = w->d->as_of, .zero_time = w->d->zero_time, .hl7 = true};
    w->has_patient = false;
    if (pid == HL7_NONE)
        return;
    w->code = hl7_identify(&w->m, pid, (struct an_str){NULL, 0}, &who, w->err);
    if (w->code != AN_OK || who.n == 0)
        return;
    w->code = tr_deid_days(&w->d->names, who.id[0].value, &days, w->err);
    w->dates.shift_days = days;
    w->has_patient = w->code == AN_OK;
}

static void alike(struct deid_message *w, size_t pid)
{
    struct hl7_identity who = {.n = 0};
    const struct deid_looks *l = &w->looks;

    if (w->code == AN_OK)
        w->code =
            hl7_identify(&w->m, pid, (struct an_str){NULL, 0}, &who, w->err);
    if (w->code == AN_OK && who.n)
        w->code = tr_deid_people_add(
            &w->d->people, tr_deid_who(who.id[0].value), an_str_c(l->zip3),
            an_str_c(l->birth), an_str_c(l->sex), w->err);
}

enum an_code tr_deid_hl7(struct tr_deid *d, struct an_arena *arena,
                         struct an_str bytes, struct an_str *out,
                         struct an_err *err)
{
    struct deid_message w = {.d = d, .arena = arena, .err = err};
    struct an_buf buf;

    *out = (struct an_str){"", 0};
    w.code = hl7_read(arena, bytes, NULL, NULL, &w.m, err);
    if (w.code != AN_OK)
        return w.code;
    an_buf_init(&buf, arena, MAX_MESSAGE_BYTES);
    patient(&w, hl7_find(&w.m, "PID", 0));
    for (size_t i = 0; i < w.m.n_segments && w.code == AN_OK; i++) {
        const char *id = tr_deid_type(TR_DEID_HL7, an_str_c(w.m.segment[i].id));
        bool is_pid = id && strcmp(id, "PID") == 0;

        w.segment = i;
        if (is_pid) {
            patient(&w, i);
            w.looks = (struct deid_looks){"", "", ""};
        }
        if (id && w.code == AN_OK)
            segment(&w, id, &buf);
        else
            d->n_types++;
        if (is_pid)
            alike(&w, i);
    }
    return w.code == AN_OK ? an_buf_done(&buf, out, err) : w.code;
}
