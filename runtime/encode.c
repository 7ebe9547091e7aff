/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/encode.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/sort.h"

#include <string.h>

enum { KEY_BYTES = 512 };

#define US_PER_DAY 86400e6
#define HOUR_US INT64_C(3600000000)

int64_t rt_known_us(const struct ctx_event *e)
{
    int64_t at = e->effective.precision ? e->effective.us : e->available_us;

    return at > e->available_us ? at : e->available_us;
}

/* ---- keys --------------------------------------------------------------- */

struct an_str rt_kind_key(const struct ctx_event *e)
{
    switch ((enum ctx_kind)e->kind) {
    case CTX_SEX: return AN_STR("kind|sex");
    case CTX_ADMISSION:
    case CTX_TRANSFER:
    case CTX_DISCHARGE: return AN_STR("kind|encounter");
    case CTX_CONDITION: return AN_STR("kind|condition");
    case CTX_PROCEDURE: return AN_STR("kind|procedure");
    case CTX_OBSERVATION: return AN_STR("kind|observation");
    case CTX_MEDICATION_ORDER:
    case CTX_MEDICATION_GIVEN:
    case CTX_MEDICATION_TAKEN: return AN_STR("kind|medication");
    case CTX_ALLERGY: return AN_STR("kind|allergy");
    case CTX_IMMUNIZATION: return AN_STR("kind|immunization");
    case CTX_BIRTH:
    case CTX_DEATH:
    case CTX_REPORT:
    case CTX_ORDER:
    case CTX_DOCUMENT:
    case CTX_NOTE:
    case CTX_CONSENT:
    case CTX_N_KINDS: break;
    }
    return AN_STR("");
}

static bool is_read(const struct ctx_event *e)
{
    return e->status != CTX_STATUS_PLANNED && !ctx_event_withdrawn(e) &&
           rt_kind_key(e).n > 0;
}

static bool join(struct an_arena *arena, const char *first,
                 struct an_str second, struct an_str third, struct an_str *key)
{
    struct an_buf b;

    an_buf_init(&b, arena, KEY_BYTES);
    an_buf_put_c(&b, first);
    an_buf_put(&b, second);
    an_buf_put(&b, third);
    return an_buf_done(&b, key, NULL) == AN_OK;
}

bool rt_event_key(struct an_arena *arena, const struct ctx_event *e,
                  struct an_str *key)
{
    struct an_str tail;

    if (!is_read(e))
        return false;
    switch ((unsigned)e->kind) {
    case CTX_SEX:
        return join(arena, "sex|", e->value.code.code, AN_STR(""), key);
    case CTX_ADMISSION:
        return join(arena, "encounter|admission-", e->concept.code, AN_STR(""),
                    key);
    case CTX_TRANSFER:
        return join(arena, "encounter|transfer-", e->concept.code, AN_STR(""),
                    key);
    case CTX_DISCHARGE:
        return join(arena, "encounter|discharge-", e->concept.code, AN_STR(""),
                    key);
    default: break;
    }
    return e->concept.code.n &&
           join(arena, "|", e->concept.code, AN_STR(""), &tail) &&
           join(arena, "", e->concept.system, tail, key);
}

bool rt_answer_key(struct an_arena *arena, const struct ctx_event *e,
                   struct an_str *key)
{
    struct an_str head, middle, tail;

    if (e->kind != CTX_OBSERVATION || e->value.kind != CTX_VALUE_CODE ||
        e->value.code.code.n == 0 || !rt_event_key(arena, e, &head))
        return false;
    return join(arena, "|", e->value.code.code, AN_STR(""), &tail) &&
           join(arena, "=", e->value.code.system, tail, &middle) &&
           join(arena, "", head, middle, key);
}

/* ---- items -------------------------------------------------------------- */

static uint32_t flag_of_text(struct an_str flag)
{
    static const struct {
        const char *text;
        uint32_t flag;
    } known[] = {{"N", RT_FLAG_N},   {"L", RT_FLAG_L},  {"LL", RT_FLAG_LL},
                 {"<", RT_FLAG_LL},  {"H", RT_FLAG_H},  {"HH", RT_FLAG_HH},
                 {">", RT_FLAG_HH},  {"A", RT_FLAG_A},  {"AA", RT_FLAG_AA},
                 {"LU", RT_FLAG_LL}, {"HU", RT_FLAG_HH}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(flag, an_str_c(known[i].text)))
            return known[i].flag;
    return RT_FLAG_NONE;
}

/* What the sender flagged or, when it flagged nothing, what its own range
 * says. */
