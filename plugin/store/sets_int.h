/* SPDX-License-Identifier: Apache-2.0 */
/* What is filed of a person, before it is put together: the events of one
 * message under one identifier, and of which visit those are that name none.
 *
 * The versions of a fact go together.  One that names no visit goes with the
 * visit that the last said of the others names which are filed under the same
 * person; where none does, with those that are filed under others and name a visit
 * which has been this person's on its way; one that names one goes with that.  A
 * consent that names none is the person's.  So of whoever's visit comes to the asked person, what is filed of
 * the same facts is read, too: `visited` names those messages by some bits of
 * the fact's hash.  What of it goes elsewhere still says how confidential the
 * fact is, and what is forbidden.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_STORE_SETS_INT_H
#define PLUGIN_STORE_SETS_INT_H

#include "plugin/store/reader_int.h"

struct pl_set {
    const struct ctx_event *event;
    size_t n;
    size_t person; /* whose it would be if no visit had been moved */
    int64_t number;
    int64_t message; /* 0: it was not known at the moment */
    /* Of those that are read for their fact: its key at the asked person, or
     * else ""; whether it is there a second time, by another key; and whether
     * by one that was known at the moment. */
    struct an_str as;
    bool is_again, is_known;
};

struct pl_sets {
    struct pl_set *set;
    size_t n, room;
    size_t n_events;
    int64_t last_message;
    int64_t as_of_us;
    int64_t number; /* under which is filed what is taken next */
};

/* sets.c */
bool pl_is_one_of(const struct pl_someone *p, int64_t number);
/* What is filed under the first person, but for those of another. */
enum an_code pl_person_load(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_visits *v,
                            const struct pl_someone *but, struct pl_sets *sets,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* What is filed under a person about one visit, or of one fact.  Who was joined
 * with him since his visits were moved is read all through. */
enum an_code pl_visit_load(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_visits *v,
                           const struct pl_visit *visit, struct pl_sets *sets,
                           struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_fact_load(struct pl_reader *r, struct an_arena *arena,
                          const struct pl_visits *v, size_t person,
                          struct an_str fact, struct pl_sets *sets,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* facts.c.  Of the facts of `from` that moves of visits brought to the first
 * person, all versions filed under others with whom those visits were; or of
 * all facts that moved. */
enum an_code pl_facts_load(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_visits *v,
                           const struct pl_sets *from, bool all,
                           struct pl_sets *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The versions that name a visit. */
struct pl_named {
    const struct ctx_event *event;
    size_t person;
};

/* A fact of others whose visit has been the first person's on its way. */
struct pl_passed {
    struct an_str fact; /* as it was called there */
    bool stays;         /* or came back in the end */
};

struct pl_homes {
    struct pl_named *named; /* by person and fact, the last said last */
    size_t n;
    struct pl_passed *passed; /* by fact */
    size_t n_passed, room_passed;
};

/* Of the first person by `own`, of others by `facts`.  False without memory. */
bool pl_homes_find(struct an_arena *arena, const struct pl_visits *v,
                   const struct pl_sets *own, const struct pl_sets *facts,
                   struct pl_homes *out) __attribute__((warn_unused_result));
/* The visit with which it goes; "" for none. */
struct an_str pl_home_of(const struct pl_homes *homes, size_t person,
                         const struct ctx_event *e);

/* Whether it names no visit and is of no home, so that it goes with those that name
 * one which passed; and for what is filed under the first person, whether they
 * went on. */
bool pl_goes_along(const struct pl_homes *homes, size_t person,
                   const struct ctx_event *e);
bool pl_went_on(const struct pl_homes *homes, const struct ctx_event *e);

/* Whether what it says closes a fact of another record. */
bool pl_closes(const struct ctx_event *e);

#endif
