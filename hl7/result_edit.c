/* SPDX-License-Identifier: Apache-2.0 */
/* What a site has in other fields than we do. */
#include "hl7/edit.h"
#include "hl7/escape.h"
#include "hl7/print.h"
#include "hl7/result_int.h"

enum { PARTS = 12 }; /* components, subcomponents of a value that is moved */

static struct an_str value_at(const struct hl7_message *m, size_t segment,
                              const struct hl7_place *at)
{
    return hl7_get(m, segment, at->field, 1, at->comp, at->sub);
}

/* Change it, unless it is so already: an empty value adds no delimiters. */
static enum an_code put(struct hl7_message *m, size_t segment,
                        const struct hl7_place *at, struct an_str text,
                        struct an_err *err)
{
    size_t rep = at->comp ? 1 : 0;

    if (text.n == 0 && value_at(m, segment, at).n == 0)
        return AN_OK;
    return hl7_set(m, segment, at->field, rep, at->comp, at->sub, text, err);
}

/* One leaf of the value goes to the same place in the other field. */
static enum an_code move_leaf(struct hl7_message *m, size_t segment,
                              const struct hl7_result_edit *e,
                              struct an_str raw, uint16_t comp, uint16_t sub,
                              struct an_err *err)
{
    struct hl7_place to = e->at;
    struct hl7_text text;
    enum an_code rc = hl7_unescape(&m->delims, NULL, m->arena, raw, &text, err);

    if (to.comp == 0)
        to.comp = comp;
    if (to.sub == 0)
        to.sub = sub;
    return rc == AN_OK ? put(m, segment, &to, text.s, err) : rc;
}

static enum an_code move(struct hl7_message *m, size_t segment,
                         const struct hl7_result_edit *e, struct an_err *err)
{
    const struct hl7_place *from = &e->from;
    uint16_t first = from->comp ? from->comp : 1;
    uint16_t last = from->comp ? from->comp : PARTS;
    struct hl7_place bare = e->at;
    enum an_code rc = put(m, segment, &bare, AN_STR(""), err);

    for (uint16_t c = first; rc == AN_OK && c <= last; c++)
        for (uint16_t s = 1; rc == AN_OK && s <= PARTS; s++) {
            struct an_str raw = hl7_get(m, segment, from->field, 1, c, s);

            if (raw.n)
                rc = move_leaf(m, segment, e, raw, from->comp ? 1 : c, s, err);
        }
    return rc == AN_OK ? put(m, segment, from, AN_STR(""), err) : rc;
}

static enum an_code edit(struct hl7_message *m, const struct hl7_result_edit *e,
                         struct an_err *err)
{
    enum an_code rc = AN_OK;

    for (size_t i = hl7_find(m, e->at.segment, 0); rc == AN_OK && i != HL7_NONE;
         i = hl7_find(m, e->at.segment, i + 1))
        rc = e->from.field ? move(m, i, e, err)
                           : put(m, i, &e->at, e->text, err);
    return rc;
}

enum an_code hl7_result_edited(struct an_arena *arena,
                               const struct hl7_result_site *site,
                               struct an_str message, struct an_str *out,
                               struct an_err *err)
{
    struct hl7_message m;
    enum an_code rc = hl7_parse(arena, message, NULL, &m, err);

    for (size_t i = 0; rc == AN_OK && i < site->n_edits; i++)
        rc = edit(&m, &site->edit[i], err);
    return rc == AN_OK ? hl7_print(&m, arena, out, err) : rc;
}
