/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/model.h"

#include "plugin/host/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS_BYTES = 1 << 20, MAX_KEYS = 64, PATH_BYTES = 4096, DEPTH = 4 };

/* The manifest, and the weights once more, packed. */
static const size_t arena_bytes = (size_t)4 << 30;

/* ---- keys --------------------------------------------------------------- */

static enum an_code read_keys(struct an_arena *arena, const char *path,
                              struct an_public_key key[MAX_KEYS], size_t *n,
                              struct an_err *err)
{
    struct an_str rest, line;
    uint32_t number = 0;
    enum an_code rc = pl_file_read(arena, path, KEYS_BYTES, &rest, err);

    *n = 0;
    if (rc != AN_OK)
        return rc;
    while (an_str_cut(&rest, '\n', &line)) {
        number++;
        line = an_str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (*n == MAX_KEYS)
            return an_fail_line(err, AN_LIMIT, "too many keys", path, number,
                                1);
        if (!an_hex_parse(line, key[*n].b, sizeof(key[*n].b)))
            return an_fail_line(err, AN_SYNTAX,
                                "a public key is 64 hexadecimal digits", path,
                                number, 1);
        ++*n;
    }
    return AN_OK;
}

/* ---- files -------------------------------------------------------------- */

static enum an_code map_file(struct pl_model *m, const char *path,
                             const char *name, struct an_err *err)
{
    struct rt_file *f = &m->file[m->n_files];
    struct stat st;
    void *p = NULL;
    int fd;

    if (m->n_files == RT_MAX_FILES)
        return an_fail_file(err, AN_LIMIT, "too many files in a model", path,
                            0);
    if (!an_arena_str(&m->arena, an_str_c(name), &f->name))
        return an_fail_nomem(err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum an_code rc =
            an_fail_file(err, AN_IO, "cannot be read", path, errno);

        if (fd >= 0)
            (void)close(fd);
        return rc;
    }
    if (st.st_size > 0)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return an_fail_file(err, AN_IO, "cannot be mapped", path, errno);
    f->bytes = (struct an_str){p, (size_t)st.st_size};
    m->n_files++;
    return AN_OK;
}

static int visible(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* All files of the folder; `below` is their place in the package. */
static enum an_code map_folder(struct pl_model *m, const char *folder,
                               const char *below, int depth, struct an_err *err)
{
    struct dirent **entry = NULL;
    enum an_code rc = AN_OK;
    int n = depth < DEPTH ? scandir(folder, &entry, visible, alphasort) : -1;

    if (n < 0)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "is no folder of a model", folder, errno);
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES], name[PATH_BYTES];
        struct stat st;
        bool fits = snprintf(path, sizeof(path), "%s/%s", folder,
                             entry[i]->d_name) < (int)sizeof(path) &&
                    snprintf(name, sizeof(name), "%s%s", below,
                             entry[i]->d_name) < (int)sizeof(name) - 1;

        free(entry[i]);
        if (rc != AN_OK)
            continue;
        if (!fits || stat(path, &st) != 0)
            rc = an_fail_file(err, AN_IO, "cannot be read", folder, errno);
        else if (S_ISDIR(st.st_mode)) {
            name[strlen(name) + 1] = '\0';
            name[strlen(name)] = '/';
            rc = map_folder(m, path, name, depth + 1, err);
        } else {
            rc = map_file(m, path, name, err);
        }
    }
    free(entry);
    return rc;
}

enum an_code pl_model_open(struct pl_model *m, const char *folder,
                           const char *keys_file, struct an_err *err)
{
    struct an_public_key key[MAX_KEYS];
    size_t n_keys = 0;
    enum an_code rc;

    *m = (struct pl_model){.n_files = 0};
    an_arena_init(&m->arena, arena_bytes);
    rc = read_keys(&m->arena, keys_file, key, &n_keys, err);
    if (rc == AN_OK)
        rc = map_folder(m, folder, "", 0, err);
    if (rc == AN_OK)
        rc = rt_package_open(&m->package, &m->arena, m->file, m->n_files, key,
                             n_keys, err);
    if (rc != AN_OK)
        pl_model_close(m);
    return rc;
}

void pl_model_close(struct pl_model *m)
{
    for (size_t i = 0; i < m->n_files; i++) {
        void *p = NULL;

        memcpy(&p, &m->file[i].bytes.p, sizeof(p)); /* const came from us */
        if (p)
            (void)munmap(p, m->file[i].bytes.n);
    }
    an_arena_free(&m->arena);
    *m = (struct pl_model){.n_files = 0};
}
