/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/feed.h"

#include "trainer/random.h"

#include <stdlib.h>
#include <string.h>

/* The most that one patient can bring, in items and queries: packs have room
 * for that many beyond the usual. */
static void largest(struct tr_feed *f, int32_t rows)
{
    size_t items = 0, queries = 0;

    for (size_t i = 0; i < f->cohort->n_patients; i++) {
        const struct tr_patient *p = &f->cohort->patient[i];

        items = p->n_items > items ? p->n_items : items;
        queries = p->n_queries > queries ? p->n_queries : queries;
    }
    f->max_rows = rows;
    f->max_items = items + 8 * (size_t)rows;
    f->max_queries = queries + (size_t)rows;
    f->max_targets = f->max_items;
    f->max_seqs = (size_t)rows;
}

enum an_code tr_feed_init(struct tr_feed *f, const struct tr_cohort *cohort,
                          const struct rt_shape *shape, int32_t rows,
                          struct an_err *err)
{
    const size_t kj = (size_t)(shape->outcomes * shape->bins);

    *f = (struct tr_feed){.cohort = cohort, .shape = shape};
    largest(f, rows);
    f->position = calloc((size_t)rows, sizeof(*f->position));
    f->item = calloc(f->max_items, sizeof(*f->item));
    f->seq = calloc(f->max_seqs, sizeof(*f->seq));
    f->score = calloc((size_t)rows, sizeof(*f->score));
    f->target = calloc(f->max_targets, sizeof(*f->target));
    f->query_row = calloc(f->max_queries, sizeof(*f->query_row));
    f->query_weight = calloc(f->max_queries, sizeof(*f->query_weight));
    f->wide_qw =
        calloc(f->max_queries * (size_t)shape->wide + 1, sizeof(*f->wide_qw));
    f->exposure_qkj = calloc(f->max_queries * kj + 1, sizeof(float));
    f->event_qkj = calloc(f->max_queries * kj + 1, sizeof(float));
    if (f->position && f->item && f->seq && f->score && f->target &&
        f->query_row && f->query_weight && f->wide_qw && f->exposure_qkj &&
        f->event_qkj)
        return AN_OK;
    tr_feed_release(f);
    return an_fail_nomem(err);
}

void tr_feed_release(struct tr_feed *f)
{
    free(f->position);
    free(f->item);
    free(f->seq);
    free(f->score);
    free(f->target);
    free(f->query_row);
    free(f->query_weight);
    free(f->wide_qw);
    free(f->exposure_qkj);
    free(f->event_qkj);
    *f = (struct tr_feed){0};
}

int32_t tr_feed_rows(const struct tr_cohort *c, const struct rt_shape *shape,
                     size_t patient)
{
    const uint32_t n = c->patient[patient].n_positions;

    return n > (uint32_t)shape->positions ? shape->positions : (int32_t)n;
}

void tr_feed_begin(struct tr_feed *f, uint64_t noise_key)
{
    f->pack = (struct tr_pack){.seq = f->seq,
                               .score = f->score,
                               .target = f->target,
                               .query_row = f->query_row,
                               .query_weight = f->query_weight,
                               .wide_qw = f->wide_qw,
                               .exposure_qkj = f->exposure_qkj,
                               .event_qkj = f->event_qkj,
                               .noise_key = noise_key};
    f->n_items = f->n_targets = 0;
}

void tr_follow_up_bins(const struct tr_follow_up *f,
                       const struct rt_shape *shape, float *exposure_j,
                       float *event_j)
{
    for (int j = 0; j < shape->bins; j++) {
        const bool last = j == shape->bins - 1;
        const float start = shape->bin_edge_days[j];
        const float end = last ? f->to_days : shape->bin_edge_days[j + 1];
        const float from = f->from_days > start ? f->from_days : start;
        const float to = f->to_days < end ? f->to_days : end;

        exposure_j[j] = to > from ? to - from : 0;
        event_j[j] =
            f->event && f->to_days > start && (last || f->to_days <= end) ? 1
                                                                          : 0;
    }
}

double tr_observed_days(const struct rt_history *h, const struct tr_patient *p,
                        size_t i)
{
    const double start = h->position[i].time_days > p->start_days
                             ? h->position[i].time_days
                             : p->start_days;
    const double end =
        i + 1 < h->n_positions ? h->position[i + 1].time_days : p->end_days;

    return end > start ? end - start : 0;
}

/* Which concepts of the set are predicted, each once. */
static uint32_t add_targets(struct tr_feed *f, const struct rt_history *h,
                            size_t position)
{
    const struct rt_position *p = &h->position[position];
    const size_t first = f->n_targets;

    for (uint32_t i = 0; i < p->n_items; i++) {
        const int32_t concept = h->item[p->first_item + i].concept;
        size_t k = first;

        if (concept < 0 || concept >= f->shape->targets)
            continue;
        while (k < f->n_targets && f->target[k] != concept)
            k++;
        if (k == f->n_targets)
        f->target[f->n_targets++] = concept;
    }
    return (uint32_t)(f->n_targets - first);
}

