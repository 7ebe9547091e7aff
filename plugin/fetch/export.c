/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch/export.h"

#include "base/buf.h"
#include "plugin/fetch/export_int.h"
#include "plugin/host/file.h"
#include "plugin/host/thread.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ARENA_BYTES = 256 << 20, LONGEST_URL = 8000 };

void pl_export_tell(const struct pl_export_job *j, enum pl_export_step step,
                    int64_t n)
{
    if (j->o->told)
        j->o->told(j->o->user, step, n);
}

/* ---- waiting, and failing ----------------------------------------------- */

static void sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                         .tv_nsec = (long)(ms % 1000) * 1000000L};

    while (nanosleep(&t, &t) != 0)
        continue;
}

/* As the server asks, or twice the last one. */
static int64_t next_pause_ms(struct pl_export_job *j,
                             const struct pl_fetch_answer *answer)
{
    j->pause_ms = j->pause_ms ? j->pause_ms * 2 : j->o->retry_first_ms;
    if (j->pause_ms > j->o->retry_max_ms)
        j->pause_ms = j->o->retry_max_ms;
    return answer->retry_after_ms > 0 ? answer->retry_after_ms : j->pause_ms;
}

static void wait_for_job(struct pl_export_job *j,
                         const struct pl_fetch_answer *answer)
{
    int64_t ms;

    if (j->failing_ms)
        j->pause_ms = 0;
    j->failing_ms = 0;
    ms = next_pause_ms(j, answer);
    pl_export_tell(j, PL_EXPORT_WAITS, ms);
    sleep_ms(ms);
}

enum an_code pl_export_wait(struct pl_export_job *j,
                            const struct pl_fetch_answer *answer,
                            const char *place, struct an_err *err)
{
    int64_t now_ms = pl_now_ms(), ms;

    if (j->failing_ms == 0) {
        j->failing_ms = now_ms;
        j->pause_ms = 0;
    }
    ms = next_pause_ms(j, answer);
    if (now_ms - j->failing_ms + ms > j->o->patience_ms)
        return pl_export_refused(j, AN_IO,
                                 "no answer for as long as fhir.patience; the "
                                 "same call goes on from here",
                                 place, answer, err);
    pl_export_tell(j, PL_EXPORT_REPEATS, ms);
    sleep_ms(ms);
    return AN_OK;
}

/* The code of the first issue: "processing"; "" for what is none. */
static struct an_str issue_of(struct an_arena *arena,
                              const struct pl_fetch_answer *a)
{
    const struct an_json *root;
    struct an_str code;

    if (a->body.n == 0 || an_json_read(arena, &(struct an_json_limits){0},
                                       a->body, &root, NULL) != AN_OK)
        return AN_STR("");
    code = an_json_text(an_json_get(
        an_json_first(an_json_get(root, AN_STR("issue"))), AN_STR("code")));
    for (size_t i = 0; i < code.n; i++)
        if (code.n > 32 ||
            ((code.p[i] < 'a' || code.p[i] > 'z') && code.p[i] != '-'))
            return AN_STR("");
    return code;
}

enum an_code pl_export_refused(struct pl_export_job *j, enum an_code code,
                               const char *what, const char *place,
                               const struct pl_fetch_answer *answer,
                               struct an_err *err)
{
    struct an_str issue = issue_of(&j->each, answer);
    char where[AN_PATH_BYTES];

    if (answer->status == 0)
        (void)snprintf(where, sizeof(where), "%s (libcurl %d)", place,
                       answer->error);
    else
        (void)snprintf(where, sizeof(where), "%s (HTTP %ld%s%.*s)", place,
                       answer->status, issue.n ? ", " : "", AN_STR_ARG(issue));
    return an_fail_line(err, code, what, where, 0, 0);
}

/* ---- the kick-off ------------------------------------------------------- */

static enum an_code since_of(const struct pl_export_job *j,
                             struct an_str *since, struct an_err *err)
{
    const struct pl_export_state *s = &j->state;

    *since = j->o->since;
    if (!an_str_eq(*since, AN_STR("last")))
        return AN_OK;
    *since = s->phase == PL_EXPORT_DONE ? s->time : s->last;
    return since->n ? AN_OK
                    : an_fail_line(err, AN_NOTFOUND,
                                   "no export into this folder was finished "
                                   "that this one could go on from",
                                   j->o->folder, 0, 0);
}

static enum an_code request_of(struct pl_export_job *j, bool partial,
                               struct an_str *request, struct an_err *err)
{
    const struct pl_export_options *o = j->o;
    struct an_str since, path;
    struct an_buf b;
    enum an_code rc = since_of(j, &since, err);

