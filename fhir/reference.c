/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"
#include "fhir/reader_int.h"

/* ---- URLs --------------------------------------------------------------- */

/* Cut what follows the last '/'. */
static bool cut_last(struct an_str *head, struct an_str *last)
{
    size_t i = head->n;

    while (i && head->p[i - 1] != '/')
        i--;
    *last = an_str_sub(*head, i, head->n);
    if (i == 0)
        return false;
    *head = an_str_sub(*head, 0, i - 1);
    return true;
}

bool fhir_url_cut(struct an_str url, struct an_str *server, struct an_str *type,
                  struct an_str *id)
{
    struct an_str head = url, part;

    *server = *type = *id = AN_STR("");
    if (!cut_last(&head, id))
        return false;
    part = head;
    if (cut_last(&part, type) && an_str_eq(*type, AN_STR("_history"))) {
        head = part;
        if (!cut_last(&head, id))
            return false;
    }
    (void)cut_last(&head, type);
    *server = an_str_sub(url, 0, (size_t)(type->p - url.p));
    return id->n && fhir_type_row(*type) < fhir_n_types();
}

struct an_str fhir_server_default(const struct fhir_settings *s)
{
    return s->server.n ? s->server : AN_STR("urn:fhir:");
}

/* The name between the prefix and the '/' before the type. */
static bool is_literal(struct an_str server, struct an_str *name)
{
    struct an_str prefix = AN_STR(FHIR_LITERAL);

    if (!an_str_starts(server, prefix) || server.n == prefix.n)
        return false;
    *name = an_str_sub(server, prefix.n, server.n - prefix.n - 1);
    return true;
}

struct an_str fhir_server_of(const struct fhir_reader *r, struct an_str server)
{
    struct an_str base = r->s->base, name;

    if (is_literal(server, &name))
        return name;
    if (server.n == 0 ||
        (base.n && (an_str_eq(server, base) ||
                    (an_str_starts(server, base) && server.n == base.n + 1))))
        return r->server;
    return server;
}

/* ---- what may be referred to --------------------------------------------- */

static int id_cmp(const struct fhir_entry *a, struct an_str server,
                  struct an_str type, struct an_str id)
{
    int cmp = an_str_cmp(a->id, id);

    if (cmp == 0)
        cmp = an_str_cmp(a->type, type);
    return cmp ? cmp : an_str_cmp(a->server, server);
}

static int by_id(const void *a, const void *b)
{
    const struct fhir_entry *const *x = a, *const *y = b;

    return id_cmp(*x, (*y)->server, (*y)->type, (*y)->id);
}

static int by_url(const void *a, const void *b)
{
    const struct fhir_entry *const *x = a, *const *y = b;

    return an_str_cmp((*x)->full_url, (*y)->full_url);
}

static bool is_target(const struct fhir_entry *e)
{
    return an_str_eq(e->type, AN_STR("Patient")) ||
           an_str_eq(e->type, AN_STR("Encounter")) ||
           an_str_eq(e->type, AN_STR("Medication"));
}

void fhir_index(struct fhir_reader *r)
{
    const struct fhir_entry **scratch;
    size_t n = 0;

    for (size_t i = 0; i < r->n_entries; i++)
        n += r->history || is_target(&r->entry[i]);
    r->by_url = fhir_get(r, n + 1, sizeof(struct fhir_entry *));
    r->by_id = fhir_get(r, n + 1, sizeof(struct fhir_entry *));
    scratch = fhir_get(r, n / 2 + 1, sizeof(struct fhir_entry *));
    if (r->code != AN_OK)
        return;
    for (size_t i = 0; i < r->n_entries; i++)
        if (r->history || is_target(&r->entry[i]))
            r->by_url[r->n_indexed++] = &r->entry[i];
    memcpy(r->by_id, r->by_url, n * sizeof(struct fhir_entry *));
    an_sort(r->by_url, n, sizeof(void *), scratch, by_url);
    an_sort(r->by_id, n, sizeof(void *), scratch, by_id);
}

