/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of a folder gets an answer: parsed, and then printed back byte
 * for byte, or refused with a place.  Run by tests/hl7_corpus.sh. */
#include "hl7/batch.h"
#include "hl7/edit.h"
#include "hl7/print.h"
#include "hl7/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 512 << 20, PATH_BYTES = 4096 };

struct tally {
    size_t n_files, n_messages, n_bytes;
    size_t n_warned, n_refused, n_batch_warnings, n_broken;
};

static char *read_file(const char *path, size_t *n_bytes)
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
    *n_bytes = (size_t)n;
    return p;
}

/* An edit of a field that is there changes the bytes of that field only. */
static bool edits_in_place(struct an_arena *arena, struct an_str bytes)
{
    struct hl7_message m;
    struct an_str was, now;
    size_t from, tail;

    if (hl7_parse(arena, bytes, NULL, &m, NULL) != AN_OK)
        return false;
    was = hl7_get(&m, m.n_segments - 1, 3, 0, 0, 0);
    if (was.p == NULL)
        return true;
    from = (size_t)(was.p - bytes.p);
    tail = bytes.n - from - was.n;
    return hl7_set(&m, m.n_segments - 1, 3, 0, 0, 0, AN_STR("edited"), NULL) ==
               AN_OK &&
           hl7_print(&m, arena, &now, NULL) == AN_OK &&
           now.n == from + sizeof("edited") - 1 + tail &&
           an_str_eq(an_str_sub(now, 0, from), an_str_sub(bytes, 0, from)) &&
           an_str_eq(an_str_sub(now, from, now.n - from - tail),
                     AN_STR("edited")) &&
           an_str_eq(an_str_sub(now, now.n - tail, tail),
                     an_str_sub(bytes, bytes.n - tail, tail));
}

static void check_message(struct an_arena *arena, const char *path,
                          const struct hl7_batch_message *message,
                          struct tally *t)
{
    struct hl7_message m;
    struct an_str printed;
    struct an_err err = {0};

    t->n_messages++;
    t->n_bytes += message->bytes.n;
    if (hl7_parse(arena, message->bytes, NULL, &m, &err) != AN_OK) {
        char text[256];

        an_err_print(&err, text, sizeof(text));
        printf("%s at %zu: refused: %s\n", path, message->offset, text);
        t->n_refused++;
        return;
    }
    t->n_warned += m.n_warnings > 0;
    if (hl7_print(&m, arena, &printed, &err) != AN_OK ||
        !an_str_eq(printed, message->bytes) ||
        !edits_in_place(arena, message->bytes) ||
        hl7_read(arena, message->bytes, NULL, NULL, &m, &err) != AN_OK) {
        printf("%s at %zu: BROKEN\n", path, message->offset);
        t->n_broken++;
    }
}

/* Reads names of files, one a line. */
int main(void)
{
    char path[PATH_BYTES];
    struct an_arena arena;
    struct tally t = {0};

    an_arena_init(&arena, ARENA_BYTES);
    while (fgets(path, sizeof(path), stdin)) {
        struct hl7_batch_message message;
        struct hl7_batch b;
        char *bytes;
        size_t n;

        path[strcspn(path, "\n")] = '\0';
        bytes = read_file(path, &n);
        t.n_files++;
        hl7_batch_init(&b, (struct an_str){bytes, n});
        while (hl7_batch_next(&b, &message)) {
            check_message(&arena, path, &message, &t);
            an_arena_reset(&arena);
        }
        t.n_batch_warnings += b.n_warnings;
        free(bytes);
    }
    an_arena_free(&arena);
    printf("%zu files, %zu messages, %zu bytes: %zu with warnings, %zu refused "
           "with a place, %zu warnings of batches, %zu BROKEN\n",
           t.n_files, t.n_messages, t.n_bytes, t.n_warned, t.n_refused,
           t.n_batch_warnings, t.n_broken);
    return t.n_broken || t.n_messages == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
