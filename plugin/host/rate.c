/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/rate.h"

#include "base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 8, PLACES = 4096, SECOND_US = 1000000 };

/* The generic cell rate algorithm (ITU-T I.371): all that has to be known of an
 * address is when its account will be level. */
struct place {
    uint8_t address[16];
    int64_t level_us; /* not after now: it owes nothing, the place is free */
};

struct pl_rate {
    pthread_mutex_t lock;
    uint64_t key;
    int64_t each_us;  /* what one request costs */
    int64_t burst_us; /* what may be owed before one more */
    size_t n_rows;
    struct place *place; /* ROW of each */
};

enum an_code pl_rate_open(const struct pl_rate_options *options,
                          struct pl_rate **out, struct an_err *err)
{
    size_t places = options->places ? options->places : PLACES;
    struct pl_rate *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (r == NULL)
        return an_fail_nomem(err);
    r->key = options->key;
    /* Rounded up: never more than was said. */
    r->each_us = (SECOND_US + (int64_t)options->per_s - 1) / options->per_s;
    r->burst_us = r->each_us * ((int64_t)options->burst - 1);
    r->n_rows = (places + ROW - 1) / ROW;
    r->place = calloc(r->n_rows * ROW, sizeof(*r->place));
    if (r->place == NULL) {
        free(r);
        return an_fail_nomem(err);
    }
    for (size_t i = 0; i < r->n_rows * ROW; i++)
        r->place[i].level_us = INT64_MIN;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return AN_OK;
}

void pl_rate_close(struct pl_rate *r)
{
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->place);
    free(r);
}

static bool is_ipv4(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0,    0,
                                       0, 0, 0, 0, 0xFF, 0xFF};

    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* The place of the address; one that owes least where it has none. */
static struct place *find(struct pl_rate *r, const uint8_t address[16])
{
    uint64_t half[2], row;
    struct place *first, *least;

    memcpy(half, address, sizeof(half));
    row = an_random(an_random_key(r->key, half[0]), half[1]) % r->n_rows;
    first = least = &r->place[row * ROW];
    for (struct place *p = first; p < first + ROW; p++) {
        if (memcmp(p->address, address, sizeof(p->address)) == 0)
            return p;
        if (p->level_us < least->level_us)
            least = p;
    }
    memcpy(least->address, address, sizeof(least->address));
    least->level_us = INT64_MIN;
    return least;
}

uint32_t pl_rate_take(struct pl_rate *r, const uint8_t address[16],
                      int64_t now_us)
{
    uint8_t whose[16] = {0};
    int64_t from_us, owed_us;
    struct place *p;

    memcpy(whose, address, is_ipv4(address) ? sizeof(whose) : 8);
    pthread_mutex_lock(&r->lock);
    p = find(r, whose);
    from_us = p->level_us > now_us ? p->level_us : now_us;
    owed_us = from_us - now_us;
    if (owed_us <= r->burst_us)
        p->level_us = from_us + r->each_us;
    pthread_mutex_unlock(&r->lock);
    if (owed_us <= r->burst_us)
        return 0;
    return (uint32_t)((owed_us - r->burst_us + SECOND_US - 1) / SECOND_US);
}
