/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/invented.h"

#include "base/buf.h"
#include "base/decimal.h"

#include <string.h>

/* SplitMix64. */
static uint64_t next(struct test_rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t test_rng_below(struct test_rng *r, uint64_t n)
{
    return next(r) % n;
}

void test_shuffle(struct test_rng *r, size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = test_rng_below(r, i), kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static struct an_str pick(struct test_rng *r, const char *const *list, size_t n)
{
    return an_str_c(list[test_rng_below(r, n)]);
}

#define PICK(r, list) pick(r, list, sizeof(list) / sizeof((list)[0]))

static const char *const system_uri[] = {"http://loinc.org", "urn:id:LAB",
                                         "http://snomed.info/sct", ""};
static const char *const code_text[] = {"718-7", "2160-0", "8480-6", "8462-4"};
static const char *const literal[] = {"13.2", "0.010", "5", "120", "-1.5e3"};
static const char *const unit[] = {"g/dL", "mg/dL", "mm[Hg]", ""};
static const char *const fact_key[] = {
    "obx|LAB^1001|718-7", "obx|LAB^1001|2160-0", "obx|LAB^1002|718-7",
    "obs|urn:uuid:77a2",  "adt|V0001|admission", ""};
static const char *const place_text[] = {"OBX[1]-5", "OBX[2]-5", "PV1-44"};
static const char *const message_id[] = {"0a", "1b", "2c", "3d", "4e", "5f"};

struct ctx_event test_event(struct test_rng *r, struct an_arena *arena)
{
    struct ctx_event e = {.kind = CTX_OBSERVATION};
    const int64_t day = AN_US_PER_DAY;

    (void)arena;
    e.status = (uint8_t)test_rng_below(r, CTX_N_STATUSES);
    if (test_rng_below(r, 8))
        e.effective = (struct an_time){(int64_t)test_rng_below(r, 5) * day, 60,
                                       AN_TIME_MINUTE, 0};
    e.said_us = (int64_t)test_rng_below(r, 4) * day;
    e.available_us = (int64_t)test_rng_below(r, 6) * day;
    e.concept = (struct ctx_code){PICK(r, system_uri), PICK(r, code_text),
                                  AN_STR("Invented")};
    e.value.kind = CTX_VALUE_QUANTITY;
    e.value.literal = PICK(r, literal);
    e.value.unit = PICK(r, unit);
    an_decimal_parse(e.value.literal, &e.value.number);
    e.fact = PICK(r, fact_key);
    e.place = PICK(r, place_text);
    e.message = PICK(r, message_id);
    e.encounter = AN_STR("HOSP|V0001");
    return e;
}

static struct an_str strange_str(struct test_rng *r, struct an_arena *arena)
{
    size_t n = test_rng_below(r, 12) == 0 ? test_rng_below(r, 400)
                                          : test_rng_below(r, 5);
    char *p;

    if (test_rng_below(r, 2))
        return PICK(r, fact_key);
    p = an_arena_get(arena, n, 1);
    for (size_t i = 0; p && i < n; i++)
        p[i] = (char)next(r);
    return (struct an_str){p, p ? n : 0};
}

static struct ctx_code strange_code(struct test_rng *r, struct an_arena *arena)
{
    return (struct ctx_code){strange_str(r, arena), strange_str(r, arena),
                             strange_str(r, arena)};
}

static int64_t strange_us(struct test_rng *r)
{
    static const int64_t edge[] = {
        0, -1, 1000000, INT64_MIN, INT64_MAX, INT64_C(1700000000000000)};
    int64_t us = edge[test_rng_below(r, sizeof(edge) / sizeof(edge[0]))];

    return test_rng_below(r, 3) ? us : (int64_t)next(r);
}

static struct an_time strange_time(struct test_rng *r)
{
    struct an_time t = {.precision =
                            (uint8_t)test_rng_below(r, AN_TIME_FRACTION + 1)};

    if (t.precision == AN_TIME_NONE)
        return t;
    t.us = strange_us(r);
    t.offset_min = (int16_t)next(r);
    t.assumed = (uint8_t)test_rng_below(r, 2);
    return t;
}

struct ctx_event test_strange_event(struct test_rng *r, struct an_arena *arena)
{
    struct ctx_event e = {.kind = (uint8_t)test_rng_below(r, CTX_N_KINDS),
                          .status = (uint8_t)test_rng_below(r, CTX_N_STATUSES)};
    struct ctx_code *alias;
    uint64_t bits = next(r);

    e.effective = strange_time(r);
    e.end = strange_time(r);
    e.said_us = strange_us(r);
    e.available_us = strange_us(r);
    e.concept = strange_code(r, arena);
    e.n_aliases = test_rng_below(r, 4);
    alias = an_arena_get(arena, e.n_aliases, sizeof(*alias));
    for (size_t i = 0; i < e.n_aliases; i++)
        alias[i] = strange_code(r, arena);
    e.alias = alias;
    e.value.kind = (uint8_t)test_rng_below(r, CTX_VALUE_TEXT + 1);
    e.value.literal =
        test_rng_below(r, 2) ? PICK(r, literal) : strange_str(r, arena);
    if (test_rng_below(r, 3) == 0)
        memcpy(&e.value.number, &bits, sizeof(bits));
    else if (!an_decimal_parse(e.value.literal, &e.value.number))
        e.value.number = 0;
    e.value.comparator = strange_str(r, arena);
    e.value.unit = strange_str(r, arena);
    e.value.code = strange_code(r, arena);
    e.value.text = strange_str(r, arena);
    e.low = strange_str(r, arena);
    e.high = strange_str(r, arena);
    e.flag = strange_str(r, arena);
    if (test_rng_below(r, 2))
        e.labels = (uint16_t)test_rng_below(r, CTX_LABEL_ALL + 1);
    e.encounter = strange_str(r, arena);
    e.fact = strange_str(r, arena);
    e.place = strange_str(r, arena);
    e.message = AN_STR("0a");
    return e;
}

static void put_str(struct an_buf *b, struct an_str s)
{
    an_buf_put_char(b, ' ');
    an_buf_put_u64(b, s.n);
    an_buf_put_char(b, ':');
    an_buf_put(b, s);
}

static void put_number(struct an_buf *b, int64_t v)
{
    an_buf_put_char(b, ' ');
    an_buf_put_i64(b, v);
}

static void put_time(struct an_buf *b, struct an_time t)
{
    put_number(b, t.precision);
    put_number(b, t.us);
    put_number(b, t.offset_min);
    put_number(b, t.assumed);
}

static void put_code(struct an_buf *b, const struct ctx_code *c)
{
    put_str(b, c->system);
    put_str(b, c->code);
    put_str(b, c->display);
}

static void put_event(struct an_buf *b, const struct ctx_event *e)
{
    const struct ctx_value *v = &e->value;
    uint64_t bits;

    memcpy(&bits, &v->number, sizeof(bits));
    put_number(b, e->kind);
    put_number(b, e->status);
    put_time(b, e->effective);
    put_time(b, e->end);
    put_number(b, e->available_us);
    put_number(b, e->said_us);
    put_code(b, &e->concept);
    for (size_t i = 0; i < e->n_aliases; i++)
        put_code(b, &e->alias[i]);
    put_number(b, v->kind);
    put_str(b, v->literal);
    an_buf_put_u64(b, bits);
    put_str(b, v->comparator);
    put_str(b, v->unit);
    put_code(b, &v->code);
    put_str(b, v->text);
    put_str(b, e->low);
    put_str(b, e->high);
    put_str(b, e->flag);
    put_str(b, e->encounter);
    put_str(b, e->fact);
    put_str(b, e->place);
    put_str(b, e->message);
    an_buf_put_char(b, '\n');
}

struct an_str test_event_text(struct an_arena *arena,
                              const struct ctx_event *const *event, size_t n)
{
    struct an_str text = AN_STR("");
    struct an_buf b;

    an_buf_init(&b, arena, 1 << 28);
    for (size_t i = 0; i < n; i++)
        put_event(&b, event[i]);
    if (an_buf_done(&b, &text, NULL) != AN_OK)
        return AN_STR("no memory for the text");
    return text;
}
