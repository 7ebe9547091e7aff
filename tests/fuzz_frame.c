/* SPDX-License-Identifier: Apache-2.0 */
/* Any stream gives the same frames whether it comes at once or in pieces (the
 * first input byte says how large, and to which side it goes), a reader asks for
 * no byte beyond its frame, and what is read of a body is within it.  The same
 * bytes as a configuration of the client are read or refused. */
#include "plugin/helper/client_int.h"
#include "plugin/helper/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return (hash ^ n) * UINT64_C(1099511628211);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    require(n < HELPER_TEXT_BYTES);
    return mix(hash, text, n);
}

static void require_within(const struct helper_reader *r, const uint8_t *p,
                           size_t n)
{
    require(n == 0 || (p >= r->body && p + n <= r->body + r->have));
}

static uint64_t take_body(const struct helper_reader *r, uint64_t hash)
{
    struct helper_answer answer;
    struct helper_hello hello;
    struct helper_ask ask;

    hash = mix(hash, r->body, r->have);
    if (helper_read_ask(r, &ask)) {
        require_within(r, ask.data, ask.n);
        hash = mix_text(mix_text(hash, ask.host), ask.content_type);
        hash = mix_text(mix_text(hash, ask.message_id), ask.user);
        hash = mix_text(mix_text(hash, ask.authority), ask.value);
    }
    if (helper_read_hello(r, HELPER_HELLO, &hello) ||
        helper_read_hello(r, HELPER_WELCOME, &hello))
        hash = mix_text(hash, hello.text);
    if (helper_read_answer(r, &answer)) {
        hash = mix_text(hash, answer.text);
        for (uint32_t i = 0; i < answer.n; i++) {
            require_within(r, answer.result[i].data, answer.result[i].n);
            hash = mix_text(hash, answer.result[i].content_type);
        }
    }
    return hash;
}

static uint64_t run(enum helper_side side, const uint8_t *in, size_t n,
                    size_t step)
{
    struct helper_reader r;
    enum helper_got got;
    uint64_t hash = 14695981039346656037U;
    size_t room;
    uint8_t *p;

    helper_reader_init(&r, side);
    for (;;) {
        size_t some = n < step ? n : step;

        got = helper_reader_room(&r, &p, &room);
        if (got == HELPER_FRAME) {
            hash = take_body(&r, mix(hash, &r.type, sizeof(r.type)));
            helper_reader_next(&r);
            continue;
        }
        if (got != HELPER_MORE || n == 0)
            break;
        require(room > 0 && r.room <= 2 * r.have + 4096);
        some = some < room ? some : room;
        memcpy(p, in, some);
        helper_reader_fed(&r, some);
        in += some;
        n -= some;
    }
    require(got != HELPER_NOMEM);
    hash = mix(hash, &got, sizeof(got));
    helper_reader_release(&r);
    return mix(hash, &n, sizeof(n));
}

static void configure(const char *text, size_t n)
{
    struct client_config c;

    if (client_config_read(text, n, &c, NULL) != ANAMNESIS_OK)
        return;
    require(c.socket[0] == '/' && strlen(c.socket) < sizeof(c.socket));
    require(c.timeout_ms >= 100 && c.timeout_ms <= 600000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum helper_side side;

    if (n == 0)
        return 0;
    side = data[0] & 0x80 ? HELPER_CLIENT : HELPER_SERVER;
    require(run(side, data + 1, n - 1, SIZE_MAX) ==
            run(side, data + 1, n - 1, 1U + data[0] % 16));
    configure((const char *)data + 1, n - 1);
    return 0;
}
