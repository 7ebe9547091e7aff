/* SPDX-License-Identifier: Apache-2.0 */
/* What a call of the ABI costs a host: of the library in its process, or of the
 * helper's client, whichever is loaded.
 *
 *     bench_abi NAME LIBRARY CONFIG
 *
 * NAME/message: one that is new, stored durably.  NAME/repeat: the same again,
 * which writes nothing.  NAME/nothing: a drain of an engine that rests, which is
 * little but the way there and back. */
#include "plugin/anamnesis.h"
#include "tests/bench.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 300, CALLS = 3000, WARM = 50, BYTES = 65536 };

static const anamnesis_plugin *p;
static anamnesis_engine *engine;

static void require(int truth, const char *what)
{
    if (truth)
        return;
    (void)fprintf(stderr, "bench_abi: %s\n", what);
    exit(EXIT_FAILURE);
}

static void load(const char *library)
{
    const anamnesis_plugin *(*entry)(uint32_t, anamnesis_error *) = NULL;
    void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    require(so != NULL, "the library cannot be loaded");
    *(void **)&entry = dlsym(so, "anamnesis_plugin_entry");
    require(entry != NULL, "it is none of ours");
    p = entry(ANAMNESIS_ABI_MAJOR, NULL);
    require(p != NULL, "it is of another version");
}

static void open_engine(const char *path)
{
    static char yaml[BYTES];
    anamnesis_error error = {.struct_size = sizeof(error)};
    anamnesis_host host = {.struct_size = sizeof(host)};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(yaml, 1, sizeof(yaml), f) : 0;

    require(f != NULL && fclose(f) == 0, "no configuration");
    require(p->create(&host, yaml, n, &engine, &error) == ANAMNESIS_OK,
            error.text);
}

static void send(const char *name, int number)
{
    anamnesis_error error = {.struct_size = sizeof(error)};
    anamnesis_results *results;
    char text[512];
    int n = snprintf(text, sizeof(text),
                     "MSH|^~\\&|A|B|C|D|20260315113000||ADT^A08|%s%d|P|2.5.1\r"
                     "EVN|A08|20260315113000\r"
                     "PID|1||%d^^^B^MR||Invented^Person||19530417|F\r"
                     "PV1|1|I|4WEST\r",
                     name, number, number % 97);
    anamnesis_message in = {.struct_size = sizeof(in),
                            .data = (const uint8_t *)text,
                            .n = (size_t)n,
                            .content_type = ANAMNESIS_TYPE_HL7};

    require(p->process(engine, &in, &results, &error) == ANAMNESIS_OK,
            error.text);
    p->results_free(results);
}

static void row(const char *name, const char *what, double seconds, int n)
{
    char full[128];

    (void)snprintf(full, sizeof(full), "%s/%s", name, what);
    bench_row(full, seconds * 1e6 / n, "us");
}

int main(int argc, char **argv)
{
    double began_s;

    require(argc == 4, "usage: bench_abi NAME LIBRARY CONFIG");
    load(argv[2]);
    open_engine(argv[3]);
    for (int i = 0; i < WARM; i++)
        send(argv[1], i);
    began_s = bench_now_s();
    for (int i = 0; i < MESSAGES; i++)
        send(argv[1], WARM + i);
    row(argv[1], "message", bench_now_s() - began_s, MESSAGES);
    began_s = bench_now_s();
    for (int i = 0; i < CALLS; i++)
        send(argv[1], 0);
    row(argv[1], "repeat", bench_now_s() - began_s, CALLS);
    began_s = bench_now_s();
    for (int i = 0; i < CALLS; i++)
        require(p->drain(engine, 0) == ANAMNESIS_OK, "it does not rest");
    row(argv[1], "nothing", bench_now_s() - began_s, CALLS);
    p->destroy(engine);
    return EXIT_SUCCESS;
}
