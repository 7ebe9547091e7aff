/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/switches.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct switch_name {
    char text[PL_SWITCH_NAME_BYTES];
    size_t n;
};

struct pl_switches {
    pthread_mutex_t lock;
    int64_t generation;
    size_t n;
    struct switch_name name[PL_SWITCHES];
};

enum an_code pl_switches_new(struct pl_switches **out, struct an_err *err)
{
    struct pl_switches *s = calloc(1, sizeof(*s));

    *out = s;
    if (s == NULL)
        return an_fail_nomem(err);
    (void)pthread_mutex_init(&s->lock, NULL);
    s->generation = -1;
    return AN_OK;
}

void pl_switches_free(struct pl_switches *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

static void take(struct pl_switches *s, int64_t generation,
                 const struct an_str *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(s->name[i].text, name[i].p, name[i].n);
        s->name[i].n = name[i].n;
    }
    s->n = n;
    s->generation = generation;
}

enum an_code pl_switches_set(struct pl_switches *s, int64_t generation,
                             const struct an_str *name, size_t n,
                             struct an_err *err)
{
    if (n > PL_SWITCHES)
        return an_fail(err, AN_LIMIT, "there are too many kill switches", 0);
    for (size_t i = 0; i < n; i++)
        if (name[i].n == 0 || name[i].n >= PL_SWITCH_NAME_BYTES)
            return an_fail(err, AN_LIMIT,
                           "the name of a kill switch is too "
                           "long, or empty",
                           0);
    (void)pthread_mutex_lock(&s->lock);
    if (generation >= s->generation)
        take(s, generation, name, n);
    (void)pthread_mutex_unlock(&s->lock);
    return AN_OK;
}

int64_t pl_switches_generation(struct pl_switches *s)
{
    int64_t generation = 0;

    if (s == NULL)
        return 0;
    (void)pthread_mutex_lock(&s->lock);
    generation = s->generation;
    (void)pthread_mutex_unlock(&s->lock);
    return generation;
}

bool pl_switches_stop(struct pl_switches *s, const char *kind,
                      struct an_str topic)
{
    bool stop;

    if (s == NULL)
        return false;
    (void)pthread_mutex_lock(&s->lock);
    stop = s->generation < 0;
    for (size_t i = 0; !stop && i < s->n; i++) {
        struct an_str name = {s->name[i].text, s->name[i].n};

        stop = an_str_eq(name, AN_STR(PL_SWITCH_ALL)) ||
               an_str_eq(name, an_str_c(kind)) || an_str_eq(name, topic);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return stop;
}

bool pl_switch_is_name(struct an_str name)
{
    if (name.n == 0 || name.n >= PL_SWITCH_NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '_' || c == '.'))
            return false;
    }
    return true;
}
