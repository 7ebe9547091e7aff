/* SPDX-License-Identifier: Apache-2.0 */
/* What we say as HL7 version 2: golden messages, and the same values read back by
 * our own parser. */
#include "base/buf.h"
#include "hl7/escape.h"
#include "hl7/read.h"
#include "hl7/result.h"
#include "tests/golden_folder.h"
#include "tests/hl7_said.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *hl7_result_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct an_str message_of(const struct hl7_case *c)
{
    struct an_str out = {NULL, 0};
    struct an_err err;
    enum an_code rc =
        hl7_result(&arena, &c->site, &c->who, &c->said, &out, &err);

    ck_assert_msg(rc == AN_OK, "%s: %s", c->name, err.what);
    return out;
}

/* The text of one place; the segment is the n-th of its name, from 0. */
static struct an_str value(const struct hl7_message *m, const char *id,
                           size_t nth, size_t field, size_t comp)
{
    size_t at = hl7_find(m, id, 0);
    struct hl7_text text;

    for (size_t i = 0; i < nth && at != HL7_NONE; i++)
        at = hl7_find(m, id, at + 1);
    ck_assert_uint_ne(at, HL7_NONE);
    ck_assert_int_eq(hl7_unescape(&m->delims, NULL, m->arena,
                                  hl7_get(m, at, field, 1, comp, 1), &text,
                                  NULL),
                     AN_OK);
    ck_assert_uint_eq(text.n_odd, 0);
    return text.s;
}

static size_t count(const struct hl7_message *m, const char *id)
{
    size_t n = 0;

    for (size_t i = hl7_find(m, id, 0); i != HL7_NONE;
         i = hl7_find(m, id, i + 1))
        n++;
    return n;
}

static void parse(struct an_str bytes, struct hl7_message *m)
{
    ck_assert_int_eq(hl7_read(&arena, bytes, NULL, NULL, m, NULL), AN_OK);
    ck_assert_uint_eq(m->n_warnings, 0);
}

/* A line for each segment, so that a difference can be read. */
static struct an_str lines_of(struct an_str bytes)
{
    char *p = an_arena_get(&arena, bytes.n, 1);

    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < bytes.n; i++)
        p[i] = bytes.p[i] == '\r' ? '\n' : bytes.p[i];
    return (struct an_str){p, bytes.n};
}

START_TEST(is_as_the_golden_messages_say)
{
    for (size_t i = 0; i < hl7_n_cases; i++) {
        struct an_str out = message_of(&hl7_cases[i]);
        char folder[256];

        (void)snprintf(folder, sizeof(folder), "%s/tests/golden/result-%s",
                       getenv("top_srcdir") ? getenv("top_srcdir") : ".",
                       hl7_cases[i].name);
        golden_compare(folder, "message.hl7", lines_of(out));
    }
}
END_TEST

START_TEST(same_in_same_out)
{
    for (size_t i = 0; i < hl7_n_cases; i++) {
        struct an_str a = message_of(&hl7_cases[i]);
        struct an_str b = message_of(&hl7_cases[i]);

        ck_assert(an_str_eq(a, b));
    }
}
END_TEST

