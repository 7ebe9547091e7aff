/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/advice_case.h"

#include "base/decimal.h"
#include "tests/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *advice_case_root(void)
{
    const char *root = getenv("top_srcdir");

    return root ? root : ".";
}

struct an_str advice_case_file(struct an_arena *arena, const char *path)
{
    enum { FILE_BYTES = 1 << 20 };
    char full[1024];
    char *p = an_arena_get(arena, FILE_BYTES + 1, 1);
    size_t n;
    FILE *f;

    snprintf(full, sizeof(full), "%s/%s", advice_case_root(), path);
    f = fopen(full, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", full);
    ck_assert_ptr_nonnull(p);
    n = fread(p, 1, FILE_BYTES, f);
    fclose(f);
    return (struct an_str){p, n};
}

static unsigned named(struct an_str name, const char *(*text)(unsigned),
                      unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (an_str_eq(name, an_str_c(text(i))))
            return i;
    ck_abort_msg("no such name: %.*s", AN_STR_ARG(name));
}

static struct an_str column(struct an_str *rest)
{
    struct an_str part;

    if (!an_str_cut(rest, '\t', &part) || an_str_eq(part, AN_STR("-")))
        return AN_STR("");
    return part;
}

static double number(struct an_str s)
{
    double v = 0;

    ck_assert_msg(an_decimal_parse(s, &v), "no number: %.*s", AN_STR_ARG(s));
    return v;
}

static struct an_time moment(struct an_str s)
{
    static const struct an_zone zone = {0};
    struct an_time t;

    ck_assert_msg(an_time_fhir(s, &zone, &t), "no time: %.*s", AN_STR_ARG(s));
    return t;
}

static void read_event(struct advice_case *c, struct an_str rest)
{
    static const struct an_str system[] = {
        AN_STR_INIT("http://snomed.info/sct"),
        AN_STR_INIT("http://hl7.org/fhir/sid/icd-10-cm"),
        AN_STR_INIT("http://loinc.org"),
        AN_STR_INIT("http://www.nlm.nih.gov/research/umls/rxnorm"),
        AN_STR_INIT("http://terminology.hl7.org/CodeSystem/v3-ActCode")};
    static const struct an_str short_system[] = {
        AN_STR_INIT("snomed"), AN_STR_INIT("icd10"), AN_STR_INIT("loinc"),
        AN_STR_INIT("rxnorm"), AN_STR_INIT("class")};
    struct ctx_event *e = &c->event[c->timeline.n_events++];
    struct an_str s;

    ck_assert_uint_le(c->timeline.n_events, CASE_EVENTS);
    e->kind = (uint8_t)named(column(&rest), ctx_kind_text, CTX_N_KINDS);
    e->effective = moment(column(&rest));
    e->available_us = e->effective.us;
    e->concept.system = column(&rest);
    for (size_t i = 0; i < 5; i++)
        if (an_str_eq(e->concept.system, short_system[i]))
    e->concept.system = system[i];
    e->concept.code = column(&rest);
    e->concept.display = column(&rest);
    s = column(&rest);
    if (an_decimal_parse(s, &e->value.number)) {
        e->value.kind = CTX_VALUE_QUANTITY;
        e->value.literal = s;
    } else if (s.n) {
        e->value.kind = CTX_VALUE_CODE;
        e->value.code.code = s;
    }
    e->value.unit = column(&rest);
    e->low = column(&rest);
    e->high = column(&rest);
    e->flag = column(&rest);
    s = column(&rest);
    e->status = s.n ? (uint8_t)named(s, ctx_status_text, CTX_N_STATUSES)
                    : (uint8_t)CTX_STATUS_FINAL;
    e->encounter = column(&rest);
    s = column(&rest);
    if (s.n)
        e->end = moment(s);
}

static void read_why(struct advice_case *c, struct an_str rest)
{
    struct ctx_risk *risk = &c->risk[c->forecast.n_risks - 1];
    struct ctx_influence *why = &c->why[c->n_whys++];
    struct an_str list, part;
    uint64_t i;

    ck_assert_uint_gt(c->forecast.n_risks, 0);
    ck_assert_uint_le(c->n_whys, CASE_WHYS);
    if (risk->n_influences++ == 0)
        risk->influence = why;
    why->log_hazard = number(column(&rest));
    why->event = &c->group[c->n_grouped];
    list = column(&rest);
    while (list.n && an_str_cut(&list, ',', &part)) {
        ck_assert(an_str_u64(part, &i) && i > 0 && i <= c->timeline.n_events);
        c->group[c->n_grouped++] = &c->event[i - 1];
        why->n_events++;
    }
}

static void read_line(struct advice_case *c, struct an_str rest)
{
    struct an_str tag = column(&rest);

    if (an_str_eq(tag, AN_STR("now"))) {
        c->now = moment(column(&rest));
    } else if (an_str_eq(tag, AN_STR("event"))) {
        read_event(c, rest);
    } else if (an_str_eq(tag, AN_STR("model"))) {
        c->has_forecast = true;
        c->forecast.model.name = column(&rest);
        c->forecast.model.version = column(&rest);
        c->forecast.model.demonstrator =
            an_str_eq(column(&rest), AN_STR("yes"));
        c->forecast.abstention = (uint8_t)named(
            column(&rest), ctx_abstention_text, CTX_N_ABSTENTIONS);
    } else if (an_str_eq(tag, AN_STR("risk"))) {
        struct ctx_risk *r = &c->risk[c->forecast.n_risks++];

        r->outcome = column(&rest);
        r->horizon_days = (uint32_t)number(column(&rest));
        r->p = number(column(&rest));
        r->p_low = number(column(&rest));
        r->p_high = number(column(&rest));
        r->abstention = (uint8_t)named(column(&rest), ctx_abstention_text,
                                       CTX_N_ABSTENTIONS);
    } else if (an_str_eq(tag, AN_STR("why"))) {
        read_why(c, rest);
    } else if (an_str_eq(tag, AN_STR("next"))) {
        struct ctx_next *n = &c->next[c->forecast.n_next++];

        n->concept.system = column(&rest);
        n->concept.code = column(&rest);
        n->concept.display = column(&rest);
        n->p = number(column(&rest));
    } else if (an_str_eq(tag, AN_STR("needed"))) {
        c->forecast.next_coverage = number(column(&rest));
        c->forecast.n_next_needed = (size_t)number(column(&rest));
    } else {
        ck_abort_msg("no such line: %.*s", AN_STR_ARG(tag));
    }
}

void advice_case_read(struct an_arena *arena, const char *name,
                      struct advice_case *c)
{
    struct an_str text, line;
    char path[256];

