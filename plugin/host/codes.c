/* SPDX-License-Identifier: Apache-2.0 */
/* codes: what nobody has said the meaning of, by how often it was said. */
#include "plugin/store/codes.h"

#include "plugin/host/command.h"
#include "plugin/host/say.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30, WIDTH = 60 };

struct request {
    struct an_str system; /* NULL in p: of all */
    uint64_t limit;
    bool tsv;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    *q = (struct request){.limit = UINT64_MAX};
    for (int i = 0; i < in->argc; i++) {
        bool value = i + 1 < in->argc;

        if (strcmp(in->argv[i], "--tsv") == 0)
            q->tsv = true;
        else if (strcmp(in->argv[i], "--system") == 0 && value)
            q->system = an_str_c(in->argv[++i]);
        else if (strcmp(in->argv[i], "--limit") != 0 || !value ||
                 !an_str_u64(an_str_c(in->argv[++i]), &q->limit))
            return false;
    }
    return true;
}

static void say_day(int64_t us)
{
    char time[AN_TIME_TEXT_BYTES];

    (void)an_time_print_instant(us, time);
    (void)printf("%.10s", time);
}

static void print_text(const struct pl_code *c)
{
    (void)printf("%8llu  ", (unsigned long long)c->n);
    pl_say_pair("", c->code.system.n ? c->code.system : AN_STR("(no system)"),
                "  ", c->code.code, "  ");
    pl_say_text(c->code.display, WIDTH);
    (void)printf("  %s, ", ctx_kind_text(c->kind));
    say_day(c->first_us);
    (void)fputs(" to ", stdout);
    say_day(c->last_us);
    (void)puts(c->mapped ? "  (a table has it: reprocess)" : "");
}

/* A table has no way to write these. */
static bool fits_table(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r')
            return false;
    return true;
}

/* What local-codes.tsv takes, with two cells to be filled in. */
static void print_row(const struct pl_code *c)
{
    bool fits = fits_table(c->code.system) && fits_table(c->code.code) &&
                (c->code.system.n == 0 || c->code.system.p[0] != '#');

    (void)printf("# %llu times, %s, ", (unsigned long long)c->n,
                 ctx_kind_text(c->kind));
    say_day(c->first_us);
    (void)fputs(" to ", stdout);
    say_day(c->last_us);
    (void)puts(fits ? "" : ": its name cannot stand in a table");
    if (!fits)
        (void)fputs("# ", stdout);
    pl_say_text(c->code.system, SIZE_MAX);
    (void)putchar('\t');
    pl_say_text(c->code.code, SIZE_MAX);
    (void)fputs("\t\t\t", stdout);
    pl_say_text(c->code.display, SIZE_MAX);
    (void)putchar('\n');
}

static enum an_code list(struct pl_reader *reader, struct an_arena *arena,
                         const struct ctx_site *site, const struct request *q,
                         struct an_err *err)
{
    struct pl_codes codes;
    enum an_code rc = pl_codes(reader, arena, site, q->system, &codes, err);
    uint64_t n_shown = 0;

    if (rc != AN_OK)
        return rc;
    if (q->tsv)
        (void)puts("# Codes without a meaning: write a target's system and code"
                   " between the tabs.\n"
                   "#system\tcode\ttarget-system\ttarget-code\tdisplay");
    for (size_t i = 0; i < codes.n && n_shown < q->limit; i++) {
        /* Of what a table has already there is nothing to fill in. */
        if (q->tsv && codes.code[i].mapped)
            continue;
        n_shown++;
        if (q->tsv)
            print_row(&codes.code[i]);
        else
            print_text(&codes.code[i]);
    }
    (void)printf(
        "%s%zu codes of %llu events have no meaning, of %llu events; "
        "%llu events are told in words only\n",
        q->tsv ? "# " : "", codes.n, (unsigned long long)codes.n_unmapped,
        (unsigned long long)codes.n_events, (unsigned long long)codes.n_words);
    return AN_OK;
}

int pl_command_codes(const struct pl_invocation *in)
{
    struct pl_reader *reader = NULL;
    struct pl_settings settings;
    struct an_arena arena;
    struct request q;
    struct an_err err;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_reader(in, &arena, &settings, &reader, &err);
    if (rc == AN_OK)
        rc = list(reader, &arena, &settings.site, &q, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
