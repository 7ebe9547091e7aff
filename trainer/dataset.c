/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset.h"

#include "base/buf.h"
#include "base/hash.h"
#include "trainer/file.h"
#include "trainer/pseudonym.h"
#include "trainer/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_DAY 86400e6
#define DAYS_PER_YEAR 365.25

enum { SCRATCH_BYTES = 1 << 30, JSON_BYTES = 64 << 20, PATH_BYTES = 4096 };

void tr_dataset_how_init(struct tr_dataset_how *how)
{
    *how = (struct tr_dataset_how){
        .share = {70, 15, 15},
        .catalogue = {.min_people = 5, .max_concepts = 4096, .min_values = 20},
        .max_asked = 8,
        .between = 3,
        .until = TR_UNTIL_DATA,
    };
}

/* What is being made, and from what. */
struct maker {
    const struct tr_people *people;
    const struct tr_outcomes *outcomes;
    const struct tr_concepts *concepts;
    const struct tr_dataset_how *how;
    struct tr_dataset *out;
    struct an_arena *arena, person, scratch;
    struct tr_pseudonym pseudonym;
    int64_t until_us; /* of the data set */
    struct ranked {
        uint64_t key;
        uint32_t person;
        uint32_t split;
    } * rank;
};

/* ---- one person ------------------------------------------------------------
 */

/* One person's past, as it is in the arena `person`. */
struct past {
    const struct ctx_event *all;
    size_t n_all;
    struct ctx_timeline t;
    int64_t from_us, end_us;
    bool has_birth;
};

static bool is_time(const struct ctx_event *e)
{
    return e->effective.precision != AN_TIME_NONE;
}

static enum an_code read_past(struct maker *m, size_t person, struct past *p,
                              struct an_err *err)
{
    int64_t last_us = INT64_MIN, death_us = INT64_MAX;
    enum an_code code;

    an_arena_reset(&m->person);
    *p = (struct past){.n_all = 0};
    code = tr_people_events(m->people, person, &m->person, &p->all, &p->n_all,
                            err);
    if (code == AN_OK)
        code = ctx_timeline_build(&m->person, p->all, p->n_all, CTX_AS_OF_ALL,
                                  &p->t, err);
    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < p->t.n_events; i++) {
        const struct ctx_event *e = p->t.event[i];
        const int64_t at_us = rt_known_us(e);

        p->has_birth |= e->kind == CTX_BIRTH && is_time(e);
        if (e->kind == CTX_DEATH && is_time(e) && e->effective.us < death_us)
            death_us = e->effective.us;
        if (e->kind != CTX_BIRTH && e->kind != CTX_SEX && at_us > last_us)
            last_us = at_us;
    }
    p->end_us = m->how->until == TR_UNTIL_RECORD ? last_us : m->until_us;
    p->from_us =
        m->how->years
            ? p->end_us - (int64_t)(m->how->years * DAYS_PER_YEAR * US_PER_DAY)
            : INT64_MIN;
    if (death_us <= p->end_us)
        p->end_us = death_us + 1; /* death itself is seen */
    return AN_OK;
}

/* When the record begins. */
static int64_t first_us(const struct past *p)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < p->t.n_events; i++) {
        const struct ctx_event *e = p->t.event[i];

        if (e->kind != CTX_BIRTH && e->kind != CTX_SEX &&
            rt_known_us(e) < first)
            first = rt_known_us(e);
    }
    return first;
}

/* What was known before the end, for counting. */
static enum an_code known_before(struct an_arena *arena, const struct past *p,
                                 struct ctx_timeline *out, struct an_err *err)
{
    const struct ctx_event **e =
        an_arena_get(arena, p->t.n_events, sizeof(const struct ctx_event *));
    size_t n = 0;

    if (e == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < p->t.n_events; i++)
        if (rt_known_us(p->t.event[i]) < p->end_us - 1)
            e[n++] = p->t.event[i];
    *out = (struct ctx_timeline){e, n, p->t.as_of_us};
    return AN_OK;
}

/* ---- who, in which split ---------------------------------------------------
 */

