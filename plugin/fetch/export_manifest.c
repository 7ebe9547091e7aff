/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of a manifest, and what they name.  A page goes to the disk as it is,
 * and its files follow before the next one is asked for, so that a call that goes
 * on walks the same way: what is there is passed over. */
#include "plugin/fetch/export_int.h"

#include "base/hash.h"
#include "plugin/host/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_BYTES = 64, URL_BYTES = 8000, PAGES = 100000, FIRST_PAGES = 16 };

/* Files of each kind so far, in all pages. */
struct numbers {
    size_t output, deleted, error;
};

/* ---- pages -------------------------------------------------------------- */

/* The first has no number in its name. */
static void page_path(const struct pl_export_job *j, size_t page,
                      char path[PL_EXPORT_PATH_BYTES])
{
    char name[64];

    if (page == 1)
        (void)snprintf(name, sizeof(name), "manifest-%03lld.json",
                       (long long)j->state.run);
    else
        (void)snprintf(name, sizeof(name), "manifest-%03lld-%04zu.json",
                       (long long)j->state.run, page);
    (void)pl_export_path(j, name, path);
}

enum an_code pl_export_keep_page(struct pl_export_job *j, size_t page,
                                 const char *place,
                                 const struct pl_fetch_answer *answer,
                                 struct an_err *err)
{
    char path[PL_EXPORT_PATH_BYTES];
    const struct an_json *root;
    enum an_code rc = an_json_read(&j->each, &(struct an_json_limits){0},
                                   answer->body, &root, err);
    struct an_str time = AN_STR("");

    if (rc == AN_OK)
        time = an_json_text(an_json_get(root, AN_STR("transactionTime")));
    if (rc != AN_OK || time.n == 0 || time.n >= PL_EXPORT_TIME_BYTES ||
        !an_json_is(an_json_get(root, AN_STR("output")), AN_JSON_ARRAY))
        return pl_export_refused(j, AN_TYPE, "no manifest of an export", place,
                                 answer, err);
    if (page > 1 && !an_str_eq(time, j->state.time))
        return pl_export_refused(j, AN_INTEGRITY,
                                 "a page of the manifest is of another moment "
                                 "than the first",
                                 place, answer, err);
    page_path(j, page, path);
    rc = pl_file_write(path, answer->body, 0600, err);
    if (rc == AN_OK && page == 1 &&
        !an_arena_str(&j->arena, time, &j->state.time))
        return an_fail_nomem(err);
    return rc;
}

static enum an_code read_page(struct pl_export_job *j, size_t page,
                              const struct an_json **root, struct an_err *err)
{
    char path[PL_EXPORT_PATH_BYTES];
    struct an_str bytes;
    enum an_code rc;

    page_path(j, page, path);
    rc = pl_file_read(&j->arena, path, PL_EXPORT_ANSWER_BYTES, &bytes, err);
    return rc == AN_OK ? an_json_read(&j->arena, &(struct an_json_limits){0},
                                      bytes, root, err)
                       : rc;
}

/* From the disk; one that is not there is asked for. */
static enum an_code get_page(struct pl_export_job *j, size_t page,
                             const char *url, const struct an_json **root,
                             struct an_err *err)
{
    enum an_code rc = read_page(j, page, root, err);

    if (rc != AN_NOTFOUND || page == 1)
        return rc == AN_NOTFOUND ? AN_IO : rc;
    rc = pl_export_ask_page(j, page, url, err);
    return rc == AN_OK ? read_page(j, page, root, err) : rc;
}

/* The addresses of pages, by their hashes. */
struct seen {
    struct an_sha256 *page;
    size_t n, size;
};

static bool was_seen(const struct seen *s, const struct an_sha256 *page)
{
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(s->page[i].b, page->b, sizeof(page->b)) == 0)
            return true;
    return false;
}

static enum an_code note_page(struct seen *s, struct an_str url,
                              struct an_err *err)
{
    struct an_sha256 page, *grown;
    enum an_code rc = an_sha256(url, &page, err);

    if (rc != AN_OK)
        return rc;
    if (was_seen(s, &page))
        return an_fail(err, AN_TYPE,
                       "the manifest's next page was there before", 0);
    if (s->n == s->size) {
        size_t size = s->size ? 2 * s->size : FIRST_PAGES;

        grown = realloc(s->page, size * sizeof(*grown));
        if (grown == NULL)
            return an_fail_nomem(err);
        s->page = grown;
        s->size = size;
    }
    s->page[s->n++] = page;
    return AN_OK;
}

/* Where the next page is; "" after the last. */
static enum an_code next_of(const struct pl_export_job *j, struct seen *seen,
                            const struct an_json *root, char url[URL_BYTES],
                            struct an_err *err)
{
    struct an_str next = AN_STR("");

