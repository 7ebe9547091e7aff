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

void test_folder_drop_lineage(const char *folder)
{
    static const char *const name[] = {"/log.jsonl", "/checkpoint",
                                       "/inputs.jsonl", "/salt", ""};
    char path[2 * TEST_PATH_BYTES];

    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/lineage%s", folder, name[i]);
        (void)remove(path);
    }
}

void test_folder_drop(const struct test_folder *f)
{
    DIR *dir = opendir(f->path);
    char path[TEST_PATH_BYTES];
    struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        test_folder_file(f, entry->d_name, path);
        if (entry->d_name[0] != '.')
            (void)unlink(path);
    }
    (void)closedir(dir);
    test_folder_drop_lineage(f->path);
    (void)rmdir(f->path);
}
