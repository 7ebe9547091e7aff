/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a map, one after the other. */
#include "hl7/coded.h"
#include "hl7/convert/run_int.h"
#include "hl7/value.h"

#include "base/buf.h"

#include <string.h>

enum { MAX_DEPTH = 16 };

static bool fill(struct cv_run *run, unsigned map, struct hl7_node part,
                 enum hl7_level level, unsigned depth, struct cv_node *object,
                 bool *said);

/* What a row reads now. */
struct reading {
    const struct cv_row *row;
    struct cv_at at;
    struct hl7_node node; /* its `from` */
    enum hl7_level level; /* of that */
    struct cv_node *object;
};

/* The level of what an operand names, in what is read at `level`. */
static enum hl7_level level_of(const struct cv_operand *o, enum hl7_level level)
{
    unsigned below = o->sub ? 2 : o->component ? 1 : 0;

    if (o->where == CV_FIELD)
        level = HL7_REPETITION;
    return (unsigned)level > HL7_SUBCOMPONENT + below
               ? (enum hl7_level)(level - below)
               : HL7_SUBCOMPONENT;
}

static struct cv_tag tag_of(const struct cv_run *run, const struct reading *r)
{
    return (struct cv_tag){0, r->at.rep, (uint32_t)run->segment + 1};
}

/* ---- vocabularies ------------------------------------------------------- */

static bool coding_system(struct cv_run *run, struct an_str name,
                          struct cv_node *value)
{
    struct an_str uri;
    enum an_code code =
        hl7_system_uri(run->arena, name, AN_STR("0-0"), &uri, run->err);

    return code == AN_OK ? cv_say(run, CV_URI, uri, value) : cv_fail(run, code);
}

static bool coded(struct cv_run *run, enum cv_leaf leaf, unsigned vocabulary,
                  struct an_str text, struct cv_node *value)
{
    const struct cv_code *found;

    if (text.n == 0)
        return true;
    if (vocabulary == CV_CODING_SYSTEM)
        return coding_system(run, text, value);
    if (vocabulary == CV_UNIT)
        return cv_say(run, leaf, hl7_unit_code(text), value);
    if (vocabulary == CV_UNIT_SYSTEM)
        return hl7_unit_code(text).n == 0 ||
               cv_say(run, leaf, AN_STR("http://unitsofmeasure.org"), value);
    found = cv_code_find(vocabulary, text);
    return found ? cv_say(run, leaf, found->to, value) : true;
}

static bool set_words(struct cv_run *run, struct cv_node *object,
                      const char *name, struct an_str text)
{
    struct cv_node *n = cv_member(object, name);

    if (n == NULL) {
        if (text.n == 0)
            return true;
        n = cv_node(run->arena, CV_WORDS);
        if (n == NULL)
            return cv_fail(run, AN_NOMEM);
        n->name = name;
        cv_append(object, n);
    }
    n->kind = text.n ? CV_WORDS : CV_EMPTY;
    n->text = text;
    return true;
}

/* A code that its element may not have becomes the concept's text. */
static bool to_text(struct cv_run *run, struct cv_node *coding,
                    struct cv_node *concept)
{
    struct an_str words = cv_words_at(coding, "display");

    if (words.n == 0)
        words = cv_words_at(coding, "code");
    coding->kind = CV_EMPTY;
    if (concept == NULL || cv_words_at(concept, "text").n)
        return true;
    return set_words(run, concept, "text", words);
}

/* A code as the vocabulary says it; `concept` holds it, or is NULL. */
static bool recode_one(struct cv_run *run, unsigned vocabulary,
                       struct cv_node *coding, struct cv_node *concept)
{
    struct an_str code = cv_words_at(coding, "code");
    const struct cv_code *found, *rest;

    if (code.n == 0)
        return true;
    found = cv_code_find(vocabulary, code);
    if (found && found->to.n)
        return set_words(run, coding, "system", cv_texts[found->system]) &&
               set_words(run, coding, "code", found->to) &&
               set_words(run, coding, "display", found->display);
    rest = cv_code_find(vocabulary, AN_STR("*"));
    if (rest == NULL)
        return true;
    if (rest->system == 0)
        return to_text(run, coding, concept);
    if (cv_words_at(coding, "system").n == 0)
        return set_words(run, coding, "system", cv_texts[rest->system]);
    return true;
}

