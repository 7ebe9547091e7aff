/* SPDX-License-Identifier: Apache-2.0 */
/* explain-message: what became of one message, field by field. */
#include "plugin/host/explain_int.h"

#include "plugin/host/command.h"
#include "plugin/host/say.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30, WIDTH = 256, VALUE_BYTES = 1 << 20 };

struct request {
    struct an_str id;
    bool values, json;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    int i = 0;

    *q = (struct request){.values = false};
    for (; i < in->argc && strncmp(in->argv[i], "--", 2) == 0; i++) {
        if (strcmp(in->argv[i], "--values") == 0)
            q->values = true;
        else if (strcmp(in->argv[i], "--json") == 0)
            q->json = true;
        else
            return false;
    }
    if (in->argc - i != 1)
        return false;
    q->id = an_str_c(in->argv[i]);
    return q->id.n > 0;
}

/* ---- what fields hold ---------------------------------------------------- */

/* "/entry/3/resource" */
static const struct an_json *at_place(const struct an_json *j,
                                      struct an_str place)
{
    struct an_str step;
    uint64_t index;

    (void)an_str_cut(&place, '/', &step);
    while (j && an_str_cut(&place, '/', &step)) {
        if (an_json_is(j, AN_JSON_ARRAY))
            j = an_str_u64(step, &index) ? an_json_at(j, (size_t)index) : NULL;
        else
            j = an_json_get(j, step);
    }
    return j;
}

static struct an_str element_value(const struct pl_explained *x,
                                   struct an_arena *arena,
                                   const struct ctx_segment *s, size_t i)
{
    struct an_str kind =
        an_json_text(an_json_get(x->root, AN_STR("resourceType")));
    const struct an_json *j = at_place(x->root, s->place);
    struct an_json_out w;
    struct an_str text;

    /* Of what is only counted the place is not kept. */
    if (s->place.n == 0 && !an_str_eq(kind, s->name))
        return AN_STR("");
    j = an_json_get(j, s->element[i]);
    if (j == NULL)
        return AN_STR("");
    if (an_json_is(j, AN_JSON_STRING))
        return an_json_text(j);
    an_out_init(&w, arena, VALUE_BYTES);
    an_out_tree(&w, j);
    return an_out_done(&w, &text, NULL) == AN_OK ? text : AN_STR("");
}

struct an_str pl_explained_value(const struct pl_explained *x,
                                 struct an_arena *arena,
                                 const struct ctx_segment *s, size_t segment,
                                 size_t i)
{
    if (x->name->format == PL_FORMAT_FHIR)
        return element_value(x, arena, s, i);
    return hl7_get(&x->hl7, segment, i + 1, 0, 0, 0);
}

size_t pl_explained_place(const struct ctx_segment *s, char *text, size_t n)
{
    int used = snprintf(text, n, "%.*s[%u]", AN_STR_ARG(s->name), s->seq);

    return used > 0 ? (size_t)used : 0;
}

/* ---- one message --------------------------------------------------------- */

static bool same_fields(const struct ctx_account *a,
                        const struct ctx_account *b)
{
    if (a->n_fields != b->n_fields || a->n_seen != b->n_seen ||
        a->n_used != b->n_used)
        return false;
    for (size_t i = 0; i < a->n_fields; i++)
        if (a->field[i].number != b->field[i].number ||
            !an_str_eq(a->field[i].name, b->field[i].name) ||
            memcmp(a->field[i].n, b->field[i].n, sizeof(a->field[i].n)) != 0)
            return false;
    return true;
}

static bool is_outdated(const struct pl_explained *x)
{
    if (x->code != AN_OK || x->made.n_accounts != x->reading.n_accounts)
        return x->code == AN_OK;
    for (size_t i = 0; i < x->made.n_accounts; i++)
        if (!an_str_eq(x->made.account[i].name, x->reading.account[i].name) ||
            !same_fields(&x->made.account[i], &x->reading.account[i]))
            return true;
    return false;
}

