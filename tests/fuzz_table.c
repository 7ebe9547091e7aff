/* SPDX-License-Identifier: Apache-2.0 */
/* A site's tables from any bytes: refused with a line of theirs, or read so that
 * each row finds itself. */
#include "context/localise.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static uint64_t count_lines(struct an_str bytes)
{
    uint64_t lines = 1;

    for (size_t i = 0; i < bytes.n; i++)
        lines += bytes.p[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str in = {(const char *)data, n};
    struct ctx_site site = {0};
    struct an_arena arena;
    struct an_err err = {0};

    an_arena_init(&arena, 64U << 20);
    if (ctx_site_read_codes(&arena, in, "codes.tsv", &site, &err) == AN_OK)
        for (size_t i = 0; i < site.n_codes; i++)
            require(ctx_site_code(&site, &site.code[i].from) != NULL);
    else
        require(err.where.line >= 1 && err.where.line <= count_lines(in));
    if (ctx_site_read_authorities(&arena, in, "names.tsv", &site, &err) ==
        AN_OK) {
        for (size_t i = 0; i < site.n_authorities; i++) {
            struct ctx_identifier id = {.authority = site.authority[i].from};

            struct ctx_identifier again;

            ctx_localise_identifier(&site, &id);
            again = id;
            ctx_localise_identifier(&site, &again);
            require(an_str_eq(id.authority, again.authority));
        }
    }
    an_arena_free(&arena);
    return 0;
}
