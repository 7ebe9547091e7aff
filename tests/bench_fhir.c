/* SPDX-License-Identifier: Apache-2.0 */
/* A Bundle becomes events, beside yajl's own SAX speed on the same bytes in
 * the same run: the share of it is what is held against the bar (60 %).
 *
 * With ANAMNESIS_DATA set: the first N_BUNDLES Synthea bundles, as they come
 * (pretty) and without blanks (minified); otherwise a bundle of our own. */
#include "base/json.h"
#include "fhir/read.h"
#include "tests/bench.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

enum { N_BUNDLES = 24, N_ROUNDS = 15, MAX_LOAD_BYTES = 64 << 20 };

struct corpus {
    struct an_str bundle[N_BUNDLES];
    size_t n, bytes;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_fhir: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- what is read ------------------------------------------------------- */

/* In a pretty bundle only the outermost brace closes in the first column. */
static void cut_bundles(struct corpus *c, const char *p, size_t n)
{
    size_t start = 0;

    *c = (struct corpus){.n = 0};
    for (size_t i = 1; i < n && c->n < N_BUNDLES; i++) {
        if (p[i] != '}' || p[i - 1] != '\n')
            continue;
        c->bundle[c->n++] = (struct an_str){p + start, i + 1 - start};
        c->bytes += i + 1 - start;
        start = i + 1;
    }
}

static bool load_synthea(struct corpus *c)
{
    const char *data = getenv("ANAMNESIS_DATA");
    char command[1024];
    char *p = malloc(MAX_LOAD_BYTES);
    FILE *tar;
    size_t n;

    if (data == NULL || p == NULL)
        return false;
    (void)snprintf(command, sizeof(command),
                   "tar --zstd -xOf '%s/synthea-r4/synthea-r4-dev.tar.zst' "
                   "--wildcards '*.json' 2>/dev/null",
                   data);
    tar = popen(command, "r");
    if (tar == NULL)
        return false;
    n = fread(p, 1, MAX_LOAD_BYTES, tar);
    (void)pclose(tar);
    cut_bundles(c, p, n);
    return c->n > 0;
}

/* An invented patient with as many vital signs as make a bundle of a MB. */
static void make_bundle(struct corpus *c)
{
    enum { N_OBSERVATIONS = 1500, EACH = 1024 };
    char *p = malloc((size_t)N_OBSERVATIONS * EACH + EACH);
    size_t n = 0;

    if (p == NULL)
        die("out of memory");
    n += (size_t)sprintf(
        p, "{\n \"resourceType\": \"Bundle\",\n \"type\": \"collection\",\n"
           " \"entry\": [\n  {\"fullUrl\": \"urn:uuid:1\", \"resource\": "
           "{\"resourceType\": \"Patient\", \"id\": \"1\", \"gender\": "
           "\"female\", \"birthDate\": \"1950-04-01\"}}");
    for (int i = 0; i < N_OBSERVATIONS; i++)
        n += (size_t)sprintf(
            p + n,
            ",\n  {\n   \"fullUrl\": \"urn:uuid:%d\",\n   \"resource\": {\n"
            "    \"resourceType\": \"Observation\",\n    \"id\": \"o%d\",\n"
            "    \"status\": \"final\",\n    \"code\": {\n     \"coding\": "
            "[\n      {\n       \"system\": \"http://loinc.org\",\n"
            "       \"code\": \"8302-2\",\n       \"display\": \"Body "
            "height\"\n"
            "      }\n     ]\n    },\n    \"subject\": {\n"
            "     \"reference\": \"urn:uuid:1\"\n    },\n"
            "    \"effectiveDateTime\": \"2020-01-%02dT10:%02d:00Z\",\n"
            "    \"valueQuantity\": {\n     \"value\": 17%d.%d,\n"
            "     \"unit\": \"cm\",\n     \"system\": "
            "\"http://unitsofmeasure.org\",\n     \"code\": \"cm\"\n    }\n"
            "   }\n  }",
            i + 2, i, 1 + i % 28, i % 60, i % 10, i % 7);
    n += (size_t)sprintf(p + n, "\n ]\n}");
    cut_bundles(c, p, n);
}

static struct an_str minify(struct an_str s)
{
    char *p = malloc(s.n);
    size_t n = 0;
    bool text = false;