static int rank_cmp(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static enum tr_split split_of(const struct tr_dataset_how *how, uint64_t key)
{
    const uint64_t total =
        (uint64_t)how->share[0] + how->share[1] + (uint64_t)how->share[2];
    uint64_t lot = tr_draw_below(tr_key(key, TR_DRAW_ORDER), 0, total);

    if (lot < how->share[TR_TRAIN])
        return TR_TRAIN;
    return lot - how->share[TR_TRAIN] < how->share[TR_TUNE] ? TR_TUNE : TR_TEST;
}

static enum an_code rank_people(struct maker *m, struct an_err *err)
{
    enum an_code code = AN_OK;

    m->rank = an_arena_get(m->arena, m->people->n_persons, sizeof(*m->rank));
    if (m->rank == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct ranked *r = &m->rank[i];

        code = tr_pseudonym_of(&m->pseudonym, &m->people->person[i].id, &r->key,
                               err);
        r->person = (uint32_t)i;
        r->split = split_of(m->how, r->key);
    }
    qsort(m->rank, m->people->n_persons, sizeof(*m->rank), rank_cmp);
    return code;
}

/* The last moment at which anybody's record grew. */
static enum an_code find_until(struct maker *m, struct an_err *err)
{
    enum an_code code = AN_OK;

    m->until_us = m->how->until_us;
    if (m->how->until != TR_UNTIL_DATA)
        return AN_OK;
    m->until_us = INT64_MIN;
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct past p;

        code = read_past(m, i, &p, err);
        for (size_t k = 0; k < p.t.n_events; k++)
            if (rt_known_us(p.t.event[k]) >= m->until_us)
                m->until_us = rt_known_us(p.t.event[k]) + 1;
    }
    return code;
}

/* ---- the vocabulary --------------------------------------------------------
 */

static enum an_code count_codes(struct maker *m, struct tr_catalogue *c,
                                struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct ctx_timeline t;
        struct past p;

        if (m->rank[i].split != TR_TRAIN)
            continue;
        code = read_past(m, m->rank[i].person, &p, err);
        if (code == AN_OK)
            code = known_before(&m->person, &p, &t, err);
        if (code == AN_OK)
            code = tr_catalogue_add(c, &t, err);
    }
    return code;
}

static enum an_code read_back(struct maker *m, struct an_str bytes,
                              struct an_err *err)
{
    const struct an_json *root;
    enum an_code code =
        an_json_read(m->arena, &(struct an_json_limits){0}, bytes, &root, err);

    return code == AN_OK
               ? rt_vocabulary_read(m->arena, root, &m->out->vocabulary, err)
               : code;
}

static enum an_code make_vocabulary(struct maker *m, struct tr_catalogue *c,
                                    struct an_err *err)
{
    struct an_json_out w;
    struct an_str bytes = {NULL, 0};
    enum an_code code = count_codes(m, c, err);

    if (code != AN_OK)
        return code;
    an_out_init(&w, m->arena, JSON_BYTES);
    code = tr_catalogue_write(c, &m->how->catalogue, &w, err);
    if (code == AN_OK)
        code = an_out_done(&w, &bytes, err);
    if (code == AN_OK && c->n_targets == 0)
        code = an_fail(err, AN_MISSING,
                       "no code is common enough to be predicted", 0);
    return code == AN_OK ? read_back(m, bytes, err) : code;
}

/* ---- cases ------------------------------------------------------------------
 */

/* The position that rt_encode adds for the moment asked says nothing here. */
static void drop_question(struct rt_history *h)
{
    if (h->n_positions && h->position[h->n_positions - 1].n_items == 0)
        h->n_positions--;
}

static void count_case(struct tr_dataset *d, const struct tr_outcomes *o,
                       const struct tr_case *one, const struct rt_encoded *e)
{
    struct tr_dataset_counts *c = &d->counts;

    c->positions[one->split] += one->history.n_positions;
    c->items[one->split] += one->history.n_items;
    c->queries[one->split] += one->labels.n_queries;
    c->corrected += one->labels.n_corrected;
    c->n_read += e->n_read;
    c->n_unknown += e->n_unknown;
    for (size_t i = 0; i < one->labels.n_queries * o->n; i++) {
        const struct tr_follow_up *f = &one->labels.follow_up[i];
        const struct adv_outcome *what = &o->outcome[i % o->n];
        struct tr_outcome_count *at = &c->outcome[i % o->n][one->split];

        at->at_risk += f->to_days > 0;
        at->events += f->event;
        for (size_t h = 0; h < what->n_horizons; h++)
            at->by_horizon[h] +=
                f->event && f->to_days <= (float)what->horizon_days[h];
    }
}

