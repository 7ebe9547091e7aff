/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/coded.h"

#include "base/buf.h"
#include "base/uuid.h"
#include "context/unit.h"
#include "hl7/read.h"

#include <stdlib.h>

struct pair {
    const char *key, *value;
};

static const struct pair systems[] = {
#include "config/tables/coding-systems.inc"
};

static const struct {
    const char *key, *system, *code, *display;
} table_codes[] = {
#include "config/tables/hl7-codes.inc"
};

static int pair_cmp(const void *key, const void *row)
{
    const struct an_str *k = key;
    const struct pair *p = row;

    return an_str_cmp(*k, an_str_c(p->key));
}

static const struct pair *pair_find(const struct pair *table, size_t n,
                                    struct an_str key)
{
    return bsearch(&key, table, n, sizeof(*table), pair_cmp);
}

enum an_code hl7_raw_text(const struct hl7_message *m, struct an_str raw,
                          struct an_str *text, struct an_err *err)
{
    struct hl7_text t;
    enum an_code rc;

    if (an_str_eq(raw, AN_STR("\"\"")))
        raw = AN_STR("");
    rc = hl7_text(m, an_str_trim(raw), &t, err);
    if (rc == AN_OK)
        *text = t.s;
    return rc;
}

enum an_code hl7_at_text(const struct hl7_at *at, unsigned component,
                         struct an_str *text, struct an_err *err)
{
    return hl7_raw_text(
        at->m, hl7_get(at->m, at->segment, at->field, at->rep, component, 0),
        text, err);
}

struct an_str hl7_unit_code(struct an_str sent)
{
    struct an_str known = ctx_unit_known(sent);

    return known.p ? known : AN_STR("");
}

enum an_code hl7_unit_at(const struct hl7_at *at, struct an_str *unit,
                         struct an_err *err)
{
    struct an_str whole = hl7_get(at->m, at->segment, at->field, at->rep, 0, 0);
    struct an_str known = ctx_unit_known(whole);
    enum an_code rc;

    if (known.p) {
        *unit = known;
        return AN_OK;
    }
    rc = hl7_at_text(at, 1, unit, err);
    if (rc == AN_OK)
        *unit = ctx_unit_ucum(*unit);
    return rc;
}

static enum an_code join(struct an_arena *arena, const char *before,
                         struct an_str rest, struct an_str *out,
                         struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, 64 + rest.n);
    an_buf_put_c(&b, before);
    an_buf_put(&b, rest);
    return an_buf_done(&b, out, err);
}

/* "2160-0": digits, a hyphen, one digit; an answer, "LA6668-3". */
static bool loinc_form(struct an_str code)
{
    if (an_str_starts(code, AN_STR("LA")))
        code = an_str_sub(code, 2, code.n);
    if (code.n < 3 || code.p[code.n - 2] != '-')
        return false;
    for (size_t i = 0; i < code.n; i++)
        if (i != code.n - 2 && (code.p[i] < '0' || code.p[i] > '9'))
            return false;
    return true;
}

enum an_code hl7_system_uri(struct an_arena *arena, struct an_str name,
                            struct an_str code, struct an_str *uri,
                            struct an_err *err)
{
    char upper[32];
    const struct pair *p = NULL;

    *uri = AN_STR("");
    if (name.n == 0)
        return AN_OK;
    if (name.n < sizeof(upper)) {
        for (size_t i = 0; i < name.n; i++)
            upper[i] = name.p[i] >= 'a' && name.p[i] <= 'z'
                           ? (char)(name.p[i] - ('a' - 'A'))
                           : name.p[i];
        p = pair_find(systems, sizeof(systems) / sizeof(systems[0]),
                      (struct an_str){upper, name.n});
    }
    if (p && (!an_str_eq(an_str_c(p->value), AN_STR("http://loinc.org")) ||
              loinc_form(code))) {
        *uri = an_str_c(p->value);
        return AN_OK;
    }
    if (name.n == 7 && an_str_starts(name, AN_STR("HL7")))
        return join(arena, "http://terminology.hl7.org/CodeSystem/v2-",
                    an_str_sub(name, 3, 4), uri, err);
    if (an_str_starts(name, AN_STR("http:")) ||
        an_str_starts(name, AN_STR("https:")) ||
        an_str_starts(name, AN_STR("urn:"))) {
        *uri = name;
        return AN_OK;
    }
    return join(arena, an_oid_valid(name) ? "urn:oid:" : "urn:id:", name, uri,
                err);
}

/* Components first .. first + 2: identifier, text, system. */
static enum an_code triplet(struct an_arena *arena, const struct hl7_at *at,
                            unsigned first, struct ctx_code *code,
                            struct an_err *err)
{
    struct an_str name = {0};
    enum an_code rc;

    rc = hl7_at_text(at, first, &code->code, err);
    if (rc == AN_OK)
        rc = hl7_at_text(at, first + 1, &code->display, err);
    if (rc == AN_OK)
        rc = hl7_at_text(at, first + 2, &name, err);
    if (rc == AN_OK)
        rc = hl7_system_uri(arena, name, code->code, &code->system, err);
    return rc;
}

static bool standard(const struct ctx_code *c)
{
    return c->code.n && c->system.n &&
           !an_str_starts(c->system, AN_STR("urn:id:"));
}

enum an_code hl7_coded(struct an_arena *arena, const struct hl7_at *at,
                       struct ctx_code *code, const struct ctx_code **alias,
                       size_t *n_aliases, struct an_err *err)
{
    struct ctx_code other = {0}, *kept;
    enum an_code rc = triplet(arena, at, 1, code, err);

    *alias = NULL;
    *n_aliases = 0;
    if (rc == AN_OK)
        rc = triplet(arena, at, 4, &other, err);
    if (rc != AN_OK)
        return rc;
    if (code->code.n + code->display.n == 0) {
        *code = other;
        if (code->code.n + code->display.n == 0) /* CWE.9, original text */
            return hl7_at_text(at, 9, &code->display, err);
        return AN_OK;
    }
    if (other.code.n == 0)
        return AN_OK;
    kept = an_arena_get(arena, 1, sizeof(*kept));
    if (kept == NULL)
        return an_fail_nomem(err);
    *kept = other;
    if (standard(&other) && !standard(code)) {
        *kept = *code;
        *code = other;
    }
    *alias = kept;
    *n_aliases = 1;
    return AN_OK;
}

enum an_code hl7_table_code(struct an_arena *arena, struct an_str table,
                            struct an_str code, struct ctx_code *out,
                            struct an_err *err)
{
    for (size_t i = 0; i < sizeof(table_codes) / sizeof(table_codes[0]); i++) {
        struct an_str key = an_str_c(table_codes[i].key);

        if (key.n == table.n + 1 + code.n && an_str_starts(key, table) &&
            an_str_ends(key, code)) {
            *out = (struct ctx_code){an_str_c(table_codes[i].system),
                                     an_str_c(table_codes[i].code),
                                     an_str_c(table_codes[i].display)};
            return AN_OK;
        }
    }
    out->code = code;
    out->display = AN_STR("");
    return join(arena, "http://terminology.hl7.org/CodeSystem/v2-", table,
                &out->system, err);
}

bool hl7_table_has(struct an_str table, struct an_str code)
{
    bool any = false;

    for (size_t i = 0; i < sizeof(table_codes) / sizeof(table_codes[0]); i++) {
        struct an_str key = an_str_c(table_codes[i].key);

        if (key.n <= table.n || !an_str_starts(key, table))
            continue;
        if (an_str_eq(an_str_sub(key, table.n + 1, key.n), code))
            return true;
        any = true;
    }
    return !any;
}
