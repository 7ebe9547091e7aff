/* SPDX-License-Identifier: Apache-2.0 */
/* A suggestion that was kept, as it was said: detail.c read back.  Words and
 * numbers come from the detail, whose hash is in the audit trail. */
#include "plugin/store/outgoing.h"

#include "base/json.h"

static struct an_str text(const struct an_json *j, struct an_str key)
{
    return an_json_text(an_json_get(j, key));
}

/* From min to max, both among -128 to 65535; 0 where nothing is said.  Whatever
 * else stands there is damage: *whole is false then. */
static int64_t number(const struct an_json *j, struct an_str key, int64_t min,
                      int64_t max, bool *whole)
{
    const struct an_json *said = an_json_get(j, key);
    int64_t v = 0;

    if (said && (!an_json_i64(said, &v) || v < min || v > max)) {
        *whole = false;
        return 0;
    }
    return v;
}

static double real(const struct an_json *j, struct an_str key)
{
    double v = 0;

    (void)an_json_double(an_json_get(j, key), &v);
    return v;
}

static bool yes(const struct an_json *j, struct an_str key)
{
    bool v = false;

    (void)an_json_bool(an_json_get(j, key), &v);
    return v;
}

/* The elements of an array, and room for one of ours each; of anything else
 * there are none. */
static bool elements(struct an_arena *arena, const struct an_json *root,
                     struct an_str key, size_t size,
                     const struct an_json **first, size_t *n, void **out)
{
    const struct an_json *list = an_json_get(root, key);

    if (!an_json_is(list, AN_JSON_ARRAY))
        list = NULL;
    *first = an_json_first(list);
    *n = list ? list->n : 0;
    *out = an_arena_get(arena, *n, size);
    return *out != NULL;
}

static bool take_evidence(struct an_arena *arena, const struct an_json *root,
                          struct ctx_suggestion *s, bool *whole)
{
    struct ctx_evidence *e;
    struct ctx_event *event;
    const struct an_json *j;
    void *room;

    if (!elements(arena, root, AN_STR("evidence"), sizeof(*e), &j,
                  &s->n_evidence, &room))
        return false;
    e = room;
    s->evidence = e;
    event = an_arena_get(arena, s->n_evidence, sizeof(*event));
    if (event == NULL)
        return false;
    for (; j; j = j->next, e++, event++) {
        *event = (struct ctx_event){
            .message = text(j, AN_STR("message")),
            .place = text(j, AN_STR("place")),
            .fact = text(j, AN_STR("fact")),
            .kind =
                (uint8_t)number(j, AN_STR("kind"), 0, CTX_N_KINDS - 1, whole),
        };
        *e = (struct ctx_evidence){
            .event = event,
            .sentence = text(j, AN_STR("sentence")),
            .weight = real(j, AN_STR("weight")),
            .direction = (int8_t)number(j, AN_STR("direction"), -1, 1, whole),
        };
    }
    return true;
}

static bool take_next(struct an_arena *arena, const struct an_json *root,
                      struct ctx_suggestion *s)
{
    struct ctx_next *next;
    const struct an_json *j;
    void *room;

    if (!elements(arena, root, AN_STR("next"), sizeof(*next), &j, &s->n_next,
                  &room))
        return false;
    next = room;
    s->next = next;
    for (; j; j = j->next, next++)
        *next = (struct ctx_next){
            .concept = {text(j, AN_STR("system")), text(j, AN_STR("code")),
                        text(j, AN_STR("display"))},
            .p = real(j, AN_STR("p")),
        };
    return true;
}

static bool take_citations(struct an_arena *arena, const struct an_json *root,
                           struct ctx_suggestion *s, bool *whole)
{
    struct ctx_citation *c;
    const struct an_json *j;
    void *room;

    if (!elements(arena, root, AN_STR("citations"), sizeof(*c), &j,
                  &s->n_citations, &room))
        return false;
    c = room;
    s->citation = c;
    for (; j; j = j->next, c++)
        *c = (struct ctx_citation){
            .title = text(j, AN_STR("title")),
            .source = text(j, AN_STR("source")),
            .doi = text(j, AN_STR("doi")),
            .year = (uint16_t)number(j, AN_STR("year"), 0, UINT16_MAX, whole),
        };
    return true;
}

enum an_code pl_suggestion_recall(struct an_arena *arena,
                                  const struct pl_suggestion *row,
                                  struct ctx_suggestion *out,
                                  struct an_err *err)
{
    const struct an_json *root, *model;
    bool whole = true;
    enum an_code code = an_json_read(arena, &(struct an_json_limits){0},
                                     row->detail, &root, err);

    if (code == AN_NOMEM)
        return code;
    if (code != AN_OK)
        return an_fail(err, AN_INTEGRITY, "what was said is damaged", 0);
    model = an_json_get(root, AN_STR("model"));
    *out = (struct ctx_suggestion){
        .kind = (uint8_t)row->kind,
        .audience = (uint8_t)row->audience,
        .language = row->language,
        .draft_language = yes(root, AN_STR("draftLanguage")),
        .topic = text(root, AN_STR("topic")),
        .title = text(root, AN_STR("title")),
        .statement = text(root, AN_STR("statement")),
        .p = real(root, AN_STR("p")),
        .p_low = real(root, AN_STR("pLow")),
        .p_high = real(root, AN_STR("pHigh")),
        .horizon_days = row->horizon_days,
        .value = text(root, AN_STR("value")),
        .unit = text(root, AN_STR("unit")),
        .abstention = (uint8_t)number(root, AN_STR("abstention"), 0,
                                      CTX_N_ABSTENTIONS - 1, &whole),
        .patient_facing = row->patient_facing,
        .never_patient = row->never_patient,
        .model = {.name = text(model, AN_STR("name")),
                  .version = text(model, AN_STR("version")),
                  .digest = text(model, AN_STR("digest")),
                  .demonstrator = yes(model, AN_STR("demonstrator"))},
    };
    if (!an_time_fhir(text(root, AN_STR("asOf")), NULL, &out->as_of))
        return an_fail(err, AN_INTEGRITY, "what was said names no moment", 0);
    if (!take_evidence(arena, root, out, &whole) ||
        !take_next(arena, root, out) ||
        !take_citations(arena, root, out, &whole))
        return an_fail_nomem(err);
    return whole ? AN_OK
                 : an_fail(err, AN_INTEGRITY,
                           "what was said has a number that is none", 0);
}
