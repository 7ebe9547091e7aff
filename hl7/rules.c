/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/rules.h"

#include "base/buf.h"

#include <string.h>

enum { FACT_BYTES = 512 };

/* Where a segment must stand for a rule. */
enum above_order { ANYWHERE, ABOVE_ORDER, NOT_ABOVE_ORDER };

/* Ranges into the pools that tools/mkrules.awk writes. */
struct rule_range {
    uint16_t first, n;
};

struct rule_test {
    uint16_t choice;
    bool absent;        /* the field must not be there, or not be `want` */
    struct an_str want; /* "" for anything */
};

struct rule_status {
    uint16_t choice; /* 0: always `status` */
    uint8_t status;
    struct an_str table;
};

struct hl7_rule {
    uint8_t segment, kind, value;
    bool each, unsaid;
    uint8_t above; /* enum above_order */
    struct rule_range triggers, tests;
    uint16_t concept;
    struct rule_range values;
    uint16_t effective, end, available;
    struct rule_range statuses, fact;
};

#include "config/tables/hl7-events.inc"

static const struct {
    const char *key; /* "0085:F" */
    enum ctx_status status;
} status_table[] = {
#include "config/tables/hl7-status.inc"
};

static const char segment_names[][4] = {
#define X(name) #name,
    HL7_SEGMENTS(X)
#undef X
};

enum hl7_segment_id hl7_segment_id(struct an_str name)
{
    unsigned i = 0;

    if (name.n != 3)
        return HL7_N_SEGMENTS;
    while (i < HL7_N_SEGMENTS && memcmp(segment_names[i], name.p, 3) != 0)
        i++;
    return (enum hl7_segment_id)i;
}

static bool is_segment(const struct hl7_message *m, size_t index,
                       const char *id)
{
    return index < m->n_segments && memcmp(m->segment[index].id, id, 3) == 0;
}

void hl7_scope_init(struct hl7_scope *s, const struct hl7_message *m)
{
    size_t i = 0;

    *s = (struct hl7_scope){.m = m};
    for (int id = 0; id < HL7_N_SEGMENTS; id++)
        s->latest[id] = -1;
    while (i < m->n_segments && !is_segment(m, i, "OBR") &&
           !is_segment(m, i, "SPM"))
        i++;
    s->by_specimen = is_segment(m, i, "SPM");
}

enum an_code hl7_scope_trigger(struct hl7_scope *s, struct an_arena *arena,
                               struct an_err *err)
{
    struct an_str event = hl7_get(s->m, 0, 9, 1, 2, 0);
    struct an_buf b;

    s->type = hl7_get(s->m, 0, 9, 1, 1, 0);
    an_buf_init(&b, arena, arena->limit_bytes);
    an_buf_put(&b, s->type);
    if (event.n) {
        an_buf_put_char(&b, '^');
        an_buf_put(&b, event);
    }
    return an_buf_done(&b, &s->event, err);
}

bool hl7_triggered(const struct hl7_scope *s, const struct an_str *trigger,
                   size_t n)
{
    bool yes = false;

    for (size_t i = 0; i < n; i++) {
        struct an_str t = trigger[i];
        bool no = t.p[0] == '!';

        if (no)
            t = an_str_sub(t, 1, t.n);
        if (!an_str_eq(t, AN_STR("*")) && !an_str_eq(t, s->type) &&
            !an_str_eq(t, s->event))
            continue;
        if (no)
            return false;
        yes = true;
    }
    return yes;
}

/* What hangs from a result, a drug, an order, a visit and a patient. */
#define RESULT HL7_OBX, HL7_NTE, HL7_PRT
#define DRUG RESULT, HL7_RXR, HL7_RXC, HL7_CDO
#define ORDER                                                                  \
    DRUG, HL7_OBR, HL7_SPM, HL7_SAC, HL7_INV, HL7_RXO, HL7_RXE, HL7_RXA,       \
        HL7_RXD, HL7_RXG, HL7_TQ1, HL7_TQ2, HL7_RQD, HL7_ODS, HL7_ODT,         \
        HL7_BPO, HL7_CTI, HL7_BLG
#define VISIT HL7_PV2, HL7_ROL, HL7_PRT, HL7_ARV
#define PATIENT                                                                \
    ORDER, VISIT, HL7_ORC, HL7_TXA, HL7_PV1, HL7_DG1, HL7_PR1, HL7_AL1,        \
        HL7_IAM, HL7_MRG, HL7_PD1, HL7_NK1, HL7_ACC, HL7_GT1, HL7_IN1,         \
        HL7_IN2, HL7_IN3, HL7_FT1, HL7_PRB, HL7_GOL, HL7_PTH, HL7_PDA, HL7_DB1
#define RESOURCES HL7_AIS, HL7_AIG, HL7_AIL, HL7_AIP, HL7_NTE

