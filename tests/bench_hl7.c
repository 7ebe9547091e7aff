/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a message becomes a tree, one thread, beside two limits measured in
 * the same run: finding only the segments, and finding only the delimiters.
 *
 *     tests/bench_hl7 [FILE...]
 *     tests/bench_hl7 print            the invented message
 *
 * Without files: the messages that $ANAMNESIS_DATA/hl7v2/bench.list names, or
 * an invented message; tests/bench_hapi.sh gives HAPI the same.  Times are the best of several passes over all of them,
 * in memory. */
#include "hl7/convert.h"
#include "hl7/message.h"
#include "hl7/print.h"
#include "hl7/read.h"
#include "tests/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MESSAGES = 4096, N_ROUNDS = 15, PATH_BYTES = 4096 };

static struct an_str message[MOST_MESSAGES];
static size_t n_messages, n_bytes;
static struct an_arena arena;
static uint32_t *scratch;

static const char own[] =
    "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20240305081502||ORU^R01^ORU_R01|77|P|2.5.1\r"
    "PID|1||1001^^^NORTH^MR~2002^^^STATE^SS||Sample^Ada^M||19700102|F|||1 Main "
    "St^^Town^ST^12345||^PRN^PH^^1^555^5550100\r"
    "PV1|1|I|W1^2^A^NORTH||||9^Doe^Jo^^^Dr||||||||||||V100\r"
    "OBR|1|55|66|24323-8^Comprehensive metabolic panel^LN|||20240305074500\r"
    "OBX|1|NM|2345-7^Glucose^LN||101|mg/dL^^UCUM|70-99|H|||F\r"
    "OBX|2|NM|2160-0^Creatinine^LN||0.9|mg/dL^^UCUM|0.6-1.1|N|||F\r"
    "OBX|3|ST|8251-1^Comment^LN||fasting \\T\\ at rest||||||F\r";

static void add_message(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *p = NULL;
    long n = -1;

    if (f && fseek(f, 0, SEEK_END) == 0)
        n = ftell(f);
    if (n >= 0 && fseek(f, 0, SEEK_SET) == 0)
        p = malloc((size_t)n + 1);
    if (p == NULL || fread(p, 1, (size_t)n, f) != (size_t)n ||
        n_messages == MOST_MESSAGES) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    message[n_messages++] = (struct an_str){p, (size_t)n};
    n_bytes += (size_t)n;
}

static void add_list(const char *data)
{
    char path[PATH_BYTES], line[PATH_BYTES / 2];
    FILE *f;

    snprintf(path, sizeof(path), "%s/hl7v2/bench.list", data);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, sizeof(path), "%s/hl7v2/messages/%s", data, line);
        add_message(path);
    }
    if (f)
        fclose(f);
}

