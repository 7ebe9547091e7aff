/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes come: decoding ends, stays inside them, says at which byte it
 * stopped, and what it does give encodes and decodes to the same events. */
#include "context/codec.h"
#include "context/timeline.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Not assert: it must hold in a release build too. */
#define MUST(x)                                                                \
    do {                                                                       \
        if (!(x)) {                                                            \
            fprintf(stderr, "%s:%d: " #x "\n", __FILE__, __LINE__);            \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Who looks for a fact finds each event of it. */
static void find_last(struct an_arena *arena, struct an_str blob,
                      const struct ctx_event *last)
{
    const struct ctx_event *found;
    int64_t key;
    size_t n;

    MUST(ctx_fact_key(last->fact, &key, NULL) == AN_OK);
    MUST(ctx_events_find(arena, blob, AN_STR("id"), key, &found, &n, NULL) ==
         AN_OK);
    MUST(n && ctx_event_cmp(&found[n - 1], last) == 0);
}

static void round_trip(struct an_arena *arena, const struct ctx_event *event,
                       size_t n)
{
    const struct ctx_event *back;
    struct an_str blob;
    size_t n_back;

    MUST(ctx_events_encode(arena, event, n, &blob, NULL) == AN_OK);
    MUST(ctx_events_decode(arena, blob, AN_STR("id"), &back, &n_back, NULL) ==
         AN_OK);
    MUST(n_back == n);
    for (size_t i = 0; i < n; i++)
        MUST(ctx_event_cmp(&event[i], &back[i]) == 0);
    if (n)
        find_last(arena, blob, &event[n - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str blob = {(const char *)data, n};
    const struct ctx_event *event;
    struct ctx_timeline t;
    struct an_arena arena;
    struct an_err err;
    size_t n_events;
    enum an_code code;

    an_arena_init(&arena, 64 << 20);
    code =
        ctx_events_decode(&arena, blob, AN_STR("id"), &event, &n_events, &err);
    if (code == AN_OK) {
        round_trip(&arena, event, n_events);
        MUST(ctx_timeline_build(&arena, event, n_events, CTX_AS_OF_ALL, &t,
                                NULL) == AN_OK);
        MUST(t.n_events <= n_events);
    } else {
        MUST(n_events == 0 && err.where.byte <= n && err.what);
        MUST(code == AN_INTEGRITY || code == AN_UNSUPPORTED ||
             code == AN_NOMEM);
    }
    an_arena_free(&arena);
    return 0;
}
