/* SPDX-License-Identifier: Apache-2.0 */
/* A call on the host's side: asked over a connection, and what comes back. */
#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"
#include "plugin/helper/client_int.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ASK_CANCEL_MS = 20, /* how often the host is asked whether it still waits */
    NAME_BYTES = 256
};

static const char out_of_memory[] = "out of memory";

struct call {
    struct anamnesis_engine *engine;
    struct helper_out head;
    const void *data; /* after the head */
    size_t n;
    const char *message_id;
    int64_t began_ms, until_ms;
    bool may_cancel, has_cancelled;
    struct anamnesis_results *results;
};

/* ---- lines for the host ------------------------------------------------- */

/* Once when the server is gone, once when it is there again. */
static void say_state(struct anamnesis_engine *e, bool is_lost)
{
    static const char format[] =
        "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"}";
    struct client_house *h = e->house;
    char now[32], line[160];
    struct tm utc;
    time_t t = time(NULL);
    bool is_news;
    int n;

    (void)pthread_mutex_lock(&h->lock);
    is_news = h->is_lost != is_lost;
    h->is_lost = is_lost;
    (void)pthread_mutex_unlock(&h->lock);
    if (!is_news || e->host.log == NULL || gmtime_r(&t, &utc) == NULL ||
        strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return;
    n = snprintf(line, sizeof(line), format, now, is_lost ? "warn" : "info",
                 is_lost ? "helper_lost" : "helper_found");
    e->host.log(e->host.host_data,
                is_lost ? ANAMNESIS_LOG_WARN : ANAMNESIS_LOG_INFO, line,
                (size_t)n);
}

static void pass_line(const struct anamnesis_engine *e,
                      const struct helper_reader *r)
{
    struct helper_in in = helper_reader_in(r);
    uint32_t level = helper_get_u32(&in);
    size_t n = in.n;
    const uint8_t *line = helper_get_bytes(&in, n);

    if (line && level <= ANAMNESIS_LOG_ERROR && e->host.log)
        e->host.log(e->host.host_data, (int32_t)level, (const char *)line, n);
}

/* ---- an answer ---------------------------------------------------------- */

/* The connection is of no use any more. */
static anamnesis_status lost(struct call *c, enum helper_went went,
                             struct anamnesis_error *error)
{
    static const char *const why[] = {
        [HELPER_WENT_WELL] = "anamnesis serve answered what was not asked",
        [HELPER_TOOK_TOO_LONG] = "anamnesis serve did not answer in time",
        [HELPER_HUNG_UP] = "anamnesis serve ended the connection",
        [HELPER_SPOKE_OTHERWISE] = "anamnesis serve sent what is no answer",
        [HELPER_NO_MEMORY] = out_of_memory};

    if (went == HELPER_TOOK_TOO_LONG)
        client_link_shut(c->engine->house);
    say_state(c->engine, true);
    return abi_fail(error,
                    went == HELPER_NO_MEMORY ? ANAMNESIS_E_NOMEM
                                             : ANAMNESIS_E_UNAVAILABLE,
                    why[went]);
}

/* Types of a later server are as good as ours: they live with the results. */
static const char *type_of(struct anamnesis_results *out, const char *type)
{
    static const char *const known[] = {ANAMNESIS_TYPE_HL7, ANAMNESIS_TYPE_FHIR,
                                        ANAMNESIS_TYPE_JSON};
    struct an_str copy;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(type, known[i]) == 0)
            return known[i];
    return an_arena_str(&out->arena, an_str_c(type), &copy) ? copy.p : NULL;
}

static anamnesis_status take_answer(struct call *c,
                                    const struct helper_answer *answer,
                                    struct anamnesis_error *error)
{
    for (uint32_t i = 0; c->results && i < answer->n; i++) {
        const struct helper_result *one = &answer->result[i];
        const char *type = type_of(c->results, one->content_type);
        struct an_str bytes = {one->n ? (const char *)one->data : "", one->n};

        if (type == NULL ||
            !abi_results_add(c->results, one->kind, type, bytes))
            return abi_fail(error, ANAMNESIS_E_NOMEM, out_of_memory);
    }
    return abi_fail(error, answer->status, answer->text);
}

