/* SPDX-License-Identifier: Apache-2.0 */
/* MPI's own calls fail by stopping every process, which is what is wanted. */
#include "trainer/fit/ranks.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* A sum goes on to the next rank piece by piece, so that all of them work at it
 * at once. */
enum { PIECE = 1 << 16, TAG = 1 };

/* MPI starts helpers of its own: not for a process that runs alone. */
static bool started_by_mpirun(void)
{
    static const char *const variable[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                           "PMIX_RANK"};

    for (size_t i = 0; i < sizeof(variable) / sizeof(variable[0]); i++)
        if (getenv(variable[i]))
            return true;
    return false;
}

enum an_code tr_ranks_begin(struct tr_ranks *r, struct an_err *err)
{
    int level;

    *r = (struct tr_ranks){0, 1};
    if (!started_by_mpirun())
        return AN_OK;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) !=
            MPI_SUCCESS ||
        level < MPI_THREAD_FUNNELED)
        return an_fail(err, AN_UNSUPPORTED, "this MPI knows no threads", 0);
    MPI_Comm_rank(MPI_COMM_WORLD, &r->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &r->n);
    return AN_OK;
}

void tr_ranks_end(const struct tr_ranks *r, bool well)
{
    int begun = 0;

    MPI_Initialized(&begun);
    if (!begun)
        return;
    if (!well && r->n > 1)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Finalize();
}

static int piece_of(size_t n, size_t at)
{
    return (int)(n - at < PIECE ? n - at : PIECE);
}

void tr_ranks_share(const struct tr_ranks *r, int owner, void *bytes, size_t n)
{
    if (r->n > 1)
        MPI_Bcast(bytes, (int)n, MPI_BYTE, owner, MPI_COMM_WORLD);
}

void tr_ranks_sum(const struct tr_ranks *r, float *sum, size_t n,
                  tr_ranks_add *add, void *ctx)
{
    const int last = r->n - 1;

    for (size_t at = 0; at < n; at += PIECE) {
        const int some = piece_of(n, at);

        if (r->rank > 0)
            MPI_Recv(sum + at, some, MPI_FLOAT, r->rank - 1, TAG,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        else
            memset(sum + at, 0, (size_t)some * sizeof(*sum));
        add(ctx, at, (size_t)some, sum + at);
        if (r->rank < last)
            MPI_Send(sum + at, some, MPI_FLOAT, r->rank + 1, TAG,
                     MPI_COMM_WORLD);
    }
    for (size_t at = 0; last > 0 && at < n; at += PIECE)
        MPI_Bcast(sum + at, piece_of(n, at), MPI_FLOAT, last, MPI_COMM_WORLD);
}