/* A case of a person; *used says whether there is one. */
static enum an_code make_case(struct maker *m, const struct ranked *who,
                              struct tr_case *one, bool *used,
                              struct an_err *err)
{
    struct tr_label_how how = {.outcomes = m->outcomes,
                               .vocabulary = &m->out->vocabulary,
                               .max_asked = m->how->max_asked,
                               .key = tr_key(who->key, TR_DRAW_WINDOW)};
    struct rt_encoded e;
    struct past p;
    double origin;
    enum an_code code = read_past(m, who->person, &p, err);

    *used = false;
    if (code != AN_OK)
        return code;
    m->out->counts.no_birth += !p.has_birth;
    if (!p.has_birth)
        return AN_OK;
    /* Death is after everything that is read. */
    code =
        rt_encode(m->arena, &m->out->vocabulary, &p.t, p.end_us - 2, &e, err);
    if (code != AN_OK)
        return code;
    drop_question(&e.history);
    origin = (double)e.origin_us;
    one->key = who->key;
    one->split = (enum tr_split)who->split;
    one->start_days = ((double)p.from_us - origin) / US_PER_DAY;
    one->start_days = one->start_days > 0 ? one->start_days : 0;
    one->end_days = (double)(p.end_us - e.origin_us) / US_PER_DAY;
    if (e.history.n_positions == 0 || one->end_days <= one->start_days) {
        m->out->counts.outside++;
        return AN_OK;
    }
    one->history = e.history;
    how.from_us = p.from_us;
    how.end_us = p.end_us;
    code = tr_labels_make(m->arena, &m->scratch, &how, p.all, p.n_all, &p.t, &e,
                          &one->labels, err);
    *used = code == AN_OK;
    if (*used)
        count_case(m->out, m->outcomes, one, &e);
    return code;
}

/* A question when nothing happened: the record as it was at the moment. */
static enum an_code make_between(struct maker *m, const struct ranked *who,
                                 uint32_t i, struct tr_case *one, bool *used,
                                 struct an_err *err)
{
    const struct tr_outcomes *o = m->outcomes;
    struct tr_follow_up *f = an_arena_get(m->arena, o->n, sizeof(*f));
    struct tr_query *query = an_arena_get(m->arena, 1, sizeof(*query));
    const double lot = tr_draw_uniform(tr_key(who->key, TR_DRAW_ITEMS), i);
    struct ctx_timeline then;
    struct rt_encoded e;
    struct past p;
    int64_t from_us, at_us;
    enum an_code code = read_past(m, who->person, &p, err);

    *used = false;
    if (code != AN_OK || f == NULL || query == NULL)
        return code != AN_OK ? code : an_fail_nomem(err);
    from_us = first_us(&p) > p.from_us ? first_us(&p) : p.from_us;
    if (!p.has_birth || from_us >= p.end_us)
        return AN_OK;
    at_us = from_us + (int64_t)(lot * (double)(p.end_us - from_us));
    code = ctx_timeline_build(&m->person, p.all, p.n_all, at_us, &then, err);
    if (code == AN_OK)
        code = rt_encode(m->arena, &m->out->vocabulary, &then, at_us, &e, err);
    if (code != AN_OK || e.history.n_items == 0)
        return code;
    for (size_t k = 0; k < o->n; k++) {
        f[k] = tr_label_one(&o->outcome[k], &p.t, at_us, p.end_us);
        *used |= f[k].to_days > 0;
    }
    *query = (struct tr_query){(uint32_t)e.history.n_positions - 1, 1};
    *one = (struct tr_case){.key = who->key,
                            .split = (enum tr_split)who->split,
                            .history = e.history,
                            .labels = {query, f, 1, 0}};
    one->start_days = one->end_days =
        e.history.position[e.history.n_positions - 1].time_days;
    if (*used)
        count_case(m->out, o, one, &e);
    return AN_OK;
}

