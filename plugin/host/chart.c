/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/chart.h"

#include "plugin/host/say.h"
#include "plugin/host/thread.h"
#include "plugin/trust/stage.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30 };

bool pl_audience_of(const char *text, uint8_t *audience)
{
    for (uint8_t i = 0; i < CTX_N_AUDIENCES; i++) {
        if (strcmp(text, ctx_audience_text(i)) == 0) {
            *audience = i;
            return true;
        }
    }
    return false;
}

static enum an_code find_one(struct pl_reader *reader, struct an_arena *arena,
                             const struct pl_chart_ask *q,
                             struct ctx_identifier *who, struct an_err *err)
{
    struct pl_found found;
    enum an_code rc =
        pl_find(reader, arena, q->authority, q->value, &found, err);

    if (rc != AN_OK)
        return rc;
    if (found.n > 1) {
        (void)puts("several patients have this number; name its authority:");
        for (size_t i = 0; i < found.n; i++)
            pl_say_pair("  ", found.id[i].authority, " ", found.id[i].value,
                        "\n");
        return an_fail(err, AN_CONFLICT, "the number alone is not enough", 0);
    }
    *who = found.id[0];
    return AN_OK;
}

enum an_code pl_chart(const struct cfg_options *options,
                      struct pl_reader *reader, struct an_arena *arena,
                      const struct pl_chart_ask *ask, struct pl_chart *out,
                      struct an_err *err)
{
    const struct pl_policy policy = pl_policy_of(options, false, false);
    const int64_t at_us =
        ask->as_of_us == CTX_AS_OF_ALL ? pl_clock_us(NULL) : ask->as_of_us;
    struct ctx_identifier who;
    struct ctx_consent consent;
    enum an_code rc = find_one(reader, arena, ask, &who, err);

    if (rc == AN_OK)
        rc = pl_history(reader, arena, &who, ask->as_of_us, &out->history, err);
    if (rc != AN_OK)
        return rc;
    out->permitted = policy.permitted[ask->audience];
    ctx_consent_of(&out->history.timeline, &out->history.consents, at_us,
                   &consent);
    return pl_discreet(arena, &out->history.timeline, out->permitted, &consent,
                       &out->view, err);
}

int pl_chart_command(const struct pl_invocation *in, pl_chart_say *say,
                     const void *request)
{
    struct pl_reader *reader = NULL;
    struct cfg_options options;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &arena, &options, &err);
    if (rc == AN_OK)
        rc = pl_reader_of(&options, &reader, &err);
    if (rc == AN_OK)
        rc = say(&options, reader, &arena, request, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
