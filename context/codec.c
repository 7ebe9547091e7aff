/* SPDX-License-Identifier: Apache-2.0 */
#include "context/codec.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/varint.h"

#include <string.h>

enum {
    REMEMBERED = 256, /* strings that can be referred back to */
    REMEMBER_BYTES = 3,
    SLOTS = 1024,         /* of the writer's index into them */
    MIN_EVENT_BYTES = 14, /* an event whose every part is one byte */
    MIN_CODE_BYTES = 3,
    LIMIT_BYTES = 1 << 30,
    US_PER_SECOND = 1000000
};

/* The most usual ones fit one byte. */
enum {
    MARK_END = 1,
    MARK_LITERAL = 2,
    MARK_UNIT = 4,
    MARK_RANGE = 8,
    MARK_FLAG = 16,
    MARK_ENCOUNTER = 32,
    MARK_ALIASES = 64,
    MARK_NUMBER = 128, /* it is not the nearest double of the literal */
    MARK_COMPARATOR = 256,
    MARK_CODE = 512,
    MARK_TEXT = 1024,
    MARK_LABELS = 2048, /* from version 2 */
    MARKS = 4095,
    MARKS_1 = 2047
};

enum { TIME_PRECISION = 7, TIME_ASSUMED = 8, TIME_OFFSET = 16 };

/* What writer and reader both know at each byte. */
struct state {
    struct an_str ring[REMEMBERED];
    uint32_t n_seen; /* strings remembered so far; the ring keeps the last */
    int64_t effective_us, said_us;
    int64_t offset_min;
    struct an_str fact, place;
};

struct writer {
    struct an_buf buf;
    struct state s;
    uint32_t slot[SLOTS]; /* by hash: n_seen after it was remembered */
    bool bad;             /* a value outside its list */
};

struct reader {
    struct an_arena *arena;
    struct an_str blob;
    size_t at;
    const char *bad; /* why reading stopped, NULL while it goes on */
    bool nomem;
    uint64_t marks; /* that this version has */
    struct state s;
};

static void remember(struct state *s, struct an_str str)
{
    s->ring[s->n_seen % REMEMBERED] = str;
    s->n_seen++;
}

/* ---- writing ------------------------------------------------------------ */

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
        remember(&w->s, s);
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

enum an_code ctx_events_encode(struct an_arena *arena,
                               const struct ctx_event *event, size_t n,
                               struct an_str *blob, struct an_err *err)
{
    struct writer w = {.bad = false};

    an_buf_init(&w.buf, arena, LIMIT_BYTES);
    an_buf_put_char(&w.buf, CTX_CODEC_VERSION);
    put_u64(&w, n);
    for (size_t i = 0; i < n; i++)
        put_event(&w, &event[i], i == 0);
    if (w.bad)
        return an_fail(err, AN_TYPE, "an event holds a number of no list", 0);
    return an_buf_done(&w.buf, blob, err);
}

/* ---- reading ------------------------------------------------------------ */

/* After the first fault every get gives nothing and moves nothing. */
static void fault(struct reader *r, const char *why)
{
    if (r->bad == NULL)
        r->bad = why;
}

static uint64_t get_u64(struct reader *r)
{
    uint64_t v = 0;
    size_t n = an_varint_get(
        (struct an_str){r->blob.p + r->at, r->blob.n - r->at}, &v);

    if (r->bad)
        return 0;
    if (n == 0)
        fault(r, "a number in the blob is cut short or too large");
    r->at += n;
    return v;
}

static uint64_t get_below(struct reader *r, uint64_t end, const char *why)
{
    size_t at = r->at;
    uint64_t v = get_u64(r);

    if (r->bad == NULL && v >= end) {
        r->at = at;
        fault(r, why);
    }
    return r->bad ? 0 : v;
}

static struct an_str get_bytes(struct reader *r, uint64_t n)
{
    struct an_str s;

