/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/suggest.h"

#include "advice/make_int.h"
#include "advice/score.h"
#include "base/buf.h"

void *adv_make_get(struct adv_make *m, size_t n, size_t size)
{
    void *p = an_arena_get(m->arena, n, size);

    if (p == NULL)
        adv_words_fail(&m->words, AN_NOMEM, "out of memory");
    return p;
}

struct ctx_suggestion *adv_make_add(struct adv_make *m,
                                    enum ctx_suggestion_kind kind)
{
    struct ctx_suggestion *s;

    if (m->words.code || m->n_suggestions == m->n_room)
        return NULL;
    s = &m->suggestion[m->n_suggestions++];
    *s = (struct ctx_suggestion){
        .kind = (uint8_t)kind,
        .audience = m->options->audience,
        .language = m->words.language,
        .draft_language = m->words.draft,
        .patient_facing = m->options->audience == CTX_FOR_PATIENT,
        .as_of = m->options->now,
    };
    return s;
}

struct an_str adv_make_joined(struct adv_make *m, struct an_str a,
                              const char *between, struct an_str b)
{
    struct an_buf buf;
    struct an_str out;
    struct an_err err;
    enum an_code code;

    an_buf_init(&buf, m->arena, ADV_STATEMENT_BYTES);
    an_buf_put(&buf, a);
    an_buf_put_c(&buf, between);
    an_buf_put(&buf, b);
    code = an_buf_done(&buf, &out, &err);
    if (code == AN_OK)
        return out;
    adv_words_fail(&m->words, code, err.what);
    return AN_STR("");
}

struct an_str adv_make_marked(struct adv_make *m, struct an_str statement)
{
    if (!m->forecast->model.demonstrator)
        return statement;
    return adv_make_joined(m, statement, " ",
                           adv_say(&m->words, ADV_SAY_DEMONSTRATOR, NULL));
}

/* "08:15", at the moment's own offset. */
static struct an_str minute_of(struct adv_make *m, struct an_time t)
{
    struct an_civil c = an_civil_from_us(t.us, t.offset_min);
    struct an_buf buf;
    struct an_str out = AN_STR("");

    an_buf_init(&buf, m->arena, 16);
    an_buf_put_digits(&buf, c.hour, 2);
    an_buf_put_char(&buf, ':');
    an_buf_put_digits(&buf, c.minute, 2);
    if (an_buf_done(&buf, &out, NULL) != AN_OK)
        adv_words_fail(&m->words, AN_NOMEM, "out of memory");
    return out;
}

static struct an_str say_stale(struct adv_make *m, const struct ctx_feed *f)
{
    static const char *const why[] = {[CTX_FEED_SILENT] = "silent",
                                      [CTX_FEED_LATE] = "late",
                                      [CTX_FEED_GAP] = "gap"};
    struct adv_args args = {
        .text = {[0] = f->name, [3] = an_str_c(why[f->why])}};

    if (f->through.precision == AN_TIME_NONE)
        return adv_say(&m->words, ADV_SAY_STALE_NEVER, &args);
    args.text[1] = adv_say_date(&m->words, f->through);
    args.text[2] = minute_of(m, f->through);
    return adv_say(&m->words, ADV_SAY_STALE_FEED, &args);
}

/* Behind every suggestion what it cannot rest on.  A patient is told that, and
 * not by which machine. */
static void adv_make_stale(struct adv_make *m)
{
    const struct ctx_forecast *f = m->forecast;
    struct an_str words = AN_STR("");

    if (f == NULL || f->n_stale == 0)
        return;
    if (m->plain)
        words = adv_say(&m->words, ADV_SAY_STALE_PATIENT, NULL);
    for (size_t i = 0; !m->plain && i < f->n_stale; i++)
        words = i ? adv_make_joined(m, words, " ", say_stale(m, &f->stale[i]))
                  : say_stale(m, &f->stale[i]);
    for (size_t i = 0; i < m->n_suggestions; i++)
        m->suggestion[i].statement =
            adv_make_joined(m, m->suggestion[i].statement, " ", words);
}

