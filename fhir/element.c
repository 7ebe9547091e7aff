/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/reader_int.h"

#include <stdio.h>

/* ---- memory ------------------------------------------------------------- */

void *fhir_get(struct fhir_reader *r, size_t n, size_t size)
{
    void *p = an_arena_get(r->arena, n, size);

    if (p == NULL)
        r->code = AN_NOMEM;
    return p;
}

struct an_str fhir_join(struct fhir_reader *r, const struct an_str *part,
                        size_t n)
{
    size_t bytes = 0;
    char *p;

    for (size_t i = 0; i < n; i++)
        bytes += part[i].n;
    p = fhir_get(r, bytes, 1);
    if (p == NULL)
        return AN_STR("");
    bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (part[i].n)
            memcpy(p + bytes, part[i].p, part[i].n);
        bytes += part[i].n;
    }
    return (struct an_str){p, bytes};
}

/* ---- places ------------------------------------------------------------- */

size_t fhir_step(struct fhir_reader *r, struct an_str key)
{
    size_t mark = r->place.n;

    if (key.n + 1 <= FHIR_PLACE_BYTES - mark) {
        r->place.p[mark] = '/';
        memcpy(r->place.p + mark + 1, key.p, key.n);
        r->place.n = mark + 1 + key.n;
    }
    return mark;
}

size_t fhir_step_index(struct fhir_reader *r, size_t index)
{
    char digits[20];
    size_t n = 0, at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + index % 10);
        index /= 10;
        n++;
    } while (index);
    return fhir_step(r, (struct an_str){digits + at, n});
}

struct an_str fhir_place_copy(struct fhir_reader *r)
{
    return FHIR_JOIN(r, {r->place.p, r->place.n});
}

/* "/entry/3/resource" -> "Bundle.entry[3].resource". */
static void path_print(const struct fhir_reader *r, char path[AN_PATH_BYTES])
{
    struct an_str rest = {r->place.p, r->place.n}, part;
    size_t used;

    used =
        (size_t)snprintf(path, AN_PATH_BYTES, "%.*s", AN_STR_ARG(r->root_type));
    (void)an_str_cut(&rest, '/', &part);
    while (an_str_cut(&rest, '/', &part)) {
        bool index = part.n && part.p[0] >= '0' && part.p[0] <= '9';
        int n = snprintf(path + used, AN_PATH_BYTES - used,
                         index ? "[%.*s]" : ".%.*s", AN_STR_ARG(part));

        if (n < 0 || used + (size_t)n >= AN_PATH_BYTES) {
            path[used] = '\0';
            return;
        }
        used += (size_t)n;
    }
}

void fhir_warn(struct fhir_reader *r, enum an_code code, const char *what)
{
    struct an_err warning;

    (void)an_fail(&warning, code, what, 0);
    path_print(r, warning.where.path);
    ctx_reading_warn(r->out, &warning);
}

/* ---- elements ----------------------------------------------------------- */

/* The types that value[x] and its like can have; since a place may show the
 * name, others are not taken. */
static bool is_choice(struct an_str name)
{
    static const struct an_str type[] = {
        AN_STR_INIT("Quantity"),    AN_STR_INIT("DateTime"),
        AN_STR_INIT("Period"),      AN_STR_INIT("CodeableConcept"),
        AN_STR_INIT("Reference"),   AN_STR_INIT("String"),
        AN_STR_INIT("Boolean"),     AN_STR_INIT("Integer"),
        AN_STR_INIT("Range"),       AN_STR_INIT("Ratio"),
        AN_STR_INIT("SampledData"), AN_STR_INIT("Time"),
        AN_STR_INIT("Instant"),     AN_STR_INIT("Timing"),
        AN_STR_INIT("Age"),         AN_STR_INIT("Date"),
        AN_STR_INIT("Decimal"),     AN_STR_INIT("Coding")};

    for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++)
        if (an_str_eq(name, type[i]))
            return true;
    return false;
}