    for (const struct an_json *l =
             an_json_first(an_json_get(root, AN_STR("link")));
         l; l = l->next)
        if (an_str_eq(an_json_text(an_json_get(l, AN_STR("relation"))),
                      AN_STR("next")))
            next = an_json_text(an_json_get(l, AN_STR("url")));
    if (next.n >= URL_BYTES)
        return an_fail(err, AN_TYPE, "the manifest's next page is none", 0);
    if (next.n)
        memcpy(url, next.p, next.n);
    url[next.n] = '\0';
    if (next.n && !pl_fetch_is_origin(j->fetch, url))
        return an_fail(err, AN_UNSUPPORTED,
                       "the manifest's next page lies at another server", 0);
    return next.n ? note_page(seen, next, err) : AN_OK;
}

/* ---- what they name ------------------------------------------------------ */

/* "output" has a type in each row; the other lists are one kind. */
static void name_file(const struct pl_export_job *j, const char *list,
                      const struct an_json *row, size_t number,
                      struct pl_export_file *f)
{
    struct an_str type = an_json_text(an_json_get(row, AN_STR("type")));

    if (strcmp(list, "output") != 0)
        type = an_str_c(strcmp(list, "deleted") == 0 ? "deleted" : "error");
    for (size_t i = 0; i < type.n; i++)
        if (type.n > TYPE_BYTES ||
            (((type.p[i] | 0x20) < 'a') || (type.p[i] | 0x20) > 'z'))
            type = AN_STR("");
    (void)snprintf(f->name, sizeof(f->name), "%03lld-%.*s-%04zu",
                   (long long)j->state.run,
                   AN_STR_ARG(type.n ? type : AN_STR("Unknown")), number);
    f->hidden = an_str_eq(type, AN_STR("error"));
    f->count = -1;
    (void)an_json_i64(an_json_get(row, AN_STR("count")), &f->count);
}

static enum an_code bring_row(struct pl_export_job *j, const char *list,
                              const struct an_json *row, size_t number,
                              bool needs_token, struct an_err *err)
{
    struct pl_export_file f;
    struct an_str url;
    enum an_code rc;

    name_file(j, list, row, number, &f);
    if (!an_arena_str(&j->arena, an_json_text(an_json_get(row, AN_STR("url"))),
                      &url))
        return an_fail_nomem(err);
    f.url = url.p;
    f.anonymous = !needs_token;
    if (needs_token && !pl_fetch_is_origin(j->fetch, f.url))
        return an_fail_line(err, AN_UNSUPPORTED,
                            "a file lies at another server and wants the token "
                            "of this one",
                            f.name, 0, 0);
    rc = pl_export_bring(j, &f, err);
    if (rc == AN_OK && f.hidden)
        rc = pl_export_count(j, &f, &j->result->n_errors, err);
    return rc;
}

static enum an_code bring_list(struct pl_export_job *j, const char *list,
                               const struct an_json *root, size_t *number,
                               struct an_err *err)
{
    const struct an_json *rows = an_json_get(root, an_str_c(list));
    bool needs_token = false;
    enum an_code rc = AN_OK;

    (void)an_json_bool(an_json_get(root, AN_STR("requiresAccessToken")),
                       &needs_token);
    for (const struct an_json *row = an_json_first(rows); row && rc == AN_OK;
         row = row->next)
        rc = bring_row(j, list, row, ++*number, needs_token, err);
    return rc;
}

static enum an_code bring_page(struct pl_export_job *j,
                               const struct an_json *root, struct numbers *n,
                               struct an_err *err)
{
    const struct an_json *output = an_json_get(root, AN_STR("output"));
    enum an_code rc;

    pl_export_tell(j, PL_EXPORT_READY, output ? (int64_t)output->n : 0);
    rc = bring_list(j, "output", root, &n->output, err);
    if (rc == AN_OK)
        rc = bring_list(j, "deleted", root, &n->deleted, err);
    /* "outcome" is what version 4 calls it. */
    if (rc == AN_OK)
        rc = bring_list(
            j, an_json_get(root, AN_STR("error")) ? "error" : "outcome", root,
            &n->error, err);
    return rc;
}

static enum an_code bring_pages(struct pl_export_job *j, struct seen *seen,
                                struct numbers *n, struct an_err *err)
{
    char url[URL_BYTES] = "";
    size_t page = 0;
    enum an_code rc = AN_OK;

    do {
        struct an_mark mark = an_arena_mark(&j->arena);
        const struct an_json *root;

        if (++page > PAGES)
            return an_fail(err, AN_LIMIT, "a manifest without an end", 0);
        rc = get_page(j, page, url, &root, err);
        if (rc == AN_OK)
            rc = bring_page(j, root, n, err);
        if (rc == AN_OK)
            rc = next_of(j, seen, root, url, err);
        an_arena_rewind(&j->arena, mark);
    } while (rc == AN_OK && url[0]);
    return rc;
}

enum an_code pl_export_bring_all(struct pl_export_job *j, struct an_err *err)
{
    struct numbers n = {.output = 0};
    struct seen seen = {.n = 0};
    enum an_code rc = bring_pages(j, &seen, &n, err);

    free(seen.page);
    j->result->n_files = n.output + n.deleted;
    j->result->n_deleted_files = n.deleted;
    j->result->n_error_files = n.error;
    return rc;
}
