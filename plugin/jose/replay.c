/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/replay.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 16, ROW = 32 };

struct used {
    uint8_t name[NAME_BYTES];
    int64_t until_s; /* 0: nothing stands here */
};

struct pl_replay {
    pthread_mutex_t lock;
    size_t n_rows;
    struct used *used; /* ROW of each */
};

enum an_code pl_replay_open(size_t n, struct pl_replay **out,
                            struct an_err *err)
{
    struct pl_replay *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (r == NULL)
        return an_fail_nomem(err);
    r->n_rows = (n + ROW - 1) / ROW;
    r->used = calloc(r->n_rows * ROW, sizeof(*r->used));
    if (r->used == NULL) {
        free(r);
        return an_fail_nomem(err);
    }
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return AN_OK;
}

void pl_replay_close(struct pl_replay *r)
{
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->used);
    free(r);
}

static bool name_of(struct an_str issuer, struct an_str jti,
                    struct an_sha256 *name)
{
    struct an_sha256_run run;

    if (an_sha256_begin(&run, NULL) != AN_OK)
        return false;
    if (an_sha256_add(&run, issuer, NULL) != AN_OK ||
        an_sha256_add(&run, AN_STR("\0"), NULL) != AN_OK ||
        an_sha256_add(&run, jti, NULL) != AN_OK) {
        an_sha256_end(&run, name);
        return false;
    }
    an_sha256_end(&run, name);
    return true;
}

/* Of its row; a free place is one whose time is over. */
static enum pl_replay_fate put(struct used *row, const struct an_sha256 *name,
                               int64_t until_s, int64_t now_s)
{
    struct used *room = NULL;

    for (struct used *u = row; u < row + ROW; u++) {
        if (u->until_s <= now_s)
            room = u;
        else if (memcmp(u->name, name->b, NAME_BYTES) == 0)
            return PL_REPLAY_SEEN;
    }
    if (room == NULL)
        return PL_REPLAY_FULL;
    memcpy(room->name, name->b, NAME_BYTES);
    room->until_s = until_s;
    return PL_REPLAY_NEW;
}

enum pl_replay_fate pl_replay_use(struct pl_replay *r, struct an_str issuer,
                                  struct an_str jti, int64_t until_s,
                                  int64_t now_s)
{
    enum pl_replay_fate fate;
    struct an_sha256 name;
    uint64_t at;

    if (!name_of(issuer, jti, &name))
        return PL_REPLAY_FULL;
    memcpy(&at, name.b + NAME_BYTES, sizeof(at));
    pthread_mutex_lock(&r->lock);
    fate = put(&r->used[at % r->n_rows * ROW], &name, until_s, now_s);
    pthread_mutex_unlock(&r->lock);
    return fate;
}
