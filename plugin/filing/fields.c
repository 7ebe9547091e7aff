/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/filing/fields.h"

#include "config.h"
#include "config/yaml.h"
#include "plugin/host/file.h"

#include <string.h>

enum {
    MAP_MAX = 4096, /* names, authorities, edits */
    FIELD_MAX = 99,
    PART_MAX = 12,
    LINE_MOST = 1 << 20
};

struct reading {
    struct an_arena *arena;
    const struct cfg_yaml *yaml;
    struct pl_fields *out;
    struct an_err *err;
};

static enum an_code fail(const struct reading *r, const struct cfg_node *at,
                         const char *what)
{
    return cfg_node_fail(r->yaml, at, AN_CONFIG, what, r->err);
}

/* ---- values ---------------------------------------------------------------- */

static enum an_code take_text(const struct reading *r,
                              const struct cfg_node *node, struct an_str *out)
{
    if (node->kind != CFG_SCALAR)
        return fail(r, node, "a text is expected here");
    for (size_t i = 0; i < node->text.n; i++)
        if ((unsigned char)node->text.p[i] < ' ')
            return fail(r, node,
                        "a text without control characters is "
                        "expected here");
    *out = cfg_node_is_null(node) ? AN_STR("") : node->text;
    return AN_OK;
}

/* One of two words; *out: it is the second. */
static enum an_code take_choice(const struct reading *r,
                                const struct cfg_node *node, const char *no,
                                const char *yes, const char *what, bool *out)
{
    if (node->kind == CFG_SCALAR && an_str_eq(node->text, an_str_c(yes)))
        *out = true;
    else if (node->kind == CFG_SCALAR && an_str_eq(node->text, an_str_c(no)))
        *out = false;
    else
        return fail(r, node, what);
    return AN_OK;
}

static bool number(struct an_str s, uint16_t most, uint16_t *out)
{
    uint64_t n;

    if (!an_str_u64(s, &n) || n == 0 || n > most)
        return false;
    *out = (uint16_t)n;
    return true;
}

/* PV1-2, PID-3.4, OBX-5.1.2 */
static bool read_place(struct an_str text, struct hl7_place *out)
{
    struct an_str segment = {NULL, 0}, field = {NULL, 0}, part = {NULL, 0};

    *out = (struct hl7_place){.field = 0};
    if (!an_str_cut(&text, '-', &segment) || segment.n != 3 ||
        !an_str_cut(&text, '.', &field) ||
        !number(field, FIELD_MAX, &out->field))
        return false;
    memcpy(out->segment, segment.p, 3);
    if (!an_str_cut(&text, '.', &part))
        return true;
    if (!number(part, PART_MAX, &out->comp))
        return false;
    return !an_str_cut(&text, '.', &part) ||
           (number(part, PART_MAX, &out->sub) &&
            !an_str_cut(&text, '.', &part));
}

/* What the acknowledgement is matched by and what the message is read by stay. */
static enum an_code take_place(const struct reading *r,
                               const struct cfg_node *node, struct an_str text,
                               struct hl7_place *out)
{
    static const char ours[] = "MSH EVN PID PV1 OBR OBX NTE TXA";
    bool is_ours = false;

    if (!read_place(text, out))
        return fail(r, node,
                    "a field is written as PID-3, PID-3.4 or "
                    "PID-3.4.1");
    for (size_t i = 0; i + 3 < sizeof(ours); i += 4)
        is_ours = is_ours || memcmp(ours + i, out->segment, 3) == 0;
    if (!is_ours)
        return fail(r, node,
                    "the segments are MSH, EVN, PID, PV1, OBR, OBX, "
                    "NTE and TXA");
    if (strcmp(out->segment, "MSH") == 0 &&
        (out->field <= 2 || out->field == 9 || out->field == 10 ||
         out->field == 18))
        return fail(r, node, "MSH-1, 2, 9, 10 and 18 stay as they are");
    return AN_OK;
}

