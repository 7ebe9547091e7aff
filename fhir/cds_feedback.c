/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/cds_feedback.h"

#include <stdio.h>

/* The entry that is being read, for the places of its errors. */
struct entry {
    struct an_arena *arena;
    size_t at;
    const struct an_json *json;
    struct fhir_feedback *out;
    struct an_err *err;
};

static const char is_missing[] = "a required element is missing";
static const char is_no_text[] = "an element is no text";
static const char is_no_uuid[] = "an element is no UUID";
static const char is_too_long[] = "a text is too long";

/* `path` is below the entry; "" is the entry itself. */
static enum an_code fail_at(const struct entry *e, enum an_code code,
                            const char *what, const char *path)
{
    (void)an_fail(e->err, code, what, 0);
    if (e->err)
        (void)snprintf(e->err->where.path, sizeof(e->err->where.path),
                       "feedback[%zu]%s%s", e->at, path[0] ? "." : "", path);
    return code;
}

/* With or without the prefix of a URN, in either case. */
static bool read_name(struct an_str text, char lower[AN_UUID_TEXT_BYTES])
{
    static const struct an_str prefix = AN_STR_INIT("urn:uuid:");
    struct an_uuid id;

    if (an_str_starts(text, prefix))
        text = an_str_sub(text, prefix.n, text.n);
    if (!an_uuid_parse(text, &id))
        return false;
    an_uuid_print(&id, lower);
    return true;
}

static enum an_code read_uuid(const struct entry *e, const struct an_json *of,
                              const char *key, const char *path,
                              struct an_str *out)
{
    const struct an_json *j = an_json_get(of, an_str_c(key));
    char lower[AN_UUID_TEXT_BYTES];

    if (j == NULL)
        return fail_at(e, AN_MISSING, is_missing, path);
    if (!an_json_is(j, AN_JSON_STRING))
        return fail_at(e, AN_TYPE, is_no_text, path);
    if (!read_name(an_json_text(j), lower))
        return fail_at(e, AN_TYPE, is_no_uuid, path);
    return an_arena_str(e->arena, an_str_c(lower), out) ? AN_OK
                                                        : an_fail_nomem(e->err);
}

/* A text that may be left out. */
static enum an_code read_text(const struct entry *e, const struct an_json *of,
                              const char *key, const char *path,
                              size_t max_bytes, struct an_str *out)
{
    const struct an_json *j = an_json_get(of, an_str_c(key));

    *out = an_json_text(j);
    if (j == NULL || an_json_is(j, AN_JSON_NULL))
        return AN_OK;
    if (!an_json_is(j, AN_JSON_STRING))
        return fail_at(e, AN_TYPE, is_no_text, path);
    if (out->n > max_bytes)
        return fail_at(e, AN_LIMIT, is_too_long, path);
    return AN_OK;
}

static enum an_code read_outcome(struct entry *e)
{
    struct an_str text;
    enum an_code code =
        read_text(e, e->json, "outcome", "outcome", SIZE_MAX, &text);

    if (code != AN_OK)
        return code;
    if (text.n == 0)
        return fail_at(e, AN_MISSING, is_missing, "outcome");
    e->out->accepted = an_str_eq(text, AN_STR("accepted"));
    if (!e->out->accepted && !an_str_eq(text, AN_STR("overridden")))
        return fail_at(e, AN_CODE, "neither accepted nor overridden",
                       "outcome");
    return AN_OK;
}

static enum an_code read_suggestions(struct entry *e)
{
    const struct an_json *list =
        an_json_get(e->json, AN_STR("acceptedSuggestions"));
    enum an_code code = AN_OK;
    struct an_str *id;
    char path[64];
    size_t n = 0;

    if (list && !an_json_is(list, AN_JSON_NULL) &&
        !an_json_is(list, AN_JSON_ARRAY))
        return fail_at(e, AN_TYPE, "an element is no list",
                       "acceptedSuggestions");
    if (an_json_first(list) == NULL)
        return e->out->accepted
                   ? fail_at(e, AN_MISSING, is_missing, "acceptedSuggestions")
                   : AN_OK;
    if (list->n > FHIR_FEEDBACK_SUGGESTIONS)
        return fail_at(e, AN_LIMIT, "too many suggestions",
                       "acceptedSuggestions");
    id = an_arena_get(e->arena, list->n, sizeof(*id));
    if (id == NULL)
        return an_fail_nomem(e->err);
    for (const struct an_json *s = an_json_first(list); s && code == AN_OK;
         s = s->next) {
        (void)snprintf(path, sizeof(path), "acceptedSuggestions[%zu].id", n);
        code = read_uuid(e, s, "id", path, &id[n++]);
    }
    e->out->suggestion = id;
    e->out->n_suggestions = n;
    return code;
}