static enum an_code read_again(struct pl_reader *reader, struct an_arena *arena,
                               const struct pl_settings *settings,
                               struct pl_explained *x, struct an_err *err)
{
    struct pl_message m;
    enum an_code rc =
        pl_message_next(reader, arena, x->name->number - 1, &m, err);

    if (rc == AN_OK && m.purged_us)
        rc = an_fail(err, AN_NOTFOUND,
                     "the bytes of this message were purged: its row and, if "
                     "they are kept, its events are there",
                     0);
    if (rc == AN_OK)
        rc = pl_made(reader, arena, x->name->number, &x->made, err);
    if (rc != AN_OK)
        return rc;
    x->code = pl_read(arena, settings, m.format, m.bytes, &x->hl7, &x->reading,
                      &x->err);
    if (x->code == AN_OK && m.format == PL_FORMAT_FHIR)
        x->code = an_json_read(arena, &(struct an_json_limits){0}, m.bytes,
                               &x->root, &x->err);
    x->outdated = is_outdated(x);
    return AN_OK;
}

static enum an_code explain(struct pl_reader *reader, struct an_arena *arena,
                            const struct pl_settings *settings,
                            const struct pl_name *name, const struct request *q,
                            struct an_err *err)
{
    struct pl_explained *x = an_arena_get(arena, 1, sizeof(*x));
    enum an_code rc = AN_OK;

    if (x == NULL)
        return an_fail_nomem(err);
    x->name = name;
    x->values = q->values;
    if (!name->refused)
        rc = read_again(reader, arena, settings, x, err);
    if (rc != AN_OK)
        return rc;
    if (q->json)
        return pl_explain_json(x, arena, err);
    pl_explain_text(x, arena);
    return AN_OK;
}

/* ---- several ------------------------------------------------------------- */

static void list_text(const struct pl_named *named)
{
    (void)puts("several messages are called so; name one by its number or the "
               "beginning of its SHA-256:");
    for (size_t i = 0; i < named->n; i++) {
        const struct pl_name *m = &named->item[i];
        char time[AN_TIME_TEXT_BYTES], hex[AN_SHA256_HEX + 1];

        (void)an_time_print_instant(m->received_us, time);
        an_hex_print(m->sha256.b, sizeof(m->sha256.b), hex);
        if (m->refused)
            (void)printf("  refused   %.12s  %s", hex, time);
        else
            (void)printf("  %-8lld  %.12s  %s", (long long)m->number, hex,
                         time);
        pl_say_pair("  ", m->kind, " of ", m->sender, "\n");
    }
}

static enum an_code list_json(const struct pl_named *named,
                              struct an_arena *arena, struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code rc;

    an_out_init(&w, arena, VALUE_BYTES);
    an_out_object(&w);
    an_out_key(&w, "messages");
    an_out_array(&w);
    for (size_t i = 0; i < named->n; i++) {
        char hex[AN_SHA256_HEX + 1];

        an_hex_print(named->item[i].sha256.b, sizeof(named->item[i].sha256.b),
                     hex);
        an_out_object(&w);
        an_out_key(&w, "refused");
        an_out_bool(&w, named->item[i].refused);
        an_out_key(&w, "number");
        an_out_i64(&w, named->item[i].number);
        an_out_key_str(&w, "sha256", an_str_c(hex));
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}

static enum an_code run(struct pl_reader *reader, struct an_arena *arena,
                        const struct pl_settings *settings,
                        const struct request *q, struct an_err *err)
{
    struct pl_named named;
    enum an_code rc = pl_named(reader, arena, q->id, &named, err);

    if (rc != AN_OK)
        return rc;
    if (named.n == 1)
        return explain(reader, arena, settings, &named.item[0], q, err);
    if (q->json)
        rc = list_json(&named, arena, err);
    else
        list_text(&named);
    return rc == AN_OK
               ? an_fail(err, AN_CONFLICT, "the name alone is not enough", 0)
               : rc;
}

int pl_command_explain_message(const struct pl_invocation *in)
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
        rc = run(reader, &arena, &settings, &q, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