    memset(c, 0, sizeof(*c));
    snprintf(path, sizeof(path), "tests/golden/advice-%s/case.tsv", name);
    text = advice_case_file(arena, path);
    while (text.n && an_str_cut(&text, '\n', &line))
        if (line.n && line.p[0] != '#')
            read_line(c, line);
    for (size_t i = 0; i < c->timeline.n_events; i++) {
        size_t at = i;

        for (;
             at && c->by_time[at - 1]->effective.us > c->event[i].effective.us;
             at--)
            c->by_time[at] = c->by_time[at - 1];
        c->by_time[at] = &c->event[i];
    }
    c->timeline.event = c->by_time;
    c->timeline.as_of_us = c->now.us;
    c->forecast.now = c->now;
    c->forecast.risk = c->risk;
    c->forecast.next = c->next;
    c->forecast.next_horizon_days = 365;
}

void advice_case_knowledge(struct an_arena *arena, struct adv_knowledge *k)
{
    struct adv_file file[64];
    static char name[64][128];
    size_t n = 0;
    char path[512];
    struct dirent *entry;
    struct an_err err;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/config/outcomes", advice_case_root());
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL && n < 64) {
        if (!an_str_ends(an_str_c(entry->d_name), AN_STR(".yaml")))
            continue;
        snprintf(name[n], sizeof(name[n]), "config/outcomes/%.80s",
                 entry->d_name);
        file[n].name = name[n];
        file[n].bytes = advice_case_file(arena, name[n]);
        n++;
    }
    closedir(dir);
    if (adv_knowledge_load(arena, file, n, k, &err) != AN_OK) {
        char text[256];

        an_err_print(&err, text, sizeof(text));
        ck_abort_msg("%s", text);
    }
}
