/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fetch_help.h"

#include "plugin/fetch/export_int.h"
#include "tests/folder.h"
#include "tests/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { FILE_BYTES = 1 << 20 };

static struct test_folder home;

static void told(void *user, enum pl_export_step step, int64_t n)
{
    struct test_export *t = user;

    (void)n;
    t->told[step]++;
}

void test_export_begin(struct test_export *t, const struct bulk_plan *plan)
{
    memset(t, 0, sizeof(*t));
    test_folder_make(&home);
    (void)snprintf(t->folder, sizeof(t->folder), "%s/out", home.path);
    (void)snprintf(t->base, sizeof(t->base), "http://127.0.0.1:%u/fhir/",
                   (unsigned)bulk_start(plan));
    t->options = (struct pl_export_options){.base = t->base,
                                            .folder = t->folder,
                                            .token_file = "",
                                            .timeout_ms = 5000,
                                            .retry_first_ms = 5,
                                            .retry_max_ms = 20,
                                            .patience_ms = 2000,
                                            .told = told,
                                            .user = t};
}

enum an_code test_export_run(struct test_export *t)
{
    memset(t->told, 0, sizeof(t->told));
    t->err = (struct an_err){.code = AN_OK};
    return pl_export(&t->options, &t->result, &t->err);
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    char inner[2 * FETCH_PATH_BYTES];

    while (d && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
        if (unlink(inner) != 0) {
            empty_folder(inner);
            (void)rmdir(inner);
        }
    }
    if (d)
        closedir(d);
}

void test_export_end(struct test_export *t)
{
    bulk_stop();
    empty_folder(home.path);
    test_folder_drop(&home);
    (void)t;
}

static void path_of(const struct test_export *t, const char *name,
                    char path[2 * FETCH_PATH_BYTES])
{
    (void)snprintf(path, 2 * FETCH_PATH_BYTES, "%s/%s", t->folder, name);
}

bool test_export_holds(const struct test_export *t, const char *name,
                       const char *bytes)
{
    char path[2 * FETCH_PATH_BYTES];
    char *text = calloc(1, FILE_BYTES);
    gzFile gz;
    bool same;

    ck_assert_ptr_nonnull(text);
    path_of(t, name, path);
    gz = gzopen(path, "rb");
    same = gz != NULL;
    if (gz)
        same = gzread(gz, text, FILE_BYTES - 1) >= 0;
    if (gz)
        same = gzclose(gz) == Z_OK && same;
    same = same && (bytes == NULL || strcmp(text, bytes) == 0);
    free(text);
    return same;
}

void test_export_is_whole(const struct test_export *t, unsigned n_files,
                          unsigned n_lines)
{
    DIR *d = opendir(t->folder);
    const struct dirent *e;
    unsigned seen = 0;

    /* Killed before it made the folder. */
    while (d && (e = readdir(d)) != NULL) {
        char path[2 * FETCH_PATH_BYTES];
        uint64_t n = 0;

        if (e->d_name[0] == '.')
            continue;
        path_of(t, e->d_name, path);
        ck_assert_msg(pl_export_whole(path, &n, NULL) == AN_OK, "%s", path);
        ck_assert_uint_eq(n, n_lines);
        seen++;
    }
    if (d)
        closedir(d);
    ck_assert_uint_eq(seen, n_files);
}

void test_export_write(const struct test_export *t, const char *name,
                       const char *text)
{
    char path[2 * FETCH_PATH_BYTES];
    FILE *f;

    path_of(t, name, path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
}
