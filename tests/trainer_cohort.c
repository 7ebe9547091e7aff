/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/file.h"
#include "trainer/fit/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

Suite *trainer_cohort_suite(void);

START_TEST(what_was_written_is_read)
{
    char path[64];
    struct tr_cohort c;
    struct an_err err;

    invent_cohort(invented_path(path), 50, 1);
    ck_assert_int_eq(tr_cohort_open(&c, path, &err), AN_OK);
    ck_assert_uint_eq(c.n_patients, 50);
    ck_assert_uint_eq(c.n_queries, 50);
    ck_assert_uint_eq(c.sizes.vocab, INV_N_CONCEPTS);
    ck_assert_uint_eq(c.patient[9].key, 10);
    ck_assert_uint_eq(c.patient[9].split, TR_TEST);
    ck_assert_uint_eq((uintptr_t)c.position % 64, 0);
    ck_assert_uint_eq(c.patient[1].first_position, c.patient[0].n_positions);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

START_TEST(same_patients_give_the_same_bytes)
{
    char path[2][64];
    struct an_str file[2];

    for (int i = 0; i < 2; i++) {
        invent_cohort(invented_path(path[i]), 20, 3);
        ck_assert_int_eq(tr_file_map(path[i], &file[i], NULL), AN_OK);
    }
    ck_assert(an_str_eq(file[0], file[1]));
    for (int i = 0; i < 2; i++) {
        tr_file_unmap(file[i]);
        invented_remove(path[i]);
    }
}
END_TEST

START_TEST(one_flipped_bit_or_a_cut_is_refused)
{
    char path[64], other[64];
    struct an_str file;
    struct tr_cohort c;
    struct an_err err;
    char *copy;

    invent_cohort(invented_path(path), 5, 2);
    invented_path(other);
    ck_assert_int_eq(tr_file_map(path, &file, NULL), AN_OK);
    copy = malloc(file.n);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, file.p, file.n);
    for (size_t i = 0; i < file.n; i += 7) {
        copy[i] = (char)(copy[i] ^ 4);
        ck_assert_int_eq(
            tr_file_write(other, (struct an_str){copy, file.n}, &err), AN_OK);
        ck_assert_int_ne(tr_cohort_open(&c, other, &err), AN_OK);
        copy[i] = (char)(copy[i] ^ 4);
    }
    for (size_t n = 0; n < file.n; n += 501) {
        ck_assert_int_eq(tr_file_write(other, (struct an_str){copy, n}, &err),
                         AN_OK);
        ck_assert_int_ne(tr_cohort_open(&c, other, &err), AN_OK);
    }
    ck_assert_int_eq(tr_cohort_open(&c, "/nonexistent/cohort", &err),
                     AN_NOTFOUND);
    free(copy);
    tr_file_unmap(file);
    invented_remove(path);
    invented_remove(other);
}
END_TEST

/* One patient of one position, one item and one query, spoilt in one way. */
static enum an_code add_spoilt(int how)
{
    struct tr_cohort_sizes sizes = invented_sizes();
    struct rt_position p[2] = {{.n_items = 1},
                               {.time_days = 5, .first_item = 1}};
    struct rt_item item = {0, {-1, -1, -1, -1}, -1, 0, 0};
    struct tr_query q = {1, 1};
    struct tr_follow_up f[3] = {{0, 9, 1}, {0, 9, 0}, {0, 0, 0}};
    float wide[2] = {0, 1};
    struct tr_cohort_one one = {.history = {p, 2, &item, 1},
                                .end_days = 6,
                                .query = &q,
                                .follow_up = f,
                                .wide = wide,
                                .n_queries = 1};
    struct tr_cohort_writer w;
    enum an_code code;

    switch (how) {
    case 0: break;
    case 1:
        item.concept
        = INV_N_CONCEPTS;
        break;
    case 2: item.parent[2] = -2; break;
    case 3: item.value_row = 1; break;
    case 4:
        item.value_row = 0;
        item.value_z = NAN;
        break;
    case 5: item.flag = RT_N_FLAGS; break;
    case 6: p[1].time_days = 0; break;
    case 7: p[1].first_item = 0; break;
    case 8: p[0].n_items = 0; break;
    case 9: p[0].age_days = INFINITY; break;
    case 10: p[0].zero = 1; break;
    case 11: q.position = 2; break;
    case 12: q.weight = -1; break;
    case 13: f[0].to_days = -1; break;
    case 14: f[2].event = 1; break;
    case 15: wide[1] = NAN; break;
    case 16: one.end_days = 4; break;
    case 17: one.start_days = 7; break;
    case 18: one.split = TR_N_SPLITS; break;
    case 19: one.history.n_positions = 0; break;
    default: sizes.targets = sizes.vocab + 1; break;
    }
    tr_cohort_writer_init(&w, &sizes);
    code = tr_cohort_add(&w, &one, NULL);
    ck_assert_uint_eq(w.patient.n_bytes,
                      code == AN_OK ? sizeof(struct tr_patient) : 0);
    tr_cohort_writer_release(&w);
    return code;
}

