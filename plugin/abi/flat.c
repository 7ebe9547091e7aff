/* SPDX-License-Identifier: Apache-2.0 */
/* The flat face: numbers and bytes for callers that have no structs. */
#include "base/base64.h"
#include "base/utf8.h"
#include "plugin/abi/calls.h"
#include "plugin/abi/handles_int.h"
#include "plugin/abi/results.h"

#include <stdlib.h>
#include <string.h>

enum { ENVELOPE_BYTES = 1 << 30 };

static const char no_engine[] = "there is no such engine";

/* Of the library that this file is in. */
static const struct anamnesis_plugin *table(void)
{
    return anamnesis_plugin_entry(ANAMNESIS_ABI_MAJOR, NULL);
}

/* ---- errors ------------------------------------------------------------- */

struct report {
    struct anamnesis_error error;
    char *err;
    int32_t err_n;
};

static struct report report_to(char *err, int32_t err_n)
{
    return (struct report){
        .error = {.struct_size = sizeof(struct anamnesis_error)},
        .err = err,
        .err_n = err_n};
}

/* The text goes to the caller; `status` is passed on. */
static int32_t done(const struct report *r, int32_t status)
{
    size_t n = strlen(r->error.text);

    if (r->err == NULL || r->err_n <= 0)
        return status;
    if (n >= (size_t)r->err_n)
        n = (size_t)r->err_n - 1;
    memcpy(r->err, r->error.text, n);
    r->err[n] = '\0';
    return status;
}

static int32_t refuse(struct report *r, const char *text)
{
    return done(r, abi_fail(&r->error, ANAMNESIS_E_ARGUMENT, text));
}

/* ---- the envelope ------------------------------------------------------- */

/* Written by hand: this file is also in the library that has libc only. */
static void put_text(struct an_buf *b, struct an_str s)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char named[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    size_t from = 0;

    an_buf_put_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *at = c ? strchr(named, c) : NULL;

        if (at == NULL && c >= 0x20)
            continue;
        an_buf_put(b, (struct an_str){s.p + from, i - from});
        from = i + 1;
        an_buf_put_char(b, '\\');
        if (at) {
            an_buf_put_char(b, letter[at - named]);
        } else {
            an_buf_put_c(b, "u00");
            an_buf_put_char(b, hex[c >> 4]);
            an_buf_put_char(b, hex[c & 15]);
        }
    }
    an_buf_put(b, (struct an_str){s.p + from, s.n - from});
    an_buf_put_char(b, '"');
}

static void put_result(struct an_buf *b, const struct anamnesis_result *one)
{
    struct an_str bytes = {(const char *)one->data, one->n};

    an_buf_put_c(b, "{\"kind\":");
    an_buf_put_u64(b, one->kind);
    an_buf_put_c(b, ",\"contentType\":");
    put_text(b, an_str_c(one->content_type));
    if (an_utf8_valid(bytes) == bytes.n) {
        an_buf_put_c(b, ",\"text\":");
        put_text(b, bytes);
    } else {
        an_buf_put_c(b, ",\"base64\":\"");
        an_buf_put_base64(b, bytes);
        an_buf_put_char(b, '"');
    }
    an_buf_put_char(b, '}');
}

/* What anamnesis_flat_free frees; NULL without memory. */
static uint8_t *copy(struct an_str s)
{
    uint8_t *p = malloc(s.n + 1);

    if (p) {
        memcpy(p, s.p, s.n);
        p[s.n] = '\0';
    }
    return p;
}

static anamnesis_status wrap(const struct anamnesis_results *results,
                             anamnesis_status status, uint8_t **out,
                             int32_t *out_n, struct anamnesis_error *error)
{
    struct an_arena arena;
    struct an_str json;
    struct an_buf b;
    enum an_code rc;

    if (abi_result_count(results) == 0)
        return status;
    an_arena_init(&arena, ENVELOPE_BYTES);
    an_buf_init(&b, &arena, INT32_MAX - 1);
    an_buf_put_c(&b, "{\"code\":");
    an_buf_put_i64(&b, status);
    an_buf_put_c(&b, ",\"results\":[");
    for (uint32_t i = 0; i < results->n; i++) {
        if (i)
            an_buf_put_char(&b, ',');
        put_result(&b, &results->item[i]);
    }
    an_buf_put_c(&b, "]}");
    rc = an_buf_done(&b, &json, NULL);
    *out = rc == AN_OK ? copy(json) : NULL;
    *out_n = *out ? (int32_t)json.n : 0;
    an_arena_free(&arena);
    return *out ? status : abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
}