START_TEST(each_is_read_back_as_it_was_said)
{
    for (size_t i = 0; i < hl7_n_cases; i++) {
        const struct hl7_case *c = &hl7_cases[i];
        const struct ctx_suggestion *s = c->said.what;
        bool is_document = c->is_document;
        struct hl7_message m;
        char id[HL7_CONTROL_BYTES];

        parse(message_of(c), &m);
        ck_assert_int_eq(hl7_result_control(&c->said, id, NULL), AN_OK);
        ck_assert_uint_eq(strlen(id), HL7_CONTROL_BYTES - 1);
        ck_assert_an_str_eq(value(&m, "MSH", 0, 10, 1), id);
        ck_assert(
            an_str_eq(value(&m, "PID", 0, 3, 1), an_str_trim(c->who.id.value)));
        ck_assert_an_str_eq(value(&m, "MSH", 0, 18, 1), "UNICODE UTF-8");
        ck_assert(an_str_eq(is_document ? value(&m, "TXA", 0, 12, 1)
                                        : value(&m, "OBR", 0, 3, 1),
                            c->said.resource));
        ck_assert_uint_eq(count(&m, "OBR"), is_document ? 0 : 1);
        for (size_t k = 0; k < count(&m, "OBX"); k++)
            ck_assert_an_str_eq(value(&m, "OBX", k, 17, 1), "AIAST");
        if (s->kind == CTX_SUGGEST_SCORE && !c->said.withdrawn)
            ck_assert(an_str_eq(value(&m, "OBX", 0, 5, 1), s->value));
        for (size_t k = 0; k < s->n_next && !c->said.withdrawn; k++) {
            ck_assert(
                an_str_eq(value(&m, "OBX", k, 5, 1), s->next[k].concept.code));
            ck_assert(an_str_eq(value(&m, "OBX", k, 5, 2),
                                s->next[k].concept.display));
        }
    }
}
END_TEST

static struct an_str join_rows(const struct hl7_message *m, const char *id,
                               size_t field, size_t from, size_t n)
{
    struct an_str out;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        if (i)
            an_buf_put_char(&b, '\n');
        an_buf_put(&b, value(m, id, from + i, field, 1));
    }
    ck_assert_int_eq(an_buf_done(&b, &out, NULL), AN_OK);
    return out;
}

START_TEST(a_documents_lines_are_its_text)
{
    const struct hl7_case *c = hl7_case_named("summary");
    struct an_str rest = c->said.what->statement, line = {NULL, 0}, got;
    struct hl7_message m;
    struct an_buf want;
    size_t n = 0;

    parse(message_of(c), &m);
    an_buf_init(&want, &arena, 1 << 20);
    while (an_str_cut(&rest, '\n', &line)) {
        if (n++)
            an_buf_put_char(&want, '\n');
        an_buf_put(&want, an_str_trim(line));
    }
    got = join_rows(&m, "OBX", 5, 0, n);
    ck_assert_int_eq(an_buf_done(&want, &rest, NULL), AN_OK);
    ck_assert(an_str_eq(got, rest));
}
END_TEST

/* ---- status ---------------------------------------------------------------- */

static void check_status(const struct hl7_case *c, const char *obx,
                         const char *obr)
{
    struct hl7_message m;

    parse(message_of(c), &m);
    for (size_t i = 0; i < count(&m, "OBX"); i++)
        ck_assert_an_str_eq(value(&m, "OBX", i, 11, 1), obx);
    ck_assert_an_str_eq(value(&m, "OBR", 0, 25, 1), obr);
}

START_TEST(nothing_is_final_that_no_human_released)
{
    struct hl7_case c = *hl7_case_named("risk");

    check_status(&c, "P", "P");
    c.said.newer = true;
    c.said.version = 2;
    check_status(&c, "C", "C");
    c.site.newer_is_preliminary = true;
    check_status(&c, "P", "P");
    c.said.newer = false;
    c.said.released = true;
    check_status(&c, "F", "F");
    c.said.withdrawn = true;
    check_status(&c, "W", "C");
    c.site.withdrawn_is_deleted = true;
    check_status(&c, "D", "C");
}
END_TEST

