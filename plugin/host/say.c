/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/say.h"

#include <stdio.h>

enum { LINE_WIDTH = 400, SUMMARY_WIDTH = 1 << 16, MAX_EVIDENCE = 4 };

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

static void say_one(const struct ctx_suggestion *s)
{
    (void)printf("%s: ", ctx_suggestion_text(s->kind));
    /* A differential's statement is the list that follows. */
    pl_say_text(s->n_next ? s->title : s->statement,
                s->kind == CTX_SUGGEST_SUMMARY ? SUMMARY_WIDTH : LINE_WIDTH);
    (void)putchar('\n');
    say_next(s);
    for (size_t i = 0; i < s->n_evidence && i < MAX_EVIDENCE; i++) {
        (void)fputs("    - ", stdout);
        pl_say_text(s->evidence[i].sentence, LINE_WIDTH);
        (void)putchar('\n');
    }
    for (size_t i = 0; i < s->n_citations; i++)
        (void)printf("    [%.*s, %u, doi:%.*s]\n",
                     AN_STR_ARG(s->citation[i].source), s->citation[i].year,
                     AN_STR_ARG(s->citation[i].doi));
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
