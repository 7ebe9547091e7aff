/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/deletions.h"

#include "plugin/store/resources.h"

enum {
    AT_ONCE = 500,         /* of one transaction */
    EACH_BYTES = 256 << 20 /* of the message that withdraws some */
};

/* ---- noting ----------------------------------------------------------------- */

/* The next whole millisecond: a FHIR instant says no less. */
static int64_t whole_ms(int64_t us)
{
    return us % 1000 ? (us / 1000 + 1) * 1000 : us;
}

/* 0: it was not told. */
static int64_t moment_of(const struct fhir_settings *s,
                         const struct fhir_deletion *d)
{
    struct an_time t;

    return an_time_fhir(d->at, &s->zone, &t) ? whole_ms(t.us) : 0;
}

static enum an_code date(struct pl_engine *engine, struct pl_reader *reader,
                         struct an_arena *arena, struct pl_deleted *d,
                         bool *is_found, struct an_err *err)
{
    bool is_told = d->at_us != 0;
    struct pl_resource_there there;
    enum an_code rc = pl_resource_find(
        reader, arena, d->fact, is_told ? d->at_us : INT64_MAX, &there, err);

    if (rc != AN_OK)
        return rc;
    *is_found = there.n_live > 0;
    if (!is_told)
        d->at_us = whole_ms(pl_engine_now_us(engine));
    if (!is_told && d->at_us <= there.said_us)
        d->at_us = whole_ms(there.said_us + 1);
    return AN_OK;
}

static enum an_code note_some(struct pl_engine *engine,
                              struct pl_reader *reader, struct an_arena *arena,
                              const struct fhir_deletion *list, size_t n,
                              size_t *n_found, struct an_err *err)
{
    const struct fhir_settings *s = &pl_engine_settings(engine)->fhir;
    struct pl_deleted *deleted = an_arena_get(arena, n, sizeof(*deleted));
    enum an_code rc = AN_OK;
    size_t n_deleted = 0;

    if (deleted == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        struct pl_deleted *d = &deleted[n_deleted];
        bool is_found = false;

        *d = (struct pl_deleted){fhir_deletion_fact(arena, s, &list[i]),
                                 moment_of(s, &list[i])};
        if (d->fact.n == 0)
            continue;
        rc = date(engine, reader, arena, d, &is_found, err);
        *n_found += is_found;
        n_deleted++;
    }
    return rc == AN_OK && n_deleted ? pl_store_deleted(pl_engine_store(engine),
                                                       deleted, n_deleted, err)
                                    : rc;
}

enum an_code pl_deletions_note(struct pl_engine *engine,
                               struct pl_reader *reader, struct an_arena *arena,
                               const struct fhir_deletion *list, size_t n,
                               size_t *n_found, struct an_err *err)
{
    enum an_code rc = AN_OK;

    *n_found = 0;
    for (size_t at = 0; rc == AN_OK && at < n; at += AT_ONCE) {
        struct an_mark mark = an_arena_mark(arena);

        rc = note_some(engine, reader, arena, list + at,
                       n - at < AT_ONCE ? n - at : AT_ONCE, n_found, err);
        an_arena_rewind(arena, mark);
    }
    return rc;
}

/* ---- withdrawing ------------------------------------------------------------- */

/* As the server would have said it of this patient; "" when it has no name for any
 * of them. */
static enum an_code write_message(const struct fhir_settings *s,
                                  struct an_arena *arena,
                                  const struct pl_withdrawal *w,
                                  struct an_str *bytes, struct an_err *err)
{
    struct fhir_deletion *said = an_arena_get(arena, w->n, sizeof(*said));
    size_t n = 0;

    if (said == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < w->n; i++) {
        char at[AN_TIME_TEXT_BYTES];

        if (!fhir_deletion_of_fact(s, w->deleted[i].fact, &said[n]))
            continue;
        (void)an_time_print_instant(w->deleted[i].at_us, at);
        if (!an_arena_str(arena, an_str_c(at), &said[n++].at))
            return an_fail_nomem(err);
    }
    *bytes = AN_STR("");
    return n ? fhir_deletions_write(arena, &w->patient, said, n, bytes, err)
             : AN_OK;
}

/* No sender is meant to say these often, so nobody waits for the next. */
static enum an_code put(const struct pl_settling *by, struct an_str bytes,
                        bool *again, struct an_err *err)
{
    struct pl_settings settings = *pl_engine_settings(by->engine);
    struct pl_job *job = pl_engine_job(by->engine, PL_FORMAT_FHIR, by->feed,
                                       bytes, by->historical);
    enum pl_verdict verdict;
    enum an_code rc = AN_OK;

    if (job == NULL)
        return an_fail_nomem(err);
    settings.feeds = NULL;
    pl_job_read(job, &settings);
    pl_job_put(job, pl_engine_committer(by->engine));
    if (by->answered)
        by->answered(by->user, job);
    verdict = pl_job_verdict(job);
    *again = verdict == PL_DUPLICATE;
    if (verdict != PL_ACCEPTED && verdict != PL_DUPLICATE) {
        rc = pl_job_err(job)->code;
        if (err)
            *err = *pl_job_err(job);
    }
    pl_job_free(job);
    return rc;
}

static enum an_code settle_one(const struct pl_settling *by,
                               struct pl_reader *reader, struct an_arena *arena,
                               struct an_err *err)
{
    const struct fhir_settings *s = &pl_engine_settings(by->engine)->fhir;
    struct pl_withdrawal w;
    struct an_str bytes;
    bool again = true;
    enum an_code rc = pl_withdrawal_next(reader, arena, &w, err);

    if (rc == AN_OK)
        rc = write_message(s, arena, &w, &bytes, err);
    if (rc == AN_OK && bytes.n)
        rc = put(by, bytes, &again, err);
    return rc == AN_OK
               ? pl_store_withdrawn(pl_engine_store(by->engine), &w, again, err)
               : rc;
}

enum an_code pl_deletions_settle(const struct pl_settling *by,
                                 struct pl_reader *reader, struct an_err *err)
{
    struct an_arena arena;
    enum an_code rc = AN_OK;

    an_arena_init(&arena, EACH_BYTES);
    for (size_t n = 0; rc == AN_OK && (by->most == 0 || n < by->most); n++) {
        an_arena_reset(&arena);
        rc = settle_one(by, reader, &arena, err);
    }
    an_arena_free(&arena);
    return rc == AN_NOTFOUND ? AN_OK : rc;
}
