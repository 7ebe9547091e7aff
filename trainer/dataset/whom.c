/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/whom.h"

#include <math.h>

/* Keep the TR_WHOM_TH least of n + 1 numbers, sorted. */
static void keep_least(double *least, uint32_t n, double one)
{
    uint32_t i = n < TR_WHOM_TH ? n : TR_WHOM_TH;

    for (; i > 0 && least[i - 1] > one; i--)
        if (i < TR_WHOM_TH)
            least[i] = least[i - 1];
    if (i < TR_WHOM_TH)
        least[i] = one;
}

/* The person who was being added is complete; n others were before. */
static void close_person(struct tr_whom *w, uint32_t n)
{
    keep_least(w->low, n, w->youngest);
    keep_least(w->high, n, -w->oldest);
    w->n_again += w->oldest > w->youngest;
}

void tr_whom_add(struct tr_whom *w, uint32_t person, double years, uint8_t sex)
{
    if (w->person == person) {
        w->youngest = fmin(w->youngest, years);
        w->oldest = fmax(w->oldest, years);
        return;
    }
    if (w->person)
        close_person(w, w->n_people - 1);
    w->person = person;
    w->youngest = w->oldest = years;
    w->n_people++;
    w->n_female += sex == RT_FEMALE;
    w->n_male += sex == RT_MALE;
}

/* At least one in TR_WHOM_SHARE. */
static bool are_some(uint32_t n, uint32_t of)
{
    return n && n * (uint64_t)TR_WHOM_SHARE >= of;
}

struct rt_whom tr_whom_bounds(const struct tr_whom *w)
{
    struct tr_whom all = *w;
    double from, to;
    uint8_t sexes = 0;

    if (w->n_people < TR_WHOM_PEOPLE)
        return (struct rt_whom){.age_to = 0};
    close_person(&all, all.n_people - 1);
    from = floor(all.low[TR_WHOM_TH - 1] / TR_WHOM_STEP) - 1;
    to = floor(-all.high[TR_WHOM_TH - 1] / TR_WHOM_STEP) + 2;
    if (are_some(all.n_female, all.n_people))
        sexes |= RT_FEMALE;
    if (are_some(all.n_male, all.n_people))
        sexes |= RT_MALE;
    return (struct rt_whom){(uint16_t)(fmax(from, 0) * TR_WHOM_STEP),
                            (uint16_t)(fmax(to, 1) * TR_WHOM_STEP), sexes,
                            !are_some(all.n_again, all.n_people)};
}

void tr_whom_write(const struct tr_whom *w, struct an_json_out *out)
{
    const struct rt_whom is = tr_whom_bounds(w);

    if (is.age_to == 0)
        return;
    an_out_key(out, "ages");
    an_out_array(out);
    an_out_i64(out, is.age_from);
    an_out_i64(out, is.age_to);
    an_out_end(out);
    if (is.sexes) {
        an_out_key(out, "sexes");
        an_out_array(out);
        if (is.sexes & RT_FEMALE)
            an_out_str(out, AN_STR("female"));
        if (is.sexes & RT_MALE)
            an_out_str(out, AN_STR("male"));
        an_out_end(out);
    }
    if (is.once) {
        an_out_key(out, "once");
        an_out_bool(out, true);
    }
}
