/* SPDX-License-Identifier: Apache-2.0 */
/* An engine's life: create, reload, drain, destroy. */
#include "plugin/abi/calls.h"

#include "plugin/abi/call_int.h"
#include "plugin/host/thread.h"

#include <fenv.h>

enum { SLICE_MS = 100, CONFIG_BYTES = 4 << 20 };

static anamnesis_status check_config(const char *config, size_t n,
                                     struct anamnesis_error *error)
{
    if (config == NULL && n)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no configuration");
    if (n > CONFIG_BYTES)
        return abi_fail(error, ANAMNESIS_E_CONFIG,
                        "a configuration has at most 4 MiB");
    return ANAMNESIS_OK;
}

static void find_cancel(struct anamnesis_engine *e,
                        const struct anamnesis_host *host)
{
    const void *found =
        host->get_extension
            ? host->get_extension(host->host_data, ANAMNESIS_HOST_CANCEL)
            : NULL;

    if (!abi_adopt(&e->cancel, sizeof(e->cancel), found, sizeof(e->cancel)))
        e->cancel = (struct anamnesis_host_cancel){.is_cancelled = NULL};
}

anamnesis_status abi_create(const struct anamnesis_host *host,
                            const char *config, size_t n,
                            struct anamnesis_engine **engine,
                            struct anamnesis_error *error)
{
    struct anamnesis_host mine;
    struct anamnesis_engine *e;
    anamnesis_status status;
    struct an_err err;
    enum an_code rc;
    fenv_t modes;

    if (engine)
        *engine = NULL;
    if (engine == NULL ||
        !abi_adopt(&mine, sizeof(mine), host, sizeof(mine.struct_size)))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no host struct, or no place for the engine");
    if (!abi_is_name(mine.name))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "the host's name is no text");
    status = check_config(config, n, error);
    if (status != ANAMNESIS_OK)
        return status;
    (void)fegetenv(&modes);
    (void)fesetenv(FE_DFL_ENV);
    rc = abi_house_enter(&mine, (struct an_str){config, n}, &e, &err);
    (void)fesetenv(&modes);
    if (rc != AN_OK)
        return abi_fail_err(error, &err);
    find_cancel(e, &mine);
    *engine = e;
    return abi_ok(error);
}

anamnesis_status abi_reload(struct anamnesis_engine *engine, const char *config,
                            size_t n, struct anamnesis_error *error)
{
    struct an_err err;
    anamnesis_status status;
    enum an_code rc;
    fenv_t modes;

    if (engine == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no engine");
    status = check_config(config, n, error);
    if (status != ANAMNESIS_OK)
        return status;
    (void)fegetenv(&modes);
    (void)fesetenv(FE_DFL_ENV);
    rc = abi_house_reload(engine->house, (struct an_str){config, n}, &err);
    (void)fesetenv(&modes);
    if (rc != AN_OK)
        return abi_fail_err(error, &err);
    return abi_ok(error);
}

/* The watch may be exchanged between two slices. */
static bool drain_watch(struct abi_house *h, int64_t until_ms)
{
    bool done = false;

    while (!done) {
        int64_t left_ms = until_ms - pl_now_ms();
        struct pl_running *r;

        if (left_ms < 0)
            left_ms = 0;
        (void)pthread_mutex_lock(&h->change);
        r = h->core->running;
        done =
            r->watch == NULL ||
            pl_watch_drain(r->watch, left_ms < SLICE_MS ? left_ms : SLICE_MS);
        (void)pthread_mutex_unlock(&h->change);
        if (left_ms == 0)
            break;
    }
    return done;
}

anamnesis_status abi_drain(struct anamnesis_engine *engine, uint32_t timeout_ms)
{
    int64_t until_ms = pl_now_ms() + timeout_ms;

    if (engine == NULL)
        return ANAMNESIS_E_ARGUMENT;
    return abi_house_quiet(engine->house, timeout_ms) &&
                   drain_watch(engine->house, until_ms)
               ? ANAMNESIS_OK
               : ANAMNESIS_E_TIMEOUT;
}

void abi_destroy(struct anamnesis_engine *engine)
{
    if (engine)
        abi_house_leave(engine);
}