static size_t segments_only(struct an_str s)
{
    size_t n = 0;
    const char *end = s.p + s.n;

    for (const char *p = s.p; p && p < end; n++) {
        p = memchr(p, '\r', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return n;
}

static size_t delimiters_only(struct an_str s)
{
    static unsigned char cls[256];
    size_t n = 0;

    if (cls['|'] == 0) {
        hl7_delims_classes(&hl7_delims_recommended, cls);
        cls['\r'] = cls['\n'] = HL7_SEGMENT;
    }
    for (size_t i = 0; i < s.n; i++) {
        scratch[n] = (uint32_t)i;
        n += cls[(unsigned char)s.p[i]] != 0;
    }
    return n;
}

static size_t full_parse(struct an_str s)
{
    struct hl7_message m;

    if (hl7_parse(&arena, s, NULL, &m, NULL) != AN_OK)
        return 0;
    an_arena_reset(&arena);
    return m.n_segments;
}

static size_t parse_and_print(struct an_str s)
{
    struct hl7_message m;
    struct an_str printed = {0};

    if (hl7_parse(&arena, s, NULL, &m, NULL) != AN_OK ||
        hl7_print(&m, &arena, &printed, NULL) != AN_OK)
        return 0;
    an_arena_reset(&arena);
    return printed.n;
}

/* 1 when what is printed from the tree is what was parsed, bit 32 when it could
 * be parsed at all. */
static size_t comes_back(struct an_str s)
{
    struct hl7_message m;
    struct an_str printed = {0};
    size_t same;

    if (hl7_parse(&arena, s, NULL, &m, NULL) != AN_OK)
        return 0;
    same =
        hl7_print(&m, &arena, &printed, NULL) == AN_OK && an_str_eq(printed, s);
    an_arena_reset(&arena);
    return (size_t)1 << 32 | same;
}

/* From bytes to a FHIR Bundle's bytes. */
static size_t convert(struct an_str s)
{
    const struct hl7_convert_settings settings = {.bundle = HL7_BUNDLE_MESSAGE};
    struct hl7_converted made = {.n_resources = 0};
    struct hl7_message m;

    if (hl7_read(&arena, s, NULL, NULL, &m, NULL) == AN_OK &&
        hl7_convert(&arena, &settings, &m, &made, NULL) != AN_OK)
        made.n_resources = 0;
    an_arena_reset(&arena);
    return made.n_resources;
}

/* What mapping does at most: the charset decided, each leaf as text. */
static size_t read_all_text(struct an_str s)
{
    struct hl7_message m;
    size_t n = 0;

    if (hl7_read(&arena, s, NULL, NULL, &m, NULL) != AN_OK)
        return 0;
    for (size_t i = 0; i < m.n_segments; i++)
        for (size_t f = 0; f <= hl7_n_fields(&m, i); f++) {
            struct hl7_node field = hl7_field(&m, i, f), leaf;
            struct hl7_text text;

            while (hl7_cut(&field, HL7_SUBCOMPONENT, &leaf))
                if (hl7_text(&m, hl7_raw(leaf), &text, NULL) == AN_OK)
                    n += text.s.n;
        }
    an_arena_reset(&arena);
    return n;
}

static double best_s(size_t (*work)(struct an_str))
{
    size_t sink = 0;
    double best = 1e9;

    for (int round = 0; round < N_ROUNDS; round++) {
        double start = bench_now_s(), took;

        for (size_t i = 0; i < n_messages; i++)
            sink += work(message[i]);
        took = bench_now_s() - start;
        if (took < best)
            best = took;
    }
    bench_keep(&sink);
    return best;
}

static double report(const char *name, size_t (*work)(struct an_str))
{
    double s = best_s(work);

    bench_row(name, (double)n_bytes / s * 1e-6, "MB/s");
    return s;
}

/* How near the limit: 1 would be as fast as finding the delimiters. */
static void report_share(const char *name, double limit_s, double s)
{
    bench_row(name, limit_s / s, "of the delimiter scan");
}

static void report_round_trip(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < n_messages; i++)
        sum += comes_back(message[i]);
    bench_row("hl7/comes_back",
              100.0 * (double)(sum & UINT32_MAX) / (double)(sum >> 32),
              "% of those accepted");
}

static void add_all(int n, char **path)
{
    const char *data = getenv("ANAMNESIS_DATA");

    for (int i = 0; i < n; i++)
        add_message(path[i]);
    if (n_messages == 0 && data)
        add_list(data);
    if (n_messages == 0) {
        for (int i = 0; i < 256; i++)
            message[n_messages++] = an_str_c(own);
        n_bytes = n_messages * (sizeof(own) - 1);
    }
}

int main(int argc, char **argv)
{
    size_t longest = 0;
    double limit_s, parse_s, read_s, convert_s;

    if (argc == 2 && strcmp(argv[1], "print") == 0)
        return fputs(own, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    add_all(argc - 1, argv + 1);
    for (size_t i = 0; i < n_messages; i++)
        longest = message[i].n > longest ? message[i].n : longest;
    scratch = calloc(longest + 1, sizeof(*scratch));
    if (scratch == NULL)
        return EXIT_FAILURE;
    an_arena_init(&arena, 256U << 20);
    bench_row("hl7/messages", (double)n_messages, "messages");
    bench_row("hl7/message_bytes", (double)n_bytes, "bytes");
    report("hl7/limit_segments_memchr", segments_only);
    limit_s = report("hl7/limit_delimiters_table", delimiters_only);
    parse_s = report("hl7/parse", full_parse);
    report_share("hl7/parse_share", limit_s, parse_s);
    read_s = report("hl7/read_every_leaf_as_text", read_all_text);
    report_share("hl7/read_share", limit_s, read_s);
    report("hl7/parse_and_print", parse_and_print);
    report_round_trip();
    convert_s = report("hl7/convert", convert);
    bench_row("hl7/convert_messages", (double)n_messages / convert_s, "msg/s");
    an_arena_free(&arena);
    free(scratch);
    return EXIT_SUCCESS;
}
