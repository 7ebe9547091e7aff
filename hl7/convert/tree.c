/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/convert/tree_int.h"

#include "base/base64.h"
#include "hl7/convert/run_int.h"

#include <string.h>

struct cv_node *cv_node(struct an_arena *arena, enum cv_kind kind)
{
    struct cv_node *node = an_arena_get(arena, 1, sizeof(*node));

    if (node)
        node->kind = (uint8_t)kind;
    return node;
}

void cv_append(struct cv_node *parent, struct cv_node *child)
{
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

struct cv_node *cv_member(const struct cv_node *object, const char *name)
{
    struct cv_node *n = object->first;

    while (n && strcmp(n->name, name) != 0)
        n = n->next;
    return n;
}

struct an_str cv_words_at(const struct cv_node *object, const char *name)
{
    const struct cv_node *n = cv_member(object, name);

    return n && n->kind == CV_WORDS ? n->text : AN_STR("");
}

bool cv_cut(struct an_arena *arena, struct an_str *text)
{
    enum { STRING_BYTES = 1 << 20, NOTE_BYTES = 40 };
    size_t n = STRING_BYTES - NOTE_BYTES;
    struct an_buf b;

    if (text->n <= STRING_BYTES)
        return true;
    while (n && (text->p[n] & 0xC0) == 0x80)
        n--;
    an_buf_init(&b, arena, STRING_BYTES);
    an_buf_put(&b, an_str_sub(*text, 0, n));
    an_buf_put_c(&b, "\n[cut: ");
    an_buf_put_u64(&b, text->n);
    an_buf_put_c(&b, " bytes]");
    return an_buf_done(&b, text, NULL) == AN_OK;
}

void cv_refer(struct cv_node *node, struct cv_resource *to)
{
    node->kind = CV_REFERS;
    node->to = to;
    to->referred = true;
}

static bool alike(const struct cv_node *a, const struct cv_node *b)
{
    return a->kind == b->kind && a->to == b->to && an_str_eq(a->text, b->text);
}

/* Of members; values of arrays have none. */
static bool same_name(const struct cv_node *a, const struct cv_node *b)
{
    return a->name == b->name || (a->name && strcmp(a->name, b->name) == 0);
}

/* Leaves first: most values differ in one, whatever else they say. */
bool cv_equal(const struct cv_node *a, const struct cv_node *b)
{
    const struct cv_node *x, *y;

    if (!alike(a, b))
        return false;
    for (x = a->first, y = b->first; x && y; x = x->next, y = y->next)
        if (!same_name(x, y) || !alike(x, y))
            return false;
    if (x || y)
        return false;
    for (x = a->first, y = b->first; x; x = x->next, y = y->next)
        if (x->first && !cv_equal(x, y))
            return false;
    return true;
}

bool cv_has(const struct cv_node *array, const struct cv_node *value)
{
    for (const struct cv_node *n = array ? array->first : NULL; n; n = n->next)
        if (cv_equal(n, value))
            return true;
    return false;
}

void cv_merge(struct cv_node *to, struct cv_node *from)
{
    struct cv_node *next;

    if (to->kind == CV_EMPTY) {
        const struct cv_node place = *to;

        *to = *from;
        to->name = place.name;
        to->next = place.next;
        to->tag = place.tag;
        to->choice = place.choice;
        to->needs = place.needs;
        to->required = place.required;
        return;
    }
    if (to->kind != from->kind)
        return;
    for (struct cv_node *n = from->first; n; n = next) {
        struct cv_node *there;

        next = n->next;
        if (to->kind == CV_ARRAY) {
            if (!cv_has(to, n))
                cv_append(to, n);
        } else if (to->kind == CV_OBJECT) {
            there = cv_member(to, n->name);
            if (there)
                cv_merge(there, n);
            else
                cv_append(to, n);
        }
    }
}

/* ---- the same thing, said again -------------------------------------------- */

/* More values of one element than anybody has are not looked through. */
enum { FILLED_MAX = 32 }; /* bits of a word */

static bool disagree(const struct cv_node *a, const struct cv_node *b);

/* value[x] of another type; 0 is none. */
static bool is_other_choice(const struct cv_node *a, const struct cv_node *b)
{
    return a->choice && a->choice == b->choice && !same_name(a, b);
}

static bool bars(const struct cv_node *object, const struct cv_node *member)
{
    const struct cv_node *n = object->first;

    while (n && !is_other_choice(n, member))
        n = n->next;
    return n != NULL;
}

static bool objects_disagree(const struct cv_node *a, const struct cv_node *b)
{
    for (const struct cv_node *n = b->first; n; n = n->next) {
        const struct cv_node *there = cv_member(a, n->name);

        if (there ? disagree(there, n) : bars(a, n))
            return true;
    }
    return false;
}

/* Of lists one begins the other: "Anna" and "Anna Maria". */
static bool lists_disagree(const struct cv_node *a, const struct cv_node *b)
{
    const struct cv_node *x = a->first, *y = b->first;

    for (; x && y; x = x->next, y = y->next)
        if (disagree(x, y))
            return true;
    return false;
}

static bool disagree(const struct cv_node *a, const struct cv_node *b)
{
    if (a->kind != b->kind)
        return true;
    if (a->kind == CV_OBJECT)
        return objects_disagree(a, b);
    return a->kind == CV_ARRAY ? lists_disagree(a, b) : !cv_equal(a, b);
}

/* Do they say of what kind they are, and of two? */
static bool are_of_two_kinds(const struct cv_node *a, const struct cv_node *b)
{
    static const char *const kind[] = {"system", "use", "type", "url"};

    for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
        const struct cv_node *x = cv_member(a, kind[i]);
        const struct cv_node *y = cv_member(b, kind[i]);

        if (x && y && disagree(x, y))
            return true;
    }
    return false;
}