/* ---- asking ------------------------------------------------------------- */

static void ask_host(struct call *c, int fd)
{
    const struct anamnesis_engine *e = c->engine;
    struct helper_out out;

    if (c->has_cancelled ||
        e->cancel.is_cancelled(e->host.host_data, c->message_id) == 0)
        return;
    c->has_cancelled = true;
    helper_out_begin(&out, HELPER_CANCEL);
    /* One that is not heard costs time and nothing else. */
    (void)!helper_link_put(fd, &out, helper_now_ms());
}

static enum helper_went receive(struct call *c, int fd, struct helper_reader *r)
{
    enum helper_went went = HELPER_TOOK_TOO_LONG;

    if (!c->may_cancel)
        return helper_link_receive(fd, r, c->until_ms);
    while (went == HELPER_TOOK_TOO_LONG && helper_now_ms() < c->until_ms) {
        int64_t next_ms = helper_now_ms() + ASK_CANCEL_MS;

        ask_host(c, fd);
        went = helper_link_receive(
            fd, r, next_ms < c->until_ms ? next_ms : c->until_ms);
    }
    return went;
}

static anamnesis_status hear(struct call *c, int fd,
                             struct anamnesis_error *error, bool *is_good)
{
    struct helper_answer answer;
    struct helper_reader r;
    anamnesis_status status;
    enum helper_went went;

    helper_reader_init(&r, HELPER_CLIENT);
    while ((went = receive(c, fd, &r)) == HELPER_WENT_WELL &&
           r.type == HELPER_LOG) {
        pass_line(c->engine, &r);
        helper_reader_next(&r);
    }
    *is_good = went == HELPER_WENT_WELL && helper_read_answer(&r, &answer);
    if (*is_good) {
        say_state(c->engine, false);
        status = take_answer(c, &answer, error);
    } else {
        status = lost(c, went, error);
    }
    helper_reader_release(&r);
    /* The server may not have read it yet: the next call would be cancelled. */
    *is_good = *is_good && !c->has_cancelled;
    return status;
}

static enum helper_went send_ask(struct call *c, int fd)
{
    struct iovec part[] = {
        {.iov_base = c->head.bytes, .iov_len = c->head.n},
        {.iov_base = (void *)(uintptr_t)c->data, .iov_len = c->n}};

    return helper_link_send(fd, part, c->n ? 2 : 1, c->until_ms);
}

/* A connection that breaks before the whole question has left is of a server
 * that has gone: the next one may be there already.  A question that has left is
 * never put twice. */
static anamnesis_status ask(struct call *c, struct anamnesis_error *error)
{
    struct client_house *h = c->engine->house;
    anamnesis_status status = ANAMNESIS_OK;
    enum helper_went went = HELPER_HUNG_UP;
    struct client_link link;
    bool is_good, was_idle = true;

    if (!helper_out_end(&c->head, c->n))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "a text is too long");
    while (went == HELPER_HUNG_UP && was_idle) {
        status = client_link_take(h, c->until_ms, &link, error);
        if (status != ANAMNESIS_OK) {
            say_state(c->engine, true);
            return status;
        }
        was_idle = link.was_idle;
        went = send_ask(c, link.fd);
        if (went != HELPER_WENT_WELL)
            client_link_give(h, &link, false);
    }
    if (went != HELPER_WENT_WELL)
        return lost(c, went, error);
    status = hear(c, link.fd, error, &is_good);
    client_link_give(h, &link, is_good);
    return status;
}

/* The caller's error may be NULL, ours is not. */
static anamnesis_status put(struct call *c, struct anamnesis_error *error)
{
    struct anamnesis_error mine = {.struct_size = sizeof(mine)};
    anamnesis_status status = ask(c, &mine);

    return abi_fail(error, status, mine.text);
}

/* The same with a place for results, which a failure without any leaves empty. */
static anamnesis_status put_for(struct call *c,
                                struct anamnesis_results **results,
                                struct anamnesis_error *error)
{
    anamnesis_status status;