static const struct an_json *find_choice(const struct an_json *object,
                                         struct an_str stem)
{
    if (!an_json_is(object, AN_JSON_OBJECT))
        return NULL;
    for (const struct an_json *m = object->as.first; m; m = m->next) {
        struct an_str key = an_json_key(m);

        if (key.n > stem.n && key.p[0] == stem.p[0] &&
            an_str_starts(key, stem) &&
            is_choice(an_str_sub(key, stem.n, key.n)))
            return m;
    }
    return NULL;
}

/* Cut the first step of a path; *choice when it ends in [x], which is cut too.
 * Written out, since a resource asks ten times. */
static struct an_str step_cut(const char **path, bool *choice)
{
    const char *p = *path;
    struct an_str name = {p, 0};

    while (*p && *p != '.')
        p++;
    name.n = (size_t)(p - name.p);
    *path = *p ? p + 1 : p;
    *choice = name.n > 3 && name.p[name.n - 1] == ']';
    if (*choice)
        name.n -= 3;
    return name;
}

const struct an_json *fhir_find(struct fhir_reader *r,
                                const struct an_json *resource,
                                const char *path, bool step)
{
    const struct an_json *j = resource;

    if (path[0] == '-')
        return NULL;
    while (j && *path) {
        bool choice;
        struct an_str name = step_cut(&path, &choice);

        j = choice ? find_choice(j, name) : an_json_get(j, name);
        if (j && step)
            (void)fhir_step(r, an_json_key(j));
        if (*path && an_json_is(j, AN_JSON_ARRAY)) {
            j = an_json_first(j);
            if (j && step)
                (void)fhir_step_index(r, 0);
        }
    }
    return j;
}

struct an_str fhir_code(const struct an_json *j)
{
    const struct an_json *coding = an_json_get(j, AN_STR("coding"));

    if (coding)
        j = an_json_at(coding, 0);
    if (an_json_is(j, AN_JSON_OBJECT))
        j = an_json_get(j, AN_STR("code"));
    return an_json_text(j);
}

bool fhir_has_code(const struct an_json *j, struct an_str code)
{
    const struct an_json *list = j;

    if (an_json_is(j, AN_JSON_OBJECT))
        list = an_json_get(j, AN_STR("coding"));
    for (const struct an_json *e = an_json_first(list); e; e = e->next)
        if (an_str_eq(an_json_text(an_json_get(e, AN_STR("code"))), code))
            return true;
    return false;
}

/* ---- codes -------------------------------------------------------------- */

struct system_row {
    const char *system, *uri;
    int rank;
};

static const struct system_row systems[] = {
#include "config/tables/fhir-systems.inc"
};

enum { UNKNOWN_RANK = 1000 };

