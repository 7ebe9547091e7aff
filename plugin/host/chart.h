/* SPDX-License-Identifier: Apache-2.0 */
/* One patient's chart for a person at the console: found by number, as known at
 * a moment, without what that kind of reader may not see.
 *
 * Thread-safety: confined.  Ownership: the arena. */
#ifndef PLUGIN_HOST_CHART_H
#define PLUGIN_HOST_CHART_H

#include "config/options.h"
#include "plugin/host/command.h"
#include "plugin/store/reader.h"
#include "plugin/trust/discreet.h"

struct pl_chart_ask {
    struct an_str authority, value; /* authority "": any */
    int64_t as_of_us;               /* CTX_AS_OF_ALL: now */
    uint8_t audience;
};

struct pl_chart {
    struct pl_history history;
    struct pl_view view;
    unsigned permitted; /* labels that the reader may see */
};

/* "clinician" and the others; false for anything else. */
bool pl_audience_of(const char *text, uint8_t *audience);

/* AN_NOTFOUND, and AN_CONFLICT when several patients have the number, who are
 * listed on standard output then. */
enum an_code pl_chart(const struct cfg_options *options,
                      struct pl_reader *reader, struct an_arena *arena,
                      const struct pl_chart_ask *ask, struct pl_chart *out,
                      struct an_err *err) __attribute__((warn_unused_result));

/* What a command says of its request, with the store open to be read. */
typedef enum an_code pl_chart_say(const struct cfg_options *options,
                                  struct pl_reader *reader,
                                  struct an_arena *arena, const void *request,
                                  struct an_err *err);
/* A command about a chart; its exit status. */
int pl_chart_command(const struct pl_invocation *in, pl_chart_say *say,
                     const void *request);

#endif
