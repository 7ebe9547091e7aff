/* SPDX-License-Identifier: Apache-2.0 */
/* One message explained in a terminal. */
#include "plugin/host/explain_int.h"

#include "plugin/host/say.h"

#include <stdio.h>

enum { WIDTH = 256, VALUE_WIDTH = 100, PLACE_BYTES = 200 };

static void say(const char *before, struct an_str text, const char *after)
{
    pl_say_pair(before, text, after, AN_STR(""), "");
}

static void say_time(const char *before, int64_t us, const char *after)
{
    char time[AN_TIME_TEXT_BYTES];

    (void)an_time_print_instant(us, time);
    (void)printf("%s%s%s", before, time, after);
}

/* ---- how it came --------------------------------------------------------- */

static void say_again(const struct pl_name *m)
{
    if (m->n_again == 0)
        return;
    (void)printf("the same bytes came %lld more time%s", (long long)m->n_again,
                 m->n_again == 1 ? "" : "s");
    say_time(", last at ", m->last_us, "\n");
}

static void say_receipt(const struct pl_name *m)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(m->sha256.b, sizeof(m->sha256.b), hex);
    if (m->refused)
        (void)printf("refused message");
    else
        (void)printf("message %lld", (long long)m->number);
    say(": ", m->kind.n ? m->kind : AN_STR("of no known type"), "\n");
    say("sender      ", m->sender.n ? m->sender : AN_STR("(unsaid)"), "\n");
    say("control id  ", m->control_id.n ? m->control_id : AN_STR("(unsaid)"),
        "");
    (void)puts(m->reused ? "  used before for other bytes" : "");
    say_time("received    ", m->received_us, "");
    say(" by ", m->feed, "");
    (void)printf(", %lld bytes of %s\n", (long long)m->raw_bytes,
                 m->format == PL_FORMAT_FHIR ? "FHIR" : "HL7v2");
    if (m->said_us)
        say_time("said        ", m->said_us, "\n");
    (void)printf("sha256      %s\n", hex);
    if (m->refused) {
        say("REFUSED     ", m->place, ": ");
        say("", m->what, "\n");
    } else {
        (void)printf("accepted    with %lld warning%s\n",
                     (long long)m->n_warnings, m->n_warnings == 1 ? "" : "s");
    }
    say_again(m);
}

static void say_warnings(const struct ctx_reading *r)
{
    size_t n =
        r->n_warnings < CTX_MAX_WARNINGS ? r->n_warnings : CTX_MAX_WARNINGS;
    char text[PLACE_BYTES + 200];

    for (size_t i = 0; i < n; i++) {
        (void)an_err_print(&r->warning[i], text, sizeof(text));
        (void)printf("  warning: %s\n", text);
    }
}

/* ---- its fields ---------------------------------------------------------- */

static void say_field_name(const struct ctx_segment *s, size_t i)
{
    if (s->element)
        say(" ", s->element[i], "");
    else
        (void)printf(" %zu", i + 1);
}

/* "mapped 3 5 8; not used 1 2", or nothing. */
static void say_fields(const struct ctx_segment *s)
{
    static const uint8_t order[] = {CTX_FIELD_MAPPED, CTX_FIELD_TEXT,
                                    CTX_FIELD_ODD, CTX_FIELD_UNUSED};
    const char *between = "  ";

    for (size_t k = 0; k < sizeof(order); k++) {
        bool any = false;

        for (size_t i = 0; i < s->n_fields; i++) {
            if (s->state[i] != order[k])
                continue;
            if (!any)
                (void)printf("%s%s", between, ctx_field_text(order[k]));
            any = true;
            say_field_name(s, i);
        }
        if (any)
            between = "; ";
    }
    (void)putchar('\n');
}

static void say_values(const struct pl_explained *x, struct an_arena *arena,
                       const struct ctx_segment *s, size_t segment)
{
    (void)putchar('\n');
    for (size_t i = 0; i < s->n_fields; i++) {
        struct an_mark mark = an_arena_mark(arena);

        if (s->state[i] == CTX_FIELD_EMPTY)
            continue;
        (void)fputs("   ", stdout);
        say_field_name(s, i);
        (void)printf("  %s:  ", ctx_field_text(s->state[i]));
        pl_say_text(pl_explained_value(x, arena, s, segment, i), VALUE_WIDTH);
        (void)putchar('\n');
        an_arena_rewind(arena, mark);
    }
}

static void say_segments(const struct pl_explained *x, struct an_arena *arena)
{
    char place[PLACE_BYTES];

    (void)puts("fields");
    for (size_t i = 0; i < x->reading.n_segments; i++) {
        const struct ctx_segment *s = &x->reading.segment[i];

        (void)pl_explained_place(s, place, sizeof(place));
        if (s->place.n)
            pl_say_pair("  ", s->name, " ", s->place, "");
        else
            (void)printf("  %s", place);
        (void)fputs(s->used ? "" : " (nothing made of it)", stdout);
        if (x->values)
            say_values(x, arena, s, i);
        else
            say_fields(s);
    }
}

/* ---- what was made of them ----------------------------------------------- */

static void say_event(const struct ctx_event *e)
{
    say("  ", e->place, "");
    (void)printf("  %s, %s", ctx_kind_text(e->kind),
                 ctx_status_text(e->status));
    if (e->concept.code.n == 0)
        (void)fputs(", in words", stdout);
    else if (e->concept.system.n == 0)
        (void)fputs(", a code of no system", stdout);
    else
        say(", a code of ", e->concept.system, "");
    if (ctx_label_needs(e->labels))
        (void)fputs(", confidential", stdout);
    (void)putchar('\n');
}

static void say_made(const struct pl_explained *x)
{
    (void)puts("made of them, as it is stored");
    for (size_t i = 0; i < x->made.n_parts; i++) {
        const struct pl_made_part *p = &x->made.part[i];

        if (x->values)
            pl_say_pair("  patient ", p->patient.authority, " ",
                        p->patient.value, "\n");
        else
            (void)printf("  patient %zu\n", i + 1);
        for (size_t k = 0; k < p->n_events; k++) {
            if (x->values) {
                (void)fputs("  ", stdout);
                say("", p->event[k].place, "  ");
                pl_say_event(&p->event[k], false);
            } else {
                say_event(&p->event[k]);
            }
        }
        if (p->n_claims)
            (void)printf("  %zu claim%s about identity\n", p->n_claims,
                         p->n_claims == 1 ? "" : "s");
    }
    if (x->made.n_parts == 0)
        (void)puts("  nothing");
}

void pl_explain_text(const struct pl_explained *x, struct an_arena *arena)
{
    char text[PLACE_BYTES + 200];

    say_receipt(x->name);
    if (x->name->refused)
        return;
    if (x->code != AN_OK) {
        (void)an_err_print(&x->err, text, sizeof(text));
        (void)printf("by today's tables it cannot be read: %s\n", text);
    } else {
        say_warnings(&x->reading);
        if (x->outdated)
            (void)puts("the tables have changed since it was read: below are "
                       "the fields as\n\"reprocess\" would read them, and the "
                       "events as they are stored");
        say_segments(x, arena);
    }
    say_made(x);
}
