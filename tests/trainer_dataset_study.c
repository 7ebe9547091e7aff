/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets from cohort studies: who was watched from when to when, and what
 * is asked at the beginning. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/dataset.h"
#include "trainer/file.h"
#include "trainer/pseudonym.h"

#include <stdio.h>
#include <string.h>

Suite *trainer_dataset_study_suite(void);

#define SCT "http://snomed.info/sct"
#define LN "http://loinc.org"
#define DAY INT64_C(86400000000)
#define YEAR_2000 (INT64_C(946684800) * 1000000)

enum { N_PEOPLE = 120, MAX_EVENTS = 16, SEED = 5, MAX_WIDE = 128 };

static struct test_folder folder;
static struct an_arena arena;

static void set_up(void)
{
    test_folder_make(&folder);
    an_arena_init(&arena, (size_t)1 << 30);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    an_arena_free(&arena);
}

/* ---- a study ----------------------------------------------------------------- */

/* The one of whom nothing but birth is known when the study begins. */
enum { UNKNOWN = 4 };

static uint64_t number_of(int i)
{
    return 1000 + 3 * (uint64_t)i;
}

static int64_t from_of(int i)
{
    return YEAR_2000 + i * 37 % 1000 * DAY;
}

static int64_t until_of(int i)
{
    return from_of(i) + (2000 + 10 * (i % 50)) * DAY;
}

struct one {
    struct tr_record record;
    struct ctx_event event[MAX_EVENTS];
};

static struct ctx_event *add(struct one *p, enum ctx_kind kind,
                             const char *system, const char *code,
                             int64_t at_us)
{
    struct ctx_event *e = &p->event[p->record.n_events++];

    *e = (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = at_us, .precision = AN_TIME_DAY},
        .available_us = at_us,
        .concept = {.system = an_str_c(system), .code = an_str_c(code)}};
    return e;
}

static void add_value(struct one *p, int64_t at_us, int tenths)
{
    struct ctx_event *e = add(p, CTX_OBSERVATION, LN, "2160-0", at_us);

    e->value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                  .number = tenths / 10.0,
                                  .unit = AN_STR("mg/dL")};
}

static bool dies(int i)
{
    return i % 7 == 0;
}

static bool has_stroke(int i)
{
    return i % 4 == 1;
}

/* In no order.  A value stands at the very beginning, another at the very end
 * or after it; who dies does it at the very end. */
static void make_one(struct one *p, int i)
{
    const int64_t from = from_of(i), until = until_of(i);
    struct ctx_event *sex;

    *p = (struct one){.record = {.id = number_of(i),
                                 .event = p->event,
                                 .watched = true,
                                 .from_us = from,
                                 .until_us = until}};
    add_value(p, from + 200 * DAY, 7 + i % 11);
    if (i != UNKNOWN) {
        sex = add(p, CTX_SEX, "", "", 0);
        sex->effective.precision = AN_TIME_NONE;
        sex->value.kind = CTX_VALUE_CODE;
        sex->value.code.code = i % 2 ? AN_STR("female") : AN_STR("male");
        add_value(p, from - 30 * DAY, 6 + i % 9);
        add_value(p, from, 8 + i % 7);
        if (i % 3)
            add(p, CTX_CONDITION, SCT, "38341003", from - (400 + i) * DAY);
    }
    add_value(p, until, 9 + i % 5);
    add_value(p, until + DAY, 99);
    if (has_stroke(i))
        add(p, CTX_CONDITION, SCT, "230690007", from + (500 + i) * DAY);
    if (dies(i))
        add(p, CTX_DEATH, "", "", until);
    add(p, CTX_BIRTH, "", "", from - (18000 + 100 * i) * DAY);
}

struct made {
    struct tr_people people;
    struct tr_outcomes outcomes;
    struct tr_concepts concepts;
    struct tr_dataset_how how;
    struct tr_dataset d;
    struct an_err err;
};

