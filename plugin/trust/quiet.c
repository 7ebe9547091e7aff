/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/quiet.h"

#include "base/hash.h"
#include "base/sort.h"

const char *pl_quiet_text(unsigned quiet)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_QUIETS(X)
#undef X
    };

    return quiet < PL_N_QUIETS ? text[quiet] : "unknown";
}

enum pl_response pl_response_of(struct an_str reason)
{
    static const struct {
        struct an_str code;
        enum pl_response means;
    } known[] = {
        {AN_STR_INIT("known"), PL_RESPONSE_DONE},
        {AN_STR_INIT("already-known"), PL_RESPONSE_DONE},
        {AN_STR_INIT("already-done"), PL_RESPONSE_DONE},
        {AN_STR_INIT("action-completed"), PL_RESPONSE_DONE},
        {AN_STR_INIT("does-not-apply"), PL_RESPONSE_NOT_APPLICABLE},
        {AN_STR_INIT("not-applicable-patient"), PL_RESPONSE_NOT_APPLICABLE},
        {AN_STR_INIT("cds-not-applicable"), PL_RESPONSE_NOT_APPLICABLE},
        {AN_STR_INIT("patient-ineligible"), PL_RESPONSE_NOT_APPLICABLE},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(reason, known[i].code))
            return known[i].means;
    return PL_RESPONSE_OTHER;
}

/* ---- rules ---------------------------------------------------------------- */

static enum an_code refuse(const struct cfg_options *o, enum cfg_option_id at,
                           const char *what, const char *file,
                           struct an_err *err)
{
    return o->line[at]
               ? an_fail_line(err, AN_CONFIG, what, file, o->line[at], 1)
               : an_fail(err, AN_CONFIG, what, 0);
}

/* SERVICE=N */
static bool read_room(struct an_str item, struct an_str *service, size_t *room)
{
    uint64_t n;

    if (!an_str_cut(&item, '=', service) || service->n == 0 ||
        !an_str_u64(item, &n) || n < 1 || n > 50)
        return false;
    *room = (size_t)n;
    return true;
}

size_t pl_quiet_room(const struct cfg_options *options, struct an_str service)
{
    size_t room;
    struct an_str of;

    for (size_t i = 0; i < options->cds_service_cards.n; i++)
        if (read_room(options->cds_service_cards.item[i], &of, &room) &&
            an_str_eq(of, service))
            return room;
    return (size_t)options->cds_max_cards;
}

enum an_code pl_quiet_rules_of(const struct cfg_options *options,
                               const char *file, struct pl_quiet_rules *out,
                               struct an_err *err)
{
    static const char no_bands[] =
        "cds.quiet.bands takes whole per cent, growing, from 1 to 99";
    const struct cfg_texts *cards = &options->cds_service_cards;
    uint64_t last = 0, percent;
    struct an_str service;
    size_t room;

