/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/fhir.h"

#include "base/json_out.h"
#include "trainer/deid/fhir_int.h"

enum { MAX_DOCUMENT_BYTES = 1 << 29 };

static const struct an_json *resource(struct deid_walk *w,
                                      const struct an_json *in,
                                      bool is_contained);
static const struct an_json *object(struct deid_walk *w, const char *as,
                                    const struct an_json *in);

struct an_json *deid_new(struct deid_walk *w, enum an_json_kind kind)
{
    struct an_json *j = an_arena_get(w->arena, 1, sizeof(*j));

    if (j == NULL)
        w->code = an_fail_nomem(w->err);
    else
        j->kind = (uint8_t)kind;
    return j;
}

const struct an_json *deid_text(struct deid_walk *w, struct an_str text)
{
    struct an_json *j = deid_new(w, AN_JSON_STRING);
    struct an_str copy;

    if (j == NULL)
        return NULL;
    if (!an_arena_str(w->arena, text, &copy)) {
        w->code = an_fail_nomem(w->err);
        return NULL;
    }
    j->as.text = copy.p;
    j->n = (uint32_t)copy.n;
    return j;
}

void deid_append(struct deid_list *list, struct an_json *value)
{
    value->next = NULL;
    if (list->last)
        list->last->next = value;
    else
        list->first = value;
    list->last = value;
    list->n++;
}

/* A copy, since a list links its values. */
static void append(struct deid_walk *w, struct deid_list *list,
                   struct an_str key, const struct an_json *value)
{
    struct an_json *copy =
        value ? deid_new(w, (enum an_json_kind)value->kind) : NULL;

    if (copy == NULL)
        return;
    *copy = *value;
    copy->key_p = key.p;
    copy->key_n = (uint16_t)key.n;
    deid_append(list, copy);
}

void deid_member(struct deid_walk *w, struct deid_list *list, const char *key,
                 const struct an_json *value)
{
    append(w, list, an_str_c(key), value);
}

const struct an_json *deid_done(struct deid_walk *w, enum an_json_kind kind,
                                const struct deid_list *list)
{
    struct an_json *j = list->n ? deid_new(w, kind) : NULL;

    if (j == NULL)
        return NULL;
    j->as.first = list->first;
    j->n = list->n;
    return j;
}

/* An extension of which only its url would stay says nothing. */
static const struct an_json *extension(struct deid_walk *w,
                                       const struct tr_deid_row *row,
                                       const struct an_json *in)
{
    const struct an_json *out = NULL;

    if (tr_deid_matches(w->d->patterns, TR_DEID_FHIR, row,
                        an_json_text(an_json_get(in, AN_STR("url")))))
        out = object(w, row->as, in);
    return out && out->n > 1 ? out : NULL;
}

/* What an Observation or a component of it is about, beside what it is part
 * of. */
static void about(struct deid_walk *w, const struct an_json *in)
{
    const struct an_json *coding =
        an_json_get(an_json_get(in, AN_STR("code")), AN_STR("coding"));

    for (const struct an_json *c = an_json_first(coding); c; c = c->next) {
        struct an_str code = an_json_text(an_json_get(c, AN_STR("code")));

        w->says_age |= tr_deid_says_age(code);
        w->says_birth |= tr_deid_says_birth(code);
    }
}

/* An entry of a Bundle without its resource says nothing. */
static const struct an_json *inside(struct deid_walk *w,
                                    const struct tr_deid_row *row,
                                    const struct an_json *in)
{
    bool age = w->says_age, birth = w->says_birth;
    const struct an_json *out;

    if (strcmp(row->path, "Observation.component") == 0)
        about(w, in);
    if (strcmp(row->as, "Address") == 0)
        w->is_abroad =
            tr_deid_is_abroad(an_json_text(an_json_get(in, AN_STR("country"))));
    out = object(w, row->as, in);
    w->says_age = age;
    w->says_birth = birth;
    if (strcmp(row->path, "Bundle.entry") == 0 &&
        an_json_get(out, AN_STR("resource")) == NULL)
        return NULL;
    return out;
}

static const struct an_json *one(struct deid_walk *w,
                                 const struct tr_deid_row *row,
                                 const struct an_json *in)
{
    const struct an_json *out;
    bool changed = true;

    switch ((unsigned)tr_deid_method(row, w->d->profile)) {
    case TR_DEID_INTO: return inside(w, row, in);
    case TR_DEID_EXTENSION: out = extension(w, row, in); break;
    case TR_DEID_RESOURCE:
        return resource(w, in,
                        an_str_ends(an_str_c(row->path), AN_STR(".contained")));
    default: out = deid_value(w, row, in, &changed); break;
    }
    tr_deid_counted(w->d, TR_DEID_FHIR, row, out != NULL, changed);
    return out;
}