void adv_make_restricted(struct adv_make *m)
{
    struct an_str note = adv_say(&m->words, ADV_SAY_RESTRICTED, NULL);

    for (size_t i = 0; i < m->n_suggestions; i++) {
        struct ctx_suggestion *s = &m->suggestion[i];
        bool page = s->kind == CTX_SUGGEST_SUMMARY;

        s->statement = adv_make_joined(m, s->statement, page ? "" : " ", note);
        if (page)
            s->statement = adv_make_joined(m, s->statement, "\n", AN_STR(""));
    }
}

static int outcome_cmp(const struct adv_outcome *a, const struct adv_outcome *b)
{
    return an_str_cmp(a->id, b->id);
}

enum an_code adv_knowledge_load(struct an_arena *arena,
                                const struct adv_file *file, size_t n_files,
                                struct adv_knowledge *knowledge,
                                struct an_err *err)
{
    struct adv_outcome *list, one;
    enum an_code code;
    size_t at;

    *knowledge = (struct adv_knowledge){NULL, 0};
    if (n_files > ADV_MAX_OUTCOMES)
        return an_fail(err, AN_LIMIT, "too many outcomes", 0);
    list = an_arena_get(arena, n_files, sizeof(*list));
    if (list == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n_files; i++) {
        code = adv_outcome_read(arena, file[i].bytes, file[i].name, &one, err);
        if (code != AN_OK)
            return code;
        for (at = i; at > 0 && outcome_cmp(&list[at - 1], &one) > 0; at--)
            list[at] = list[at - 1];
        if (at > 0 && outcome_cmp(&list[at - 1], &one) == 0)
            return an_fail_line(err, AN_CONFLICT,
                                "another file has an outcome of this id",
                                file[i].name, 1, 1);
        list[at] = one;
    }
    knowledge->outcome = list;
    knowledge->n_outcomes = n_files;
    return AN_OK;
}

const struct adv_outcome *adv_knowledge_outcome(const struct adv_knowledge *k,
                                                struct an_str id)
{
    size_t low = 0, high = k->n_outcomes;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int cmp = an_str_cmp(k->outcome[middle].id, id);

        if (cmp == 0)
            return &k->outcome[middle];
        if (cmp < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum an_code adv_suggest(struct an_arena *arena,
                         const struct adv_knowledge *knowledge,
                         const struct ctx_timeline *timeline,
                         const struct ctx_forecast *forecast,
                         const struct adv_options *options,
                         const struct ctx_suggestion **suggestion,
                         size_t *n_suggestions, struct an_err *err)
{
    struct adv_make m = {
        .arena = arena,
        .knowledge = knowledge,
        .timeline = timeline,
        .forecast = forecast,
        .options = options,
        .plain = options->audience == CTX_FOR_PATIENT,
        .n_room = (forecast ? forecast->n_risks : 0) + ADV_N_SCORES + 3,
    };
    enum an_code code;

    *suggestion = NULL;
    *n_suggestions = 0;
    adv_facts_read(timeline, options->now, &m.facts);
    if (m.facts.death)
        return AN_OK;
    m.suggestion = an_arena_get(arena, m.n_room, sizeof(*m.suggestion));
    if (m.suggestion == NULL)
        return an_fail_nomem(err);
    code = adv_words_open(&m.words, arena, options->language, err);
    if (code != AN_OK)
        return code;
    adv_make_summary(&m);
    adv_make_risks(&m);
    adv_make_differential(&m);
    adv_make_scores(&m);
    adv_make_stale(&m);
    if (options->restricted)
        adv_make_restricted(&m);
    code = adv_words_done(&m.words, err);
    adv_words_close(&m.words);
    if (code != AN_OK)
        return code;
    *suggestion = m.suggestion;
    *n_suggestions = m.n_suggestions;
    return AN_OK;
}
