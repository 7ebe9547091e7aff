/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/reply.h"

/* One question, and its Bundle. */
static enum an_code ask_one(struct pl_running *r, struct an_arena *arena,
                            const struct pl_reply_ask *ask,
                            struct pl_call *call, struct pl_reply *out,
                            struct an_err *err)
{
    struct fhir_saying what = {.released = false};
    struct fhir_written written;
    struct pl_answer answer;
    enum an_code rc;

    call->clock_us = pl_engine_now_us(r->engine);
    call->face = ask->face;
    call->by_name = true;
    call->actor = ask->actor;
    call->instance = ask->instance;
    call->is_wanted = ask->is_wanted;
    call->user = ask->user;
    rc = pl_consultants_ask(r->consultants, arena, call, &answer, err);
    if (rc != AN_OK)
        return rc;
    if (answer.n_deliveries + answer.n_filings)
        pl_running_posted(r);
    out->unreachable |= answer.unreachable;
    out->opted_out |= answer.opted_out;
    if (answer.duplicate || answer.n_shown == 0)
        return AN_OK;
    what.suggestion = answer.shown;
    what.n_suggestions = answer.n_shown;
    what.now_us = call->clock_us;
    rc = fhir_write(arena, pl_engine_consult(r->engine).naming, &answer.who,
                    &what, &written, err);
    if (rc != AN_OK) /* it is kept, and the trail says that it was shown */
        an_log(pl_engine_log(r->engine), AN_EVENT_CONSULT_FAULT,
               call->n_triggers ? (uint64_t)call->trigger[0] : 0, rc, 1);
    if (rc == AN_OK && written.n_suggestions) {
        out->bundle[out->n_bundles++] = written.json;
        out->n_shown += written.n_suggestions;
    }
    return rc;
}

static size_t n_reasons(const struct pl_filing *f)
{
    size_t n = 0;

    for (unsigned reason = 0; reason < PL_N_REASONS; reason++)
        n += f->reasons >> reason & 1;
    return n;
}

bool pl_reply_message(struct pl_running *r, struct an_arena *arena,
                      const struct pl_job *job, const struct pl_reply_ask *ask,
                      struct pl_reply *out)
{
    const struct pl_intake *in = pl_job_intake(job);
    const struct pl_receipt *receipt = pl_job_receipt(job);
    /* By the system's clock it is about the present, which pl_consult knows. */
    bool each = pl_engine_options(r->engine)->clock == CFG_CLOCK_MESSAGES;
    int64_t said_us = in->said_us ? in->said_us : in->received_us;
    int64_t next = receipt->trigger;
    size_t n_asked = 0;
    bool all = true;

    *out = (struct pl_reply){.n_bundles = 0};
    if (receipt->n_triggers == 0)
        return true;
    for (size_t i = 0; i < in->n_filings; i++) {
        int64_t id[PL_N_REASONS];
        struct pl_call call = {.patient = in->filing[i].patient,
                               .trigger = id,
                               .n_triggers = n_reasons(&in->filing[i]),
                               .now_us = each ? said_us : 0};
        struct an_err err;

        for (size_t k = 0; k < call.n_triggers; k++)
            id[k] = next++;
        if (call.n_triggers == 0)
            continue;
        all = all && n_asked++ < PL_REPLY_PATIENTS &&
              ask_one(r, arena, ask, &call, out, &err) == AN_OK;
    }
    return all;
}

enum an_code pl_reply_chart(struct pl_running *r, struct an_arena *arena,
                            struct an_str authority, struct an_str value,
                            const struct pl_reply_ask *ask,
                            struct pl_reply *out, struct an_err *err)
{
    struct pl_call call = {.n_triggers = 0};
    struct pl_reader *reader;
    struct pl_found found;
    enum an_code rc;

    *out = (struct pl_reply){.n_bundles = 0};
    rc = pl_engine_reader(r->engine, &reader, err);
    if (rc != AN_OK)
        return rc;
    rc = pl_find(reader, arena, authority, value, &found, err);
    pl_reader_close(reader);
    if (rc == AN_OK && found.n > 1)
        rc =
            an_fail(err, AN_CONFLICT,
                    "several patients have this number: name its authority", 0);
    if (rc != AN_OK)
        return rc;
    call.patient = found.id[0];
    return ask_one(r, arena, ask, &call, out, err);
}
