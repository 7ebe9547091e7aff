/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/people.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SIZE = 256 };

static int by_who(const void *a, const void *b)
{
    const struct tr_deid_person *x = a, *y = b;

    if (x->who != y->who)
        return x->who < y->who ? -1 : 1;
    return (x->looks > y->looks) - (x->looks < y->looks);
}

static int by_looks(const void *a, const void *b)
{
    const struct tr_deid_person *x = a, *y = b;

    return (x->looks > y->looks) - (x->looks < y->looks);
}

/* One row a person: of several looks, the one with the largest hash, so that
 * the order of arrival does not matter. */
static void join(struct tr_deid_people *p)
{
    size_t n = 0;

    if (p->n == 0)
        return;
    qsort(p->person, p->n, sizeof(*p->person), by_who);
    for (size_t i = 0; i < p->n; i++) {
        if (n && p->person[n - 1].who == p->person[i].who)
            n--;
        p->person[n++] = p->person[i];
    }
    p->n = n;
}

enum an_code tr_deid_people_add(struct tr_deid_people *p, uint64_t who,
                                struct an_str zip3, struct an_str birth,
                                struct an_str sex, struct an_err *err)
{
    char looks[64], letter = sex.n ? sex.p[0] : ' ';
    int n;

    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - ('a' - 'A'));
    n = snprintf(looks, sizeof(looks), "%.*s|%.*s|%c", AN_STR_ARG(zip3),
                 AN_STR_ARG(birth), letter);

    if (n < 0 || (size_t)n >= sizeof(looks))
        return an_fail(err, AN_LIMIT, "a value is too long", 0);
    if (p->n == p->size) {
        join(p);
        if (2 * p->n >= p->size) {
            size_t size = p->size ? 2 * p->size : FIRST_SIZE;
            struct tr_deid_person *more =
                realloc(p->person, size * sizeof(*more));

            if (more == NULL)
                return an_fail_nomem(err);
            p->person = more;
            p->size = size;
        }
    }
    p->person[p->n++] = (struct tr_deid_person){
        who, an_str_hash((struct an_str){looks, (size_t)n})};
    return AN_OK;
}

void tr_deid_people_alike(struct tr_deid_people *p, struct tr_deid_alike *out)
{
    size_t k;

    *out = (struct tr_deid_alike){0, 0, 0, 0};
    join(p);
    if (p->n == 0)
        return;
    out->n_people = p->n;
    out->min_k = p->n;
    qsort(p->person, p->n, sizeof(*p->person), by_looks);
    for (size_t i = 0; i < p->n; i += k) {
        for (k = 1;
             i + k < p->n && p->person[i + k].looks == p->person[i].looks;)
            k++;
        out->min_k = k < out->min_k ? k : out->min_k;
        out->below_5 += k < 5 ? k : 0;
        out->below_11 += k < 11 ? k : 0;
    }
}

void tr_deid_people_close(struct tr_deid_people *p)
{
    free(p->person);
    *p = (struct tr_deid_people){NULL, 0, 0};
}
