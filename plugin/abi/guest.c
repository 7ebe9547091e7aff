/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/guest.h"

#include "plugin/abi/call_int.h"
#include "plugin/host/thread.h"

#include <stdlib.h>

/* A house whose one core runs on what somebody else has opened. */
struct abi_guests {
    struct abi_house *house;
};

static enum an_code open_core(struct abi_house *h, struct pl_running *running,
                              const struct an_log *log, struct an_err *err)
{
    struct abi_core *c = calloc(1, sizeof(*c));
    enum an_code rc;

    if (c == NULL)
        return an_fail_nomem(err);
    h->core = c;
    c->house = h;
    c->running = running;
    an_log_init(&c->log, log->fd, log->format,
                (enum an_level)atomic_load(&log->level), pl_clock_us, NULL);
    rc = abi_core_take_desk(c, pl_engine_options(running->engine)->store_path.p,
                            err);
    return rc == AN_OK ? abi_core_disarm(c, err) : rc;
}

enum an_code abi_guests_open(struct pl_running *running,
                             const struct an_log *log, struct abi_guests **out,
                             struct an_err *err)
{
    struct abi_guests *g = calloc(1, sizeof(*g));
    enum an_code rc;

    if (g == NULL)
        return an_fail_nomem(err);
    g->house = abi_house_new();
    rc = g->house ? open_core(g->house, running, log, err) : an_fail_nomem(err);
    if (rc != AN_OK) {
        abi_guests_close(g);
        return rc;
    }
    *out = g;
    return AN_OK;
}

void abi_guests_close(struct abi_guests *g)
{
    if (g == NULL)
        return;
    if (g->house)
        abi_house_free(g->house);
    free(g);
}

struct anamnesis_engine *abi_guest_new(struct abi_guests *g,
                                       const struct abi_guest_calls *calls)
{
    struct anamnesis_engine *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return NULL;
    e->house = g->house;
    e->host = (struct anamnesis_host){.struct_size = sizeof(e->host),
                                      .host_data = calls->data,
                                      .log = calls->log};
    e->cancel = (struct anamnesis_host_cancel){
        .struct_size = sizeof(e->cancel), .is_cancelled = calls->is_cancelled};
    return e;
}

bool abi_guest_name(struct anamnesis_engine *e, const char *name)
{
    if (!abi_is_name(name))
        return false;
    e->host.name = name;
    return true;
}

void abi_guest_free(struct anamnesis_engine *e)
{
    free(e);
}

void abi_guests_count(const struct abi_guests *g, uint64_t n[PL_FAILED + 1])
{
    for (size_t i = 0; i <= PL_FAILED; i++)
        n[i] = atomic_load(&g->house->counts.verdict[i]);
}
