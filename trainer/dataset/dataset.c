/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/dataset_int.h"
#include "trainer/random.h"

#include <stdlib.h>

#define DAYS_PER_YEAR 365.25
/* Before any record, and years can be counted back from it. */
#define LONG_AGO_US (INT64_MIN / 2)

enum { SCRATCH_BYTES = 1 << 30, JSON_BYTES = 64 << 20 };

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

/* ---- one person ------------------------------------------------------------
 */

static bool is_time(const struct ctx_event *e)
{
    return e->effective.precision != AN_TIME_NONE;
}

static enum an_code read_events(struct tr_maker *m, size_t person,
                                struct tr_past *p, struct an_err *err)
{
    enum an_code code;

    an_arena_reset(&m->person);
    *p = (struct tr_past){.n_all = 0};
    code = tr_people_events(m->people, person, &m->person, &p->all, &p->n_all,
                            err);
    return code == AN_OK ? ctx_timeline_build(&m->person, p->all, p->n_all,
                                              CTX_AS_OF_ALL, &p->t, err)
                         : code;
}

/* When the person was under observation, if nobody dies.  A study says so, and
 * what is of its last moment is read; of a hospital's records nothing says
 * whether they end there. */
static void observe(const struct tr_maker *m, const struct tr_study *study,
                    int64_t last_us, struct tr_past *p)
{
    p->watched = study && study->watched;
    if (p->watched) {
        p->from_us = study->from_us;
        p->end_us = p->read_us = study->until_us;
        return;
    }
    p->end_us = m->how->until == TR_UNTIL_RECORD ? last_us : m->until_us;
    p->read_us = p->end_us - 2;
    p->from_us = m->how->years
                     ? p->end_us - (int64_t)(m->how->years * DAYS_PER_YEAR *
                                             TR_US_PER_DAY)
                     : INT64_MIN;
}

enum an_code tr_past_read(struct tr_maker *m, size_t person, struct tr_past *p,
                          struct an_err *err)
{
    int64_t last_us = LONG_AGO_US, death_us = INT64_MAX;
    enum an_code code = read_events(m, person, p, err);

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
    observe(m, m->people->person[person].study, last_us, p);
    if (death_us <= p->end_us) {
        p->end_us = death_us + 1; /* death itself is seen */
        p->read_us = death_us - 1;
    }
    return AN_OK;
}

/* What was known before the end, for counting. */
static enum an_code known_before(struct an_arena *arena,
                                 const struct tr_past *p,
                                 struct ctx_timeline *out, struct an_err *err)
{
    const struct ctx_event **e =
        an_arena_get(arena, p->t.n_events, sizeof(const struct ctx_event *));
    size_t n = 0;

    if (e == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < p->t.n_events; i++)
        if (rt_known_us(p->t.event[i]) <= p->read_us)
            e[n++] = p->t.event[i];
    *out = (struct ctx_timeline){e, n, p->t.as_of_us};
    return AN_OK;
}

/* ---- who, in which split ---------------------------------------------------
 */

