/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/notification.h"

#include "base/json.h"
#include "base/json_out.h"
#include "base/sort.h"

enum { SUBSCRIPTION_BYTES = 64 << 10 };

#define BACKPORT                                                               \
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

struct an_str fhir_reference_local(struct an_str reference)
{
    static const char history[] = "/_history/";
    size_t slashes = 0, i;

    for (i = 0; i + sizeof(history) - 1 <= reference.n; i++)
        if (an_str_starts(an_str_sub(reference, i, reference.n),
                          an_str_c(history)))
            reference.n = i;
    for (i = reference.n; i; i--)
        if (reference.p[i - 1] == '/' && ++slashes == 2)
            break;
    return an_str_sub(reference, i, reference.n);
}

/* ---- reading ------------------------------------------------------------ */

/* A number as text, which both forms have; as a number, which some send. */
static bool number_of(const struct an_json *j, int64_t *out)
{
    struct an_str text = an_json_text(j);
    uint64_t n;

    if (an_json_i64(j, out))
        return *out >= 0;
    if (!an_str_u64(text, &n) || n > INT64_MAX)
        return false;
    *out = (int64_t)n;
    return true;
}

/* value[x] of a parameter, whichever it is. */
static const struct an_json *value_of(const struct an_json *parameter)
{
    for (const struct an_json *m = an_json_first(parameter); m; m = m->next)
        if (an_str_starts(an_json_key(m), AN_STR("value")))
            return m;
    return NULL;
}

static struct an_str reference_of(const struct an_json *j)
{
    return an_json_text(an_json_get(j, AN_STR("reference")));
}

/* The names of the two forms are alike but for their hyphens. */
static bool named(struct an_str name, const char *want)
{
    struct an_str w = an_str_c(want);
    size_t i = 0, k = 0;

    while (i < name.n && k < w.n) {
        if (name.p[i] == '-') {
            i++;
            continue;
        }
        if ((name.p[i] | 0x20) != w.p[k])
            return false;
        i++;
        k++;
    }
    return i == name.n && k == w.n;
}

static bool type_of(struct an_str text, enum fhir_notice *type)
{
    static const char *const names[] = {
#define X(name, text) text,
        FHIR_NOTICES(X)
#undef X
    };

    for (unsigned i = 0; i < FHIR_N_NOTICES; i++)
        if (an_str_eq(text, an_str_c(names[i]))) {
            *type = (enum fhir_notice)i;
            return true;
        }
    return false;
}

/* One member of an event, from either form. */
static bool event_member(struct fhir_event_notice *e, struct an_str name,
                         const struct an_json *value)
{
    if (named(name, "eventnumber"))
        return number_of(value, &e->number);
    if (named(name, "focus"))
        e->focus = reference_of(value);
    if (named(name, "timestamp"))
        e->at = an_json_text(value);
    return true;
}

static bool event_read(struct fhir_event_notice *e, const struct an_json *j,
                       bool parameters)
{
    bool ok = true;

    *e = (struct fhir_event_notice){.number = -1, .at = AN_STR("")};
    if (!parameters)
        for (const struct an_json *m = an_json_first(j); ok && m; m = m->next)
            ok = event_member(e, an_json_key(m), m);
    else
        for (const struct an_json *p =
                 an_json_first(an_json_get(j, AN_STR("part")));
             ok && p; p = p->next)
            ok = event_member(e, an_json_text(an_json_get(p, AN_STR("name"))),
                              value_of(p));
    return ok && e->number > 0;
}

static enum an_code add_event(struct fhir_notification *out,
                              const struct an_json *j, bool parameters,
                              struct an_err *err)
{
    if (event_read(&out->event[out->n_events++], j, parameters))
        return AN_OK;
    an_fail(err, AN_TYPE, "an event of a notification without a number", 0);
    return AN_TYPE;
}

static enum an_code member(struct fhir_notification *out, struct an_str name,
                           const struct an_json *value, bool *typed,
                           struct an_err *err)
{
    if (named(name, "type")) {
        *typed = type_of(an_json_text(value), &out->type);
        if (!*typed)
            return an_fail(err, AN_CODE, "no kind of notification", 0);
    } else if (named(name, "subscription")) {
        out->subscription = reference_of(value);
    } else if (named(name, "status")) {
        out->status = an_json_text(value);
    } else if (named(name, "eventssincesubscriptionstart") &&
               !number_of(value, &out->n_since_start)) {
        return an_fail(err, AN_TYPE, "no count of events", 0);
    }
    return AN_OK;
}

static enum an_code read_parameters(struct fhir_notification *out,
                                    const struct an_json *list, bool *typed,
                                    struct an_err *err)
{
    enum an_code rc = AN_OK;

