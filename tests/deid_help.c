/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/deid_help.h"
#include "tests/suite.h"

#include <string.h>

struct tr_deid deid;
struct an_arena deid_arena;

void deid_begin(enum tr_deid_profile profile)
{
    struct an_err err;

    tr_deid_close(&deid);
    ck_assert_int_eq(tr_deid_open(&deid, profile, NULL, DEID_AS_OF, &err),
                     AN_OK);
    memset(&deid.names.key, 0, sizeof(deid.names.key));
}

void deid_set_up(void)
{
    an_arena_init(&deid_arena, 64 << 20);
    deid_begin(TR_DEID_SAFE_HARBOR);
}

void deid_tear_down(void)
{
    tr_deid_close(&deid);
    an_arena_free(&deid_arena);
}

const char *deid_json(const char *document)
{
    struct an_str out;
    struct an_err err;

    ck_assert_int_eq(
        tr_deid_fhir(&deid, &deid_arena, an_str_c(document), &out, &err),
        AN_OK);
    return out.p;
}

const char *deid_er7(const char *message)
{
    struct an_str out;
    struct an_err err;

    ck_assert_int_eq(
        tr_deid_hl7(&deid, &deid_arena, an_str_c(message), &out, &err), AN_OK);
    return out.p;
}

void deid_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "'%s' is not in %s", part, text);
}

void deid_lacks(const char *text, const char *part)
{
    ck_assert_msg(!strstr(text, part), "'%s' is in %s", part, text);
}
