/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/site.h"

_Static_assert(TR_N_GROUPS <= 8, "a bit of a byte each");

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
