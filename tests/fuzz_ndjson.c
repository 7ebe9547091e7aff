/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of resources out of any bytes, cut anywhere: each line is handed out
 * once, in order, whole; and each is read or refused by itself. */
#include "fhir/ndjson.h"
#include "fhir/read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct fhir_settings settings = {0};
    struct an_str in = {(const char *)data, n}, line;
    struct fhir_ndjson lines = {.rest = in, .last = true};
    const char *at = in.p;
    uint64_t number = 0;
    struct an_arena arena;

    an_arena_init(&arena, 64U << 20);
    while (fhir_ndjson_next(&lines, &line)) {
        struct ctx_reading reading;
        struct an_err err = {0};

        require(line.n > 0 && line.p >= at && line.p + line.n <= in.p + in.n);
        require(lines.line > number);
        number = lines.line;
        at = line.p + line.n;
        if (fhir_read(&arena, &settings, line, &reading, &err) != AN_OK)
            require(err.what != NULL);
        an_arena_reset(&arena);
    }
    an_arena_free(&arena);
    return 0;
}
