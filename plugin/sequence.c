/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/sequence.h"

#include <string.h>

static void drop(struct pl_sequence *s, size_t i)
{
    s->n_gaps--;
    memmove(&s->gap[i], &s->gap[i + 1], (s->n_gaps - i) * sizeof(s->gap[0]));
}

static void add(struct pl_sequence *s, size_t at, int64_t from, int64_t until)
{
    if (s->n_gaps == PL_SEQUENCE_GAPS) {
        drop(s, 0);
        at -= at > 0;
    }
    memmove(&s->gap[at + 1], &s->gap[at], (s->n_gaps - at) * sizeof(s->gap[0]));
    s->gap[at] = (struct pl_range){from, until};
    s->n_gaps++;
}

/* Out of the gap that it lies in; false when it lies in none. */
static bool fill(struct pl_sequence *s, int64_t n)
{
    size_t i = 0;
    int64_t until;

    while (i < s->n_gaps && (n < s->gap[i].from || n > s->gap[i].until))
        i++;
    if (i == s->n_gaps)
        return false;
    until = s->gap[i].until;
    if (s->gap[i].from == s->gap[i].until) {
        drop(s, i);
    } else if (n == s->gap[i].from) {
        s->gap[i].from++;
    } else {
        s->gap[i].until = n - 1;
        if (n < until)
            add(s, i + 1, n + 1, until);
    }
    s->n_late++;
    return true;
}

void pl_sequence_begin(struct pl_sequence *s, int64_t last)
{
    s->known = true;
    s->last = last;
    s->n_gaps = 0;
    s->low_run = 0;
}

int64_t pl_sequence_up_to(struct pl_sequence *s, int64_t number)
{
    int64_t n = 0;

    if (s->known && number > s->last) {
        n = number - s->last;
        add(s, s->n_gaps, s->last + 1, number);
        s->n_missed += (uint64_t)n;
    }
    if (!s->known || number > s->last)
        s->last = number;
    s->known = true;
    return n;
}

int64_t pl_sequence_close(struct pl_sequence *s, int64_t number)
{
    int64_t n = 0;

    for (size_t i = s->n_gaps; i--;) {
        if (s->gap[i].from > number)
            continue;
        n += s->gap[i].until - s->gap[i].from + 1;
        drop(s, i);
    }
    return n;
}

/* One below the highest, that was not missing. */
static bool begins_anew(struct pl_sequence *s, int64_t number)
{
    bool follows = s->low_run && number == s->low + 1;

    s->low_run = follows ? s->low_run + 1 : 1;
    s->low = number;
    return number <= 1 || s->low_run == PL_SEQUENCE_RUN;
}

enum pl_sequence_news pl_sequence_note(struct pl_sequence *s, int64_t number,
                                       bool restarts)
{
    bool gap;

    if (!s->known) {
        pl_sequence_begin(s, number);
        return PL_SEQUENCE_FIRST;
    }
    if (number > s->last) {
        gap = pl_sequence_up_to(s, number - 1) > 0;
        s->last = number;
        s->low_run = 0;
        return gap ? PL_SEQUENCE_GAP : PL_SEQUENCE_NEXT;
    }
    if (fill(s, number))
        return PL_SEQUENCE_LATE;
    if (!restarts || number == s->last || !begins_anew(s, number))
        return PL_SEQUENCE_AGAIN;
    pl_sequence_begin(s, number);
    return PL_SEQUENCE_RESTART;
}

int64_t pl_sequence_missing(const struct pl_sequence *s)
{
    int64_t n = 0;

    for (size_t i = 0; i < s->n_gaps; i++)
        n += s->gap[i].until - s->gap[i].from + 1;
    return n;
}
