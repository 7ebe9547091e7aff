/* SPDX-License-Identifier: Apache-2.0 */
/* The forward pass: histories in, log rates and log hazards out.
 *
 *     struct rt_workspace ws;
 *     rt_workspace_init(&ws, arena, &model->shape, rows, queries, err);
 *     ...
 *     struct rt_ask ask = {&history, &query, 1};
 *     rt_forward(model, &ws, &ask, 1, RT_WANT_HAZARDS, err);
 *     use(ws.log_hazard_qkj);
 *
 * The model looks back only: keys and values of a position do not depend on
 * what follows.  So a history that begins like one whose pass was kept need
 * not begin again:
 *
 *     rt_past_init(&past, arena, &model->shape, positions, err);
 *     rt_forward_keep(model, &ws, &past, &ask, want, err);
 *
 * What comes later goes on where it ends,
 *
 *     struct rt_ask later = {&positions_from_50_on, &query, 1};
 *     rt_forward_extend(model, &ws, &(struct rt_past *){&past}, &later, 1, want,
 *                       err);
 *
 * and what might have come goes on after a part of it, which stays as it is:
 *
 *     struct rt_ask rest = {&positions_from_40_on, &query, 1};
 *     uint32_t n_past = 40;
 *     rt_forward_after(model, &ws, &past, &rest, &n_past, 1, want, err);
 *
 * Several histories share one pass: their positions stand one after the other
 * as the rows of the matrix products, and look only at their own.  The last
 * layer is computed for the queried rows alone.
 *
 * Of a packed model (runtime/product.h) the results have the same bits however
 * a history came to be read: whole or after its past, alone or with others, on
 * every machine with the same C library.  A model that is not packed is
 * multiplied by OpenBLAS, whose bits depend on its core and on the number of
 * rows.
 *
 * runtime/reference.h says the same in plain loops, and tests hold the two
 * together within 1e-4.
 *
 * Thread-safety: a model is immutable, a workspace and a past are confined.
 * Ownership: the memory of both is the arena's; results stay until the next
 * call.  A call gets no memory. */
#ifndef RUNTIME_FORWARD_H
#define RUNTIME_FORWARD_H

#include "base/arena.h"
#include "runtime/history.h"
#include "runtime/kernels.h"
#include "runtime/weights.h"

struct rt_ask {
    const struct rt_history *history; /* checked by rt_history_check */
    const struct rt_query *query;
    size_t n_queries;
};

enum rt_want { RT_WANT_HAZARDS = 1, RT_WANT_RATES = 2 };

struct rt_workspace {
    int32_t max_rows, max_queries;
    /* results, in the order of asks and their queries */
    float *log_hazard_qkj;
    float *log_rate_qv;
    /* scratch */
    float *x_tc, *norm_tc, *qkv_t3c, *mix_tc, *up_t4c;
    float *picked_qc;
    float *p;           /* of rt_attend_rows */
    float *key, *value; /* of one history in one layer */
    float *embed;
    float *low_jr;
    int32_t *row_q; /* row of each query */
    int32_t *see_q; /* positions that it sees, but for those of a shared past */
};

/* Keys and values of one history's positions in every layer: of each layer as
 * struct rt_keys (runtime/kernels.h) has them. */
struct rt_past {
    int32_t max_positions, width;
    int32_t n_positions; /* that are kept now; may be made smaller */
    float *key, *value;
};

/* Room for `rows` positions and `queries` queries at once.  AN_NOMEM. */
enum an_code rt_workspace_init(struct rt_workspace *ws, struct an_arena *arena,
                               const struct rt_shape *s, size_t rows,
                               size_t queries, struct an_err *err)
    __attribute__((warn_unused_result));
/* What that takes of the arena, at most. */
size_t rt_workspace_bytes(const struct rt_shape *s, size_t rows,
                          size_t queries);

/* AN_LIMIT when the asks are larger than the workspace, AN_TYPE for a query
 * outside its history, or a result that is not finite. */
enum an_code rt_forward(const struct rt_model *m, struct rt_workspace *ws,
                        const struct rt_ask *ask, size_t n_asks, unsigned want,
                        struct an_err *err) __attribute__((warn_unused_result));

/* The steps of a layer: queries, keys and values of ws->x_tc in ws->qkv_t3c; */
void rt_queries_keys_values(const struct rt_model *m,
                            const struct rt_workspace *ws, int layer, int t);
/* and, after attention, x[t][channels] += down . gelu(up . norm2 x). */
void rt_feed_forward(const struct rt_model *m, const struct rt_workspace *ws,
                     int layer, float *x_tc, int t);

struct rt_keys rt_past_keys(const struct rt_past *past,
                            const struct rt_shape *s, int layer, int n);

/* Room for `positions` positions.  AN_NOMEM. */
enum an_code rt_past_init(struct rt_past *past, struct an_arena *arena,
                          const struct rt_shape *s, size_t positions,
                          struct an_err *err)
    __attribute__((warn_unused_result));
/* Bytes of it for each position. */
size_t rt_past_bytes(const struct rt_shape *s);

/* As rt_forward of histories of which past[a] is the beginning, the asks holding
 * and counting only the positions after it; these are kept there, too.  Each
 * ask has a past of its own.  The workspace needs rows for each history as a
 * whole, but for the new positions only when they share a pass.  AN_LIMIT also
 * when a past has no room for them.  After an error a past is what it was. */
enum an_code rt_forward_extend(const struct rt_model *m,
                               struct rt_workspace *ws,
                               struct rt_past *const *past,
                               const struct rt_ask *ask, size_t n_asks,
                               unsigned want, struct an_err *err)
    __attribute__((warn_unused_result));
/* The same of one history and a past that begins with it. */
enum an_code rt_forward_keep(const struct rt_model *m, struct rt_workspace *ws,
                             struct rt_past *past, const struct rt_ask *ask,
                             unsigned want, struct an_err *err)
    __attribute__((warn_unused_result));

/* As rt_forward of histories that begin with the first n_past[a] positions of
 * the kept one, which stays; rows as above.  AN_LIMIT also when the past is
 * shorter. */
enum an_code rt_forward_after(const struct rt_model *m, struct rt_workspace *ws,
                              const struct rt_past *past,
                              const struct rt_ask *ask, const uint32_t *n_past,
                              size_t n_asks, unsigned want, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
