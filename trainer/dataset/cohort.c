/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/cohort_int.h"
#include "trainer/file.h"

#include <string.h>

/* Header, checksum, and where the parts lie. */
static enum an_code layout_check(struct an_str file,
                                 const struct tr_cohort_header *h,
                                 struct an_err *err)
{
    static const size_t size[TR_N_PARTS] = {
#define X(name, bytes) bytes,
        TR_COHORT_PARTS(X)
#undef X
    };
    struct an_sha256 digest;
    enum an_code code;

    if (memcmp(h->magic, TR_COHORT_MAGIC, sizeof(h->magic)) != 0)
        return an_fail(err, AN_SYNTAX, "this is no cohort file", 0);
    if (h->version != TR_COHORT_VERSION || h->header_bytes != sizeof(*h))
        return an_fail(err, AN_UNSUPPORTED,
                       "the cohort file has another version", 8);
    code = tr_cohort_digest(
        h, an_str_sub(file, sizeof(*h), file.n - sizeof(*h)), &digest, err);
    if (code != AN_OK)
        return code;
    if (memcmp(digest.b, h->sha256, sizeof(h->sha256)) != 0)
        return an_fail(err, AN_INTEGRITY, "the cohort file is damaged", 0);
    for (int i = 0; i < TR_N_PARTS; i++)
        if (h->part[i].first_byte % TR_PART_ALIGN ||
            h->part[i].first_byte > file.n ||
            h->part[i].n > (file.n - h->part[i].first_byte) / size[i])
            return an_fail(err, AN_SYNTAX, "a part lies outside the file", 0);
    return AN_OK;
}

struct rt_history tr_cohort_history(const struct tr_cohort *c, size_t patient)
{
    const struct tr_patient *p = &c->patient[patient];

    return (struct rt_history){c->position + p->first_position, p->n_positions,
                               c->item + p->first_item, p->n_items};
}

static bool within(uint64_t first, uint64_t n, uint64_t all)
{
    return first <= all && n <= all - first;
}

static enum an_code patients_check(const struct tr_cohort *c,
                                   struct an_err *err)
{
    for (size_t i = 0; i < c->n_patients; i++) {
        const struct tr_patient *p = &c->patient[i];
        struct tr_cohort_one one;
        enum an_code code;

        if (!within(p->first_position, p->n_positions, c->n_positions) ||
            !within(p->first_item, p->n_items, c->n_items) ||
            !within(p->first_query, p->n_queries, c->n_queries))
            return an_fail(err, AN_TYPE, "a patient lies outside the file", i);
        one = (struct tr_cohort_one){
            .split = p->split,
            .history = tr_cohort_history(c, i),
            .start_days = p->start_days,
            .end_days = p->end_days,
            .query = c->query + p->first_query,
            .follow_up = c->follow_up + p->first_query * c->sizes.outcomes,
            .wide = c->wide + p->first_query * c->sizes.wide,
            .n_queries = p->n_queries};
        code = tr_cohort_one_check(&one, &c->sizes, err);
        if (code != AN_OK)
            return code;
    }
    return AN_OK;
}

static enum an_code read_all(struct tr_cohort *c, struct an_str file,
                             struct an_err *err)
{
    size_t n_persons[TR_N_SPLITS];
    struct tr_cohort_header h;
    struct rt_shape shape;
    enum an_code code;

    if (file.n < sizeof(h))
        return an_fail(err, AN_SYNTAX, "this is no cohort file", 0);
    memcpy(&h, file.p, sizeof(h));
    code = layout_check(file, &h, err);
    if (code == AN_OK)
        code = tr_cohort_sizes_check(&h.sizes, &shape, err);
    if (code != AN_OK)
        return code;
    c->sizes = h.sizes;
    memcpy(c->sha256, h.sha256, sizeof(c->sha256));
#define X(name, size)                                                          \
    c->name = (const void *)(file.p + h.part[TR_PART_##name].first_byte);
    TR_COHORT_PARTS(X)
#undef X
    c->n_patients = h.part[TR_PART_patient].n;
    c->n_positions = h.part[TR_PART_position].n;
    c->n_items = h.part[TR_PART_item].n;
    c->n_queries = h.part[TR_PART_query].n;
    if (h.part[TR_PART_follow_up].n != c->n_queries * h.sizes.outcomes ||
        h.part[TR_PART_wide].n != c->n_queries * h.sizes.wide)
        return an_fail(err, AN_SYNTAX, "queries and their answers differ", 0);
    code = patients_check(c, err);
    return code == AN_OK ? tr_cohort_persons(c, n_persons, err) : code;
}

enum an_code tr_cohort_open(struct tr_cohort *c, const char *path,
                            struct an_err *err)
{
    enum an_code code;

    *c = (struct tr_cohort){0};
    code = tr_file_map(path, &c->file, err);
    if (code != AN_OK)
        return code;
    code = read_all(c, c->file, err);
    if (code != AN_OK)
        tr_cohort_close(c);
    return code;
}

void tr_cohort_close(struct tr_cohort *c)
{
    tr_file_unmap(c->file);
    *c = (struct tr_cohort){0};
}