START_TEST(what_is_withdrawn_has_no_value_and_keeps_its_number)
{
    struct hl7_case c = *hl7_case_named("risk");
    struct hl7_message first, m;
    size_t n;

    parse(message_of(&c), &first);
    c.said.withdrawn = true;
    c.said.version = 2;
    parse(message_of(&c), &m);
    n = count(&m, "OBX");
    ck_assert_uint_eq(n, count(&first, "OBX"));
    for (size_t i = 0; i < n; i++) {
        ck_assert_an_str_eq(value(&m, "OBX", i, 5, 1), "\"\"");
        ck_assert(an_str_eq(value(&m, "OBX", i, 3, 1),
                            value(&first, "OBX", i, 3, 1)));
    }
    ck_assert(
        an_str_eq(value(&m, "OBR", 0, 3, 1), value(&first, "OBR", 0, 3, 1)));
    ck_assert(
        !an_str_eq(value(&m, "MSH", 0, 10, 1), value(&first, "MSH", 0, 10, 1)));
    ck_assert(an_str_starts(value(&m, "NTE", 0, 3, 1), AN_STR("Withdrawn")));
}
END_TEST

START_TEST(a_document_says_who_let_it_go)
{
    struct hl7_case c = *hl7_case_named("summary");
    struct hl7_message m;

    parse(message_of(&c), &m);
    ck_assert_an_str_eq(value(&m, "TXA", 0, 17, 1), "AU");
    ck_assert_an_str_eq(value(&m, "TXA", 0, 22, 1), "dr.h");
    ck_assert_an_str_eq(value(&m, "OBX", 0, 11, 1), "F");
    ck_assert_an_str_eq(value(&m, "OBX", 0, 16, 1), "dr.h");
    c.said.released = false;
    parse(message_of(&c), &m);
    ck_assert_an_str_eq(value(&m, "TXA", 0, 17, 1), "DO");
    ck_assert_an_str_eq(value(&m, "OBX", 0, 11, 1), "P");
    ck_assert_uint_eq(value(&m, "OBX", 0, 16, 1).n, 0);
    c.said.newer = true;
    parse(message_of(&c), &m);
    ck_assert_an_str_eq(value(&m, "MSH", 0, 9, 2), "T08");
    c.site.edits_are_t02 = true;
    c.said.withdrawn = true;
    parse(message_of(&c), &m);
    ck_assert_an_str_eq(value(&m, "MSH", 0, 9, 2), "T02");
    ck_assert_an_str_eq(value(&m, "TXA", 0, 19, 1), "CA");
}
END_TEST

/* ---- texts ----------------------------------------------------------------- */

START_TEST(long_texts_are_split_and_lose_nothing_but_blanks)
{
    for (size_t most = HL7_LINE_LEAST; most < 200; most += 7) {
        struct hl7_case c = *hl7_case_named("comparison");
        struct an_str got, want = c.said.what->statement;
        struct hl7_message m;
        size_t n, w = 0;

        c.site.line_bytes = most;
        parse(message_of(&c), &m);
        n = count(&m, "OBX");
        for (size_t i = 0; i < n; i++) {
            got = value(&m, "OBX", i, 5, 1);
            ck_assert_uint_le(got.n, most);
            for (size_t k = 0; k < got.n; k++) {
                while (want.p[w] != got.p[k] &&
                       (want.p[w] == ' ' || want.p[w] == '\n'))
                    w++;
                ck_assert_int_eq(want.p[w++], got.p[k]);
            }
        }
        ck_assert_uint_eq(w, want.n);
    }
}
END_TEST

START_TEST(what_it_refuses)
{
    static const struct {
        const char *of;
        enum an_code code;
    } want[] = {{"p", AN_TYPE},          {"utf8", AN_TYPE},
                {"abstains", AN_TYPE},   {"id", AN_MISSING},
                {"nobody", AN_MISSING},  {"version", AN_MISSING},
                {"kind", AN_UNSUPPORTED}};

    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct hl7_case c = *hl7_case_named("risk");
        struct ctx_suggestion s = *c.said.what;
        struct an_str out;
        struct an_err err;

        c.said.what = &s;
        switch (i) {
        case 0: s.p = 1.5; break;
        case 1: s.title = AN_STR("\xFF"); break;
        case 2: s.abstention = CTX_ABSTAIN_STALE; break;
        case 3: c.said.resource = AN_STR(""); break;
        case 4: c.who.id.value = AN_STR(""); break;
        case 5: c.said.version = 0; break;
        default: s.kind = CTX_N_SUGGESTIONS;
        }
        ck_assert_msg(hl7_result(&arena, &c.site, &c.who, &c.said, &out,
                                 &err) == want[i].code,
                      "%s", want[i].of);
        ck_assert_uint_eq(out.n, 0);
    }
}
END_TEST

