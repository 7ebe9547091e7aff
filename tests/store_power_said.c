/* SPDX-License-Identifier: Apache-2.0 */
/* T2 when the power fails at any moment, among messages: each trigger waits
 * still, or was answered once, with all that belongs to the answer; what was
 * reported is there; the trail tells of all of it and of nothing else. */
#include "plugin/store/db_int.h"
#include "plugin/store/outgoing.h"
#include "tests/power_life.h"

#include <stdio.h>
#include <string.h>

Suite *store_power_said_suite(void);

enum { GROUP = 3, SAID = 2, KNOWN = 16384 };

/* What was reported, by number.  Those above are not followed. */
static struct {
    uint64_t n_tried; /* conclusions of this store */
    int64_t now_us;
    bool answered[KNOWN];    /* triggers */
    uint8_t settled[KNOWN];  /* outbox rows: their state, or 0 */
    uint8_t released[KNOWN]; /* suggestions: their release, or 0 */
    uint64_t n_answered, n_settled, n_released; /* of all stores */
} s;

static void begin(struct power_life *l)
{
    (void)l;
    s.n_tried = 0;
    s.now_us = TEST_EPOCH_US;
    memset(s.answered, 0, sizeof(s.answered));
    memset(s.settled, 0, sizeof(s.settled));
    memset(s.released, 0, sizeof(s.released));
}

/* ---- what is done ------------------------------------------------------------- */

/* An answer names itself in each of its rows: "C12" as the encounter of its
 * suggestions, the origin of its deliveries and the subject of its audit row;
 * its trigger "T7" is the topic.  The role of the audit row is how many answers
 * share the commit, and all of those have its time. */
struct answer {
    char name[24], topic[24], of[8], subject[40], resource[64];
    struct ctx_suggestion what[SAID];
    struct pl_saying said[SAID];
    struct pl_delivery delivery[SAID];
    struct pl_audit_entry audit;
};

static void name_answer(struct answer *a, const struct pl_trigger *t, size_t n)
{
    (void)snprintf(a->name, sizeof(a->name), "C%llu",
                   (unsigned long long)s.n_tried++);
    (void)snprintf(a->topic, sizeof(a->topic), "T%lld", (long long)t->id);
    (void)snprintf(a->of, sizeof(a->of), "%zu", n);
    (void)snprintf(a->subject, sizeof(a->subject), "answer/%s", a->name);
    (void)snprintf(a->resource, sizeof(a->resource), "risk-%.*s",
                   AN_STR_ARG(t->patient.value));
}

static bool make_answer(struct power_life *l, const struct pl_trigger *t,
                        size_t n, struct pl_conclusion *out)
{
    struct answer *a = an_arena_get(&l->t.arena, 1, sizeof(*a));
    struct pl_history h;

    ck_assert_ptr_nonnull(a);
    name_answer(a, t, n);
    for (int i = 0; i < SAID; i++) {
        a->what[i] = test_risk();
        a->what[i].audience = i ? CTX_FOR_PATIENT : CTX_FOR_CLINICIAN;
        a->what[i].patient_facing = i != 0;
        a->what[i].topic = an_str_c(a->topic);
        a->what[i].statement = an_str_c(a->name);
        a->said[i] = (struct pl_saying){.what = &a->what[i],
                                        .resource = an_str_c(a->resource),
                                        .encounter = an_str_c(a->name),
                                        .stage = CFG_TRIAL};
        ck_assert_int_eq(pl_suggestion_detail(&l->t.arena, &a->what[i],
                                              &a->said[i].detail, NULL),
                         AN_OK);
        a->delivery[i] = (struct pl_delivery){.payload = an_str_c(a->name),
                                              .of = i ? (size_t)SAID : 0};
    }
    a->audit = (struct pl_audit_entry){.action = PL_AUDIT_SHOWN,
                                       .time_us = s.now_us,
                                       .actor = AN_STR("test"),
                                       .role = an_str_c(a->of),
                                       .subject = an_str_c(a->subject),
                                       .details = AN_STR("{}")};
    if (pl_history(l->t.reader, &l->t.arena, &t->patient, CTX_AS_OF_ALL, &h,
                   NULL) != AN_OK)
        return false;
    *out = (struct pl_conclusion){.patient = t->patient,
                                  .now_us = s.now_us,
                                  .trigger = &t->id,
                                  .n_triggers = 1,
                                  .said = a->said,
                                  .n_said = SAID,
                                  .closings = h.closings,
                                  .delivery = a->delivery,
                                  .n_deliveries = SAID,
                                  .origin = an_str_c(a->name),
                                  .audit = &a->audit,
                                  .n_audits = 1};
    return true;
}

