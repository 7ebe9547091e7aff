/* SPDX-License-Identifier: Apache-2.0 */
/* One process: built without MPI. */
#include "trainer/fit/ranks.h"

#include <stdlib.h>
#include <string.h>

static bool says_several(const char *variable)
{
    const char *n = getenv(variable);

    return n && strcmp(n, "1") != 0;
}

enum an_code tr_ranks_begin(struct tr_ranks *r, struct an_err *err)
{
    *r = (struct tr_ranks){0, 1};
    if (says_several("OMPI_COMM_WORLD_SIZE") || says_several("PMI_SIZE"))
        return an_fail(err, AN_UNSUPPORTED,
                       "this program was built without MPI (configure says "
                       "so): mpirun cannot share its work",
                       0);
    return AN_OK;
}

void tr_ranks_end(const struct tr_ranks *r, bool well)
{
    (void)r;
    (void)well;
}

void tr_ranks_share(const struct tr_ranks *r, int owner, void *bytes, size_t n)
{
    (void)r;
    (void)owner;
    (void)bytes;
    (void)n;
}

void tr_ranks_sum(const struct tr_ranks *r, float *sum, size_t n,
                  tr_ranks_add *add, void *ctx)
{
    (void)r;
    memset(sum, 0, n * sizeof(*sum));
    add(ctx, 0, n, sum);
}