static void *room(const struct reading *r, const struct cfg_node *node,
                  size_t size, enum an_code *rc)
{
    void *p = node->n_children <= MAP_MAX
                  ? an_arena_get(r->arena, node->n_children, size)
                  : NULL;

    *rc = p ? AN_OK
            : cfg_node_fail(r->yaml, node,
                            node->n_children > MAP_MAX ? AN_LIMIT : AN_NOMEM,
                            "too many, or out of memory", r->err);
    return p;
}

/* ---- keys ------------------------------------------------------------------ */

typedef enum an_code taker(const struct reading *r,
                           const struct cfg_node *node);

struct key {
    const char *name;
    taker *take;
};

/* Each member of a map by its key. */
static enum an_code take_map(const struct reading *r,
                             const struct cfg_node *map, const struct key *key,
                             size_t n)
{
    enum an_code rc = AN_OK;

    if (map->kind != CFG_MAP)
        return fail(r, map, "keys are expected here");
    for (const struct cfg_node *c = map->first; rc == AN_OK && c; c = c->next) {
        size_t i = 0;

        while (i < n && !an_str_eq(c->key, an_str_c(key[i].name)))
            i++;
        rc = i < n ? key[i].take(r, c)
                   : an_fail_line(r->err, AN_CONFIG,
                                  "there is no such key; see hl7-out.yaml",
                                  r->yaml->file, c->key_line, c->key_column);
    }
    return rc;
}

#define TAKE_MAP(r, node, keys)                                                \
    take_map(r, node, keys, sizeof(keys) / sizeof((keys)[0]))

/* A text of the site. */
#define TEXT_KEY(member)                                                       \
    static enum an_code take_##member(const struct reading *r,                 \
                                      const struct cfg_node *node)             \
    {                                                                          \
        return take_text(r, node, &r->out->site.member);                       \
    }
TEXT_KEY(application)
TEXT_KEY(facility)
TEXT_KEY(receiver)
TEXT_KEY(receiver_facility)
TEXT_KEY(processing)
TEXT_KEY(version)
TEXT_KEY(system)
TEXT_KEY(document_type)
TEXT_KEY(note)
TEXT_KEY(withdrawn_words)

/* A choice of two. */
#define CHOICE_KEY(member, no, yes)                                            \
    static enum an_code take_##member(const struct reading *r,                 \
                                      const struct cfg_node *node)             \
    {                                                                          \
        return take_choice(r, node, no, yes, "it is " no " or " yes,           \
                           &r->out->site.member);                              \
    }
CHOICE_KEY(percent, "fraction", "percent")
CHOICE_KEY(documents_are_oru, "MDM", "ORU")
CHOICE_KEY(edits_are_t02, "T08", "T02")
CHOICE_KEY(newer_is_preliminary, "C", "P")
CHOICE_KEY(withdrawn_is_deleted, "W", "D")

static enum an_code take_sending(const struct reading *r,
                                 const struct cfg_node *node)
{
    static const struct key key[] = {{"application", take_application},
                                     {"facility", take_facility}};

    return TAKE_MAP(r, node, key);
}

static enum an_code take_receiving(const struct reading *r,
                                   const struct cfg_node *node)
{
    static const struct key key[] = {{"application", take_receiver},
                                     {"facility", take_receiver_facility}};

    return TAKE_MAP(r, node, key);
}

static enum an_code take_documents(const struct reading *r,
                                   const struct cfg_node *node)
{
    static const struct key key[] = {{"as", take_documents_are_oru},
                                     {"type", take_document_type},
                                     {"newer", take_edits_are_t02}};

    return TAKE_MAP(r, node, key);
}

static enum an_code take_withdrawn(const struct reading *r,
                                   const struct cfg_node *node)
{
    static const struct key key[] = {{"status", take_withdrawn_is_deleted},
                                     {"text", take_withdrawn_words}};

    return TAKE_MAP(r, node, key);
}

static enum an_code take_longest(const struct reading *r,
                                 const struct cfg_node *node)
{
    uint64_t n;

    if (node->kind != CFG_SCALAR || !an_str_u64(node->text, &n) ||
        (n && (n < HL7_LINE_LEAST || n > LINE_MOST)))
        return fail(r, node, "0, or a number of bytes from 40 to 1048576");
    r->out->site.line_bytes = (size_t)n;
    return AN_OK;
}

