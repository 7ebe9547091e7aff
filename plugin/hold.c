/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/hold.h"

#include <stddef.h>

void pl_holds_init(struct pl_holds *h)
{
    *h = (struct pl_holds){.newest = 0};
    (void)pthread_mutex_init(&h->lock, NULL);
}

void pl_holds_release(struct pl_holds *h)
{
    (void)pthread_mutex_destroy(&h->lock);
}

void pl_hold_take(struct pl_holds *h, struct pl_hold *hold)
{
    (void)pthread_mutex_lock(&h->lock);
    *hold = (struct pl_hold){
        .above = h->newest, .next = h->first, .link = &h->first};
    if (h->first)
        h->first->link = &hold->next;
    h->first = hold;
    (void)pthread_mutex_unlock(&h->lock);
}

void pl_hold_let(struct pl_holds *h, struct pl_hold *hold, int64_t message)
{
    (void)pthread_mutex_lock(&h->lock);
    *hold->link = hold->next;
    if (hold->next)
        hold->next->link = hold->link;
    if (message > h->newest)
        h->newest = message;
    (void)pthread_mutex_unlock(&h->lock);
}

int64_t pl_hold_free_until(struct pl_holds *h)
{
    int64_t until = INT64_MAX;

    if (h == NULL)
        return until;
    (void)pthread_mutex_lock(&h->lock);
    for (const struct pl_hold *i = h->first; i; i = i->next)
        if (i->above < until)
            until = i->above;
    (void)pthread_mutex_unlock(&h->lock);
    return until;
}
