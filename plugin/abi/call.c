/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/call_int.h"

#include "base/json_out.h"
#include "base/time.h"
#include "plugin/host/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 512 };

/* What could end a value, or be mistaken for more, is a dot. */
static void plain(const char *id, char text[ABI_ID_BYTES])
{
    size_t n = 0;

    for (; id && id[n] && n + 1 < ABI_ID_BYTES; n++) {
        char c = id[n];

        text[n] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
                          c == ':' || c == '/'
                      ? c
                      : '.';
    }
    text[n] = '\0';
}

void abi_call_begin(struct abi_call *c, struct anamnesis_engine *engine,
                    const char *message_id, uint32_t deadline_ms)
{
    *c = (struct abi_call){.engine = engine,
                           .core = abi_core_take(engine->house),
                           .message_id = message_id,
                           .began_us = pl_now_us()};
    plain(message_id, c->id);
    (void)fegetenv(&c->modes);
    (void)fesetenv(FE_DFL_ENV);
    if (deadline_ms)
        c->until_us = c->began_us + (int64_t)deadline_ms * 1000;
}

void abi_call_end(struct abi_call *c)
{
    (void)fesetenv(&c->modes);
    abi_core_give(c->core);
}

bool abi_call_may_show(const struct abi_call *c)
{
    const struct pl_running *r = c->core->running;

    return r->consultants &&
           pl_face_is_open(pl_engine_policy(r->engine), PL_FACE_ABI);
}

static bool is_wanted(void *user)
{
    const struct abi_call *c = user;
    const struct anamnesis_engine *e = c->engine;

    if (c->until_us && pl_now_us() >= c->until_us)
        return false;
    return e->cancel.is_cancelled == NULL ||
           e->cancel.is_cancelled(e->host.host_data, c->message_id) == 0;
}

struct pl_reply_ask abi_call_ask(struct abi_call *c, const char *actor,
                                 const char *occasion)
{
    const char *host = c->engine->host.name ? c->engine->host.name : "host";

    return (struct pl_reply_ask){.face = PL_FACE_ABI,
                                 .actor = an_str_c(actor ? actor : host),
                                 .instance = an_str_c(occasion),
                                 .is_wanted = is_wanted,
                                 .user = c};
}

bool abi_is_name(const char *name)
{
    struct an_str s = {name, name ? strnlen(name, ABI_NAME_BYTES) : 0};

    return s.n < ABI_NAME_BYTES && an_utf8_valid(s) == s.n;
}

void abi_call_say(const struct abi_call *c, const struct abi_line *l)
{
    const struct anamnesis_host *host = &c->engine->host;
    char line[LINE_BYTES], now[AN_TIME_TEXT_BYTES];
    int n;

    if (host->log == NULL || (int)l->level < atomic_load(&c->core->log.level))
        return;
    an_time_print_instant(pl_clock_us(NULL), now);
    if (c->core->log.format == AN_LOG_JSON)
        n = snprintf(line, sizeof(line),
                     "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\","
                     "\"message_id\":\"%s\",\"status\":%" PRId32
                     ",\"bundles\":%zu,\"duration_us\":%" PRId64 "}",
                     now, an_level_text(l->level), l->event, c->id, l->status,
                     l->n_bundles, pl_now_us() - c->began_us);
    else
        n = snprintf(line, sizeof(line),
                     "time=%s level=%s event=%s message_id=%s status=%" PRId32
                     " bundles=%zu duration_us=%" PRId64,
                     now, an_level_text(l->level), l->event, c->id, l->status,
                     l->n_bundles, pl_now_us() - c->began_us);
    if (n > 0 && n < (int)sizeof(line))
        host->log(host->host_data, (int32_t)l->level, line, (size_t)n);
}