static const struct system_row *system_find(struct an_str system)
{
    size_t from = 0, to = sizeof(systems) / sizeof(systems[0]);

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(system, an_str_c(systems[middle].system));

        if (cmp == 0)
            return &systems[middle];
        if (cmp < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

/* One Coding and its rank; false when it says nothing. */
static bool coding_read(const struct an_json *j, struct ctx_code *code,
                        int *rank)
{
    const struct system_row *row;

    *code = (struct ctx_code){an_json_text(an_json_get(j, AN_STR("system"))),
                              an_json_text(an_json_get(j, AN_STR("code"))),
                              an_json_text(an_json_get(j, AN_STR("display")))};
    row = system_find(code->system);
    *rank = row ? row->rank : UNKNOWN_RANK;
    if (row)
        code->system = an_str_c(row->uri);
    return code->code.n || code->display.n;
}

/* Of a list of codings, or of one: how many say something, and which is the
 * one to go by. */
static size_t codings_read(const struct an_json *j,
                           struct ctx_code found[FHIR_MAX_CODINGS],
                           size_t *best)
{
    const struct an_json *list = an_json_get(j, AN_STR("coding"));
    int rank, best_rank = UNKNOWN_RANK + 1;
    size_t n = 0;

    for (const struct an_json *c = list ? an_json_first(list) : j;
         c && n < FHIR_MAX_CODINGS; c = list ? c->next : NULL) {
        if (!coding_read(c, &found[n], &rank))
            continue;
        if (rank < best_rank) {
            best_rank = rank;
            *best = n;
        }
        n++;
    }
    return n;
}

bool fhir_concept(struct fhir_reader *r, const struct an_json *j,
                  struct ctx_code *concept, const struct ctx_code **alias,
                  size_t *n_aliases)
{
    struct ctx_code found[FHIR_MAX_CODINGS], *others;
    size_t best = 0, n = codings_read(j, found, &best);
    struct an_str text = an_json_is(j, AN_JSON_STRING)
                             ? an_json_text(j)
                             : an_json_text(an_json_get(j, AN_STR("text")));

    *concept = n ? found[best] : (struct ctx_code){.display = text};
    if (concept->display.n == 0)
    concept->display = text;
    if (n < 2 || alias == NULL)
        return n || text.n;
    others = fhir_get(r, n - 1, sizeof(*others));
    if (others == NULL)
        return false;
    for (size_t i = 0, k = 0; i < n; i++)
        if (i != best)
            others[k++] = found[i];
    *alias = others;
    *n_aliases = n - 1;
    return true;
}

struct status_row {
    const char *type, *code;
    unsigned status;
};

unsigned fhir_status(struct an_str type, struct an_str code)
{
    static const struct status_row row[] = {
#include "config/tables/fhir-status.inc"
    };
    size_t from = 0, to = sizeof(row) / sizeof(row[0]);

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(type, an_str_c(row[middle].type));

        if (cmp == 0)
            cmp = an_str_cmp(code, an_str_c(row[middle].code));
        if (cmp == 0)
            return row[middle].status;
        if (cmp < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return CTX_STATUS_UNKNOWN;
}

/* ---- labels --------------------------------------------------------------
 */

static unsigned coding_label(const struct an_json *j)
{
    return ctx_label_code(an_json_text(an_json_get(j, AN_STR("system"))),
                          an_json_text(an_json_get(j, AN_STR("code"))));
}

/* A list of Coding, or of CodeableConcept. */
static unsigned list_labels(const struct an_json *list)
{
    unsigned labels = 0;

    for (const struct an_json *j = an_json_first(list); j; j = j->next) {
        const struct an_json *coding = an_json_get(j, AN_STR("coding"));

        labels |= coding_label(j);
        for (const struct an_json *c = an_json_first(coding); c; c = c->next)
            labels |= coding_label(c);
    }
    return labels;
}

unsigned fhir_labels(const struct an_json *resource)
{
    const struct an_json *meta = an_json_get(resource, AN_STR("meta"));
    struct an_str code =
        an_json_text(an_json_get(resource, AN_STR("confidentiality")));

    return list_labels(an_json_get(meta, AN_STR("security"))) |
           list_labels(an_json_get(resource, AN_STR("securityLabel"))) |
           ctx_label_code(AN_STR("http://terminology.hl7.org/CodeSystem/v3-"
                                 "Confidentiality"),
                          code);
}

/* ---- times -------------------------------------------------------------- */

struct an_time fhir_time(struct fhir_reader *r, const struct an_json *j)
{
    struct an_time t = {0};
    struct an_str text = an_json_text(j);

    if (text.n && !an_time_fhir(text, &r->s->zone, &t))
        fhir_warn(r, AN_TYPE, "a time that is none");
    return t;
}

void fhir_when(struct fhir_reader *r, const struct an_json *j,
               struct an_time *start, struct an_time *end)
{
    *start = *end = (struct an_time){0};
    /* onsetString and its like: words. */
    if (j && j->key_p && an_str_ends(an_json_key(j), AN_STR("String")))
        return;
    if (an_json_is(j, AN_JSON_STRING)) {
        *start = fhir_time(r, j);
        return;
    }
    *start = fhir_time(r, an_json_get(j, AN_STR("start")));
    *end = fhir_time(r, an_json_get(j, AN_STR("end")));
    if (start->precision == AN_TIME_NONE)
        *start = fhir_time(r, an_json_at(an_json_get(j, AN_STR("event")), 0));
    /* A period that is known by its end alone happened then. */
    if (start->precision == AN_TIME_NONE)
        *start = *end;
}
