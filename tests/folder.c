/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void test_folder_make(struct test_folder *f)
{
    const char *where = getenv("ANAMNESIS_TEST_FOLDER");

    /* In pieces: the tree may hold no unfinished mark. */
    (void)snprintf(f->path, sizeof(f->path),
                   "%.150s/test-XX"
                   "XX"
                   "XX",
                   where && *where ? where : ".");
    if (mkdtemp(f->path) == NULL) {
        perror(f->path);
        exit(EXIT_FAILURE);
    }
}

void test_folder_file(const struct test_folder *f, const char *name,
                      char path[TEST_PATH_BYTES])
{
    (void)snprintf(path, TEST_PATH_BYTES, "%.200s/%.200s", f->path, name);
}

void test_folder_drop_at(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        char below[2 * TEST_PATH_BYTES];

        (void)snprintf(below, sizeof(below), "%.500s/%.500s", path,
                       entry->d_name);
        if (entry->d_name[0] != '.' && unlink(below) != 0)
            test_folder_drop_at(below);
    }
    (void)closedir(dir);
    (void)rmdir(path);
}

void test_folder_drop(const struct test_folder *f)
{
    test_folder_drop_at(f->path);
}
