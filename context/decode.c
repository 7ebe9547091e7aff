/* SPDX-License-Identifier: Apache-2.0 */
#include "context/codec_int.h"

#include "base/decimal.h"
#include "base/varint.h"

#include <string.h>

enum {
    MIN_EVENT_BYTES = 14, /* an event whose every part is one byte */
    MIN_CODE_BYTES = 3
};

struct reader {
    struct an_arena *arena;
    struct an_str blob;
    size_t at;
    const char *bad; /* why reading stopped, NULL while it goes on */
    bool nomem;
    uint64_t marks; /* that this version has */
    struct ctx_codec_state s;
};

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
        ctx_codec_remember(&r->s, s);
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

static void get_events(struct reader *r, struct ctx_event *e, uint64_t n,
                       struct an_str message)
{
    for (uint64_t i = 0; i < n && r->bad == NULL; i++) {
        get_event(r, &e[i], i == 0);
        e[i].message = message;
    }
}

/* Whether a block may have what is asked for; its end. */
static bool get_head(struct reader *r, const int64_t *key, size_t *end)
{
    uint64_t n_bytes = get_u64(r), n_marks;
    struct an_str mark;

    if (r->bad == NULL && n_bytes > r->blob.n - r->at)
        fault(r, "a length in the blob is beyond its end");
    *end = r->at + (size_t)(r->bad ? 0 : n_bytes);
    n_marks = get_below(r, BLOCK_EVENTS + 1, "a block has too many marks");
    mark = get_bytes(r, n_marks * MARK_BYTES);
    for (size_t i = 0; key && i + 1 < mark.n; i += MARK_BYTES)
        if (((unsigned)(uint8_t)mark.p[i] | (unsigned)(uint8_t)mark.p[i + 1]
                                                << 8) == ctx_codec_mark(*key))
            return true;
    return key == NULL;
}

/* The events of the blocks that may have what is asked for; with e NULL only how
 * many these are. */
static uint64_t get_blocks(struct reader *r, uint64_t count, const int64_t *key,
                           struct an_str message, struct ctx_event *e)
{
    uint64_t taken = 0;

    for (uint64_t at = 0, n; at < count && r->bad == NULL; at += n) {
        size_t end;
        bool is_asked = get_head(r, key, &end);

        n = count - at < BLOCK_EVENTS ? count - at : BLOCK_EVENTS;
        if (is_asked && e) {
            ctx_codec_begin(&r->s);
            get_events(r, e + taken, n, message);
            if (r->bad == NULL && r->at != end)
                fault(r, "a block of the blob ends elsewhere");
        }
        taken += is_asked ? n : 0;
        r->at = r->bad ? r->at : end;
    }
    return taken;
}

/* Behind the number of events. */
static struct ctx_event *get_all(struct reader *r, uint64_t *count,
                                 const int64_t *key, struct an_str message)
{
    size_t at = r->at;
    struct ctx_event *e;
    uint64_t n;

    if (r->blob.p[0] <= VERSION_PLAIN) {
        e = get_memory(r, (size_t)*count, sizeof(*e));
        get_events(r, e, *count, message);
        return e;
    }
    n = get_blocks(r, *count, key, message, NULL);
    e = get_memory(r, (size_t)n, sizeof(*e));
    if (e) {
        r->at = at;
        (void)get_blocks(r, *count, key, message, e);
    }
    *count = n;
    return e;
}

/* Of all facts with key NULL. */
static enum an_code decode(struct an_arena *arena, struct an_str blob,
                           struct an_str message, const int64_t *key,
                           const struct ctx_event **event, size_t *n,
                           struct an_err *err)
{
    struct reader r = {.arena = arena, .blob = blob};
    struct ctx_event *e;
    uint64_t count;

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
    e = get_all(&r, &count, key, message);
    if (r.bad == NULL && r.at != blob.n)
        fault(&r, "bytes follow the last event");
    if (r.bad)
        return an_fail(err, r.nomem ? AN_NOMEM : AN_INTEGRITY, r.bad, r.at);
    *event = e;
    *n = (size_t)count;
    return AN_OK;
}

enum an_code ctx_events_decode(struct an_arena *arena, struct an_str blob,
                               struct an_str message,
                               const struct ctx_event **event, size_t *n,
                               struct an_err *err)
{
    return decode(arena, blob, message, NULL, event, n, err);
}

enum an_code ctx_events_find(struct an_arena *arena, struct an_str blob,
                             struct an_str message, int64_t key,
                             const struct ctx_event **event, size_t *n,
                             struct an_err *err)
{
    return decode(arena, blob, message, &key, event, n, err);
}