/* `of` is a Coding, called `path` below the entry. */
static enum an_code read_coding(struct entry *e, const struct an_json *of,
                                const char *path)
{
    static const char *const key[] = {"system", "code", "display"};
    struct ctx_code *to = &e->out->reason;
    struct an_str *text[] = {&to->system, &to->code, &to->display};
    enum an_code code = AN_OK;
    char at[64];

    if (!an_json_is(of, AN_JSON_OBJECT))
        return fail_at(e, AN_TYPE, "an element is no object", path);
    for (size_t i = 0; code == AN_OK && i < 3; i++) {
        (void)snprintf(at, sizeof(at), "%s.%s", path, key[i]);
        code = read_text(e, of, key[i], at, FHIR_FEEDBACK_CODE_BYTES, text[i]);
    }
    if (code == AN_OK && to->code.n == 0) {
        (void)snprintf(at, sizeof(at), "%s.code", path);
        code = fail_at(e, AN_MISSING, is_missing, at);
    }
    return code;
}

static enum an_code read_reason(struct entry *e)
{
    const struct an_json *reason =
        an_json_get(e->json, AN_STR("overrideReason"));
    const struct an_json *coding = an_json_get(reason, AN_STR("reason"));
    enum an_code code;

    if (reason == NULL || an_json_is(reason, AN_JSON_NULL))
        return AN_OK;
    if (!an_json_is(reason, AN_JSON_OBJECT))
        return fail_at(e, AN_TYPE, "an element is no object", "overrideReason");
    if (an_json_get(reason, AN_STR("code")))
        return read_coding(e, reason, "overrideReason");
    code = read_text(e, reason, "userComment", "overrideReason.userComment",
                     FHIR_FEEDBACK_COMMENT_BYTES, &e->out->comment);
    if (code == AN_OK && coding && !an_json_is(coding, AN_JSON_NULL))
        code = read_coding(e, coding, "overrideReason.reason");
    if (code == AN_OK && e->out->comment.n + e->out->reason.code.n == 0)
        code = fail_at(e, AN_MISSING, "neither a reason nor a comment",
                       "overrideReason");
    return code;
}

/* RFC 3339: to the second, with an offset. */
static enum an_code read_moment(struct entry *e)
{
    static const struct an_zone utc = {.offset_min = 0};
    struct an_time at = {.precision = AN_TIME_NONE};
    struct an_str text;
    enum an_code code = read_text(e, e->json, "outcomeTimestamp",
                                  "outcomeTimestamp", SIZE_MAX, &text);

    if (code != AN_OK)
        return code;
    if (text.n == 0)
        return fail_at(e, AN_MISSING, is_missing, "outcomeTimestamp");
    if (!an_time_fhir(text, &utc, &at) || at.precision < AN_TIME_SECOND ||
        at.assumed)
        return fail_at(e, AN_TYPE, "no moment with its offset",
                       "outcomeTimestamp");
    e->out->at_us = at.us;
    return AN_OK;
}

static enum an_code read_entry(struct entry *e)
{
    enum an_code code;

    if (!an_json_is(e->json, AN_JSON_OBJECT))
        return fail_at(e, AN_TYPE, "an element is no object", "");
    code = read_uuid(e, e->json, "card", "card", &e->out->card);
    if (code == AN_OK)
        code = read_outcome(e);
    if (code == AN_OK)
        code = read_suggestions(e);
    if (code == AN_OK)
        code = read_reason(e);
    return code == AN_OK ? read_moment(e) : code;
}

static enum an_code fail_list(struct an_err *err, enum an_code code,
                              const char *what)
{
    (void)an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "feedback");
    return code;
}

enum an_code fhir_feedback_read(struct an_arena *arena, struct an_str bytes,
                                const struct fhir_feedback **list, size_t *n,
                                struct an_err *err)
{
    struct entry e = {.arena = arena, .err = err};
    const struct an_json *root, *all;
    struct fhir_feedback *out;
    enum an_code code =
        an_json_read(arena, &(struct an_json_limits){0}, bytes, &root, err);

    *list = NULL;
    *n = 0;
    if (code != AN_OK)
        return code;
    if (!an_json_is(root, AN_JSON_OBJECT))
        return an_fail(err, AN_TYPE, "the request is no object", 0);
    all = an_json_get(root, AN_STR("feedback"));
    if (all == NULL)
        return fail_list(err, AN_MISSING, is_missing);
    if (!an_json_is(all, AN_JSON_ARRAY))
        return fail_list(err, AN_TYPE, "an element is no list");
    if (all->n > FHIR_FEEDBACK_ENTRIES)
        return fail_list(err, AN_LIMIT, "too many entries");
    out = an_arena_get(arena, all->n, sizeof(*out));
    if (out == NULL)
        return an_fail_nomem(err);
    e.json = an_json_first(all);
    for (; e.json && code == AN_OK; e.json = e.json->next) {
        e.out = &out[e.at];
        code = read_entry(&e);
        e.at++;
    }
    if (code != AN_OK)
        return code;
    *list = out;
    *n = all->n;
    return AN_OK;
}
