/* SPDX-License-Identifier: Apache-2.0 */
/* Dosing notes of random patients: a twin reads the table itself and says of
 * which rows there must be a note; no number of a note is of anything but the
 * table and the chart; each has its evidence and its source. */
#include "tests/advice_dosing_chart.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *advice_dosing_twin_suite(void);

static struct an_arena arena, keep;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
    an_arena_init(&keep, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
    an_arena_free(&keep);
}

/* ---- a twin that reads the table itself -----------------------------------------*/

static struct an_str cell[DOSING_ROWS][DOSING_COLUMNS];

static double number(struct an_str s)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.*s", AN_STR_ARG(s));
    return atof(text);
}

struct twin {
    bool adult, sex_known, has_creatinine, has_weight;
    double mg_dl, kg;
};

static struct twin twin_of(const struct dosing_patient *p)
{
    struct twin t = {.adult = p->age >= 18, .sex_known = p->sex != 'U'};

    t.has_creatinine = p->creatinine && p->creatinine_days <= 90 &&
                       p->comparator[0] == 0 && p->status == CTX_STATUS_FINAL;
    if (p->creatinine)
        t.mg_dl = strcmp(p->creatinine_unit, "umol/L") == 0
                      ? atof(p->creatinine) / 88.4
                      : atof(p->creatinine);
    t.has_weight = p->weight && p->weight_days <= 180;
    if (p->weight)
        t.kg = strcmp(p->weight_unit, "[lb_av]") == 0
                   ? atof(p->weight) * 0.45359237
                   : atof(p->weight);
    return t;
}

/* 'y', 'n' or '?', written as the label would be read. */
static char twin_says(const struct dosing_patient *p, const struct twin *t,
                      size_t row)
{
    const struct an_str *c = cell[row];
    bool female = p->sex == 'F';
    double v, k = female ? 0.7 : 0.9, r = t->mg_dl / k;
    int hold, open;

    if (!t->adult)
        return '?';
    if (an_str_eq(c[2], AN_STR("ADV_NO_EQUATION"))) {
        hold = p->age >= number(c[6]);
        open = !t->has_weight + !t->has_creatinine;
        if (t->has_weight && t->kg <= number(c[7]))
            hold++;
        if (t->has_creatinine && t->mg_dl >= number(c[8]))
            hold++;
        return hold >= number(c[9])         ? 'y'
               : hold + open < number(c[9]) ? 'n'
                                            : '?';
    }
    if (!t->sex_known || !t->has_creatinine)
        return '?';
    if (an_str_eq(c[2], AN_STR("ADV_COCKCROFT_GAULT"))) {
        if (!t->has_weight)
            return '?';
        v = (140.0 - p->age) / 72.0 * t->kg / t->mg_dl;
        if (female)
            v = v * 85 / 100;
    } else {
        v = r <= 1 ? 142 * pow(r, female ? -0.241 : -0.302) : 142 / pow(r, 1.2);
        v *= exp(p->age * log(0.9938)) * (female ? 1.012 : 1);
    }
    if (v < number(c[3]) || v > number(c[4]))
        return 'n';
    return 'y';
}

static unsigned long long seed;

static unsigned draw(unsigned of)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % of;
}

static struct dosing_patient random_patient(char text[3][16])
{
    struct dosing_patient p = dosing_frail;
    bool moles = draw(2), pounds = draw(2);

    p.age = (int)draw(20) ? 15 + (int)draw(85) : 0;
    p.sex = "FMFMFMFMU"[draw(9)];
    p.status = draw(12) ? CTX_STATUS_FINAL : CTX_STATUS_PRELIMINARY;
    p.comparator = draw(12) ? "" : "<";
    p.creatinine_days = (int)draw(100);
    p.weight_days = (int)draw(200);
    (void)snprintf(text[0], 16, "%.1f",
                   (0.4 + draw(500) / 100.0) * (moles ? 88.4 : 1));
    (void)snprintf(text[1], 16, "%.1f",
                   (35 + draw(900) / 10.0) / (pounds ? 0.45359237 : 1));
    (void)snprintf(text[2], 16, "%u", 145 + draw(50));
    p.creatinine = draw(12) ? text[0] : NULL;
    p.creatinine_unit = moles ? "umol/L" : "mg/dL";
    p.weight = draw(12) ? text[1] : NULL;
    p.weight_unit = pounds ? "[lb_av]" : "kg";
    p.height = draw(2) ? text[2] : NULL;
    return p;
}

START_TEST(says_of_each_row_what_a_naive_reading_says)
{
    size_t n_rows = dosing_table(&keep, cell), n_said = 0, n_abstained = 0,
           n_none = 0;

    seed = 20261130;
    for (int round = 0; round < 4000; round++) {
        char text[3][16];
        struct dosing_patient p = random_patient(text);
        struct twin t = twin_of(&p);
        const struct ctx_suggestion *s;
        struct dosing_chart c;
        size_t n, at = 0;

        an_arena_reset(&arena);
        dosing_chart_of(&p, &c);
        n = dosing_ask(&arena, &c, dosing_drugs, N_DOSING_DRUGS, &s);
        for (size_t row = 0; row < n_rows; row++) {
            char want = twin_says(&p, &t, row);
            bool again = at && s[at - 1].abstention &&
                         an_str_eq(s[at - 1].topic, cell[row][0]);

            if (want == 'n' || (want == '?' && again)) {
                n_none++;
                continue;
            }
            ck_assert_msg(at < n, "round %d: too little", round);
            ck_assert_msg(an_str_eq(s[at].topic, cell[row][0]) &&
                              (s[at].abstention != 0) == (want == '?'),
                          "round %d, row %zu: %.*s", round, row,
                          AN_STR_ARG(s[at].statement));
            n_said += want == 'y';
            n_abstained += want == '?';
            at++;
        }
        ck_assert_msg(at == n, "round %d: too much", round);
    }
    ck_assert_uint_gt(n_said, 2000);
    ck_assert_uint_gt(n_abstained, 2000);
    ck_assert_uint_gt(n_none, 2000);
}
END_TEST

