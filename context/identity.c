/* SPDX-License-Identifier: Apache-2.0 */
#include "context/identity.h"

#include "base/sort.h"

/* An identifier, and what is known of it while links are followed. */
struct node {
    struct ctx_identifier id;
    size_t parent; /* union-find */
    int64_t retired_us, kept_us;
    int64_t moved_us; /* the last MOVE of it, and the node that it went to */
    size_t moved_to;
};

/* A claim between two nodes, a < b. */
struct edge {
    size_t a, b;
    size_t current;
    int64_t said_us;
    uint8_t kind;
};

struct graph {
    struct node *node;
    struct edge *edge;
    void *scratch;
    size_t n_nodes, n_edges;
};

int ctx_identifier_cmp(const struct ctx_identifier *a,
                       const struct ctx_identifier *b)
{
    int r = an_str_cmp(a->authority, b->authority);

    return r ? r : an_str_cmp(a->value, b->value);
}

/* Of one identifier the mention with the smallest type that is not empty comes
 * first: the type too must not depend on arrival. */
static int by_identifier(const void *x, const void *y)
{
    const struct ctx_identifier *a = &((const struct node *)x)->id;
    const struct ctx_identifier *b = &((const struct node *)y)->id;
    int r = ctx_identifier_cmp(a, b);

    if (r || (r = (a->type.n == 0) - (b->type.n == 0)))
        return r;
    return an_str_cmp(a->type, b->type);
}

static int by_pair_and_time(const void *x, const void *y)
{
    const struct edge *a = x, *b = y;

    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    if (a->b != b->b)
        return a->b < b->b ? -1 : 1;
    if (a->said_us != b->said_us)
        return a->said_us < b->said_us ? -1 : 1;
    return (a->kind == CTX_CLAIM_UNMERGE) - (b->kind == CTX_CLAIM_UNMERGE);
}

static void node_add(struct graph *g, const struct ctx_identifier *id)
{
    g->node[g->n_nodes++] =
        (struct node){*id, 0, .retired_us = INT64_MIN, .kept_us = INT64_MIN,
                      .moved_us = INT64_MIN};
}

static void nodes_sort(struct graph *g)
{
    size_t kept = 0;

    an_sort(g->node, g->n_nodes, sizeof(*g->node), g->scratch, by_identifier);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (kept == 0 ||
            ctx_identifier_cmp(&g->node[kept - 1].id, &g->node[i].id) != 0)
            g->node[kept++] = g->node[i];
    g->n_nodes = kept;
    for (size_t i = 0; i < kept; i++)
        g->node[i].parent = i;
}

