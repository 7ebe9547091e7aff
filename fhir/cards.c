/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/cards_int.h"

#include "fhir/markdown_int.h"

#include <string.h>

#define REASON(id, words)                                                      \
    {                                                                          \
        .code = AN_STR_INIT(id), .display = AN_STR_INIT(words)                 \
    }

const struct ctx_code fhir_override_reasons[FHIR_N_OVERRIDE_REASONS] = {
    REASON("known", "Already known and considered"),
    REASON("does-not-apply", "Does not apply to this patient"),
    REASON("evidence-wrong", "The data it rests on are wrong or out of date"),
    REASON("disagree", "I do not agree with the estimate"),
    REASON("not-now", "Not the right moment in my work"),
};

enum an_code fhir_card_id(struct an_arena *arena, struct an_str hook_instance,
                          const struct an_uuid *suggestion, struct an_uuid *id,
                          struct an_err *err)
{
    char text[AN_UUID_TEXT_BYTES];
    const struct an_str part[] = {
        AN_STR("card"), hook_instance, {text, AN_UUID_TEXT_BYTES - 1}};

    an_uuid_print(suggestion, text);
    return fhir_name(arena, part, sizeof(part) / sizeof(part[0]), id, err);
}

/* ---- detail -------------------------------------------------------------------- */

static struct an_str or_english(struct an_str words, const char *english)
{
    return words.n ? words : an_str_c(english);
}

static void put_heading(struct an_buf *b, struct an_str words)
{
    an_buf_put_c(b, "\n\n**");
    fhir_markdown_put(b, words);
    an_buf_put_c(b, "**\n");
}

static void put_citation(struct fhir_writer *w, struct an_buf *b,
                         const struct ctx_citation *c)
{
    an_buf_put_c(b, "\n- ");
    fhir_markdown_put(b, c->title);
    if (c->source.n) {
        if (c->title.n)
            an_buf_put_c(b, ". ");
        fhir_markdown_put(b, c->source);
    }
    if (c->year) {
        an_buf_put_c(b, ", ");
        an_buf_put_u64(b, c->year);
    }
    if (c->doi.n) {
        an_buf_put_c(b, ". [doi:");
        fhir_markdown_put(b, c->doi);
        an_buf_put_c(b, "](https://doi.org/");
        an_buf_put(b, fhir_search_value(w, c->doi));
        an_buf_put_c(b, ")");
    }
}

/* Who says it and when: guidance goes stale. */
static void put_colophon(struct fhir_writer *w, struct an_buf *b,
                         const struct fhir_card_words *words,
                         const struct ctx_suggestion *s)
{
    char moment[AN_TIME_TEXT_BYTES];
    const struct ctx_model_id *m = &s->model;

    an_buf_put_c(b, "\n\n");
    fhir_markdown_put(b, or_english(words->model, "Model"));
    an_buf_put_c(b, ": ");
    fhir_markdown_put(b, fhir_device_name(w, m->name.n ? m : NULL));
    an_buf_put_c(b, ". ");
    fhir_markdown_put(b, or_english(words->as_of, "As of"));
    an_buf_put_c(b, ": ");
    an_buf_put(b,
               (struct an_str){moment, an_time_print_fhir(s->as_of, moment)});
    an_buf_put_c(b, ".\n\n");
    fhir_markdown_put(b, or_english(w->s->note, FHIR_DISCLAIMER));
    if (w->s->demo || m->demonstrator) {
        an_buf_put_c(b, "\n\n**");
        fhir_markdown_put(b, AN_STR(FHIR_DEMONSTRATION));
        an_buf_put_c(b, "**");
    }
}

static void put_detail(struct fhir_writer *w,
                       const struct fhir_card_words *words, bool partial,
                       const struct ctx_suggestion *s)
{
    struct an_buf b;
    struct an_str text;
    struct an_err err;

    an_buf_init(&b, w->arena, FHIR_CARDS_BYTES);
    fhir_markdown_put_lines(&b, s->statement);
    if (s->n_evidence)
        put_heading(&b, or_english(words->why, "Why"));
    for (size_t i = 0; i < s->n_evidence; i++) {
        an_buf_put_c(&b, "\n- ");
        fhir_markdown_put(&b, s->evidence[i].sentence);
    }
    if (s->n_citations)
        put_heading(&b, or_english(words->sources, "Sources"));
    for (size_t i = 0; i < s->n_citations; i++)
        put_citation(w, &b, &s->citation[i]);
    if (partial) {
        an_buf_put_c(&b, "\n\n");
        fhir_markdown_put(&b, or_english(words->partial, FHIR_PARTIAL));
    }
    put_colophon(w, &b, words, s);
    if (an_buf_done(&b, &text, &err) == AN_OK)
        an_out_key_str(&w->out, "detail", text);
    else
        fhir_writer_fail(w, err.code, err.what);
}

/* ---- cards --------------------------------------------------------------------- */

static void put_summary(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    static const char mark[] = "[DEMO] "; /* the words that say so may be cut */
    bool demo = w->s->demo || s->model.demonstrator;
    struct an_buf b;
    struct an_str text;
    struct an_err err;

    an_buf_init(&b, w->arena, FHIR_CARDS_BYTES);
    if (demo)
        an_buf_put_c(&b, mark);
    fhir_summary_put(&b, s->statement, s->title,
                     FHIR_SUMMARY_CHARACTERS - (demo ? sizeof(mark) - 1 : 0));
    if (an_buf_done(&b, &text, &err) == AN_OK)
        an_out_key_str(&w->out, "summary", text);
    else
        fhir_writer_fail(w, err.code, err.what);
}

