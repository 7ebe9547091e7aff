/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/gone.h"

#include "base/json.h"
#include "plugin/host/file.h"
#include "plugin/store/resources.h"

#include <stdio.h>
#include <string.h>

enum {
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
    struct fhir_deletion *one;

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
    to = &g->one[g->n];
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

enum an_code pl_gone_settle(struct pl_gone *g, const struct pl_settling *by,
                            struct an_err *err)
{
    struct pl_reader *reader = NULL;
    enum an_code rc = pl_engine_reader(by->engine, &reader, err);
    bool more = g->n > 0;

    if (rc == AN_OK)
        rc = pl_deletions_note(by->engine, reader, &g->arena, g->one, g->n,
                               &g->n_filed, err);
    /* What is not in its index yet would be withdrawn later. */
    while (rc == AN_OK && more)
        rc = pl_store_index_step(pl_engine_store(by->engine), &more, err);
    if (rc == AN_OK)
        rc = pl_deletions_settle(by, reader, err);
    pl_reader_close(reader);
    return rc;
}
