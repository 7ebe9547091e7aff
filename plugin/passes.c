/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/passes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pass of more rows gains nothing by being shared, and who needs few of them
 * would wait for who needs many. */
enum { SHARED_ROWS = 64 };

enum { WANT = RT_WANT_HAZARDS | RT_WANT_RATES, MOST = SHARED_ROWS };

/* One asker, on its own stack until it is served. */
struct asker {
    struct rt_workspace *ws;
    struct rt_past *past;
    const struct rt_ask *ask;
    struct an_err *err;
    enum an_code rc;
    bool taken, served;
    struct asker *next;
};

struct pl_passes {
    const struct rt_model *model;
    uint32_t n_at_once;
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* somebody was served, a core is free */
    uint32_t n_running;
    struct asker *first, **last; /* who waits and was not taken, in order */
    struct pl_passes_counts counts;
};

/* Those who share a pass, the one who computes first. */
struct party {
    struct asker *asker[MOST];
    size_t n;
};

enum an_code pl_passes_open(const struct rt_model *model, uint32_t n_at_once,
                            struct pl_passes **out, struct an_err *err)
{
    struct pl_passes *p = calloc(1, sizeof(*p));
    const long n_cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (p == NULL)
        return an_fail_nomem(err);
    p->model = model;
    p->n_at_once = n_at_once ? n_at_once : n_cores > 0 ? (uint32_t)n_cores : 1;
    p->last = &p->first;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->changed, NULL);
    *out = p;
    return AN_OK;
}

void pl_passes_close(struct pl_passes *p)
{
    if (p == NULL)
        return;
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void pl_passes_counts(struct pl_passes *p, struct pl_passes_counts *out)
{
    (void)pthread_mutex_lock(&p->lock);
    *out = p->counts;
    (void)pthread_mutex_unlock(&p->lock);
}

/* ---- one pass -------------------------------------------------------------- */

static enum an_code alone(const struct pl_passes *p, struct asker *a)
{
    return rt_forward_extend(p->model, a->ws, &a->past, a->ask, 1, WANT,
                             a->err);
}

/* What query q of a pass said goes to whom it belongs. */
static void hand_over(const struct rt_shape *s, const struct rt_workspace *from,
                      size_t q, const struct asker *to)
{
    const size_t kj = (size_t)s->outcomes * (size_t)s->bins;
    const size_t v = (size_t)s->targets, n = to->ask->n_queries;

    memcpy(to->ws->log_hazard_qkj, from->log_hazard_qkj + q * kj,
           n * kj * sizeof(float));
    memcpy(to->ws->log_rate_qv, from->log_rate_qv + q * v,
           n * v * sizeof(float));
}

/* In the workspace of the first, whose answers are where they belong. */
static enum an_code together(const struct pl_passes *p,
                             const struct party *party)
{
    const struct asker *first = party->asker[0];
    struct rt_past *past[MOST];
    struct rt_ask ask[MOST];
    size_t q = first->ask->n_queries;
    enum an_code rc;

    for (size_t i = 0; i < party->n; i++) {
        past[i] = party->asker[i]->past;
        ask[i] = *party->asker[i]->ask;
    }
    rc =
        rt_forward_extend(p->model, first->ws, past, ask, party->n, WANT, NULL);
    for (size_t i = 1; rc == AN_OK && i < party->n; i++) {
        hand_over(&p->model->shape, first->ws, q, party->asker[i]);
        q += ask[i].n_queries;
    }
    return rc;
}

static void compute(const struct pl_passes *p, const struct party *party)
{
    const bool done = party->n > 1 && together(p, party) == AN_OK;

    for (size_t i = 0; i < party->n; i++)
        party->asker[i]->rc = done ? AN_OK : alone(p, party->asker[i]);
}

/* ---- who computes ---------------------------------------------------------- */

/* Takes `mine`, and of the others, in order, those for whom there is room. */
static void gather(struct pl_passes *p, struct asker *mine, struct party *party)
{
    const size_t own = mine->ask->history->n_positions;
    size_t rows = own < SHARED_ROWS ? SHARED_ROWS - own : 0;
    const size_t asked = mine->ask->n_queries;
    size_t queries = (size_t)mine->ws->max_queries;

    queries = asked < queries ? queries - asked : 0;
    *party = (struct party){.asker = {mine}, .n = 1};
    for (struct asker **at = &p->first; *at;) {
        struct asker *a = *at;
        const size_t n_rows = a->ask->history->n_positions;
        const bool fits = n_rows <= rows && a->ask->n_queries <= queries;

        if (a != mine && (!fits || party->n == MOST)) {
            at = &a->next;
            continue;
        }
        a->taken = true;
        *at = a->next;
        if (a == mine)
            continue;
        rows -= n_rows;
        queries -= a->ask->n_queries;
        party->asker[party->n++] = a;
    }
    p->last = &p->first;
    while (*p->last)
        p->last = &(*p->last)->next;
}

/* The lock is held at both ends. */
static void lead(struct pl_passes *p, struct asker *mine)
{
    struct party party;

    gather(p, mine, &party);
    p->n_running++;
    p->counts.n_passes++;
    p->counts.n_asks += party.n;
    (void)pthread_mutex_unlock(&p->lock);
    compute(p, &party);
    (void)pthread_mutex_lock(&p->lock);
    p->n_running--;
    for (size_t i = 0; i < party.n; i++)
        party.asker[i]->served = true;
    (void)pthread_cond_broadcast(&p->changed);
}

static enum an_code extend(void *self, struct rt_workspace *ws,
                           struct rt_past *past, const struct rt_ask *ask,
                           struct an_err *err)
{
    struct pl_passes *p = self;
    struct asker mine = {.ws = ws, .past = past, .ask = ask, .err = err};

    (void)pthread_mutex_lock(&p->lock);
    *p->last = &mine;
    p->last = &mine.next;
    while (!mine.served && (mine.taken || p->n_running == p->n_at_once))
        (void)pthread_cond_wait(&p->changed, &p->lock);
    if (!mine.served)
        lead(p, &mine);
    (void)pthread_mutex_unlock(&p->lock);
    return mine.rc;
}

struct rt_passer pl_passes_passer(struct pl_passes *p)
{
    return (struct rt_passer){extend, p};
}