/* How many were answered; *n of those that wait are tried, in one commit. */
static size_t answer(struct power_life *l, size_t n)
{
    struct pl_conclusion c[GROUP];
    struct pl_conclude_receipt r[GROUP];
    const struct pl_trigger *t;
    enum an_code code;

    code = pl_triggers(l->t.reader, &l->t.arena, 0, n, &t, &n, NULL);
    POWER_MAY(l, code == AN_OK, "triggers cannot be read");
    if (code != AN_OK || n == 0)
        return 0;
    s.now_us++;
    for (size_t i = 0; i < n; i++)
        if (!make_answer(l, &t[i], n, &c[i]))
            return 0;
    code = pl_store_conclude(l->t.store, c, n, r, NULL);
    POWER_MAY(l, code == AN_OK, "a conclusion failed on a disk that works");
    l->n_failed += code != AN_OK;
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        POWER_HOLDS(l, !r[i].duplicate && !r[i].unseen && !r[i].late,
                    "what waited was not answered");
        if (t[i].id < KNOWN)
            s.answered[t[i].id] = true;
        s.n_answered++;
    }
    return code == AN_OK ? n : 0;
}

/* As a watch does that was slower than another. */
static void answer_again(struct power_life *l)
{
    struct pl_trigger t = {.id = 1 + (int64_t)power_disk_draw(KNOWN / 64)};
    struct pl_conclude_receipt r;
    struct pl_conclusion c;

    if (!s.answered[t.id])
        return;
    t.patient = (struct ctx_identifier){AN_STR("GENHOSP"), AN_STR("M0000001"),
                                        AN_STR("MR")};
    if (make_answer(l, &t, 1, &c) &&
        pl_store_conclude(l->t.store, &c, 1, &r, NULL) == AN_OK)
        POWER_HOLDS(l, r.duplicate || r.unseen,
                    "what was answered is answered again");
}

static void settle(struct power_life *l)
{
    static const enum pl_outbox_state states[] = {
        PL_OUTBOX_DELIVERED, PL_OUTBOX_DEAD, PL_OUTBOX_WAITING};
    struct pl_outbox_row row;
    struct pl_attempt a;
    int64_t next;

    s.now_us++;
    if (pl_outbox_due(l->t.reader, &l->t.arena, s.now_us, &row, &next, NULL) !=
        AN_OK)
        return;
    a = (struct pl_attempt){.id = row.id,
                            .state = states[power_disk_draw(3)],
                            .error = 503,
                            .now_us = s.now_us,
                            .next_us = s.now_us + 3};
    if (pl_store_attempt(l->t.store, &a, NULL) != AN_OK ||
        a.state == PL_OUTBOX_WAITING)
        return;
    s.n_settled++;
    if (row.id < KNOWN)
        s.settled[row.id] = (uint8_t)a.state;
}

static void release(struct power_life *l)
{
    const struct pl_audit_entry who = {.time_us = s.now_us,
                                       .actor = AN_STR("dr-invented"),
                                       .role = AN_STR("clinician"),
                                       .details = AN_STR("{}")};
    enum pl_release to =
        power_disk_draw(2) ? PL_RELEASE_RELEASED : PL_RELEASE_WITHHELD;
    const struct pl_suggestion *list;
    size_t n;

    if (pl_unreleased(l->t.reader, &l->t.arena, 0, 1, &list, &n, NULL) !=
            AN_OK ||
        n == 0 ||
        pl_store_release(l->t.store, list->id, to, &who, NULL) != AN_OK)
        return;
    s.n_released++;
    if (list->id < KNOWN)
        s.released[list->id] = (uint8_t)to;
}

static void step(struct power_life *l)
{
    bool ready = power_reader(l);

    POWER_MAY(l, ready, "the store cannot be read");
    if (!ready)
        return;
    switch (power_disk_draw(9)) {
    case 0:
    case 1:
    case 2: settle(l); break;
    case 3: release(l); break;
    case 4: answer_again(l); break;
    default: (void)answer(l, 1 + power_disk_draw(GROUP)); break;
    }
}

/* ---- what must hold ----------------------------------------------------------- */

