/* SPDX-License-Identifier: Apache-2.0 */
/* The extension ANAMNESIS_CHART: what is to be said of a patient now. */
#include "fhir/outcome.h"
#include "plugin/abi/call_int.h"
#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"

/* No result at all would be taken for "nothing found". */
static enum an_code tell_opted_out(struct an_arena *arena,
                                   struct anamnesis_results *out,
                                   struct an_err *err)
{
    struct an_str json;
    enum an_code rc = fhir_outcome_told(arena, PL_OPTED_OUT, &json, err);

    if (rc != AN_OK)
        return rc;
    return abi_results_add(out, ANAMNESIS_DIAGNOSTIC, ANAMNESIS_TYPE_FHIR, json)
               ? AN_OK
               : an_fail_nomem(err);
}

static anamnesis_status ask(struct abi_call *c, const char *authority,
                            const char *value, const char *user,
                            struct anamnesis_results *out,
                            struct anamnesis_error *error)
{
    struct pl_reply_ask how = abi_call_ask(c, user, "chart");
    struct abi_counts *counts = &c->core->house->counts;
    struct pl_reply reply;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, ABI_CALL_BYTES);
    rc = pl_reply_chart(c->core->running, &arena, an_str_c(authority),
                        an_str_c(value), &how, &reply, &err);
    for (size_t i = 0; rc == AN_OK && i < reply.n_bundles; i++)
        if (!abi_results_add(out, ANAMNESIS_FHIR_BUNDLE, ANAMNESIS_TYPE_FHIR,
                             reply.bundle[i]))
            rc = an_fail_nomem(&err);
    if (rc == AN_OK && reply.opted_out)
        rc = tell_opted_out(&arena, out, &err);
    if (rc == AN_OK) {
        atomic_fetch_add(&counts->bundles, reply.n_bundles);
        atomic_fetch_add(&counts->suggestions, reply.n_shown);
    }
    an_arena_free(&arena);
    if (rc == AN_NOTFOUND || rc == AN_CONFLICT)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, err.what);
    return rc == AN_OK ? abi_ok(error) : abi_fail_err(error, &err);
}

anamnesis_status abi_chart_ask(struct anamnesis_engine *engine,
                               const char *authority, const char *value,
                               const char *user, uint32_t deadline_ms,
                               struct anamnesis_results **results,
                               struct anamnesis_error *error)
{
    anamnesis_status status;
    struct abi_call call;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL || value == NULL ||
        !abi_is_name(user))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, patient or place for results, or a "
                        "user who is no text");
    if (abi_is_quitting())
        return abi_fail(error, ANAMNESIS_E_UNAVAILABLE, "the process ends");
    *results = abi_results_new();
    if (*results == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
    abi_call_begin(&call, engine, NULL, deadline_ms);
    status = abi_call_may_show(&call) ? ask(&call, authority ? authority : "",
                                            value, user, *results, error)
                                      : abi_ok(error);
    abi_call_end(&call);
    return status;
}