START_TEST(a_patient_that_cannot_be_is_refused)
{
    ck_assert_int_eq(add_spoilt(0), AN_OK);
    for (int how = 1; how <= 20; how++)
        ck_assert_msg(add_spoilt(how) != AN_OK, "spoilt %d was accepted", how);
}
END_TEST

static size_t with(const struct tr_cohort *c, int split)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_patients; i++)
        n += c->patient[i].split == (uint32_t)split;
    return n;
}

START_TEST(a_person_is_in_one_split)
{
    char path[64];
    struct tr_patient patient[50];
    size_t n[TR_N_SPLITS];
    struct tr_cohort c, changed;
    struct an_err err;

    invent_cohort(invented_path(path), 50, 1);
    ck_assert_int_eq(tr_cohort_open(&c, path, &err), AN_OK);
    ck_assert_int_eq(tr_cohort_persons(&c, n, &err), AN_OK);
    for (int s = 0; s < TR_N_SPLITS; s++)
        ck_assert_uint_eq(n[s], with(&c, s));
    memcpy(patient, c.patient, sizeof(patient));
    changed = c;
    changed.patient = patient;
    for (size_t i = 1; i < 50; i++) { /* another case of the first */
        patient[i].key = patient[0].key;
        ck_assert_int_eq(tr_cohort_persons(&changed, n, &err),
                         patient[i].split == patient[0].split ? AN_OK
                                                              : AN_CONFLICT);
        if (patient[i].split == patient[0].split) {
            ck_assert_uint_eq(n[patient[0].split],
                              with(&c, (int)patient[0].split) - 1);
        } else {
            ck_assert_str_eq(err.what, "a patient is in two splits");
            ck_assert(err.where.line == 1 || err.where.line == i + 1);
        }
        patient[i].key = c.patient[i].key;
    }
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

START_TEST(a_file_with_a_person_in_two_splits_is_refused)
{
    const struct tr_cohort_sizes sizes = invented_sizes();
    struct rt_position p = {.n_items = 1};
    struct rt_item item = {0, {-1, -1, -1, -1}, -1, 0, 0};
    struct tr_cohort_one one = {
        .key = 5, .split = TR_TRAIN, .history = {&p, 1, &item, 1}};
    struct tr_cohort_writer w;
    struct tr_cohort c;
    struct an_err err;
    char path[64];

    tr_cohort_writer_init(&w, &sizes);
    ck_assert_int_eq(tr_cohort_add(&w, &one, &err), AN_OK);
    one.split = TR_TEST;
    ck_assert_int_eq(tr_cohort_add(&w, &one, &err), AN_OK);
    ck_assert_int_eq(tr_cohort_write(&w, invented_path(path), &err), AN_OK);
    ck_assert_int_eq(tr_cohort_open(&c, path, &err), AN_CONFLICT);
    tr_cohort_writer_release(&w);
    invented_remove(path);
}
END_TEST

static const struct {
    struct tr_follow_up f;
    float exposure[6], event[6];
} follow_ups[] = {
    {{0, 0, 0}, {0}, {0}},
    {{0, 0.5F, 1}, {0.5F}, {1}},
    {{0, 1, 1}, {1}, {1}},
    {{0, 20, 1}, {1, 6, 13}, {0, 0, 1}},
    {{0, 20, 0}, {1, 6, 13}, {0}},
    {{3, 40, 1}, {0, 4, 23, 10}, {0, 0, 0, 1}},
    {{0, 1000, 1}, {1, 6, 23, 60, 275, 635}, {0, 0, 0, 0, 0, 1}},
    {{400, 500, 0}, {0, 0, 0, 0, 0, 100}, {0}},
};

START_TEST(follow_up_falls_into_bins)
{
    const struct rt_shape s = {.bins = 6, .bin_edge_days = RT_BINS_DEFAULT};
    float exposure[6], event[6];

    tr_follow_up_bins(&follow_ups[_i].f, &s, exposure, event);
    for (int j = 0; j < 6; j++) {
        ck_assert_double_eq((double)exposure[j],
                            (double)follow_ups[_i].exposure[j]);
        ck_assert_double_eq((double)event[j], (double)follow_ups[_i].event[j]);
    }
}
END_TEST

START_TEST(a_long_record_keeps_its_first_position_and_its_end)
{
    char path[64];
    struct tr_cohort c;
    struct tr_feed f;
    struct rt_shape s = {.vocab = INV_N_CONCEPTS,
                         .targets = 4,
                         .positions = 3,
                         .outcomes = 3,
                         .bins = 6,
                         .wide = 2,
                         .bin_edge_days = RT_BINS_DEFAULT};
    const struct tr_feed_how how = {false, 0, 0};

    invent_cohort(invented_path(path), 30, 5);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_feed_init(&f, &c, &s, 8, NULL), AN_OK);
    for (size_t i = 0; i < c.n_patients; i++) {
        const struct rt_history h = tr_cohort_history(&c, i);

        tr_feed_begin(&f, 0);
        ck_assert(tr_feed_add(&f, i, &how));
        ck_assert_int_eq(f.pack.n_rows, 3);
        ck_assert_uint_eq(f.pack.n_queries, 1);
        ck_assert_int_eq(f.query_row[0], 2);
        ck_assert_double_eq(f.position[0].time_days, 0);
        ck_assert_double_eq(f.position[2].time_days,
                            h.position[h.n_positions - 1].time_days);
        /* Nothing is learned over the hole, and the end is censored. */
        ck_assert_uint_eq(f.pack.n_scores, 2);
        ck_assert_int_eq(f.score[0].row, 1);
        ck_assert_uint_gt(f.score[0].n_targets, 0);
        ck_assert_uint_eq(f.score[1].n_targets, 0);
        ck_assert_double_eq((double)f.score[1].dt_days, 10);
    }
    tr_feed_release(&f);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

START_TEST(hiding_hides_inputs_and_never_what_is_predicted)
{
    char path[64];
    struct tr_cohort c;
    struct tr_feed f;
    struct rt_shape s = {.vocab = INV_N_CONCEPTS,
                         .targets = 4,
                         .positions = 64,
                         .outcomes = 3,
                         .bins = 6,
                         .wide = 2,
                         .bin_edge_days = RT_BINS_DEFAULT};
    const struct tr_feed_how none = {false, 0.5F, 9}, half = {true, 0.5F, 9};
    size_t n_hidden = 0, n_items, n_targets;

    invent_cohort(invented_path(path), 30, 6);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_feed_init(&f, &c, &s, 512, NULL), AN_OK);
    tr_feed_begin(&f, 0);
    for (size_t i = 0; i < c.n_patients; i++)
        ck_assert(tr_feed_add(&f, i, &none));
    n_items = f.n_items;
    n_targets = f.n_targets;
    for (size_t i = 0; i < n_items; i++)
        ck_assert_int_ge(f.item[i].concept, 0);
    tr_feed_begin(&f, 0);
    for (size_t i = 0; i < c.n_patients; i++)
        ck_assert(tr_feed_add(&f, i, &half));
    for (size_t i = 0; i < n_items; i++)
    n_hidden += f.item[i].concept < 0;
    ck_assert_uint_eq(f.n_targets, n_targets);
    ck_assert_uint_gt(n_hidden, n_items * 2 / 5);
    ck_assert_uint_lt(n_hidden, n_items * 3 / 5);
    tr_feed_release(&f);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

Suite *trainer_cohort_suite(void)
{
    const TTest *const test[] = {
        what_was_written_is_read,
        same_patients_give_the_same_bytes,
        one_flipped_bit_or_a_cut_is_refused,
        a_patient_that_cannot_be_is_refused,
        a_person_is_in_one_split,
        a_file_with_a_person_in_two_splits_is_refused,
        a_long_record_keeps_its_first_position_and_its_end,
        hiding_hides_inputs_and_never_what_is_predicted};
    Suite *s = TEST_SUITE("trainer/cohort", test);
    TCase *tc = tcase_create("follow-ups");

    tcase_add_loop_test(tc, follow_up_falls_into_bins, 0,
                        (int)(sizeof(follow_ups) / sizeof(*follow_ups)));
    suite_add_tcase(s, tc);
    return s;
}
