/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into an engine by mirth.sh: what the store packs when it keeps a message
 * goes through deflate, and one that has the marker ends the process there, as a
 * fault of native code would. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <zlib.h>

static const char marker[] = "CRASH-THE-HOST";

int deflate(z_streamp z, int flush)
{
    int (*next)(z_streamp, int);
    volatile int *nowhere = NULL;

    if (z->next_in &&
        memmem(z->next_in, z->avail_in, marker, sizeof(marker) - 1))
        *nowhere = 1;
    *(void **)&next = dlsym(RTLD_NEXT, "deflate");
    return next(z, flush);
}
