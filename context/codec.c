/* SPDX-License-Identifier: Apache-2.0 */
/* Writing; reading is in decode.c. */
#include "context/codec_int.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/varint.h"

#include <string.h>

enum { SLOTS = 1024 /* of the index into the strings */ };

struct writer {
    struct an_buf buf;
    struct ctx_codec_state s;
    uint32_t slot[SLOTS]; /* by hash: n_seen after it was remembered */
    bool bad;             /* a value outside its list */
};

static void put_u64(struct writer *w, uint64_t v)
{
    char bytes[AN_VARINT_BYTES];

    an_buf_put(&w->buf, (struct an_str){bytes, an_varint_put(v, bytes)});
}

static void put_str(struct writer *w, struct an_str s)
{
    if (s.n >= REMEMBER_BYTES) {
        uint32_t *slot = &w->slot[an_str_hash(s) % SLOTS];

        if (*slot && w->s.n_seen - *slot < REMEMBERED &&
            an_str_eq(w->s.ring[(*slot - 1) % REMEMBERED], s)) {
            put_u64(w, (uint64_t)(w->s.n_seen - *slot) << 1 | 1);
            return;
        }
        ctx_codec_remember(&w->s, s);
        *slot = w->s.n_seen;
    }
    put_u64(w, (uint64_t)s.n << 1);
    an_buf_put(&w->buf, s);
}

static void put_if(struct writer *w, uint64_t marks, uint64_t mark,
                   struct an_str s)
{
    if (marks & mark)
        put_str(w, s);
}

static void put_tail(struct writer *w, struct an_str *before, struct an_str s)
{
    size_t same = 0;

    while (same < s.n && same < before->n && s.p[same] == before->p[same])
        same++;
    put_u64(w, same);
    put_u64(w, s.n - same);
    an_buf_put(&w->buf, an_str_sub(s, same, s.n));
    *before = s;
}

static void put_code(struct writer *w, const struct ctx_code *c)
{
    put_str(w, c->system);
    put_str(w, c->code);
    put_str(w, c->display);
}

/* Differences of microseconds wrap round, so that every pair has one. */
static void put_moment(struct writer *w, int64_t from_us, int64_t us)
{
    if (us % US_PER_SECOND == 0) {
        int64_t seconds = us / US_PER_SECOND - from_us / US_PER_SECOND;

        put_u64(w, an_zigzag(seconds) << 1);
        return;
    }
    put_u64(w, 1);
    put_u64(w, an_zigzag((int64_t)((uint64_t)us - (uint64_t)from_us)));
}

static void put_time(struct writer *w, int64_t from_us, const struct an_time *t)
{
    unsigned head = t->precision;

    if (t->precision > AN_TIME_FRACTION || t->assumed > 1)
        w->bad = true;
    if (t->precision == AN_TIME_NONE) {
        put_u64(w, head);
        return;
    }
    if (t->assumed)
        head |= TIME_ASSUMED;
    if (t->offset_min != w->s.offset_min)
        head |= TIME_OFFSET;
    put_u64(w, head);
    if (head & TIME_OFFSET)
        put_u64(w, an_zigzag(t->offset_min));
    w->s.offset_min = t->offset_min;
    put_moment(w, from_us, t->us);
}

/* Whether the double follows from the literal, to the bit. */
static bool number_follows(const struct ctx_value *v)
{
    double number = 0;

    if (v->literal.n && !an_decimal_parse(v->literal, &number))
        number = 0;
    return memcmp(&number, &v->number, sizeof(number)) == 0;
}

static void put_number(struct writer *w, double number)
{
    char bytes[8];
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> (8 * i) & 0xFF);
    an_buf_put(&w->buf, (struct an_str){bytes, sizeof(bytes)});
}

static uint64_t code_marks(const struct ctx_code *c)
{
    return c->system.n || c->code.n || c->display.n ? MARK_CODE : 0;
}

static uint64_t event_marks(const struct ctx_event *e)
{
    const struct ctx_value *v = &e->value;
    uint64_t marks = code_marks(&v->code);

    marks |= e->end.precision != AN_TIME_NONE ? MARK_END : 0;
    marks |= v->literal.n ? MARK_LITERAL : 0;
    marks |= v->unit.n ? MARK_UNIT : 0;
    marks |= e->low.n || e->high.n ? MARK_RANGE : 0;
    marks |= e->flag.n ? MARK_FLAG : 0;
    marks |= e->encounter.n ? MARK_ENCOUNTER : 0;
    marks |= e->n_aliases ? MARK_ALIASES : 0;
    marks |= number_follows(v) ? 0 : MARK_NUMBER;
    marks |= v->comparator.n ? MARK_COMPARATOR : 0;
    marks |= v->text.n ? MARK_TEXT : 0;
    marks |= e->labels ? MARK_LABELS : 0;
    return marks;
}