static const struct fhir_entry *find_url(const struct fhir_reader *r,
                                         struct an_str url)
{
    size_t from = 0, to = r->n_indexed;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (an_str_cmp(r->by_url[middle]->full_url, url) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from < r->n_indexed && an_str_eq(r->by_url[from]->full_url, url)
               ? r->by_url[from]
               : NULL;
}

/* The first that is not before this id. */
static size_t lower_bound(const struct fhir_reader *r, struct an_str server,
                          struct an_str type, struct an_str id)
{
    size_t from = 0, to = r->n_indexed;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (id_cmp(r->by_id[middle], server, type, id) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The one of that server, else that of the first server that has one: many
 * senders fill fullUrl carelessly. */
static const struct fhir_entry *find_id(const struct fhir_reader *r,
                                        struct an_str server,
                                        struct an_str type, struct an_str id)
{
    size_t i = lower_bound(r, server, type, id);

    if (i == r->n_indexed || id_cmp(r->by_id[i], server, type, id))
        i = lower_bound(r, AN_STR(""), type, id);
    if (i == r->n_indexed || !an_str_eq(r->by_id[i]->id, id) ||
        !an_str_eq(r->by_id[i]->type, type))
        return NULL;
    return r->by_id[i];
}

/* ---- references --------------------------------------------------------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX in a URL's query. */
static struct an_str decode(struct fhir_reader *r, struct an_str s)
{
    struct an_str out = FHIR_JOIN(r, s);
    char *p = fhir_get(r, out.n, 1);
    size_t n = 0;

    if (p == NULL)
        return AN_STR("");
    for (size_t i = 0; i < out.n; i++) {
        int high = i + 2 < out.n ? hex(out.p[i + 1]) : -1;
        int low = high >= 0 ? hex(out.p[i + 2]) : -1;

        if (out.p[i] != '%' || low < 0) {
            p[n++] = out.p[i];
            continue;
        }
        p[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return (struct an_str){p, n};
}

/* "Patient?identifier=system|value" (FHIR R4 3.1.0.11.2). */
static bool conditional(struct fhir_reader *r, struct an_str url,
                        struct fhir_target *out)
{
    struct an_str query = url, type, value, system;

    if (!an_str_cut(&query, '?', &type) ||
        !an_str_starts(query, AN_STR("identifier=")))
        return false;
    query = an_str_sub(query, 11, query.n);
    if (!an_str_cut(&query, '&', &value) || query.n)
        return false;
    value = decode(r, value);
    if (!an_str_cut(&value, '|', &system))
        return false;
    out->type = type;
    out->logical = (struct ctx_identifier){system, value, AN_STR("")};
    return value.n > 0;
}

static bool contained(const struct fhir_entry *from, struct an_str id,
                      struct fhir_target *out)
{
    const struct an_json *list =
        an_json_get(from->resource, AN_STR("contained"));

    for (const struct an_json *c = an_json_first(list); c; c = c->next)
        if (an_str_eq(an_json_text(an_json_get(c, AN_STR("id"))), id)) {
            out->contained = c;
            out->type = an_json_text(an_json_get(c, AN_STR("resourceType")));
            return true;
        }
    return false;
}

static bool by_text(struct fhir_reader *r, const struct fhir_entry *from,
                    struct an_str text, struct fhir_target *out)
{
    struct an_str uuid = AN_STR("urn:uuid:");

    if (text.p[0] == '#')
        return contained(from, an_str_sub(text, 1, text.n), out);
    out->entry = find_url(r, text);
    if (out->entry == NULL && an_str_starts(text, uuid)) {
        out->server = uuid;
        out->id = an_str_sub(text, uuid.n, text.n);
        return out->id.n > 0;
    }
    if (out->entry == NULL &&
        fhir_url_cut(text, &out->server, &out->type, &out->id)) {
        out->server = out->server.n ? fhir_server_of(r, out->server)
                      : an_str_eq(from->server, uuid) ? r->server
                                                      : from->server;
        out->entry = find_id(r, out->server, out->type, out->id);
        return true;
    }
    if (out->entry) {
        out->server = out->entry->server;
        out->type = out->entry->type;
        out->id = out->entry->id;
        return true;
    }
    return conditional(r, text, out);
}

bool fhir_resolve(struct fhir_reader *r, const struct fhir_entry *from,
                  const struct an_json *reference, struct an_str type,
                  struct fhir_target *out)
{
    struct an_str text =
        an_json_text(an_json_get(reference, AN_STR("reference")));
    const struct an_json *id = an_json_get(reference, AN_STR("identifier"));

    *out = (struct fhir_target){.type = type};
    if (text.n && by_text(r, from, text, out))
        return an_str_eq(out->type, type);
    out->logical =
        (struct ctx_identifier){an_json_text(an_json_get(id, AN_STR("system"))),
                                an_json_text(an_json_get(id, AN_STR("value"))),
                                fhir_code(an_json_get(id, AN_STR("type")))};
    return out->logical.value.n > 0;
}
