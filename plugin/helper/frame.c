/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/helper/frame.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096 };

static uint32_t u32_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static void u32_to(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Of a body; 0 for types that do not exist. */
static uint32_t limit_of(uint32_t type)
{
    static const uint32_t limit[] = {
        [HELPER_HELLO] = HELPER_SMALL_BYTES,
        [HELPER_WELCOME] = HELPER_SMALL_BYTES,
        [HELPER_PROCESS] = HELPER_MESSAGE_BYTES + HELPER_SMALL_BYTES,
        [HELPER_CHART] = HELPER_SMALL_BYTES,
        [HELPER_STATUS] = 0,
        [HELPER_DRAIN] = 4,
        [HELPER_CANCEL] = 0,
        [HELPER_LOG] = HELPER_SMALL_BYTES,
        [HELPER_ANSWER] = HELPER_ANSWER_BYTES + 64 * HELPER_SMALL_BYTES};

    return type < sizeof(limit) / sizeof(limit[0]) ? limit[type] : 0;
}

static bool is_for(enum helper_side side, uint32_t type)
{
    switch (type) {
    case HELPER_WELCOME:
    case HELPER_LOG:
    case HELPER_ANSWER: return side == HELPER_CLIENT;
    case HELPER_HELLO:
    case HELPER_PROCESS:
    case HELPER_CHART:
    case HELPER_STATUS:
    case HELPER_DRAIN:
    case HELPER_CANCEL: return side == HELPER_SERVER;
    default: return false;
    }
}

/* ---- reading a stream --------------------------------------------------- */

void helper_reader_init(struct helper_reader *r, enum helper_side side)
{
    *r = (struct helper_reader){.side = side};
}

void helper_reader_next(struct helper_reader *r)
{
    enum helper_side side = r->side;

    free(r->body);
    helper_reader_init(r, side);
}

void helper_reader_release(struct helper_reader *r)
{
    helper_reader_next(r);
}

bool helper_reader_is_amid(const struct helper_reader *r)
{
    return r->n_head > 0 && (r->n_head < HELPER_HEAD_BYTES || r->have < r->n);
}

static bool grow(struct helper_reader *r)
{
    size_t room = r->room ? 2 * r->room : FIRST_ROOM;
    uint8_t *body;

    if (room > r->n)
        room = r->n;
    body = realloc(r->body, room);
    if (body == NULL)
        return false;
    r->body = body;
    r->room = room;
    return true;
}

enum helper_got helper_reader_room(struct helper_reader *r, uint8_t **p,
                                   size_t *n)
{
    if (r->n_head < HELPER_HEAD_BYTES) {
        *p = r->head + r->n_head;
        *n = HELPER_HEAD_BYTES - r->n_head;
        return HELPER_MORE;
    }
    r->n = u32_at(r->head);
    r->type = u32_at(r->head + 4);
    if (!is_for(r->side, r->type) || r->n > limit_of(r->type))
        return HELPER_BAD;
    if (r->have == r->n)
        return HELPER_FRAME;
    if (r->have == r->room && !grow(r))
        return HELPER_NOMEM;
    *p = r->body + r->have;
    *n = r->room - r->have;
    return HELPER_MORE;
}

void helper_reader_fed(struct helper_reader *r, size_t n)
{
    if (r->n_head < HELPER_HEAD_BYTES)
        r->n_head += n;
    else
        r->have += n;
}

/* ---- a body ------------------------------------------------------------- */

struct helper_in helper_reader_in(const struct helper_reader *r)
{
    return (struct helper_in){.p = r->body, .n = r->have};
}

const uint8_t *helper_get_bytes(struct helper_in *in, size_t n)
{
    const uint8_t *p = in->p;

    if (n > in->n)
        in->bad = true;
    if (in->bad || n == 0)
        return NULL;
    in->p += n;
    in->n -= n;
    return p;
}

uint32_t helper_get_u32(struct helper_in *in)
{
    const uint8_t *p = helper_get_bytes(in, 4);

    return p ? u32_at(p) : 0;
}

const char *helper_get_text(struct helper_in *in)
{
    uint32_t n = helper_get_u32(in);
    const uint8_t *p;

    if (n > HELPER_TEXT_BYTES)
        in->bad = true;
    p = helper_get_bytes(in, n);
    if (p && memchr(p, 0, n) != p + n - 1)
        in->bad = true;
    return in->bad ? NULL : (const char *)p;
}

bool helper_in_is_done(const struct helper_in *in)
{
    return !in->bad && in->n == 0;
}

void helper_out_begin(struct helper_out *out, enum helper_type type)
{
    out->n = HELPER_HEAD_BYTES;
    out->bad = false;
    u32_to(out->bytes + 4, type);
}

static void put(struct helper_out *out, const void *p, size_t n)
{
    if (n > sizeof(out->bytes) - out->n)
        out->bad = true;
    if (out->bad)
        return;
    memcpy(out->bytes + out->n, p, n);
    out->n += n;
}

void helper_put_u32(struct helper_out *out, uint32_t v)
{
    uint8_t bytes[4];

    u32_to(bytes, v);
    put(out, bytes, sizeof(bytes));
}

void helper_put_text(struct helper_out *out, const char *text)
{
    size_t n;

    if (text == NULL) {
        helper_put_u32(out, 0);
        return;
    }
    n = strnlen(text, HELPER_TEXT_BYTES - 1);
    helper_put_u32(out, (uint32_t)n + 1);
    put(out, text, n);
    put(out, "", 1);
}

bool helper_out_end(struct helper_out *out, size_t more)
{
    size_t n = out->n - HELPER_HEAD_BYTES + more;

    if (out->bad || n > limit_of(u32_at(out->bytes + 4)))
        return false;
    u32_to(out->bytes, (uint32_t)n);
    return true;
}

/* ---- what is in them ---------------------------------------------------- */

bool helper_read_hello(const struct helper_reader *r, enum helper_type type,
                       struct helper_hello *hello)
{
    struct helper_in in = helper_reader_in(r);
    uint32_t magic = helper_get_u32(&in);

    if (r->type != type || magic != HELPER_MAGIC)
        return false;
    *hello = (struct helper_hello){.version = helper_get_u32(&in)};
    hello->abi_major = helper_get_u32(&in);
    if (type == HELPER_WELCOME) {
        hello->status = (int32_t)helper_get_u32(&in);
        hello->text = helper_get_text(&in);
    }
    /* A later version may say more. */
    return !in.bad && (in.n == 0 || hello->version != HELPER_VERSION);
}

bool helper_read_ask(const struct helper_reader *r, struct helper_ask *ask)
{
    struct helper_in in = helper_reader_in(r);

    *ask = (struct helper_ask){.n = 0};
    switch (r->type) {
    case HELPER_PROCESS:
        ask->flags = helper_get_u32(&in);
        ask->deadline_ms = helper_get_u32(&in);
        ask->host = helper_get_text(&in);
        ask->content_type = helper_get_text(&in);
        ask->message_id = helper_get_text(&in);
        ask->n = in.n;
        ask->data = helper_get_bytes(&in, in.n);
        return helper_in_is_done(&in) && ask->n <= HELPER_MESSAGE_BYTES;
    case HELPER_CHART:
        ask->deadline_ms = helper_get_u32(&in);
        ask->host = helper_get_text(&in);
        ask->authority = helper_get_text(&in);
        ask->value = helper_get_text(&in);
        ask->user = helper_get_text(&in);
        return helper_in_is_done(&in);
    case HELPER_DRAIN: ask->deadline_ms = helper_get_u32(&in); break;
    case HELPER_STATUS: break;
    default: return false;
    }
    return helper_in_is_done(&in);
}

bool helper_read_answer(const struct helper_reader *r,
                        struct helper_answer *answer)
{
    struct helper_in in = helper_reader_in(r);

    if (r->type != HELPER_ANSWER)
        return false;
    answer->status = (int32_t)helper_get_u32(&in);
    answer->text = helper_get_text(&in);
    answer->n = helper_get_u32(&in);
    if (in.bad || answer->text == NULL || answer->n > HELPER_RESULTS)
        return false;
    for (uint32_t i = 0; i < answer->n; i++) {
        struct helper_result *one = &answer->result[i];

        one->kind = helper_get_u32(&in);
        one->content_type = helper_get_text(&in);
        one->n = helper_get_u32(&in);
        if (one->content_type == NULL)
            return false;
    }
    for (uint32_t i = 0; i < answer->n; i++)
        answer->result[i].data = helper_get_bytes(&in, answer->result[i].n);
    return helper_in_is_done(&in);
}
