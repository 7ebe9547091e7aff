/* SPDX-License-Identifier: Apache-2.0 */
/* Reads FHIR files without an error and says how many events of each kind they
 * gave: tests/fhir_corpus FILE... for one resource a file, tests/fhir_corpus -
 * for NDJSON on standard input.  tests/fhir_corpus.sh feeds it. */
#include "fhir/ndjson.h"
#include "fhir/read.h"
#include "tests/bench.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 8 << 20 };

struct totals {
    uint64_t events[CTX_N_KINDS], claims, parts, warnings, readings, bytes;
    uint64_t seen, used;
    double read_s;
};

static void die(const char *what, const struct an_err *err)
{
    char text[512] = "";

    if (err)
        (void)an_err_print(err, text, sizeof(text));
    (void)fprintf(stderr, "fhir_corpus: %s: %s\n", what, text);
    exit(EXIT_FAILURE);
}

static void count(struct totals *t, const struct ctx_reading *r)
{
    for (size_t i = 0; i < r->n_parts; i++)
        for (size_t k = 0; k < r->part[i].n_events; k++)
            t->events[r->part[i].event[k].kind]++;
    for (size_t i = 0; i < r->n_accounts; i++) {
        t->seen += r->account[i].n_seen;
        t->used += r->account[i].n_used;
    }
    t->claims += r->n_claims;
    t->parts += r->n_parts;
    t->warnings += r->n_warnings;
    t->readings++;
}

static void read_one(struct totals *t, struct an_arena *arena,
                     struct an_str bytes, const char *name)
{
    static const struct fhir_settings settings;
    static struct ctx_reading reading;
    struct an_err err;
    double t0 = bench_now_s();

    if (fhir_read(arena, &settings, bytes, &reading, &err) != AN_OK)
        die(name, &err);
    count(t, &reading);
    an_arena_reset(arena);
    t->read_s += bench_now_s() - t0;
    t->bytes += bytes.n;
}

static void read_file(struct totals *t, struct an_arena *arena,
                      const char *path, char *buffer)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL)
        die(path, NULL);
    n = fread(buffer, 1, BUFFER_BYTES, f);
    if (n == BUFFER_BYTES)
        die("a file is larger than the buffer", NULL);
    (void)fclose(f);
    read_one(t, arena, (struct an_str){buffer, n}, path);
}

static void read_lines(struct totals *t, struct an_arena *arena, char *buffer)
{
    struct fhir_ndjson lines = {.last = false};
    size_t kept = 0;
    struct an_str line;

    while (!lines.last) {
        size_t n = fread(buffer + kept, 1, BUFFER_BYTES - kept, stdin);

        lines.last = n == 0;
        if (n == 0 && kept == BUFFER_BYTES)
            die("a line is larger than the buffer", NULL);
        lines.rest = (struct an_str){buffer, kept + n};
        while (fhir_ndjson_next(&lines, &line))
            read_one(t, arena, line, "standard input");
        kept = lines.rest.n;
        if (kept)
            memmove(buffer, lines.rest.p, kept);
    }
}

static void print(const struct totals *t)
{
    for (unsigned k = 0; k < CTX_N_KINDS; k++)
        if (t->events[k])
            printf("  %8llu %s\n", (unsigned long long)t->events[k],
                   ctx_kind_text(k));
    printf("  %llu readings, %llu parts, %llu claims, %llu warnings; %llu of "
           "%llu resources used\n",
           (unsigned long long)t->readings, (unsigned long long)t->parts,
           (unsigned long long)t->claims, (unsigned long long)t->warnings,
           (unsigned long long)t->used, (unsigned long long)t->seen);
    printf("  %.1f MB in %.2f s, %.0f MB/s\n", (double)t->bytes / 1e6,
           t->read_s, (double)t->bytes / 1e6 / t->read_s);
}

int main(int argc, char **argv)
{
    char *buffer = malloc(BUFFER_BYTES);
    struct totals t = {.readings = 0};
    struct an_arena arena;

    if (buffer == NULL)
        die("out of memory", NULL);
    an_arena_init(&arena, (size_t)1 << 30);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-") == 0)
            read_lines(&t, &arena, buffer);
        else
            read_file(&t, &arena, argv[i], buffer);
    an_arena_free(&arena);
    free(buffer);
    if (t.readings == 0)
        die("nothing to read", NULL);
    print(&t);
    return EXIT_SUCCESS;
}
