/* SPDX-License-Identifier: Apache-2.0 */
/* A random model with an invented vocabulary and a timeline, for tests of what
 * is predicted. */
#ifndef TESTS_PREDICT_SCENE_H
#define TESTS_PREDICT_SCENE_H

#include "runtime/predict.h"

#define DAY INT64_C(86400000000)

enum { N_EVENTS = 24 };

struct scene {
    struct an_arena arena;
    struct rt_package package;
    struct rt_predictor p;
    struct ctx_event event[N_EVENTS];
    struct ctx_timeline timeline;
    int64_t now_us;
};

/* The conditions with a rule of their own; the others are for everybody. */
enum { WOMANS = 3, OF_TOO_FEW = 5, ONCE_ON_RECORD = 7, ONCE = 9, OFTEN = 11 };

/* A birth, then conditions and results a month apart. */
void make_events(struct scene *s, int n_concepts);

void open_scene(struct scene *s);
void close_scene(struct scene *s);

/* Of outcomes that the model has, one that it has not, and one that is not
 * asked for a reason. */
enum { SCENE_QUESTIONS = 4 };
extern const struct rt_question scene_question[SCENE_QUESTIONS];
struct ctx_forecast ask(struct scene *s, int64_t now_us);

#endif