    if (rc != AN_OK)
        return rc;
    an_buf_init(&b, &j->arena, LONGEST_URL);
    if (o->group.n) {
        an_buf_put_c(&b, "Group/");
        an_buf_put_escaped(&b, o->group, "");
        an_buf_put_c(&b, "/");
    } else if (o->patients) {
        an_buf_put_c(&b, "Patient/");
    }
    an_buf_put_c(&b, "$export?_outputFormat=application%2Ffhir%2Bndjson");
    if (since.n) {
        an_buf_put_c(&b, "&_since=");
        an_buf_put_escaped(&b, since, "");
    }
    if (o->types.n) {
        an_buf_put_c(&b, "&_type=");
        an_buf_put_escaped(&b, o->types, ",");
    }
    if (partial)
        an_buf_put_c(&b, "&allowPartialManifests=true");
    rc = an_buf_done(&b, &path, err);
    return rc == AN_OK ? pl_fetch_url(j->fetch, &j->arena, path, request, err)
                       : rc;
}

/* Until there is an answer. */
static enum an_code ask_for_job(struct pl_export_job *j, struct an_str request,
                                struct pl_fetch_answer *answer,
                                struct an_err *err)
{
    struct pl_fetch_request q = {
        .url = request.p,
        .header = {"Accept: application/fhir+json", "Prefer: respond-async"},
        .limit_bytes = PL_EXPORT_ANSWER_BYTES};
    enum an_code rc;

    for (;;) {
        an_arena_reset(&j->each);
        rc = pl_fetch_ask(j->fetch, &j->each, &q, answer, err);
        if (rc != AN_OK || pl_fetch_fate(answer) != PL_FETCH_LATER)
            return rc;
        rc = pl_export_wait(j, answer, "$export", err);
        if (rc != AN_OK)
            return rc;
    }
}

/* A server need not know of partial manifests, and may refuse what it does not
 * know: it is asked once more, without. */
static enum an_code ask_plainly(struct pl_export_job *j,
                                struct pl_fetch_answer *answer,
                                struct an_err *err)
{
    struct an_str plain;
    enum an_code rc;

    if (!j->o->partial || pl_fetch_fate(answer) != PL_FETCH_REFUSED ||
        answer->status == 401 || answer->status == 403)
        return AN_OK;
    rc = request_of(j, false, &plain, err);
    if (rc != AN_OK)
        return rc;
    pl_export_tell(j, PL_EXPORT_PLAIN, answer->status);
    return ask_for_job(j, plain, answer, err);
}

static enum an_code kick_off(struct pl_export_job *j, struct an_str request,
                             struct an_err *err)
{
    struct pl_export_state *s = &j->state;
    struct pl_fetch_answer answer;
    enum an_code rc = ask_for_job(j, request, &answer, err);

    if (rc == AN_OK)
        rc = ask_plainly(j, &answer, err);
    if (rc != AN_OK)
        return rc;
    if (pl_fetch_fate(&answer) == PL_FETCH_REFUSED)
        return pl_export_refused(j, AN_CONFIG, "the server refuses the export",
                                 "$export", &answer, err);
    if (answer.status != 202 || answer.content_location.n == 0 ||
        !pl_fetch_is_origin(j->fetch, answer.content_location.p))
        return pl_export_refused(j, AN_TYPE,
                                 "not the answer of a server of bulk data",
                                 "$export", &answer, err);
    if (s->phase == PL_EXPORT_DONE)
        s->last = s->time;
    s->time = AN_STR("");
    s->request = request;
    if (!an_arena_str(&j->arena, answer.content_location, &s->status))
        return an_fail_nomem(err);
    s->run++;
    s->phase = PL_EXPORT_WAITING;
    j->failing_ms = j->pause_ms = 0;
    rc = pl_export_save(j, err);
    if (rc == AN_OK)
        pl_export_tell(j, PL_EXPORT_ASKED, s->run);
    return rc;
}

/* ---- the job ------------------------------------------------------------ */

/* The job is no more; the next call begins a new one. */
static enum an_code give_up(struct pl_export_job *j, const char *place,
                            const struct pl_fetch_answer *answer,
                            struct an_err *err)
{
    bool gone = answer->status == 404 || answer->status == 410;
    struct an_err saving;
    enum an_code rc;

    j->state.phase = PL_EXPORT_NONE;
    rc = pl_export_save(j, &saving);
    if (rc != AN_OK && err)
        *err = saving;
    if (rc != AN_OK)
        return rc;
    return pl_export_refused(
        j, gone ? AN_NOTFOUND : AN_IO,
        gone
            ? "the server no longer knows the export; the next call begins a "
              "new one"
            : "the export failed at the server; the next call begins a new one",
        place, answer, err);
}

enum an_code pl_export_ask_page(struct pl_export_job *j, size_t page,
                                const char *url, struct an_err *err)
{
    struct pl_fetch_request q = {.url = url,
                                 .header = {"Accept: application/json"},
                                 .limit_bytes = PL_EXPORT_ANSWER_BYTES};
    struct pl_fetch_answer answer;
    char place[48] = "its status";

    if (page > 1)
        (void)snprintf(place, sizeof(place), "page %zu of its manifest", page);
    for (;;) {
        enum an_code rc;

        an_arena_reset(&j->each);
        rc = pl_fetch_ask(j->fetch, &j->each, &q, &answer, err);
        if (rc != AN_OK)
            return rc;
        if (answer.status == 202) {
            wait_for_job(j, &answer);
        } else if (answer.status == 200) {
            j->failing_ms = j->pause_ms = 0;
            return pl_export_keep_page(j, page, place, &answer, err);
        } else if (pl_fetch_fate(&answer) == PL_FETCH_LATER ||
                   an_str_eq(issue_of(&j->each, &answer),
                             AN_STR("transient"))) {
            rc = pl_export_wait(j, &answer, place, err);
            if (rc != AN_OK)
                return rc;
        } else {
            /* A token that is wrong for now is no reason to begin anew. */
            return answer.status == 401 || answer.status == 403
                       ? pl_export_refused(j, AN_CONFIG,
                                           "the server refuses to tell", place,
                                           &answer, err)
                       : give_up(j, place, &answer, err);
        }
    }
}