static uint32_t flag_of(const struct ctx_event *e)
{
    double low, high;

    if (e->flag.n || e->value.kind != CTX_VALUE_QUANTITY)
        return flag_of_text(e->flag);
    if (e->low.n && an_decimal_parse(e->low, &low) && e->value.number < low)
        return RT_FLAG_L;
    if (e->high.n && an_decimal_parse(e->high, &high) && e->value.number > high)
        return RT_FLAG_H;
    return e->low.n + e->high.n ? RT_FLAG_N : RT_FLAG_NONE;
}

/* The code under which the model knows the event: its concept, else the first
 * alias that it knows. */
static int32_t find_code(const struct rt_vocabulary *v,
                         const struct ctx_event *e,
                         const struct ctx_code **said)
{
    int32_t row = rt_vocabulary_find(v, e->concept.system, e->concept.code);

    *said = &e->concept;
    for (size_t i = 0; row == RT_NO_ROW && i < e->n_aliases; i++) {
        row = rt_vocabulary_find(v, e->alias[i].system, e->alias[i].code);
        *said = &e->alias[i];
    }
    return row;
}

static bool has_own_key(const struct ctx_event *e)
{
    return e->kind == CTX_SEX || e->kind == CTX_ADMISSION ||
           e->kind == CTX_TRANSFER || e->kind == CTX_DISCHARGE;
}

/* What has no code of its own: "encounter|admission-IMP", "sex|female". */
static int32_t find_own(struct an_arena *arena, const struct rt_vocabulary *v,
                        const struct ctx_event *e)
{
    struct an_str key, system;

    if (!rt_event_key(arena, e, &key) || !an_str_cut(&key, '|', &system))
        return RT_NO_ROW;
    return rt_vocabulary_find(v, system, key);
}

/* What an item falls under: a concept's own parents, or the kind of what has no
 * row.  None of it for a model that reads no parents. */
static void set_parents(const struct rt_vocabulary *v, struct rt_item *item,
                        int32_t kind)
{
    for (unsigned i = 0; i < RT_MAX_PARENTS; i++)
        item->parent[i] = RT_NO_ROW;
    if (v->no_parents)
        return;
    if (item->concept == RT_NO_ROW)
        item->parent[0] = kind;
    else
        memcpy(item->parent, v->concept[item->concept].parent,
               sizeof(item->parent));
}

/* One event as an item; false when the model knows nothing of it. */
static bool make_item(struct an_arena *arena, const struct rt_vocabulary *v,
                      const struct ctx_event *e, struct rt_item *item,
                      bool *unknown)
{
    struct an_mark mark = an_arena_mark(arena);
    const struct ctx_code *said = &e->concept;
    int32_t row, answer = RT_NO_ROW, kind;
    struct an_str key;

    *item = (struct rt_item){.value_row = RT_NO_ROW, .flag = flag_of(e)};
    if (has_own_key(e))
        row = find_own(arena, v, e);
    else
        row = find_code(v, e, &said);
    if (rt_answer_key(arena, e, &key))
        answer = rt_vocabulary_row(v, key);
    an_arena_rewind(arena, mark);

    kind = rt_vocabulary_row(v, rt_kind_key(e));
    *unknown = row == RT_NO_ROW && answer == RT_NO_ROW;
    item->concept = answer != RT_NO_ROW ? answer : row;
    set_parents(v, item, kind);
    if (row != RT_NO_ROW && e->value.kind == CTX_VALUE_QUANTITY)
        item->value_row =
            rt_vocabulary_value(v, said->system, said->code, e->value.unit,
                                e->value.number, &item->value_z);
    return item->concept != RT_NO_ROW || item->parent[0] != RT_NO_ROW;
}

/* ---- positions ---------------------------------------------------------- */

struct known {
    int64_t us;
    uint32_t index; /* in the timeline: keeps the order of equals */
};

static int known_cmp(const void *a, const void *b)
{
    const struct known *x = a, *y = b;

    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The events that are read, in the order in which they became known. */
static enum an_code gather(struct an_arena *arena, const struct ctx_timeline *t,
                           int64_t now_us, struct known **out, size_t *n,
                           struct an_err *err)
{
    struct known *known = an_arena_get(arena, t->n_events, sizeof(*known));
    void *scratch = an_arena_get(arena, t->n_events / 2 + 1, sizeof(*known));

    if (known == NULL || scratch == NULL)
        return an_fail_nomem(err);
    *n = 0;
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];
        int64_t at = rt_known_us(e);

        if (e->kind != CTX_SEX && is_read(e) && at <= now_us)
            known[(*n)++] = (struct known){at, (uint32_t)i};
    }
    an_sort(known, *n, sizeof(*known), scratch, known_cmp);
    *out = known;
    return AN_OK;
}

