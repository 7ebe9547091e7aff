/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/switches.h"
#include "tests/suite.h"

#include <pthread.h>
#include <string.h>

Suite *trust_switches_suite(void);

static struct pl_switches *s;

static void set_up(void)
{
    ck_assert_int_eq(pl_switches_new(&s, NULL), AN_OK);
}

static void tear_down(void)
{
    pl_switches_free(s);
}

START_TEST(all_is_stopped_until_it_is_told)
{
    ck_assert_int_eq(pl_switches_generation(s), -1);
    ck_assert(pl_switches_stop(s, "risk", AN_STR("stroke")));
    ck_assert(pl_switches_stop(s, "summary", AN_STR("")));
    ck_assert_int_eq(pl_switches_set(s, 0, NULL, 0, NULL), AN_OK);
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("stroke")));
    ck_assert(!pl_switches_stop(s, "summary", AN_STR("")));
}
END_TEST

START_TEST(without_switches_nothing_is_stopped)
{
    ck_assert(!pl_switches_stop(NULL, "risk", AN_STR("stroke")));
    ck_assert_int_eq(pl_switches_generation(NULL), 0);
}
END_TEST

START_TEST(a_name_is_all_of_a_topic_or_a_kind)
{
    const struct an_str name[] = {AN_STR("stroke"), AN_STR("score")};

    ck_assert_int_eq(pl_switches_set(s, 2, name, 2, NULL), AN_OK);
    ck_assert(pl_switches_stop(s, "risk", AN_STR("stroke")));
    ck_assert(pl_switches_stop(s, "comparison", AN_STR("stroke")));
    ck_assert(pl_switches_stop(s, "score", AN_STR("egfr")));
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("strok")));
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("stroke2")));
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("")));
}
END_TEST

START_TEST(the_newest_is_kept)
{
    const struct an_str old = AN_STR("old"), new = AN_STR("new");

    ck_assert_int_eq(pl_switches_set(s, 7, &new, 1, NULL), AN_OK);
    ck_assert_int_eq(pl_switches_set(s, 6, &old, 1, NULL), AN_OK);
    ck_assert_int_eq(pl_switches_generation(s), 7);
    ck_assert(pl_switches_stop(s, "risk", new));
    ck_assert(!pl_switches_stop(s, "risk", old));
}
END_TEST

START_TEST(what_has_no_room_changes_nothing)
{
    struct an_str name[PL_SWITCHES + 1];
    char text[PL_SWITCH_NAME_BYTES];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i <= PL_SWITCHES; i++)
        name[i] = AN_STR("stroke");
    ck_assert_int_eq(pl_switches_set(s, 1, NULL, 0, NULL), AN_OK);
    ck_assert_int_eq(pl_switches_set(s, 2, name, PL_SWITCHES + 1, NULL),
                     AN_LIMIT);
    ck_assert_int_eq(pl_switches_generation(s), 1);
    ck_assert_int_eq(pl_switches_set(s, 2, name, PL_SWITCHES, NULL), AN_OK);
    name[0] = (struct an_str){text, sizeof(text)};
    ck_assert_int_eq(pl_switches_set(s, 3, name, 1, NULL), AN_LIMIT);
    name[0].n--;
    ck_assert_int_eq(pl_switches_set(s, 3, name, 1, NULL), AN_OK);
    ck_assert(pl_switches_stop(s, "risk", name[0]));
    name[0] = AN_STR("");
    ck_assert_int_eq(pl_switches_set(s, 4, name, 1, NULL), AN_LIMIT);
}
END_TEST

START_TEST(a_name_has_no_spaces_or_capitals)
{
    static const char *const good[] = {"stroke", "readmission-30d", "a_b.c"};
    static const char *const bad[] = {"", "Stroke", "a b", "a\n", "\xC3\xA9"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert(pl_switch_is_name(an_str_c(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!pl_switch_is_name(an_str_c(bad[i])));
}
END_TEST

enum { ROUNDS = 20000 };

static void *turn(void *arg)
{
    const struct an_str name[] = {AN_STR("stroke"), AN_STR("dementia")};

    (void)arg;
    for (int64_t i = 1; i <= ROUNDS; i++)
        if (pl_switches_set(s, i, name, 1 + (size_t)(i & 1), NULL) != AN_OK)
            return NULL;
    return s;
}

/* What each generation has is seen whole: the first name is always there. */
START_TEST(others_may_ask_meanwhile)
{
    const struct an_str first = AN_STR("stroke");
    pthread_t thread;
    void *done;

    ck_assert_int_eq(pl_switches_set(s, 0, &first, 1, NULL), AN_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, turn, NULL), 0);
    while (pl_switches_generation(s) < ROUNDS)
        ck_assert(pl_switches_stop(s, "risk", first));
    ck_assert_int_eq(pthread_join(thread, &done), 0);
    ck_assert_ptr_nonnull(done);
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("dementia")));
}
END_TEST

Suite *trust_switches_suite(void)
{
    const TTest *const test[] = {all_is_stopped_until_it_is_told,
                                 without_switches_nothing_is_stopped,
                                 a_name_is_all_of_a_topic_or_a_kind,
                                 the_newest_is_kept,
                                 what_has_no_room_changes_nothing,
                                 a_name_has_no_spaces_or_capitals,
                                 others_may_ask_meanwhile};

    return test_suite_around("trust/switches", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