    if (r->bad == NULL && n > r->blob.n - r->at)
        fault(r, "a length in the blob is beyond its end");
    if (r->bad || n == 0)
        return AN_STR("");
    s = an_str_sub(r->blob, r->at, (size_t)n);
    r->at += s.n;
    return s;
}

static struct an_str get_str(struct reader *r)
{
    uint64_t tag = get_u64(r);
    struct an_str s;

    if (tag & 1) {
        tag >>= 1;
        if (tag < REMEMBERED && tag < r->s.n_seen)
            return r->s.ring[(r->s.n_seen - 1 - tag) % REMEMBERED];
        fault(r, "the blob refers to a string that it does not hold");
        return AN_STR("");
    }
    s = get_bytes(r, tag >> 1);
    if (s.n >= REMEMBER_BYTES)
        remember(&r->s, s);
    return s;
}

static struct an_str get_if(struct reader *r, uint64_t marks, uint64_t mark)
{
    return marks & mark ? get_str(r) : AN_STR("");
}

static void *get_memory(struct reader *r, size_t n, size_t size)
{
    void *p = r->bad ? NULL : an_arena_get(r->arena, n, size);

    if (p == NULL && r->bad == NULL) {
        r->nomem = true;
        fault(r, "out of memory");
    }
    return p;
}

static struct an_str get_tail(struct reader *r, struct an_str *before)
{
    uint64_t same = get_below(r, (uint64_t)before->n + 1,
                              "the blob repeats more than there is");
    struct an_str tail = get_bytes(r, get_u64(r));
    char *p;

    if (same == 0)
        *before = tail;
    else if (tail.n == 0)
        before->n = (size_t)same;
    else if ((p = get_memory(r, (size_t)same + tail.n, 1)) != NULL) {
        memcpy(p, before->p, (size_t)same);
        memcpy(p + same, tail.p, tail.n);
        *before = (struct an_str){p, (size_t)same + tail.n};
    }
    return *before;
}

static struct ctx_code get_code(struct reader *r)
{
    struct ctx_code c;

    c.system = get_str(r);
    c.code = get_str(r);
    c.display = get_str(r);
    return c;
}

static int64_t get_moment(struct reader *r, int64_t from_us)
{
    uint64_t v = get_u64(r);
    int64_t us;

    if (v == 1)
        return (int64_t)((uint64_t)from_us + (uint64_t)an_unzigzag(get_u64(r)));
    if (v & 1 ||
        __builtin_add_overflow(from_us / US_PER_SECOND, an_unzigzag(v >> 1),
                               &us) ||
        __builtin_mul_overflow(us, (int64_t)US_PER_SECOND, &us)) {
        fault(r, "a moment in the blob is out of range");
        return 0;
    }
    return us;
}

static struct an_time get_time(struct reader *r, int64_t from_us)
{
    uint64_t head = get_below(r, 2 * TIME_OFFSET, "a time has no such form");
    struct an_time t = {.precision = (uint8_t)(head & TIME_PRECISION)};

    if (t.precision == AN_TIME_NONE)
        return t;
    if (head & TIME_OFFSET) {
        r->s.offset_min = an_unzigzag(get_u64(r));
        if (r->s.offset_min < INT16_MIN || r->s.offset_min > INT16_MAX)
            fault(r, "a time offset is out of range");
    }
    t.offset_min = (int16_t)(r->bad ? 0 : r->s.offset_min);
    t.assumed = (head & TIME_ASSUMED) != 0;
    t.us = get_moment(r, from_us);
    return t;
}

