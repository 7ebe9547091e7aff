/* SPDX-License-Identifier: Apache-2.0 */
/* rekey: seal all of the store by the first key of store.key_file. */
#include "plugin/store/rekey.h"
#include "plugin/host/command.h"
#include "plugin/store/purge.h"

#include <stdio.h>

int pl_command_rekey(const struct pl_invocation *in)
{
    struct pl_rekey p = {.goes_back = true};
    struct pl_engine *e = NULL;
    struct an_err err;
    enum an_code rc;

    if (in->argc)
        return pl_usage(in);
    rc = pl_invocation_engine(in, false, &e, &err);
    while (rc == AN_OK && !p.finished)
        rc = pl_store_rekey(pl_engine_store(e), &p, &err);
    if (rc == AN_OK)
        rc = pl_store_reclaim(pl_engine_store(e), &err);
    if (rc == AN_OK && p.is_behind)
        rc = an_fail(
            &err, AN_CONFLICT,
            "another program has gone to another key meanwhile, and all "
            "is sealed by that; to go to the first one, say it again",
            0);
    pl_engine_close(e);
    if (rc != AN_OK)
        return pl_complain(&err);
    (void)printf("%lld rows sealed anew; the store needs the first key only\n",
                 (long long)p.n_sealed);
    return PL_EXIT_OK;
}
