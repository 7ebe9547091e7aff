/* SPDX-License-Identifier: Apache-2.0 */
/* POST /hl7v2: HL7 over HTTP, as HAPI's specification has it, and batches.
 *
 * A body that is HL7v2 gets HL7v2 back, with status 200 whatever it says: that a
 * message is refused is no fault of the transport.  Other statuses have a body
 * that is none: 400 the body is no HL7v2, 415 the type or character set is
 * another, 503 it could not be stored now. */
#include "plugin/host/serve.h"

#include "base/hash.h"
#include "fhir/outcome.h"
#include "hl7/batch.h"
#include "hl7/batch_ack.h"
#include "hl7/charset.h"
#include "plugin/host/many.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_ID_BYTES = 8, TYPE_BYTES = 64, ACKS_BYTES = 100 << 20 };

/* ---- the content type ------------------------------------------------------- */

/* What is answered in kind. */
static const char *const er7_types[] = {
    "x-application/hl7-v2+er7", /* of the specification */
    "application/hl7-v2+er7", "application/hl7-v2"};
/* What curl and others say when they are told nothing. */
static const char *const plain_types[] = {"", "text/plain",
                                          "application/octet-stream",
                                          "application/x-www-form-urlencoded"};

/* The type of the answer; NULL when the request's is not taken. */
static const char *type_of_answer(struct an_str type)
{
    for (size_t i = 0; i < sizeof(er7_types) / sizeof(er7_types[0]); i++)
        if (an_str_eq_nocase(type, an_str_c(er7_types[i])))
            return er7_types[i];
    for (size_t i = 0; i < sizeof(plain_types) / sizeof(plain_types[0]); i++)
        if (an_str_eq_nocase(type, an_str_c(plain_types[i])))
            return er7_types[0];
    return NULL;
}

/* A parameter of Content-Type; "" when it is not there. */
static struct an_str parameter(struct an_str header, struct an_str name)
{
    struct an_str part, key;

    (void)an_str_cut(&header, ';', &part);
    while (an_str_cut(&header, ';', &part)) {
        if (!an_str_cut(&part, '=', &key) || part.p == NULL ||
            !an_str_eq_nocase(an_str_trim(key), name))
            continue;
        part = an_str_trim(part);
        if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"')
            part = an_str_sub(part, 1, part.n - 2);
        return part;
    }
    return AN_STR("");
}

/* The character set to read the body in; NULL: as it is.  False: the header
 * names one that there is not. */
static bool charset_of(const struct pl_http_request *q,
                       const struct hl7_charset **charset)
{
    struct an_str header = AN_STR(""), name;

    *charset = hl7_charset_wide(q->body);
    (void)pl_http_header(q, "Content-Type", &header);
    name = parameter(header, AN_STR("charset"));
    if (*charset || name.n == 0)
        return true;
    *charset = hl7_charset_find(name);
    if (*charset == NULL)
        return false;
    if (hl7_charset_is_utf8(*charset) || hl7_utf8_valid(q->body))
        *charset = NULL;
    return true;
}

/* The body in UTF-8, where the header names another set and the bytes are not
 * UTF-8: then the header wins over MSH-18 (2.4).  False with a status. */
static bool decode(struct pl_http_request *q, struct pl_http_response *r)
{
    const struct hl7_charset *charset;
    struct an_str utf8;
    size_t n_replaced;

    if (!charset_of(q, &charset)) {
        r->status = 415;
        return false;
    }
    if (charset == NULL)
        return true;
    if (hl7_charset_decode(charset, q->arena, q->body, &utf8, &n_replaced,
                           NULL) != AN_OK) {
        r->status = 503;
        return false;
    }
    q->body = utf8;
    return true;
}

/* ---- many messages ------------------------------------------------------------ */

struct visit {
    struct pl_server *server;
    struct an_buf out;
    struct hl7_batch_ack acks;
    bool has_failed; /* one of them could not be stored now */
};

static void told(void *user, const struct pl_many_item *item,
                 struct pl_job *job)
{
    struct visit *v = user;
    enum pl_verdict verdict = job ? pl_job_verdict(job) : PL_FAILED;

    v->has_failed |= verdict == PL_FAILED;
    if (job == NULL)
        return;
    pl_server_count_job(v->server, job);
    if (pl_job_accept(job).n)
        hl7_batch_ack_put(&v->acks, item->file_header, item->batch_header,
                          pl_job_accept(job));
    hl7_batch_ack_put(&v->acks, item->file_header, item->batch_header,
                      pl_job_answer(job));
}

