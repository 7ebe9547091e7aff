/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/orders.h"

#include "advice/alternatives.h"
#include "advice/dosing.h"
#include "base/buf.h"
#include "runtime/compare.h"

/* Of all orders of one call. */
enum { MAX_SAID = 64, MAX_COMPARED = 8, TEXT_BYTES = 64 << 10 };

struct saying {
    const struct pl_orders_ask *ask;
    struct an_arena *arena;
    struct ctx_suggestion *said;
    size_t n;
    struct an_str compared[MAX_COMPARED]; /* topics */
    size_t n_compared;
    bool has_numbers;
};

struct candidates {
    struct ctx_code code[RT_MAX_CANDIDATES];
    size_t n;
    struct an_str family; /* or the code of the first */
};

/* ---- what is compared ----------------------------------------------------- */

static bool is_among(const struct candidates *c, const struct ctx_code *code)
{
    for (size_t i = 0; i < c->n; i++)
        if (an_str_eq(c->code[i].system, code->system) &&
            an_str_eq(c->code[i].code, code->code))
            return true;
    return false;
}

/* The first of its codes that the model counts as a procedure. */
static const struct ctx_code *known_of(const struct saying *s,
                                       const struct pl_order *order)
{
    for (size_t i = 0; i < order->n_codes; i++)
        if (pl_thinker_has_procedure(s->ask->thinker, &order->code[i]))
            return &order->code[i];
    return NULL;
}

static void add_drafts(const struct saying *s, struct candidates *c)
{
    for (size_t i = 0; i < s->ask->n_orders && c->n < RT_MAX_CANDIDATES; i++) {
        const struct pl_order *order = &s->ask->order[i];
        const struct ctx_code *code =
            order->kind == PL_ORDER_SERVICE ? known_of(s, order) : NULL;

        if (code && !is_among(c, code))
            c->code[c->n++] = *code;
    }
}

/* Itself first. */
static void choose(const struct saying *s, const struct pl_order *order,
                   struct candidates *c)
{
    const struct ctx_code *known = known_of(s, order);

    *c = (struct candidates){.n = 0};
    for (size_t i = 0; i < order->n_codes; i++) {
        size_t n = adv_alternatives(&order->code[i], c->code + 1,
                                    RT_MAX_CANDIDATES - 1, &c->family);

        if (n == 0)
            continue;
        c->code[0] = order->code[i];
        c->n = n + 1;
        return;
    }
    if (known == NULL)
        return;
    c->code[c->n++] = *known;
    c->family = known->code;
    add_drafts(s, c);
}

/* ---- what was published --------------------------------------------------- */

static bool is_published(const struct ctx_suggestion *s)
{
    return s->kind == CTX_SUGGEST_COMPARISON && s->abstention == 0 &&
           s->n_citations > 0;
}

static bool cites(const struct ctx_suggestion *s, const struct ctx_citation *c)
{
    for (size_t i = 0; i < s->n_citations; i++)
        if (an_str_eq(s->citation[i].doi, c->doi) &&
            an_str_eq(s->citation[i].source, c->source) &&
            s->citation[i].year == c->year)
            return true;
    return false;
}

/* All statements as the lines of one, and last why the model has no number. */
static bool join_statements(struct saying *s, const struct ctx_suggestion *from,
                            size_t n, struct an_str *out)
{
    struct an_buf b;
    bool any = false;

    an_buf_init(&b, s->arena, TEXT_BYTES);
    for (size_t i = 0; i < n; i++) {
        if (!is_published(&from[i]))
            continue;
        if (any)
            an_buf_put_char(&b, '\n');
        an_buf_put(&b, from[i].statement);
        any = true;
    }
    for (size_t i = 0; i < n; i++)
        if (from[i].kind == CTX_SUGGEST_COMPARISON && from[i].abstention) {
            an_buf_put_char(&b, '\n');
            an_buf_put(&b, from[i].statement);
            break;
        }
    return an_buf_done(&b, out, NULL) == AN_OK;
}

/* One suggestion of all that was published: a card for each sentence would be
 * many. */
static enum an_code say_published(struct saying *s, struct an_str topic,
                                  const struct ctx_suggestion *from, size_t n,
                                  struct an_err *err)
{
    struct ctx_suggestion *to = &s->said[s->n];
    struct ctx_citation *citation =
        an_arena_get(s->arena, n, sizeof(*citation));
    bool any = false;

    if (citation == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!is_published(&from[i]))
            continue;
        if (!any) {
            *to = from[i];
            to->topic = topic;
            to->citation = citation;
            to->n_citations = 0;
        }
        any = true;
        if (!cites(to, &from[i].citation[0]))
            citation[to->n_citations++] = from[i].citation[0];
    }
    if (!any)
        return AN_OK;
    if (!join_statements(s, from, n, &to->statement))
        return an_fail_nomem(err);
    s->n++;
    return AN_OK;
}

/* ---- one procedure -------------------------------------------------------- */

static enum an_code topic_of(struct saying *s, struct an_str family,
                             struct an_str *topic, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, s->arena, TEXT_BYTES);
    an_buf_put_c(&b, "procedure-comparison:");
    an_buf_put(&b, family);
    return an_buf_done(&b, topic, err);
}

