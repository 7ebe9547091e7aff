/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/cohort_int.h"
#include "trainer/file.h"

#include <stdlib.h>
#include <string.h>

void tr_cohort_writer_init(struct tr_cohort_writer *w,
                           const struct tr_cohort_sizes *sizes)
{
    *w = (struct tr_cohort_writer){.sizes = *sizes};
}

void tr_cohort_writer_release(struct tr_cohort_writer *w)
{
#define X(name, size) free(w->name.p);
    TR_COHORT_PARTS(X)
#undef X
    *w = (struct tr_cohort_writer){0};
}

/* Room for more, so that the appends after it cannot fail. */
static bool reserve(struct tr_vector *v, size_t more)
{
    size_t size = v->size_bytes ? v->size_bytes : 65536;
    char *p;

    if (more <= v->size_bytes - v->n_bytes)
        return true;
    while (size - v->n_bytes < more)
        size *= 2;
    p = realloc(v->p, size);
    if (p == NULL)
        return false;
    v->p = p;
    v->size_bytes = size;
    return true;
}

static void append(struct tr_vector *v, const void *p, size_t n, size_t size)
{
    if (n)
        memcpy(v->p + v->n_bytes, p, n * size);
    v->n_bytes += n * size;
}

enum an_code tr_cohort_add(struct tr_cohort_writer *w,
                           const struct tr_cohort_one *one, struct an_err *err)
{
    const struct rt_history *h = &one->history;
    const size_t n_follow_up = one->n_queries * w->sizes.outcomes;
    const size_t n_wide = one->n_queries * w->sizes.wide;
    const struct tr_patient patient = {
        .key = one->key,
        .first_position = w->position.n_bytes / sizeof(*h->position),
        .first_item = w->item.n_bytes / sizeof(*h->item),
        .first_query = w->query.n_bytes / sizeof(*one->query),
        .n_positions = (uint32_t)h->n_positions,
        .n_items = (uint32_t)h->n_items,
        .n_queries = (uint32_t)one->n_queries,
        .split = one->split,
        .start_days = one->start_days,
        .end_days = one->end_days};
    enum an_code code = tr_cohort_one_check(one, &w->sizes, err);

    if (code != AN_OK)
        return code;
    if (!reserve(&w->patient, sizeof(patient)) ||
        !reserve(&w->position, h->n_positions * sizeof(*h->position)) ||
        !reserve(&w->item, h->n_items * sizeof(*h->item)) ||
        !reserve(&w->query, one->n_queries * sizeof(*one->query)) ||
        !reserve(&w->follow_up, n_follow_up * sizeof(*one->follow_up)) ||
        !reserve(&w->wide, n_wide * sizeof(*one->wide)))
        return an_fail_nomem(err);
    append(&w->patient, &patient, 1, sizeof(patient));
    append(&w->position, h->position, h->n_positions, sizeof(*h->position));
    append(&w->item, h->item, h->n_items, sizeof(*h->item));
    append(&w->query, one->query, one->n_queries, sizeof(*one->query));
    append(&w->follow_up, one->follow_up, n_follow_up, sizeof(*one->follow_up));
    append(&w->wide, one->wide, n_wide, sizeof(*one->wide));
    return AN_OK;
}

static uint64_t aligned(uint64_t n)
{
    return (n + TR_PART_ALIGN - 1) & ~(uint64_t)(TR_PART_ALIGN - 1);
}

enum an_code tr_cohort_write(struct tr_cohort_writer *w, const char *path,
                             struct an_err *err)
{
    struct tr_cohort_header header = {.version = TR_COHORT_VERSION,
                                      .header_bytes = sizeof(header),
                                      .sizes = w->sizes};
    uint64_t end = sizeof(header);
    struct an_sha256 digest;
    struct an_str rest;
    enum an_code code;
    char *bytes;

    memcpy(header.magic, TR_COHORT_MAGIC, sizeof(header.magic));
#define X(name, size)                                                          \
    header.part[TR_PART_##name].first_byte = end;                              \
    header.part[TR_PART_##name].n = w->name.n_bytes / (size);                  \
    end = aligned(end + w->name.n_bytes);
    TR_COHORT_PARTS(X)
#undef X
    bytes = calloc(1, end);
    if (bytes == NULL)
        return an_fail_nomem(err);
#define X(name, size)                                                          \
    if (w->name.n_bytes)                                                       \
        memcpy(bytes + header.part[TR_PART_##name].first_byte, w->name.p,      \
               w->name.n_bytes);
    TR_COHORT_PARTS(X)
#undef X
    rest = (struct an_str){bytes + sizeof(header), end - sizeof(header)};
    code = tr_cohort_digest(&header, rest, &digest, err);
    if (code == AN_OK) {
        memcpy(header.sha256, digest.b, sizeof(header.sha256));
        memcpy(bytes, &header, sizeof(header));
        code = tr_file_write(path, (struct an_str){bytes, end}, err);
    }
    free(bytes);
    return code;
}
