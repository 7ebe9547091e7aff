/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are refused with a place inside them, or parse to a tree whose
 * views lie inside them and which prints as the same bytes; every leaf can be
 * read as text and the whole as events, or as data about nobody; a batch hands
 * every byte out at most once, in order. */
#include "hl7/batch.h"
#include "hl7/edit.h"
#include "hl7/events.h"
#include "hl7/print.h"
#include "hl7/read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_leaves(const struct hl7_message *m, struct an_str all)
{
    for (size_t i = 0; i < m->n_segments; i++)
        for (size_t f = 0; f <= hl7_n_fields(m, i); f++) {
            struct hl7_node field = hl7_field(m, i, f), leaf;

            while (hl7_cut(&field, HL7_SUBCOMPONENT, &leaf)) {
                struct an_str raw = hl7_raw(leaf);
                struct hl7_text text;

                require(raw.p >= all.p && raw.p + raw.n <= all.p + all.n);
                require(hl7_text(m, raw, &text, NULL) != AN_INTERNAL);
            }
        }
}

static void check_parse(struct an_arena *arena, struct an_str in)
{
    struct hl7_message m;
    struct an_str printed;
    struct an_err err;

    if (hl7_parse(arena, in, NULL, &m, &err) != AN_OK) {
        require(err.what && err.where.byte <= in.n);
        return;
    }
    check_leaves(&m, in);
    require(hl7_print(&m, arena, &printed, &err) == AN_OK);
    require(an_str_eq(printed, in));
    if (hl7_set(&m, m.n_segments - 1, 3, 2, 2, 2, AN_STR("a|\r"), &err) ==
        AN_OK)
        require(hl7_print(&m, arena, &printed, &err) == AN_OK);
}

/* Every field that holds something has a state, and is counted once. */
static void check_account(const struct hl7_message *m,
                          const struct ctx_reading *r)
{
    uint64_t n = 0;

    require(r->n_segments == m->n_segments);
    for (size_t i = 0; i < r->n_segments; i++)
        for (size_t k = 0; k < r->segment[i].n_fields; k++) {
            require(r->segment[i].state[k] < CTX_N_FIELD_STATES);
            n += r->segment[i].state[k] != CTX_FIELD_EMPTY;
        }
    for (size_t i = 0; i < r->n_accounts; i++)
        for (size_t k = 0; k < r->account[i].n_fields; k++)
            for (unsigned s = CTX_FIELD_UNUSED; s < CTX_N_FIELD_STATES; s++)
                n -= r->account[i].field[k].n[s];
    require(n == 0);
}

static void check_read(struct an_arena *arena, struct an_str in)
{
    static const struct hl7_settings settings;
    struct ctx_reading reading;
    struct hl7_message m;
    struct an_err err;
    enum an_code rc;

    if (hl7_read(arena, in, NULL, NULL, &m, NULL) != AN_OK)
        return;
    require(hl7_utf8_valid(m.bytes));
    check_leaves(&m, m.bytes);
    rc = hl7_events(arena, &settings, &m, &reading, &err);
    require(rc == AN_OK || rc == AN_MISSING || rc == AN_CODE);
    if (rc == AN_OK)
        check_account(&m, &reading);
}

static void check_batch(struct an_str in)
{
    struct hl7_batch_message message;
    struct hl7_batch b;
    size_t at = 0;

    hl7_batch_init(&b, in);
    while (hl7_batch_next(&b, &message)) {
        require(message.offset >= at && message.bytes.n > 0);
        require(message.bytes.p == in.p + message.offset);
        at = message.offset + message.bytes.n;
        require(at <= in.n);
    }
    require(b.n_messages + b.n_warnings > 0 || b.has_header || in.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str in = {(const char *)data, n};
    struct an_arena arena;

    an_arena_init(&arena, 64U << 20);
    check_parse(&arena, in);
    an_arena_reset(&arena);
    check_read(&arena, in);
    an_arena_free(&arena);
    check_batch(in);
    return 0;
}
