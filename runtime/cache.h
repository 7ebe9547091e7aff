/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of the histories that were asked about last, so that a new
 * event costs itself and not the whole record.
 *
 *     struct rt_cached *c = rt_cache_take(cache, &history);
 *     uint32_t n = rt_cached_common(c, &history);
 *     ... go on at position n of c->past ...
 *     rt_cache_give(cache, c, &history, &answer);
 *
 * Nobody is named: a history is found by how it begins, and of what was kept as
 * much counts as it has in common with what is asked now, position by position
 * and item by item.  So what comes out is what would be computed anew, to the
 * last bit (runtime/forward.h), and an event that was corrected, or that arrived
 * late, makes anew what follows it.
 *
 * Of a history that is the same to its end, the moment of the question included,
 * the answer itself is there, with its reasons, which cost most of it.
 *
 * What was used longest ago goes first; its bytes are wiped.
 *
 * Thread-safety: the cache is shared; what was taken is confined until it is
 * given back, and nobody else finds it meanwhile.  Ownership: the cache is the
 * arena's, what was taken the cache's. */
#ifndef RUNTIME_CACHE_H
#define RUNTIME_CACHE_H

#include "runtime/reasons.h"

struct rt_cache;

/* What was computed at the last position. */
struct rt_answer {
    const float *whole_kj, *log_rate_qv; /* NULL: there is none */
    const int32_t *concept;              /* of the reasons; n of them */
    size_t n;
    const float *without_akj; /* RT_MAX_ABSENCES at most, as rt_absences says */
};

struct rt_cached {
    struct rt_past past;
    struct rt_history history; /* whose past it is; a copy */
    struct rt_answer answer;   /* a copy, too */
    struct an_arena arena;     /* of all this, and of itself */
    struct an_mark mark;       /* before the copy */
    uint64_t begins;           /* how it begins */
    struct rt_cached *next;
};

struct rt_cache_counts {
    uint64_t n_taken, n_positions; /* asked about, and of how many positions */
    uint64_t n_found, n_kept;      /* of which that many needed no computing */
    size_t n, bytes;               /* that are here now */
};

/* For models of one shape; max_bytes of keys, values and histories, which are
 * in arenas of their own.  AN_NOMEM. */
enum an_code rt_cache_open(struct an_arena *arena, const struct rt_shape *s,
                           size_t max_bytes, struct rt_cache **out,
                           struct an_err *err)
    __attribute__((warn_unused_result));
void rt_cache_close(struct rt_cache *c); /* NULL is nothing */

/* What is kept of a history that begins like this one, or an empty one, with
 * room for its positions in any case.  NULL without memory, or when it would not
 * fit: then the caller does without. */
struct rt_cached *rt_cache_take(struct rt_cache *c, const struct rt_history *h);
/* How many positions at its beginning are the same in what is kept; the last of
 * `h`, which is to be asked about, does not count. */
uint32_t rt_cached_common(const struct rt_cached *k,
                          const struct rt_history *h);
/* Is it the same to the end, and has an answer? */
bool rt_cached_same(const struct rt_cached *k, const struct rt_history *h);
/* Give it back: now the past of `h`, with what was answered at its end, copies of
 * both; or, when `answer` is NULL, as it was taken; or, when h is NULL or memory is
 * short, forget it. */
void rt_cache_give(struct rt_cache *c, struct rt_cached *k,
                   const struct rt_history *h, const struct rt_answer *answer);

void rt_cache_counts(struct rt_cache *c, struct rt_cache_counts *out);

#endif
