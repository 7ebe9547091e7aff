/* SPDX-License-Identifier: Apache-2.0 */
/* A package as a whole, or none. */
#include "trainer/package/package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = true;

    if (dir == NULL)
        return errno == ENOENT;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            empty = false;
    (void)closedir(dir);
    return empty;
}

/* What a run leaves that did not come to its end; the rest is not ours. */
static void clear(const char *folder)
{
    static const char *const name[] = {
        "card.md",        "card.md.part",          "manifest.json",
        "SIGNATURE",      "manifest.json.part",    "model.safetensors",
        "SIGNATURE.part", "model.safetensors.part"};
    char path[TR_PATH_BYTES];

    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        if (tr_path(path, folder, name[i], NULL) == AN_OK)
            (void)unlink(path);
    (void)rmdir(folder);
}

static enum an_code move(const char *from, const char *to, struct an_err *err)
{
    const int fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) < 0 ? errno : 0;

    if (fd >= 0)
        (void)close(fd);
    if (failed == 0 && rename(from, to) < 0)
        failed = errno;
    return failed ? an_fail_sys(err, AN_IO,
                                "the folder cannot be moved to its "
                                "place",
                                failed)
                  : AN_OK;
}

enum an_code tr_package_place(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_judgement *j,
                              const struct tr_package_how *how,
                              const char *folder, struct an_public_key *key,
                              struct an_err *err)
{
    char beside[TR_PATH_BYTES], place[TR_PATH_BYTES];
    size_t n = strlen(folder);
    enum an_code code;
    int printed;

    while (n > 1 && folder[n - 1] == '/')
        n--;
    (void)snprintf(place, sizeof(place), "%.*s", (int)n, folder);
    printed = snprintf(beside, sizeof(beside), "%.*s.part", (int)n, folder);
    if (printed < 0 || printed >= TR_PATH_BYTES)
        return an_fail(err, AN_LIMIT, "a path is too long", 0);
    if (!is_empty(place))
        return an_fail(err, AN_CONFLICT,
                       "the folder has something in it, or is none: take "
                       "another",
                       0);
    clear(beside);
    if (mkdir(beside, 0755) < 0)
        return an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    code = tr_package_write(arena, d, fitted, j, how, beside, key, err);
    if (code == AN_OK)
        code = move(beside, place, err);
    if (code != AN_OK)
        clear(beside);
    return code;
}