static size_t node_find(const struct graph *g, const struct ctx_identifier *id)
{
    size_t low = 0, high = g->n_nodes;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (ctx_identifier_cmp(&g->node[middle].id, id) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t root_of(struct graph *g, size_t i)
{
    while (g->node[i].parent != i) {
        g->node[i].parent = g->node[g->node[i].parent].parent;
        i = g->node[i].parent;
    }
    return i;
}

/* The lesser index becomes the root: with path halving that is log n. */
static void nodes_join(struct graph *g, size_t a, size_t b)
{
    a = root_of(g, a);
    b = root_of(g, b);
    if (a < b)
        g->node[b].parent = a;
    else
        g->node[a].parent = b;
}

static void edge_add(struct graph *g, const struct ctx_claim *c)
{
    size_t current = node_find(g, &c->current), prior = node_find(g, &c->prior);

    if (current == prior || c->kind == CTX_CLAIM_VISIT)
        return;
    g->edge[g->n_edges++] = (struct edge){
        .a = current < prior ? current : prior,
        .b = current < prior ? prior : current,
        .current = current,
        .said_us = c->said_us ? c->said_us : c->available_us,
        .kind = c->kind,
    };
}

static size_t prior_of(const struct edge *e)
{
    return e->current == e->a ? e->b : e->a;
}

/* When each node left its former company, and for whom. */
static void moves_note(struct graph *g)
{
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct edge *e = &g->edge[i];
        struct node *moved = &g->node[prior_of(e)];

        if (e->kind != CTX_CLAIM_MOVE || e->said_us < moved->moved_us ||
            (e->said_us == moved->moved_us && e->current > moved->moved_to))
            continue;
        moved->moved_us = e->said_us;
        moved->moved_to = e->current;
    }
}

/* It was said of `node` and another, and then node went elsewhere. */
static bool was_left(const struct graph *g, const struct edge *e, size_t node)
{
    const struct node *n = &g->node[node];

    if (e->said_us > n->moved_us)
        return false;
    return e->kind != CTX_CLAIM_MOVE || e->said_us < n->moved_us ||
           prior_of(e) != node || e->current != n->moved_to;
}

static void edge_follow(struct graph *g, const struct edge *e)
{
    struct node *kept = &g->node[e->current];
    struct node *retired = &g->node[prior_of(e)];

    if (was_left(g, e, e->a) || was_left(g, e, e->b))
        return;
    nodes_join(g, e->a, e->b);
    if (e->kind != CTX_CLAIM_MERGE)
        return;
    if (e->said_us > kept->kept_us)
        kept->kept_us = e->said_us;
    if (e->said_us > retired->retired_us)
        retired->retired_us = e->said_us;
}

/* Of each pair what was said after its last UNMERGE; it is sorted last of its
 * moment. */
static void edges_follow(struct graph *g)
{
    const struct edge *e = g->edge;

    moves_note(g);
    an_sort(g->edge, g->n_edges, sizeof(*g->edge), g->scratch,
            by_pair_and_time);
    for (size_t from = 0, end; from < g->n_edges; from = end) {
        size_t valid = from;

        for (end = from;
             end < g->n_edges && e[end].a == e[from].a && e[end].b == e[from].b;
             end++)
            if (e[end].kind == CTX_CLAIM_UNMERGE)
                valid = end + 1;
        for (size_t i = valid; i < end; i++)
            edge_follow(g, &e[i]);
    }
}

static bool graph_make(struct graph *g, struct an_arena *arena, size_t n)
{
    size_t larger = sizeof(*g->node) > sizeof(*g->edge) ? sizeof(*g->node)
                                                        : sizeof(*g->edge);

    if (n > (SIZE_MAX - 1) / 2)
        return false;
    g->n_nodes = g->n_edges = 0;
    g->node = an_arena_get(arena, 2 * n + 1, sizeof(*g->node));
    g->edge = an_arena_get(arena, n, sizeof(*g->edge));
    g->scratch = an_arena_get(arena, n + 1, larger);
    return g->node && g->edge && g->scratch;
}

/* In a circle of merges said at one moment all are retired; one must serve. */
static bool speaks_better(const struct node *a, bool a_retired,
                          const struct node *b, bool b_retired)
{
    if (a_retired != b_retired)
        return b_retired;
    return a->kept_us > b->kept_us;
}

static enum an_code person_make(struct graph *g, struct an_arena *arena,
                                size_t who, struct ctx_person *out,
                                struct an_err *err)
{
    size_t root = root_of(g, who), n = 0;
    const struct node *current = NULL;
    struct ctx_member *member;

    for (size_t i = 0; i < g->n_nodes; i++)
        n += root_of(g, i) == root;
    member = an_arena_get(arena, n, sizeof(*member));
    if (member == NULL)
        return an_fail_nomem(err);
    *out = (struct ctx_person){member, 0, 0};
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct node *node = &g->node[i];
        struct ctx_member *m = &member[out->n_members];

        if (root_of(g, i) != root)
            continue;
        m->id = node->id;
        m->retired =
            node->retired_us > INT64_MIN && node->retired_us >= node->kept_us;
        if (current == NULL || speaks_better(node, m->retired, current,
                                             member[out->current].retired)) {
            current = node;
            out->current = out->n_members;
        }
        out->n_members++;
    }
    member[out->current].retired = false;
    return AN_OK;
}

enum an_code ctx_person_find(struct an_arena *arena,
                             const struct ctx_claim *claim, size_t n,
                             const struct ctx_identifier *who, int64_t as_of_us,
                             struct ctx_person *out, struct an_err *err)
{
    struct graph g;

    *out = (struct ctx_person){NULL, 0, 0};
    if (!graph_make(&g, arena, n))
        return an_fail_nomem(err);
    node_add(&g, who);
    for (size_t i = 0; i < n; i++) {
        if (claim[i].available_us > as_of_us)
            continue;
        node_add(&g, &claim[i].current);
        node_add(&g, &claim[i].prior);
    }
    nodes_sort(&g);
    for (size_t i = 0; i < n; i++)
        if (claim[i].available_us <= as_of_us)
            edge_add(&g, &claim[i]);
    edges_follow(&g);
    return person_make(&g, arena, node_find(&g, who), out, err);
}
