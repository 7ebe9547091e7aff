/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds files to a fuzz target, so that each thing a fuzzer ever found stays a
 * test of every make check, without a fuzzer.
 *
 *     tests/replay_text.t [FILE]...
 *
 * Without files: the target's corpus, which its own name tells
 * (replay_text.t: tests/corpus/text below $top_srcdir), in order of name.
 * Prints TAP, one line a file; a target that finds something aborts, which the
 * driver reports.  An empty corpus is a failure. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LARGEST_INPUT_BYTES = 1 << 24, PATH_BYTES = 4096 };

/* The bytes lie at the end of a block of just their size, so that a sanitizer
 * or valgrind sees a read past them. */
static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    long n;
    int ok = 0;

    if (f == NULL)
        return 0;
    if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 &&
        n <= LARGEST_INPUT_BYTES && fseek(f, 0, SEEK_SET) == 0 &&
        (data = malloc(n ? (size_t)n : 1)) != NULL &&
        fread(data, 1, (size_t)n, f) == (size_t)n)
        ok = LLVMFuzzerTestOneInput(data, (size_t)n) == 0;
    free(data);
    (void)fclose(f);
    return ok;
}

/* A path too long to hold fails to open. */
static void join(char path[PATH_BYTES], const char *folder, const char *name)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);

    if (n < 0 || n >= PATH_BYTES)
        path[0] = '\0';
}

static int report(int number, const char *path)
{
    int ok = replay(path);

    printf("%s %d - %s\n", ok ? "ok" : "not ok", number, path);
    /* Before the next target may abort. */
    (void)fflush(stdout);
    return ok;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder, int *n_failed)
{
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, visible, alphasort);
    char path[PATH_BYTES];

    for (int i = 0; i < n; i++) {
        join(path, folder, entry[i]->d_name);
        *n_failed += !report(i + 1, path);
        free(entry[i]);
    }
    free(entry);
    return n;
}

/* "tests/replay_text.t" -> "tests/corpus/text" below root. */
static void corpus_of(const char *program, const char *root,
                      char folder[PATH_BYTES])
{
    const char *name = strrchr(program, '/');
    char below[PATH_BYTES];
    int n;

    name = strchr(name ? name : program, '_');
    n = name ? (int)strcspn(name + 1, ".") : 0;
    if (snprintf(below, sizeof(below), "tests/corpus/%.*s", n,
                 name ? name + 1 : "") >= (int)sizeof(below))
        below[0] = '\0';
    join(folder, root, below);
}

int main(int argc, char **argv)
{
    const char *root = getenv("top_srcdir");
    char folder[PATH_BYTES];
    int n_failed = 0, n = argc - 1;

    for (int i = 1; i < argc; i++)
        n_failed += !report(i, argv[i]);
    if (argc == 1) {
        corpus_of(argv[0], root ? root : ".", folder);
        n = replay_folder(folder, &n_failed);
        if (n <= 0) {
            printf("Bail out! %s: %s\n", folder,
                   n < 0 ? strerror(errno) : "no files");
            return EXIT_FAILURE;
        }
    }
    printf("1..%d\n", n);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