/* Each counts what must not be. */
static const struct {
    const char *text, *what;
} rules[] = {
    {"SELECT count(*) FROM due WHERE (state = 1) <> (SELECT"
     " count(DISTINCT encounter) FROM suggestion WHERE topic = 'T' || due.id)",
     "a trigger waits and is answered, or is done and not answered once"},
    {"SELECT count(*) FROM suggestion WHERE topic NOT IN"
     " (SELECT 'T' || id FROM due)",
     "an answer has no trigger"},
    {"SELECT count(*) FROM (SELECT 1 FROM suggestion GROUP BY encounter"
     " HAVING count(*) <> 2 OR count(DISTINCT audience) <> 2)",
     "a suggestion of an answer is missing or doubled"},
    {"SELECT count(*) FROM suggestion s WHERE (SELECT count(*) FROM audit"
     " WHERE action = 'suggested' AND subject = 'suggestion/' || s.id) <> 1",
     "a suggestion has not one row of the trail"},
    {"SELECT (SELECT count(*) FROM suggestion) <>"
     " (SELECT count(*) FROM audit WHERE action = 'suggested')",
     "the trail tells of a suggestion that is not there"},
    {"SELECT count(DISTINCT s.encounter) FROM suggestion s WHERE"
     " (SELECT count(*) FROM outbox WHERE origin = s.encounter) <> 2",
     "a delivery of an answer is missing or doubled"},
    {"SELECT count(*) FROM outbox WHERE origin NOT IN"
     " (SELECT encounter FROM suggestion)",
     "a delivery has no answer"},
    {"SELECT count(DISTINCT s.encounter) FROM suggestion s WHERE"
     " (SELECT count(*) FROM audit WHERE subject = 'answer/' || s.encounter)"
     " <> 1",
     "an answer has not one audit row of its own"},
    {"SELECT count(*) FROM audit WHERE subject LIKE 'answer/%' AND"
     " substr(subject, 8) NOT IN (SELECT encounter FROM suggestion)",
     "the trail tells of an answer that is not there"},
    {"SELECT count(*) FROM (SELECT 1 FROM audit WHERE subject LIKE 'answer/%'"
     " GROUP BY time_us HAVING count(*) <> CAST(role AS INTEGER))",
     "a part of one commit is there"},
    {"SELECT count(*) FROM outbox o WHERE (state IN (2, 3)) <> (SELECT count(*)"
     " FROM audit WHERE subject = 'outbox/' || o.id)",
     "a delivery was settled and not told, or told and not settled"},
    {"SELECT count(*) FROM suggestion s WHERE (release IN (2, 3)) <> (SELECT"
     " count(*) FROM audit WHERE action IN ('released', 'withheld')"
     " AND subject = 'suggestion/' || s.id)",
     "a release was given and not told, or told and not given"},
    {"SELECT count(*) FROM suggestion s WHERE (superseded_us = 0) <>"
     " (NOT EXISTS (SELECT 1 FROM suggestion n WHERE n.resource = s.resource"
     " AND n.audience = s.audience AND n.id > s.id))",
     "what is current is not what was said last"},
    {"SELECT (SELECT count(*) FROM suggestion) <>"
     " (SELECT coalesce(sum(n), 0) FROM stage_count)",
     "the count of suggestions is wrong"},
};

static void keeps(struct power_life *l, struct pl_db *db, const char *text,
                  int64_t id, int64_t want, const char *what)
{
    char full[160];
    int64_t got = -1;

    (void)snprintf(full, sizeof(full), "%s %lld", text, (long long)id);
    (void)!pl_db_number(db, full, &got, NULL);
    POWER_HOLDS(l, got == want, what);
}

static void what_was_reported_is_there(struct power_life *l, struct pl_db *db)
{
    for (int64_t i = 0; i < KNOWN; i++) {
        if (s.answered[i])
            keeps(l, db, "SELECT state FROM due WHERE id =", i, 1,
                  "an answer that was reported is lost");
        if (s.settled[i])
            keeps(l, db, "SELECT state FROM outbox WHERE id =", i, s.settled[i],
                  "a delivery that was reported is lost");
        if (s.released[i])
            keeps(l, db, "SELECT release FROM suggestion WHERE id =", i,
                  s.released[i], "a release that was reported is lost");
    }
}

static void holds_together(struct power_life *l)
{
    struct pl_audit_chain chain;
    struct pl_db db;

    POWER_HOLDS(l,
                pl_audit_verify(l->t.reader, &l->t.arena, NULL, &chain, NULL) ==
                    AN_OK,
                "the trail is broken");
    POWER_HOLDS(
        l, pl_db_open(&db, l->t.path, NULL, false, 1 << 20, 100, NULL) == AN_OK,
        "it cannot be read");
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        int64_t n = -1;

        (void)!pl_db_number(&db, rules[i].text, &n, NULL);
        POWER_HOLDS(l, n == 0, rules[i].what);
    }
    what_was_reported_is_there(l, &db);
    pl_db_close(&db);
}

/* And now and then all that waits is answered, each once. */
static void look(struct power_life *l)
{
    holds_together(l);
    if (power_disk_draw(3))
        return;
    while (answer(l, GROUP))
        an_arena_reset(&l->t.arena);
    POWER_HOLDS(l, test_status(&l->t).n_triggers_waiting == 0,
                "a trigger waits that was answered");
    holds_together(l);
}

static const struct power_load load = {begin, step, 5, look};

static void many(bool may_fail)
{
    bool is_enough;

    memset(&s, 0, sizeof(s));
    is_enough = power_lives(&load, may_fail);
    (void)printf("# %llu triggers answered, %llu deliveries settled, "
                 "%llu releases\n",
                 (unsigned long long)s.n_answered,
                 (unsigned long long)s.n_settled,
                 (unsigned long long)s.n_released);
    (void)fflush(stdout);
    ck_assert(!is_enough || (s.n_answered && s.n_settled));
}

START_TEST(an_answer_is_whole_or_not_there_after_a_cut)
{
    many(false);
}
END_TEST

START_TEST(an_answer_is_whole_or_not_there_after_syncs_that_failed)
{
    many(true);
}
END_TEST

Suite *store_power_said_suite(void)
{
    const TTest *const test[] = {
        an_answer_is_whole_or_not_there_after_a_cut,
        an_answer_is_whole_or_not_there_after_syncs_that_failed};

    return TEST_SUITE("store/power-said", test);
}
