/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/package.h"

#include "trainer/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum an_code map_folder(struct an_arena *arena, const char *folder,
                               const char *below, int depth,
                               struct tr_package_files *files,
                               struct an_err *err);

static enum an_code map_one(struct an_arena *arena, const char *folder,
                            const char *name, int depth,
                            struct tr_package_files *files, struct an_err *err)
{
    struct rt_file *f = &files->file[files->n];
    char path[TR_PATH_BYTES];
    struct stat st;
    enum an_code code = tr_path(path, folder, name, err);

    if (code != AN_OK)
        return code;
    if (stat(path, &st) < 0)
        return an_fail_sys(err, AN_IO, "a file cannot be read", errno);
    if (S_ISDIR(st.st_mode))
        return map_folder(arena, folder, name, depth + 1, files, err);
    if (files->n == RT_MAX_FILES)
        return an_fail(err, AN_LIMIT, "a package has too many files", 0);
    if (!an_arena_str(arena, an_str_c(name), &f->name))
        return an_fail_nomem(err);
    code = tr_file_map(path, &f->bytes, err);
    files->n += code == AN_OK;
    return code;
}

static enum an_code map_folder(struct an_arena *arena, const char *folder,
                               const char *below, int depth,
                               struct tr_package_files *files,
                               struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct dirent **entry = NULL;
    enum an_code code = tr_path(path, folder, below, err);
    int n = code == AN_OK ? scandir(path, &entry, NULL, alphasort) : 0;

    if (code == AN_OK && depth > 1)
        code = an_fail(err, AN_LIMIT, "a package's folders are too deep", 0);
    if (n < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "the folder cannot be read", errno);
    for (int i = 0; i < n; i++) {
        char name[TR_PATH_BYTES];
        const bool top = strcmp(below, ".") == 0;
        int length = snprintf(name, sizeof(name), "%s%s%s", top ? "" : below,
                              top ? "" : "/", entry[i]->d_name);

        if (code == AN_OK && strcmp(entry[i]->d_name, ".") != 0 &&
            strcmp(entry[i]->d_name, "..") != 0)
            code = length > 0 && length < TR_PATH_BYTES
                       ? map_one(arena, folder, name, depth, files, err)
                       : an_fail(err, AN_LIMIT, "a path is too long", 0);
        free(entry[i]);
    }
    free(entry);
    return code;
}

/* The key that a SIGNATURE names. */
static bool named_key(const struct tr_package_files *files,
                      struct an_public_key *key)
{
    for (size_t i = 0; i < files->n; i++) {
        struct an_str rest = files->file[i].bytes, line;

        if (!an_str_eq(files->file[i].name, AN_STR("SIGNATURE")))
            continue;
        while (an_str_cut(&rest, '\n', &line))
            if (an_str_starts(line, AN_STR("key ")))
                return an_hex_parse(an_str_sub(line, 4, line.n), key->b,
                                    sizeof(key->b));
    }
    return false;
}

enum an_code tr_package_open(struct rt_package *p, struct an_arena *arena,
                             const char *folder,
                             const struct an_public_key *trusted,
                             struct tr_package_files *files, struct an_err *err)
{
    struct an_public_key key;
    enum an_code code;

    files->n = 0;
    code = map_folder(arena, folder, ".", 0, files, err);
    if (code == AN_OK && trusted == NULL && named_key(files, &key))
        trusted = &key;
    if (code == AN_OK)
        code = rt_package_open(p, arena, files->file, files->n, trusted,
                               trusted != NULL, err);
    if (code != AN_OK)
        tr_package_close(files);
    return code;
}

void tr_package_close(struct tr_package_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (files->file[i].bytes.n)
            tr_file_unmap(files->file[i].bytes);
    files->n = 0;
}

/* A small file in the arena. */
static enum an_code load(const char *path, struct an_arena *arena,
                         struct an_str *bytes, struct an_err *err)
{
    struct an_str map;
    enum an_code code = tr_file_map(path, &map, err);

    if (code != AN_OK)
        return code;
    if (!an_arena_str(arena, map, bytes))
        code = an_fail_nomem(err);
    tr_file_unmap(map);
    return code;
}

enum an_code tr_package_said(struct an_arena *arena, const char *file,
                             const char *folder, struct tr_package_how *how,
                             struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str bytes = {NULL, 0};
    enum an_code code = tr_path(path, folder, "report.json", err);

    if (code == AN_OK) {
        code = load(path, arena, &how->report, err);
        code = code == AN_NOTFOUND ? AN_OK : code;
    }
    if (code != AN_OK || file == NULL)
        return code;
    code = load(file, arena, &bytes, err);
    if (code != AN_OK)
        return an_fail_file(err, code, "the card's file cannot be read", file,
                            err ? err->sys : 0);
    return tr_card_said_read(arena, bytes, file, &how->said, err);
}