/* *taken: one bit for each value that is one of `from` already. */
static void fill_value(struct cv_node *list, struct cv_node *value,
                       uint32_t *taken)
{
    bool is_another = true, is_same = false;
    struct cv_node *n = list->first;
    unsigned i = 0;

    for (; n && i < FILLED_MAX; n = n->next, i++) {
        if (*taken & 1U << i)
            continue;
        is_same = !disagree(n, value);
        if (is_same)
            break;
        is_another = is_another && are_of_two_kinds(n, value);
    }
    if (i == FILLED_MAX || (!is_same && !is_another))
        return;
    *taken |= 1U << i;
    if (is_same)
        cv_fill(n, value);
    else
        cv_append(list, value);
}

/* Texts and references have their order: what is behind those that are equal. */
static void fill_list(struct cv_node *to, struct cv_node *from)
{
    struct cv_node *n = from->first, *next;
    bool is_of_objects = n && n->kind == CV_OBJECT;
    uint32_t taken = 0;

    if (!is_of_objects && lists_disagree(to, from))
        return;
    for (const struct cv_node *x = to->first; !is_of_objects && x && n;
         x = x->next)
        n = n->next;
    for (; n; n = next) {
        next = n->next;
        if (is_of_objects)
            fill_value(to, n, &taken);
        else
            cv_append(to, n);
    }
}

void cv_fill(struct cv_node *to, struct cv_node *from)
{
    struct cv_node *next;

    if (to->kind != from->kind)
        return;
    if (to->kind == CV_ARRAY) {
        fill_list(to, from);
        return;
    }
    if (to->kind != CV_OBJECT)
        return;
    for (struct cv_node *n = from->first; n; n = next) {
        struct cv_node *there = cv_member(to, n->name);

        next = n->next;
        if (there)
            cv_fill(there, n);
        else if (!bars(to, n))
            cv_append(to, n);
    }
}

/* ---- paths ----------------------------------------------------------------- */

static bool same_tag(struct cv_tag a, struct cv_tag b)
{
    return a.label == b.label && a.rep == b.rep && a.segment == b.segment;
}

