/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hl7_convert_help.h"

#include "base/buf.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 512 << 20, TEXT_BYTES = 8 << 20 };

struct an_arena convert_arena;

void convert_set_up(void)
{
    an_arena_init(&convert_arena, ARENA_BYTES);
}

void convert_tear_down(void)
{
    an_arena_free(&convert_arena);
}

enum an_code convert_to(const char *text, enum hl7_bundle bundle,
                        struct hl7_converted *out, struct an_err *err)
{
    const struct hl7_convert_settings settings = {.zone = {.offset_min = 60},
                                                  .bundle = bundle};
    struct hl7_message *m = an_arena_get(&convert_arena, 1, sizeof(*m));
    enum an_code rc;

    if (m == NULL)
        return an_fail_nomem(err);
    rc = hl7_read(&convert_arena, an_str_c(text), NULL, NULL, m, err);
    return rc == AN_OK ? hl7_convert(&convert_arena, &settings, m, out, err)
                       : rc;
}

const char *convert(const char *text)
{
    struct hl7_converted out;
    struct an_err err;

    ck_assert_msg(convert_to(text, HL7_BUNDLE_MESSAGE, &out, &err) == AN_OK,
                  "%s", err.what);
    return out.json.p;
}

unsigned convert_times(const char *text, const char *part)
{
    unsigned n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

const char *convert_id(const char *json, const char *type, unsigned n)
{
    static char id[4][37];
    static unsigned turn;
    char head[80];

    turn = (turn + 1) % 4;
    (void)snprintf(head, sizeof(head), "{\"resourceType\":\"%s\",\"id\":\"",
                   type);
    for (;; n--) {
        json = strstr(json, head);
        ck_assert_msg(json != NULL, "no %s", type);
        json += strlen(head);
        if (n == 0)
            break;
    }
    memcpy(id[turn], json, 36);
    return id[turn];
}

const char *convert_repeated(const char *head, const char *segment, unsigned n)
{
    struct an_buf b;
    struct an_str text;

    an_buf_init(&b, &convert_arena, TEXT_BYTES);
    an_buf_put_c(&b, head);
    while (n--)
        an_buf_put_c(&b, segment);
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text.p;
}

const char *convert_joined(const char *a, const char *b, const char *c)
{
    struct an_buf buf;
    struct an_str text;

    an_buf_init(&buf, &convert_arena, TEXT_BYTES);
    an_buf_put_c(&buf, a);
    an_buf_put_c(&buf, b);
    an_buf_put_c(&buf, c);
    ck_assert_int_eq(an_buf_done(&buf, &text, NULL), AN_OK);
    return text.p;
}
