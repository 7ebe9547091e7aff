/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/gone.h"

#include "base/json.h"
#include "base/sort.h"
#include "context/identity.h"
#include "plugin/host/file.h"

#include <stdio.h>
#include <string.h>

enum {
    ONE_MESSAGE = 500, /* deletions, at most */
    FIRST_SIZE = 64,
    PATH_BYTES = 4096,
    MANIFEST_BYTES = 64 << 20,
    NUMBER_DIGITS = 20
};

static const size_t list_bytes = (size_t)2 << 30, each_bytes = (size_t)1 << 30;

void pl_gone_init(struct pl_gone *g)
{
    *g = (struct pl_gone){.n = 0};
    an_arena_init(&g->arena, list_bytes);
    an_arena_init(&g->each, each_bytes);
}

void pl_gone_release(struct pl_gone *g)
{
    an_arena_free(&g->arena);
    an_arena_free(&g->each);
}

/* ---- when it was -------------------------------------------------------- */

/* "FOLDER/001-deleted-0001.ndjson" -> "FOLDER/.export/manifest-001.json". */
static bool manifest_of(const char *file, char path[PATH_BYTES])
{
    const char *name = strrchr(file, '/');
    size_t digits, folder = name ? (size_t)(name - file) : 0;
    int n;

    name = name ? name + 1 : file;
    digits = strspn(name, "0123456789");
    if (digits == 0 || digits > NUMBER_DIGITS ||
        strncmp(name + digits, "-deleted-", strlen("-deleted-")) != 0)
        return false;
    n = snprintf(path, PATH_BYTES, "%.*s/.export/manifest-%.*s.json",
                 folder ? (int)folder : 1, folder ? file : ".", (int)digits,
                 name);
    return n > 0 && n < PATH_BYTES;
}

/* The transactionTime of the export that brought the file; "" of any other. */
static struct an_str time_of(struct pl_gone *g, const char *file)
{
    const struct an_json *root;
    char path[PATH_BYTES];
    struct an_str bytes;

    if (g->file && strcmp(g->file, file) == 0)
        return g->file_at;
    g->file = file;
    g->file_at = AN_STR("");
    if (manifest_of(file, path) &&
        pl_file_read(&g->each, path, MANIFEST_BYTES, &bytes, NULL) == AN_OK &&
        an_json_read(&g->each, &(struct an_json_limits){0}, bytes, &root,
                     NULL) == AN_OK &&
        !an_arena_str(
            &g->arena,
            an_json_text(an_json_get(root, AN_STR("transactionTime"))),
            &g->file_at))
        g->file_at = AN_STR("");
    return g->file_at;
}

/* ---- the list ----------------------------------------------------------- */

static bool grow(struct pl_gone *g)
{
    size_t size = g->size ? 2 * g->size : FIRST_SIZE;
    struct pl_deletion *one;

    if (g->n < g->size)
        return true;
    one = an_arena_get(&g->arena, size, sizeof(*one));
    if (one == NULL)
        return false;
    if (g->n)
        memcpy(one, g->one, g->n * sizeof(*one));
    g->one = one;
    g->size = size;
    return true;
}

static bool add(struct pl_gone *g, const struct fhir_deletion *d,
                struct an_str at)
{
    struct fhir_deletion *to;

    if (!grow(g))
        return false;
    to = &g->one[g->n].said;
    g->one[g->n] = (struct pl_deletion){.fact = AN_STR("")};
    if (!an_arena_str(&g->arena, d->server, &to->server) ||
        !an_arena_str(&g->arena, d->type, &to->type) ||
        !an_arena_str(&g->arena, d->id, &to->id) ||
        !an_arena_str(&g->arena, d->at.n ? d->at : at, &to->at))
        return false;
    g->n++;
    return true;
}

enum an_code pl_gone_take(struct pl_gone *g, const char *file,
                          struct an_str bytes, struct an_err *err)
{
    struct fhir_deletion *list;
    struct an_str at;
    enum an_code rc;
    size_t n;

    if (g->is_settled)
        return AN_OK;
    an_arena_reset(&g->each);
    rc = fhir_deletions_read(&g->each, bytes, &list, &n, err);
    if (rc != AN_OK || n == 0)
        return rc;
    at = time_of(g, file);
    for (size_t i = 0; i < n; i++)
        if (!add(g, &list[i], at))
            return an_fail(err, AN_LIMIT, "more deletions than there is room",
                           0);
    return AN_OK;
}

/* ---- what becomes of them ------------------------------------------------- */

static int by_patient(const void *a, const void *b)
{
    const struct pl_gone_filing *x = a, *y = b;

    return ctx_identifier_cmp(&x->patient, &y->patient);
}

static size_t n_owners(const struct pl_gone *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        for (const struct pl_deletion_owner *o = g->one[i].owner; o;
             o = o->next)
            n++;
    return n;
}

static bool file_one(struct pl_gone *g, const struct pl_deletion *d,
                     int64_t now_us)
{
    for (const struct pl_deletion_owner *o = d->owner; o; o = o->next) {
        struct pl_gone_filing *f = &g->filing[g->n_filings++];
        char at[AN_TIME_TEXT_BYTES];

        *f = (struct pl_gone_filing){o->patient, d->said, o == d->owner};
        if (d->said.at.n == 0 &&
            !an_arena_str(&g->arena, pl_deletion_at(now_us, o, at),
                          &f->said.at))
            return false;
    }
    return true;
}

/* By patient; what nobody has is passed over. */
static enum an_code file_all(struct pl_gone *g, int64_t now_us,
                             struct an_err *err)
{
    size_t n = n_owners(g);
    struct pl_gone_filing *scratch =
        an_arena_get(&g->arena, n / 2 + 1, sizeof(*scratch));

    g->filing = an_arena_get(&g->arena, n + 1, sizeof(*g->filing));
    if (scratch == NULL || g->filing == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < g->n; i++)
        if (!file_one(g, &g->one[i], now_us))
            return an_fail_nomem(err);
    an_sort(g->filing, n, sizeof(*g->filing), scratch, by_patient);
    return AN_OK;
}

enum an_code pl_gone_settle(struct pl_gone *g, struct pl_engine *engine,
                            struct an_err *err)
{
    struct pl_reader *reader = NULL;
    enum an_code rc = pl_engine_reader(engine, &reader, err);

    g->is_settled = true;
    if (rc == AN_OK)
        rc = pl_deletions_find(reader, &g->arena,
                               &pl_engine_settings(engine)->fhir, g->one, g->n,
                               0, err);
    pl_reader_close(reader);
    return rc == AN_OK ? file_all(g, pl_engine_now_us(engine), err) : rc;
}

enum an_code pl_gone_next(struct pl_gone *g, struct an_str *bytes,
                          struct an_err *err)
{
    const struct pl_gone_filing *first = g->filing + g->next;
    struct fhir_deletion *said;
    size_t n = 0;

    if (g->next >= g->n_filings)
        return an_fail(err, AN_NOTFOUND, "no more deletions", 0);
    an_arena_reset(&g->each);
    said = an_arena_get(&g->each, ONE_MESSAGE, sizeof(*said));
    if (said == NULL)
        return an_fail_nomem(err);
    for (; n < ONE_MESSAGE && g->next < g->n_filings &&
           by_patient(first, &g->filing[g->next]) == 0;
         n++, g->next++) {
        said[n] = g->filing[g->next].said;
        g->n_filed += g->filing[g->next].is_first;
    }
    return fhir_deletions_write(&g->each, &first->patient, said, n, bytes, err);
}
