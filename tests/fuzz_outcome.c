/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an outcome: refused with a place inside the text, or read into
 * one that can be asked about and keeps its promises. */
#include "advice/outcome.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct adv_outcome *o)
{
    static const struct ctx_event death = {
        .kind = CTX_DEATH,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = 5, .precision = AN_TIME_DAY}};
    static const struct ctx_event *const order[] = {&death};
    static const struct ctx_timeline t = {order, 1, INT64_MAX};
    struct adv_after after = adv_outcome_after(o, &t, 0);
    int64_t from;

    must(o->id.n > 0 && o->use.n > 0 && o->n_titles > 0);
    must(adv_outcome_title(o, AN_STR("xx")).n > 0);
    must(o->n_horizons > 0 && o->n_horizons <= ADV_OUTCOME_HORIZONS);
    for (size_t i = 0; i < o->n_horizons; i++)
        must(o->horizon_days[i] > (i ? o->horizon_days[i - 1] : o->gap_days));
    must(o->audiences != 0);
    must(!(o->audiences & (1U << CTX_FOR_PATIENT)));
    must(!(o->patient && o->death_counts));
    must(o->has_threshold == (o->report.n > 0));
    must(!o->has_threshold || (o->p_threshold > 0 && o->p_threshold < 1));
    must((o->from.n_rules > 0) == (o->start == ADV_START_DISCHARGE));
    must(after.death == &death);
    must(adv_outcome_ask(o, &t, 10, &from) == CTX_ABSTAIN_NOT_AT_RISK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_arena arena;
    struct adv_outcome o;
    struct an_err err;

    an_arena_init(&arena, 64 << 20);
    if (adv_outcome_read(&arena, (struct an_str){(const char *)data, n},
                         "fuzz.yaml", &o, &err) == AN_OK)
        check(&o);
    else
        must(err.code != AN_OK && err.code != AN_INTERNAL);
    an_arena_free(&arena);
    return 0;
}
