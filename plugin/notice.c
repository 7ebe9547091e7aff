/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/notice_int.h"

#include "fhir/outcome.h"

#include <string.h>

/* ---- T1 ----------------------------------------------------------------- */

bool pl_notice_is_good(const struct pl_noticing *k)
{
    return k->out->verdict == PL_ACCEPTED || k->out->verdict == PL_DUPLICATE;
}

void pl_notice_put(struct pl_noticing *k, struct an_str bytes)
{
    struct pl_engine *e = k->u->all->source.engine;
    struct pl_job *job =
        pl_engine_job(e, PL_FORMAT_FHIR, an_str_c(k->u->feed), bytes, false);

    if (job == NULL) {
        k->out->verdict = PL_FAILED;
        return;
    }
    pl_job_read(job, pl_engine_settings(e));
    pl_job_put(job, pl_engine_committer(e));
    if (k->u->all->source.answered)
        k->u->all->source.answered(k->u->all->source.user, job);
    k->out->verdict = pl_job_verdict(job);
    k->n_parts = pl_job_reading(job)->n_parts;
    if (!an_arena_str(k->arena, pl_job_answer(job), &k->out->answer))
        k->out->answer = AN_STR("");
    pl_job_free(job);
}

void pl_notice_give_back(struct pl_noticing *k, struct an_mark mark)
{
    if (!pl_notice_is_good(k))
        return;
    k->out->answer = AN_STR("");
    an_arena_rewind(k->arena, mark);
}

void pl_notice_refuse(struct pl_noticing *k, enum pl_verdict verdict,
                      const struct an_err *err)
{
    k->out->verdict = verdict;
    if (fhir_outcome(k->arena, err, NULL, 0, &k->out->answer, NULL) != AN_OK)
        k->out->answer = AN_STR("");
}

/* ---- the server --------------------------------------------------------- */

void pl_notice_fault(struct pl_noticing *k, enum an_code code, long status)
{
    struct an_err err = {.code = AN_BUSY,
                         .what =
                             "what the notification names cannot be read at "
                             "the server now"};

    atomic_fetch_add(&k->u->n_faults, 1);
    an_log(pl_engine_log(k->u->all->source.engine), AN_EVENT_SUBSCRIPTION_FAULT,
           k->u->number, code, (uint64_t)status);
    pl_notice_refuse(k, PL_FAILED, &err);
}

bool pl_notice_reach(struct pl_noticing *k)
{
    const struct cfg_options *o = k->u->all->options;
    struct pl_fetch_options options = {
        .base = o->fhir_url.n ? o->fhir_url.p : "",
        .token_file = o->fhir_token_file.n ? o->fhir_token_file.p : "",
        .no_token = "fhir.token_file holds no bearer token",
        .timeout_ms = o->fhir_timeout_ms};
    struct an_err err = {.code = AN_OK};

    if (k->fetch)
        return true;
    if (atomic_load(&k->u->all->stopping))
        (void)an_fail(&err, AN_BUSY, "stopping", 0);
    else if (pl_fetch_open(&options, &k->fetch, &err) == AN_OK)
        return true;
    pl_notice_fault(k, err.code, 0);
    return false;
}

/* RFC 3986 3.1. */
bool pl_notice_is_absolute(struct an_str reference)
{
    static const char in_scheme[] = "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    size_t i = 0;

    while (i < reference.n &&
           memchr(in_scheme, reference.p[i], sizeof(in_scheme) - 1))
        i++;
    return i > 0 && i < reference.n && reference.p[i] == ':';
}

struct an_str pl_notice_address(struct pl_noticing *k, struct an_str reference)
{
    struct an_str url = AN_STR("");

    if (pl_notice_is_absolute(reference)
            ? !an_arena_str(k->arena, reference, &url)
            : pl_fetch_url(k->fetch, k->arena, reference, &url, NULL) != AN_OK)
        return AN_STR("");
    return pl_fetch_is_under(k->fetch, url.p) ? url : AN_STR("");
}

bool pl_notice_get(struct pl_noticing *k, struct an_str url,
                   struct pl_fetch_answer *answer)
{
    struct pl_fetch_request q = {
        .url = url.p,
        .header = {"Accept: application/fhir+json", "Cache-Control: no-cache"},
        .limit_bytes = (size_t)k->u->all->options->fhir_max_answer_bytes};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = pl_fetch_ask(k->fetch, k->arena, &q, answer, &err);

    if (rc == AN_OK)
        return true;
    pl_notice_fault(k, rc, 0);
    return false;
}
