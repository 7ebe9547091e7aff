/* SPDX-License-Identifier: Apache-2.0 */
/* From the first segment to the last: which slot each feeds. */
#include "hl7/convert/run_int.h"

#include <string.h>

/* ---- links ---------------------------------------------------------------- */

static bool refer(struct cv_run *run, struct cv_resource *from, unsigned path,
                  struct cv_resource *to)
{
    const struct cv_path *p = &cv_paths[path];
    struct cv_tag at = {0, 1, (uint32_t)run->segment + 1};
    const struct cv_step *last = &cv_steps[(unsigned)p->first + p->n - 1];
    const struct cv_node value = {.kind = CV_REFERS, .to = to};
    struct cv_node *node;

    if (from == to)
        return true;
    if (p->n == 1 && last->repeats) {
        if (to->referred && cv_has(cv_member(&from->root, last->name), &value))
            return true;
    } else if (cv_taken(&from->root, p, at)) {
        return true;
    }
    node = cv_reach(run->arena, &from->root, p, at);
    if (node == NULL)
        return cv_fail(run, AN_NOMEM);
    cv_refer(node, to);
    return true;
}

static bool tie(struct cv_run *run, const struct cv_link *link,
                struct cv_resource *from, struct cv_resource *other)
{
    return link->back ? refer(run, other, link->path, from)
                      : refer(run, from, link->path, other);
}

static const struct cv_resource *scope_of(const struct cv_run *run,
                                          unsigned slot)
{
    int within = cv_slots[slot].within;

    return within < 0 ? NULL : run->slot[within];
}

static bool link_up(struct cv_run *run, const struct cv_link *link,
                    struct cv_resource *from)
{
    struct cv_waiting *w;

    if (run->slot[link->slot])
        return tie(run, link, from, run->slot[link->slot]);
    w = an_arena_get(run->arena, 1, sizeof(*w));
    if (w == NULL)
        return cv_fail(run, AN_NOMEM);
    *w = (struct cv_waiting){link, from, scope_of(run, link->slot),
                             run->waiting[link->slot]};
    run->waiting[link->slot] = w;
    return true;
}

/* A slot is filled: what waited for it in the same scope has its other end;
 * what waited in another waits for ever. */
static bool arrive(struct cv_run *run, unsigned slot, struct cv_resource *r)
{
    const struct cv_resource *scope = scope_of(run, slot);
    struct cv_waiting *w = run->waiting[slot];

    run->waiting[slot] = NULL;
    for (; w; w = w->next)
        if (w->scope == scope && w->from != r && !tie(run, w->link, w->from, r))
            return false;
    return true;
}

/* ---- slots ---------------------------------------------------------------- */

static bool is_within(unsigned slot, unsigned above)
{
    int s = cv_slots[slot].within;

    while (s >= 0 && (unsigned)s != above)
        s = cv_slots[s].within;
    return s >= 0;
}

static struct cv_resource *begin(struct cv_run *run, unsigned slot)
{
    struct cv_resource *r = cv_begin(run, slot);
    struct cv_resource *twin;

    if (r == NULL || !cv_name_slot(run, r, &twin))
        return NULL;
    if (twin)
        r = twin;
    else if (!cv_add(run, r))
        return NULL;
    if (run->slot[slot] != r)
        for (unsigned s = 0; s < cv_n_slots; s++)
            if (is_within(s, slot))
                run->slot[s] = NULL;
    run->slot[slot] = r;
    return arrive(run, slot, r) ? r : NULL;
}

static bool follow(struct cv_run *run, const struct cv_rule *rule)
{
    struct cv_at at = {.rep = 1};
    struct cv_resource *r = run->slot[rule->slot];
    bool ok = true;

    if (!hl7_triggered(&run->scope, &cv_triggers[rule->triggers.first],
                       rule->triggers.n) ||
        !cv_holds(run, &at, rule->tests) ||
        (rule->mode == CV_ONLY_IF && r == NULL))
        return true;
    if (rule->mode == CV_BEGIN || r == NULL)
        r = begin(run, rule->slot);
    if (r == NULL)
        return false;
    if (rule->map >= 0)
        cv_apply(run, (unsigned)rule->map, &r->root);
    for (unsigned i = 0; ok && i < rule->links.n; i++)
        ok = link_up(run, &cv_links[rule->links.first + i], r);
    return ok && run->code == AN_OK;
}

/* ---- segments ------------------------------------------------------------- */

static bool read_segment(struct cv_run *run, enum hl7_segment_id id,
                         size_t segment)
{
    unsigned first, end;

    run->id = id;
    run->segment = segment;
    run->earlier[id] = run->scope.latest[id];
    hl7_scope_enter(&run->scope, id, (int32_t)segment);
    cv_rules_of(id, &first, &end);
    for (; first < end; first++)
        if (!follow(run, &cv_rules[first]))
            return false;
    return true;
}

static bool walk(struct cv_run *run)
{
    struct hl7_turns turns = {0};
    size_t i;

    while (hl7_turn(run->m, &turns, &i)) {
        enum hl7_segment_id id =
            hl7_segment_id(an_str_c(run->m->segment[i].id));

        if (id != HL7_N_SEGMENTS && !read_segment(run, id, i))
            return false;
    }
    return true;
}

enum an_code hl7_convert(struct an_arena *arena,
                         const struct hl7_convert_settings *settings,
                         const struct hl7_message *m, struct hl7_converted *out,
                         struct an_err *err)
{
    struct cv_run *run = an_arena_get(arena, 1, sizeof(*run));

    *out = (struct hl7_converted){0};
    if (run == NULL)
        return an_fail_nomem(err);
    *run = (struct cv_run){
        .arena = arena, .settings = settings, .m = m, .err = err};
    hl7_scope_init(&run->scope, m);
    run->code = hl7_scope_trigger(&run->scope, arena, err);
    if (run->code == AN_OK && cv_name_message(run) && walk(run) &&
        cv_bundle(run, out))
        return AN_OK;
    return run->code;
}