static void put_source(struct fhir_writer *w,
                       const struct fhir_card_settings *card,
                       const struct ctx_suggestion *s)
{
    const struct ctx_model_id *m = &s->model;
    bool summary = s->kind == CTX_SUGGEST_SUMMARY;

    an_out_key(&w->out, "source");
    an_out_object(&w->out);
    fhir_put(w, "label", fhir_device_name(w, m->name.n ? m : NULL));
    fhir_put(w, "url", card->url);
    fhir_put(w, "icon", card->icon);
    an_out_key(&w->out, "topic");
    fhir_put_coding(w, FHIR_TEXT(w, w->s->own, AN_STR("/topic")),
                    summary ? AN_STR("patient-summary") : s->topic, s->title);
    an_out_end(&w->out);
}

static void put_override_reasons(struct fhir_writer *w,
                                 const struct fhir_card_settings *card)
{
    bool ours = card->n_override_reasons == 0;
    const struct ctx_code *reason =
        ours ? fhir_override_reasons : card->override_reason;
    size_t n = ours ? FHIR_N_OVERRIDE_REASONS : card->n_override_reasons;

    an_out_key(&w->out, "overrideReasons");
    an_out_array(&w->out);
    for (size_t i = 0; i < n; i++)
        fhir_put_coding(
            w,
            ours ? FHIR_TEXT(w, w->s->own, AN_STR("/override-reason"))
                 : reason[i].system,
            reason[i].code, reason[i].display);
    an_out_end(&w->out);
}

static const char *indicator(const struct fhir_card_settings *card,
                             const struct ctx_suggestion *s)
{
    bool high = s->kind == CTX_SUGGEST_RISK && card->p_warning > 0 &&
                s->p >= card->p_warning;

    return high ? "warning" : "info";
}

static void put_card(struct fhir_writer *w,
                     const struct fhir_card_settings *card,
                     const struct fhir_card_call *call,
                     const struct an_uuid *id, const struct ctx_suggestion *s)
{
    char text[AN_UUID_TEXT_BYTES];

    an_uuid_print(id, text);
    an_out_object(&w->out);
    fhir_put_c(w, "uuid", text);
    put_summary(w, s);
    put_detail(w, &card->words, call->partial, s);
    fhir_put_c(w, "indicator", indicator(card, s));
    put_source(w, card, s);
    fhir_card_put_offers(w, call, an_str_c(text), s);
    put_override_reasons(w, card);
    fhir_card_put_links(w, card, an_str_c(text), s);
    an_out_end(&w->out);
}

/* What is missing for a number can be had: that is worth a card; and who orders a
 * drug has to know that its dose was not looked at. */
static bool is_card(const struct ctx_suggestion *s, bool released)
{
    return fhir_leaves(s, released) ||
           (!s->patient_facing &&
            (s->kind == CTX_SUGGEST_DOSING ||
             (s->abstention == CTX_ABSTAIN_MISSING_INPUT && s->n_proposals)));
}

/* The ids of the cards, in order; n_ids is how many leave. */
static enum an_code name_cards(struct fhir_writer *w,
                               const struct fhir_card_call *call,
                               const struct fhir_saying *what,
                               struct an_uuid *id, size_t *n_ids,
                               struct an_err *err)
{
    struct an_uuid suggestion;

    *n_ids = 0;
    for (size_t i = 0; i < what->n_suggestions; i++) {
        const struct ctx_suggestion *s = &what->suggestion[i];
        enum an_code code;

        if (!is_card(s, what->released))
            continue;
        code = fhir_check_suggestion(s, err);
        if (code == AN_OK)
            code =
                fhir_suggestion_id(w->arena, w->s, w->who, s, &suggestion, err);
        if (code == AN_OK)
            code = fhir_card_id(w->arena, call->hook_instance, &suggestion,
                                &id[*n_ids], err);
        if (code != AN_OK)
            return code;
        for (size_t k = 0; k < *n_ids; k++)
            if (memcmp(&id[k], &id[*n_ids], sizeof(*id)) == 0)
                return an_fail(err, AN_CONFLICT, "two suggestions are one card",
                               0);
        (*n_ids)++;
    }
    return AN_OK;
}

enum an_code fhir_cards(struct an_arena *arena,
                        const struct fhir_write_settings *s,
                        const struct fhir_card_settings *card,
                        const struct fhir_card_call *call,
                        const struct fhir_who *who,
                        const struct fhir_saying *what, struct an_str *json,
                        struct an_err *err)
{
    struct fhir_writer w = {
        .arena = arena, .s = s, .who = who, .now_us = what->now_us};
    struct an_uuid *id = an_arena_get(arena, what->n_suggestions, sizeof(*id));
    size_t n_ids = 0, at = 0;
    enum an_code code = AN_OK;

    if (id == NULL)
        return an_fail_nomem(err);
    if (s->own.n == 0 || s->software.n == 0)
        return an_fail(err, AN_MISSING, "our own name space or name is unset",
                       0);
    if (!call->silent)
        code = name_cards(&w, call, what, id, &n_ids, err);
    if (code != AN_OK)
        return code;
    an_out_init(&w.out, arena, FHIR_CARDS_BYTES);
    an_out_object(&w.out);
    an_out_key(&w.out, "cards");
    an_out_array(&w.out);
    for (size_t i = 0; i < what->n_suggestions && at < n_ids; i++)
        if (is_card(&what->suggestion[i], what->released))
            put_card(&w, card, call, &id[at++], &what->suggestion[i]);
    an_out_end(&w.out);
    an_out_end(&w.out);
    if (w.code != AN_OK)
        return an_fail(err, w.code, w.what, 0);
    return an_out_done(&w.out, json, err);
}
