/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets from cohort studies: who was watched from when to when, and what
 * is asked at the beginning. */
#include "tests/studied.h"
#include "tests/suite.h"

Suite *trainer_dataset_study_suite(void);

enum { MAX_WIDE = 128 };

static bool asks_once(const struct tr_case *c)
{
    return c->start_days == c->end_days;
}

/* ---- records ------------------------------------------------------------------ */

START_TEST(a_record_is_a_person_who_is_watched)
{
    struct studied m;

    studied_begin(&m, NULL);
    ck_assert_uint_eq(m.people.n_persons, N_STUDIED);
    ck_assert_uint_eq(m.people.n_records, N_STUDIED);
    for (size_t k = 0; k < m.people.n_persons; k++) {
        const struct tr_study *s = m.people.person[k].study;
        const int i = (int)(s->id - 1000) / 3;

        ck_assert(s->watched && s->from_us == studied_from(i) &&
                  s->until_us == studied_until(i));
    }
    tr_people_release(&m.people);
}
END_TEST

START_TEST(a_number_twice_and_an_end_before_the_beginning_are_refused)
{
    struct tr_people people;
    struct an_err err;
    struct studied_one one;

    tr_people_init(&people, (size_t)1 << 24);
    studied_one(&one, 1);
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err), AN_OK);
    studied_one(&one, 1);
    ck_assert_int_eq(tr_people_take_record(&people, &one.record, &err),
                     AN_CONFLICT);
    ck_assert_str_eq(err.where.path, "record[2]");
    studied_one(&one, 2);
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
    struct studied m;
    size_t n = 0;

    studied_begin(&m, NULL);
    m.how.until = TR_UNTIL_RECORD;
    m.how.years = 1;
    ck_assert_int_eq(studied_make(&m), AN_OK);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];
        const struct rt_position *last =
            &c->history.position[c->history.n_positions - 1];
        const int i = studied_person(c->key);

        if (asks_once(c))
            continue;
        n++;
        ck_assert_double_eq_tol(
            c->end_days - c->start_days,
            (double)((studied_until(i) - studied_from(i)) / DAY) -
                (i == STUDIED_UNKNOWN ? 200 : 0),
            1e-6);
        /* What is of the last moment is read, but not beside death, and
         * nothing of the day after. */
        ck_assert(studied_dies(i) ? last->time_days < c->end_days - 100
                                  : last->time_days == c->end_days);
    }
    ck_assert_uint_eq(n, N_STUDIED);
    ck_assert_uint_eq(m.d.counts.outside, 0);
    tr_people_release(&m.people);
}
END_TEST

