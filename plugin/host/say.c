/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/say.h"

#include <stdio.h>

enum {
    TEXT_WIDTH = 60,
    ID_WIDTH = 256,
    LINE_WIDTH = 400,
    SUMMARY_WIDTH = 1 << 16,
    MAX_EVIDENCE = 4
};

void pl_say_text(struct an_str s, size_t width)
{
    size_t n = s.n < width ? s.n : width;

    /* Not in the middle of a character. */
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        (void)putchar((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? ' '
                                                                    : s.p[i]);
    if (n < s.n)
        (void)fputs("...", stdout);
}

void pl_say_pair(const char *before, struct an_str a, const char *between,
                 struct an_str b, const char *after)
{
    (void)fputs(before, stdout);
    pl_say_text(a, ID_WIDTH);
    (void)fputs(between, stdout);
    pl_say_text(b, ID_WIDTH);
    (void)fputs(after, stdout);
}

static void say_value(const struct ctx_event *e)
{
    const struct ctx_value *v = &e->value;

    if (v->kind == CTX_VALUE_NONE)
        return;
    (void)fputs("  ", stdout);
    if (v->kind == CTX_VALUE_QUANTITY) {
        pl_say_text(v->comparator, TEXT_WIDTH);
        pl_say_text(v->literal, TEXT_WIDTH);
        (void)putchar(' ');
        pl_say_text(v->unit, TEXT_WIDTH);
    } else if (v->kind == CTX_VALUE_CODE) {
        pl_say_text(v->code.display.n ? v->code.display : v->code.code,
                    TEXT_WIDTH);
    } else {
        pl_say_text(v->text, TEXT_WIDTH);
    }
    if (e->low.n + e->high.n)
        pl_say_pair(" (", e->low, "..", e->high, ")");
    if (e->flag.n)
        pl_say_pair(" ", e->flag, "", AN_STR(""), "");
}

void pl_say_event(const struct ctx_event *e, bool source)
{
    char time[AN_TIME_TEXT_BYTES];

    an_time_print_fhir(e->effective, time);
    (void)printf("%-26s %-17s ", time[0] ? time : "(no time)",
                 ctx_kind_text(e->kind));
    pl_say_text(e->concept.display.n ? e->concept.display : e->concept.code,
                TEXT_WIDTH);
    if (e->concept.display.n && e->concept.code.n)
        pl_say_pair(" [", e->concept.code, "]", AN_STR(""), "");
    say_value(e);
    if (e->status != CTX_STATUS_FINAL)
        (void)printf("  (%s)", ctx_status_text(e->status));
    for (unsigned i = CTX_LABEL_AT_RESTRICTED; i < CTX_N_LABELS; i++)
        if (e->labels >> i & 1)
            (void)printf("  {%s}", ctx_label_text(i));
    if (source)
        pl_say_pair("  <- ", e->place, " of message ",
                    an_str_sub(e->message, 0, 12), "");
    (void)putchar('\n');
}

static void say_next(const struct ctx_suggestion *s)
{
    for (size_t i = 0; i < s->n_next; i++) {
        (void)printf("    %4.1f of 100  ", s->next[i].p * 100);
        pl_say_text(s->next[i].concept.display.n ? s->next[i].concept.display
                                                 : s->next[i].concept.code,
                    LINE_WIDTH);
        (void)putchar('\n');
    }
}

static void say_citation(const struct ctx_citation *c)
{
    (void)printf("    [%.*s", AN_STR_ARG(c->source));
    if (c->year)
        (void)printf(", %u", c->year);
    if (c->doi.n)
        (void)printf(", doi:%.*s", AN_STR_ARG(c->doi));
    (void)puts("]");
}

static void say_one(const struct ctx_suggestion *s)
{
    (void)printf("%s: ", ctx_suggestion_text(s->kind));
    /* A differential's statement is the list that follows; that of a comparison
     * ends with what it is not. */
    pl_say_text(s->n_next ? s->title : s->statement,
                s->kind == CTX_SUGGEST_SUMMARY ||
                        s->kind == CTX_SUGGEST_COMPARISON ||
                        s->kind == CTX_SUGGEST_DOSING
                    ? SUMMARY_WIDTH
                    : LINE_WIDTH);
    (void)putchar('\n');
    say_next(s);
    for (size_t i = 0; i < s->n_evidence && i < MAX_EVIDENCE; i++) {
        (void)fputs("    - ", stdout);
        pl_say_text(s->evidence[i].sentence, LINE_WIDTH);
        (void)putchar('\n');
    }
    for (size_t i = 0; i < s->n_citations; i++)
        say_citation(&s->citation[i]);
}

void pl_say_forecast(const struct ctx_forecast *f)
{
    (void)printf("model %.*s %.*s (%.12s)%s: %u moments read, %.0f %% of the "
                 "record unknown to it\n",
                 AN_STR_ARG(f->model.name), AN_STR_ARG(f->model.version),
                 f->model.digest.n ? f->model.digest.p : "",
                 f->model.demonstrator
                     ? ", a demonstrator trained on invented patients"
                     : "",
                 f->n_positions, f->unknown_share * 100);
    if (f->restricted)
        (void)puts("some records are restricted and were not used");
    if (f->abstention)
        (void)printf("it abstains: %s\n", ctx_abstention_text(f->abstention));
}

void pl_say_suggestions(const struct ctx_suggestion *suggestion, size_t n)
{
    for (size_t i = 0; i < n; i++)
        say_one(&suggestion[i]);
}

static void say_reasons(const uint64_t by_reason[CTX_N_ABSTENTIONS])
{
    for (unsigned i = 1; i < CTX_N_ABSTENTIONS; i++)
        if (by_reason[i])
            (void)printf("    %llu: %s\n", (unsigned long long)by_reason[i],
                         ctx_abstention_text(i));
}

void pl_say_counts(const struct pl_watch_counts *c)
{
    uint64_t n_silent = 0, n_risks = 0;

    for (unsigned i = 1; i < CTX_N_ABSTENTIONS; i++) {
        n_silent += c->forecast[i];
        n_risks += c->risk[i];
    }
    (void)printf(
        "%llu questions asked, %llu suggestions kept; %llu given up, "
        "%llu put off\n",
        (unsigned long long)c->n_answered, (unsigned long long)c->n_said,
        (unsigned long long)c->n_given_up, (unsigned long long)c->n_put_off);
    (void)printf("the model abstained %llu times\n",
                 (unsigned long long)n_silent);
    say_reasons(c->forecast);
    (void)printf("%llu risks were estimated, %llu were not\n",
                 (unsigned long long)c->risk[CTX_ABSTAIN_NONE],
                 (unsigned long long)n_risks);
    say_reasons(c->risk);
}
