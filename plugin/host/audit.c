/* SPDX-License-Identifier: Apache-2.0 */
/* audit: the trail, row by row: what was said, shown, released, overridden,
 * stopped, by whom, in which role and why. */
#include "plugin/host/command.h"

#include "base/json.h"
#include "base/json_out.h"
#include "config/nearest.h"
#include "plugin/host/say.h"
#include "plugin/store/outgoing.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20, JSON_BYTES = 4 << 20, WIDTH = 2000 };

struct request {
    bool json;
    int64_t since_us;
    unsigned action; /* enum pl_audit_action; PL_N_AUDIT_ACTIONS: any */
};

static bool take_action(struct an_str word, struct request *q)
{
    const char *known[PL_N_AUDIT_ACTIONS];
    size_t near;

    for (unsigned a = 0; a < PL_N_AUDIT_ACTIONS; a++) {
        known[a] = pl_audit_text((enum pl_audit_action)a);
        if (an_str_eq(word, an_str_c(known[a]))) {
            q->action = a;
            return true;
        }
    }
    near = cfg_nearest(word, known, PL_N_AUDIT_ACTIONS);
    if (near < PL_N_AUDIT_ACTIONS)
        (void)fprintf(stderr,
                      "anamnesis: no such action; did you mean "
                      "\"%s\"?\n",
                      known[near]);
    return false;
}

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    static const struct an_zone utc = {.offset_min = 0};

    *q = (struct request){.since_us = INT64_MIN, .action = PL_N_AUDIT_ACTIONS};
    for (int i = 0; i < in->argc; i++) {
        bool has_more = i + 1 < in->argc;
        struct an_time t;

        if (strcmp(in->argv[i], "--json") == 0) {
            q->json = true;
        } else if (strcmp(in->argv[i], "--since") == 0 && has_more) {
            if (!an_time_fhir(an_str_c(in->argv[++i]), &utc, &t))
                return false;
            q->since_us = t.us;
        } else if (strcmp(in->argv[i], "--action") == 0 && has_more) {
            if (!take_action(an_str_c(in->argv[++i]), q))
                return false;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_asked(const struct request *q, const struct pl_audit_row *row)
{
    return row->time_us >= q->since_us &&
           (q->action == PL_N_AUDIT_ACTIONS ||
            an_str_eq(row->action, an_str_c(pl_audit_text(
                                       (enum pl_audit_action)q->action))));
}

static void print_line(const struct pl_audit_row *row)
{
    char time[AN_TIME_TEXT_BYTES];

    an_time_print_instant(row->time_us, time);
    (void)printf("%lld  %s", (long long)row->seq, time);
    pl_say_pair("  ", row->action, "  ", row->actor, "");
    pl_say_pair(" (", row->role, ")  ", row->subject, "  ");
    pl_say_text(row->details, WIDTH);
    (void)putchar('\n');
}

/* Details are JSON already, unless the row was damaged or has none. */
static void put_details(struct an_json_out *w, struct an_arena *arena,
                        struct an_str details)
{
    const struct an_json *root;

    if (an_json_read(arena, &(struct an_json_limits){0}, details, &root,
                     NULL) == AN_OK) {
        an_out_key(w, "details");
        an_out_json(w, details);
    } else if (details.n) {
        an_out_key_str(w, "details", details);
    }
}

static enum an_code print_json(struct an_arena *arena,
                               const struct pl_audit_row *row,
                               struct an_err *err)
{
    char time[AN_TIME_TEXT_BYTES];
    struct an_json_out w;
    struct an_str text;
    enum an_code rc;

    an_time_print_instant(row->time_us, time);
    an_out_init(&w, arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key(&w, "number");
    an_out_i64(&w, row->seq);
    an_out_key_str(&w, "time", an_str_c(time));
    an_out_key_str(&w, "action", row->action);
    an_out_key_str(&w, "actor", row->actor);
    an_out_key_str(&w, "role", row->role);
    an_out_key_str(&w, "subject", row->subject);
    put_details(&w, arena, row->details);
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}

static enum an_code print_all(struct pl_reader *reader, struct an_arena *arena,
                              const struct request *q, struct an_err *err)
{
    struct pl_audit_row row;
    int64_t after = 0;
    enum an_code rc;

    for (;;) {
        struct an_mark mark = an_arena_mark(arena);

        rc = pl_audit_next(reader, arena, after, &row, err);
        if (rc != AN_OK)
            break;
        after = row.seq;
        if (is_asked(q, &row)) {
            if (q->json)
                rc = print_json(arena, &row, err);
            else
                print_line(&row);
        }
        if (rc != AN_OK)
            return rc;
        an_arena_rewind(arena, mark);
    }
    return rc == AN_NOTFOUND ? AN_OK : rc;
}

int pl_command_audit(const struct pl_invocation *in)
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
        rc = print_all(reader, &arena, &q, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