static enum an_code make_cases(struct maker *m, struct an_err *err)
{
    struct tr_dataset *d = m->out;
    enum an_code code = AN_OK;

    d->one =
        an_arena_get(m->arena, m->people->n_persons * (1 + m->how->between),
                     sizeof(*d->one));
    d->counts.outcome =
        an_arena_get(m->arena, m->outcomes->n, sizeof(*d->counts.outcome));
    if (d->one == NULL || d->counts.outcome == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        bool used;

        code = make_case(m, &m->rank[i], &d->one[d->n], &used, err);
        d->n += used;
        d->counts.patients[m->rank[i].split] += used;
        for (uint32_t k = 0; used && k < m->how->between && code == AN_OK;
             k++) {
            bool more;

            code = make_between(m, &m->rank[i], k, &d->one[d->n], &more, err);
            d->n += more;
        }
    }
    if (code == AN_OK && d->counts.patients[TR_TRAIN] == 0)
        code = an_fail(err, AN_MISSING, "no patient is left to train on", 0);
    return code;
}

static void put_outcomes(const struct tr_outcomes *o, struct an_json_out *w)
{
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t k = 0; k < o->n; k++) {
        const struct adv_outcome *one = &o->outcome[k];

        an_out_object(w);
        an_out_key_str(w, "id", one->id);
        an_out_key_str(w, "start",
                       one->start == ADV_START_DISCHARGE ? AN_STR("discharge")
                                                         : AN_STR("now"));
        an_out_key(w, "horizons_days");
        an_out_array(w);
        for (size_t h = 0; h < one->n_horizons; h++)
            an_out_i64(w, one->horizon_days[h]);
        an_out_end(w);
        an_out_key(w, "death");
        an_out_bool(w, (int32_t)k == o->death);
        an_out_end(w);
    }
    an_out_end(w);
}

static enum an_code make_json(struct maker *m, struct tr_catalogue *c,
                              struct an_err *err)
{
    struct an_json_out w;
    enum an_code code;

    an_out_init(&w, m->arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key(&w, "vocabulary");
    code = tr_catalogue_write(c, &m->how->catalogue, &w, err);
    an_out_key(&w, "wide");
    tr_features_write(&m->out->features, &m->out->vocabulary, &w);
    put_outcomes(m->outcomes, &w);
    an_out_end(&w);
    m->out->n_dropped = c->n_dropped;
    m->out->n_dropped_events = c->n_dropped_events;
    return code == AN_OK ? an_out_done(&w, &m->out->json, err) : code;
}

static enum an_code make_all(struct maker *m, struct tr_catalogue *c,
                             struct an_err *err)
{
    struct tr_dataset *d = m->out;
    enum an_code code =
        m->how->has_seed ? tr_pseudonym_seed(&m->pseudonym, m->how->seed, err)
                         : tr_pseudonym_random(&m->pseudonym, err);

    if (code == AN_OK)
        code = rank_people(m, err);
    tr_pseudonym_wipe(&m->pseudonym);
    if (code == AN_OK)
        code = find_until(m, err);
    if (code == AN_OK)
        code = make_vocabulary(m, c, err);
    if (code == AN_OK)
        code = make_cases(m, err);
    if (code == AN_OK)
        code = tr_features_choose(m->arena, &d->vocabulary, d->one, d->n,
                                  m->how->rich_features, &d->features, err);
    return code == AN_OK ? make_json(m, c, err) : code;
}

enum an_code tr_dataset_make(struct an_arena *arena,
                             const struct tr_people *people,
                             const struct tr_outcomes *outcomes,
                             const struct tr_concepts *concepts,
                             const struct tr_dataset_how *how,
                             struct tr_dataset *out, struct an_err *err)
{
    struct maker m = {.people = people,
                      .outcomes = outcomes,
                      .concepts = concepts,
                      .how = how,
                      .out = out,
                      .arena = arena};
    struct tr_catalogue c;
    enum an_code code;