static void put(const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&folder, name, path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

static void read_outcomes(struct made *m)
{
    put("stroke.yaml",
        "id: stroke\ntitle: {en: Stroke}\nuse: Test.\n"
        "event:\n  kinds: [condition]\n  codes:\n"
        "    - {system: snomed, code: \"230690007\", text: \"Stroke\"}\n"
        "start: {from: now, gap_days: 0}\nexclude: {before: yes}\n"
        "horizons_days: [365, 1826]\naudience: [clinician]\npatient: never\n"
        "threshold: off\n");
    put("death.yaml",
        "id: death\ntitle: {en: Death}\nuse: Test.\n"
        "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
        "exclude: {before: yes}\nhorizons_days: [365, 1826]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n");
    ck_assert_int_eq(
        tr_outcomes_read(&arena, folder.path, &m->outcomes, &m->err), AN_OK);
}

/* People for whom `wanted` says so, in another order than their numbers'. */
static void begin(struct made *m, bool (*wanted)(int))
{
    *m = (struct made){.err = {.code = AN_OK}};
    read_outcomes(m);
    ck_assert_int_eq(
        tr_concepts_read(&arena, AN_STR(""), "t", &m->concepts, &m->err),
        AN_OK);
    tr_people_init(&m->people, (size_t)1 << 30);
    for (int k = 0; k < N_PEOPLE; k++) {
        const int i = k * 7 % N_PEOPLE;
        struct one one;

        make_one(&one, i);
        if (wanted == NULL || wanted(i))
            ck_assert_int_eq(
                tr_people_take_record(&m->people, &one.record, &m->err), AN_OK);
    }
    ck_assert_int_eq(tr_people_gather(&m->people, &m->err), AN_OK);
    tr_dataset_how_init(&m->how);
    m->how.has_seed = true;
    m->how.seed = SEED;
}

static enum an_code make(struct made *m)
{
    return tr_dataset_make(&arena, &m->people, &m->outcomes, &m->concepts,
                           &m->how, &m->d, &m->err);
}

/* Which of them a key is. */
static int person_of(uint64_t key)
{
    struct tr_pseudonym p;

    ck_assert_int_eq(tr_pseudonym_seed(&p, SEED, NULL), AN_OK);
    for (int i = 0; i < N_PEOPLE; i++) {
        char text[24];
        struct ctx_identifier id = {.authority = AN_STR("urn:id:study")};
        uint64_t is;

        snprintf(text, sizeof(text), "%d", (int)number_of(i));
        id.value = an_str_c(text);
        ck_assert_int_eq(tr_pseudonym_of(&p, &id, &is, NULL), AN_OK);
        if (is == key)
            return i;
    }
    ck_abort_msg("a key of nobody");
    return 0;
}

static bool asks_once(const struct tr_case *c)
{
    return c->start_days == c->end_days;
}

/* ---- records ------------------------------------------------------------------ */

START_TEST(a_record_is_a_person_who_is_watched)
{
    struct made m;

    begin(&m, NULL);
    ck_assert_uint_eq(m.people.n_persons, N_PEOPLE);
    ck_assert_uint_eq(m.people.n_records, N_PEOPLE);
    for (size_t k = 0; k < m.people.n_persons; k++) {
        const struct tr_study *s = m.people.person[k].study;
        const int i = (int)(s->id - 1000) / 3;

        ck_assert(s->watched && s->from_us == from_of(i) &&
                  s->until_us == until_of(i));
    }
    tr_people_release(&m.people);
}
END_TEST

START_TEST(a_number_twice_and_an_end_before_the_beginning_are_refused)
{
    struct tr_people people;
    struct an_err err;
    struct one one;

    tr_people_init(&people, (size_t)1 << 24);
    make_one(&one, 1);
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err), AN_OK);
    make_one(&one, 1);
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err),
                     AN_CONFLICT);
    ck_assert_str_eq(err.where.path, "record[2]");
    make_one(&one, 2);
    one.record.until_us = one.record.from_us - 1;
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err),
                     AN_TYPE);
    ck_assert_str_eq(err.where.path, "record[3]");
    one.record.watched = false; /* then it says nothing */
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err), AN_OK);
    tr_people_release(&people);
}
END_TEST