/* What is filled while walking the events. */
struct encoder {
    struct rt_position *position;
    struct rt_item *item;
    const struct ctx_event **event;
    size_t n_positions, n_items;
    int64_t birth_us, admitted_us;
    bool admitted;
};

static void open_position(struct encoder *w, struct rt_encoded *out, int64_t us)
{
    struct rt_position *p = &w->position[w->n_positions];

    if (w->n_positions == 0)
        out->origin_us = us;
    p->time_days = (double)(us - out->origin_us) / US_PER_DAY;
    p->age_days = out->has_birth && us > w->birth_us
                      ? (float)((double)(us - w->birth_us) / US_PER_DAY)
                      : 0;
    p->since_previous_days =
        w->n_positions ? (float)(p->time_days - p[-1].time_days) : 0;
    p->since_admission_days =
        w->admitted ? (float)((double)(us - w->admitted_us) / US_PER_DAY) : -1;
    p->first_item = (uint32_t)w->n_items;
    w->n_positions++;
}

static void add_item(struct encoder *w, struct an_arena *arena,
                     const struct rt_vocabulary *v, const struct ctx_event *e,
                     struct rt_encoded *out)
{
    bool unknown;
    bool any = make_item(arena, v, e, &w->item[w->n_items], &unknown);

    out->n_read++;
    out->n_unknown += unknown;
    if (!any)
        return;
    w->event[w->n_items++] = e;
    w->position[w->n_positions - 1].n_items++;
}

static void note_stay(struct encoder *w, const struct ctx_event *e, int64_t us)
{
    bool bed = an_str_eq(e->concept.code, AN_STR("IMP")) ||
               an_str_eq(e->concept.code, AN_STR("ACUTE")) ||
               an_str_eq(e->concept.code, AN_STR("EMER"));

    if (e->kind == CTX_ADMISSION && bed) {
        w->admitted = true;
        w->admitted_us = us;
    } else if (e->kind == CTX_DISCHARGE) {
        w->admitted = false;
    }
}

/* Birth and death are no items; sex is the first.  NULL when it is unknown. */
static const struct ctx_event *read_person(const struct ctx_timeline *t,
                                           int64_t now_us, struct encoder *w,
                                           struct rt_encoded *out)
{
    const struct ctx_event *sex = NULL;

    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->kind == CTX_BIRTH && e->effective.precision) {
            w->birth_us = e->effective.us;
            out->has_birth = true;
        } else if (e->kind == CTX_SEX) {
            sex = e;
            out->sex = rt_sex(e->value.code.code);
        } else if (e->kind == CTX_DEATH && rt_known_us(e) <= now_us) {
            out->is_dead = true;
        }
    }
    return sex;
}

/* The whole hour before it. */
static int64_t asked_us(int64_t now_us)
{
    const int64_t past_us = now_us % HOUR_US;

    return now_us - past_us - (past_us < 0 ? HOUR_US : 0);
}

enum an_code rt_encode(struct an_arena *arena, const struct rt_vocabulary *v,
                       const struct ctx_timeline *t, int64_t now_us,
                       struct rt_encoded *out, struct an_err *err)
{
    struct encoder w = {.birth_us = 0};
    const struct ctx_event *sex;
    struct known *known = NULL;
    size_t n = 0;
    enum an_code rc = gather(arena, t, now_us, &known, &n, err);

    if (rc != AN_OK)
        return rc;
    *out = (struct rt_encoded){.n_read = 0};
    sex = read_person(t, now_us, &w, out);
    w.position = an_arena_get(arena, n + 1, sizeof(*w.position));
    w.item = an_arena_get(arena, n + 1, sizeof(*w.item));
    w.event = an_arena_get(arena, n + 1, sizeof(const struct ctx_event *));
    if (w.position == NULL || w.item == NULL || w.event == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const struct ctx_event *e = t->event[known[i].index];

        if (i == 0 || known[i].us != known[i - 1].us)
            open_position(&w, out, known[i].us);
        if (i == 0 && sex)
            add_item(&w, arena, v, sex, out);
        add_item(&w, arena, v, e, out);
        note_stay(&w, e, known[i].us);
    }
    if (n == 0 || known[n - 1].us < asked_us(now_us))
        open_position(&w, out, asked_us(now_us));
    out->history =
        (struct rt_history){w.position, w.n_positions, w.item, w.n_items};
    out->event = w.event;
    return AN_OK;
}