/* Is an alternate of the same table as the code it stands beside? */
static bool of_a_table(const struct cv_node *coding)
{
    struct an_str system = cv_words_at(coding, "system");

    return system.n == 0 ||
           an_str_starts(system,
                         AN_STR("http://terminology.hl7.org/CodeSystem/v2-"));
}

/* The codes of a Coding or CodeableConcept. */
static bool recode(struct cv_run *run, unsigned vocabulary,
                   struct cv_node *value)
{
    struct cv_node *list = cv_member(value, "coding"), *coding;

    if (list == NULL)
        return recode_one(run, vocabulary, value, NULL);
    coding = list->first;
    if (coding && !recode_one(run, vocabulary, coding, value))
        return false;
    for (coding = coding ? coding->next : NULL; coding; coding = coding->next)
        if (of_a_table(coding) && !recode_one(run, vocabulary, coding, value))
            return false;
    return true;
}

/* ---- values -------------------------------------------------------------- */

static bool join(struct cv_run *run, const struct reading *r,
                 struct an_str *text)
{
    unsigned first = r->row->arg / 16, n = r->row->arg % 16;
    bool something = false;
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, run->arena, run->arena->limit_bytes);
    for (unsigned i = first; i < first + n; i++) {
        const struct cv_part *part = &cv_parts[i];
        struct an_str s = cv_texts[part->text];

        if (part->operand.where != CV_SELF) {
            if (!cv_text(run, cv_raw(cv_place(run, &r->at, &part->operand)),
                         &s))
                return false;
            something = something || s.n;
        }
        an_buf_put(&b, s);
    }
    code = an_buf_done(&b, text, run->err);
    *text = something ? an_str_trim(*text) : AN_STR("");
    return code == AN_OK || cv_fail(run, code);
}

/* The part of a list of parts, as text. */
static bool part_text(struct cv_run *run, const struct reading *r, unsigned i,
                      struct an_str *text)
{
    const struct cv_part *part = &cv_parts[r->row->arg / 16u + i];

    return cv_text(run, cv_raw(cv_place(run, &r->at, &part->operand)), text);
}

static bool plus(struct cv_run *run, const struct reading *r,
                 struct cv_node *value)
{
    struct an_str start, number, unit;

    return part_text(run, r, 0, &start) && part_text(run, r, 1, &number) &&
           part_text(run, r, 2, &unit) &&
           cv_say_later(run, (enum cv_leaf)r->row->leaf, start, number, unit,
                        value);
}

static bool minutes(struct cv_run *run, const struct reading *r,
                    struct cv_node *value)
{
    struct an_str number, unit;

    return part_text(run, r, 0, &number) && part_text(run, r, 1, &unit) &&
           cv_say_minutes(run, number, unit, value);
}

static bool lines(struct cv_run *run, const struct reading *r,
                  struct an_str *text)
{
    struct hl7_at at = {run->m, run->segment, r->row->from.field, 1};
    enum an_code code;

    if (r->row->from.where != CV_FIELD)
        return cv_text(run, cv_raw(r->node), text);
    code = hl7_lines(run->arena, &at, text, run->err);
    return code == AN_OK || cv_fail(run, code);
}

/* By a map of types: an object, a resource that is referred to, or a
 * primitive. */
static bool mapped(struct cv_run *run, const struct reading *r,
                   struct cv_node *value, bool *said)
{
    const struct cv_map *map = &cv_maps[r->row->arg];
    unsigned vocabulary = r->row->vocabulary;
    struct cv_resource *made;
    struct hl7_node node = r->node;
    enum hl7_level level = r->level;

