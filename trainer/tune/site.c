/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/site.h"

#include <stdlib.h>

_Static_assert(TR_N_GROUPS <= 8, "a bit of a byte each");

/* ---- who is where ---------------------------------------------------------- */

struct who {
    uint64_t key;
    uint32_t split, at;
};

static int who_cmp(const void *a, const void *b)
{
    const struct who *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

enum an_code tr_site_count(struct an_arena *arena, const struct tr_cohort *c,
                           size_t n[TR_N_SPLITS], struct an_err *err)
{
    struct who *who = an_arena_get(arena, c->n_patients, sizeof(*who));

    for (int s = 0; s < TR_N_SPLITS; s++)
        n[s] = 0;
    if (who == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < c->n_patients; i++)
        who[i] =
            (struct who){c->patient[i].key, c->patient[i].split, (uint32_t)i};
    if (c->n_patients)
        qsort(who, c->n_patients, sizeof(*who), who_cmp);
    for (size_t i = 0; i < c->n_patients; i++) {
        const bool again = i && who[i - 1].key == who[i].key;

        n[who[i].split] += !again;
        if (!again || who[i - 1].split == who[i].split)
            continue;
        an_fail(err, AN_CONFLICT, "a patient is in two splits", 0);
        if (err)
            err->where.line = who[i].at + 1;
        return AN_CONFLICT;
    }
    return AN_OK;
}

/* ---- groups ---------------------------------------------------------------- */

enum an_code tr_site_groups(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_predicted *p, uint8_t **in,
                            struct an_err *err)
{
    struct tr_grouped g;
    enum an_code code = tr_grouped_init(&g, arena, d, p, err);

    *in = an_arena_get(arena, p->n, 1);
    if (code == AN_OK && *in == NULL)
        code = an_fail_nomem(err);
    for (size_t q = 0; code == AN_OK && q < p->n; q++)
        (*in)[q] = (uint8_t)(1U << g.sex_q[q] | 1U << g.age_q[q]);
    return code;
}
