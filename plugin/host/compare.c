/* SPDX-License-Identifier: Apache-2.0 */
/* compare: procedures for one patient beside each other. */
#include "runtime/compare.h"
#include "context/agree.h"
#include "plugin/host/chart.h"
#include "plugin/host/command.h"
#include "plugin/host/compare_int.h"
#include "plugin/host/say.h"
#include "plugin/host/thread.h"
#include "plugin/think.h"
#include "plugin/zone.h"

#include <stdio.h>
#include <string.h>

struct request {
    struct pl_chart_ask chart;
    struct ctx_code procedure[RT_MAX_CANDIDATES];
    size_t n;
    struct an_str language;
    bool json;
};

/* "SYSTEM|CODE". */
static bool read_procedure(const char *value, struct request *q)
{
    struct an_str rest = an_str_c(value);
    struct ctx_code *to = &q->procedure[q->n];

    if (q->n == RT_MAX_CANDIDATES || !strchr(value, '|') ||
        !an_str_cut(&rest, '|', &to->system) || to->system.n == 0 ||
        rest.n == 0)
        return false;
    to->code = rest;
    q->n++;
    return true;
}

static bool read_option(const char *name, const char *value, struct request *q)
{
    struct an_time t;

    if (strcmp(name, "--procedure") == 0)
        return read_procedure(value, q);
    if (strcmp(name, "--language") == 0) {
        q->language = an_str_c(value);
        return true;
    }
    if (strcmp(name, "--as-of") == 0 &&
        an_time_fhir(an_str_c(value), NULL, &t)) {
        q->chart.as_of_us = t.us;
        return true;
    }
    return strcmp(name, "--for") == 0 &&
           pl_audience_of(value, &q->chart.audience) &&
           q->chart.audience != CTX_FOR_PATIENT;
}

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    int i = 0;

    *q = (struct request){.chart.as_of_us = CTX_AS_OF_ALL,
                          .language = AN_STR("en")};
    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        if (strcmp(in->argv[i], "--json") == 0)
            q->json = true;
        else if (i + 1 < in->argc &&
                 read_option(in->argv[i], in->argv[i + 1], q))
            i++;
        else
            return false;
    }
    if (in->argc - i == 2)
        q->chart.authority = an_str_c(in->argv[i++]);
    if (in->argc - i != 1 || q->n < RT_MIN_CANDIDATES)
        return false;
    q->chart.value = an_str_c(in->argv[i]);
    return q->chart.value.n > 0;
}

static void print(const struct ctx_comparison *c,
                  const struct ctx_suggestion *said, size_t n)
{
    (void)printf("model %.*s %.*s (%.12s)%s\n", AN_STR_ARG(c->model.name),
                 AN_STR_ARG(c->model.version),
                 c->model.digest.n ? c->model.digest.p : "",
                 c->model.demonstrator
                     ? ", a demonstrator trained on invented patients"
                     : "");
    pl_say_suggestions(said, n);
}

/* Numbers and words of it, at a moment with the hospital's offset. */
static enum an_code answer(const struct pl_mind *mind, struct an_arena *arena,
                           const struct request *q,
                           const struct ctx_agreed *agreed,
                           const struct adv_options *reader, struct an_err *err)
{
    const struct ctx_suggestion *said = NULL;
    struct pl_thinker *thinker = NULL;
    struct ctx_comparison c;
    size_t n = 0;
    enum an_code rc = pl_thinker_open(mind, &thinker, err);

    if (rc == AN_OK)
        rc = pl_compare(thinker, arena, &agreed->timeline, reader->now,
                        q->procedure, q->n, &c, err);
    if (rc == AN_OK && agreed->disputed && c.refusal == CTX_REFUSE_NONE) {
        c.refusal = CTX_REFUSE_ABSTAINS;
        c.abstention = CTX_ABSTAIN_DISPUTED;
        c.n_contrasts = 0;
    }
    if (rc == AN_OK)
        rc = pl_compare_words(mind, arena, &agreed->timeline, &c, reader, &said,
                              &n, err);
    if (rc == AN_OK && q->json)
        rc = pl_compare_json(arena, &c, said, n, err);
    else if (rc == AN_OK)
        print(&c, said, n);
    pl_thinker_close(thinker);
    return rc;
}

static enum an_code compare(const struct cfg_options *options,
                            struct pl_reader *store, struct an_arena *arena,
                            const void *request, struct an_err *err)
{
    const struct request *q = request;
    const struct cfg_texts *trusted = &options->trusted_senders;
    const bool now = q->chart.as_of_us == CTX_AS_OF_ALL;
    struct adv_options reader = {
        .now = an_time_us(now ? pl_clock_us(NULL) : q->chart.as_of_us),
        .language = q->language,
        .audience = q->chart.audience};
    struct pl_mind *mind = NULL;
    struct ctx_agreed agreed;
    struct pl_chart chart;
    struct an_zone zone;
    enum an_code rc = pl_chart(options, store, arena, &q->chart, &chart, err);

    if (rc != AN_OK)
        return rc;
    if (chart.view.opted_out) {
        (void)puts(q->json
                       ? "{\"refusal\":\"the patient has opted out\"}"
                       : "the patient has opted out: nothing is shown or said");
        return AN_OK;
    }
    reader.restricted = chart.view.n_withheld > 0;
    rc = ctx_agree(arena, &chart.view.timeline, trusted->item, trusted->n,
                   &agreed, err);
    if (rc == AN_OK)
        rc = pl_zone_make(arena, options->zone, &zone, err);
    if (rc == AN_OK)
        reader.now.offset_min = an_zone_offset(&zone, reader.now.us);
    if (rc == AN_OK)
        rc = pl_mind_open(options, &mind, err);
    if (rc == AN_OK)
        rc = answer(mind, arena, q, &agreed, &reader, err);
    pl_mind_close(mind);
    return rc;
}

int pl_command_compare(const struct pl_invocation *in)
{
    struct request q;

    return read_request(in, &q) ? pl_chart_command(in, compare, &q)
                                : pl_usage(in);
}
