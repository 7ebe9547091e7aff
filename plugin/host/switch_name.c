/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/switch_name.h"

#include "advice/score.h"
#include "config/nearest.h"
#include "plugin/think.h"
#include "plugin/trust/switches.h"

#include <stdio.h>

/* A copy that ends in NUL; NULL without memory. */
static const char *copy_of(struct an_arena *arena, struct an_str s)
{
    struct an_str copy;

    return an_arena_str(arena, s, &copy) ? copy.p : NULL;
}

enum an_code pl_switch_names(struct an_arena *arena,
                             const struct cfg_options *options,
                             const char *const **out, size_t *n,
                             struct an_err *err)
{
    struct adv_knowledge known;
    const char **name;
    size_t i = 0;
    enum an_code rc = pl_outcomes_read(arena, options, &known, err);

    *n = 0;
    if (rc != AN_OK)
        return rc;
    name = an_arena_get(arena,
                        known.n_outcomes + ADV_N_SCORES + CTX_N_SUGGESTIONS + 1,
                        sizeof(*name));
    if (name == NULL)
        return an_fail_nomem(err);
    for (size_t k = 0; k < known.n_outcomes; k++)
        name[i++] = copy_of(arena, known.outcome[k].id);
    for (size_t k = 0; k < ADV_N_SCORES; k++)
        name[i++] = copy_of(arena, adv_scores[k].topic);
    for (unsigned k = 0; k < CTX_N_SUGGESTIONS; k++)
        name[i++] = ctx_suggestion_text(k);
    name[i++] = PL_SWITCH_ALL;
    for (size_t k = 0; k < i; k++)
        if (name[k] == NULL)
            return an_fail_nomem(err);
    *out = name;
    *n = i;
    return AN_OK;
}

enum an_code pl_switch_name_check(struct an_arena *arena,
                                  const struct cfg_options *options,
                                  struct an_str name, struct an_err *err)
{
    const char *const *known;
    size_t n, near;
    enum an_code rc = pl_switch_names(arena, options, &known, &n, err);

    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (an_str_eq(name, an_str_c(known[i])))
            return AN_OK;
    near = cfg_nearest(name, known, n);
    if (near == n)
        return an_fail(err, AN_NOTFOUND,
                       "nothing of that name is ever said: name an outcome, a "
                       "score, a kind of suggestion, or all",
                       0);
    (void)an_fail(err, AN_NOTFOUND,
                  "nothing of that name is ever said; the "
                  "nearest is this",
                  0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%s",
                       known[near]);
    return AN_NOTFOUND;
}
