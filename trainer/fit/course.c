/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/course.h"

#include "trainer/put.h"

/* Every second of those that are kept; the last may be none of them. */
static void thin(struct tr_course *c)
{
    int64_t n = 0;

    c->every *= 2;
    for (int64_t i = 0; i < c->n; i++)
        if (c->at[i].epoch % c->every == 0)
            c->at[n++] = c->at[i];
    c->n = n;
}

void tr_course_add(struct tr_course *c, const struct tr_course_at *epoch)
{
    if (c->every == 0)
        c->every = 1;
    if (c->n && c->at[c->n - 1].epoch % c->every != 0)
        c->n--;
    if (c->n == TR_COURSE_EPOCHS)
        thin(c);
    c->at[c->n++] = *epoch;
}

void tr_course_write(const struct tr_course *c, struct an_json_out *w)
{
    if (c->n == 0)
        return;
    an_out_key(w, "epochs");
    an_out_array(w);
    for (int64_t i = 0; i < c->n; i++) {
        const struct tr_course_at *at = &c->at[i];

        an_out_object(w);
        an_out_key(w, "epoch");
        an_out_i64(w, at->epoch);
        tr_put_number(w, "train", at->train);
        tr_put_number(w, "tune", at->tune);
        tr_put_number(w, "next", at->next);
        tr_put_number(w, "outcomes", at->outcomes);
        an_out_end(w);
    }
    an_out_end(w);
}
