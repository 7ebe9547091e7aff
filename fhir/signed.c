/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/signed.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/sort.h"

enum { MAX_BYTES = 64 << 20 };

/* ---- canonical form --------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct an_json *x = *(const struct an_json *const *)a;
    const struct an_json *y = *(const struct an_json *const *)b;

    return an_str_cmp(an_json_key(x), an_json_key(y));
}

static bool is_left_out(const struct an_json *object, const struct an_json *m,
                        bool root)
{
    if (root && (an_json_key_is(m, AN_STR("text")) ||
                 an_json_key_is(m, AN_STR("meta"))))
        return true;
    return an_json_key_is(m, AN_STR("reference")) &&
           an_json_get(object, AN_STR("identifier"));
}

static enum an_code put_value(struct an_arena *arena, struct an_json_out *out,
                              const struct an_json *j, bool root,
                              struct an_err *err);

static enum an_code put_object(struct an_arena *arena, struct an_json_out *out,
                               const struct an_json *j, bool root,
                               struct an_err *err)
{
    const struct an_json **member = an_arena_get(arena, j->n, sizeof(*member));
    const struct an_json **scratch =
        an_arena_get(arena, j->n / 2 + 1, sizeof(*scratch));
    enum an_code rc = AN_OK;
    size_t n = 0;

    if (member == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *m = an_json_first(j); m; m = m->next)
        if (!is_left_out(j, m, root))
            member[n++] = m;
    an_sort(member, n, sizeof(*member), scratch, by_name);
    an_out_object(out);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        an_out_name(out, an_json_key(member[i]));
        rc = put_value(arena, out, member[i], false, err);
    }
    an_out_end(out);
    return rc;
}

static enum an_code put_value(struct an_arena *arena, struct an_json_out *out,
                              const struct an_json *j, bool root,
                              struct an_err *err)
{
    enum an_code rc = AN_OK;

    if (an_json_is(j, AN_JSON_OBJECT))
        return put_object(arena, out, j, root, err);
    if (!an_json_is(j, AN_JSON_ARRAY)) {
        an_out_tree(out, j);
        return AN_OK;
    }
    an_out_array(out);
    for (const struct an_json *e = an_json_first(j); e && rc == AN_OK;
         e = e->next)
        rc = put_value(arena, out, e, false, err);
    an_out_end(out);
    return rc;
}

static enum an_code put_canonical(struct an_arena *arena, struct an_buf *b,
                                  const struct an_json *resource,
                                  struct an_err *err)
{
    struct an_json_out out;
    struct an_str text = {NULL, 0};
    enum an_code rc;

    if (!an_json_is(resource, AN_JSON_OBJECT))
        return an_fail(err, AN_SYNTAX, "a target is no resource", 0);
    an_out_init(&out, arena, FHIR_SIGNED_BYTES);
    rc = put_value(arena, &out, resource, true, err);
    if (rc == AN_OK)
        rc = an_out_done(&out, &text, err);
    if (rc != AN_OK)
        return rc;
    if (b->n)
        an_buf_put_char(b, '\n');
    an_buf_put(b, text);
    return AN_OK;
}

enum an_code fhir_signed_bytes(struct an_arena *arena,
                               const struct an_str *resource, size_t n,
                               struct an_str *bytes, struct an_err *err)
{
    const struct an_json *root = NULL;
    enum an_code rc = AN_OK;
    struct an_buf b;

    an_buf_init(&b, arena, FHIR_SIGNED_BYTES);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        rc = an_json_read(arena, &(struct an_json_limits){0}, resource[i],
                          &root, err);
        if (rc == AN_OK)
            rc = put_canonical(arena, &b, root, err);
    }
    return rc == AN_OK ? an_buf_done(&b, bytes, err) : rc;
}

/* ---- what a Bundle holds ------------------------------------------------------ */

struct search {
    struct an_arena *arena;
    const struct an_json *entry; /* the list */
    struct fhir_signature *found;
    size_t n, room;
};

static const struct an_json *resource_of(const struct an_json *entry)
{
    return an_json_get(entry, AN_STR("resource"));
}