/* The manifest is on the disk before the state that needs it. */
static enum an_code wait_until_ready(struct pl_export_job *j,
                                     struct an_err *err)
{
    enum an_code rc = pl_export_ask_page(j, 1, j->state.status.p, err);

    if (rc != AN_OK)
        return rc;
    j->state.phase = PL_EXPORT_LOADING;
    return pl_export_save(j, err);
}

/* ---- its end ------------------------------------------------------------ */

/* All is here: the server may forget its files.  If it does not, they expire. */
static enum an_code finish(struct pl_export_job *j, struct an_err *err)
{
    struct pl_fetch_request q = {.method = PL_FETCH_DELETE,
                                 .url = j->state.status.p,
                                 .header = {"Accept: application/json"},
                                 .limit_bytes = PL_EXPORT_ANSWER_BYTES};
    struct pl_fetch_answer answer = {.status = 0};
    enum an_code rc;

    an_arena_reset(&j->each);
    rc = pl_fetch_ask(j->fetch, &j->each, &q, &answer, NULL);
    if (rc != AN_OK || (pl_fetch_fate(&answer) != PL_FETCH_GOT &&
                        answer.status != 404 && answer.status != 410))
        pl_export_tell(j, PL_EXPORT_LEFT, answer.status);
    j->state.phase = PL_EXPORT_DONE;
    return pl_export_save(j, err);
}

/* ---- all of it ---------------------------------------------------------- */

/* A new job, or the one that is under way if it was asked for in these words. */
static enum an_code begin(struct pl_export_job *j, struct an_err *err)
{
    struct pl_export_state *s = &j->state;
    struct an_str request;
    enum an_code rc = request_of(j, j->o->partial, &request, err);

    if (rc != AN_OK)
        return rc;
    if (s->phase == PL_EXPORT_NONE || s->phase == PL_EXPORT_DONE)
        return kick_off(j, request, err);
    if (!an_str_eq(request, s->request))
        return an_fail_line(err, AN_CONFLICT,
                            "an export that was asked for otherwise is "
                            "unfinished in this folder",
                            j->o->folder, 0, 0);
    pl_export_tell(j, PL_EXPORT_RESUMED, s->run);
    return AN_OK;
}

/* Files that the server has no more: the next call begins anew. */
static enum an_code load_files(struct pl_export_job *j, struct an_err *err)
{
    enum an_code rc = pl_export_bring_all(j, err);
    struct an_err saving;

    if (rc != AN_NOTFOUND)
        return rc;
    j->state.phase = PL_EXPORT_NONE;
    if (pl_export_save(j, &saving) != AN_OK && err)
        *err = saving;
    return rc;
}

static enum an_code run(struct pl_export_job *j, struct an_err *err)
{
    struct pl_export_state *s = &j->state;
    enum an_code rc = pl_export_load(j, err);

    if (rc == AN_OK)
        rc = begin(j, err);
    if (rc == AN_OK && s->phase == PL_EXPORT_WAITING)
        rc = wait_until_ready(j, err);
    j->result->run = s->run;
    if (rc != AN_OK)
        return rc;
    (void)snprintf(j->result->time, sizeof(j->result->time), "%.*s",
                   AN_STR_ARG(s->time));
    rc = load_files(j, err);
    return rc == AN_OK ? finish(j, err) : rc;
}

enum an_code pl_export(const struct pl_export_options *options,
                       struct pl_export_result *result, struct an_err *err)
{
    struct pl_fetch_options fetch = {
        .base = options->base,
        .token_file = options->token_file,
        .no_token = "the file of the token holds no bearer token",
        .timeout_ms = options->timeout_ms};
    struct pl_export_job j = {.o = options, .result = result, .lock = -1};
    enum an_code rc;

    *result = (struct pl_export_result){.run = 0};
    an_arena_init(&j.arena, ARENA_BYTES);
    an_arena_init(&j.each, ARENA_BYTES);
    rc = pl_fetch_open(&fetch, &j.fetch, err);
    if (rc == AN_OK)
        rc = pl_export_lock(&j, err);
    if (rc == AN_OK)
        rc = run(&j, err);
    if (j.lock >= 0)
        (void)close(j.lock);
    pl_fetch_close(j.fetch);
    an_arena_free(&j.each);
    an_arena_free(&j.arena);
    return rc;
}