static int rank_cmp(const void *a, const void *b)
{
    const struct tr_ranked *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static enum tr_split split_of(const struct tr_dataset_how *how, uint64_t key)
{
    const uint64_t n = how->n_folds;
    const uint64_t total = (uint64_t)how->share[TR_TRAIN] +
                           how->share[TR_TUNE] +
                           (n ? 0 : (uint64_t)how->share[TR_TEST]);
    const uint64_t lot = tr_draw_below(tr_key(key, TR_DRAW_ORDER), 0, total);

    if (how->all_test || (n && key / n % n == how->fold))
        return TR_TEST;
    if (lot < how->share[TR_TRAIN])
        return TR_TRAIN;
    return lot - how->share[TR_TRAIN] < how->share[TR_TUNE] ? TR_TUNE : TR_TEST;
}

static enum an_code key_of(struct tr_maker *m, const struct tr_person *who,
                           uint64_t *key, struct an_err *err)
{
    if (!m->how->keep_ids)
        return tr_pseudonym_of(&m->pseudonym, &who->id, key, err);
    if (who->study == NULL)
        return an_fail(err, AN_UNSUPPORTED,
                       "only people of a study have ids to keep", 0);
    *key = who->study->id;
    return AN_OK;
}

static enum an_code rank_people(struct tr_maker *m, struct an_err *err)
{
    enum an_code code = AN_OK;

    m->rank = an_arena_get(m->arena, m->people->n_persons, sizeof(*m->rank));
    if (m->rank == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct tr_ranked *r = &m->rank[i];

        code = key_of(m, &m->people->person[i], &r->key, err);
        r->person = (uint32_t)i;
        r->split = split_of(m->how, r->key);
    }
    qsort(m->rank, m->people->n_persons, sizeof(*m->rank), rank_cmp);
    return code;
}

/* The last moment at which anybody's record grew. */
static enum an_code find_until(struct tr_maker *m, struct an_err *err)
{
    enum an_code code = AN_OK;

    m->until_us = m->how->until_us;
    if (m->how->until != TR_UNTIL_DATA)
        return AN_OK;
    m->until_us = LONG_AGO_US;
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct tr_past p;

        code = read_events(m, i, &p, err);
        for (size_t k = 0; k < p.t.n_events; k++)
            if (rt_known_us(p.t.event[k]) >= m->until_us)
                m->until_us = rt_known_us(p.t.event[k]) + 1;
    }
    return code;
}

/* ---- the vocabulary --------------------------------------------------------
 */

static enum an_code count_codes(struct tr_maker *m, struct tr_catalogue *c,
                                struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++) {
        struct ctx_timeline t;
        struct tr_past p;

        if (m->rank[i].split != TR_TRAIN)
            continue;
        code = tr_past_read(m, m->rank[i].person, &p, err);
        if (code == AN_OK)
            code = known_before(&m->person, &p, &t, err);
        if (code == AN_OK)
            code = tr_catalogue_add(c, &t, err);
    }
    return code;
}

static enum an_code read_back(struct tr_maker *m, struct an_str bytes,
                              struct an_err *err)
{
    const struct an_json *root;
    enum an_code code =
        an_json_read(m->arena, &(struct an_json_limits){0}, bytes, &root, err);

    return code == AN_OK
               ? rt_vocabulary_read(m->arena, root, &m->out->vocabulary, err)
               : code;
}

static enum an_code make_vocabulary(struct tr_maker *m, struct tr_catalogue *c,
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

struct an_str tr_start_text(const struct adv_outcome *o)
{
    return o->start == ADV_START_DISCHARGE ? AN_STR("discharge")
                                           : AN_STR("now");
}

void tr_outcomes_write(const struct tr_outcomes *o, struct an_json_out *w)
{
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t k = 0; k < o->n; k++) {
        const struct adv_outcome *one = &o->outcome[k];

        an_out_object(w);
        an_out_key_str(w, "id", one->id);
        an_out_key_str(w, "start", tr_start_text(one));
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

static enum an_code make_json(struct tr_maker *m, struct tr_catalogue *c,
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
    tr_outcomes_write(m->outcomes, &w);
    an_out_end(&w);
    m->out->n_dropped = c->n_dropped;
    m->out->n_dropped_events = c->n_dropped_events;
    return code == AN_OK ? an_out_done(&w, &m->out->json, err) : code;
}

static enum an_code make_all(struct tr_maker *m, struct tr_catalogue *c,
                             struct an_err *err)
{
    struct tr_dataset *d = m->out;
    enum an_code code;

    d->ids_kept = m->how->keep_ids;
    if (m->people->n_persons == 0)
        return an_fail(err, AN_MISSING, "nobody is in what was read", 0);
    code = m->how->has_seed
               ? tr_pseudonym_seed(&m->pseudonym, m->how->seed, err)
               : tr_pseudonym_random(&m->pseudonym, err);
    if (code == AN_OK)
        code = rank_people(m, err);
    tr_pseudonym_wipe(&m->pseudonym);
    if (code == AN_OK)
        code = find_until(m, err);
    if (code == AN_OK)
        code =
            m->how->like.p ? tr_like_read(m, err) : make_vocabulary(m, c, err);
    if (code == AN_OK)
        code = tr_cases_make(m, err);
    if (code != AN_OK || m->how->like.p)
        return code;
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
    struct tr_maker m = {.people = people,
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
