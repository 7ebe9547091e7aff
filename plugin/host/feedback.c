/* SPDX-License-Identifier: Apache-2.0 */
/* feedback: which cards were shown, which were held back and why, and what became
 * of them.  By the last word about each; a card that nobody answered was
 * ignored, or its client does not tell. */
#include "plugin/host/command.h"
#include "plugin/host/feedback_int.h"
#include "plugin/host/say.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 256 << 20, WIDTH = 60 };

struct request {
    bool json;
    int64_t since_us;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    static const struct an_zone utc = {.offset_min = 0};

    *q = (struct request){.since_us = INT64_MIN};
    for (int i = 0; i < in->argc; i++) {
        struct an_time t;

        if (strcmp(in->argv[i], "--json") == 0) {
            q->json = true;
        } else if (strcmp(in->argv[i], "--since") == 0 && i + 1 < in->argc) {
            if (!an_time_fhir(an_str_c(in->argv[++i]), &utc, &t))
                return false;
            q->since_us = t.us;
        } else {
            return false;
        }
    }
    return true;
}

/* ---- sums -------------------------------------------------------------------- */

static bool is_same(const struct pl_dealt_row *a, const struct pl_dealt_row *b)
{
    return a->kind == b->kind && an_str_eq(a->service, b->service) &&
           an_str_eq(a->topic, b->topic);
}

bool pl_dealt_sum_next(const struct pl_dealt_report *r, size_t *at,
                       struct pl_dealt_sum *out)
{
    *out = (struct pl_dealt_sum){.row = r->row ? r->row + *at : NULL};
    for (; *at < r->n_rows && is_same(&r->row[*at], out->row); ++*at) {
        const struct pl_dealt_row *row = &r->row[*at];

        out->n_rows++;
        if (row->quiet != PL_QUIET_NONE)
            out->n_suppressed += row->n;
        else
            out->n_shown += row->n;
        if (row->answered && row->accepted)
            out->n_accepted += row->n;
        else if (row->answered)
            out->n_overridden += row->n;
    }
    return out->n_rows > 0;
}

bool pl_dealt_acceptance(const struct pl_dealt_sum *s, double *share)
{
    int64_t n = s->n_accepted + s->n_overridden;

    *share = n ? (double)s->n_accepted / (double)n : 0;
    return n > 0;
}

bool pl_dealt_per_100(int64_t n, int64_t of, double *rate)
{
    *rate = of > 0 ? 100 * (double)n / (double)of : 0;
    return of > 0;
}

/* ---- print ------------------------------------------------------------------- */

static void print_reasons(const struct pl_dealt_sum *s)
{
    for (size_t i = 0; i < s->n_rows; i++) {
        const struct pl_dealt_row *row = &s->row[i];

        if (row->answered && !row->accepted)
            (void)printf("  %s%.*s %lld", row->reason.n ? "" : "(no reason)",
                         AN_STR_ARG(row->reason), (long long)row->n);
        else if (row->quiet != PL_QUIET_NONE)
            (void)printf("  suppressed: %s %lld", pl_quiet_text(row->quiet),
                         (long long)row->n);
    }
}

static void print_sum(const struct pl_dealt_sum *s)
{
    double share;

    (void)printf("  %-12s  ", ctx_suggestion_text(s->row->kind));
    (void)printf("%-24.*s  %6lld  %10lld  %8lld  %10lld  ",
                 AN_STR_ARG(s->row->topic), (long long)s->n_shown,
                 (long long)s->n_suppressed, (long long)s->n_accepted,
                 (long long)s->n_overridden);
    if (pl_dealt_acceptance(s, &share))
        (void)printf("%7.1f%%", 100 * share);
    else
        (void)printf("%8s", "-");
    print_reasons(s);
    (void)putchar('\n');
}

static void print_rate(const char *of, int64_t n, int64_t n_of)
{
    double rate;

    if (pl_dealt_per_100(n, n_of, &rate))
        (void)printf("  %.1f cards per 100 %s (%lld)\n", rate, of,
                     (long long)n_of);
}

static void print_service(const struct pl_dealt_report *r,
                          const struct pl_dealt_to *to, size_t *at)
{
    struct pl_dealt_sum s;

    pl_say_text(to->service, WIDTH);
    (void)printf("\n  %-12s  %-24s  %6s  %10s  %8s  %10s  %8s\n", "kind",
                 "topic", "shown", "suppressed", "accepted", "overridden",
                 "accept");
    while (*at < r->n_rows && an_str_eq(r->row[*at].service, to->service) &&
           pl_dealt_sum_next(r, at, &s))
        print_sum(&s);
    print_rate("patients", to->n_shown, to->n_patients);
    print_rate("encounters", to->n_shown_in_encounters, to->n_encounters);
    print_rate("calls", to->n_shown, to->n_calls);
}

static enum an_code report(struct pl_reader *reader, struct an_arena *arena,
                           const struct request *q, struct an_err *err)
{
    struct pl_dealt_report r;
    struct an_str json;
    size_t at = 0;
    enum an_code rc = pl_dealt_read(reader, arena, q->since_us, &r, err);

    if (rc == AN_OK && q->json) {
        rc = pl_dealt_json(arena, &r, q->since_us, &json, err);
        if (rc == AN_OK)
            (void)printf("%.*s\n", AN_STR_ARG(json));
        return rc;
    }
    if (rc == AN_OK && r.n_to == 0)
        (void)puts("no card was made");
    for (size_t i = 0; rc == AN_OK && i < r.n_to; i++)
        print_service(&r, &r.to[i], &at);
    return rc;
}

int pl_command_feedback(const struct pl_invocation *in)
{
    struct pl_reader *reader = NULL;
    struct pl_settings settings;
    struct an_arena arena;
    struct request q;
    struct an_err err;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_reader(in, &arena, &settings, &reader, &err);
    if (rc == AN_OK)
        rc = report(reader, &arena, &q, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