/* Two of a family on one draft are one question. */
static bool was_compared(struct saying *s, struct an_str topic)
{
    for (size_t i = 0; i < s->n_compared; i++)
        if (an_str_eq(s->compared[i], topic))
            return true;
    if (s->n_compared == MAX_COMPARED)
        return true;
    s->compared[s->n_compared++] = topic;
    return false;
}

static enum an_code say_comparison(struct saying *s, struct an_str topic,
                                   const struct ctx_comparison *c,
                                   struct an_err *err)
{
    const struct ctx_suggestion *words;
    size_t n, numbers = 0;
    enum an_code rc = pl_compare_words(s->ask->mind, s->arena, s->ask->timeline,
                                       c, s->ask->reader, &words, &n, err);

    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        numbers += words[i].kind == CTX_SUGGEST_COMPARISON &&
                   words[i].abstention == 0 && words[i].model.name.n > 0;
    if (numbers == 0)
        return s->n < MAX_SAID ? say_published(s, topic, words, n, err) : AN_OK;
    for (size_t i = 0; i < n && !s->has_numbers && s->n < MAX_SAID; i++)
        if (words[i].kind == CTX_SUGGEST_COMPARISON &&
            words[i].abstention == 0 && words[i].model.name.n)
            s->said[s->n++] = words[i];
    s->has_numbers = true;
    return AN_OK;
}

static enum an_code say_procedure(struct saying *s,
                                  const struct pl_order *order,
                                  struct an_err *err)
{
    struct ctx_comparison comparison;
    struct candidates c;
    struct an_str topic;
    enum an_code rc;

    if (order->kind != PL_ORDER_SERVICE)
        return AN_OK;
    choose(s, order, &c);
    if (c.n < RT_MIN_CANDIDATES)
        return AN_OK;
    rc = topic_of(s, c.family, &topic, err);
    if (rc != AN_OK || was_compared(s, topic))
        return rc;
    rc = pl_compare(s->ask->thinker, s->arena, s->ask->timeline,
                    s->ask->reader->now, c.code, c.n, &comparison, err);
    if (rc != AN_OK)
        return rc;
    if (s->ask->abstention && comparison.refusal == CTX_REFUSE_NONE) {
        comparison.refusal = CTX_REFUSE_ABSTAINS;
        comparison.abstention = s->ask->abstention;
        comparison.n_contrasts = 0;
    }
    return say_comparison(s, topic, &comparison, err);
}

/* ---- one drug -------------------------------------------------------------- */

/* Two orders of one drug are one note. */
static struct ctx_suggestion *said_of(struct saying *s, struct an_str topic)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->said[i].kind == CTX_SUGGEST_DOSING &&
            an_str_eq(s->said[i].topic, topic))
            return &s->said[i];
    return NULL;
}

/* What further rows of the label say of the same drug stands behind. */
static enum an_code add_note(struct saying *s, struct ctx_suggestion *to,
                             const struct ctx_suggestion *more,
                             struct an_err *err)
{
    struct an_buf b;

    if (to->abstention && !more->abstention) {
        *to = *more;
        return AN_OK;
    }
    if (more->abstention || an_str_eq(to->statement, more->statement))
        return AN_OK;
    an_buf_init(&b, s->arena, TEXT_BYTES);
    an_buf_put(&b, to->statement);
    an_buf_put_char(&b, '\n');
    an_buf_put(&b, more->statement);
    return an_buf_done(&b, &to->statement, err);
}

static enum an_code say_dosing(struct saying *s, const struct pl_order *order,
                               struct an_err *err)
{
    const struct ctx_suggestion *note;
    enum an_code rc;
    size_t n;

    if (order->kind != PL_ORDER_MEDICATION)
        return AN_OK;
    rc = adv_dosing(s->arena, s->ask->timeline, s->ask->reader, order->code,
                    order->n_codes, &note, &n, err);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        struct ctx_suggestion *same = said_of(s, note[i].topic);

        if (same)
            rc = add_note(s, same, &note[i], err);
        else if (s->n < MAX_SAID)
            s->said[s->n++] = note[i];
    }
    return rc;
}

/* ---- all of them ---------------------------------------------------------- */

/* Each says what it knows of one order, or nothing. */
static enum an_code (*const makers[])(struct saying *s,
                                      const struct pl_order *order,
                                      struct an_err *err) = {say_procedure,
                                                             say_dosing};

enum an_code pl_orders_say(const struct pl_orders_ask *ask,
                           struct an_arena *arena,
                           const struct ctx_suggestion **said, size_t *n,
                           struct an_err *err)
{
    struct saying s = {.ask = ask, .arena = arena};
    enum an_code rc = AN_OK;

    *n = 0;
    *said = NULL;
    s.said = an_arena_get(arena, MAX_SAID, sizeof(*s.said));
    if (s.said == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < ask->n_orders; i++)
        for (size_t k = 0; rc == AN_OK && ask->order[i].selected &&
                           k < sizeof(makers) / sizeof(makers[0]);
             k++)
            rc = makers[k](&s, &ask->order[i], err);
    *said = s.said;
    *n = s.n;
    return rc;
}