/* A list of segments; MSH, which nothing makes forgotten, ends it. */
typedef uint8_t segment_list[64];
_Static_assert(HL7_MSH == 0 && HL7_N_SEGMENTS <= UINT8_MAX,
               "a segment is a byte, and MSH the end of a list");

/* What a segment begins anew: everything that hung from its predecessor. */
static const segment_list forgotten[HL7_N_SEGMENTS] = {
    [HL7_PID] = {PATIENT},
    [HL7_PV1] = {RESULT, VISIT},
    [HL7_ORC] = {ORDER, HL7_CTD, HL7_FT1},
    [HL7_OBR] = {RESULT, HL7_SPM, HL7_SAC, HL7_INV, HL7_CTD},
    [HL7_OBX] = {HL7_NTE, HL7_PRT},
    [HL7_SPM] = {RESULT, HL7_SAC, HL7_INV},
    [HL7_SAC] = {RESULT, HL7_INV},
    [HL7_RXO] = {DRUG},
    [HL7_RXE] = {DRUG},
    [HL7_RXD] = {DRUG},
    [HL7_RXG] = {DRUG},
    [HL7_RXA] = {DRUG},
    [HL7_TQ1] = {HL7_TQ2},
    [HL7_TXA] = {RESULT},
    [HL7_DG1] = {RESULT},
    [HL7_PR1] = {RESULT, HL7_ROL},
    [HL7_FT1] = {ORDER, HL7_ORC, HL7_DG1, HL7_PR1, HL7_ROL},
    [HL7_PRB] = {ORDER, HL7_ORC, HL7_ROL, HL7_VAR},
    [HL7_GOL] = {ORDER, HL7_ORC, HL7_ROL, HL7_VAR},
    [HL7_PTH] = {ORDER, HL7_ORC, HL7_ROL, HL7_VAR},
    [HL7_IN1] = {HL7_IN2, HL7_IN3, HL7_ROL},
    [HL7_SCH] = {RESOURCES, HL7_RGS, HL7_TQ1, HL7_TQ2},
    [HL7_ARQ] = {RESOURCES, HL7_RGS, HL7_TQ1, HL7_TQ2},
    [HL7_RGS] = {RESOURCES, HL7_OBX, HL7_DG1},
    [HL7_AIS] = {HL7_NTE},
    [HL7_AIG] = {HL7_NTE},
    [HL7_AIL] = {HL7_NTE},
    [HL7_AIP] = {HL7_NTE},
    [HL7_RF1] = {HL7_AUT},
    [HL7_PRD] = {HL7_CTD},
    [HL7_STF] = {HL7_PRA},
    [HL7_LOC] = {HL7_LDP},
};

/* An SPM that stands above its orders. */
static const segment_list above_orders = {ORDER, HL7_ORC};

bool hl7_below_its_obr(const struct hl7_message *m, size_t orc)
{
    size_t above = orc, below = orc + 1;

    while (above && is_segment(m, above - 1, "PRT"))
        above--;
    while (is_segment(m, below, "PRT") || is_segment(m, below, "NTE") ||
           is_segment(m, below, "TQ1") || is_segment(m, below, "TQ2"))
        below++;
    return above && is_segment(m, above - 1, "OBR") &&
           (is_segment(m, below, "OBX") || is_segment(m, below, "SPM"));
}

/* Segments that stand below the OBR before: with it they go. */
static void forget_below_obr(struct hl7_scope *s)
{
    static const uint8_t ids[] = {HL7_ORC, HL7_TQ1, HL7_TQ2};

    for (size_t i = 0; i < sizeof(ids); i++)
        if (s->latest[HL7_OBR] >= 0 && s->latest[ids[i]] > s->latest[HL7_OBR])
            s->latest[ids[i]] = -1;
}

/* A specimen above its orders, times that the schedule says, and a charge and
 * its order outlast what would make others of their kind forgotten: charges
 * stand above their orders in DFT and below them elsewhere. */
static bool outlasts(const struct hl7_scope *s, unsigned id, unsigned by)
{
    bool charges = an_str_eq(s->type, AN_STR("DFT"));

    if (by == HL7_ORC)
        return charges && id == HL7_FT1;
    if (by == HL7_FT1)
        return !charges && id != HL7_OBX && id != HL7_NTE && id != HL7_PRT;
    if (by == HL7_OBR && s->by_specimen)
        return id == HL7_SPM || id == HL7_SAC || id == HL7_INV;
    if (by == HL7_PID && s->latest[HL7_SCH] >= 0)
        return id == HL7_TQ1 || id == HL7_TQ2;
    return false;
}

static void forget(struct hl7_scope *s, enum hl7_segment_id by)
{
    const uint8_t *ids = forgotten[by];

    if (by == HL7_SPM && s->by_specimen)
        ids = above_orders;
    if (by == HL7_OBR)
        forget_below_obr(s);
    for (; *ids; ids++)
        if (!outlasts(s, *ids, by))
            s->latest[*ids] = -1;
}

