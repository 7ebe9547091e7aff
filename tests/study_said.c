/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/study_said.h"

#include "tests/suite.h"
#include "trainer/file.h"

#include <stdio.h>

void study_said_begin(struct study_said *s)
{
    test_folder_make(&s->folder);
    an_arena_init(&s->arena, (size_t)256 << 20);
    s->text[0] = '\0';
    s->n = 0;
}

void study_said_end(struct study_said *s)
{
    test_folder_drop(&s->folder);
    an_arena_free(&s->arena);
}

void study_said_file(const struct study_said *s, const char *name,
                     struct an_str bytes)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&s->folder, name, path);
    ck_assert_int_eq(tr_file_write(path, bytes, NULL), AN_OK);
}

static int64_t day_of(int64_t us)
{
    return (us - STUDY_INDEX_US) / AN_US_PER_DAY;
}

#define SAY(...)                                                               \
    (s->n +=                                                                   \
     (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, __VA_ARGS__))

static void say_event(struct study_said *s, const struct ctx_event *e)
{
    SAY("%s %lld", ctx_kind_text(e->kind), (long long)day_of(e->effective.us));
    ck_assert_int_eq(e->status, CTX_STATUS_FINAL);
    ck_assert_int_eq(e->effective.precision, AN_TIME_DAY);
    if (e->kind == CTX_BIRTH || e->kind == CTX_SEX)
        ck_assert_int_lt(e->available_us, e->effective.us);
    else
        ck_assert_int_eq(e->available_us, e->effective.us);
    if (e->concept.code.n)
        SAY(" %.*s|%.*s", AN_STR_ARG(e->concept.system),
            AN_STR_ARG(e->concept.code));
    if (e->value.kind == CTX_VALUE_QUANTITY)
        SAY(" %.*s (%.10g) %.*s", AN_STR_ARG(e->value.literal), e->value.number,
            AN_STR_ARG(e->value.unit));
    if (e->value.kind == CTX_VALUE_CODE)
        SAY(" = %.*s", AN_STR_ARG(e->value.code.code));
    if (e->encounter.n)
        SAY(" in %.*s", AN_STR_ARG(e->encounter));
    SAY(" [%.*s] %.*s\n", AN_STR_ARG(e->fact), AN_STR_ARG(e->place));
}

enum an_code study_said_take(void *said, const struct tr_record *r,
                             struct an_err *err)
{
    struct study_said *s = said;

    (void)err;
    ck_assert(r->watched);
    SAY("person %llu: %lld to %lld + %lld us\n", (unsigned long long)r->id,
        (long long)day_of(r->from_us), (long long)day_of(r->until_us),
        (long long)((r->until_us - STUDY_INDEX_US) % AN_US_PER_DAY));
    for (size_t i = 0; i < r->n_events; i++) {
        say_event(s, &r->event[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert(!an_str_eq(r->event[i].fact, r->event[k].fact));
    }
    return AN_OK;
}

const char *study_said_error(const struct an_err *err,
                             char says[STUDY_SAYS_BYTES])
{
    const char *slash;

    an_err_print(err, says, STUDY_SAYS_BYTES);
    for (slash = strstr(says, ".csv"); slash > says && slash[-1] != '/';
         slash--) {
    }
    return slash ? slash : says;
}

struct tr_follow_up study_said_follow(struct an_arena *arena,
                                      const struct adv_outcome *o,
                                      const struct tr_record *r, int64_t at_us)
{
    struct ctx_timeline t;

    ck_assert_int_eq(ctx_timeline_build(arena, r->event, r->n_events,
                                        CTX_AS_OF_ALL, &t, NULL),
                     AN_OK);
    ck_assert_uint_eq(t.n_events, r->n_events);
    return tr_label_one(o, &t, at_us, r->until_us);
}