/* Its number is that of its bytes. */
static bool batch_id(struct pl_http_request *q, struct an_str *id)
{
    char hex[2 * BATCH_ID_BYTES + 1];
    struct an_sha256 digest;

    if (an_sha256(q->body, &digest, NULL) != AN_OK)
        return false;
    an_hex_print(digest.b, BATCH_ID_BYTES, hex);
    return an_arena_str(q->arena, (struct an_str){hex, sizeof(hex) - 1}, id);
}

static enum an_code take_batch(struct pl_server *s, struct pl_http_request *q,
                               struct pl_http_response *r, struct an_str feed)
{
    struct visit v = {.server = s};
    struct an_time now = an_time_us(pl_engine_now_us(s->running.engine));
    struct pl_many *many = malloc(sizeof(*many));
    struct hl7_batch_message m;
    struct hl7_batch b;
    struct an_str id;

    if (many == NULL || !batch_id(q, &id)) {
        free(many);
        return AN_BUSY;
    }
    now.us -= now.us % 1000000;
    now.precision = AN_TIME_SECOND;
    an_buf_init(&v.out, q->arena, ACKS_BYTES);
    hl7_batch_ack_init(&v.acks, &v.out, now, id);
    pl_many_init(many, s->running.engine, feed, told, &v);
    hl7_batch_init(&b, q->body);
    while (hl7_batch_next(&b, &m)) {
        const struct pl_many_item item = {.bytes = m.bytes,
                                          .format = PL_FORMAT_HL7V2,
                                          .file_header = m.file_header,
                                          .batch_header = m.batch_header,
                                          .number = b.n_messages,
                                          .offset = m.offset};

        pl_many_add(many, &item);
    }
    pl_many_flush(many);
    pl_many_free(many);
    free(many);
    hl7_batch_ack_end(&v.acks);
    if (v.has_failed)
        return AN_BUSY;
    return an_buf_done(&v.out, &r->body, NULL);
}

/* ---- one ------------------------------------------------------------------------ */

static enum an_code take_one(struct pl_server *s, struct pl_http_request *q,
                             struct pl_http_response *r, struct an_str feed)
{
    struct pl_job *job =
        pl_engine_job(s->running.engine, PL_FORMAT_HL7V2, feed, q->body, false);
    enum an_code rc = AN_OK;

    if (job == NULL)
        return AN_BUSY;
    pl_job_ask_sender(job);
    pl_job_read(job, pl_engine_settings(s->running.engine));
    pl_job_put(job, pl_engine_committer(s->running.engine));
    pl_server_count_job(s, job);
    if (pl_job_verdict(job) == PL_FAILED)
        rc = AN_BUSY;
    else if (!pl_job_is_answered(job))
        r->status = 204;
    else if (!an_arena_str(q->arena, pl_job_answer(job), &r->body))
        rc = AN_NOMEM;
    pl_job_free(job);
    return rc;
}

/* Does it have a header, or more than one message? */
static bool is_batch(struct an_str body)
{
    struct hl7_batch_message m;
    struct hl7_batch b;

    hl7_batch_init(&b, body);
    if (!hl7_batch_next(&b, &m) || m.file_header.n || m.batch_header.n)
        return true;
    return hl7_batch_next(&b, &m);
}

/* A body that is no HL7v2, for a status that is no success. */
static enum an_code refuse(struct pl_http_request *q,
                           struct pl_http_response *r)
{
    struct an_err err = {.code = AN_UNSUPPORTED,
                         .what = r->status == 415
                                     ? "another type or character set than "
                                       "HL7v2 comes in here"
                                     : "the body is no HL7v2 message"};

    if (r->status == 503)
        return AN_BUSY;
    r->content_type = "application/fhir+json; charset=utf-8";
    return fhir_outcome(q->arena, &err, NULL, 0, &r->body, NULL);
}

enum an_code pl_hl7_post(void *ctx, struct pl_http_request *q,
                         struct pl_http_response *r)
{
    const char *type = type_of_answer(q->content_type);
    struct pl_server *s = ctx;
    char feed_name[PL_FEED_BYTES], text[TYPE_BYTES];
    struct an_str feed = pl_feed_name("http", q->identity, feed_name), copy;
    enum pl_format format;
    int n;

    if (type == NULL) {
        r->status = 415;
        return refuse(q, r);
    }
    if (!decode(q, r))
        return refuse(q, r);
    if (!pl_format_guess(q->body, &format) || format != PL_FORMAT_HL7V2) {
        r->status = 400;
        return refuse(q, r);
    }
    n = snprintf(text, sizeof(text), "%s; charset=utf-8", type);
    if (!an_arena_str(q->arena, (struct an_str){text, (size_t)n}, &copy))
        return AN_NOMEM;
    r->content_type = copy.p;
    return is_batch(q->body) ? take_batch(s, q, r, feed)
                             : take_one(s, q, r, feed);
}
