/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of a folder gets an answer: parsed, and then printed back byte
 * for byte, or refused with a place; and what was parsed is read into events.
 * Ends with a row a kind of message: how many there were, how many say more
 * for a timeline than who the patient is, and how many events that is.  Run by
 * tests/hl7_corpus.sh. */
#include "hl7/batch.h"
#include "hl7/edit.h"
#include "hl7/events.h"
#include "hl7/print.h"
#include "hl7/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 512 << 20, PATH_BYTES = 4096, MAX_KINDS = 1024 };

/* What messages of one kind ("ADT^A01") were read into. */
struct kind {
    char name[24];
    size_t n_messages, n_told, n_clinical, n_events, n_claims, n_nobody;
};

struct tally {
    size_t n_files, n_messages, n_bytes;
    size_t n_warned, n_refused, n_batch_warnings, n_broken;
    struct kind kind[MAX_KINDS];
    size_t n_kinds;
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

static struct kind *kind_of(struct tally *t, const struct hl7_message *m)
{
    struct an_str type = hl7_get(m, 0, 9, 1, 1, 0);
    struct an_str event = hl7_get(m, 0, 9, 1, 2, 0);
    char name[sizeof(t->kind[0].name)];
    size_t i = 0;

    (void)snprintf(name, sizeof(name), "%.*s^%.*s", AN_STR_ARG(type),
                   AN_STR_ARG(event));
    while (i < t->n_kinds && strcmp(t->kind[i].name, name) != 0)
        i++;
    if (i == MAX_KINDS)
        i--;
    if (i == t->n_kinds) {
        memcpy(t->kind[i].name, name, sizeof(name));
        t->n_kinds++;
    }
    return &t->kind[i];
}

/* False for an answer that no message may get. */
static bool reads_events(struct an_arena *arena, const struct hl7_message *m,
                         struct tally *t)
{
    static const struct hl7_settings settings;
    struct kind *kind = kind_of(t, m);
    struct ctx_reading r;
    struct an_err err;
    enum an_code rc = hl7_events(arena, &settings, m, &r, &err);
    size_t n_clinical = 0;

    kind->n_messages++;
    if (rc != AN_OK) {
        kind->n_nobody++;
        return rc == AN_MISSING;
    }
    for (size_t i = 0; i < r.n_parts; i++)
        for (size_t e = 0; e < r.part[i].n_events; e++, kind->n_events++)
            n_clinical += r.part[i].event[e].kind != CTX_BIRTH &&
                          r.part[i].event[e].kind != CTX_SEX;
    kind->n_told += n_clinical > 0;
    kind->n_clinical += n_clinical;
    kind->n_claims += r.n_claims;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kind *)a)->name,
                  ((const struct kind *)b)->name);
}

static void print_kinds(struct tally *t)
{
    qsort(t->kind, t->n_kinds, sizeof(t->kind[0]), by_name);
    for (size_t i = 0; i < t->n_kinds; i++)
        printf("kind %s: %zu messages, %zu with clinical events, %zu clinical "
               "of %zu events, %zu claims, %zu about nobody\n",
               t->kind[i].name, t->kind[i].n_messages, t->kind[i].n_told,
               t->kind[i].n_clinical, t->kind[i].n_events, t->kind[i].n_claims,
               t->kind[i].n_nobody);
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
        hl7_read(arena, message->bytes, NULL, NULL, &m, &err) != AN_OK ||
        !reads_events(arena, &m, t)) {
        printf("%s at %zu: BROKEN\n", path, message->offset);
        t->n_broken++;
    }
}

/* Reads names of files, one a line. */
int main(void)
{
    char path[PATH_BYTES];
    struct an_arena arena;
    static struct tally t;

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
    print_kinds(&t);
    printf("%zu files, %zu messages, %zu bytes: %zu with warnings, %zu refused "
           "with a place, %zu warnings of batches, %zu BROKEN\n",
           t.n_files, t.n_messages, t.n_bytes, t.n_warned, t.n_refused,
           t.n_batch_warnings, t.n_broken);
    return t.n_broken || t.n_messages == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