static void put_value(struct writer *w, uint64_t marks,
                      const struct ctx_value *v)
{
    if (v->kind > CTX_VALUE_TEXT)
        w->bad = true;
    put_u64(w, v->kind);
    put_if(w, marks, MARK_LITERAL, v->literal);
    if (marks & MARK_NUMBER)
        put_number(w, v->number);
    put_if(w, marks, MARK_COMPARATOR, v->comparator);
    put_if(w, marks, MARK_UNIT, v->unit);
    if (marks & MARK_CODE)
        put_code(w, &v->code);
    put_if(w, marks, MARK_TEXT, v->text);
}

static void put_event(struct writer *w, const struct ctx_event *e, bool first)
{
    uint64_t marks = event_marks(e);

    if (e->kind >= CTX_N_KINDS || e->status >= CTX_N_STATUSES ||
        e->labels > CTX_LABEL_ALL)
        w->bad = true;
    put_u64(w, e->kind);
    put_u64(w, e->status);
    put_u64(w, marks);
    put_time(w, w->s.effective_us, &e->effective);
    if (e->effective.precision != AN_TIME_NONE)
        w->s.effective_us = e->effective.us;
    if (marks & MARK_END)
        put_time(w, w->s.effective_us, &e->end);
    put_moment(w, first ? w->s.effective_us : w->s.said_us, e->said_us);
    put_moment(w, e->said_us, e->available_us);
    w->s.said_us = e->said_us;
    put_code(w, &e->concept);
    if (marks & MARK_ALIASES)
        put_u64(w, e->n_aliases);
    for (size_t i = 0; i < e->n_aliases; i++)
        put_code(w, &e->alias[i]);
    put_value(w, marks, &e->value);
    put_if(w, marks, MARK_RANGE, e->low);
    put_if(w, marks, MARK_RANGE, e->high);
    put_if(w, marks, MARK_FLAG, e->flag);
    put_if(w, marks, MARK_ENCOUNTER, e->encounter);
    if (marks & MARK_LABELS)
        put_u64(w, e->labels);
    put_tail(w, &w->s.fact, e->fact);
    put_tail(w, &w->s.place, e->place);
}

static void put_events(struct writer *w, const struct ctx_event *event,
                       size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_event(w, &event[i], i == 0);
}

/* Events of one fact mostly stand together. */
static enum an_code put_marks(struct writer *w, const struct ctx_event *event,
                              size_t n, struct an_err *err)
{
    char mark[BLOCK_EVENTS * MARK_BYTES];
    size_t n_bytes = 0;

    for (size_t i = 0; i < n; i++) {
        enum an_code code;
        int64_t key;

        if (i && an_str_eq(event[i].fact, event[i - 1].fact))
            continue;
        code = ctx_fact_key(event[i].fact, &key, err);
        if (code != AN_OK)
            return code;
        mark[n_bytes++] = (char)(ctx_codec_mark(key) & 0xFF);
        mark[n_bytes++] = (char)(ctx_codec_mark(key) >> 8);
    }
    put_u64(w, n_bytes / MARK_BYTES);
    an_buf_put(&w->buf, (struct an_str){mark, n_bytes});
    return AN_OK;
}

/* Each block is made in the writer's room first: its length stands before it. */
static enum an_code put_block(struct writer *w, const struct ctx_event *event,
                              size_t n, struct an_buf *out, struct an_err *err)
{
    char bytes[AN_VARINT_BYTES];
    enum an_code code;

    ctx_codec_begin(&w->s);
    memset(w->slot, 0, sizeof(w->slot));
    w->buf.n = 0;
    code = put_marks(w, event, n, err);
    if (code != AN_OK)
        return code;
    put_events(w, event, n);
    if (w->buf.code != AN_OK)
        return an_fail(err, w->buf.code, "no room for events", 0);
    an_buf_put(out, (struct an_str){bytes, an_varint_put(w->buf.n, bytes)});
    an_buf_put(out, (struct an_str){w->buf.p, w->buf.n});
    return AN_OK;
}

enum an_code ctx_events_encode(struct an_arena *arena,
                               const struct ctx_event *event, size_t n,
                               struct an_str *blob, struct an_err *err)
{
    struct writer w = {.bad = false};
    struct an_buf out;
    enum an_code code = AN_OK;

    an_buf_init(&w.buf, arena, LIMIT_BYTES);
    an_buf_put_char(&w.buf,
                    n > BLOCK_EVENTS ? CTX_CODEC_VERSION : VERSION_PLAIN);
    put_u64(&w, n);
    out = w.buf;
    if (n <= BLOCK_EVENTS) {
        put_events(&w, event, n);
        out = w.buf;
    } else {
        an_buf_init(&w.buf, arena, LIMIT_BYTES);
        for (size_t at = 0; code == AN_OK && at < n; at += BLOCK_EVENTS)
            code = put_block(&w, event + at,
                             n - at < BLOCK_EVENTS ? n - at : BLOCK_EVENTS,
                             &out, err);
    }
    if (code == AN_OK && w.bad)
        code = an_fail(err, AN_TYPE, "an event holds a number of no list", 0);
    return code == AN_OK ? an_buf_done(&out, blob, err) : code;
}
