/* SPDX-License-Identifier: Apache-2.0 */
/* The page: well-formed, closed to the world, telling of nobody; groups; other
 * fits beside. */
#include "tests/reported.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/evaluate/groups.h"
#include "trainer/file.h"
#include "trainer/fit/course.h"
#include "trainer/report/html.h"
#include "trainer/report/page.h"
#include "trainer/report/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_page_suite(void);

enum { N = 300, DEPTH = 64 };

static struct reported r;

/* ---- text ------------------------------------------------------------------ */

START_TEST(foreign_bytes_are_text)
{
    static const struct {
        const char *is, *want;
    } known[] = {
        {"<script>&\"", "&lt;script&gt;&amp;&quot;"},
        {"it's", "it&#39;s"},
        {"a\tb\n", "a\tb\n"},
        {"\x01\x1F\x7F", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
         "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xC3", "\xEF\xBF\xBD"},                 /* cut */
        {"\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* '<', too long */
        {"\xED\xA0\x80",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* surrogate */
        {"\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* none */
        {"\xF4\x90\x80\x80",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xE2\x82<b", "\xEF\xBF\xBD\xEF\xBF\xBD&lt;b"},
    };
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct an_buf b;
        struct an_str text;

        an_buf_init(&b, &arena, 1000);
        tr_html_text(&b, an_str_c(known[i].is));
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert_an_str_eq(text, known[i].want);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(small_counts_are_not_told)
{
    static const struct {
        size_t n;
        const char *want;
    } known[] = {{0, "0"}, {1, "&lt; 10"}, {9, "&lt; 10"}, {10, "10"}};
    static const struct {
        size_t count[4];
        bool hidden[4];
    } lists[] = {{{20, 30, 40, 50}, {false, false, false, false}},
                 {{20, 3, 40, 0}, {true, true, false, false}},
                 {{20, 3, 4, 50}, {false, true, true, false}},
                 {{0, 3, 0, 0}, {false, true, false, false}}};
    struct an_arena arena;
    bool hidden[4];

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 4; i++) {
        struct an_buf b;
        struct an_str text;

        an_buf_init(&b, &arena, 100);
        tr_html_count(&b, known[i].n);
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert_an_str_eq(text, known[i].want);
        tr_counts_hide(lists[i].count, 4, hidden);
        for (int k = 0; k < 4; k++)
            ck_assert_int_eq(hidden[k], lists[i].hidden[k]);
    }
    an_arena_free(&arena);
}
END_TEST

/* ---- groups ---------------------------------------------------------------- */

START_TEST(groups_are_everybody_once)
{
    static const char json[] =
        "{\"vocabulary\": {\"concepts\": [{\"key\": \"a|b\"}, {\"key\": "
        "\"sex|male\"}, {\"key\": \"sex|female\"}]}}";
    /* Two cases of the first, who is female by the second; a male; nobody
     * knows of the last. */
    static const struct rt_item item[] = {
        {.concept = 0}, {.concept = 2}, {.concept = 1}, {.concept = RT_NO_ROW}};
    static const struct tr_patient patient[] = {
        {.key = 7, .n_positions = 2, .n_items = 1, .n_queries = 2},
        {.key = 7,
         .first_position = 2,
         .first_item = 1,
         .first_query = 2,
         .n_positions = 1,
         .n_items = 1,
         .n_queries = 1},
        {.key = 8,
         .first_position = 3,
         .first_item = 2,
         .first_query = 3,
         .n_positions = 1,
         .n_items = 1,
         .n_queries = 1},
        {.key = 9,
         .first_position = 4,
         .first_item = 3,
         .first_query = 4,
         .n_positions = 1,
         .n_items = 1,
         .n_queries = 1}};
    static const struct rt_position position[] = {{.age_days = 17.9F * 365.25F},
                                                  {.age_days = 18.1F * 365.25F},
                                                  {.age_days = 64.9F * 365.25F},
                                                  {.age_days = 65.1F * 365.25F},
                                                  {.age_days = 99 * 365.25F}};
    static const struct tr_query query[] = {
        {0, 1}, {1, 1}, {0, 1}, {0, 1}, {0, 1}};
    static const uint8_t sex[] = {0, 0, 0, 1, 2}, age[] = {3, 4, 5, 6, 7};
    uint32_t row[] = {0, 1, 2, 3, 4}, person[] = {0, 0, 0, 1, 2};
    const struct tr_predicted p = {
        .row = row, .person = person, .n = 5, .n_persons = 3};
    struct tr_data d = {.cohort = {.patient = patient,
                                   .position = position,
                                   .item = item,
                                   .query = query,
                                   .n_patients = 4}};
    struct an_arena arena;
    struct tr_grouped g;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(json), &d.root, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_grouped_init(&g, &arena, &d, &p, NULL), AN_OK);
    ck_assert_mem_eq(g.sex_q, sex, sizeof(sex));
    ck_assert_mem_eq(g.age_q, age, sizeof(age));
    an_arena_free(&arena);
}
END_TEST

START_TEST(groups_add_up_to_the_column)
{
    static const int ends[] = {0, TR_GROUP_FIRST_AGE, TR_N_GROUPS};
    struct tr_group_score group;
    struct tr_grouped g;

    reported_begin(&r, N);
    ck_assert_int_eq(
        tr_grouped_init(&g, &r.judged.arena, &r.data, &r.judgement.test, NULL),
        AN_OK);
    for (size_t q = 0; q < g.n; q++) { /* as if they had been of all kinds */
        g.sex_q[q] = (uint8_t)(q % (size_t)ends[1]);
        g.age_q[q] =
            (uint8_t)((size_t)ends[1] + q % (size_t)(ends[2] - ends[1]));
    }
    for (int by = 0; by < 2; by++) {
        const struct tr_verdict *v = &r.judgement.verdict[1];
        struct tr_counted sum = {0};

        for (int k = ends[by]; k < ends[by + 1]; k++) {
            ck_assert_int_eq(
                tr_group_look(&r.view, &g, (enum tr_group)k, 1, &group, NULL),
                AN_OK);
            sum.questions += group.count.questions;
            sum.events += group.count.events;
            sum.people += group.count.people;
            sum.people_with += group.count.people_with;
            ck_assert_int_eq(group.enough, tr_counted_enough(&group.count));
            if (group.enough)
                ck_assert(group.auroc.interval.low < group.auroc.value &&
                          group.level.interval.high > group.level.value);
        }
        ck_assert_uint_eq(sum.questions, v->n);
        ck_assert_uint_eq(sum.events, v->events);
        ck_assert_uint_eq(sum.people_with, v->persons_with_event);
        ck_assert_uint_eq(sum.people, v->n); /* each is asked once */
    }
    reported_end(&r);
}
END_TEST

/* ---- the page -------------------------------------------------------------- */

/* Each tag is closed by its own; attributes and text have no bare markup. */
static void check_balanced(struct an_str html)
{
    struct an_str open[DEPTH];
    size_t depth = 0;

    ck_assert(
        an_str_starts(html, AN_STR("<!DOCTYPE html>\n<html lang=\"en\">")));
    for (size_t i = 16; i < html.n; i++) {
        const char *end;
        size_t n;

        ck_assert(html.p[i] != '>' && html.p[i] != '\0');
        if (html.p[i] == '&')
            ck_assert_ptr_nonnull(memchr(html.p + i, ';', 8));
        if (html.p[i] != '<')
            continue;
        end = memchr(html.p + i, '>', html.n - i);
        ck_assert_ptr_nonnull(end);
        n = (size_t)(end - html.p) - i + 1;
        if (html.p[i + 1] == '/') {
            const struct an_str name = {html.p + i + 2, n - 3};

            ck_assert_uint_gt(depth, 0);
            ck_assert(an_str_eq(name, open[--depth]));
        } else if (end[-1] != '/') {
            ck_assert_uint_lt(depth, DEPTH);
            open[depth++] = (struct an_str){html.p + i + 1,
                                            strcspn(html.p + i + 1, " >\n")};
        }
        i += n - 1;
    }
    ck_assert_uint_eq(depth, 0);
}

static size_t count(struct an_str html, const char *what)
{
    size_t n = 0;

    for (const char *p = html.p; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static bool has(struct an_str html, const char *what)
{
    return count(html, what) > 0;
}

static struct tr_page_of page_of(void)
{
    return (struct tr_page_of){&r.data, &r.fitted, &r.judgement,
                               .name = AN_STR("<script>&\""),
                               .card = AN_STR("")};
}

static struct an_str make(const struct tr_page_of *of)
{
    struct an_str html;

    ck_assert_int_eq(tr_page(&r.judged.arena, of, &html, NULL), AN_OK);
    check_balanced(html);
    return html;
}

START_TEST(a_page_loads_and_runs_nothing)
{
    static const char *const never[] = {"<script", "http:", "https:", "src=",
                                        "@import", "url(",  "onload", "<link"};
    struct tr_page_of of;
    struct an_str html, again;

    reported_begin(&r, N);
    of = page_of();
    of.card = AN_STR("# A card\n<script>alert(1)</script> & more");
    r.data.asked[1].id = AN_STR("<script>&\"");
    html = make(&of);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        ck_assert_msg(!has(html, never[i]), "%s", never[i]);
    ck_assert(has(html, "default-src 'none'; style-src 'unsafe-inline'"));
    ck_assert(has(html, "<h1>Evaluation of &lt;script&gt;&amp;&quot;</h1>"));
    ck_assert(has(html, "&lt;script&gt;&amp;&quot; within 1000 days</h2>"));
    ck_assert(has(html, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"));
    again = make(&of);
    ck_assert_uint_eq(again.n, html.n);
    ck_assert_mem_eq(again.p, html.p, html.n);
    reported_end(&r);
}
END_TEST

START_TEST(what_has_too_few_events_has_no_plot)
{
    size_t with = 0;
    struct tr_page_of of;
    struct an_str html;

    reported_begin(&r, N);
    of = page_of();
    r.judgement.verdict[0].events = TR_JUDGED_EVENTS - 1;
    r.judgement.verdict[2].events = TR_SMALL_COUNT - 1;
    for (size_t i = 0; i < r.judgement.n; i++)
        with += r.judgement.verdict[i].events >= TR_JUDGED_EVENTS;
    ck_assert_uint_ge(with, 2);
    ck_assert_uint_lt(with, r.judgement.n);
    html = make(&of);
    ck_assert_uint_eq(count(html, "<figure>"), 4 * with);
    ck_assert_uint_eq(count(html, "<figcaption>"), 4 * with);
    ck_assert_uint_eq(count(html, "<desc id="), 4 * with);
    ck_assert(!has(html, "<section id=\"o1\">"));
    ck_assert(!has(html, "<section id=\"o3\">"));
    ck_assert(has(html, "<section id=\"o2\">"));
    ck_assert(has(html, "<td>&lt; 10</td><td colspan=\"4\">Too few to judge"));
    ck_assert(!has(html, "nan") && !has(html, "inf)"));
    ck_assert_uint_eq(count(html, "<caption>Thresholds</caption>"), with);
    ck_assert_uint_eq(count(html, "<caption>By sex</caption>"), with);
    ck_assert(!has(html, "id=\"learning\"") && !has(html, "id=\"card\""));
    reported_end(&r);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
    struct an_arena *arena = &r.judged.arena;
    struct tr_page_of of;
    struct an_str html;
    enum an_code code = AN_NOMEM;

    reported_begin(&r, 80);
    of = page_of();
    for (long n = 0; code != AN_OK; n += 1 + n / 2) {
        const struct an_mark mark = an_arena_mark(arena);

        arena->fail_after = n;
        code = tr_page(arena, &of, &html, NULL);
        ck_assert(code == AN_OK || code == AN_NOMEM);
        arena->fail_after = -1;
        an_arena_rewind(arena, mark);
    }
    reported_end(&r);
}
END_TEST

/* ---- how it learned -------------------------------------------------------- */

START_TEST(a_course_is_bounded_and_keeps_the_last)
{
    struct tr_course c = {.n = 0};

    for (int64_t epoch = 1; epoch <= 1000; epoch++) {
        const struct tr_course_at at = {epoch, 1. / (double)epoch, 2, 3, 4};

        tr_course_add(&c, &at);
        ck_assert_int_le(c.n, TR_COURSE_EPOCHS);
        ck_assert_int_eq(c.at[c.n - 1].epoch, epoch);
        if (epoch <= TR_COURSE_EPOCHS)
            ck_assert_int_eq(c.n, epoch);
    }
    ck_assert_int_ge(c.n, TR_COURSE_EPOCHS / 2);
    for (int64_t i = 1; i + 1 < c.n; i++)
        ck_assert_int_eq(c.at[i].epoch - c.at[i - 1].epoch, c.every);
    for (int64_t i = 0; i < c.n; i++)
        ck_assert_double_eq_tol(c.at[i].train, 1. / (double)c.at[i].epoch,
                                1e-12);
}
END_TEST

static void learn(struct an_arena *arena, const char *epochs)
{
    char *json = an_arena_get(arena, strlen(epochs) + 64, 1);

    ck_assert_ptr_nonnull(json);
    snprintf(json, strlen(epochs) + 64, "{\"best_epoch\": 2, \"epochs\": [%s]}",
             epochs);
    ck_assert_int_eq(an_json_read(arena, &(struct an_json_limits){0},
                                  an_str_c(json), &r.fitted.root, NULL),
                     AN_OK);
}

START_TEST(the_page_shows_how_it_learned)
{
    struct tr_page_of of;
    struct an_str html;
    size_t before;

    reported_begin(&r, 80);
    of = page_of();
    before = count(make(&of), "<figure>");
    learn(&r.judged.arena,
          "{\"epoch\": 1, \"train\": 2.5, \"tune\": 2.75, \"next\": 0.5, "
          "\"outcomes\": 2.25}, {\"epoch\": 2, \"train\": 2.0, \"tune\": 2.5, "
          "\"next\": 0.25, \"outcomes\": 2.125}");
    html = make(&of);
    ck_assert_uint_eq(count(html, "<figure>"), before + 3);
    ck_assert(has(html, "Kept is epoch 2"));
    ck_assert(has(html, "Losses of 2 epochs, between 2.0000 and 2.7500"));
    /* Without anybody to tune on. */
    learn(&r.judged.arena, "{\"epoch\": 1, \"train\": 2.5, \"tune\": null, "
                           "\"next\": null, \"outcomes\": null}");
    html = make(&of);
    ck_assert_uint_eq(count(html, "<figure>"), before + 1);
    ck_assert(!has(html, "Kept is epoch"));
    /* Of what is no list of ours nothing is drawn. */
    learn(&r.judged.arena, "{\"epoch\": \"x\"}, 3, {\"epoch\": -1}");
    ck_assert_uint_eq(count(make(&of), "<figure>"), before);
    reported_end(&r);
}
END_TEST

/* ---- beside ---------------------------------------------------------------- */

START_TEST(names_are_cut_from_folders)
{
    static const struct {
        const char *text, *name, *model, *data;
    } known[] = {{"a=b", "a", "b", NULL},
                 {"a=b=c", "a", "b=c", NULL},
                 {"a b=/c d,/e", "a b", "/c d", "/e"},
                 {"a", NULL, NULL, NULL},
                 {"=b", NULL, NULL, NULL},
                 {"a=", NULL, NULL, NULL},
                 {"a=,b", NULL, NULL, NULL},
                 {"a=b,", NULL, NULL, NULL},
                 {"", NULL, NULL, NULL}};
    struct tr_beside_given given;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        ck_assert_int_eq(
            tr_beside_parse(&arena, an_str_c(known[i].text), &given),
            known[i].name != NULL);
        if (known[i].name == NULL)
            continue;
        ck_assert_an_str_eq(given.name, known[i].name);
        ck_assert_str_eq(given.model, known[i].model);
        ck_assert_int_eq(given.data == NULL, known[i].data == NULL);
        if (given.data)
            ck_assert_str_eq(given.data, known[i].data);
    }
    an_arena_free(&arena);
}
END_TEST

/* A model beside itself differs from itself in nothing. */
START_TEST(a_model_beside_itself_is_no_other)
{
    const char *folder;
    struct tr_beside beside;
    struct tr_page_of of;
    struct an_str html;
    size_t at;

    reported_begin(&r, N);
    folder = r.judged.folder.path;
    {
        const struct tr_beside_given given[] = {
            {AN_STR("<same>"), folder, NULL}, {AN_STR("own"), folder, folder}};

        ck_assert_int_eq(tr_beside(&r.judged.arena, &r.data, &r.fitted,
                                   &r.judgement, AN_STR("first"), given, 2,
                                   &beside, &at, NULL),
                         AN_OK);
    }
    ck_assert_uint_eq(beside.n, 3);
    for (size_t i = 0; i < beside.n; i++) {
        const struct tr_beside_row *row = &beside.row[i];

        ck_assert_double_eq_tol(row->outcomes.value, r.judgement.loss.outcomes,
                                1e-9);
        ck_assert_double_eq_tol(row->next_event.value,
                                r.judgement.loss.next_event, 1e-9);
        ck_assert_double_eq_tol(row->outcomes.interval.high, 0, 1e-12);
        ck_assert_double_eq_tol(row->auroc[1].difference, 0, 1e-12);
        ck_assert_double_eq_tol(row->auroc[1].value,
                                r.judgement.verdict[1].model.auroc, 1e-9);
    }
    of = page_of();
    of.beside = &beside;
    html = make(&of);
    ck_assert(has(html, "<th scope=\"row\">2. &lt;same&gt;</th>"));
    ck_assert(has(html, "id=\"beside\""));
    /* Shapes that say size and history were varied are drawn against them. */
    ck_assert(!has(html, "Outcomes against"));
    beside.row[1].shape.positions = 128;
    beside.row[2].shape.channels = 8;
    beside.row[2].n_parameters = 1000;
    html = make(&of);
    ck_assert(has(html, "Outcomes against size") &&
              has(html, "Outcomes against history"));
    reported_end(&r);
}
END_TEST

/* Other test patients are no comparison. */
START_TEST(other_people_are_refused)
{
    const struct judged_how how = {
        .n = {0, 40, 80}, .end_days = 1500, .seed = 6};
    struct tr_beside_given given = {AN_STR("x"), NULL, NULL};
    struct tr_beside beside;
    struct judged other;
    struct an_err err;
    size_t at;

    reported_begin(&r, 80);
    judged_begin(&other);
    judged_write_data(&other, &how);
    judged_write_model(&other, NULL);
    given.model = given.data = other.folder.path;
    ck_assert_int_eq(tr_beside(&r.judged.arena, &r.data, &r.fitted,
                               &r.judgement, AN_STR("first"), &given, 1,
                               &beside, &at, &err),
                     AN_CONFLICT);
    judged_end(&other);
    reported_end(&r);
}
END_TEST

START_TEST(evaluate_writes_the_page)
{
    char path[TEST_PATH_BYTES], option[TEST_PATH_BYTES + 32];
    char folder[TEST_PATH_BYTES], beside[TEST_PATH_BYTES + 32];
    char *argv[] = {option, beside, folder, folder};
    struct an_str text, html;

    reported_begin(&r, 80);
    snprintf(folder, sizeof(folder), "%s", r.judged.folder.path);
    test_folder_file(&r.judged.folder, "page.html", path);
    snprintf(option, sizeof(option), "--report=%s", path);
    snprintf(beside, sizeof(beside), "--beside=again=%s", folder);
    ck_assert_int_eq(tr_command_evaluate(4, argv), TR_EXIT_OK);
    ck_assert_int_eq(tr_file_map(path, &text, NULL), AN_OK);
    ck_assert(an_arena_str(&r.judged.arena, text, &html));
    tr_file_unmap(text);
    check_balanced(html);
    ck_assert(has(html, "2. again</th>"));
    /* Nothing to stand beside; no name; a model that is not there. */
    ck_assert_int_eq(tr_command_evaluate(3, argv + 1), TR_EXIT_USAGE);
    snprintf(beside, sizeof(beside), "--beside=again");
    ck_assert_int_eq(tr_command_evaluate(4, argv), TR_EXIT_USAGE);
    snprintf(beside, sizeof(beside), "--beside=again=%s/no", folder);
    ck_assert_int_eq(tr_command_evaluate(4, argv), TR_EXIT_FAILED);
    reported_end(&r);
}
END_TEST

Suite *trainer_page_suite(void)
{
    const TTest *const test[] = {
        foreign_bytes_are_text,
        small_counts_are_not_told,
        groups_are_everybody_once,
        groups_add_up_to_the_column,
        a_page_loads_and_runs_nothing,
        what_has_too_few_events_has_no_plot,
        no_memory_is_an_error,
        a_course_is_bounded_and_keeps_the_last,
        the_page_shows_how_it_learned,
        names_are_cut_from_folders,
        a_model_beside_itself_is_no_other,
        other_people_are_refused,
        evaluate_writes_the_page,
    };

    return TEST_SUITE("trainer/page", test);
}
