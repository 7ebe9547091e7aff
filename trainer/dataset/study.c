/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/study.h"

#include "base/buf.h"

/* Long before any record: year 1.  A study says neither when birth and sex
 * were learned, so they count as known from the start. */
#define ALWAYS_US (INT64_C(-62135596800) * 1000000)

enum { TEXT_BYTES = 4096 };

void tr_study_begin(struct tr_study *s, struct an_arena *arena,
                    const char *system, size_t size)
{
    *s = (struct tr_study){
        .arena = arena, .system = an_str_c(system), .size = size};
    s->event = an_arena_get(arena, size, sizeof(*s->event));
    s->failed = s->event == NULL;
}

struct an_str tr_study_join(struct tr_study *s, struct an_str a,
                            struct an_str b, struct an_str c)
{
    struct an_str all = {NULL, 0};
    struct an_buf buf;

    an_buf_init(&buf, s->arena, TEXT_BYTES);
    an_buf_put(&buf, a);
    an_buf_put(&buf, b);
    an_buf_put(&buf, c);
    s->failed |= an_buf_done(&buf, &all, NULL) != AN_OK;
    return all;
}

static struct an_str place_of(struct tr_study *s, const char *table,
                              uint32_t line)
{
    struct an_str place = {NULL, 0};
    struct an_buf buf;

    an_buf_init(&buf, s->arena, TEXT_BYTES);
    an_buf_put_c(&buf, table);
    an_buf_put_char(&buf, ':');
    an_buf_put_u64(&buf, line);
    s->failed |= an_buf_done(&buf, &place, NULL) != AN_OK;
    return place;
}

struct ctx_event *tr_study_add(struct tr_study *s, unsigned kind, int64_t us,
                               struct an_str fact, const char *table,
                               uint32_t line)
{
    struct ctx_event *e = &s->thrown_away;

    if (!s->failed && s->n < s->size)
        e = &s->event[s->n++];
    else
        s->failed = true;
    *e = (struct ctx_event){.kind = (uint8_t)kind,
                            .status = CTX_STATUS_FINAL,
                            .effective = {.us = us, .precision = AN_TIME_DAY},
                            .available_us = us,
                            .fact = fact,
                            .place = place_of(s, table, line)};
    return e;
}

void tr_study_born(struct tr_study *s, int64_t birth_us, const char *sex,
                   const char *table, uint32_t line)
{
    struct ctx_event *e =
        tr_study_add(s, CTX_BIRTH, birth_us, AN_STR("birth"), table, line);
    const bool male = sex && strcmp(sex, "male") == 0;

    e->available_us = ALWAYS_US;
    if (sex == NULL)
        return;
    e = tr_study_add(s, CTX_SEX, birth_us, AN_STR("sex"), table, line);
    e->available_us = ALWAYS_US;
    e->value.kind = CTX_VALUE_CODE;
    e->value.code = (struct ctx_code){
        AN_STR("http://hl7.org/fhir/administrative-gender"), an_str_c(sex),
        male ? AN_STR("Male") : AN_STR("Female")};
}

struct ctx_code tr_study_code(const struct tr_study *s, struct an_str code,
                              struct an_str display)
{
    return (struct ctx_code){s->system, code, display};
}

struct ctx_value tr_study_quantity(struct an_str literal, double number,
                                   const char *unit)
{
    return (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                              .literal = literal,
                              .number = number,
                              .unit = an_str_c(unit)};
}

enum an_code tr_study_hand_over(struct tr_study *s, struct tr_record *record,
                                tr_take_record *take, void *arg,
                                struct an_err *err)
{
    if (s->failed)
        return an_fail_nomem(err);
    record->event = s->event;
    record->n_events = s->n;
    return take(arg, record, err);
}
