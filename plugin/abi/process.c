/* SPDX-License-Identifier: Apache-2.0 */
/* One message of the host: journal, T1, acknowledgement, suggestions. */
#include "plugin/abi/calls.h"

#include "fhir/outcome.h"
#include "plugin/abi/call_int.h"
#include "plugin/abi/results.h"
#include "plugin/host/thread.h"

#include <stdio.h>
#include <string.h>

static const char out_of_memory[] = "out of memory";

struct visit {
    struct abi_call call;
    struct anamnesis_message in; /* a copy, in our size */
    enum pl_format format;
    struct an_sha256 hash;
    struct anamnesis_results *out;
    enum pl_verdict verdict;
    struct an_err err; /* of a message that was not stored */
    size_t n_bundles;
};

/* ---- what is asked ------------------------------------------------------ */

static bool format_of(const char *content_type, enum pl_format *format)
{
    struct an_str rest = an_str_c(content_type ? content_type : ""), type;

    if (!an_str_cut(&rest, ';', &type))
        return false;
    type = an_str_trim(type);
    *format = PL_FORMAT_HL7V2;
    if (an_str_eq_nocase(type, AN_STR(ANAMNESIS_TYPE_HL7)))
        return true;
    *format = PL_FORMAT_FHIR;
    return an_str_eq_nocase(type, AN_STR(ANAMNESIS_TYPE_FHIR));
}

static anamnesis_status check(struct visit *v,
                              const struct anamnesis_message *message,
                              struct anamnesis_error *error)
{
    const size_t least = offsetof(struct anamnesis_message, content_type) +
                         sizeof(message->content_type);

    if (!abi_adopt(&v->in, sizeof(v->in), message, least) ||
        (v->in.data == NULL && v->in.n))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "no message");
    if (v->in.flags & ~(ANAMNESIS_MSG_HISTORICAL | ANAMNESIS_MSG_RETRY))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT, "an unknown flag");
    if (v->in.n > PL_LIMIT_MESSAGE_BYTES)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "a message has at most 64 MiB");
    if (!format_of(v->in.content_type, &v->format))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "the content type is neither " ANAMNESIS_TYPE_HL7
                        " nor " ANAMNESIS_TYPE_FHIR);
    return ANAMNESIS_OK;
}

static struct an_str bytes_of(const struct visit *v)
{
    return (struct an_str){(const char *)v->in.data, v->in.n};
}

/* ---- T1 ----------------------------------------------------------------- */

/* True when nothing of it is left to the watch. */
static bool answer(struct visit *v, struct pl_job *job,
                   const struct pl_reply_ask *ask)
{
    struct pl_running *r = v->call.core->running;
    struct abi_counts *counts = &v->call.core->house->counts;
    struct pl_reply reply;
    struct an_arena arena;
    bool all;

    an_arena_init(&arena, ABI_CALL_BYTES);
    all = pl_reply_message(r, &arena, job, ask, &reply);
    atomic_fetch_add(&counts->left, !all);
    for (size_t i = 0; i < reply.n_bundles; i++)
        v->n_bundles += abi_results_add(v->out, ANAMNESIS_FHIR_BUNDLE,
                                        ANAMNESIS_TYPE_FHIR, reply.bundle[i]);
    atomic_fetch_add(&counts->bundles, v->n_bundles);
    atomic_fetch_add(&counts->suggestions, reply.n_shown);
    an_arena_free(&arena);
    return all;
}

/* Stored, and what it triggers answered: by us where something may leave, else
 * by the watch. */
static bool take(struct visit *v)
{
    struct pl_running *r = v->call.core->running;
    bool shown = abi_call_may_show(&v->call);
    struct pl_reply_ask ask = abi_call_ask(&v->call, NULL, v->call.id);
    struct pl_hold hold;
    struct pl_job *job =
        pl_engine_job(r->engine, v->format, AN_STR("host"), bytes_of(v),
                      (v->in.flags & ANAMNESIS_MSG_HISTORICAL) != 0);
    bool kept, all;

    if (job == NULL)
        return false;
    pl_job_read(job, pl_engine_settings(r->engine));
    if (shown)
        pl_hold_take(r->holds, &hold);
    pl_job_put(job, pl_engine_committer(r->engine));
    v->verdict = pl_job_verdict(job);
    v->err = *pl_job_err(job);
    kept = abi_results_add(
        v->out,
        v->format == PL_FORMAT_HL7V2 ? ANAMNESIS_HL7_ACK
                                     : ANAMNESIS_OPERATION_OUTCOME,
        v->format == PL_FORMAT_HL7V2 ? ANAMNESIS_TYPE_HL7 : ANAMNESIS_TYPE_FHIR,
        pl_job_answer(job));
    all = v->verdict != PL_ACCEPTED || (shown && answer(v, job, &ask));
    if (shown)
        pl_hold_let(r->holds, &hold, pl_job_receipt(job)->message);
    if (!all)
        pl_running_wake(r);
    atomic_fetch_add(&v->call.core->house->counts.verdict[v->verdict], 1);
    pl_job_free(job);
    return kept;
}

