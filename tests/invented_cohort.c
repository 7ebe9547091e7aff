/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/invented_cohort.h"

#include "tests/model_random.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_POSITIONS = 16 };

struct tr_cohort_sizes invented_sizes(void)
{
    return (struct tr_cohort_sizes){.vocab = INV_N_CONCEPTS,
                                    .targets = 4,
                                    .value_rows = 1,
                                    .flags = RT_N_FLAGS,
                                    .outcomes = 3,
                                    .wide = 2,
                                    .death = 2};
}

struct person {
    struct rt_position position[MOST_POSITIONS];
    struct rt_item item[2 * MOST_POSITIONS];
    size_t n_positions, n_items;
    bool harm;
    float lab;
};

static void add(struct person *p, double day, int32_t concept, const float *z)
{
    struct rt_position *at = &p->position[p->n_positions];

    if (p->n_positions == 0 ||
        p->position[p->n_positions - 1].time_days < day) {
        double before =
            p->n_positions ? p->position[p->n_positions - 1].time_days : day;

        *at = (struct rt_position){.time_days = day,
                                   .age_days = (float)(20000 + day),
                                   .since_previous_days = (float)(day - before),
                                   .since_admission_days = -1,
                                   .first_item = (uint32_t)p->n_items};
        p->n_positions++;
    }
    p->item[p->n_items++] =
        (struct rt_item){concept,
                         {RT_NO_ROW, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW},
                         z ? 0 : RT_NO_ROW,
                         z ? *z : 0,
                         z && *z > 1 ? RT_FLAG_H : RT_FLAG_NONE};
    p->position[p->n_positions - 1].n_items++;
}

static double wait(struct test_random *r, double rate_per_day)
{
    return -log(1 - test_uniform(r)) / rate_per_day;
}

static void live(struct person *p, struct test_random *r)
{
    const int n = 3 + test_below(r, 4);
    const int harm_at = test_below(r, 3) == 0 ? test_below(r, n) : n;
    double day = 0;

    memset(p, 0, sizeof(*p));
    add(p, 0, test_below(r, 2) ? INV_SEX_A : INV_SEX_B, NULL);
    for (int i = 0; i < n; i++) {
        day += 1 + wait(r, 1.0 / 60);
        p->lab = (float)test_normal(r);
        add(p, day, INV_LAB, &p->lab);
        if (test_below(r, 2))
            add(p, day, INV_COMMON, NULL);
        if (i == harm_at) {
            p->harm = true;
            add(p, day, INV_HARM, NULL);
            day += 1 + wait(r, 1.0 / 3);
            add(p, day, INV_AFTER, NULL);
        }
    }
}

static struct tr_follow_up follow(struct test_random *r, double hazard,
                                  double death, double end)
{
    const double t = wait(r, hazard);
    const double stop = death < end ? death : end;

    return (struct tr_follow_up){0, (float)(t < stop ? t : stop), t < stop};
}

void invent_cohort(const char *path, size_t n, uint64_t seed)
{
    struct test_random r = {seed};
    struct tr_cohort_sizes sizes = invented_sizes();
    struct tr_cohort_writer w;
    struct an_err err;

    tr_cohort_writer_init(&w, &sizes);
    for (size_t i = 0; i < n; i++) {
        struct person p;
        struct tr_query q;
        struct tr_follow_up f[3];
        float wide[2];
        struct tr_cohort_one one;
        double death = wait(&r, 1.0 / 2000), last;

        live(&p, &r);
        last = p.position[p.n_positions - 1].time_days;
        q = (struct tr_query){(uint32_t)p.n_positions - 1, 1};
        f[0] = follow(&r, (p.harm ? 6.0 : 1.0) / 1200, death, 400);
        f[1] = follow(&r, exp((double)p.lab) / 800, death, 400);
        f[2] = (struct tr_follow_up){0, (float)fmin(death, 400), death < 400};
        wide[0] = (float)test_normal(&r);
        wide[1] = p.harm ? 1 : 0;
        one = (struct tr_cohort_one){
            .key = i + 1,
            .split = i % 10 < 7   ? TR_TRAIN
                     : i % 10 < 8 ? TR_TUNE
                                  : TR_TEST,
            .history = {p.position, p.n_positions, p.item, p.n_items},
            .start_days = 0,
            .end_days = last + 10,
            .query = &q,
            .follow_up = f,
            .wide = wide,
            .n_queries = 1};
        ck_assert_int_eq(tr_cohort_add(&w, &one, &err), AN_OK);
    }
    ck_assert_int_eq(tr_cohort_write(&w, path, &err), AN_OK);
    tr_cohort_writer_release(&w);
}

bool invented_harm(const struct tr_cohort *c, size_t patient)
{
    const struct rt_history h = tr_cohort_history(c, patient);

    for (size_t i = 0; i < h.n_items; i++)
        if (h.item[i].concept == INV_HARM)
            return true;
    return false;
}

float invented_lab(const struct tr_cohort *c, size_t patient)
{
    const struct rt_history h = tr_cohort_history(c, patient);
    float z = 0;

    for (size_t i = 0; i < h.n_items; i++)
        if (h.item[i].concept == INV_LAB)
            z = h.item[i].value_z;
    return z;
}

const char *invented_path(char buf[64])
{
    int fd;

    snprintf(buf, 64,
             "/tmp/anamnesis-test-"
             "XX"
             "XX"
             "XX");
    fd = mkstemp(buf);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return buf;
}

void invented_remove(const char *path)
{
    unlink(path);
}