/* The tag that a step's value has. */
static struct cv_tag tag_of(const struct cv_step *step, struct cv_tag at)
{
    if (step->mode == CV_LABEL)
        return (struct cv_tag){step->label, at.rep, 0};
    if (step->mode == CV_EACH)
        return (struct cv_tag){step->label, 0, at.segment};
    return (struct cv_tag){0};
}

/* The value of an array that a step means; NULL when it is a new one. */
static struct cv_node *value_of(const struct cv_node *array,
                                const struct cv_step *step, struct cv_tag at,
                                bool is_last)
{
    struct cv_tag want = tag_of(step, at);

    if (step->mode == CV_FIRST)
        return is_last ? NULL : array->first;
    for (struct cv_node *n = array->first; n; n = n->next)
        if (same_tag(n->tag, want))
            return n;
    return NULL;
}

/* The name of an extension's url, which tells it from an attachment's. */
static const char extension_url[] = "url";

/* An extension says its URL first. */
static bool put_url(struct an_arena *arena, struct cv_node *value,
                    const struct cv_step *step)
{
    struct cv_node *url;

    if (step->url == 0 || value->kind != CV_EMPTY)
        return true;
    url = cv_node(arena, CV_WORDS);
    if (url == NULL)
        return false;
    value->kind = CV_OBJECT;
    url->name = extension_url;
    url->text = cv_texts[step->url];
    cv_append(value, url);
    return true;
}

struct cv_node *cv_reach(struct an_arena *arena, struct cv_node *object,
                         const struct cv_path *path, struct cv_tag at)
{
    for (unsigned i = 0; i < path->n; i++) {
        const struct cv_step *step = &cv_steps[path->first + i];
        struct cv_node *member, *value;

        if (object->kind == CV_EMPTY)
            object->kind = CV_OBJECT;
        member = cv_member(object, step->name);
        if (member == NULL) {
            member = cv_node(arena, step->repeats ? CV_ARRAY : CV_EMPTY);
            if (member == NULL)
                return NULL;
            member->name = step->name;
            member->choice = step->choice;
            member->required = step->required;
            cv_append(object, member);
        }
        value = member;
        if (step->repeats) {
            value = value_of(member, step, at, i + 1 == path->n);
            if (value == NULL) {
                value = cv_node(arena, CV_EMPTY);
                if (value == NULL)
                    return NULL;
                value->tag = tag_of(step, at);
                cv_append(member, value);
            }
        }
        value->needs = step->needs;
        if (!put_url(arena, value, step))
            return NULL;
        object = value;
    }
    return object;
}

static bool chosen_otherwise(const struct cv_node *object,
                             const struct cv_step *step)
{
    for (const struct cv_node *n = object->first; step->choice && n;
         n = n->next)
        if (n->choice == step->choice && strcmp(n->name, step->name) != 0)
            return true;
    return false;
}

bool cv_barred(const struct cv_node *object, const struct cv_path *path,
               struct cv_tag at)
{
    for (unsigned i = 0; object && i < path->n; i++) {
        const struct cv_step *step = &cv_steps[path->first + i];

        if (chosen_otherwise(object, step))
            return true;
        object = cv_member(object, step->name);
        if (object && step->repeats)
            object = value_of(object, step, at, i + 1 == path->n);
    }
    return false;
}

bool cv_taken(const struct cv_node *object, const struct cv_path *path,
              struct cv_tag at)
{
    for (unsigned i = 0; i < path->n; i++) {
        const struct cv_step *step = &cv_steps[path->first + i];
        const struct cv_node *n = cv_member(object, step->name);

        if (n && step->repeats)
            n = value_of(n, step, at, i + 1 == path->n);
        if (n == NULL || n->kind == CV_EMPTY)
            return false;
        object = n;
    }
    return path->n > 0;
}

/* Says "unknown" of a primitive: {extension: [data-absent-reason]}. */
static bool says_absent(const struct cv_node *n)
{
    const struct cv_node *list =
        n->name && n->name[0] == '_' && n->first == n->last ? n->first : NULL;
    const struct cv_node *one = list ? list->first : NULL;

    return one && one == list->last &&
           an_str_ends(cv_words_at(one, "url"), AN_STR("/data-absent-reason"));
}