    *out = (struct pl_quiet_rules){
        .admitted_us = options->quiet_admitted_ms * 1000,
        .otherwise_us = options->quiet_otherwise_ms * 1000,
        .accepted_us = options->quiet_accepted_ms * 1000,
        .done_us = options->quiet_done_ms * 1000,
        .not_applicable_us = options->quiet_not_applicable_ms * 1000,
        .rise = (double)options->quiet_rise / 100};
    for (size_t i = 0; i < cards->n; i++)
        if (!read_room(cards->item[i], &service, &room))
            return refuse(options, CFG_OPT_cds_service_cards,
                          "cds.service_cards takes SERVICE=N, N from 1 to 50",
                          file, err);
    if (options->quiet_bands.n > PL_QUIET_BANDS)
        return refuse(options, CFG_OPT_quiet_bands, no_bands, file, err);
    for (size_t i = 0; i < options->quiet_bands.n; i++) {
        if (!an_str_u64(options->quiet_bands.item[i], &percent) ||
            percent <= last || percent > 99)
            return refuse(options, CFG_OPT_quiet_bands, no_bands, file, err);
        out->band[out->n_bands++] = (double)percent / 100;
        last = percent;
    }
    return AN_OK;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t pl_quiet_longest_us(const struct pl_quiet_rules *r)
{
    return later(later(later(r->admitted_us, r->otherwise_us),
                       later(r->accepted_us, r->done_us)),
                 r->not_applicable_us);
}

/* ---- one suggestion -------------------------------------------------------- */

/* Not of a moment in the past: a clock that was set back ends no window. */
static bool is_within(int64_t from_us, int64_t now_us, int64_t window_us)
{
    return window_us > 0 && (from_us > now_us || now_us - from_us < window_us);
}

static enum pl_quiet by_response(const struct pl_quiet_rules *r,
                                 const struct pl_quiet_showing *s,
                                 int64_t now_us)
{
    const struct {
        enum pl_quiet quiet;
        int64_t window_us;
    } of[PL_N_RESPONSES] = {
        [PL_RESPONSE_ACCEPTED] = {PL_QUIET_ACCEPTED, r->accepted_us},
        [PL_RESPONSE_DONE] = {PL_QUIET_DONE, r->done_us},
        [PL_RESPONSE_NOT_APPLICABLE] = {PL_QUIET_NOT_APPLICABLE,
                                        r->not_applicable_us}};

    if (s->response >= PL_N_RESPONSES ||
        !is_within(s->response_us, now_us, of[s->response].window_us))
        return PL_QUIET_NONE;
    return of[s->response].quiet;
}

static size_t band_of(const struct pl_quiet_rules *r, double p)
{
    size_t n = 0;

    while (n < r->n_bands && p >= r->band[n])
        n++;
    return n;
}

/* Worse than when it was shown.  Of what has no number, never. */
static bool is_worse(const struct pl_quiet_rules *r,
                     const struct pl_quiet_case *c,
                     const struct pl_quiet_showing *s)
{
    if (!c->has_p || !s->has_p)
        return false;
    return band_of(r, c->p) > band_of(r, s->p) ||
           (r->rise > 0 && c->p - s->p >= r->rise);
}

enum pl_quiet pl_quiet_judge(const struct pl_quiet_rules *r,
                             const struct pl_quiet_case *c)
{
    int64_t window_us = c->is_admitted ? r->admitted_us : r->otherwise_us;
    enum pl_quiet found = PL_QUIET_NONE;

    if (c->has_p && c->has_threshold && !(c->p >= c->p_threshold))
        return PL_QUIET_THRESHOLD;
    for (size_t i = 0; i < c->n_shown; i++) {
        const struct pl_quiet_showing *s = &c->shown[i];
        enum pl_quiet why = by_response(r, s, c->now_us);

        if (is_worse(r, c, s))
            continue;
        if (why == PL_QUIET_NONE &&
            is_within(s->shown_us, c->now_us, window_us))
            why = PL_QUIET_REPEATED;
        if (why > found)
            found = why;
    }
    return found;
}

/* ---- drivers ---------------------------------------------------------------- */

static int by_concept(const void *x, const void *y)
{
    const struct ctx_code *a = x, *b = y;
    int order = an_str_cmp(a->system, b->system);

    return order ? order : an_str_cmp(a->code, b->code);
}

static enum an_code add_text(struct an_sha256_run *run, struct an_str text,
                             struct an_err *err)
{
    enum an_code code = an_sha256_add(run, text, err);

    return code == AN_OK ? an_sha256_add(run, (struct an_str){"\0", 1}, err)
                         : code;
}

enum an_code pl_quiet_drivers(struct an_arena *arena,
                              const struct ctx_suggestion *s, int64_t *out,
                              struct an_err *err)
{
    size_t n_all = s->n_evidence + s->n_next, n = 0;
    struct ctx_code *all = an_arena_get(arena, n_all, sizeof(*all));
    struct ctx_code *scratch =
        an_arena_get(arena, n_all / 2 + 1, sizeof(*scratch));
    struct an_sha256_run run;
    struct an_sha256 hash;
    enum an_code code;
    uint64_t name = 0;

    if (all == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < s->n_evidence; i++)
        if (s->evidence[i].event)
    all[n++] = s->evidence[i].event->concept;
    for (size_t i = 0; i < s->n_next; i++)
    all[n++] = s->next[i].concept;
    an_sort(all, n, sizeof(*all), scratch, by_concept);
    code = an_sha256_begin(&run, err);
    if (code != AN_OK)
        return code;
    code = add_text(&run, s->value, err);
    for (size_t i = 0; code == AN_OK && i < n; i++) {
        if (i && by_concept(&all[i - 1], &all[i]) == 0)
            continue;
        code = add_text(&run, all[i].system, err);
        if (code == AN_OK)
            code = add_text(&run, all[i].code, err);
    }
    an_sha256_end(&run, code == AN_OK ? &hash : NULL);
    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < sizeof(name); i++)
        name = name << 8 | hash.b[i];
    *out = (int64_t)(name >> 1);
    return AN_OK;
}
