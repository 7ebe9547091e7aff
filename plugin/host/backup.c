/* SPDX-License-Identifier: Apache-2.0 */
/* backup and restore: a copy of the store, and one in its place. */
#include "plugin/store/backup.h"

#include "plugin/host/command.h"
#include "plugin/store/outgoing.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 256 << 20, PAUSE_MS = 2 };

static void print_result(const char *what, const char *path,
                         const struct pl_backup_result *r)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(r->sha256.b, sizeof(r->sha256.b), hex);
    (void)printf("%s %s: %lld bytes, SHA-256 %s\n", what, path,
                 (long long)r->bytes, hex);
    if (r->aside[0])
        (void)printf("the store that was there is %s\n", r->aside);
}

int pl_command_backup(const struct pl_invocation *in)
{
    bool force = in->argc == 2 && strcmp(in->argv[0], "--force") == 0;
    struct pl_backup_options o = {.replace = force, .pause_ms = PAUSE_MS};
    struct pl_backup_result result;
    struct cfg_options options;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc != 1 + force || in->argv[in->argc - 1][0] == '-')
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &arena, &options, &err);
    if (rc == AN_OK) {
        o.path = options.store_path.p;
        o.to = in->argv[in->argc - 1];
        rc = pl_backup(&o, &result, &err);
    }
    if (rc == AN_OK)
        print_result("copied to", o.to, &result);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}

/* Its keys are here, all of it is whole, and its audit trail too. */
static enum an_code verify(void *ctx, const char *path, struct an_err *err)
{
    const struct cfg_options *options = ctx;
    struct pl_reader *reader = NULL;
    struct pl_audit_chain chain;
    struct an_arena arena;
    enum an_code rc = pl_reader_of_copy(options, path, &reader, err);

    an_arena_init(&arena, ARENA_BYTES);
    if (rc == AN_OK)
        rc = pl_check(reader, &arena, err);
    if (rc == AN_OK)
        rc = pl_audit_verify(reader, &arena, NULL, &chain, err);
    if (rc == AN_OK)
        (void)printf("the copy is whole, its audit trail has %lld rows\n",
                     (long long)chain.n);
    an_arena_free(&arena);
    pl_reader_close(reader);
    return rc;
}

int pl_command_restore(const struct pl_invocation *in)
{
    struct pl_backup_options o = {.replace = true};
    struct pl_backup_result result;
    struct cfg_options options;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc != 1 || in->argv[0][0] == '-')
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &arena, &options, &err);
    if (rc == AN_OK) {
        o.path = options.store_path.p;
        o.to = in->argv[0];
        rc = pl_restore(&o, verify, &options, &result, &err);
    }
    if (rc == AN_OK)
        print_result("restored from", o.to, &result);
    if (rc == AN_OK && result.is_older)
        (void)printf("an earlier version made it: it was brought up to date\n");
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