    for (const struct an_json *p = an_json_first(list); p && rc == AN_OK;
         p = p->next) {
        struct an_str name = an_json_text(an_json_get(p, AN_STR("name")));

        rc = named(name, "notificationevent")
                 ? add_event(out, p, true, err)
                 : member(out, name, value_of(p), typed, err);
    }
    return rc;
}

static enum an_code read_status(struct fhir_notification *out,
                                const struct an_json *status, bool *typed,
                                struct an_err *err)
{
    enum an_code rc = AN_OK;

    for (const struct an_json *m = an_json_first(status); m && rc == AN_OK;
         m = m->next) {
        if (!named(an_json_key(m), "notificationevent")) {
            rc = member(out, an_json_key(m), m, typed, err);
            continue;
        }
        for (const struct an_json *e = an_json_first(m); e && rc == AN_OK;
             e = e->next)
            rc = add_event(out, e, false, err);
    }
    return rc;
}

/* ---- which events bring their resource ----------------------------------- */

/* An event by its focus; the first of those that share it is found. */
struct focus {
    struct an_str local;
    struct fhir_event_notice *event;
};

static int focus_cmp(const void *a, const void *b)
{
    const struct focus *x = a, *y = b;

    return an_str_cmp(x->local, y->local);
}

static bool sort_focuses(struct an_arena *arena, struct fhir_notification *out,
                         struct focus **sorted, size_t *n)
{
    struct focus *f = an_arena_get(arena, out->n_events, sizeof(*f));
    struct focus *scratch =
        an_arena_get(arena, out->n_events / 2 + 1, sizeof(*scratch));

    *n = 0;
    *sorted = f;
    if (f == NULL || scratch == NULL)
        return false;
    for (size_t i = 0; i < out->n_events; i++)
        if (out->event[i].focus.n)
            f[(*n)++] = (struct focus){
                fhir_reference_local(out->event[i].focus), &out->event[i]};
    an_sort(f, *n, sizeof(*f), scratch, focus_cmp);
    return true;
}

/* What an entry brings. */
struct brought {
    struct an_str url, at; /* at: of a deletion, if it says so */
    bool is_gone;
};

static void mark_first(const struct focus *f, size_t n,
                       const struct brought *what)
{
    struct an_str local = fhir_reference_local(what->url);
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (an_str_cmp(f[middle].local, local) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || !an_str_eq(f[low].local, local))
        return;
    f[low].event->is_here = true;
    f[low].event->is_gone = what->is_gone;
    if (what->at.n)
        f[low].event->at = what->at;
}

/* The address of what an entry brings, be it that it was deleted. */
static bool brings(const struct an_json *entry, struct brought *out)
{
    const struct an_json *request = an_json_get(entry, AN_STR("request"));
    const struct an_json *response = an_json_get(entry, AN_STR("response"));

    *out = (struct brought){.at = AN_STR("")};
    out->is_gone = an_str_eq(
        an_json_text(an_json_get(request, AN_STR("method"))), AN_STR("DELETE"));
    if (out->is_gone) {
        out->url = an_json_text(an_json_get(request, AN_STR("url")));
        out->at = an_json_text(an_json_get(response, AN_STR("lastModified")));
        return true;
    }
    out->url = an_json_text(an_json_get(entry, AN_STR("fullUrl")));
    return an_json_get(entry, AN_STR("resource")) != NULL;
}

/* Both may be many: each is looked up, and none compared with all. */
static bool find_resources(struct an_arena *arena,
                           struct fhir_notification *out,
                           const struct an_json *entries)
{
    const struct an_json *first = an_json_first(entries);
    struct brought what;
    struct focus *f;
    size_t n;

    if (!sort_focuses(arena, out, &f, &n))
        return false;
    for (size_t i = n; i-- > 1;)
        if (focus_cmp(&f[i - 1], &f[i]) == 0)
            f[i - 1].event->at = f[i].event->at;
    for (const struct an_json *e = first ? first->next : NULL; e; e = e->next)
        if (brings(e, &what)) {
            out->n_resources++;
            mark_first(f, n, &what);
        }
    for (size_t i = 1; i < n; i++)
        if (focus_cmp(&f[i - 1], &f[i]) == 0) {
            f[i].event->is_here = f[i - 1].event->is_here;
            f[i].event->is_gone = f[i - 1].event->is_gone;
            f[i].event->at = f[i - 1].event->at;
        }
    return true;
}

/* ---- all of it ---------------------------------------------------------- */

enum an_code fhir_notification_read(struct an_arena *arena, struct an_str bytes,
                                    struct fhir_notification *out,
                                    struct an_err *err)
{
    const struct an_json *root, *entries, *first, *list;
    struct an_str type;
    bool typed = false;
    enum an_code rc =
        an_json_read(arena, &(struct an_json_limits){0}, bytes, &root, err);

