/* SPDX-License-Identifier: Apache-2.0 */
/* An invented patient and an invented forecast, read from a file that a person
 * can write: tests/golden/advice-NAME/case.tsv.  Columns are separated by
 * tabs, "-" is nothing, lines that begin with "#" are for people:
 *
 *     now   time
 *     event kind time system code display value unit low high flag status
 *           encounter end        (the last ones may be left out)
 *     model name version demonstrator(yes, no) abstention
 *     risk  outcome days p low high abstention
 *     why   log-hazard 1,2         of the last risk: the first two events
 *     next  system code display p
 *     needed coverage n    of the candidates
 */
#ifndef TESTS_ADVICE_CASE_H
#define TESTS_ADVICE_CASE_H

#include "advice/suggest.h"

enum { CASE_EVENTS = 64, CASE_RISKS = 16, CASE_WHYS = 64, CASE_NEXT = 8 };

struct advice_case {
    struct an_time now;
    struct ctx_event event[CASE_EVENTS]; /* in the order of the file */
    const struct ctx_event *by_time[CASE_EVENTS];
    struct ctx_timeline timeline;
    bool has_forecast;
    struct ctx_forecast forecast;
    struct ctx_risk risk[CASE_RISKS];
    struct ctx_influence why[CASE_WHYS];
    const struct ctx_event *group[CASE_WHYS * 4];
    struct ctx_next next[CASE_NEXT];
    size_t n_whys, n_grouped;
};

/* Aborts the test on a file that cannot be read. */
void advice_case_read(struct an_arena *arena, const char *name,
                      struct advice_case *c);

/* The outcomes that we ship. */
void advice_case_knowledge(struct an_arena *arena, struct adv_knowledge *k);

/* All of a file under top_srcdir, NUL-terminated in the arena. */
struct an_str advice_case_file(struct an_arena *arena, const char *path);
const char *advice_case_root(void);

#endif
