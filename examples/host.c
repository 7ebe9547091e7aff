/* SPDX-License-Identifier: Apache-2.0 */
/* A host in C: loads the library, opens an engine on a configuration, gives it
 * the files named on the command line, and prints what comes back.
 *
 *     cc host.c -o host $(pkg-config --cflags anamnesis)
 *     ./host /usr/local/lib/libanamnesis.so anamnesis.yaml FILE...
 */
#include <anamnesis.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char bytes[1 << 20];

static size_t slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;

    if (f == NULL || fclose(f) != 0 || n == sizeof(bytes))
        exit(fprintf(stderr, "host: %s cannot be read\n", path) > 0);
    return n;
}

static void say(void *host_data, int32_t level, const char *line, size_t n)
{
    (void)host_data;
    (void)fprintf(stderr, "[%d] %.*s\n", (int)level, (int)n, line);
}

static int feed(const anamnesis_plugin *p, anamnesis_engine *engine,
                const char *path)
{
    anamnesis_error error = {.struct_size = sizeof(error)};
    anamnesis_result one = {.struct_size = sizeof(one)};
    anamnesis_results *results;
    size_t n = slurp(path);
    anamnesis_message in = {.struct_size = sizeof(in),
                            .data = (const uint8_t *)bytes,
                            .n = n,
                            .content_type = bytes[0] == '{'
                                                ? ANAMNESIS_TYPE_FHIR
                                                : ANAMNESIS_TYPE_HL7,
                            .message_id = path};
    anamnesis_status status = p->process(engine, &in, &results, &error);

    printf("== %s: %d%s%s\n", path, (int)status, status ? ", " : "",
           error.text);
    for (uint32_t i = 0; p->result_at(results, i, &one) == 0; i++)
        printf("-- %s\n%s\n", one.content_type, (const char *)one.data);
    p->results_free(results);
    return status != ANAMNESIS_OK;
}

int main(int argc, char **argv)
{
    anamnesis_error error = {.struct_size = sizeof(error)};
    anamnesis_host host = {
        .struct_size = sizeof(host), .name = "example", .log = say};
    const anamnesis_plugin *(*entry)(uint32_t, anamnesis_error *) = NULL;
    const anamnesis_plugin *p;
    anamnesis_engine *engine;
    int n_bad = 0;
    void *library = argc > 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (library)
        *(void **)&entry = dlsym(library, "anamnesis_plugin_entry");
    if (entry == NULL)
        return fprintf(stderr, "usage: host LIBRARY CONFIG FILE...\n") > 0;
    p = entry(ANAMNESIS_ABI_MAJOR, &error);
    if (p == NULL ||
        p->create(&host, bytes, slurp(argv[2]), &engine, &error) != 0)
        return fprintf(stderr, "host: %s\n", error.text) > 0;
    for (int i = 3; i < argc; i++)
        n_bad += feed(p, engine, argv[i]);
    p->destroy(engine);
    return dlclose(library) != 0 || n_bad != 0;
}