START_TEST(death_at_the_very_end_is_seen_and_later_is_not)
{
    struct studied m;
    size_t dead = 0;

    studied_begin(&m, NULL);
    m.how.max_asked = 20;
    ck_assert_int_eq(studied_make(&m), AN_OK);
    ck_assert_int_eq(m.outcomes.death, 0);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];

        for (size_t q = 0; q < c->labels.n_queries; q++) {
            const struct tr_follow_up *f = &c->labels.follow_up[2 * q];

            ck_assert_uint_eq(f->event, studied_dies(studied_person(c->key)));
            dead += f->event;
        }
    }
    ck_assert_uint_gt(dead, 0);
    tr_people_release(&m.people);

    studied_begin(&m, studied_dies);
    for (size_t k = 0; k < m.people.n_persons; k++)
        ((struct tr_study *)(uintptr_t)m.people.person[k].study)->until_us--;
    ck_assert_int_eq(studied_make(&m), AN_OK);
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
        struct studied m;
        size_t n[N_STUDIED] = {0}, others = 0;

        studied_begin(&m, NULL);
        m.how.max_asked = asked[a];
        m.how.between = asked[a] ? 2 : 0;
        ck_assert_int_eq(studied_make(&m), AN_OK);
        for (size_t k = 0; k < m.d.n; k++) {
            const struct tr_case *c = &m.d.one[k];
            const int i = studied_person(c->key);
            const struct tr_follow_up *f = c->labels.follow_up;
            size_t at_first = 0;

            /* As long before the end as it was watched. */
            for (size_t q = 0; q < c->labels.n_queries; q++)
                at_first += f[2 * q].to_days ==
                            (float)((studied_until(i) - studied_from(i)) / DAY);
            others += c->labels.n_queries - at_first;
            if (at_first == 0)
                continue;
            ck_assert(asks_once(c));
            n[i]++;
            ck_assert_uint_eq(c->labels.n_queries, 1);
            ck_assert_uint_eq(c->labels.query->position,
                              c->history.n_positions - 1);
            ck_assert_uint_eq(f[0].event, studied_dies(i));
            ck_assert_uint_eq(f[1].event, studied_has_stroke(i));
            if (i == STUDIED_UNKNOWN) {
                ck_assert_uint_eq(c->history.n_items, 0);
                continue;
            }
            /* What is of that very moment is known, and nothing later. */
            ck_assert_uint_eq(
                c->history.position[c->history.n_positions - 1].n_items, 1);
            ck_assert_uint_eq(c->history.n_items, 3 + (i % 3 != 0));
        }
        for (int i = 0; i < N_STUDIED; i++)
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
static void encode_until(const struct studied *m, int i, int64_t at_us,
                         struct rt_encoded *e)
{
    struct studied_one *one = an_arena_get(&studied_arena, 1, sizeof(*one));
    struct ctx_timeline t;
    size_t n = 0;

    ck_assert_ptr_nonnull(one);
    studied_one(one, i);
    for (size_t k = 0; k < one->record.n_events; k++)
        if (one->event[k].kind == CTX_BIRTH || one->event[k].kind == CTX_SEX ||
            rt_known_us(&one->event[k]) <= at_us)
            one->event[n++] = one->event[k];
    ck_assert_int_eq(ctx_timeline_build(&studied_arena, one->event, n,
                                        CTX_AS_OF_ALL, &t, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_encode(&studied_arena, &m->d.vocabulary, &t, at_us, e, NULL), AN_OK);
}

START_TEST(features_are_those_of_a_record_that_ends_at_the_question)
{
    struct studied m;
    size_t asked = 0, first = 0;

    studied_begin(&m, NULL);
    m.how.max_asked = 20;
    ck_assert_int_eq(studied_make(&m), AN_OK);
    ck_assert_uint_le(m.d.features.n, MAX_WIDE);
    ck_assert_uint_gt(m.d.features.n, 4);
    for (size_t k = 0; k < m.d.n; k++) {
        const struct tr_case *c = &m.d.one[k];
        const int i = studied_person(c->key);
        const int64_t origin =
            i == STUDIED_UNKNOWN && c->history.n_items == 0 ? studied_from(i)
            : i == STUDIED_UNKNOWN ? studied_from(i) + 200 * DAY
            : i % 3                ? studied_from(i) - (400 + i) * DAY
                                   : studied_from(i) - 30 * DAY;

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
            first += asks_once(c) && at_us == studied_from(i);
        }
    }
    ck_assert_uint_eq(first, N_STUDIED);
    ck_assert_uint_gt(asked, 3 * N_STUDIED);
    tr_people_release(&m.people);
}
END_TEST

/* Who is not watched is asked about as of a hospital's records. */
START_TEST(who_is_not_watched_is_asked_nothing_at_the_beginning)
{
    struct studied m;

    studied_begin(&m, NULL);
    for (size_t k = 0; k < m.people.n_persons; k++)
        ((struct tr_study *)(uintptr_t)m.people.person[k].study)->watched =
            false;
    m.how.between = 0;
    ck_assert_int_eq(studied_make(&m), AN_OK);
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
                             sizeof(tests) / sizeof(tests[0]), studied_set_up,
                             studied_tear_down);
}