/* ---- the journal -------------------------------------------------------- */

/* Nothing is done with it, not even to answer in its own words. */
static anamnesis_status turn_away(struct visit *v,
                                  struct anamnesis_error *error)
{
    static const char text[] =
        "a process ended while it had this message in hand: it is in "
        "quarantine";
    struct an_err err = {.code = AN_CONFLICT, .what = text};
    struct an_arena arena;
    struct an_str json;
    bool told;

    an_arena_init(&arena, ABI_CALL_BYTES);
    told = fhir_outcome(&arena, &err, NULL, 0, &json, NULL) == AN_OK &&
           abi_results_add(v->out, ANAMNESIS_DIAGNOSTIC, ANAMNESIS_TYPE_FHIR,
                           json);
    an_arena_free(&arena);
    atomic_fetch_add(&v->call.core->house->counts.quarantined, 1);
    return told ? abi_fail(error, ANAMNESIS_E_QUARANTINED, text)
                : abi_fail(error, ANAMNESIS_E_NOMEM, out_of_memory);
}

static anamnesis_status tell(const struct visit *v,
                             struct anamnesis_error *error)
{
    char text[512];

    if (v->verdict == PL_ACCEPTED || v->verdict == PL_DUPLICATE)
        return abi_ok(error);
    an_err_print(&v->err, text, sizeof(text));
    return abi_fail(error,
                    v->verdict == PL_REFUSED ? ANAMNESIS_E_REFUSED
                                             : ANAMNESIS_E_UNAVAILABLE,
                    text);
}

static anamnesis_status process(struct visit *v, struct anamnesis_error *error)
{
    struct abi_journal *journal = v->call.core->desk->journal;
    bool poison = abi_journal_is_poison(journal, &v->hash);
    bool kept;
    int slot;

    if (poison && !(v->in.flags & ANAMNESIS_MSG_RETRY))
        return turn_away(v, error);
    slot = abi_journal_take(journal, &v->hash, pl_clock_us(NULL));
    if (slot < 0)
        return abi_fail(error, ANAMNESIS_E_UNAVAILABLE,
                        "256 messages are in hand: try again");
    kept = take(v);
    if (poison)
        abi_journal_acquit(journal, &v->hash);
    abi_journal_give(journal, slot);
    return kept ? tell(v, error)
                : abi_fail(error, ANAMNESIS_E_NOMEM, out_of_memory);
}

/* ---- the call ----------------------------------------------------------- */

static void say(const struct visit *v, anamnesis_status status)
{
    struct abi_line line = {
        .event = status == ANAMNESIS_E_QUARANTINED ? "message_quarantined"
                                                   : "message_answered",
        .level = status == ANAMNESIS_OK ? AN_DEBUG : AN_WARN,
        .status = status,
        .n_bundles = v->n_bundles};

    abi_call_say(&v->call, &line);
}

anamnesis_status abi_process(struct anamnesis_engine *engine,
                             const struct anamnesis_message *message,
                             struct anamnesis_results **results,
                             struct anamnesis_error *error)
{
    struct visit v = {.n_bundles = 0};
    anamnesis_status status;
    struct an_err err;

    if (results)
        *results = NULL;
    if (engine == NULL || results == NULL)
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "no engine, or no place for results");
    status = check(&v, message, error);
    if (status != ANAMNESIS_OK)
        return status;
    if (abi_is_quitting())
        return abi_fail(error, ANAMNESIS_E_UNAVAILABLE, "the process ends");
    if (an_sha256(bytes_of(&v), &v.hash, &err) != AN_OK)
        return abi_fail_err(error, &err);
    v.out = abi_results_new();
    if (v.out == NULL)
        return abi_fail(error, ANAMNESIS_E_NOMEM, out_of_memory);
    abi_call_begin(&v.call, engine, v.in.message_id, v.in.deadline_ms);
    status = process(&v, error);
    say(&v, status);
    abi_call_end(&v.call);
    *results = v.out;
    return status;
}
