/* SPDX-License-Identifier: Apache-2.0 */
/* The resources as one Bundle. */
#include "hl7/convert/run_int.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

enum { BUNDLE_BYTES = 256 << 20 };

static struct cv_node *member(struct cv_run *run, struct cv_node *parent,
                              enum cv_kind kind, const char *name,
                              struct an_str text)
{
    struct cv_node *n = cv_node(run->arena, kind);

    if (n == NULL) {
        cv_fail(run, AN_NOMEM);
        return NULL;
    }
    n->name = name;
    n->text = text;
    cv_append(parent, n);
    return n;
}

/* {extension: [{url: data-absent-reason, valueCode: unknown}]} */
static void say_unknown(struct cv_run *run, struct cv_node *node)
{
    struct cv_node *list, *one;

    node->kind = CV_OBJECT;
    if (cv_member(node, "extension")) /* a row of the table has said so */
        return;
    list = member(run, node, CV_ARRAY, "extension", AN_STR(""));
    one = list ? member(run, list, CV_OBJECT, NULL, AN_STR("")) : NULL;
    if (one && member(run, one, CV_WORDS, "url",
                      AN_STR("http://hl7.org/fhir/StructureDefinition/"
                             "data-absent-reason")))
        (void)member(run, one, CV_WORDS, "valueCode", AN_STR("unknown"));
}

/* References to what says nothing go; where one must be, somebody unknown
 * stays. */
static void drop_references(struct cv_run *run, struct cv_node *node)
{
    bool empty = node->kind == CV_ARRAY && node->first;

    if (node->kind == CV_REFERS && !node->to->kept) {
        node->kind = CV_EMPTY;
        if (node->required)
            say_unknown(run, node);
    }
    for (struct cv_node *n = node->first; n; n = n->next) {
        drop_references(run, n);
        empty = empty && n->kind == CV_EMPTY;
    }
    if (empty && node->required)
        say_unknown(run, node->first);
}

/* An Organization has a name or an identifier (R4, org-1): an address alone is
 * nobody. */
static bool says_something(const struct cv_resource *r)
{
    if (r->root.kind == CV_EMPTY)
        return false;
    return strcmp(r->type, "Organization") != 0 ||
           cv_member(&r->root, "name") || cv_member(&r->root, "identifier");
}

static size_t settle(struct cv_run *run)
{
    size_t n_kept = 0, before;

    for (struct cv_resource *r = run->resources; r; r = r->next) {
        cv_prune(&r->root);
        r->kept = says_something(r);
        n_kept += r->kept;
    }
    do {
        before = n_kept;
        n_kept = 0;
        for (struct cv_resource *r = run->resources; r; r = r->next) {
            drop_references(run, &r->root);
            cv_prune(&r->root);
            r->kept = says_something(r);
            n_kept += r->kept;
        }
    } while (n_kept != before);
    return n_kept;
}

static void print_resource(struct an_json_out *w, const struct cv_run *run,
                           const struct cv_resource *r)
{
    char text[16 + AN_UUID_TEXT_BYTES] = "urn:uuid:";
    char *id = text + strlen(text);
    char url[64 + AN_UUID_TEXT_BYTES];

    an_uuid_print(&r->id, id);
    an_out_object(w);
    an_out_key_str(w, "fullUrl", an_str_c(text));
    an_out_key(w, "resource");
    an_out_object(w);
    an_out_key_str(w, "resourceType", an_str_c(r->type));
    an_out_key_str(w, "id", an_str_c(id));
    for (const struct cv_node *n = r->root.first; n; n = n->next) {
        an_out_key(w, n->name);
        cv_print(w, n);
    }
    an_out_end(w);
    if (run->settings->bundle == HL7_BUNDLE_TRANSACTION) {
        an_out_key(w, "request");
        an_out_object(w);
        an_out_key_str(w, "method", AN_STR("PUT"));
        snprintf(url, sizeof(url), "%s/%s", r->type, id);
        an_out_key_str(w, "url", an_str_c(url));
        an_out_end(w);
    }
    an_out_end(w);
}

static void print_head(struct an_json_out *w, struct cv_run *run)
{
    static const char *const types[] = {
        [HL7_BUNDLE_MESSAGE] = "message",
        [HL7_BUNDLE_TRANSACTION] = "transaction",
        [HL7_BUNDLE_COLLECTION] = "collection",
    };
    struct cv_node said = {0}, named = {0};
    char text[AN_UUID_TEXT_BYTES];
    struct an_str control_id = AN_STR(""), when = AN_STR("");

    an_uuid_print(&run->id_of_message, text);
    an_out_key_str(w, "resourceType", AN_STR("Bundle"));
    an_out_key_str(w, "id", an_str_c(text));
    if (cv_text(run, hl7_get(run->m, 0, 10, 1, 0, 0), &control_id) &&
        cv_say(run, CV_STRING, control_id, &named) && named.kind == CV_WORDS) {
        an_out_key(w, "identifier");
        an_out_object(w);
        an_out_key_str(w, "value", named.text);
        an_out_end(w);
    }
    an_out_key_str(w, "type", an_str_c(types[run->settings->bundle]));
    if (cv_text(run, hl7_get(run->m, 0, 7, 1, 1, 0), &when) &&
        cv_say(run, CV_INSTANT, when, &said) && said.kind == CV_WORDS)
        an_out_key_str(w, "timestamp", said.text);
}

/* MessageHeader first, as FHIR messaging wants it (R4 2.4.3.1), then what the
 * segments made, then what they refer to. */
static int order_of(const struct cv_resource *r)
{
    if (strcmp(r->type, "MessageHeader") == 0)
        return 0;
    return r->slot >= 0 ? 1 : 2;
}

bool cv_bundle(struct cv_run *run, struct hl7_converted *out)
{
    struct an_json_out w;
    enum an_code code;

    out->n_resources = settle(run);
    an_out_init(&w, run->arena, BUNDLE_BYTES);
    an_out_object(&w);
    print_head(&w, run);
    if (out->n_resources) { /* FHIR has no empty arrays */
        an_out_key(&w, "entry");
        an_out_array(&w);
        for (int order = 0; order < 3; order++)
            for (struct cv_resource *r = run->resources; r; r = r->next)
                if (r->kept && order_of(r) == order)
                    print_resource(&w, run, r);
        an_out_end(&w);
    }
    an_out_end(&w);
    if (run->code != AN_OK)
        return false;
    code = an_out_done(&w, &out->json, run->err);
    return code == AN_OK || cv_fail(run, code);
}
