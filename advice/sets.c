/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/sets.h"

#include "advice/code.h"
#include "advice/table.h"

/* system, code, set, text */
static const struct adv_row rows[] = {
#include "config/tables/concept-sets.inc"
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static uint32_t set_bit(struct an_str name)
{
    static const struct an_str text[] = {
#define X(name, text) AN_STR_INIT(text),
        ADV_SETS(X)
#undef X
    };

    for (unsigned i = 0; i < ADV_N_SETS; i++)
        if (an_str_eq(name, text[i]))
            return UINT32_C(1) << i;
    return 0;
}

static uint32_t look_up(struct an_str system, struct an_str code)
{
    size_t first, n = adv_rows_find(rows, N_ROWS, system, code, &first);
    uint32_t sets = 0;

    for (size_t i = first; i < first + n; i++)
        sets |= set_bit(an_str_c(rows[i].third));
    return sets;
}

uint32_t adv_sets_of_code(const struct ctx_code *code)
{
    enum adv_system system = adv_system_of(code->system);
    struct an_str name = adv_system_name(system);
    char plain_buf[ADV_CODE_BYTES], key[ADV_CODE_BYTES + 1];
    struct an_str plain = adv_code_plain(system, code->code, plain_buf);
    uint32_t sets;

    if (name.n == 0 || plain.n == 0 || plain.n > ADV_CODE_BYTES)
        return 0;
    sets = look_up(name, plain);
    if (system != ADV_SYSTEM_ICD10)
        return sets; /* the table has prefixes for ICD-10 only */
    for (size_t n = 0; n < plain.n; n++) {
        key[n] = plain.p[n];
        key[n + 1] = '*';
        if (n >= 2)
            sets |= look_up(name, (struct an_str){key, n + 2});
    }
    return sets;
}

uint32_t adv_sets_of(const struct ctx_event *e)
{
    uint32_t sets = adv_sets_of_code(&e->concept);

    for (size_t i = 0; i < e->n_aliases; i++)
        sets |= adv_sets_of_code(&e->alias[i]);
    return sets;
}