static double get_number(struct reader *r)
{
    struct an_str s = get_bytes(r, 8);
    uint64_t bits = 0;
    double number;

    for (size_t i = 0; i < s.n; i++)
        bits |= (uint64_t)(uint8_t)s.p[i] << (8 * i);
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static void get_value(struct reader *r, uint64_t marks, struct ctx_value *v)
{
    v->kind = (uint8_t)get_below(r, CTX_VALUE_TEXT + 1,
                                 "a value is of no known kind");
    v->literal = get_if(r, marks, MARK_LITERAL);
    if (marks & MARK_NUMBER)
        v->number = get_number(r);
    else if (v->literal.n && !an_decimal_parse(v->literal, &v->number))
        v->number = 0;
    v->comparator = get_if(r, marks, MARK_COMPARATOR);
    v->unit = get_if(r, marks, MARK_UNIT);
    if (marks & MARK_CODE)
        v->code = get_code(r);
    v->text = get_if(r, marks, MARK_TEXT);
}

static void get_aliases(struct reader *r, struct ctx_event *e)
{
    uint64_t n = get_below(r, (r->blob.n - r->at) / MIN_CODE_BYTES + 1,
                           "a count in the blob is beyond its end");
    struct ctx_code *alias = get_memory(r, (size_t)n, sizeof(*alias));

    for (size_t i = 0; i < n && r->bad == NULL; i++)
        alias[i] = get_code(r);
    e->alias = alias;
    e->n_aliases = r->bad ? 0 : (size_t)n;
}

static void get_event(struct reader *r, struct ctx_event *e, bool first)
{
    uint64_t marks;

    e->kind = (uint8_t)get_below(r, CTX_N_KINDS, "an event of no known kind");
    e->status =
        (uint8_t)get_below(r, CTX_N_STATUSES, "an event of no known status");
    marks = get_below(r, r->marks + 1, "an event has an unknown mark");
    e->effective = get_time(r, r->s.effective_us);
    if (e->effective.precision != AN_TIME_NONE)
        r->s.effective_us = e->effective.us;
    if (marks & MARK_END)
        e->end = get_time(r, r->s.effective_us);
    e->said_us = get_moment(r, first ? r->s.effective_us : r->s.said_us);
    e->available_us = get_moment(r, e->said_us);
    r->s.said_us = e->said_us;
    e->concept = get_code(r);
    if (marks & MARK_ALIASES)
        get_aliases(r, e);
    get_value(r, marks, &e->value);
    e->low = get_if(r, marks, MARK_RANGE);
    e->high = get_if(r, marks, MARK_RANGE);
    e->flag = get_if(r, marks, MARK_FLAG);
    e->encounter = get_if(r, marks, MARK_ENCOUNTER);
    if (marks & MARK_LABELS)
        e->labels = (uint16_t)get_below(r, CTX_LABEL_ALL + 1,
                                        "an event has an unknown label");
    e->fact = get_tail(r, &r->s.fact);
    e->place = get_tail(r, &r->s.place);
}

enum an_code ctx_events_decode(struct an_arena *arena, struct an_str blob,
                               struct an_str message,
                               const struct ctx_event **event, size_t *n,
                               struct an_err *err)
{
    struct reader r = {.arena = arena, .blob = blob};
    struct ctx_event *e;
    uint64_t count, i;

    *event = NULL;
    *n = 0;
    if (blob.n == 0)
        return an_fail(err, AN_INTEGRITY, "the blob is empty", 0);
    if (blob.p[0] < 1 || blob.p[0] > CTX_CODEC_VERSION)
        return an_fail(err, AN_UNSUPPORTED,
                       "the events were written by another version", 0);
    r.at = 1;
    r.marks = blob.p[0] == 1 ? MARKS_1 : MARKS;
    count = get_below(&r, (blob.n - r.at) / MIN_EVENT_BYTES + 1,
                      "a count in the blob is beyond its end");
    e = get_memory(&r, (size_t)count, sizeof(*e));
    for (i = 0; i < count && r.bad == NULL; i++) {
        get_event(&r, &e[i], i == 0);
        e[i].message = message;
    }
    if (r.bad == NULL && r.at != blob.n)
        fault(&r, "bytes follow the last event");
    if (r.bad)
        return an_fail(err, r.nomem ? AN_NOMEM : AN_INTEGRITY, r.bad, r.at);
    *event = e;
    *n = (size_t)count;
    return AN_OK;
}