    c->results = *results = abi_results_new();
    if (c->results == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, out_of_memory);
    status = put(c, error);
    if (status != ANAMNESIS_OK && abi_result_count(*results) == 0) {
        abi_results_free(*results);
        *results = NULL;
    }
    return status;
}

static void begin(struct call *c, struct anamnesis_engine *e,
                  enum helper_type type, uint32_t more_ms)
{
    int64_t timeout_ms;

    (void)pthread_mutex_lock(&e->house->lock);
    timeout_ms = e->house->config.timeout_ms;
    (void)pthread_mutex_unlock(&e->house->lock);
    c->engine = e;
    c->data = NULL;
    c->n = 0;
    c->message_id = NULL;
    c->may_cancel = c->has_cancelled = false;
    c->results = NULL;
    c->began_ms = helper_now_ms();
    c->until_ms = c->began_ms + timeout_ms + more_ms;
    helper_out_begin(&c->head, type);
}

/* What the server may take for suggestions, so that the acknowledgement is here
 * in time. */
static uint32_t deadline_of(const struct call *c, uint32_t deadline_ms)
{
    uint32_t most = (uint32_t)((c->until_ms - c->began_ms) * 3 / 4);

    return deadline_ms && deadline_ms < most ? deadline_ms : most;
}

/* ---- the functions of the table ----------------------------------------- */

anamnesis_status client_process(struct anamnesis_engine *engine,
                                const struct anamnesis_message *message,
                                struct anamnesis_results **results,
                                struct anamnesis_error *error)
{
    const size_t least = offsetof(struct anamnesis_message, content_type) +
                         sizeof(message->content_type);
    struct anamnesis_message in;
    struct call c;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, or no place for results");
    if (!abi_adopt(&in, sizeof(in), message, least) ||
        (in.data == NULL && in.n))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no message");
    if (in.n > HELPER_MESSAGE_BYTES)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "a message has at most 64 MiB");
    begin(&c, engine, HELPER_PROCESS, 0);
    helper_put_u32(&c.head, in.flags);
    helper_put_u32(&c.head, deadline_of(&c, in.deadline_ms));
    helper_put_text(&c.head, engine->host.name);
    helper_put_text(&c.head, in.content_type);
    helper_put_text(&c.head, in.message_id);
    c.data = in.data;
    c.n = in.n;
    c.message_id = in.message_id;
    c.may_cancel = engine->cancel.is_cancelled != NULL;
    return put_for(&c, results, error);
}

anamnesis_status client_status(struct anamnesis_engine *engine,
                               struct anamnesis_results **results,
                               struct anamnesis_error *error)
{
    struct call c;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, or no place for results");
    begin(&c, engine, HELPER_STATUS, 0);
    return put_for(&c, results, error);
}

anamnesis_status client_drain(struct anamnesis_engine *engine,
                              uint32_t timeout_ms)
{
    struct call c;

    if (engine == NULL)
        return ANAMNESIS_E_ARGUMENT;
    begin(&c, engine, HELPER_DRAIN, timeout_ms);
    helper_put_u32(&c.head, timeout_ms);
    return put(&c, NULL);
}

anamnesis_status client_chart_ask(struct anamnesis_engine *engine,
                                  const char *authority, const char *value,
                                  const char *user, uint32_t deadline_ms,
                                  struct anamnesis_results **results,
                                  struct anamnesis_error *error)
{
    struct call c;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL || value == NULL ||
        (user && strnlen(user, NAME_BYTES) == NAME_BYTES))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, patient or place for results, or a user "
                        "who is no text");
    if (strnlen(value, HELPER_TEXT_BYTES) == HELPER_TEXT_BYTES ||
        (authority &&
         strnlen(authority, HELPER_TEXT_BYTES) == HELPER_TEXT_BYTES))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "an identifier has at most 1,023 bytes");
    begin(&c, engine, HELPER_CHART, 0);
    helper_put_u32(&c.head, deadline_of(&c, deadline_ms));
    helper_put_text(&c.head, engine->host.name);
    helper_put_text(&c.head, authority);
    helper_put_text(&c.head, value);
    helper_put_text(&c.head, user);
    c.may_cancel = engine->cancel.is_cancelled != NULL;
    return put_for(&c, results, error);
}