    *out = (struct tr_dataset){.n = 0};
    an_arena_init(&m.person, SCRATCH_BYTES);
    an_arena_init(&m.scratch, SCRATCH_BYTES);
    tr_catalogue_init(&c, concepts);
    code = make_all(&m, &c, err);
    tr_catalogue_release(&c);
    an_arena_free(&m.person);
    an_arena_free(&m.scratch);
    return code;
}

/* ---- writing ---------------------------------------------------------------- */

static enum an_code add_case(struct tr_cohort_writer *w,
                             const struct tr_dataset *d,
                             const struct tr_case *one, struct an_err *err)
{
    const size_t n_wide = d->features.n;
    float *wide = calloc(one->labels.n_queries * n_wide + 1, sizeof(*wide));
    struct tr_cohort_one row = {.key = one->key,
                                .split = one->split,
                                .history = one->history,
                                .start_days = one->start_days,
                                .end_days = one->end_days,
                                .query = one->labels.query,
                                .follow_up = one->labels.follow_up,
                                .wide = wide,
                                .n_queries = one->labels.n_queries};
    enum an_code code;

    if (wide == NULL)
        return an_fail_nomem(err);
    for (size_t q = 0; q < row.n_queries; q++)
        rt_wide(d->features.feature, n_wide, &one->history,
                row.query[q].position, wide + q * n_wide);
    code = tr_cohort_add(w, &row, err);
    free(wide);
    return code;
}

static enum an_code write_cohort(const struct tr_dataset *d,
                                 const struct tr_outcomes *o, const char *path,
                                 struct an_err *err)
{
    struct tr_cohort_sizes sizes = {
        .vocab = (uint32_t)d->vocabulary.n_concepts,
        .targets = (uint32_t)d->vocabulary.n_targets,
        .value_rows = (uint32_t)d->vocabulary.n_scales,
        .flags = RT_N_FLAGS,
        .outcomes = (uint32_t)o->n,
        .wide = (uint32_t)d->features.n,
        .death = o->death};
    struct tr_cohort_writer w;
    struct an_sha256 hash;
    enum an_code code = an_sha256(d->json, &hash, err);

    if (code != AN_OK)
        return code;
    memcpy(sizes.vocabulary_sha256, hash.b, sizeof(sizes.vocabulary_sha256));
    tr_cohort_writer_init(&w, &sizes);
    for (size_t i = 0; i < d->n && code == AN_OK; i++)
        code = add_case(&w, d, &d->one[i], err);
    if (code == AN_OK)
        code = tr_cohort_write(&w, path, err);
    tr_cohort_writer_release(&w);
    return code;
}

/* "folder/name", followed by a NUL. */
static enum an_code join(struct an_arena *arena, const char *folder,
                         const char *name, struct an_str *path,
                         struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, PATH_BYTES);
    an_buf_put_c(&b, folder);
    an_buf_put_char(&b, '/');
    an_buf_put_c(&b, name);
    return an_buf_done(&b, path, err);
}

static enum an_code write_text(struct an_arena *arena, const char *folder,
                               const char *name, struct an_str bytes,
                               struct an_err *err)
{
    struct an_str path;
    enum an_code code = join(arena, folder, name, &path, err);

    return code == AN_OK ? tr_file_write(path.p, bytes, err) : code;
}

enum an_code tr_dataset_write(struct an_arena *arena,
                              const struct tr_dataset *d,
                              const struct tr_people *people,
                              const struct tr_outcomes *outcomes,
                              const char *folder, struct an_err *err)
{
    struct an_str json = {NULL, 0}, text = {NULL, 0}, path;
    enum an_code code = join(arena, folder, "cohort.bin", &path, err);

    if (code == AN_OK)
        code = write_cohort(d, outcomes, path.p, err);
    if (code == AN_OK)
        code = write_text(arena, folder, "vocabulary.json", d->json, err);
    if (code == AN_OK)
        code = tr_dataset_report(arena, d, people, outcomes, &json, &text, err);
    if (code == AN_OK)
        code = write_text(arena, folder, "report.json", json, err);
    return code == AN_OK ? write_text(arena, folder, "report.txt", text, err)
                         : code;
}
