/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/rules.h"

#include "base/buf.h"

#include <string.h>

enum { FACT_BYTES = 512 };

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

void hl7_scope_init(struct hl7_scope *s, const struct hl7_message *m)
{
    *s = (struct hl7_scope){.m = m};
    for (int i = 0; i < HL7_N_SEGMENTS; i++)
        s->latest[i] = -1;
}

#define BIT(name) (1U << HL7_##name)

/* What a segment begins anew: everything that hung from its predecessor. */
static unsigned forgets(enum hl7_segment_id id)
{
    const unsigned result = BIT(OBX) | BIT(NTE);
    const unsigned order = result | BIT(OBR) | BIT(SPM) | BIT(RXO) | BIT(RXE) |
                           BIT(RXA) | BIT(TQ1);

    switch ((unsigned)id) {
    case HL7_PID:
        return order | BIT(ORC) | BIT(TXA) | BIT(PV1) | BIT(PV2) | BIT(DG1) |
               BIT(PR1) | BIT(AL1) | BIT(MRG);
    case HL7_PV1: return BIT(PV2);
    case HL7_ORC: return order;
    case HL7_OBR: return result | BIT(SPM);
    case HL7_RXO:
    case HL7_RXE:
    case HL7_RXA:
    case HL7_TXA:
    case HL7_DG1: return result;
    case HL7_OBX: return BIT(NTE);
    default: return 0;
    }
}

void hl7_scope_enter(struct hl7_scope *s, enum hl7_segment_id id, int32_t index)
{
    unsigned gone = forgets(id);

    for (unsigned i = 0; i < HL7_N_SEGMENTS; i++)
        if (gone & (1U << i))
            s->latest[i] = -1;
    s->latest[id] = index;
    s->seq[id]++;
}

struct an_str hl7_path_get(const struct hl7_scope *s,
                           const struct hl7_path *path)
{
    struct an_str raw;

    if (path->text.n)
        return path->text;
    if (s->latest[path->segment] < 0)
        return AN_STR("");
    raw = hl7_get(s->m, (size_t)s->latest[path->segment], path->field, 1,
                  path->component, 0);
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

/* Any of the positive triggers, none of the negative ones. */
static bool triggered(const struct hl7_scope *s, const struct hl7_rule *r)
{
    bool yes = false;

    for (unsigned i = 0; i < r->triggers.n; i++) {
        struct an_str t = triggers[r->triggers.first + i];
        bool not = t.p[0] == '!';

        if (not )
            t = an_str_sub(t, 1, t.n);
        if (!an_str_eq(t, AN_STR("*")) && !an_str_eq(t, s->type) &&
            !an_str_eq(t, s->event))
            continue;
        if (not )
            return false;
        yes = true;
    }
    return yes;
}

static bool tested(const struct hl7_scope *s, const struct hl7_rule *r)
{
    for (unsigned i = 0; i < r->tests.n; i++) {
        const struct rule_test *t = &tests[r->tests.first + i];
        struct hl7_path found;
        bool there = choose(s, t->choice, &found);

        if (there && t->want.n)
            there = an_str_eq(hl7_path_get(s, &found), t->want);
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
        if (r->segment == id && triggered(s, r) && tested(s, r))
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
        if (time_at(s, paths[i], zone, &t, &said))
            return t;
        if (said && odd->field == 0)
            *odd = paths[i];
    }
    return (struct an_time){0};
}

/* The table's word on one code; UNKNOWN when it has none. */
static enum ctx_status status_of(struct an_str table, struct an_str code)
{
    for (size_t i = 0; i < sizeof(status_table) / sizeof(status_table[0]);
         i++) {
        struct an_str key = an_str_c(status_table[i].key);

        if (key.n == table.n + 1 + code.n && an_str_starts(key, table) &&
            an_str_ends(key, code))
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
        if (choose(s, slots[r->fact.first + i], &found))
            an_buf_put(&b, an_str_sub(hl7_path_get(s, &found), 0, FACT_BYTES));
    }
    return an_buf_done(&b, fact, err);
}