static enum an_code take_patient(const struct reading *r,
                                 const struct cfg_node *node)
{
    struct an_str *list;
    enum an_code rc;
    size_t n = 0;

    if (node->kind != CFG_LIST)
        return fail(r, node, "a list of authorities is expected here");
    list = room(r, node, sizeof(*list), &rc);
    for (const struct cfg_node *c = node->first; rc == AN_OK && c; c = c->next)
        rc = take_text(r, c, &list[n++]);
    r->out->authority = list;
    r->out->n_authorities = n;
    return rc;
}

static enum an_code take_authorities(const struct reading *r,
                                     const struct cfg_node *node)
{
    struct hl7_result_authority *list;
    enum an_code rc;
    size_t n = 0;

    if (node->kind != CFG_MAP)
        return fail(r, node, "authorities with their names are expected here");
    list = room(r, node, sizeof(*list), &rc);
    for (const struct cfg_node *c = node->first; rc == AN_OK && c;
         c = c->next, n++) {
        list[n].known = c->key;
        rc = take_text(r, c, &list[n].name);
    }
    r->out->site.authority = list;
    r->out->site.n_authorities = n;
    return rc;
}

/* code, text and system of one topic. */
static enum an_code take_name(const struct reading *r,
                              const struct cfg_node *node,
                              struct hl7_result_name *name)
{
    name->topic = node->key;
    if (node->kind != CFG_MAP)
        return fail(r, node, "code, text or system are expected here");
    for (const struct cfg_node *c = node->first; c; c = c->next) {
        struct an_str *to = an_str_eq(c->key, AN_STR("code"))   ? &name->code
                            : an_str_eq(c->key, AN_STR("text")) ? &name->text
                            : an_str_eq(c->key, AN_STR("system"))
                                ? &name->system
                                : NULL;
        enum an_code rc =
            to ? take_text(r, c, to)
               : an_fail_line(r->err, AN_CONFIG, "it is code, text or system",
                              r->yaml->file, c->key_line, c->key_column);

        if (rc != AN_OK)
            return rc;
    }
    return AN_OK;
}

static enum an_code take_topics(const struct reading *r,
                                const struct cfg_node *node)
{
    struct hl7_result_name *list;
    enum an_code rc;
    size_t n = 0;

    if (node->kind != CFG_MAP)
        return fail(r, node, "topics with their codes are expected here");
    list = room(r, node, sizeof(*list), &rc);
    for (const struct cfg_node *c = node->first; rc == AN_OK && c; c = c->next)
        rc = take_name(r, c, &list[n++]);
    r->out->site.name = list;
    r->out->site.n_names = n;
    return rc;
}

static enum an_code take_codes(const struct reading *r,
                               const struct cfg_node *node)
{
    static const struct key key[] = {{"system", take_system},
                                     {"topics", take_topics}};

    return TAKE_MAP(r, node, key);
}

/* Moves first, then what is set, however the file orders them. */
static enum an_code add_edits(const struct reading *r,
                              const struct hl7_result_edit *edit, size_t n,
                              bool before)
{
    struct hl7_result_site *site = &r->out->site;
    struct hl7_result_edit *all =
        an_arena_get(r->arena, n + site->n_edits, sizeof(*all));
    size_t at = before ? n : 0;

    if (all == NULL)
        return an_fail_nomem(r->err);
    for (size_t i = 0; i < site->n_edits; i++)
        all[at + i] = site->edit[i];
    for (size_t i = 0; i < n; i++)
        all[i + (before ? 0 : site->n_edits)] = edit[i];
    site->edit = all;
    site->n_edits += n;
    return AN_OK;
}

static enum an_code take_set(const struct reading *r,
                             const struct cfg_node *node)
{
    struct hl7_result_edit *list;
    enum an_code rc;
    size_t n = 0;

    if (node->kind != CFG_MAP)
        return fail(r, node, "fields with their values are expected here");
    list = room(r, node, sizeof(*list), &rc);
    for (const struct cfg_node *c = node->first; rc == AN_OK && c;
         c = c->next, n++) {
        rc = take_place(r, c, c->key, &list[n].at);
        if (rc == AN_OK)
            rc = take_text(r, c, &list[n].text);
    }
    return rc == AN_OK ? add_edits(r, list, n, false) : rc;
}