/* "unknown" beside a value goes: rows may put it in as their last word. */
static void drop_absent(struct cv_node *object)
{
    for (struct cv_node *n = object->first; n; n = n->next) {
        const struct cv_node *value =
            says_absent(n) ? cv_member(object, n->name + 1) : NULL;

        if (value && value->kind != CV_EMPTY)
            n->kind = CV_EMPTY;
    }
}

/* Does it not hold a reference that it must hold? */
static bool lacks_something(const struct cv_node *object)
{
    const char *const *name = &cv_needs[object->needs];

    while (*name && cv_member(object, *name))
        name++;
    return *name != NULL;
}

void cv_prune(struct cv_node *node)
{
    struct cv_node *n, *next;

    if (node->kind != CV_OBJECT && node->kind != CV_ARRAY)
        return;
    if (node->kind == CV_OBJECT)
        drop_absent(node);
    n = node->first;
    node->first = node->last = NULL;
    for (; n; n = next) {
        next = n->next;
        cv_prune(n);
        if (n->kind != CV_EMPTY)
            cv_append(node, n);
    }
    if (node->first == NULL ||
        (node->kind == CV_OBJECT && node->first == node->last &&
         node->first->name == extension_url) ||
        lacks_something(node))
        node->kind = CV_EMPTY;
}

static void print_reference(struct an_json_out *w, const struct cv_node *node)
{
    char text[9 + AN_UUID_TEXT_BYTES] = "urn:uuid:";

    an_uuid_print(&node->to->id, text + 9);
    an_out_object(w);
    an_out_key_str(w, "reference", an_str_c(text));
    an_out_end(w);
}

/* What was appended line by line, in one piece. */
static struct an_str whole(struct an_json_out *w, const struct cv_node *node)
{
    struct an_str text = node->text;
    struct an_buf b;
    size_t n = 0;

    if (node->first == NULL)
        return text;
    for (const struct cv_node *line = node->first; line; line = line->next)
        n += line->text.n + 1;
    an_buf_init(&b, w->buf.arena, n + 1);
    for (const struct cv_node *line = node->first; line; line = line->next) {
        if (line != node->first)
            an_buf_put_char(&b, '\n');
        an_buf_put(&b, line->text);
    }
    if (an_buf_done(&b, &text, NULL) != AN_OK)
        w->code = AN_NOMEM;
    return text;
}

static void print_words(struct an_json_out *w, const struct cv_node *node)
{
    struct an_str text = whole(w, node);

    if (node->first && !cv_cut(w->buf.arena, &text))
        w->code = AN_NOMEM;
    an_out_str(w, text);
}

static void print_bytes(struct an_json_out *w, struct an_str bytes)
{
    struct an_buf b;
    struct an_str text = AN_STR("");

    an_buf_init(&b, w->buf.arena, bytes.n / 3 * 4 + 8);
    an_buf_put_base64(&b, bytes);
    if (an_buf_done(&b, &text, NULL) != AN_OK)
        w->code = AN_NOMEM;
    an_out_str(w, text);
}

void cv_print(struct an_json_out *w, const struct cv_node *node)
{
    switch ((enum cv_kind)node->kind) {
    case CV_OBJECT:
    case CV_ARRAY:
        if (node->kind == CV_OBJECT)
            an_out_object(w);
        else
            an_out_array(w);
        for (const struct cv_node *n = node->first; n; n = n->next) {
            if (n->name)
                an_out_key(w, n->name);
            cv_print(w, n);
        }
        an_out_end(w);
        return;
    case CV_WORDS: print_words(w, node); return;
    case CV_LITERAL: an_out_json(w, node->text); return;
    case CV_BYTES: print_bytes(w, whole(w, node)); return;
    case CV_REFERS: print_reference(w, node); return;
    case CV_EMPTY: an_out_null(w); return;
    }
}
