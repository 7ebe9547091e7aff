/* SPDX-License-Identifier: Apache-2.0 */
/* A timeline as the model reads it.
 *
 *     struct rt_encoded e;
 *     rt_encode(arena, vocabulary, &timeline, now, &e, err);
 *     if (e.has_birth && e.history.n_positions >= ...)
 *         forecast(&e.history);
 *
 * Trainer and runtime share this function, so what a model saw in training is
 * what it sees in service.
 *
 * An event stands at the moment from which it was known: the later of its
 * effective and its available time, so that a result takes its place when it
 * was reported and not when blood was drawn.  Events known at one moment make
 * one position.  Nothing after `now` is read.  The moment of the question is the
 * whole hour before `now`, so that a record of which nothing new is known has one
 * answer for so long (runtime/cache.h); unless something became known since, a
 * last position without items stands there.
 *
 * Read: sex (at the first position), admissions, transfers, discharges,
 * conditions, procedures, observations, medication, allergies, immunizations.
 * Not read: birth (age is in every position), death, orders, reports,
 * documents, notes.  Planned events are not read either.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena; `event` points
 * to the timeline's events. */
#ifndef RUNTIME_ENCODE_H
#define RUNTIME_ENCODE_H

#include "base/arena.h"
#include "context/timeline.h"
#include "runtime/vocabulary.h"

struct rt_encoded {
    struct rt_history history;
    const struct ctx_event *const *event; /* item by item: where it came from */
    int64_t origin_us; /* time_days counts from here: the first position */
    bool has_birth;    /* else ages are 0 and mean nothing */
    bool is_dead;
    uint8_t sex;      /* as rt_sex says; 0: not known */
    size_t n_read;    /* events that the model could have known */
    size_t n_unknown; /* of them, those of which it knows no more than kind */
};

enum an_code rt_encode(struct an_arena *arena, const struct rt_vocabulary *v,
                       const struct ctx_timeline *t, int64_t now_us,
                       struct rt_encoded *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The moment from which an event was known. */
int64_t rt_known_us(const struct ctx_event *e);

/* The key under which an event's concept stands in a vocabulary, for whoever
 * builds one: "system|code", or of what has no code "encounter|admission-IMP",
 * "sex|female".  False when the event is not read, or has no code. */
bool rt_event_key(struct an_arena *arena, const struct ctx_event *e,
                  struct an_str *key);
/* Of a coded answer: "system|code=system|code". */
bool rt_answer_key(struct an_arena *arena, const struct ctx_event *e,
                   struct an_str *key);
/* The key of its kind: "kind|condition". */
struct an_str rt_kind_key(const struct ctx_event *e);

#endif
