/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/searchset.h"

#include "base/json.h"
#include "fhir/outcome.h"

#include <stdio.h>

enum { URL_BYTES = 4096 };

/* base/Type/id of one resource; its tree is given back. */
static enum an_code full_url(struct an_arena *arena, struct an_str base,
                             struct an_str resource, struct an_str *url,
                             struct an_err *err)
{
    char text[URL_BYTES];
    const struct an_json *root;
    struct an_mark mark = an_arena_mark(arena);
    enum an_code code =
        an_json_read(arena, &(struct an_json_limits){0}, resource, &root, err);

    if (code == AN_OK) {
        struct an_str type =
            an_json_text(an_json_get(root, AN_STR("resourceType")));
        struct an_str id = an_json_text(an_json_get(root, AN_STR("id")));
        const char *slash = an_str_ends(base, AN_STR("/")) ? "" : "/";
        int n =
            snprintf(text, sizeof(text), "%.*s%s%.*s/%.*s", AN_STR_ARG(base),
                     slash, AN_STR_ARG(type), AN_STR_ARG(id));

        if (type.n == 0 || id.n == 0)
            code = an_fail(err, AN_TYPE, "what is kept is no resource", 0);
        else if (n < 0 || (size_t)n >= sizeof(text))
            code = an_fail(err, AN_LIMIT, "the URL is too long", 0);
        else
            *url = (struct an_str){text, (size_t)n};
    }
    an_arena_rewind(arena, mark);
    if (code == AN_OK && !an_arena_str(arena, *url, url))
        code = an_fail_nomem(err);
    return code;
}

static void put_link(struct an_json_out *w, const char *relation,
                     struct an_str url)
{
    if (url.n == 0)
        return;
    an_out_object(w);
    an_out_key_str(w, "relation", an_str_c(relation));
    an_out_key_str(w, "url", url);
    an_out_end(w);
}

static void put_told(struct an_json_out *w, const char *told)
{
    an_out_object(w);
    an_out_key(w, "resource");
    fhir_outcome_put_told(w, told);
    an_out_key(w, "search");
    an_out_object(w);
    an_out_key_str(w, "mode", AN_STR("outcome"));
    an_out_end(w);
    an_out_end(w);
}

static void put_entries(struct an_json_out *w, const struct fhir_page *page,
                        const struct an_str *url)
{
    if (page->n_resources == 0 && page->told == NULL)
        return;
    an_out_key(w, "entry");
    an_out_array(w);
    for (size_t i = 0; i < page->n_resources; i++) {
        an_out_object(w);
        an_out_key_str(w, "fullUrl", url[i]);
        an_out_key(w, "resource");
        an_out_json(w, page->resource[i]);
        an_out_key(w, "search");
        an_out_object(w);
        an_out_key_str(w, "mode", AN_STR("match"));
        an_out_end(w);
        an_out_end(w);
    }
    if (page->told)
        put_told(w, page->told);
    an_out_end(w);
}

enum an_code fhir_searchset(struct an_arena *arena,
                            const struct fhir_page *page, struct an_str *json,
                            struct an_err *err)
{
    struct an_str *url = an_arena_get(arena, page->n_resources, sizeof(*url));
    struct an_json_out w;

    if (url == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < page->n_resources; i++) {
        enum an_code code =
            full_url(arena, page->base, page->resource[i], &url[i], err);

        if (code != AN_OK)
            return code;
    }
    an_out_init(&w, arena, FHIR_SEARCHSET_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("Bundle"));
    an_out_key_str(&w, "type", AN_STR("searchset"));
    an_out_key(&w, "total");
    an_out_i64(&w, (int64_t)page->total);
    if (page->self.n || page->next.n) {
        an_out_key(&w, "link");
        an_out_array(&w);
        put_link(&w, "self", page->self);
        put_link(&w, "next", page->next);
        an_out_end(&w);
    }
    put_entries(&w, page, url);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}
