/* SPDX-License-Identifier: Apache-2.0 */
/* A watched folder: a file's messages become jobs, and what became of them a
 * report and, if asked for, a file of acknowledgements. */
#include "plugin/host/serve.h"

#include "base/hash.h"
#include "fhir/ndjson.h"
#include "hl7/batch.h"
#include "hl7/batch_ack.h"
#include "plugin/host/file.h"
#include "plugin/host/many.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LINES = 1000, /* of a report */
    LINE_BYTES = 512,
    ROOM_BYTES = 16 << 20, /* for the report and what is small */
    ACK_FACTOR = 8,        /* acknowledgements to a file, in its bytes */
    ACK_ID_BYTES = 8,
    REPORT_MODE = 0600
};

/* One file being taken. */
struct visit {
    struct pl_server *server;
    struct pl_folder *folder;
    struct an_arena arena;
    struct an_str bytes;
    struct an_buf report, ack;
    struct hl7_batch_ack acks;
    bool wants_acks, is_hl7;
    uint64_t n_messages, n_refused, n_lines;
    bool has_failed;  /* one could not be stored now */
    enum an_code why; /* it is taken again */
};

/* ---- the report: numbers and places, no content ------------------------------- */

static void put_line(struct visit *v, const char *line)
{
    if (v->n_lines++ < LINES) {
        an_buf_put_c(&v->report, line);
        an_buf_put_char(&v->report, '\n');
    }
}

static void report(struct visit *v, uint64_t number, size_t offset,
                   const struct an_err *err)
{
    char why[LINE_BYTES - 64], line[LINE_BYTES];

    an_err_print(err, why, sizeof(why));
    if (number)
        (void)snprintf(line, sizeof(line), "message %llu, byte %zu: %s",
                       (unsigned long long)number, offset, why);
    else
        (void)snprintf(line, sizeof(line), "%s", why);
    put_line(v, line);
    v->n_refused++;
}

static void end_report(struct visit *v)
{
    char line[LINE_BYTES];

    if (v->n_lines > LINES) {
        (void)snprintf(line, sizeof(line), "... and %llu more\n",
                       (unsigned long long)(v->n_lines - LINES));
        an_buf_put_c(&v->report, line);
    }
    (void)snprintf(line, sizeof(line),
                   "%llu messages; what is not named here is stored\n",
                   (unsigned long long)v->n_messages);
    an_buf_put_c(&v->report, line);
}

/* ---- messages ------------------------------------------------------------------ */

static void told(void *user, const struct pl_many_item *item,
                 struct pl_job *job)
{
    struct visit *v = user;
    enum pl_verdict verdict = job ? pl_job_verdict(job) : PL_FAILED;

    v->has_failed |= verdict == PL_FAILED;
    if (job == NULL)
        return;
    pl_server_count_job(v->server, job);
    if (verdict == PL_REFUSED)
        report(v, item->number, item->offset, pl_job_err(job));
    if (!v->wants_acks || item->format != PL_FORMAT_HL7V2)
        return;
    if (pl_job_accept(job).n)
        hl7_batch_ack_put(&v->acks, item->file_header, item->batch_header,
                          pl_job_accept(job));
    hl7_batch_ack_put(&v->acks, item->file_header, item->batch_header,
                      pl_job_answer(job));
}

static bool may_go_on(const struct visit *v)
{
    return !v->has_failed && !pl_folder_is_stopping(v->folder);
}

/* What a batch says about itself and is not so may be a cut file. */
static void take_hl7(struct visit *v, struct pl_many *many)
{
    struct hl7_batch_message m;
    struct hl7_batch b;

    v->is_hl7 = true;
    hl7_batch_init(&b, v->bytes);
    while (may_go_on(v) && hl7_batch_next(&b, &m)) {
        const struct pl_many_item item = {.bytes = m.bytes,
                                          .format = PL_FORMAT_HL7V2,
                                          .file_header = m.file_header,
                                          .batch_header = m.batch_header,
                                          .number = ++v->n_messages,
                                          .offset = m.offset};

        pl_many_add(many, &item);
    }
    pl_many_flush(many);
    for (size_t i = 0; i < b.n_warnings && i < HL7_BATCH_MAX_WARNINGS; i++)
        report(v, 0, 0, &b.warning[i]);
}

static void take_fhir(struct visit *v, struct pl_many *many, const char *name)
{
    bool is_lines = an_str_ends(an_str_c(name), AN_STR(".ndjson"));
    struct fhir_ndjson lines = {.rest = v->bytes, .last = true};
    struct pl_many_item item = {.bytes = v->bytes, .format = PL_FORMAT_FHIR};

    while (may_go_on(v) && (is_lines ? fhir_ndjson_next(&lines, &item.bytes)
                                     : v->n_messages == 0)) {
        item.number = ++v->n_messages;
        item.offset = (size_t)(item.bytes.p - v->bytes.p);
        pl_many_add(many, &item);
    }
    pl_many_flush(many);
}

