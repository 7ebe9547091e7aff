/* SPDX-License-Identifier: Apache-2.0 */
/* Where the tables stand. */
#include "trainer/meds/meds_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 4 };

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum an_code walk(const char *folder, int depth, tr_meds_file *take,
                         void *arg, size_t *n_files, struct an_err *err)
{
    struct dirent **entry = NULL;
    enum an_code code = AN_OK;
    int n = depth > DEPTH ? 0 : scandir(folder, &entry, is_shown, alphasort);

    if (depth > DEPTH)
        return an_fail(err, AN_LIMIT, "folders are too deep", 0);
    if (n < 0)
        return an_fail_sys(err, AN_IO, "a folder cannot be read", errno);
    for (int i = 0; i < n; i++) {
        char path[TR_PATH_BYTES];
        struct stat st;

        if (code == AN_OK)
            code = tr_path(path, folder, entry[i]->d_name, err);
        if (code == AN_OK && stat(path, &st) == 0) {
            const bool is_table = an_str_ends(an_str_c(path), AN_STR(".csv"));

            if (S_ISDIR(st.st_mode))
                code = walk(path, depth + 1, take, arg, n_files, err);
            else if (is_table)
                code = take(arg, path, err);
            *n_files += !S_ISDIR(st.st_mode) && is_table;
        }
        free(entry[i]);
    }
    free(entry);
    return code;
}

enum an_code tr_meds_data_files(const char *path, tr_meds_file *take, void *arg,
                                struct an_err *err)
{
    char below[TR_PATH_BYTES];
    struct stat st;
    size_t n_files = 0;
    enum an_code code;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return take(arg, path, err);
    code = tr_path(below, path, "data.csv", err);
    if (code == AN_OK && stat(below, &st) == 0)
        return take(arg, below, err);
    if (code == AN_OK)
        code = tr_path(below, path, "data", err);
    if (code == AN_OK && stat(below, &st) == 0 && S_ISDIR(st.st_mode))
        code = walk(below, 0, take, arg, &n_files, err);
    if (code == AN_OK && n_files == 0)
        code = an_fail(err, AN_NOTFOUND,
                       "neither data.csv nor .csv files in data/", 0);
    return code;
}

enum an_code tr_meds_folder(const char *path, char folder[TR_PATH_BYTES],
                            struct an_err *err)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash - path) : 1;
    struct stat st;

    if (stat(path, &st) < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "it cannot be read", errno);
    if (S_ISDIR(st.st_mode))
        return tr_path(folder, path, ".", err);
    if (n + 2 > TR_PATH_BYTES)
        return an_fail(err, AN_LIMIT, "a path is too long", 0);
    memcpy(folder, slash ? path : ".", n);
    folder[n] = '\0';
    if (n == 0)
        memcpy(folder, "/", 2);
    return AN_OK;
}

enum an_code tr_meds_table(const char *folder, const char *name,
                           char path[TR_PATH_BYTES], bool *is_there,
                           struct an_err *err)
{
    char below[TR_PATH_BYTES];
    struct stat st;
    enum an_code code = tr_path(path, folder, name, err);

    *is_there = code == AN_OK && stat(path, &st) == 0;
    if (code == AN_OK && !*is_there)
        code = tr_path(below, folder, "metadata", err);
    if (code == AN_OK && !*is_there)
        code = tr_path(path, below, name, err);
    *is_there = *is_there || (code == AN_OK && stat(path, &st) == 0);
    return code;
}

enum an_code tr_meds_files(const char *path, tr_meds_file *take, void *arg,
                           struct an_err *err)
{
    static const char *const table[] = {TR_MEDS_CODES, TR_MEDS_SPLITS};
    char folder[TR_PATH_BYTES], at[TR_PATH_BYTES];
    bool is_there;
    enum an_code code = tr_meds_folder(path, folder, err);

    if (code == AN_OK)
        code = tr_meds_data_files(path, take, arg, err);
    for (size_t i = 0; code == AN_OK && i < 2; i++) {
        code = tr_meds_table(folder, table[i], at, &is_there, err);
        if (code == AN_OK && is_there)
            code = take(arg, at, err);
    }
    return code;
}