static enum an_code take_move(const struct reading *r,
                              const struct cfg_node *node)
{
    struct hl7_result_edit *list;
    enum an_code rc;
    size_t n = 0;

    if (node->kind != CFG_MAP)
        return fail(r, node,
                    "fields, each with where it goes, are expected "
                    "here");
    list = room(r, node, sizeof(*list), &rc);
    for (const struct cfg_node *c = node->first; rc == AN_OK && c;
         c = c->next, n++) {
        struct an_str to = {NULL, 0};

        rc = take_place(r, c, c->key, &list[n].from);
        if (rc == AN_OK)
            rc = take_text(r, c, &to);
        if (rc == AN_OK)
            rc = take_place(r, c, to, &list[n].at);
        if (rc == AN_OK && (list[n].from.sub || list[n].at.sub ||
                            strcmp(list[n].from.segment, list[n].at.segment)))
            rc = fail(r, c,
                      "a field or a component goes to another of the "
                      "same segment");
    }
    return rc == AN_OK ? add_edits(r, list, n, true) : rc;
}

/* ---- the file -------------------------------------------------------------- */

static enum an_code take_all(const struct reading *r)
{
    static const struct key key[] = {{"sending", take_sending},
                                     {"receiving", take_receiving},
                                     {"processing", take_processing},
                                     {"version", take_version},
                                     {"patient", take_patient},
                                     {"authorities", take_authorities},
                                     {"codes", take_codes},
                                     {"probability", take_percent},
                                     {"documents", take_documents},
                                     {"newer", take_newer_is_preliminary},
                                     {"withdrawn", take_withdrawn},
                                     {"note", take_note},
                                     {"longest_text", take_longest},
                                     {"move", take_move},
                                     {"set", take_set}};

    return r->yaml->root ? TAKE_MAP(r, r->yaml->root, key) : AN_OK;
}

enum an_code pl_fields_parse(struct an_arena *arena, struct an_str text,
                             const char *file, bool marked,
                             struct pl_fields *out, struct an_err *err)
{
    struct cfg_yaml yaml;
    struct reading r = {arena, &yaml, out, err};
    enum an_code rc = cfg_yaml_read(arena, text, file, &yaml, err);

    *out = (struct pl_fields){.site = hl7_result_site_default};
    out->site.software = AN_STR(PACKAGE_NAME);
    out->site.software_version = AN_STR(PACKAGE_VERSION);
    out->site.demo = marked;
    if (marked)
        out->site.processing = AN_STR("T");
    return rc == AN_OK ? take_all(&r) : rc;
}

enum an_code pl_fields_read(struct an_arena *arena,
                            const struct cfg_options *options, bool marked,
                            struct pl_fields *out, struct an_err *err)
{
    struct an_str text = {"", 0};
    enum an_code rc = AN_OK;

    if (options->hl7_out_fields.n)
        rc = pl_file_read(arena, options->hl7_out_fields.p, CFG_YAML_BYTES,
                          &text, err);
    return rc == AN_OK ? pl_fields_parse(arena, text, options->hl7_out_fields.p,
                                         marked, out, err)
                       : rc;
}

static bool is_known(const struct ctx_member *m, const struct an_str *authority)
{
    return !m->retired && an_str_eq(m->id.authority, *authority);
}

bool pl_fields_who(const struct pl_fields *fields,
                   const struct ctx_person *person, struct an_str encounter,
                   struct hl7_result_who *out)
{
    *out = (struct hl7_result_who){.id = person->member[person->current].id,
                                   .visit = encounter};
    for (size_t i = 0; i < fields->n_authorities; i++)
        for (size_t k = 0; k < person->n_members; k++)
            if (is_known(&person->member[k], &fields->authority[i])) {
                out->id = person->member[k].id;
                return true;
            }
    return fields->n_authorities == 0;
}
