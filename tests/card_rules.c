/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/card_rules.h"

#include "base/uuid.h"

static struct an_str text(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

static const struct an_json *get(const struct an_json *j, const char *key)
{
    return an_json_get(j, an_str_c(key));
}

static bool is(const struct an_json *j, const char *key, const char *want)
{
    return an_str_eq(text(j, key), an_str_c(want));
}

static size_t n_characters(struct an_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xC0) != 0x80;
    return n;
}

static bool is_url(struct an_str s)
{
    return an_str_starts(s, AN_STR("https://")) ||
           an_str_starts(s, AN_STR("http://"));
}

/* No null, "", [] or {} anywhere but `cards` itself. */
static bool is_full(const struct an_json *j)
{
    if (an_json_is(j, AN_JSON_NULL) || (j->kind >= AN_JSON_STRING && j->n == 0))
        return false;
    for (const struct an_json *m = an_json_first(j); m; m = m->next)
        if (!is_full(m))
            return false;
    return true;
}

static const char *check_action(const struct an_json *a)
{
    const struct an_json *resource = get(a, "resource");
    bool deletes = is(a, "type", "delete");

    if (!deletes && !is(a, "type", "create") && !is(a, "type", "update"))
        return "an action is create, update or delete";
    if (deletes && (text(a, "resourceId").n == 0 || resource))
        return "cds-resp-2: delete has a resourceId and no resource";
    if (!deletes && text(resource, "resourceType").n == 0)
        return "create and update have a resource";
    if (text(a, "description").n == 0)
        return "cds-resp-5: an action has a description";
    if (!deletes && (!is(resource, "status", "draft") ||
                     !is(resource, "intent", "proposal")))
        return "ours: what is proposed is a draft and a proposal";
    return NULL;
}

static const char *check_suggestions(const struct an_json *card)
{
    const struct an_json *list = get(card, "suggestions");
    const struct an_json *s = an_json_first(list);
    const char *broken = NULL;
    struct an_uuid id;
    size_t n_recommended = 0;

    if (list && !is(card, "selectionBehavior", "any") &&
        !is(card, "selectionBehavior", "at-most-one"))
        return "cds-resp-6: suggestions have a selectionBehavior";
    if (list == NULL && get(card, "selectionBehavior"))
        return "selectionBehavior is of suggestions";
    for (; s && !broken; s = s->next) {
        bool yes = false;

        n_recommended += an_json_bool(get(s, "isRecommended"), &yes) && yes;
        if (text(s, "label").n == 0)
            broken = "a suggestion has a label";
        if (!an_uuid_parse(text(s, "uuid"), &id))
            broken = "ours: a suggestion has a uuid";
        if (get(s, "actionSelectionBehavior"))
            broken = "cds-resp-7, and ours: never said";
        for (const struct an_json *a = an_json_first(get(s, "actions"));
             a && !broken; a = a->next)
            broken = check_action(a);
    }
    if (!broken && n_recommended > 1 &&
        is(card, "selectionBehavior", "at-most-one"))
        broken = "cds-resp-1: of at most one, one is recommended";
    return broken;
}

static const char *check_links(const struct an_json *card)
{
    const struct an_json *l = an_json_first(get(card, "links"));

    for (; l; l = l->next) {
        bool smart = is(l, "type", "smart");

        if (!smart && !is(l, "type", "absolute"))
            return "a link is absolute or smart";
        if (get(l, "appContext") && !smart)
            return "cds-resp-3: appContext is of smart links";
        if (text(l, "label").n == 0 || !is_url(text(l, "url")))
            return "a link has a label and a whole URL";
    }
    return NULL;
}

static const char *check_source(const struct an_json *card)
{
    const struct an_json *source = get(card, "source");
    const struct an_json *topic = get(source, "topic");

    if (text(source, "label").n == 0)
        return "a source has a label";
    if (get(source, "url") && !is_url(text(source, "url")))
        return "a source's url is whole";
    if (get(source, "icon") && !is_url(text(source, "icon")))
        return "a source's icon is a whole URL";
    if (topic && (text(topic, "code").n == 0 || text(topic, "system").n == 0))
        return "a topic has code and system";
    return NULL;
}

static const char *check_reasons(const struct an_json *card)
{
    const struct an_json *r = an_json_first(get(card, "overrideReasons"));

    for (; r; r = r->next) {
        if (text(r, "display").n == 0)
            return "cds-resp-4: an overrideReason has a display";
        if (text(r, "code").n == 0 || text(r, "system").n == 0)
            return "an overrideReason has code and system";
    }
    return NULL;
}

static const char *check_card(const struct an_json *card)
{
    size_t n = n_characters(text(card, "summary"));
    const char *broken = NULL;
    struct an_uuid id;

    if (n == 0 || n >= 140)
        return "a summary has less than 140 characters";
    if (!is(card, "indicator", "info") && !is(card, "indicator", "warning"))
        return "an indicator is info or warning, and ours never critical";
    if (text(card, "detail").n && !an_uuid_parse(text(card, "uuid"), &id))
        return "ours: a card about a suggestion has a uuid";
    if (!is_full(card))
        return "nothing is null or empty";
    broken = check_source(card);
    if (!broken)
        broken = check_suggestions(card);
    if (!broken)
        broken = check_links(card);
    return broken ? broken : check_reasons(card);
}

const char *card_rule_broken(const struct an_json *answer)
{
    const struct an_json *cards = get(answer, "cards");
    const char *broken = NULL;

    if (!an_json_is(cards, AN_JSON_ARRAY))
        return "an answer has cards";
    if (get(answer, "systemActions"))
        return "ours: nothing acts by itself";
    for (const struct an_json *c = an_json_first(cards); c && !broken;
         c = c->next)
        broken = check_card(c);
    return broken;
}