    if (r->row->of) {
        node = cv_place(run, &r->at, &cv_places[r->row->of - 1]);
        level = level_of(&cv_places[r->row->of - 1], r->at.level);
    }
    if (!fill(run, r->row->arg, node, level, r->at.depth + 1, value, said))
        return false;
    cv_prune(value);
    if (!*said || value->kind == CV_EMPTY) {
        value->kind = CV_EMPTY;
        return true;
    }
    if (map->resource) {
        made = cv_share(run, map, value);
        if (made == NULL)
            return false;
        *value = (struct cv_node){0};
        cv_refer(value, made);
        return true;
    }
    if (vocabulary == 0)
        return true;
    if (value->kind == CV_OBJECT)
        return recode(run, vocabulary, value);
    value->kind = CV_EMPTY;
    return coded(run, (enum cv_leaf)r->row->leaf, vocabulary, value->text,
                 value);
}

static bool value_of(struct cv_run *run, const struct reading *r,
                     struct cv_node *value, bool *said)
{
    enum cv_leaf leaf = (enum cv_leaf)r->row->leaf;
    struct an_str text = AN_STR("");

    *said = r->row->how != CV_CONSTANT;
    switch ((enum cv_how)r->row->how) {
    case CV_CONSTANT: return cv_say(run, leaf, cv_texts[r->row->arg], value);
    case CV_MAP: *said = false; return mapped(run, r, value, said);
    case CV_SLOT:
        if (run->slot[r->row->arg])
            cv_refer(value, run->slot[r->row->arg]);
        *said = false;
        return true;
    case CV_DATA:
        return cv_say_data(run, r->at.in_type ? r->at.part : r->node,
                           r->at.in_type ? r->at.level : r->level, value);
    case CV_JOIN: return join(run, r, &text) && cv_say(run, leaf, text, value);
    case CV_PLUS: return plus(run, r, value);
    case CV_MINUTES: return minutes(run, r, value);
    case CV_NUMBER:
    case CV_COMPARATOR:
        return cv_text(run, cv_raw(r->node), &text) &&
               cv_say_part(run, (enum cv_how)r->row->how, text, value);
    case CV_LINES:
    case CV_APPEND:
        return lines(run, r, &text) && cv_say(run, leaf, text, value);
    case CV_TEXT:
        return cv_text(run, cv_raw(r->node), &text) &&
               cv_say(run, leaf, text, value);
    case CV_CODED:
        return cv_text(run, cv_raw(r->node), &text) &&
               coded(run, leaf, r->row->vocabulary, text, value);
    }
    return true;
}

/* ---- putting them in their place ----------------------------------------- */

static bool repeats_itself(const struct cv_node *object,
                           const struct cv_path *path,
                           const struct cv_node *value)
{
    const struct cv_step *step = &cv_steps[path->first];

    return path->n == 1 && step->repeats && step->mode == CV_FIRST &&
           (value->kind == CV_REFERS || value->kind == CV_OBJECT) &&
           cv_has(cv_member(object, step->name), value);
}

static bool append(struct cv_run *run, const struct reading *r,
                   struct cv_node *value)
{
    struct cv_node *target = cv_reach(run->arena, r->object,
                                      &cv_paths[r->row->path], tag_of(run, r));
    struct cv_node *line = cv_node(run->arena, CV_WORDS);

    if (target == NULL || line == NULL)
        return cv_fail(run, AN_NOMEM);
    if (target->kind == CV_EMPTY)
        target->kind = value->kind;
    line->text = value->text;
    line->name = "";
    cv_append(target, line);
    return true;
}

/* May the row not put anything there any more? */
static bool is_closed(const struct cv_run *run, const struct reading *r)
{
    const struct cv_path *path = &cv_paths[r->row->path];
    struct cv_tag at = tag_of(run, r);

    if (cv_barred(r->object, path, at))
        return true;
    if (r->row->leaf == CV_COMPLEX || r->row->how == CV_APPEND)
        return false;
    return path->n ? cv_taken(r->object, path, at)
                   : r->object->kind != CV_EMPTY;
}

static bool put_value(struct cv_run *run, const struct reading *r,
                      struct cv_node *value)
{
    const struct cv_path *path = &cv_paths[r->row->path];
    struct cv_node *target = r->object;