/* "Type/id", with a base before it or without, or "urn:uuid:id". */
static bool is_named(const struct an_json *entry, struct an_str reference)
{
    const struct an_json *r = resource_of(entry);
    struct an_str url = an_json_text(an_json_get(entry, AN_STR("fullUrl")));
    struct an_str type = an_json_text(an_json_get(r, AN_STR("resourceType")));
    struct an_str id = an_json_text(an_json_get(r, AN_STR("id")));
    size_t n = type.n + 1 + id.n;

    if (url.n && an_str_eq(url, reference))
        return true;
    if (type.n == 0 || id.n == 0 || reference.n < n ||
        (reference.n > n && reference.p[reference.n - n - 1] != '/'))
        return false;
    reference = an_str_sub(reference, reference.n - n, n);
    return an_str_starts(reference, type) && reference.p[type.n] == '/' &&
           an_str_ends(reference, id);
}

static enum an_code put_target(struct search *s, const struct an_json *target,
                               struct an_buf *b, struct an_err *err)
{
    struct an_str name = an_json_text(an_json_get(target, AN_STR("reference")));

    for (const struct an_json *e = an_json_first(s->entry); e && name.n;
         e = e->next)
        if (is_named(e, name))
            return put_canonical(s->arena, b, resource_of(e), err);
    return an_fail(err, AN_MISSING,
                   "a target of a Provenance is not in the Bundle", 0);
}

static enum an_code add_signature(struct search *s,
                                  const struct an_json *provenance,
                                  const struct an_json *signature,
                                  struct an_err *err)
{
    const struct an_json *target = an_json_get(provenance, AN_STR("target"));
    struct fhir_signature *f = &s->found[s->n];
    enum an_code rc = AN_OK;
    struct an_buf data, b;

    f->provenance = an_json_text(an_json_get(provenance, AN_STR("id")));
    an_buf_init(&data, s->arena, MAX_BYTES);
    an_buf_init(&b, s->arena, MAX_BYTES);
    if (!an_buf_put_unbase64(
            &data, an_json_text(an_json_get(signature, AN_STR("data")))))
        return an_fail(err, AN_SYNTAX, "a signature's data is no base64", 0);
    for (const struct an_json *t = an_json_first(target); t && rc == AN_OK;
         t = t->next, f->n_targets++)
        rc = put_target(s, t, &b, err);
    if (rc == AN_OK)
        rc = an_buf_done(&data, &f->jws, err);
    if (rc == AN_OK)
        rc = an_buf_done(&b, &f->bytes, err);
    s->n += rc == AN_OK;
    return rc;
}

static bool is_provenance(const struct an_json *r)
{
    return an_str_eq(an_json_text(an_json_get(r, AN_STR("resourceType"))),
                     AN_STR("Provenance"));
}

enum an_code fhir_signatures_read(struct an_arena *arena, struct an_str bundle,
                                  const struct fhir_signature **out, size_t *n,
                                  struct an_err *err)
{
    struct search s = {.arena = arena};
    const struct an_json *root = NULL;
    enum an_code rc =
        an_json_read(arena, &(struct an_json_limits){.bytes = MAX_BYTES},
                     bundle, &root, err);

    if (rc != AN_OK)
        return rc;
    if (!an_str_eq(an_json_text(an_json_get(root, AN_STR("resourceType"))),
                   AN_STR("Bundle")))
        return an_fail(err, AN_SYNTAX, "this is no Bundle", 0);
    s.entry = an_json_get(root, AN_STR("entry"));
    for (const struct an_json *e = an_json_first(s.entry); e; e = e->next)
        if (is_provenance(resource_of(e)))
            for (const struct an_json *g = an_json_first(
                     an_json_get(resource_of(e), AN_STR("signature")));
                 g; g = g->next)
                s.room++;
    s.found = an_arena_get(arena, s.room, sizeof(*s.found));
    if (s.found == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(s.entry); e; e = e->next)
        if (is_provenance(resource_of(e)))
            for (const struct an_json *g = an_json_first(
                     an_json_get(resource_of(e), AN_STR("signature")));
                 g && rc == AN_OK; g = g->next)
                rc = add_signature(&s, resource_of(e), g, err);
    *out = s.found;
    *n = s.n;
    return rc;
}