/* All that a row allows: one value, or those of an array. */
static const struct an_json *all(struct deid_walk *w,
                                 const struct tr_deid_row *row,
                                 const struct an_json *in)
{
    struct deid_list list = {NULL, NULL, 0};

    if (!an_json_is(in, AN_JSON_ARRAY))
        return one(w, row, in);
    for (const struct an_json *e = an_json_first(in); e && w->code == AN_OK;
         e = e->next)
        if (!an_json_is(e, AN_JSON_ARRAY))
            append(w, &list, (struct an_str){NULL, 0}, one(w, row, e));
    return deid_done(w, AN_JSON_ARRAY, &list);
}

static void members(struct deid_walk *w, const char *as,
                    const struct an_json *in, struct deid_list *list)
{
    for (const struct an_json *m = an_json_first(in); m && w->code == AN_OK;
         m = m->next) {
        const struct tr_deid_row *row =
            tr_deid_find(TR_DEID_FHIR, as, an_json_key(m));

        if (row)
            append(w, list, an_json_key(m), all(w, row, m));
        else if (!an_str_eq(an_json_key(m), AN_STR("resourceType")))
            w->d->n_unlisted++;
    }
}

static const struct an_json *object(struct deid_walk *w, const char *as,
                                    const struct an_json *in)
{
    struct deid_list list = {NULL, NULL, 0};

    if (!an_json_is(in, AN_JSON_OBJECT))
        return NULL;
    members(w, as, in, &list);
    return deid_done(w, AN_JSON_OBJECT, &list);
}

/* The first address that says one. */
static struct an_str zip3_of(const struct an_json *patient)
{
    struct an_str zip3 = {NULL, 0};

    for (const struct an_json *a =
             an_json_first(an_json_get(patient, AN_STR("address")));
         a && zip3.n == 0; a = a->next)
        zip3 = an_json_text(an_json_get(a, AN_STR("postalCode")));
    return zip3;
}

/* Who looks alike: of a Patient that is left, by the id that days are drawn
 * for. */
static void look(struct deid_walk *w, const struct an_json *in,
                 const struct an_json *out)
{
    struct an_str id = an_json_text(an_json_get(in, AN_STR("id")));

    if (w->code == AN_OK && id.n)
        w->code = tr_deid_people_add(
            &w->d->people, tr_deid_who(id), zip3_of(out),
            an_json_text(an_json_get(out, AN_STR("birthDate"))),
            an_json_text(an_json_get(out, AN_STR("gender"))), w->err);
}

static const struct an_json *resource(struct deid_walk *w,
                                      const struct an_json *in,
                                      bool is_contained)
{
    struct deid_walk outer = *w;
    struct deid_list list = {NULL, NULL, 0};
    const struct an_json *out;
    const char *type = tr_deid_type(
        TR_DEID_FHIR, an_json_text(an_json_get(in, AN_STR("resourceType"))));

    if (type == NULL) {
        w->d->n_types++;
        return NULL;
    }
    w->is_contained = is_contained;
    deid_patient(w, type, in);
    w->says_age = w->says_birth = false;
    if (strcmp(type, "Observation") == 0)
        about(w, in);
    deid_member(w, &list, "resourceType", deid_text(w, an_str_c(type)));
    members(w, type, in, &list);
    out = deid_done(w, AN_JSON_OBJECT, &list);
    if (out && strcmp(type, "Patient") == 0 && !is_contained)
        look(w, in, out);
    w->dates = outer.dates;
    w->has_patient = outer.has_patient;
    w->is_contained = outer.is_contained;
    w->says_age = outer.says_age;
    w->says_birth = outer.says_birth;
    return w->code == AN_OK ? out : NULL;
}

static enum an_code print(struct deid_walk *w, const struct an_json *tree,
                          struct an_str *out)
{
    struct an_json_out json;

    an_out_init(&json, w->arena, MAX_DOCUMENT_BYTES);
    an_out_tree(&json, tree);
    return an_out_done(&json, out, w->err);
}

enum an_code tr_deid_fhir(struct tr_deid *d, struct an_arena *arena,
                          struct an_str document, struct an_str *out,
                          struct an_err *err)
{
    struct deid_walk w = {.d = d, .arena = arena, .err = err};
    const struct an_json *root, *left;
    enum an_code code = an_json_read(
        arena, &(struct an_json_limits){.bytes = MAX_DOCUMENT_BYTES}, document,
        &root, err);

    *out = (struct an_str){"", 0};
    if (code != AN_OK)
        return code;
    if (an_json_text(an_json_get(root, AN_STR("resourceType"))).n == 0)
        return an_fail(err, AN_TYPE, "this is no FHIR resource", 0);
    deid_aliases(&w, root);
    left = w.code == AN_OK ? resource(&w, root, false) : NULL;
    if (w.code == AN_OK && left)
        return print(&w, left, out);
    return w.code;
}
