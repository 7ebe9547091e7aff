/* SPDX-License-Identifier: Apache-2.0 */
/* show: one patient's timeline, as known now or as of a moment. */
#include "context/agree.h"
#include "plugin/host/chart.h"
#include "plugin/host/command.h"
#include "plugin/host/say.h"
#include "plugin/host/thread.h"
#include "plugin/think.h"
#include "plugin/zone.h"

#include <stdio.h>
#include <string.h>

struct request {
    struct pl_chart_ask chart;
    bool sources, risks;
    struct an_str language;
};

/* One option that takes a value. */
static bool read_option(const char *name, const char *value, struct request *q)
{
    struct an_time t;

    if (strcmp(name, "--as-of") == 0 &&
        an_time_fhir(an_str_c(value), NULL, &t)) {
        q->chart.as_of_us = t.us;
        return true;
    }
    if (strcmp(name, "--language") == 0) {
        q->language = an_str_c(value);
        return true;
    }
    return strcmp(name, "--for") == 0 &&
           pl_audience_of(value, &q->chart.audience);
}

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    int i = 0;

    *q = (struct request){.chart.as_of_us = CTX_AS_OF_ALL,
                          .language = AN_STR("en")};
    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        if (strcmp(in->argv[i], "--sources") == 0)
            q->sources = true;
        else if (strcmp(in->argv[i], "--risks") == 0)
            q->risks = true;
        else if (i + 1 < in->argc &&
                 read_option(in->argv[i], in->argv[i + 1], q))
            i++;
        else
            return false;
    }
    if (in->argc - i == 2)
        q->chart.authority = an_str_c(in->argv[i++]);
    if (in->argc - i != 1)
        return false;
    q->chart.value = an_str_c(in->argv[i]);
    return q->chart.value.n > 0;
}

static void print_person(const struct ctx_person *p)
{
    for (size_t i = 0; i < p->n_members; i++) {
        const struct ctx_identifier *id = &p->member[i].id;

        pl_say_pair(i == p->current ? "patient " : "  also ", id->authority,
                    " ", id->value,
                    p->member[i].retired ? " (merged)\n" : "\n");
    }
}

/* What the model makes of it, as of the asked moment or of now. */
static enum an_code think(const struct cfg_options *options,
                          struct an_arena *arena, const struct request *q,
                          const struct pl_view *view, struct an_err *err)
{
    const struct cfg_texts *trusted = &options->trusted_senders;
    struct ctx_agreed agreed;
    const struct ctx_timeline *t = &agreed.timeline;
    bool now = q->chart.as_of_us == CTX_AS_OF_ALL;
    struct adv_options reader = {
        .now = an_time_us(now ? pl_clock_us(NULL) : q->chart.as_of_us),
        .language = q->language,
        .audience = q->chart.audience,
        .restricted = view->n_withheld > 0};
    const struct ctx_suggestion *suggestion;
    struct pl_thinker *thinker = NULL;
    struct ctx_forecast forecast;
    struct pl_mind *mind = NULL;
    struct an_zone zone;
    size_t n = 0;
    enum an_code rc = ctx_agree(arena, &view->timeline, trusted->item,
                                trusted->n, &agreed, err);

    if (rc == AN_OK)
        rc = pl_mind_open(options, &mind, err);
    if (rc == AN_OK)
        rc = pl_zone_make(arena, options->zone, &zone, err);
    if (rc == AN_OK)
        reader.now.offset_min = an_zone_offset(&zone, reader.now.us);
    if (rc == AN_OK)
        rc = pl_thinker_open(mind, &thinker, err);
    if (rc == AN_OK)
        rc = pl_forecast(thinker, arena, t, reader.now, &forecast, err);
    if (rc == AN_OK && agreed.disputed) {
        forecast.abstention = CTX_ABSTAIN_DISPUTED;
        forecast.n_risks = forecast.n_next = 0;
    }
    if (rc == AN_OK)
        rc = pl_words(mind, arena, t, &forecast, &reader, &suggestion, &n, err);
    if (rc == AN_OK) {
        forecast.restricted = reader.restricted;
        pl_say_forecast(&forecast);
        pl_say_suggestions(suggestion, n);
    }
    pl_thinker_close(thinker);
    pl_mind_close(mind);
    return rc;
}

/* They are in no view: they are what a view is made by. */
static void print_consents(const struct pl_history *h, const struct request *q,
                           unsigned permitted)
{
    const struct ctx_timeline *t = &h->timeline;

    for (size_t i = 0; i < t->n_events; i++)
        if (t->event[i]->kind == CTX_CONSENT &&
            ctx_label_allows(permitted, ctx_label_needs(t->event[i]->labels)))
            pl_say_event(t->event[i], q->sources);
}

static void say_dispute(const struct ctx_agreed *a, unsigned which,
                        const char *what, const struct ctx_event *e)
{
    if (!((a->disputed | a->decided) & which))
        return;
    pl_say_pair("senders disagree about the ", an_str_c(what), ": that of ",
                ctx_agree_sender(e),
                a->decided & which
                    ? " counts, as trusted_senders has it\n"
                    : " was said last; what depends on it is not said\n");
}

/* Both are kept; which one counts, and why. */
static enum an_code print_disputes(const struct cfg_options *options,
                                   struct an_arena *arena,
                                   const struct ctx_timeline *t,
                                   struct an_err *err)
{
    struct ctx_agreed a;
    enum an_code rc = ctx_agree(arena, t, options->trusted_senders.item,
                                options->trusted_senders.n, &a, err);

    if (rc != AN_OK)
        return rc;
    say_dispute(&a, CTX_DISPUTE_BIRTH, "birth date", a.birth);
    say_dispute(&a, CTX_DISPUTE_SEX, "sex", a.sex);
    return AN_OK;
}

static enum an_code show(const struct cfg_options *options,
                         struct pl_reader *reader, struct an_arena *arena,
                         const void *request, struct an_err *err)
{
    const struct request *q = request;
    struct pl_chart chart;
    const struct pl_history *history = &chart.history;
    const struct pl_view *view = &chart.view;
    enum an_code rc = pl_chart(options, reader, arena, &q->chart, &chart, err);

    if (rc != AN_OK)
        return rc;
    print_person(&history->person);
    print_consents(history, q, chart.permitted);
    if (view->opted_out) {
        (void)puts("the patient has opted out: nothing is shown or said");
        return AN_OK;
    }
    if (q->risks)
        return think(options, arena, q, view, err);
    (void)printf("%zu events, chosen from %zu that were said\n",
                 history->timeline.n_events, history->n_said);
    for (size_t i = 0; i < view->timeline.n_events; i++)
        pl_say_event(view->timeline.event[i], q->sources);
    if (view->n_withheld)
        (void)puts("some records are restricted and are not shown");
    if (history->n_alone)
        (void)puts("visits came from a record of too many identifiers: of that "
                   "only those named where they were moved are read");
    return print_disputes(options, arena, &view->timeline, err);
}

int pl_command_show(const struct pl_invocation *in)
{
    struct request q;

    return read_request(in, &q) ? pl_chart_command(in, show, &q) : pl_usage(in);
}
