/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites about consulting share: an installation in a folder of its
 * own, with the model of the tree, and one invented patient who comes to it.
 *
 *     ward_open(&w, "stage: live\nlanguages: [en, es]\n");
 *     ward_tell(&w, ward_admission, false);
 *     ward_ask(&w, &call, &answer);
 *     ward_close(&w);
 *
 * The environment is demo, the model the tree's unless `more` has a "model:".  Everything in here ends the test where it fails. */
#ifndef TESTS_CONSULT_WARD_H
#define TESTS_CONSULT_WARD_H

#include "plugin/engine.h"
#include "plugin/store/outgoing.h"
#include "plugin/watch.h"
#include "tests/folder.h"

enum { WARD_CONFIG_BYTES = 8192 };

struct ward {
    struct test_folder folder;
    char path[TEST_PATH_BYTES]; /* of the store */
    char config[WARD_CONFIG_BYTES];
    struct an_arena arena;
    struct cfg_options options;
    struct pl_mind *mind;
    struct pl_policy policy;
    struct fhir_write_settings naming;
    struct pl_settings settings;
    struct pl_store *store;
    struct pl_committer *committer;
    struct pl_reader *reader;
};

void ward_open(struct ward *w, const char *more);
void ward_close(struct ward *w);
/* The same store, as another program start finds it. */
void ward_restart(struct ward *w, const char *more);

/* Messages of the patient: her past, and what happens to her on the ward.
 * Each but the first of the record 7001 (authority urn:oid:2.999.1.7, which
 * the senders call LAKESIDE). */
extern const char *const ward_past;          /* of before: for a back-load */
extern const char *const ward_admission;     /* 2026-03-10 10:30Z */
extern const char *const ward_results;       /* 2026-03-10 12:00Z */
extern const char *const ward_discharge;     /* 2026-03-12 12:00Z */
extern const char *const ward_other_results; /* of the record T1, 11:00Z */
extern const char *const ward_merge;         /* T1 into 7001, 11:30Z */
extern const char *const ward_foreign;       /* of an authority without a URI,
                                                 results, 2026-03-10 12:00Z */
#define WARD_DISCHARGE_US INT64_C(1773316800000000)

/* A creatinine of hers, said at that moment (whole seconds). */
enum { WARD_MESSAGE_BYTES = 1024 };
void ward_creatinine(char message[WARD_MESSAGE_BYTES], int64_t said_us,
                     const char *value);

/* Through T1, as if it had come in today. */
void ward_tell(struct ward *w, const char *message, bool historical);
/* The whole story of examples/story. */
void ward_tell_story(struct ward *w);

struct ctx_identifier ward_patient(void);
struct pl_consult_source ward_source(const struct ward *w);
/* With a consultant of its own; the answer is the ward's arena's. */
enum an_code ward_ask(struct ward *w, const struct pl_call *call,
                      struct pl_answer *answer);

/* Of the store, now. */
size_t ward_waiting(struct ward *w); /* triggers */
size_t ward_current(struct ward *w, const struct ctx_identifier *who,
                    const struct pl_suggestion **list);
struct pl_outgoing ward_outgoing(struct ward *w);
/* All there ever were, one a line, less what differs from day to day: numbers
 * of rows and the time at which they were kept. */
struct an_str ward_said(struct ward *w);

/* `part` stands somewhere in `text`. */
bool ward_has(struct an_str text, const char *part);

/* The watch, by pl_clock_us. */
struct pl_watch *ward_watch(struct ward *w, uint32_t n_threads);

#endif
