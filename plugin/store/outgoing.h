/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what conclude.h wrote: suggestions, the outbox, the audit trail, and
 * the counts of them.  Calls are those of a struct pl_reader (reader.h) and
 * fail as its calls do.
 *
 *     pl_unreleased(reader, arena, 0, 100, &list, &n, err);
 *     for (size_t i = 0; i < n; i++)
 *         print(list[i].id, list[i].statement);
 *
 * A suggestion that is read here may not leave for that: ask pl_may_leave.
 *
 * Thread-safety: confined.  Ownership: results are the arena's. */
#ifndef PLUGIN_STORE_OUTGOING_H
#define PLUGIN_STORE_OUTGOING_H

#include "plugin/store/conclude.h"
#include "plugin/store/deliveries.h"
#include "plugin/store/reader.h"
#include "plugin/trust/stage.h"

struct pl_suggestion {
    int64_t id;
    struct an_str resource;
    struct ctx_identifier patient;
    struct an_str encounter, topic, language, model;
    unsigned kind, audience; /* of context/suggestion.h */
    uint32_t horizon_days;
    enum cfg_stage stage; /* in which it was said */
    enum pl_release release;
    bool patient_facing, never_patient;
    unsigned needs; /* of a pl_view: ask pl_may_leave */
    bool has_p;
    double p;
    struct an_str statement, detail;
    int64_t as_of_us, created_us;
    int64_t superseded_us; /* 0: it is current */
};

/* AN_NOTFOUND. */
enum an_code pl_suggestion_get(struct pl_reader *r, struct an_arena *arena,
                               int64_t id, struct pl_suggestion *out,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* At most `limit` current ones after number `after`, in their order: of one
 * identifier (ask for each member of a person), of one resource (for several
 * readers), or of all patients those that wait for a release: what was said in
 * shadow never leaves, so nobody is asked to read it. */
enum an_code pl_suggestions(struct pl_reader *r, struct an_arena *arena,
                            const struct ctx_identifier *patient, int64_t after,
                            size_t limit, const struct pl_suggestion **out,
                            size_t *n, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_suggestions_of(struct pl_reader *r, struct an_arena *arena,
                               struct an_str resource, int64_t after,
                               size_t limit, const struct pl_suggestion **out,
                               size_t *n, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_unreleased(struct pl_reader *r, struct an_arena *arena,
                           int64_t after, size_t limit,
                           const struct pl_suggestion **out, size_t *n,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* As it was said, from the row and its detail: whatever prints suggestions
 * prints this one as it printed that.  Evidence has of its events what names
 * them (message, place, fact, kind).  AN_INTEGRITY when the detail is damaged;
 * AN_NOMEM. */
enum an_code pl_suggestion_recall(struct an_arena *arena,
                                  const struct pl_suggestion *row,
                                  struct ctx_suggestion *out,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

/* What pl_may_leave asks about. */
struct pl_item pl_suggestion_item(const struct pl_suggestion *s,
                                  bool in_trial_arm);

struct pl_outbox_row {
    int64_t id, suggestion; /* 0: of none alone */
    int attempts;           /* that failed so far */
    int64_t created_us;
    struct an_str payload; /* held against its SHA-256 */
    enum pl_outbox_kind kind;
    struct an_str done; /* of the attempts before, see struct pl_attempt */
};

/* What is to be delivered now.  AN_NOTFOUND when nothing is due; *next_us is
 * then when something will be, or INT64_MAX. */
enum an_code pl_outbox_due(struct pl_reader *r, struct an_arena *arena,
                           int64_t now_us, struct pl_outbox_row *out,
                           int64_t *next_us, struct an_err *err)
    __attribute__((warn_unused_result));

/* The row of the trail after number `after`.  AN_NOTFOUND after the last. */
enum an_code pl_audit_next(struct pl_reader *r, struct an_arena *arena,
                           int64_t after, struct pl_audit_row *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Walk the whole trail, and hold each suggestion against what it says of it.
 * AN_INTEGRITY with the first broken row as the path of err; *chain is what stood until there.  `noted` is a row whose hash was kept
 * elsewhere, or NULL. */
enum an_code pl_audit_verify(struct pl_reader *r, struct an_arena *arena,
                             const struct pl_audit_chain *noted,
                             struct pl_audit_chain *chain, struct an_err *err)
    __attribute__((warn_unused_result));

enum { PL_N_STAGES = CFG_LIVE + 1 };

/* For /metrics; cheap to ask. */
struct pl_outgoing {
    int64_t n_suggestions[PL_N_STAGES]; /* ever said, by enum cfg_stage */
    int64_t n_unreleased;
    int64_t n_outbox_waiting, n_outbox_held, n_outbox_dead;
    int64_t oldest_waiting_us; /* when it was said; 0: none waits */
    int64_t n_filing_waiting, n_filing_held, n_filing_dead; /* filing.h */
    int64_t oldest_filing_us;
    int64_t n_audit;
};

enum an_code pl_outgoing(struct pl_reader *r, struct pl_outgoing *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
