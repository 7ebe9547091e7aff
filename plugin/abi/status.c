/* SPDX-License-Identifier: Apache-2.0 */
/* How an engine is: JSON with numbers and names of ours. */
#include "base/json_out.h"
#include "plugin/abi/call_int.h"
#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"

#include "config.h"

enum { JSON_BYTES = 1 << 20 };

static void put(struct an_json_out *w, const char *key, uint64_t value)
{
    an_out_key(w, key);
    an_out_i64(w, (int64_t)value);
}

static void put_model(struct an_json_out *w, const struct pl_running *r)
{
    static const char *const stage[] = {"off", "shadow", "trial", "live"};
    const struct pl_policy *policy = pl_engine_policy(r->engine);
    const struct pl_mind *mind = pl_engine_consult(r->engine).mind;

    an_out_key_str(w, "stage", an_str_c(stage[policy->stage]));
    an_out_key(w, "demo");
    an_out_bool(w, policy->environment == CFG_DEMO);
    if (mind == NULL)
        return;
    an_out_key(w, "model");
    an_out_object(w);
    an_out_key_str(w, "name", pl_mind_model(mind).name);
    an_out_key_str(w, "version", pl_mind_model(mind).version);
    an_out_key_str(w, "sha256", pl_mind_model(mind).digest);
    an_out_key(w, "demonstrator");
    an_out_bool(w, pl_mind_model(mind).demonstrator);
    an_out_end(w);
}

static void put_counts(struct an_json_out *w, struct abi_core *core)
{
    static const char *const name[] = {"accepted", "duplicate", "refused",
                                       "failed"};
    struct abi_counts *c = &core->house->counts;

    an_out_key(w, "messages");
    an_out_object(w);
    for (size_t i = 0; i <= PL_FAILED; i++)
        put(w, name[i], atomic_load(&c->verdict[i]));
    put(w, "quarantined", atomic_load(&c->quarantined));
    an_out_end(w);
    put(w, "quarantine", abi_journal_n_poison(core->desk->journal));
    an_out_key(w, "returned");
    an_out_object(w);
    put(w, "bundles", atomic_load(&c->bundles));
    put(w, "suggestions", atomic_load(&c->suggestions));
    put(w, "left_to_background", atomic_load(&c->left));
    an_out_end(w);
}

static void put_background(struct an_json_out *w, struct pl_running *r)
{
    struct pl_running_counts c = pl_running_count(r);

    an_out_key(w, "background");
    an_out_object(w);
    an_out_key(w, "thinks");
    an_out_bool(w, c.thinks);
    put(w, "answered", c.watch.n_answered);
    put(w, "given_up", c.watch.n_given_up);
    put(w, "put_off", c.watch.n_put_off);
    put(w, "suggestions", c.watch.n_said);
    an_out_key(w, "delivers");
    an_out_bool(w, c.delivers);
    put(w, "delivered", c.outbox.n_delivered);
    put(w, "refused", c.outbox.n_refused);
    put(w, "retried", c.outbox.n_retried);
    an_out_end(w);
}

static enum an_code put_store(struct an_json_out *w, const struct pl_running *r,
                              struct an_arena *arena, struct an_err *err)
{
    struct pl_reader *reader;
    struct pl_status s;
    enum an_code rc = pl_engine_reader(r->engine, &reader, err);

    if (rc != AN_OK)
        return rc;
    rc = pl_status(reader, arena, &s, err);
    pl_reader_close(reader);
    if (rc != AN_OK)
        return rc;
    an_out_key(w, "store");
    an_out_object(w);
    put(w, "messages", (uint64_t)s.n_messages);
    put(w, "identifiers", (uint64_t)s.n_identifiers);
    put(w, "triggers_waiting", (uint64_t)s.n_triggers_waiting);
    put(w, "bytes", (uint64_t)s.file_bytes);
    an_out_end(w);
    return AN_OK;
}

static anamnesis_status report(struct abi_core *core,
                               struct anamnesis_results *out,
                               struct anamnesis_error *error)
{
    struct an_json_out w;
    struct an_arena arena;
    struct an_str json = AN_STR("");
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, ABI_CALL_BYTES);
    an_out_init(&w, &arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "version", AN_STR(PACKAGE_VERSION));
    put_model(&w, core->running);
    put_counts(&w, core);
    put_background(&w, core->running);
    rc = put_store(&w, core->running, &arena, &err);
    an_out_end(&w);
    if (rc == AN_OK)
        rc = an_out_done(&w, &json, &err);
    if (rc == AN_OK &&
        !abi_results_add(out, ANAMNESIS_STATUS, ANAMNESIS_TYPE_JSON, json))
        rc = an_fail_nomem(&err);
    an_arena_free(&arena);
    return rc == AN_OK ? abi_ok(error) : abi_fail_err(error, &err);
}

anamnesis_status abi_status(struct anamnesis_engine *engine,
                            struct anamnesis_results **results,
                            struct anamnesis_error *error)
{
    anamnesis_status status;
    struct abi_call call;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, or no place for results");
    *results = abi_results_new();
    if (*results == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, "out of memory");
    abi_call_begin(&call, engine, NULL, 0);
    status = report(call.core, *results, error);
    abi_call_end(&call);
    return status;
}