void hl7_scope_enter(struct hl7_scope *s, enum hl7_segment_id id, int32_t index)
{
    if (id != HL7_ORC || !hl7_below_its_obr(s->m, (size_t)index))
        forget(s, id);
    s->latest[id] = index;
    s->seq[id]++;
}

/* ---- turns -------------------------------------------------------------- */

static bool is_order(enum hl7_segment_id id)
{
    return id == HL7_OBR || id == HL7_RXO || id == HL7_RXE || id == HL7_RXD ||
           id == HL7_RXG || id == HL7_RXA;
}

static bool waits_for_order(enum hl7_segment_id id)
{
    return id == HL7_PRT || id == HL7_NTE;
}

static enum hl7_segment_id id_at(const struct hl7_message *m, size_t index)
{
    return hl7_segment_id(an_str_c(m->segment[index].id));
}

/* The order right below an ORC; 0 when there is none. */
static size_t order_of(const struct hl7_message *m, size_t orc)
{
    for (size_t i = orc + 1; i < m->n_segments; i++) {
        enum hl7_segment_id id = id_at(m, i);

        if (is_order(id))
            return i;
        if (!waits_for_order(id) && id != HL7_TQ1 && id != HL7_TQ2 &&
            id != HL7_N_SEGMENTS)
            break;
    }
    return 0;
}

bool hl7_turn(const struct hl7_message *m, struct hl7_turns *t, size_t *index)
{
    while (t->held && t->held < t->order) {
        *index = t->held++;
        t->above_order = waits_for_order(id_at(m, *index));
        if (t->above_order)
            return true;
    }
    t->held = 0;
    t->above_order = false;
    while (t->next < t->order && waits_for_order(id_at(m, t->next)))
        t->next++;
    if (t->next >= m->n_segments)
        return false;
    *index = t->next++;
    if (is_segment(m, *index, "ORC")) {
        t->orc = *index;
        t->order = order_of(m, *index);
    } else if (*index == t->order && t->order) {
        t->held = t->orc + 1;
    }
    return true;
}

bool hl7_segment_waits(enum hl7_segment_id id)
{
    return id == HL7_SCH || id == HL7_RF1;
}

unsigned hl7_path_rep(const struct hl7_scope *s, const struct hl7_path *path)
{
    return s->each.rep && path->segment == s->each.segment &&
                   path->field == s->each.field
               ? s->each.rep
               : 1;
}

struct an_str hl7_path_get(const struct hl7_scope *s,
                           const struct hl7_path *path)
{
    struct an_str raw;

    if (path->text.n)
        return path->text;
    if (s->latest[path->segment] < 0)
        return AN_STR("");
    raw = hl7_get(s->m, (size_t)s->latest[path->segment], path->field,
                  hl7_path_rep(s, path), path->component, 0);
    return an_str_eq(raw, AN_STR("\"\"")) ? AN_STR("") : raw;
}

struct an_where hl7_path_where(const struct hl7_scope *s,
                               const struct hl7_path *path)
{
    struct an_where w = {.segment_seq = s->seq[path->segment],
                         .field = path->field,
                         .component = path->component};

    memcpy(w.segment, segment_names[path->segment], sizeof(w.segment));
    return w;
}

void hl7_path_mark(const struct hl7_scope *s, const struct hl7_path *path,
                   enum hl7_mark mark)
{
    if (path->text.n == 0 && s->latest[path->segment] >= 0)
        hl7_account_mark(s->account, (size_t)s->latest[path->segment],
                         path->field, mark);
}

/* The first path of a choice that holds something. */
static bool choose(const struct hl7_scope *s, unsigned index,
                   struct hl7_path *found)
{
    struct rule_range c = choices[index];

    for (unsigned i = c.first; i < (unsigned)c.first + c.n; i++) {
        if (hl7_path_get(s, &paths[i]).n) {
            *found = paths[i];
            return true;
        }
    }
    return false;
}

static bool tested(const struct hl7_scope *s, const struct hl7_rule *r)
{
    if (r->above == (s->above_order ? NOT_ABOVE_ORDER : ABOVE_ORDER))
        return false;
    for (unsigned i = 0; i < r->tests.n; i++) {
        const struct rule_test *t = &tests[r->tests.first + i];
        struct hl7_path found;
        bool there = choose(s, t->choice, &found);

        if (there && t->want.n) {
            hl7_path_mark(s, &found, HL7_MARK_TOUCHED);
            there = an_str_eq(hl7_path_get(s, &found), t->want);
        }
        if (there == t->absent)
            return false;
    }
    return true;
}