/* ---- a site's fields -------------------------------------------------------- */

START_TEST(fields_are_moved_and_set_as_the_site_says)
{
    static const struct hl7_result_edit edit[] = {
        {{"PID", 2, 0, 0}, {"PID", 3, 0, 0}, AN_STR_INIT("")},
        {{"PV1", 50, 1, 0}, {"PV1", 19, 1, 0}, AN_STR_INIT("")},
        {{"OBX", 8, 0, 0}, {"", 0, 0, 0}, AN_STR_INIT("N|A")},
        {{"MSH", 15, 0, 0}, {"", 0, 0, 0}, AN_STR_INIT("AL")},
        {{"OBX", 18, 0, 0}, {"", 0, 0, 0}, AN_STR_INIT("")},
        {{"ZZZ", 1, 0, 0}, {"", 0, 0, 0}, AN_STR_INIT("x")},
    };
    struct hl7_case c = *hl7_case_named("risk");
    struct hl7_message m;

    c.site.edit = edit;
    c.site.n_edits = sizeof(edit) / sizeof(edit[0]);
    parse(message_of(&c), &m);
    ck_assert(an_str_eq(value(&m, "PID", 0, 2, 1), c.who.id.value));
    ck_assert_an_str_eq(value(&m, "PID", 0, 2, 5), "MR");
    ck_assert_uint_eq(value(&m, "PID", 0, 3, 1).n, 0);
    ck_assert_an_str_eq(value(&m, "PV1", 0, 50, 1), "V-9");
    ck_assert_uint_eq(value(&m, "PV1", 0, 19, 1).n, 0);
    for (size_t i = 0; i < count(&m, "OBX"); i++) {
        ck_assert_an_str_eq(value(&m, "OBX", i, 8, 1), "N|A");
        ck_assert_uint_eq(value(&m, "OBX", i, 18, 1).n, 0);
    }
    ck_assert_an_str_eq(value(&m, "MSH", 0, 15, 1), "AL");
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    for (size_t i = 0; i < hl7_n_cases; i++) {
        const struct hl7_case *c = &hl7_cases[i];
        struct an_str want = message_of(c), out = {NULL, 0};
        enum an_code code = AN_NOMEM;
        struct an_arena a;
        struct an_err err;
        long n = 0;

        an_arena_init(&a, 64 << 20);
        for (; code == AN_NOMEM && n < 100000; n++) {
            an_arena_reset(&a);
            a.fail_after = n;
            code = hl7_result(&a, &c->site, &c->who, &c->said, &out, &err);
            if (code == AN_NOMEM)
                ck_assert_uint_eq(out.n, 0);
        }
        ck_assert_int_eq(code, AN_OK);
        ck_assert(an_str_eq(out, want));
        an_arena_free(&a);
    }
}
END_TEST

Suite *hl7_result_suite(void)
{
    const TTest *const test[] = {
        is_as_the_golden_messages_say,
        same_in_same_out,
        each_is_read_back_as_it_was_said,
        a_documents_lines_are_its_text,
        nothing_is_final_that_no_human_released,
        what_is_withdrawn_has_no_value_and_keeps_its_number,
        a_document_says_who_let_it_go,
        long_texts_are_split_and_lose_nothing_but_blanks,
        what_it_refuses,
        fields_are_moved_and_set_as_the_site_says,
        survives_each_failed_allocation};

    return test_suite_around("hl7/result", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}