/* ---- the functions ------------------------------------------------------ */

int64_t anamnesis_flat_create(const char *config, int32_t n, char *err,
                              int32_t err_n)
{
    struct anamnesis_host host = {.struct_size = sizeof(host)};
    struct report r = report_to(err, err_n);
    struct anamnesis_engine *engine;
    anamnesis_status status;
    int64_t handle;

    if (n < 0)
        return refuse(&r, "a negative length");
    status = table()->create(&host, config, (size_t)n, &engine, &r.error);
    if (status != ANAMNESIS_OK)
        return done(&r, status);
    handle = abi_handle_new(engine);
    if (handle == 0) {
        table()->destroy(engine);
        return done(&r, abi_fail(&r.error, ANAMNESIS_E_UNAVAILABLE,
                                 "1,024 engines are open"));
    }
    (void)done(&r, ANAMNESIS_OK);
    return handle;
}

int32_t anamnesis_flat_process(int64_t handle, const uint8_t *data, int32_t n,
                               const char *content_type, const char *message_id,
                               uint32_t flags, uint32_t deadline_ms,
                               uint8_t **out, int32_t *out_n, char *err,
                               int32_t err_n)
{
    struct anamnesis_message in = {.struct_size = sizeof(in),
                                   .flags = flags,
                                   .data = data,
                                   .content_type = content_type,
                                   .message_id = message_id,
                                   .deadline_ms = deadline_ms};
    struct report r = report_to(err, err_n);
    struct anamnesis_results *results;
    struct anamnesis_engine *engine;
    anamnesis_status status;

    if (out == NULL || out_n == NULL || n < 0)
        return refuse(&r, "no place for the answer, or a negative length");
    *out = NULL;
    *out_n = 0;
    engine = abi_handle_take(handle);
    if (engine == NULL)
        return refuse(&r, no_engine);
    in.n = (size_t)n;
    status = table()->process(engine, &in, &results, &r.error);
    abi_handle_give(handle);
    status = wrap(results, status, out, out_n, &r.error);
    abi_results_free(results);
    return done(&r, status);
}

void anamnesis_flat_free(void *out)
{
    free(out);
}

int32_t anamnesis_flat_reload(int64_t handle, const char *config, int32_t n,
                              char *err, int32_t err_n)
{
    struct report r = report_to(err, err_n);
    struct anamnesis_engine *engine;
    anamnesis_status status;

    if (n < 0)
        return refuse(&r, "a negative length");
    engine = abi_handle_take(handle);
    if (engine == NULL)
        return refuse(&r, no_engine);
    status = table()->reload(engine, config, (size_t)n, &r.error);
    abi_handle_give(handle);
    return done(&r, status);
}

int32_t anamnesis_flat_status(int64_t handle, uint8_t **out, int32_t *out_n,
                              char *err, int32_t err_n)
{
    struct report r = report_to(err, err_n);
    struct anamnesis_results *results;
    struct anamnesis_engine *engine;
    anamnesis_status status;

    if (out == NULL || out_n == NULL)
        return refuse(&r, "no place for the answer");
    *out = NULL;
    *out_n = 0;
    engine = abi_handle_take(handle);
    if (engine == NULL)
        return refuse(&r, no_engine);
    status = table()->status(engine, &results, &r.error);
    abi_handle_give(handle);
    status = wrap(results, status, out, out_n, &r.error);
    abi_results_free(results);
    return done(&r, status);
}

int32_t anamnesis_flat_drain(int64_t handle, uint32_t timeout_ms)
{
    struct anamnesis_engine *engine = abi_handle_take(handle);
    anamnesis_status status;

    if (engine == NULL)
        return ANAMNESIS_E_ARGUMENT;
    status = table()->drain(engine, timeout_ms);
    abi_handle_give(handle);
    return status;
}

int32_t anamnesis_flat_destroy(int64_t handle)
{
    struct anamnesis_engine *engine = abi_handle_drop(handle);

    table()->destroy(engine);
    return engine ? ANAMNESIS_OK : ANAMNESIS_E_ARGUMENT;
}