/* Whatever --until and --years say. */
START_TEST(who_is_watched_is_observed_from_then_until_then)
{
    struct made m;
    size_t n = 0;

    begin(&m, NULL);
    m.how.until = TR_UNTIL_RECORD;
    m.how.years = 1;
    ck_assert_int_eq(make(&m), AN_OK);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];
        const struct rt_position *last =
            &c->history.position[c->history.n_positions - 1];
        const int i = person_of(c->key);

        if (asks_once(c))
            continue;
        n++;
        ck_assert_double_eq_tol(c->end_days - c->start_days,
                                (double)((until_of(i) - from_of(i)) / DAY) -
                                    (i == UNKNOWN ? 200 : 0),
                                1e-6);
        /* What is of the last moment is read, but not beside death, and
         * nothing of the day after. */
        ck_assert(dies(i) ? last->time_days < c->end_days - 100
                          : last->time_days == c->end_days);
    }
    ck_assert_uint_eq(n, N_PEOPLE);
    ck_assert_uint_eq(m.d.counts.outside, 0);
    tr_people_release(&m.people);
}
END_TEST

START_TEST(death_at_the_very_end_is_seen_and_later_is_not)
{
    struct made m;
    size_t dead = 0;

    begin(&m, NULL);
    m.how.max_asked = 20;
    ck_assert_int_eq(make(&m), AN_OK);
    ck_assert_int_eq(m.outcomes.death, 0);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];

        for (size_t q = 0; q < c->labels.n_queries; q++) {
            const struct tr_follow_up *f = &c->labels.follow_up[2 * q];

            ck_assert_uint_eq(f->event, dies(person_of(c->key)));
            dead += f->event;
        }
    }
    ck_assert_uint_gt(dead, 0);
    tr_people_release(&m.people);

    begin(&m, dies);
    for (size_t k = 0; k < m.people.n_persons; k++)
        ((struct tr_study *)(uintptr_t)m.people.person[k].study)->until_us--;
    ck_assert_int_eq(make(&m), AN_OK);
    for (int s = 0; s < TR_N_SPLITS; s++)
        ck_assert_uint_eq(m.d.counts.outcome[0][s].events, 0);
    tr_people_release(&m.people);
}
END_TEST

/* ---- the first question ------------------------------------------------------- */

START_TEST(who_is_watched_is_asked_about_at_the_beginning_once)
{
    static const uint32_t asked[] = {0, 8, 20};

    for (size_t a = 0; a < 3; a++) {
        struct made m;
        size_t n[N_PEOPLE] = {0}, others = 0;

        begin(&m, NULL);
        m.how.max_asked = asked[a];
        m.how.between = asked[a] ? 2 : 0;
        ck_assert_int_eq(make(&m), AN_OK);
        for (size_t k = 0; k < m.d.n; k++) {
            const struct tr_case *c = &m.d.one[k];
            const int i = person_of(c->key);
            const struct tr_follow_up *f = c->labels.follow_up;
            size_t at_first = 0;

            /* As long before the end as it was watched. */
            for (size_t q = 0; q < c->labels.n_queries; q++)
                at_first += f[2 * q].to_days ==
                            (float)((until_of(i) - from_of(i)) / DAY);
            others += c->labels.n_queries - at_first;
            if (at_first == 0)
                continue;
            ck_assert(asks_once(c));
            n[i]++;
            ck_assert_uint_eq(c->labels.n_queries, 1);
            ck_assert_uint_eq(c->labels.query->position,
                              c->history.n_positions - 1);
            ck_assert_uint_eq(f[0].event, dies(i));
            ck_assert_uint_eq(f[1].event, has_stroke(i));
            if (i == UNKNOWN) {
                ck_assert_uint_eq(c->history.n_items, 0);
                continue;
            }
            /* What is of that very moment is known, and nothing later. */
            ck_assert_uint_eq(
                c->history.position[c->history.n_positions - 1].n_items, 1);
            ck_assert_uint_eq(c->history.n_items, 3 + (i % 3 != 0));
        }
        for (int i = 0; i < N_PEOPLE; i++)
            ck_assert_uint_eq(n[i], 1);
        ck_assert_uint_eq(others != 0, asked[a] != 0);
        for (int s = 0; s < TR_N_SPLITS && asked[a] == 0; s++) {
            ck_assert_uint_gt(m.d.counts.queries[s], 0);
            ck_assert_uint_eq(m.d.counts.queries[s], m.d.counts.patients[s]);
        }
        tr_people_release(&m.people);
    }
}
END_TEST

