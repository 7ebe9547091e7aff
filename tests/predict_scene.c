/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/predict_scene.h"

#include "tests/model_random.h"

#include <check.h>
#include <stdio.h>

static void put_key(struct an_json_out *w, const char *name, int row)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "t|c%03d", row);
    an_out_key_str(w, name, an_str_c(text));
}

static void put_whom(struct an_json_out *w, int row)
{
    if (row == OF_TOO_FEW)
        return;
    an_out_key(w, "ages");
    an_out_array(w);
    an_out_i64(w, row == WOMANS ? 15 : 0);
    an_out_i64(w, row == WOMANS ? 55 : 120);
    an_out_end(w);
    an_out_key(w, "sexes");
    an_out_array(w);
    an_out_str(w, AN_STR("female"));
    if (row != WOMANS)
        an_out_str(w, AN_STR("male"));
    an_out_end(w);
    if (row == ONCE_ON_RECORD || row == ONCE) {
        an_out_key(w, "once");
        an_out_bool(w, true);
    }
}

/* Concepts "t|c000" ...; the last two are the kinds. */
static void put_vocabulary(struct an_json_out *w, const struct rt_shape *s)
{
    an_out_object(w);
    an_out_key(w, "concepts");
    an_out_array(w);
    for (int i = 0; i < s->vocab; i++) {
        an_out_object(w);
        if (i < s->vocab - 2)
            put_key(w, "key", i);
        else
            an_out_key_str(w, "key",
                           i == s->vocab - 2 ? AN_STR("kind|condition")
                                             : AN_STR("kind|observation"));
        if (i < s->vocab - 2) {
            an_out_key(w, "parents");
            an_out_array(w);
            an_out_str(w, i % 2 ? AN_STR("kind|condition")
                                : AN_STR("kind|observation"));
            an_out_end(w);
            put_whom(w, i);
        }
        an_out_end(w);
    }
    an_out_end(w);
    an_out_key(w, "targets");
    an_out_i64(w, s->targets);
    an_out_key(w, "values");
    an_out_array(w);
    for (int i = 0; i < s->value_rows; i++) {
        an_out_object(w);
        put_key(w, "key", i);
        an_out_key_str(w, "unit", AN_STR("mg/dL"));
        an_out_key(w, "mean");
        an_out_i64(w, 10);
        an_out_key(w, "sd");
        an_out_i64(w, 2);
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

static struct an_str manifest_text(struct an_arena *arena,
                                   const struct rt_shape *s)
{
    static const struct rt_horizon horizon = {
        30, {RT_CALIBRATION_LOGISTIC, 0, 1, NULL, NULL, 0, 0.4}};
    const struct rt_outcome outcome[3] = {{AN_STR("readmission"), &horizon, 1},
                                          {AN_STR("stroke"), NULL, 0},
                                          {AN_STR("death"), NULL, 0}};
    const struct rt_manifest m = {.name = AN_STR("test"),
                                  .version = AN_STR("1"),
                                  .shape = *s,
                                  .outcome = outcome,
                                  .limits = {3, 0.5, 18, 110, 0}};
    struct an_json_out w;
    struct an_str text;

    an_out_init(&w, arena, 1 << 20);
    an_out_object(&w);
    rt_manifest_write(&w, &m);
    an_out_key(&w, "vocabulary");
    put_vocabulary(&w, s);
    an_out_key(&w, "wide");
    an_out_array(&w);
    for (int i = 0; i < s->wide; i++) {
        an_out_object(&w);
        an_out_key_str(&w, "what", i == 0 ? AN_STR("age") : AN_STR("ever"));
        put_key(&w, "key", i);
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_key(&w, "next");
    an_out_object(&w);
    an_out_key(&w, "kinds");
    an_out_array(&w);
    an_out_str(&w, AN_STR("kind|condition"));
    an_out_end(&w);
    an_out_key(&w, "horizon_days");
    an_out_i64(&w, 90);
    an_out_end(&w);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    return text;
}

void make_events(struct scene *s, int n_concepts)
{
    static char code[N_EVENTS][8];
    const struct ctx_event **list =
        an_arena_get(&s->arena, N_EVENTS, sizeof(const struct ctx_event *));

    ck_assert_ptr_nonnull(list);
    s->now_us = 2 * N_EVENTS * 30 * DAY;
    for (int i = 0; i < N_EVENTS; i++) {
        struct ctx_event *e = &s->event[i];
        int row = i % n_concepts;

        (void)snprintf(code[i], sizeof(code[i]), "c%03d", row);
        *e = (struct ctx_event){
            .kind = row % 2 ? CTX_CONDITION : CTX_OBSERVATION,
            .status = CTX_STATUS_FINAL,
            .effective = an_time_us(i * 30 * DAY),
            .available_us = i * 30 * DAY,
            .concept = {AN_STR("t"), an_str_c(code[i]), AN_STR("")},
            .value = {.kind = row % 2 ? CTX_VALUE_NONE : CTX_VALUE_QUANTITY,
                      .literal = AN_STR("11"),
                      .number = 11,
                      .unit = AN_STR("mg/dL")}};
        list[i] = e;
    }
    s->event[0] = (struct ctx_event){.kind = CTX_BIRTH,
                                     .status = CTX_STATUS_FINAL,
                                     .effective = an_time_us(-50 * 365 * DAY)};
    s->timeline = (struct ctx_timeline){list, N_EVENTS, s->now_us};
}

void open_scene(struct scene *s)
{
    struct rt_shape shape = test_shape();
    struct test_random r = {7};

    an_arena_init(&s->arena, 256 << 20);
    s->package = (struct rt_package){.id = {.name = AN_STR("test")}};
    (void)test_model(&s->package.model, &s->arena, &shape, &r);
    ck_assert_int_eq(rt_manifest_read(&s->arena,
                                      manifest_text(&s->arena, &shape),
                                      &s->package.manifest, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_predictor_init(&s->p, &s->arena, &s->package, NULL),
                     AN_OK);
    make_events(s, 8);
}

void close_scene(struct scene *s)
{
    an_arena_free(&s->arena);
}

const struct rt_question scene_question[SCENE_QUESTIONS] = {
    {AN_STR_INIT("readmission"), 30, CTX_ABSTAIN_NONE},
    {AN_STR_INIT("gout"), 30, CTX_ABSTAIN_NONE},
    {AN_STR_INIT("stroke"), 365, CTX_ABSTAIN_NOT_AT_RISK},
    {AN_STR_INIT("death"), 365, CTX_ABSTAIN_NONE}};

struct ctx_forecast ask(struct scene *s, int64_t now_us)
{
    struct ctx_forecast f;
    struct an_err err;

    ck_assert_int_eq(rt_predict(&s->p, &s->arena, &s->timeline, now_us,
                                scene_question, SCENE_QUESTIONS, &f, &err),
                     AN_OK);
    return f;
}
