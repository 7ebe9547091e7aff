/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/variant_int.h"

#include "base/buf.h"
#include "base/sort.h"
#include "hl7/value.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 1024 };

/* What an OBX says of its variant; those that say the change stand first. */
enum part {
    PART_DISCRETE,
    PART_DNA,
    PART_GENOME,
    PART_PROTEIN,
    PART_GENE,
    PART_TRANSCRIPT,
    PART_MEANING,
    PART_ASSESSMENT,
    N_PARTS
};

static const struct {
    const char *key;
    enum part part;
} parts[] = {
#include "config/tables/hl7-variants.inc"
};

/* One OBX of a group. */
struct piece {
    struct an_str group; /* OBX-4 */
    size_t index;
    enum part part;
};

/* Of the OBX that says a change, the segments that tell the rest; 0: none. */
struct hl7_variant {
    size_t gene, transcript, meaning;
    bool found;
};

/* ---- groups ------------------------------------------------------------- */

static enum part part_of(const struct hl7_message *m, size_t obx)
{
    struct an_str code = hl7_get(m, obx, 3, 1, 1, 1);

    if (memcmp(m->segment[obx].id, "OBX", 3) == 0)
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
            if (an_str_eq(an_str_c(parts[i].key), code))
                return parts[i].part;
    return N_PARTS;
}

static int piece_cmp(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    int c = an_str_cmp(x->group, y->group);

    return c ? c : (int)x->part - (int)y->part;
}

/* "Absent", "No call" or "Indeterminate", as LOINC's answer or in words. */
static bool denies(const struct hl7_message *m, size_t obx)
{
    static const char *const no[] = {"LA9634-2", "LA18198-4",    "LA11884-6",
                                     "Absent",   "Not detected", "No call",
                                     "Negative", "Indeterminate"};
    struct an_str said = an_str_trim(hl7_get(m, obx, 5, 1, 1, 0));

    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (an_str_eq_nocase(an_str_c(no[i]), said))
            return true;
    return false;
}

/* The group [p, p + n): its best way to say a change, with the rest of what is
 * said once. */
static void find_variant(struct hl7_reader *r, const struct piece *p, size_t n)
{
    size_t only[N_PARTS] = {0}, count[N_PARTS] = {0};
    struct hl7_variant found = {.found = true};

    for (size_t i = 0; i < n; i++) {
        only[p[i].part] = ++count[p[i].part] == 1 ? p[i].index : 0;
        if (p[i].part == PART_ASSESSMENT && denies(r->m, p[i].index))
            return;
    }
    found.gene = only[PART_GENE];
    found.transcript = only[PART_TRANSCRIPT];
    found.meaning = only[PART_MEANING];
    for (size_t i = 0; i < n && p[i].part <= PART_PROTEIN; i++)
        if (p[i].part == p[0].part)
            r->variant[p[i].index] = found;
}

enum an_code hl7_find_variants(struct hl7_reader *r, size_t from, size_t end)
{
    size_t n = 0, size = 0;
    struct piece *piece;
    void *scratch;

    for (size_t i = from; i < end; i++)
        size += part_of(r->m, i) != N_PARTS;
    if (size == 0)
        return AN_OK;
    if (r->variant == NULL)
        r->variant =
            an_arena_get(r->arena, r->m->n_segments, sizeof(*r->variant));
    piece = an_arena_get(r->arena, size, sizeof(*piece));
    scratch = an_arena_get(r->arena, size / 2 + 1, sizeof(*piece));
    if (r->variant == NULL || piece == NULL || scratch == NULL)
        return an_fail_nomem(r->err);
    for (size_t i = from; i < end; i++) {
        enum part part = part_of(r->m, i);

        if (part != N_PARTS)
            piece[n++] = (struct piece){hl7_get(r->m, i, 4, 1, 0, 0), i, part};
    }
    an_sort(piece, n, sizeof(*piece), scratch, piece_cmp);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1;
             next < n && an_str_eq(piece[next].group, piece[i].group);)
            next++;
        find_variant(r, &piece[i], next - i);
    }
    return AN_OK;
}

bool hl7_is_variant(const struct hl7_reader *r, size_t obx)
{
    return r->variant && r->variant[obx].found;
}

