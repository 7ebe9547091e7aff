/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/choose.h"

/* One outcome speaks once: at its nearest horizon. */
static bool is_later(const struct ctx_suggestion *s, const size_t *place,
                     size_t n, size_t i)
{
    const struct ctx_suggestion *me = &s[place[i]];

    if (me->kind != CTX_SUGGEST_RISK)
        return false;
    for (size_t k = 0; k < n; k++) {
        const struct ctx_suggestion *other = &s[place[k]];

        if (other->kind == CTX_SUGGEST_RISK &&
            other->audience == me->audience &&
            an_str_eq(other->topic, me->topic) &&
            an_str_eq(other->language, me->language) &&
            other->horizon_days < me->horizon_days)
            return true;
    }
    return false;
}

static int rank(const struct ctx_suggestion *s)
{
    switch ((enum ctx_suggestion_kind)s->kind) {
    case CTX_SUGGEST_RISK: return 0;
    case CTX_SUGGEST_DIFFERENTIAL: return 1;
    case CTX_SUGGEST_SCORE: return 2;
    case CTX_SUGGEST_SUMMARY:
    case CTX_SUGGEST_COMPARISON:
    case CTX_SUGGEST_DOSING:
    case CTX_N_SUGGESTIONS: break;
    }
    return 3;
}

static bool goes_before(const struct ctx_suggestion *a,
                        const struct ctx_suggestion *b)
{
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    return a->kind == CTX_SUGGEST_RISK && a->p > b->p;
}

size_t pl_choose(const struct ctx_suggestion *s, size_t *place, size_t n,
                 size_t room)
{
    size_t kept = 0, n_risks = 0;

    /* A few dozen at most: insertion keeps equals in their order. */
    for (size_t i = 0; i < n; i++) {
        size_t me = place[i], at = kept;

        if (is_later(s, place, n, i))
            continue;
        while (at > 0 && goes_before(&s[me], &s[place[at - 1]])) {
            place[at] = place[at - 1];
            at--;
        }
        place[at] = me;
        kept++;
    }
    while (n_risks < kept && s[place[n_risks]].kind == CTX_SUGGEST_RISK)
        n_risks++;
    if (room > 1 && n_risks >= room && n_risks < kept &&
        s[place[n_risks]].kind == CTX_SUGGEST_DIFFERENTIAL)
        place[room - 1] = place[n_risks];
    return kept < room ? kept : room;
}