static void hide(struct rt_item *item, const struct tr_feed_how *how,
                 uint64_t key, uint64_t i)
{
    if (tr_draw_uniform(key, 2 * i) < (double)how->hide)
    item->concept = RT_NO_ROW;
    if (tr_draw_uniform(key, 2 * i + 1) < (double)how->hide)
        item->value_row = RT_NO_ROW;
}

/* Copy one position of the record; it becomes row pack.n_rows. */
static void add_position(struct tr_feed *f, const struct rt_history *h,
                         size_t at, uint32_t first_item,
                         const struct tr_feed_how *how, uint64_t key)
{
    struct rt_position *p = &f->position[f->pack.n_rows];

    *p = h->position[at];
    for (uint32_t i = 0; i < p->n_items; i++) {
        struct rt_item *item = &f->item[f->n_items];

        *item = h->item[p->first_item + i];
        if (how->training && how->hide > 0)
            hide(item, how, key, p->first_item + i);
        f->n_items++;
    }
    p->first_item = first_item;
}

static void add_query(struct tr_feed *f, const struct tr_patient *p, size_t i,
                      int32_t row)
{
    const struct tr_cohort *c = f->cohort;
    const size_t from = p->first_query + i, to = f->pack.n_queries++;
    const size_t k = (size_t)f->shape->outcomes, j = (size_t)f->shape->bins;
    const size_t w = (size_t)f->shape->wide;

    f->query_row[to] = row;
    f->query_weight[to] = c->query[from].weight;
    if (w)
        memcpy(f->wide_qw + to * w, c->wide + from * w, w * sizeof(float));
    for (size_t o = 0; o < k; o++)
        tr_follow_up_bins(&c->follow_up[from * k + o], f->shape,
                          f->exposure_qkj + (to * k + o) * j,
                          f->event_qkj + (to * k + o) * j);
}

/* The stretch of a long record: it starts here, after the first position. */
static size_t window_start(const struct tr_feed *f, const struct rt_history *h,
                           const struct tr_feed_how *how, uint64_t key)
{
    const size_t most = (size_t)f->shape->positions;

    if (h->n_positions <= most)
        return 1;
    if (!how->training)
        return h->n_positions - most + 1;
    return 1 + tr_draw_below(key, 0, h->n_positions - most + 1);
}

static bool has_room(const struct tr_feed *f, const struct tr_patient *p,
                     int32_t rows)
{
    return f->pack.n_seqs == 0 ||
           (rows <= f->max_rows - f->pack.n_rows &&
            p->n_items <= f->max_items - f->n_items &&
            p->n_queries <= f->max_queries - f->pack.n_queries);
}

bool tr_feed_add(struct tr_feed *f, size_t patient,
                 const struct tr_feed_how *how)
{
    const struct tr_patient *p = &f->cohort->patient[patient];
    const struct rt_history h = tr_cohort_history(f->cohort, patient);
    const int32_t rows = tr_feed_rows(f->cohort, f->shape, patient);
    const uint64_t key = tr_key(how->key, p->key);
    const size_t start = window_start(f, &h, how, tr_key(key, TR_DRAW_WINDOW));
    const size_t first_item = f->n_items;
    const int32_t first_row = f->pack.n_rows;

    if (!has_room(f, p, rows))
        return false;
    for (int32_t i = 0; i < rows; i++) {
        const size_t at = i ? start + (size_t)i - 1 : 0;
        const bool gap = i == 0 && start > 1;
        const double days = gap ? 0 : tr_observed_days(&h, p, at);

        add_position(f, &h, at, (uint32_t)(f->n_items - first_item), how,
                     tr_key(key, TR_DRAW_ITEMS));
        if (days > 0) {
            struct tr_score *s = &f->score[f->pack.n_scores++];

            s->row = f->pack.n_rows;
            s->dt_days = (float)days;
            s->first_target = (uint32_t)f->n_targets;
            s->n_targets =
                at + 1 < h.n_positions ? add_targets(f, &h, at + 1) : 0;
        }
        f->pack.n_rows++;
    }
    for (uint32_t i = 0; i < p->n_queries; i++) {
        const size_t at = f->cohort->query[p->first_query + i].position;

        if (at == 0 || (at >= start && at < start + (size_t)rows - 1))
            add_query(f, p, i,
                      first_row + (at ? (int32_t)(at - start) + 1 : 0));
    }
    f->seq[f->pack.n_seqs++] =
        (struct rt_history){f->position + first_row, (size_t)rows,
                            f->item + first_item, f->n_items - first_item};
    return true;
}
