/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/deletions.h"

#include "base/buf.h"
#include "base/hash.h"
#include "plugin/store/resources.h"

#include <string.h>

enum {
    AT_ONCE = 500,          /* of one transaction */
    EACH_BYTES = 256 << 20, /* of the message that withdraws some */
    NAME_BYTES = 64,
    MOST_TRIES = 2
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
    if (is_told)
        return AN_OK;
    d->is_undated = true;
    d->said_us = there.said_us;
    d->at_us = whole_ms(pl_engine_now_us(engine));
    if (d->at_us <= there.said_us)
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

        *d = (struct pl_deleted){.fact = fhir_deletion_fact(arena, s, &list[i]),
                                 .at_us = moment_of(s, &list[i])};
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

/* What one call has in hand. */
struct settling {
    const struct pl_settling *by;
    struct pl_reader *reader;
    struct an_arena arena;
    struct an_sha256 last; /* of the deletions that were looked at before */
    size_t n_same;         /* how often they came again */
    int64_t after;         /* the note that was passed over */
    enum an_code passed;   /* why the first was, and more of it */
    struct an_err err;
};

/* Another message that says the same. */
static enum an_code name_anew(struct settling *s, struct an_str *id)
{
    struct an_buf b;

    an_buf_init(&b, &s->arena, NAME_BYTES);
    an_buf_put_c(&b, "again-");
    an_buf_put_i64(&b, pl_engine_now_us(s->by->engine));
    return an_buf_done(&b, id, NULL);
}

/* As the server would have said it of this patient; "" when nothing is to be
 * withdrawn. */
static enum an_code write_message(struct settling *s, struct an_str id,
                                  const struct pl_withdrawal *w,
                                  struct an_str *bytes, struct an_err *err)
{
    const struct fhir_settings *settings =
        &pl_engine_settings(s->by->engine)->fhir;
    struct fhir_deletion *said =
        an_arena_get(&s->arena, w->n * FHIR_FACT_NAMES, sizeof(*said));
    enum an_code rc = AN_OK;
    size_t n = 0;

    if (said == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < w->n; i++) {
        char at[AN_TIME_TEXT_BYTES];
        struct an_str when = AN_STR("");
        size_t n_names;

        rc = fhir_deletion_of_fact(&s->arena, settings, w->deleted[i].fact,
                                   &said[n], &n_names, err);
        (void)an_time_print_instant(w->deleted[i].at_us, at);
        if (rc == AN_OK && !an_arena_str(&s->arena, an_str_c(at), &when))
            rc = an_fail_nomem(err);
        for (size_t k = 0; rc == AN_OK && k < n_names; k++)
            said[n++].at = when;
    }
    *bytes = AN_STR("");
    return rc == AN_OK && n ? fhir_deletions_write(&s->arena, id, &w->patient,
                                                   said, n, bytes, err)
                            : rc;
}

/* No sender is meant to say these often, so nobody waits for the next. */
static enum an_code put(const struct pl_settling *by, struct an_str bytes,
                        bool *is_new, struct an_err *err)
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
    *is_new = verdict == PL_ACCEPTED;
    if (verdict != PL_ACCEPTED && verdict != PL_DUPLICATE) {
        rc = pl_job_err(job)->code;
        if (err)
            *err = *pl_job_err(job);
    }
    pl_job_free(job);
    return rc;
}

/* How often the same was to be withdrawn just before. */
static enum an_code count_same(struct settling *s, struct an_str bytes,
                               struct an_err *err)
{
    struct an_sha256 hash;
    enum an_code rc = an_sha256(bytes, &hash, err);

    if (rc != AN_OK)
        return rc;
    s->n_same = memcmp(&hash, &s->last, sizeof(hash)) ? 0 : s->n_same + 1;
    s->last = hash;
    return AN_OK;
}

/* What is damaged, or has more versions than there is room for, keeps nobody else
 * waiting. */
static bool pass_over(struct settling *s, const struct pl_withdrawal *w,
                      enum an_code rc, const struct an_err *err)
{
    if (w->first == 0 || (rc != AN_INTEGRITY && rc != AN_UNSUPPORTED &&
                          rc != AN_NOMEM && rc != AN_LIMIT))
        return false;
    s->after = w->first;
    if (s->passed == AN_OK) {
        s->passed = rc;
        s->err = *err;
    }
    return true;
}

/* Of a message that was there already somebody else may just have put it, and we look
 * again: what it leaves is not yet withdrawn.  Where that shows the same, its events
 * have been removed, by age or with the patient, before the resource came again, and
 * it takes another message.  Who is left after that waits on, and is told of. */
static enum an_code settle_one(struct settling *s, struct an_err *err)
{
    struct pl_store *store = pl_engine_store(s->by->engine);
    struct an_err own = {.code = AN_OK};
    struct an_str bytes = AN_STR(""), id;
    struct pl_withdrawal w;
    bool is_new = false;
    enum an_code rc =
        pl_withdrawal_next(s->reader, &s->arena, s->after, &w, &own);

    if (rc == AN_OK)
        rc = write_message(s, AN_STR(""), &w, &bytes, &own);
    if (rc == AN_OK)
        rc = count_same(s, bytes, &own);
    if (rc == AN_OK && bytes.n && s->n_same >= MOST_TRIES)
        rc = an_fail(&own, AN_INTEGRITY,
                     "what was deleted stands, whatever withdraws it", 0);
    if (pass_over(s, &w, rc, &own))
        return AN_OK;
    if (rc != AN_OK) {
        if (err)
            *err = own;
        return rc;
    }
    if (bytes.n == 0)
        return pl_store_withdrawn(store, &w, true, err);
    if (s->n_same) {
        if (name_anew(s, &id) != AN_OK)
            return an_fail_nomem(err);
        rc = write_message(s, id, &w, &bytes, err);
    }
    if (rc == AN_OK)
        rc = put(s->by, bytes, &is_new, err);
    return rc == AN_OK && is_new ? pl_store_withdrawn(store, &w, false, err)
                                 : rc;
}

enum an_code pl_deletions_settle(const struct pl_settling *by,
                                 struct pl_reader *reader, struct an_err *err)
{
    struct settling s = {.by = by, .reader = reader, .passed = AN_OK};
    enum an_code rc = AN_OK;

    an_arena_init(&s.arena, EACH_BYTES);
    for (size_t n = 0; rc == AN_OK && (by->most == 0 || n < by->most); n++) {
        an_arena_reset(&s.arena);
        rc = settle_one(&s, err);
    }
    an_arena_free(&s.arena);
    if (rc != AN_OK && rc != AN_NOTFOUND)
        return rc;
    if (s.passed != AN_OK && err)
        *err = s.err;
    return s.passed;
}
