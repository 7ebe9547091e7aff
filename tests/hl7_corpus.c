/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of a folder gets an answer: parsed, and then printed back byte
 * for byte, or refused with a place.  Run by tests/hl7_corpus.sh. */
#include "hl7/message.h"
#include "hl7/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 512 << 20 };

struct tally {
    size_t n_files, n_messages, n_warned, n_refused, n_broken, n_bytes;
};

static struct an_str read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *p = NULL;
    long n = -1;

    if (f && fseek(f, 0, SEEK_END) == 0)
        n = ftell(f);
    if (n >= 0 && fseek(f, 0, SEEK_SET) == 0)
        p = malloc((size_t)n + 1);
    if (p == NULL || fread(p, 1, (size_t)n, f) != (size_t)n) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    return (struct an_str){p, (size_t)n};
}

static void check_message(struct an_arena *arena, const char *path,
                          struct an_str bytes, struct tally *t)
{
    struct hl7_message m;
    struct an_str printed;
    struct an_err err = {0};

    t->n_messages++;
    t->n_bytes += bytes.n;
    if (hl7_parse(arena, bytes, NULL, &m, &err) != AN_OK) {
        char text[256];

        an_err_print(&err, text, sizeof(text));
        printf("%s: refused: %s\n", path, text);
        t->n_refused++;
        return;
    }
    if (hl7_print(&m, arena, &printed, &err) != AN_OK ||
        !an_str_eq(printed, bytes)) {
        printf("%s: printed differently\n", path);
        t->n_broken++;
    }
    t->n_warned += m.n_warnings > 0;
    for (size_t i = 0; i < hl7_n_kept_warnings(&m) && getenv("V"); i++) {
        char text[256];

        an_err_print(&m.warning[i], text, sizeof(text));
        printf("%s: %s\n", path, text);
    }
}

int main(int argc, char **argv)
{
    struct an_arena arena;
    struct tally t = {0};

    an_arena_init(&arena, ARENA_BYTES);
    for (int i = 1; i < argc; i++) {
        struct an_str bytes = read_file(argv[i]);

        t.n_files++;
        check_message(&arena, argv[i], bytes, &t);
        an_arena_reset(&arena);
        free((void *)(uintptr_t)bytes.p);
    }
    printf("%zu files, %zu messages, %zu bytes: %zu with warnings, %zu "
           "refused, %zu printed differently\n",
           t.n_files, t.n_messages, t.n_bytes, t.n_warned, t.n_refused,
           t.n_broken);
    return t.n_broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