/* ---- numbers ------------------------------------------------------------------*/

static bool is_part(const char *p)
{
    return (*p >= '0' && *p <= '9') ||
           ((*p == '.' || *p == '-') && p[1] >= '0' && p[1] <= '9');
}

/* The next "1.73" or "2026-12-08" of a text; its length, 0 at the end. */
static size_t next_number(const char **at)
{
    const char *p = *at;
    size_t n = 0;

    while (*p && (*p < '0' || *p > '9'))
        p++;
    *at = p;
    while (p[n] && is_part(p + n))
        n++;
    return n;
}

static bool has_number(const char *text, const char *number, size_t n)
{
    const char *at = text;

    for (size_t k; (k = next_number(&at)) > 0; at += k)
        if (k == n && memcmp(at, number, n) == 0)
            return true;
    return false;
}

/* Where a number may come from: the rows of the drug, the chart, the estimate,
 * and what the equations and their limits are called. */
static void sources(const struct ctx_suggestion *s,
                    const struct dosing_chart *c,
                    const struct dosing_patient *p, size_t n_rows, char *text,
                    size_t room)
{
    size_t n = (size_t)snprintf(text, room,
                                " CKD-EPI 2021 1.73 90 180 0 1 2 3 "
                                "%d %.*s ",
                                p->age, AN_STR_ARG(s->value));

    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 3;
             i < DOSING_COLUMNS && an_str_eq(cell[row][0], s->topic); i++)
            n += (size_t)snprintf(text + n, room - n, "%.*s ",
                                  AN_STR_ARG(cell[row][i]));
    for (size_t i = 0; i < c->timeline.n_events; i++) {
        char day[AN_TIME_TEXT_BYTES];

        an_time_print_date(c->event[i].effective, day);
        n += (size_t)snprintf(text + n, room - n, "%s %.*s ", day,
                              AN_STR_ARG(c->event[i].value.literal));
    }
    if (p->height && p->weight) {
        double m = atof(p->height) / 100;

        (void)snprintf(text + n, room - n, "%.1f ", twin_of(p).kg / (m * m));
    }
}

START_TEST(no_number_is_said_that_is_not_of_the_table_or_the_chart)
{
    static char text[3][16], allowed[4096], statement[4096];
    size_t n_rows = dosing_table(&keep, cell), n_numbers = 0;

    seed = 7;
    for (int round = 0; round < 1000; round++) {
        struct dosing_patient p = random_patient(text);
        const struct ctx_suggestion *s;
        struct dosing_chart c;
        size_t n;

        an_arena_reset(&arena);
        dosing_chart_of(&p, &c);
        n = dosing_ask(&arena, &c, dosing_drugs, N_DOSING_DRUGS, &s);
        for (size_t i = 0; i < n; i++) {
            const char *at = statement;

            sources(&s[i], &c, &p, n_rows, allowed, sizeof(allowed));
            (void)snprintf(statement, sizeof(statement), "%.*s",
                           AN_STR_ARG(s[i].statement));
            for (size_t k; (k = next_number(&at)) > 0; at += k) {
                n_numbers++;
                ck_assert_msg(has_number(allowed, at, k), "%.*s: %s", (int)k,
                              at, statement);
            }
        }
    }
    ck_assert_uint_gt(n_numbers, 5000);
}
END_TEST

START_TEST(each_note_has_evidence_and_a_source)
{
    static char text[3][16];
    size_t n_notes = 0;

    seed = 11;
    for (int round = 0; round < 1000; round++) {
        struct dosing_patient p = random_patient(text);
        const struct ctx_suggestion *s;
        struct dosing_chart c;
        size_t n;

        an_arena_reset(&arena);
        dosing_chart_of(&p, &c);
        n = dosing_ask(&arena, &c, dosing_drugs, N_DOSING_DRUGS, &s);
        for (size_t i = 0; i < n; i++) {
            n_notes++;
            ck_assert_int_eq(s[i].kind, CTX_SUGGEST_DOSING);
            ck_assert(s[i].never_patient && !s[i].patient_facing);
            ck_assert_uint_eq(s[i].model.name.n, 0);
            ck_assert(s[i].title.n > 0 && s[i].statement.n > 0);
            ck_assert_uint_gt(s[i].n_citations, 0);
            for (size_t k = 0; k < s[i].n_citations; k++)
                ck_assert(s[i].citation[k].title.n > 0 &&
                          s[i].citation[k].source.n > 0);
            ck_assert(s[i].abstention || s[i].n_evidence >= 2);
            for (size_t k = 0; k < s[i].n_evidence; k++)
                ck_assert(s[i].evidence[k].event != NULL &&
                          s[i].evidence[k].sentence.n > 0);
        }
    }
    ck_assert_uint_gt(n_notes, 1000);
}
END_TEST

Suite *advice_dosing_twin_suite(void)
{
    Suite *s = suite_create("advice_dosing_twin");
    TCase *tc = tcase_create("advice_dosing_twin");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, says_of_each_row_what_a_naive_reading_says);
    tcase_add_test(tc, no_number_is_said_that_is_not_of_the_table_or_the_chart);
    tcase_add_test(tc, each_note_has_evidence_and_a_source);
    suite_add_tcase(s, tc);
    return s;
}
