/* SPDX-License-Identifier: Apache-2.0 */
/* keys: what of our keys others are to know. */
#include "plugin/host/command.h"

#include "plugin/jose/assertion.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 16 << 20 };

int pl_command_keys(const struct pl_invocation *in)
{
    struct pl_assertion_keys *keys = NULL;
    struct cfg_options options;
    struct an_arena arena;
    struct an_str json;
    struct an_err err;
    enum an_code rc;

    if (in->argc != 1 || strcmp(in->argv[0], "--jwks") != 0)
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &arena, &options, &err);
    if (rc == AN_OK && options.outbox_client_key.n == 0)
        rc = an_fail(&err, AN_CONFIG, "outbox.client_key names no file", 0);
    if (rc == AN_OK)
        rc = pl_assertion_keys_open(options.outbox_client_key.p, &keys, &err);
    if (rc == AN_OK)
        rc = pl_assertion_jwks(keys, &arena, &json, &err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(json));
    pl_assertion_keys_close(keys);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