const struct hl7_rule *hl7_rule_next(const struct hl7_scope *s,
                                     enum hl7_segment_id id,
                                     const struct hl7_rule *last)
{
    const struct hl7_rule *end = rules + sizeof(rules) / sizeof(rules[0]);

    for (const struct hl7_rule *r = last ? last + 1 : rules; r < end; r++)
        if (r->segment == id &&
            hl7_triggered(s, &triggers[r->triggers.first], r->triggers.n) &&
            tested(s, r))
            return r;
    return NULL;
}

enum ctx_kind hl7_rule_kind(const struct hl7_rule *r)
{
    return (enum ctx_kind)r->kind;
}

enum hl7_value_rule hl7_rule_value(const struct hl7_rule *r)
{
    return (enum hl7_value_rule)r->value;
}

bool hl7_rule_concept(const struct hl7_scope *s, const struct hl7_rule *r,
                      struct hl7_path *found)
{
    return choose(s, r->concept, found);
}

bool hl7_rule_each(const struct hl7_rule *r)
{
    return r->each;
}

bool hl7_rule_unsaid(const struct hl7_rule *r)
{
    return r->unsaid;
}

unsigned hl7_rule_n_values(const struct hl7_rule *r)
{
    return r->values.n;
}

bool hl7_rule_value_at(const struct hl7_scope *s, const struct hl7_rule *r,
                       unsigned i, struct hl7_path *found)
{
    return i < r->values.n && choose(s, slots[r->values.first + i], found);
}

/* The time at one place: of a field that has components, the first. */
static bool time_at(const struct hl7_scope *s, struct hl7_path path,
                    const struct an_zone *zone, struct an_time *t, bool *said)
{
    struct an_str raw;

    if (path.component == 0)
        path.component = 1;
    raw = hl7_path_get(s, &path);
    *said = raw.n > 0;
    return raw.n && an_time_hl7(raw, zone, t);
}

struct an_time hl7_rule_time(const struct hl7_scope *s,
                             const struct hl7_rule *r, enum hl7_rule_time which,
                             const struct an_zone *zone, struct hl7_path *odd)
{
    unsigned index = which == HL7_EFFECTIVE ? r->effective
                     : which == HL7_END     ? r->end
                                            : r->available;
    struct rule_range c = choices[index];
    struct an_time t = {0};
    bool said;

    for (unsigned i = c.first; i < (unsigned)c.first + c.n; i++) {
        if (time_at(s, paths[i], zone, &t, &said)) {
            hl7_path_mark(s, &paths[i], HL7_MARK_MAPPED);
            return t;
        }
        if (said)
            hl7_path_mark(s, &paths[i], HL7_MARK_ODD);
        if (said && odd->field == 0)
            *odd = paths[i];
    }
    return (struct an_time){0};
}

/* The table's word on one code, in either case; UNKNOWN when it has none. */
static enum ctx_status status_of(struct an_str table, struct an_str code)
{
    for (size_t i = 0; i < sizeof(status_table) / sizeof(status_table[0]);
         i++) {
        struct an_str key = an_str_c(status_table[i].key);

        if (key.n == table.n + 1 + code.n && an_str_starts(key, table) &&
            key.p[table.n] == ':' &&
            an_str_eq_nocase(an_str_sub(key, table.n + 1, code.n), code))
            return status_table[i].status;
    }
    return CTX_STATUS_UNKNOWN;
}

enum ctx_status hl7_rule_status(const struct hl7_scope *s,
                                const struct hl7_rule *r)
{
    for (unsigned i = 0; i < r->statuses.n; i++) {
        const struct rule_status *rule = &statuses[r->statuses.first + i];
        enum ctx_status status = (enum ctx_status)rule->status;
        struct hl7_path found;

        if (rule->choice && choose(s, rule->choice, &found)) {
            if (found.component == 0)
                found.component = 1;
            status = status_of(rule->table, hl7_path_get(s, &found));
            hl7_path_mark(s, &found,
                          status == CTX_STATUS_UNKNOWN ? HL7_MARK_ODD
                                                       : HL7_MARK_MAPPED);
        }
        if (status != CTX_STATUS_UNKNOWN)
            return status;
    }
    return CTX_STATUS_UNKNOWN;
}

enum an_code hl7_rule_fact(struct an_arena *arena, const struct hl7_scope *s,
                           const struct hl7_rule *r, struct an_str *fact,
                           struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, FACT_BYTES * (size_t)r->fact.n);
    for (unsigned i = 0; i < r->fact.n; i++) {
        struct hl7_path found;

        if (i)
            an_buf_put_char(&b, '|');
        if (!choose(s, slots[r->fact.first + i], &found))
            continue;
        an_buf_put(&b, an_str_sub(hl7_path_get(s, &found), 0, FACT_BYTES));
        hl7_path_mark(s, &found, HL7_MARK_TOUCHED);
    }
    return an_buf_done(&b, fact, err);
}