/* ---- the event ---------------------------------------------------------- */

static enum an_code join(struct hl7_reader *r, struct an_str a, char between,
                         struct an_str b, struct an_str *out)
{
    struct an_buf buf;

    an_buf_init(&buf, r->arena, NAME_BYTES);
    an_buf_put(&buf, an_str_sub(a, 0, NAME_BYTES / 4));
    an_buf_put_char(&buf, between);
    an_buf_put(&buf, an_str_sub(b, 0, NAME_BYTES / 2));
    return an_buf_done(&buf, out, r->err);
}

/* What people call it: the text of OBX-5, else its code; "" for no segment. */
static enum an_code name_at(struct hl7_reader *r, size_t obx,
                            unsigned component, struct an_str *name)
{
    struct hl7_at at = {r->m, obx, 5, 1};
    enum an_code rc;

    *name = AN_STR("");
    if (obx == 0)
        return AN_OK;
    rc = hl7_at_text(&at, component, name, r->err);
    return rc == AN_OK && name->n == 0 ? hl7_at_text(&at, 1, name, r->err) : rc;
}

/* A change without the sequence that it is a change of ("c.35delG") says
 * nothing alone: with its transcript it is a code, with its gene it is words,
 * with neither it is none. */
static enum an_code complete(struct hl7_reader *r, const struct hl7_variant *v,
                             struct ctx_code *concept)
{
    struct an_str bare = concept->code, gene, transcript;
    enum an_code rc = name_at(r, v->gene, 2, &gene);

    if (rc == AN_OK)
        rc = name_at(r, v->transcript, 1, &transcript);
    if (rc != AN_OK || memchr(bare.p, ':', bare.n))
        return rc;
    concept->code = concept->display = AN_STR("");
    if (transcript.n)
        rc = join(r, transcript, ':', bare, &concept->code);
    else
    concept->system = AN_STR("");
    return rc == AN_OK && gene.n ? join(r, gene, ' ', bare, &concept->display)
                                 : rc;
}

static bool is_hgvs(const struct ctx_code *c)
{
    return c->system.n == 0 ||
           an_str_eq(c->system, AN_STR("http://varnomen.hgvs.org"));
}

static enum an_code read_change(struct hl7_reader *r, size_t obx,
                                struct ctx_event *variant)
{
    struct hl7_at at = {r->m, obx, 5, 1};
    struct ctx_value said;
    bool odd;
    enum an_code rc = hl7_obx_value(r->arena, &at, &said, &odd, r->err);

    if (rc == AN_OK && said.kind == CTX_VALUE_CODE)
        rc = hl7_coded(r->arena, &at, &variant->concept, &variant->alias,
                       &variant->n_aliases, r->err);
    else if (said.kind == CTX_VALUE_TEXT)
    variant->concept.code = said.text;
    if (rc == AN_OK && variant->concept.code.n && is_hgvs(&variant->concept)) {
        variant->concept.system = AN_STR("http://varnomen.hgvs.org");
        rc = complete(r, &r->variant[obx], &variant->concept);
    }
    return rc;
}

enum an_code hl7_variant(struct hl7_reader *r, size_t obx,
                         const struct ctx_event *e, struct ctx_event *variant)
{
    struct hl7_at meaning = {r->m, r->variant[obx].meaning, 5, 1};
    struct an_buf b;
    bool odd;
    enum an_code rc;

    *variant = *e;
    variant->concept = (struct ctx_code){.code = {NULL, 0}};
    variant->alias = NULL;
    variant->n_aliases = 0;
    variant->value = (struct ctx_value){.kind = CTX_VALUE_NONE};
    variant->low = variant->high = variant->flag = AN_STR("");
    rc = read_change(r, obx, variant);
    if (rc == AN_OK && meaning.segment)
        rc = hl7_obx_value(r->arena, &meaning, &variant->value, &odd, r->err);
    if (rc != AN_OK)
        return rc;
    an_buf_init(&b, r->arena, e->fact.n + NAME_BYTES);
    an_buf_put(&b, AN_STR("variant|"));
    an_buf_put(&b, e->fact);
    return an_buf_done(&b, &variant->fact, r->err);
}
