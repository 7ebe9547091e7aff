/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/prefetch_int.h"

#include "base/json_out.h"

enum { BUNDLE_BYTES = 64 << 20 };

struct an_str pl_prefetch_type(const struct an_json *resource)
{
    return an_json_text(an_json_get(resource, AN_STR("resourceType")));
}

bool pl_prefetch_is_that(const struct an_json *resource, struct an_str type,
                         struct an_str id)
{
    return an_str_eq(pl_prefetch_type(resource), type) &&
           an_str_eq(an_json_text(an_json_get(resource, AN_STR("id"))), id);
}

/* ---- whose it is --------------------------------------------------------- */

/* "Patient/7", by itself or behind the server's base; a version may follow. */
static bool is_patient(const struct pl_prefetch *f, struct an_str reference)
{
    struct an_str id = f->request->patient_id;

    if (an_str_starts(reference, f->server))
        reference = an_str_sub(reference, f->server.n, reference.n);
    if (an_str_starts(reference, AN_STR("/")))
        reference = an_str_sub(reference, 1, reference.n);
    if (!an_str_starts(reference, AN_STR("Patient/")))
        return false;
    reference = an_str_sub(reference, 8, reference.n);
    return an_str_starts(reference, id) &&
           (reference.n == id.n ||
            an_str_starts(an_str_sub(reference, id.n, reference.n),
                          AN_STR("/_history/")));
}

static bool is_about(const struct pl_prefetch *f, const struct an_json *r)
{
    const struct an_json *who = an_json_get(r, AN_STR("subject"));

    if (who == NULL)
        who = an_json_get(r, AN_STR("patient"));
    return is_patient(f, an_json_text(an_json_get(who, AN_STR("reference"))));
}

enum pl_prefetch_why pl_prefetch_judge(const struct pl_prefetch *f,
                                       const struct an_json *bundle,
                                       struct an_str type)
{
    for (const struct an_json *e =
             an_json_first(an_json_get(bundle, AN_STR("entry")));
         e; e = e->next) {
        const struct an_json *r = an_json_get(e, AN_STR("resource"));
        struct an_str is = pl_prefetch_type(r);

        if (an_str_eq(is, AN_STR("OperationOutcome")))
            continue;
        if (!an_str_eq(is, type))
            return PL_PREFETCH_ODD;
        if (an_str_eq(type, AN_STR("Patient"))
                ? !pl_prefetch_is_that(r, type, f->request->patient_id)
                : !is_about(f, r))
            return PL_PREFETCH_STRANGER;
    }
    return PL_PREFETCH_OK;
}

/* ---- pages --------------------------------------------------------------- */

static struct an_str next_of(const struct an_json *bundle)
{
    const struct an_json *link =
        an_json_first(an_json_get(bundle, AN_STR("link")));

    while (link &&
           !an_str_eq(an_json_text(an_json_get(link, AN_STR("relation"))),
                      AN_STR("next")))
        link = link->next;
    return an_json_text(an_json_get(link, AN_STR("url")));
}

/* All pages as one searchset, `next` the address of what is missing. */
static bool join(struct pl_prefetch *f, const struct an_json *const *page,
                 size_t n, struct an_str next, const struct an_json **bundle)
{
    struct an_json_out w;
    struct an_str json;

    an_out_init(&w, f->arena, BUNDLE_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("Bundle"));
    an_out_key_str(&w, "type", AN_STR("searchset"));
    if (next.n) {
        an_out_key(&w, "link");
        an_out_array(&w);
        an_out_object(&w);
        an_out_key_str(&w, "relation", AN_STR("next"));
        an_out_key_str(&w, "url", next);
        an_out_end(&w);
        an_out_end(&w);
    }
    an_out_key(&w, "entry");
    an_out_array(&w);
    for (size_t i = 0; i < n; i++)
        for (const struct an_json *e =
                 an_json_first(an_json_get(page[i], AN_STR("entry")));
             e; e = e->next)
            an_out_tree(&w, e);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, &json, NULL) == AN_OK &&
           an_json_read(f->arena, &(struct an_json_limits){.depth = 0}, json,
                        bundle, NULL) == AN_OK;
}

enum pl_prefetch_why pl_prefetch_follow(struct pl_prefetch *f,
                                        struct an_str type,
                                        const struct an_json **bundle)
{
    const struct an_json *page[PL_PREFETCH_PAGES] = {*bundle};
    enum pl_prefetch_why why = PL_PREFETCH_OK;
    struct an_str next = next_of(*bundle), url;
    size_t n = 1;

    while (next.n && n < PL_PREFETCH_PAGES && why == PL_PREFETCH_OK) {
        if (!an_arena_str(f->arena, next, &url))
            return PL_PREFETCH_NOMEM;
        why = pl_prefetch_ask(f, url, &page[n]);
        if (why == PL_PREFETCH_OK &&
            !an_str_eq(pl_prefetch_type(page[n]), AN_STR("Bundle")))
            why = PL_PREFETCH_ODD;
        if (why == PL_PREFETCH_OK)
            why = pl_prefetch_judge(f, page[n], type);
        if (why == PL_PREFETCH_OK)
            next = next_of(page[n++]);
    }
    if (why == PL_PREFETCH_NOMEM || why == PL_PREFETCH_STRANGER)
        return why;
    if (n == 1)
        return PL_PREFETCH_OK;
    return join(f, page, n, next, bundle) ? PL_PREFETCH_OK : PL_PREFETCH_NOMEM;
}

/* ---- into the prefetch ---------------------------------------------------- */

const struct an_json *pl_prefetch_failed(struct an_arena *arena)
{
    const struct an_json *root = NULL;

    return an_json_read(arena, &(struct an_json_limits){.depth = 0},
                        AN_STR("{\"resourceType\":\"OperationOutcome\"}"),
                        &root, NULL) == AN_OK
               ? root
               : NULL;
}

/* A copy of the value itself; what hangs on it is shared. */
static struct an_json *copy_of(struct an_arena *arena,
                               const struct an_json *value)
{
    struct an_json *copy = an_arena_get(arena, 1, sizeof(*copy));

    if (copy) {
        *copy = *value;
        copy->next = NULL;
    }
    return copy;
}

bool pl_prefetch_put(struct pl_prefetch *f, struct an_str key,
                     const struct an_json *value)
{
    struct an_json *object = an_arena_get(f->arena, 1, sizeof(*object));
    struct an_json *last = copy_of(f->arena, value);

    if (object == NULL || last == NULL)
        return false;
    last->key_p = key.p;
    last->key_n = (uint16_t)key.n;
    object->kind = AN_JSON_OBJECT;
    object->as.first = last;
    object->n = 1;
    for (const struct an_json *m = an_json_first(f->request->prefetch); m;
         m = m->next) {
        struct an_json *next = copy_of(f->arena, m);

        if (next == NULL)
            return false;
        if (an_json_key_is(m, key))
            continue;
        next->next = object->as.first;
        object->as.first = next;
        object->n++;
    }
    f->request->prefetch = object;
    return true;
}
