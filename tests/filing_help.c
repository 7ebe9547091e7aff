/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/filing_help.h"

#include "hl7/read.h"
#include "plugin/host/thread.h"
#include "plugin/store/outgoing.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

enum { MOST_SAID = 8 };

struct test_store filing_store;
struct pl_policy filing_policy;

static struct an_arena kept; /* of the options */
static struct cfg_options options;

void filing_set_up(void)
{
    test_store_open(&filing_store);
    an_arena_init(&kept, 1 << 20);
    filing_policy = (struct pl_policy){.environment = CFG_PRODUCTION,
                                       .stage = CFG_LIVE,
                                       .evaluated = true,
                                       .has_receiver = true};
}

void filing_tear_down(void)
{
    an_arena_free(&kept);
    test_store_close(&filing_store);
}

void filing_say(const char *who, unsigned audience, const char *words, size_t n)
{
    static int64_t now_us = TEST_EPOCH_US;
    struct ctx_suggestion what[MOST_SAID];
    struct pl_saying said[MOST_SAID];
    char resource[MOST_SAID][40];
    size_t filing[MOST_SAID];
    struct pl_conclude_receipt r;
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), an_str_c(who), AN_STR("MR")},
        .now_us = now_us++,
        .said = said,
        .n_said = n,
        .complete = true,
        .filing = filing,
        .n_filings = n,
        .origin = AN_STR("production|abc123")};
    const struct ctx_member member = {.id = c.patient};

    c.member = &member;
    c.n_members = 1;
    for (size_t i = 0; i < n; i++) {
        what[i] = test_risk();
        what[i].audience = (uint8_t)audience;
        what[i].patient_facing = audience == CTX_FOR_PATIENT;
        what[i].statement = an_str_c(words);
        (void)snprintf(resource[i], sizeof(resource[i]), "%s-%u-%zu", who,
                       audience, i);
        said[i] = (struct pl_saying){.what = &what[i],
                                     .resource = an_str_c(resource[i]),
                                     .encounter = AN_STR("GENHOSP|V1"),
                                     .stage = CFG_LIVE};
        filing[i] = i;
        ck_assert_int_eq(pl_suggestion_detail(&filing_store.arena, &what[i],
                                              &said[i].detail, NULL),
                         AN_OK);
    }
    ck_assert_int_eq(pl_store_conclude(filing_store.store, &c, 1, &r, NULL),
                     AN_OK);
}

struct pl_filer *filing_start(uint16_t port)
{
    struct cfg_problems problems = {.first = NULL};
    struct pl_filer_options o = {.options = &options,
                                 .store = filing_store.store,
                                 .policy = &filing_policy,
                                 .clock = pl_clock_us};
    struct pl_filer *f;
    struct an_err err;
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "store: {path: \"%s\"}\nhl7_out: {address: "
                   "\"127.0.0.1:%u\", timeout: 200ms, retry_first: 10ms, "
                   "retry_max: 20ms, errors: 3}\n",
                   filing_store.path, (unsigned)port);
    an_arena_reset(&kept);
    {
        struct an_str text;

        ck_assert(an_arena_str(&kept, an_str_c(yaml), &text));
        ck_assert_msg(cfg_options_read(&kept, text, "t.yaml", &options,
                                       &problems, &err) == AN_OK,
                      "%s", err.what);
    }
    ck_assert_msg(pl_filer_open(&o, &f, &err) == AN_OK, "%s", err.what);
    return f;
}

struct pl_outgoing filing_counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(filing_store.reader, &out, NULL), AN_OK);
    return out;
}

bool filing_wait(void)
{
    for (int i = 0; i < 10000; i++) {
        if (filing_counts().n_filing_waiting == 0)
            return true;
        receiver_sleep_ms(1);
    }
    return false;
}

void filing_field(size_t i, const char *segment, size_t field, char out[256])
{
    struct hl7_message m;
    struct an_str s;

    ck_assert_int_eq(hl7_read(&filing_store.arena,
                              an_str_c(receiver_message(i)), NULL, NULL, &m,
                              NULL),
                     AN_OK);
    s = hl7_get(&m, hl7_find(&m, segment, 0), field, 0, 0, 0);
    (void)snprintf(out, 256, "%.*s", AN_STR_ARG(s));
}