    if (p == NULL)
        die("out of memory");
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];

        if (text && ch == '\\') {
            p[n++] = ch;
            p[n++] = s.p[++i];
            continue;
        }
        if (ch == '"')
            text = !text;
        if (text || (ch != ' ' && ch != '\n' && ch != '\r' && ch != '\t'))
            p[n++] = ch;
    }
    return (struct an_str){p, n};
}

/* ---- what reads it ------------------------------------------------------ */

static int on_nothing(void *ctx)
{
    (void)ctx;
    return 1;
}

static int on_bool(void *ctx, int value)
{
    (void)ctx;
    return value | 1;
}

static int on_text(void *ctx, const unsigned char *p, size_t n)
{
    (void)ctx;
    bench_keep(p + n);
    return 1;
}

static int on_number(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    bench_keep(p + n);
    return 1;
}

static void read_sax(struct an_arena *arena, struct an_str s)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_nothing,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_text,
        .yajl_start_map = on_nothing,
        .yajl_map_key = on_text,
        .yajl_end_map = on_nothing,
        .yajl_start_array = on_nothing,
        .yajl_end_array = on_nothing,
    };
    yajl_handle h = yajl_alloc(&callbacks, NULL, NULL);

    (void)arena;
    if (yajl_parse(h, (const unsigned char *)s.p, s.n) != yajl_status_ok ||
        yajl_complete_parse(h) != yajl_status_ok)
        die("yajl refused a bundle");
    yajl_free(h);
}

static void read_tree(struct an_arena *arena, struct an_str s)
{
    const struct an_json *root;

    if (an_json_read(arena, &(struct an_json_limits){0}, s, &root, NULL))
        die("the JSON reader refused a bundle");
    bench_keep(root);
    an_arena_reset(arena);
}

static void read_events(struct an_arena *arena, struct an_str s)
{
    struct ctx_reading *reading = malloc(sizeof(*reading));

    if (reading == NULL ||
        fhir_read(arena, &(struct fhir_settings){0}, s, reading, NULL))
        die("a bundle was refused");
    bench_keep(reading);
    free(reading);
    an_arena_reset(arena);
}

/* ---- how fast ----------------------------------------------------------- */

typedef void reader(struct an_arena *arena, struct an_str s);

enum { SAX, TREE, EVENTS, N_READERS };

static double once_s(reader *read, struct an_arena *arena, struct an_str s)
{
    double t0 = bench_now_s();

    read(arena, s);
    return bench_now_s() - t0;
}

/* Of each bundle the best round, turn by turn, so that a busy machine slows
 * none of the readers more than the others. */
static void compare(const char *what, const struct corpus *c)
{
    static reader *const readers[] = {read_sax, read_tree, read_events};
    static const char *const name[] = {"yajl_sax", "json_tree", "events"};
    double sum_s[N_READERS] = {0};
    struct an_arena arena;
    char row[64];

    an_arena_init(&arena, (size_t)1 << 30);
    for (size_t k = 0; k < c->n; k++) {
        double best_s[N_READERS] = {1e9, 1e9, 1e9};

        for (int round = 0; round < N_ROUNDS; round++)
            for (int i = 0; i < N_READERS; i++) {
                double s = once_s(readers[i], &arena, c->bundle[k]);

                best_s[i] = s < best_s[i] ? s : best_s[i];
            }
        for (int i = 0; i < N_READERS; i++)
            sum_s[i] += best_s[i];
    }
    an_arena_free(&arena);
    for (int i = 0; i < N_READERS; i++) {
        (void)snprintf(row, sizeof(row), "fhir/%s/%s", what, name[i]);
        bench_row(row, (double)c->bytes / sum_s[i] / 1e6, "MB/s");
    }
    (void)snprintf(row, sizeof(row), "fhir/%s/share_of_sax", what);
    bench_row(row, 100 * sum_s[SAX] / sum_s[EVENTS], "%");
}

int main(void)
{
    struct corpus c, small = {.n = 0};

    if (!load_synthea(&c))
        make_bundle(&c);
    compare("pretty", &c);
    for (size_t i = 0; i < c.n; i++) {
        small.bundle[small.n++] = minify(c.bundle[i]);
        small.bytes += small.bundle[i].n;
    }
    compare("minified", &small);
    return EXIT_SUCCESS;
}