    *out = (struct fhir_notification){.n_since_start = -1};
    if (rc != AN_OK)
        return rc;
    entries = an_json_get(root, AN_STR("entry"));
    first = an_json_get(an_json_first(entries), AN_STR("resource"));
    type = an_json_text(an_json_get(first, AN_STR("resourceType")));
    list = an_json_get(first, an_str_eq(type, AN_STR("Parameters"))
                                  ? AN_STR("parameter")
                                  : AN_STR("notificationEvent"));
    if (!an_str_eq(an_json_text(an_json_get(root, AN_STR("resourceType"))),
                   AN_STR("Bundle")) ||
        (!an_str_eq(type, AN_STR("Parameters")) &&
         !an_str_eq(type, AN_STR("SubscriptionStatus"))))
        return an_fail(err, AN_NOTFOUND, "no notification", 0);
    out->event =
        an_arena_get(arena, (list ? list->n : 0) + 1, sizeof(*out->event));
    if (out->event == NULL)
        return an_fail_nomem(err);
    rc = an_str_eq(type, AN_STR("Parameters"))
             ? read_parameters(out, list, &typed, err)
             : read_status(out, first, &typed, err);
    if (rc == AN_OK && !typed)
        rc = an_fail(err, AN_MISSING, "a notification of no kind", 0);
    if (rc == AN_OK && !find_resources(arena, out, entries))
        return an_fail_nomem(err);
    return rc;
}

/* ---- writing ------------------------------------------------------------ */

static void put_extension(struct an_json_out *w, const char *url,
                          const char *value_key, struct an_str text)
{
    an_out_object(w);
    an_out_key_str(w, "url", an_str_c(url));
    an_out_key_str(w, value_key, text);
    an_out_end(w);
}

static void put_beside(struct an_json_out *w, const char *key, const char *url,
                       const char *value_key, struct an_str text)
{
    an_out_key(w, key);
    an_out_object(w);
    an_out_key(w, "extension");
    an_out_array(w);
    put_extension(w, url, value_key, text);
    an_out_end(w);
    an_out_end(w);
}

/* In the backport how often it is to be heard of; in plain R4, which knows of
 * nothing like it, HAPI FHIR's word for: deletions, too. */
static void put_channel_extension(struct an_json_out *w,
                                  const struct fhir_subscription *s)
{
    if (s->content.n && s->heartbeat_s == 0)
        return;
    an_out_key(w, "extension");
    an_out_array(w);
    an_out_object(w);
    if (s->content.n) {
        an_out_key_str(w, "url", AN_STR(BACKPORT "backport-heartbeat-period"));
        an_out_key(w, "valueUnsignedInt");
        an_out_i64(w, s->heartbeat_s);
    } else {
        an_out_key_str(w, "url",
                       AN_STR("http://hapifhir.io/fhir/StructureDefinition/"
                              "subscription-send-delete-messages"));
        an_out_key(w, "valueBoolean");
        an_out_bool(w, true);
    }
    an_out_end(w);
    an_out_end(w);
}

static void put_channel(struct an_json_out *w,
                        const struct fhir_subscription *s)
{
    an_out_key(w, "channel");
    an_out_object(w);
    put_channel_extension(w, s);
    an_out_key_str(w, "type", AN_STR("rest-hook"));
    an_out_key_str(w, "endpoint", s->endpoint);
    an_out_key_str(w, "payload", AN_STR("application/fhir+json"));
    if (s->content.n)
        put_beside(w, "_payload", BACKPORT "backport-payload-content",
                   "valueCode", s->content);
    if (s->header.n) {
        an_out_key(w, "header");
        an_out_array(w);
        an_out_str(w, s->header);
        an_out_end(w);
    }
    an_out_end(w);
}

enum an_code fhir_subscription_write(struct an_arena *arena,
                                     const struct fhir_subscription *s,
                                     struct an_str *json, struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, SUBSCRIPTION_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("Subscription"));
    an_out_key_str(&w, "id", s->id);
    if (s->content.n) {
        an_out_key(&w, "meta");
        an_out_object(&w);
        an_out_key(&w, "profile");
        an_out_array(&w);
        an_out_str(&w, AN_STR(BACKPORT "backport-subscription"));
        an_out_end(&w);
        an_out_end(&w);
    }
    an_out_key_str(&w, "status", AN_STR("requested"));
    an_out_key_str(&w, "end", s->end);
    an_out_key_str(&w, "reason", s->reason);
    an_out_key_str(&w, "criteria", s->criteria);
    if (s->content.n && s->filter.n)
        put_beside(&w, "_criteria", BACKPORT "backport-filter-criteria",
                   "valueString", s->filter);
    put_channel(&w, s);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}