static bool take_messages(struct visit *v, const char *name)
{
    struct pl_many *many = malloc(sizeof(*many));
    struct an_err err = {.code = AN_TYPE, .what = "neither HL7v2 nor JSON"};
    enum pl_format format;

    if (many == NULL) {
        v->why = AN_NOMEM;
        return false;
    }
    pl_many_init(many, v->server->running.engine, AN_STR("folder"), told, v);
    if (!pl_format_guess(v->bytes, &format))
        report(v, 0, 0, &err);
    else if (format == PL_FORMAT_HL7V2)
        take_hl7(v, many);
    else
        take_fhir(v, many, name);
    pl_many_free(many);
    free(many);
    v->why = may_go_on(v) ? AN_OK : AN_BUSY;
    return v->why == AN_OK;
}

/* ---- what is left beside the file ------------------------------------------------ */

static bool write_beside(struct visit *v, const char *path, const char *ending,
                         struct an_buf *text)
{
    char beside[PL_FOLDER_PATH_BYTES];
    struct an_str bytes = AN_STR("");
    int n = snprintf(beside, sizeof(beside), "%s%s", path, ending);

    v->why =
        n < (int)sizeof(beside) ? an_buf_done(text, &bytes, NULL) : AN_LIMIT;
    if (v->why == AN_OK)
        v->why = pl_file_write(beside, bytes, REPORT_MODE, NULL);
    return v->why == AN_OK;
}

static bool begin_acks(struct visit *v, char id[2 * ACK_ID_BYTES + 1])
{
    struct an_time now =
        an_time_us(pl_engine_now_us(v->server->running.engine));
    struct an_sha256 digest;

    v->why = an_sha256(v->bytes, &digest, NULL);
    if (v->why != AN_OK)
        return false;
    an_hex_print(digest.b, ACK_ID_BYTES, id);
    now.us -= now.us % 1000000;
    now.precision = AN_TIME_SECOND;
    hl7_batch_ack_init(&v->acks, &v->ack, now, an_str_c(id));
    return true;
}

static enum pl_folder_fate take_read(struct visit *v,
                                     const struct pl_folder_file *file)
{
    const struct an_err too_many = {
        .code = AN_LIMIT,
        .what = "more acknowledgements than there is room for"};
    char id[2 * ACK_ID_BYTES + 1];
    const char *to;

    an_buf_init(&v->ack, &v->arena, v->bytes.n * ACK_FACTOR + ROOM_BYTES);
    if (!begin_acks(v, id) || !take_messages(v, file->name))
        return PL_FOLDER_AGAIN;
    hl7_batch_ack_end(&v->acks);
    if (v->ack.code == AN_LIMIT) {
        v->wants_acks = false; /* trying again would not help */
        report(v, 0, 0, &too_many);
    }
    to = v->n_refused ? file->failed : file->done;
    end_report(v);
    if (v->wants_acks && v->is_hl7 && !write_beside(v, to, ".ack", &v->ack))
        return PL_FOLDER_AGAIN;
    if (v->n_refused && !write_beside(v, to, ".report", &v->report))
        return PL_FOLDER_AGAIN;
    return v->n_refused ? PL_FOLDER_FAILED : PL_FOLDER_DONE;
}

static enum pl_folder_fate take(void *ctx, const struct pl_folder_file *file)
{
    struct pl_server *s = ctx;
    const struct cfg_options *o = pl_engine_options(s->running.engine);
    size_t limit = (size_t)o->folder_max_file_bytes;
    struct visit v = {.server = s,
                      .folder = file->folder,
                      .wants_acks = o->folder_acknowledge};
    enum pl_folder_fate fate;
    struct an_err err;

    /* A buffer that doubles takes up to twice its bytes. */
    an_arena_init(&v.arena, limit * (1 + 2 * ACK_FACTOR) + 4 * ROOM_BYTES);
    an_buf_init(&v.report, &v.arena, ROOM_BYTES);
    v.why = pl_file_read(&v.arena, file->path, limit, &v.bytes, &err);
    if (v.why == AN_LIMIT) {
        err = (struct an_err){.code = v.why,
                              .what = "longer than listen.folder.max_file"};
        report(&v, 0, 0, &err);
        end_report(&v);
        fate = write_beside(&v, file->failed, ".report", &v.report)
                   ? PL_FOLDER_FAILED
                   : PL_FOLDER_AGAIN;
    } else {
        fate = v.why == AN_OK ? take_read(&v, file) : PL_FOLDER_AGAIN;
    }
    an_log(pl_engine_log(s->running.engine),
           fate == PL_FOLDER_DONE     ? AN_EVENT_FOLDER_DONE
           : fate == PL_FOLDER_FAILED ? AN_EVENT_FOLDER_FAILED
                                      : AN_EVENT_FOLDER_AGAIN,
           v.n_messages, v.n_refused, v.why);
    an_arena_free(&v.arena);
    return fate;
}

enum an_code pl_face_folder_open(struct pl_server *s, struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(s->running.engine);
    const struct pl_folder_options options = {.path = o->folder_path.p,
                                              .pattern = o->folder_pattern.p,
                                              .done = o->folder_done.p,
                                              .failed = o->folder_failed.p,
                                              .poll_ms = o->folder_poll_ms,
                                              .settle_ms = o->folder_settle_ms};
    const struct pl_folder_calls calls = {.ctx = s, .take = take};

    if (o->folder_path.n == 0)
        return AN_OK;
    return pl_folder_open(&options, &calls, pl_engine_log(s->running.engine),
                          &s->folder, err);
}
