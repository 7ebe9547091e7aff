/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/history.h"

#include "runtime/shape.h"

#include <math.h>
#include <stdio.h>

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, const char *list, size_t i)
{
    an_fail(err, code, what, 0);
    if (err)
        snprintf(err->where.path, sizeof(err->where.path), "%s[%zu]", list, i);
    return code;
}

static bool row_ok(int32_t row, int32_t n)
{
    return row >= RT_NO_ROW && row < n;
}

static enum an_code item_check(const struct rt_history *h, size_t i,
                               const struct rt_shape *s, struct an_err *err)
{
    const struct rt_item *item = &h->item[i];

    if (!row_ok(item->concept, s->vocab))
        return refuse(err, AN_TYPE, "no such concept row", "item", i);
    for (int p = 0; p < RT_MAX_PARENTS; p++)
        if (!row_ok(item->parent[p], s->vocab))
            return refuse(err, AN_TYPE, "no such parent row", "item", i);
    if (!row_ok(item->value_row, s->value_rows))
        return refuse(err, AN_TYPE, "no such value row", "item", i);
    if (item->value_row >= 0 && !isfinite(item->value_z))
        return refuse(err, AN_TYPE, "a value is not finite", "item", i);
    if (item->flag && item->flag >= (uint32_t)s->flags)
        return refuse(err, AN_TYPE, "no such flag", "item", i);
    return AN_OK;
}

static enum an_code position_check(const struct rt_history *h, size_t i,
                                   size_t first_item, struct an_err *err)
{
    const struct rt_position *p = &h->position[i];

    if (!isfinite(p->time_days) || !isfinite(p->age_days) ||
        !isfinite(p->since_previous_days) || !isfinite(p->since_admission_days))
        return refuse(err, AN_TYPE, "a time is not finite", "position", i);
    if (i > 0 && p->time_days <= h->position[i - 1].time_days)
        return refuse(err, AN_TYPE, "time does not rise", "position", i);
    if (p->since_previous_days < 0)
        return refuse(err, AN_TYPE, "a gap is negative", "position", i);
    if (p->first_item != first_item || p->n_items > h->n_items - first_item)
        return refuse(err, AN_TYPE, "items are not one after the other",
                      "position", i);
    if (p->zero)
        return refuse(err, AN_TYPE, "a reserved field is used", "position", i);
    return AN_OK;
}

enum an_code rt_history_check(const struct rt_history *h,
                              const struct rt_shape *shape, struct an_err *err)
{
    enum an_code code = AN_OK;
    size_t first_item = 0;

    if (h->n_positions == 0)
        return refuse(err, AN_MISSING, "a history is empty", "position", 0);
    if (h->n_positions > (size_t)shape->positions)
        return refuse(err, AN_LIMIT, "a history is too long", "position",
                      h->n_positions);
    for (size_t i = 0; i < h->n_positions && code == AN_OK; i++) {
        code = position_check(h, i, first_item, err);
        first_item += h->position[i].n_items;
    }
    if (code == AN_OK && first_item != h->n_items)
        return refuse(err, AN_TYPE, "items belong to no position", "item",
                      first_item);
    for (size_t i = 0; i < h->n_items && code == AN_OK; i++)
        code = item_check(h, i, shape, err);
    return code;
}

enum an_code rt_history_from(struct an_arena *arena, const struct rt_history *h,
                             size_t n, struct rt_history *out,
                             struct an_err *err)
{
    const size_t n_positions = h->n_positions - n;
    const uint32_t first =
        n_positions ? h->position[n].first_item : (uint32_t)h->n_items;
    struct rt_position *position =
        an_arena_get(arena, n_positions, sizeof(*position));

    if (position == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n_positions; i++) {
        position[i] = h->position[n + i];
        position[i].first_item -= first;
    }
    *out = (struct rt_history){position, n_positions, h->item + first,
                               h->n_items - first};
    return AN_OK;
}