/* The person's record without what came after `at_us`. */
static void encode_until(const struct made *m, int i, int64_t at_us,
                         struct rt_encoded *e)
{
    struct one *one = an_arena_get(&arena, 1, sizeof(*one));
    struct ctx_timeline t;
    size_t n = 0;

    ck_assert_ptr_nonnull(one);
    make_one(one, i);
    for (size_t k = 0; k < one->record.n_events; k++)
        if (one->event[k].kind == CTX_BIRTH || one->event[k].kind == CTX_SEX ||
            rt_known_us(&one->event[k]) <= at_us)
            one->event[n++] = one->event[k];
    ck_assert_int_eq(
        ctx_timeline_build(&arena, one->event, n, CTX_AS_OF_ALL, &t, NULL),
        AN_OK);
    ck_assert_int_eq(rt_encode(&arena, &m->d.vocabulary, &t, at_us, e, NULL),
                     AN_OK);
}

START_TEST(features_are_those_of_a_record_that_ends_at_the_question)
{
    struct made m;
    size_t asked = 0, first = 0;

    begin(&m, NULL);
    m.how.max_asked = 20;
    ck_assert_int_eq(make(&m), AN_OK);
    ck_assert_uint_le(m.d.features.n, MAX_WIDE);
    ck_assert_uint_gt(m.d.features.n, 4);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];
        const int i = person_of(c->key);
        const int64_t origin = i == UNKNOWN && c->history.n_items == 0
                                   ? from_of(i)
                               : i == UNKNOWN ? from_of(i) + 200 * DAY
                               : i % 3        ? from_of(i) - (400 + i) * DAY
                                              : from_of(i) - 30 * DAY;

        for (size_t q = 0; q < c->labels.n_queries; q++) {
            const uint32_t at = c->labels.query[q].position;
            const int64_t at_us =
                origin +
                (int64_t)(c->history.position[at].time_days * 86400e6 + 0.5);
            float now[MAX_WIDE], then[MAX_WIDE];
            struct rt_encoded was;

            encode_until(&m, i, at_us, &was);
            ck_assert_uint_eq(was.history.n_positions, at + 1);
            rt_wide(m.d.features.feature, m.d.features.n, &c->history, at, now);
            rt_wide(m.d.features.feature, m.d.features.n, &was.history, at,
                    then);
            ck_assert_mem_eq(now, then, m.d.features.n * sizeof(float));
            if (was.history.n_items)
                ck_assert_mem_eq(c->history.item, was.history.item,
                                 was.history.n_items * sizeof(struct rt_item));
            asked++;
            first += asks_once(c) && at_us == from_of(i);
        }
    }
    ck_assert_uint_eq(first, N_PEOPLE);
    ck_assert_uint_gt(asked, 3 * N_PEOPLE);
    tr_people_release(&m.people);
}
END_TEST

/* Who is not watched is asked about as of a hospital's records. */
START_TEST(who_is_not_watched_is_asked_nothing_at_the_beginning)
{
    struct made m;

    begin(&m, NULL);
    for (size_t k = 0; k < m.people.n_persons; k++)
        ((struct tr_study *)(uintptr_t)m.people.person[k].study)->watched =
            false;
    m.how.between = 0;
    ck_assert_int_eq(make(&m), AN_OK);
    for (size_t k = 0; k < m.d.n; k++)
        ck_assert(!asks_once(&m.d.one[k]));
    tr_people_release(&m.people);
}
END_TEST

Suite *trainer_dataset_study_suite(void)
{
    const TTest *const tests[] = {
        a_record_is_a_person_who_is_watched,
        a_number_twice_and_an_end_before_the_beginning_are_refused,
        who_is_watched_is_observed_from_then_until_then,
        death_at_the_very_end_is_seen_and_later_is_not,
        who_is_watched_is_asked_about_at_the_beginning_once,
        features_are_those_of_a_record_that_ends_at_the_question,
        who_is_not_watched_is_asked_nothing_at_the_beginning,
    };

    return test_suite_around("trainer/dataset_study", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}
