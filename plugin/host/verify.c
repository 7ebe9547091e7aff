/* SPDX-License-Identifier: Apache-2.0 */
/* verify: is the audit trail whole, and is it the one that was noted? */
#include "plugin/host/command.h"
#include "plugin/store/outgoing.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20 };

/* "[NUMBER HASH]", as this command prints them. */
static bool read_noted(const struct pl_invocation *in,
                       struct pl_audit_chain *noted)
{
    uint64_t n;

    if (in->argc != 2 || !an_str_u64(an_str_c(in->argv[0]), &n) || n == 0 ||
        n > INT64_MAX)
        return false;
    noted->n = (int64_t)n;
    return an_hex_parse(an_str_c(in->argv[1]), noted->last.b,
                        sizeof(noted->last.b));
}

static enum an_code verify(const struct pl_invocation *in,
                           struct an_arena *arena,
                           const struct pl_audit_chain *noted,
                           struct pl_audit_chain *chain, struct an_err *err)
{
    struct pl_reader *reader = NULL;
    struct cfg_options options;
    enum an_code rc = pl_invocation_options(in, arena, &options, err);

    if (rc == AN_OK)
        rc = pl_reader_of(&options, &reader, err);
    if (rc == AN_OK)
        rc = pl_audit_verify(reader, arena, noted, chain, err);
    pl_reader_close(reader);
    return rc;
}

int pl_command_verify(const struct pl_invocation *in)
{
    struct pl_audit_chain noted = {.n = 0}, chain = {.n = 0};
    char hash[AN_SHA256_HEX + 1];
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc && strcmp(in->argv[0], "--lineage") == 0)
        return pl_command_verify_lineage(in);
    if (in->argc && strcmp(in->argv[0], "--signature") == 0)
        return pl_command_verify_signature(in);
    if (in->argc && !read_noted(in, &noted))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = verify(in, &arena, in->argc ? &noted : NULL, &chain, &err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        int status = pl_complain(&err);

        return rc == AN_INTEGRITY ? PL_EXIT_REFUSED : status;
    }
    an_hex_print(chain.last.b, sizeof(chain.last.b), hash);
    (void)printf("the audit trail is whole; note its last row elsewhere:\n"
                 "%lld %s\n",
                 (long long)chain.n, hash);
    return PL_EXIT_OK;
}