    if (r->row->how == CV_APPEND)
        return append(run, r, value);
    if (path->n) {
        if (repeats_itself(r->object, path, value))
            return true;
        target = cv_reach(run->arena, r->object, path, tag_of(run, r));
        if (target == NULL)
            return cv_fail(run, AN_NOMEM);
    }
    cv_merge(target, value);
    return true;
}

static bool put(struct cv_run *run, const struct reading *r, bool *said)
{
    struct cv_node value = {0};
    bool real = false;

    if (cv_paths[r->row->path].n == 0 && r->row->how == CV_MAP &&
        cv_maps[r->row->arg].leaf == CV_COMPLEX)
        return fill(run, r->row->arg, r->node, r->level, r->at.depth + 1,
                    r->object, said);
    if (is_closed(run, r))
        return true;
    if (!value_of(run, r, &value, &real))
        return false;
    if (value.kind == CV_EMPTY)
        return true;
    if (real)
        *said = true;
    return put_value(run, r, &value);
}

/* ---- rows ---------------------------------------------------------------- */

static bool once(struct cv_run *run, struct reading *r, bool *said)
{
    const struct cv_operand *from = &r->row->from;

    if (from->where != CV_SELF || r->at.in_type) {
        r->node = cv_place(run, &r->at, from);
        if (!cv_valued(run, r->node))
            return true;
    }
    if (!cv_holds(run, &r->at, r->row->tests))
        return true;
    return put(run, r, said);
}

/* Is the row used once, whatever its field repeats? */
static bool reads_all(const struct cv_row *row)
{
    return row->how == CV_LINES || row->how == CV_APPEND;
}

/* A row of a segment: once for each repetition of its field. */
static bool each(struct cv_run *run, struct reading *r, bool *said)
{
    const struct cv_operand *from = &r->row->from;
    struct hl7_node reps;
    bool ok = true;

    r->at.rep = 1;
    if (from->where != CV_FIELD || from->segment != run->id)
        return once(run, r, said);
    reps = hl7_field(run->m, run->segment, from->field);
    r->at.field = from->field;
    r->at.n_reps = hl7_n_reps(run->m, run->segment, from->field);
    if (from->rep) {
        r->at.rep = from->rep;
        r->at.here = hl7_child(reps, HL7_REPETITION, from->rep);
        return once(run, r, said);
    }
    for (; ok && r->at.rep < UINT16_MAX &&
           hl7_cut(&reps, HL7_REPETITION, &r->at.here);
         r->at.rep++) {
        ok = once(run, r, said);
        if (reads_all(r->row))
            break;
    }
    return ok;
}

static bool fill(struct cv_run *run, unsigned index, struct hl7_node part,
                 enum hl7_level level, unsigned depth, struct cv_node *object,
                 bool *said)
{
    const struct cv_map *map = &cv_maps[index];
    bool ok = depth < MAX_DEPTH;

    for (unsigned i = map->first; ok && i < (unsigned)map->first + map->n;
         i++) {
        struct reading r = {.row = &cv_rows[i],
                            .at = {.part = part,
                                   .in_type = true,
                                   .rep = 1,
                                   .level = level,
                                   .depth = depth},
                            .object = object};

        r.level = level_of(&r.row->from, level);
        ok = once(run, &r, said);
    }
    return ok || run->code == AN_OK;
}

static void apply_here(struct cv_run *run, const struct cv_map *map,
                       struct cv_node *object)
{
    bool said = false, ok = true;

    for (unsigned i = map->first; ok && i < (unsigned)map->first + map->n;
         i++) {
        struct reading r = {.row = &cv_rows[i],
                            .at = {.level = HL7_REPETITION},
                            .object = object};

        r.level = level_of(&r.row->from, HL7_REPETITION);
        ok = each(run, &r, &said);
    }
}

void cv_apply(struct cv_run *run, unsigned index, struct cv_node *object)
{
    const struct cv_map *map = &cv_maps[index];
    int32_t segment = run->scope.latest[map->segment];
    enum hl7_segment_id id = run->id;
    size_t here = run->segment;

    if (segment < 0)
        return;
    run->id = (enum hl7_segment_id)map->segment;
    run->segment = (size_t)segment;
    apply_here(run, map, object);
    run->id = id;
    run->segment = here;
}
