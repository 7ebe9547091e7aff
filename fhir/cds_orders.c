/* SPDX-License-Identifier: Apache-2.0 */
/* Draft orders: what is ordered, by which codes, and which of them somebody has
 * just selected. */
#include "fhir/cds_int.h"

#include "base/buf.h"

#include <stdio.h>

/* Where R4's orders say what is ordered: the first of the elements that is
 * there.  One that ends in "Reference" is a Reference to a Medication. */
static const struct {
    const char *type, *element[3];
} orders[] = {
    {"DeviceRequest", {"codeCodeableConcept"}},
    {"MedicationRequest", {"medicationCodeableConcept", "medicationReference"}},
    {"NutritionOrder",
     {"oralDiet.type", "enteralFormula.baseFormulaType", "supplement.type"}},
    {"ServiceRequest", {"code"}},
    {"VisionPrescription", {NULL}},
};

enum { N_ORDERS = sizeof(orders) / sizeof(orders[0]) };

/* Its row; N_ORDERS for what is no order. */
static size_t row_of(struct an_str type)
{
    size_t i = 0;

    while (i < N_ORDERS && !an_str_eq(type, an_str_c(orders[i].type)))
        i++;
    return i;
}

/* The first, where an element repeats. */
static const struct an_json *one(const struct an_json *j)
{
    return an_json_is(j, AN_JSON_ARRAY) ? an_json_first(j) : j;
}

static const struct an_json *at_path(const struct an_json *resource,
                                     const char *path)
{
    struct an_str rest = an_str_c(path), part;

    while (an_str_cut(&rest, '.', &part))
        resource = one(an_json_get(resource, part));
    return resource;
}

static struct an_str text_at(const struct an_json *j, struct an_str key)
{
    return an_json_text(an_json_get(j, key));
}

/* A Medication that is contained, or another entry of the same Bundle. */
static const struct an_json *medication(const struct an_json *drafts,
                                        const struct an_json *order,
                                        struct an_str reference)
{
    const struct an_json *at;
    struct an_str type, id;

    if (an_str_starts(reference, AN_STR("#"))) {
        at = an_json_first(an_json_get(order, AN_STR("contained")));
        while (at && !an_str_eq(text_at(at, AN_STR("id")),
                                an_str_sub(reference, 1, reference.n)))
            at = at->next;
        return at;
    }
    at = an_json_first(an_json_get(drafts, AN_STR("entry")));
    for (; reference.n && at; at = at->next) {
        const struct an_json *r = an_json_get(at, AN_STR("resource"));

        if (an_str_eq(text_at(at, AN_STR("fullUrl")), reference) ||
            (fhir_cds_is_reference(reference, &type, &id) &&
             fhir_cds_is_type(r, type) &&
             an_str_eq(text_at(r, AN_STR("id")), id)))
            return r;
    }
    return NULL;
}

static const struct an_json *concept_of(const struct an_json *drafts,
                                        const struct an_json *order, size_t row)
{
    const size_t n = sizeof(orders[0].element) / sizeof(orders[0].element[0]);
    const struct an_json *found = NULL;

    for (size_t i = 0; i < n && orders[row].element[i] && !found; i++) {
        const char *path = orders[row].element[i];

        found = at_path(order, path);
        if (found && an_str_ends(an_str_c(path), AN_STR("Reference")))
            found = an_json_get(
                medication(drafts, order, text_at(found, AN_STR("reference"))),
                AN_STR("code"));
    }
    return found;
}

static enum an_code read_codes(struct an_arena *arena,
                               const struct an_json *what,
                               struct fhir_cds_order *order, struct an_err *err)
{
    struct ctx_code *code =
        an_arena_get(arena, FHIR_CDS_ORDER_CODES, sizeof(*code));
    const struct an_json *c =
        an_json_first(an_json_get(what, AN_STR("coding")));

    if (code == NULL)
        return an_fail_nomem(err);
    order->code = code;
    for (; c && order->n_codes < FHIR_CDS_ORDER_CODES; c = c->next) {
        struct ctx_code one_code = {.system = text_at(c, AN_STR("system")),
                                    .code = text_at(c, AN_STR("code")),
                                    .display = text_at(c, AN_STR("display"))};

        if (one_code.code.n)
            code[order->n_codes++] = one_code;
    }
    return AN_OK;
}

static bool name_order(struct an_arena *arena, struct fhir_cds_order *order)
{
    struct an_buf b;

    if (order->id.n == 0)
        return true;
    an_buf_init(&b, arena, order->type.n + order->id.n + 2);
    an_buf_put(&b, order->type);
    an_buf_put_char(&b, '/');
    an_buf_put(&b, order->id);
    return an_buf_done(&b, &order->resource, NULL) == AN_OK;
}

static enum an_code read_drafts(struct an_arena *arena,
                                const struct an_json *drafts, bool selected,
                                struct fhir_cds_order *order, size_t *n,
                                struct an_err *err)
{
    const struct an_json *e =
        an_json_first(an_json_get(drafts, AN_STR("entry")));
    enum an_code code = AN_OK;

    for (; code == AN_OK && e; e = e->next) {
        const struct an_json *r = an_json_get(e, AN_STR("resource"));
        struct an_str type = text_at(r, AN_STR("resourceType"));
        size_t row = row_of(type);

        if (row == N_ORDERS)
            continue;
        if (*n == FHIR_CDS_MAX_ORDERS)
            return fhir_cds_fail(err, AN_LIMIT, "too many draft orders",
                                 "context.draftOrders");
        order[*n] = (struct fhir_cds_order){.type = type,
                                            .id = text_at(r, AN_STR("id")),
                                            .draft = r,
                                            .selected = selected};
        if (!name_order(arena, &order[*n]))
            return an_fail_nomem(err);
        code = read_codes(arena, concept_of(drafts, r, row), &order[*n], err);
        *n += code == AN_OK;
    }
    return code;
}

static enum an_code select_orders(const struct an_json *selections,
                                  struct fhir_cds_order *order, size_t n,
                                  struct an_err *err)
{
    const struct an_json *s = an_json_first(selections);
    char path[AN_PATH_BYTES];
    struct an_str type, id;

    for (size_t i = 0; s; s = s->next, i++) {
        size_t k = 0;

        (void)snprintf(path, sizeof(path), "context.selections[%zu]", i);
        if (!fhir_cds_is_reference(an_json_text(s), &type, &id))
            return fhir_cds_fail(err, AN_TYPE, "an element is no Type/id",
                                 path);
        while (k < n &&
               !(an_str_eq(order[k].type, type) && an_str_eq(order[k].id, id)))
            k++;
        if (k == n)
            return fhir_cds_fail(err, AN_NOTFOUND,
                                 "a selection is not among draftOrders", path);
        order[k].selected = true;
    }
    return AN_OK;
}

enum an_code fhir_cds_orders(struct an_arena *arena,
                             const struct an_json *drafts,
                             const struct an_json *selections,
                             struct fhir_cds_context *out, struct an_err *err)
{
    struct fhir_cds_order *order =
        an_arena_get(arena, FHIR_CDS_MAX_ORDERS, sizeof(*order));
    enum an_code code;

    if (order == NULL)
        return an_fail_nomem(err);
    out->order = order;
    code = read_drafts(arena, drafts, selections == NULL, order, &out->n_orders,
                       err);
    return code == AN_OK && selections
               ? select_orders(selections, order, out->n_orders, err)
               : code;
}
