/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/batch.h"
#include "hl7/delims.h"

#include <string.h>

enum { ID_BYTES = 3 };

enum line_kind { LINE_OTHER, LINE_MSH, LINE_FHS, LINE_BHS, LINE_BTS, LINE_FTS };

static bool is_eol(char c)
{
    return c == '\r' || c == '\n';
}

/* What the line at s is. */
static enum line_kind line_kind(struct an_str s)
{
    static const char id[][ID_BYTES + 1] = {"",    "MSH", "FHS",
                                            "BHS", "BTS", "FTS"};
    struct hl7_delims d;
    const char *odd;
    size_t n_header;

    for (unsigned i = LINE_MSH; i <= LINE_FTS; i++) {
        if (!an_str_starts(s, an_str_c(id[i])))
            continue;
        if (i >= LINE_BTS && (s.n == ID_BYTES || is_eol(s.p[ID_BYTES])))
            return (enum line_kind)i; /* a trailer without fields */
        return hl7_delims_read(an_str_sub(s, 0, ID_BYTES + 1), &d, &n_header,
                               &odd)
                   ? (enum line_kind)i
                   : LINE_OTHER;
    }
    return LINE_OTHER;
}

/* Where the line after the one at `at` begins. */
static size_t next_line(struct an_str s, size_t at)
{
    while (at < s.n && !is_eol(s.p[at]))
        at++;
    while (at < s.n && is_eol(s.p[at]))
        at++;
    return at;
}

static struct an_str line_at(struct an_str s, size_t at)
{
    size_t end = at;

    while (end < s.n && !is_eol(s.p[end]))
        end++;
    return an_str_sub(s, at, end - at);
}

static void warn(struct hl7_batch *b, enum an_code code, const char *what,
                 const char *segment, size_t byte)
{
    if (b->n_warnings < HL7_BATCH_MAX_WARNINGS) {
        struct an_err *w = &b->warning[b->n_warnings];

        an_fail(w, code, what, byte);
        if (segment) {
            memcpy(w->where.segment, segment, ID_BYTES + 1);
            w->where.segment_seq = 1;
            w->where.field = 1;
        }
    }
    b->n_warnings++;
}

void hl7_batch_init(struct hl7_batch *b, struct an_str bytes)
{
    *b = (struct hl7_batch){.bytes = bytes};
}

/* Compare the first field of a trailer with what was counted; an empty one
 * says nothing. */
static void check_count(struct hl7_batch *b, struct an_str line, uint64_t n,
                        const char *segment, const char *what)
{
    struct an_str field = an_str_sub(line, ID_BYTES + 1, line.n), said;
    uint64_t count;

    if (line.n <= ID_BYTES + 1)
        return;
    an_str_cut(&field, line.p[ID_BYTES], &said);
    said = an_str_trim(said);
    if (said.n && (!an_str_u64(said, &count) || count != n))
        warn(b, AN_CONFLICT, what, segment, b->at);
}

static void end_batch(struct hl7_batch *b, struct an_str trailer)
{
    if (trailer.n == 0 && b->in_batch)
        warn(b, AN_MISSING, "a batch has no BTS", NULL, b->at);
    if (trailer.n && !b->in_batch)
        warn(b, AN_SYNTAX, "a BTS without its BHS", NULL, b->at);
    check_count(b, trailer, b->n_in_batch, "BTS",
                "BTS-1 is not the number of messages in the batch");
    b->in_batch = false;
    b->batch_header = (struct an_str){NULL, 0};
    b->n_in_batch = 0;
}

static void end_file(struct hl7_batch *b, struct an_str trailer)
{
    if (b->in_batch)
        end_batch(b, AN_STR(""));
    if (trailer.n == 0 && b->in_file)
        warn(b, AN_MISSING, "a file has no FTS", NULL, b->at);
    if (trailer.n && !b->in_file)
        warn(b, AN_SYNTAX, "an FTS without its FHS", NULL, b->at);
    if (b->n_batches) /* messages without a batch: senders count variously */
        check_count(b, trailer, b->n_batches, "FTS",
                    "FTS-1 is not the number of batches in the file");
    b->in_file = false;
    b->file_header = (struct an_str){NULL, 0};
    b->n_batches = b->n_in_batch = 0;
}

static void take_header_or_trailer(struct hl7_batch *b, enum line_kind kind)
{
    struct an_str line = line_at(b->bytes, b->at);

    b->has_header = true;
    if (kind == LINE_FHS) {
        if (b->in_file || b->in_batch)
            end_file(b, AN_STR(""));
        b->in_file = true;
        b->file_header = line;
        b->n_in_batch = 0;
    } else if (kind == LINE_BHS) {
        if (b->in_batch)
            end_batch(b, AN_STR(""));
        b->in_batch = true;
        b->batch_header = line;
        b->n_batches++;
        b->n_in_batch = 0;
    } else if (kind == LINE_BTS) {
        end_batch(b, line);
    } else {
        end_file(b, line);
    }
}

/* The end of the message at b->at: the next header or trailer. */
static size_t message_end(const struct hl7_batch *b)
{
    size_t at = next_line(b->bytes, b->at);

    while (at < b->bytes.n &&
           line_kind(an_str_sub(b->bytes, at, ID_BYTES + 1)) == LINE_OTHER)
        at = next_line(b->bytes, at);
    return at;
}

/* Blanks, framing and a byte order mark may stand before a header. */
static size_t blank_bytes(struct an_str s, size_t at)
{
    if (an_str_starts(an_str_sub(s, at, 3), AN_STR("\xEF\xBB\xBF")))
        at += 3;
    while (at < s.n && (unsigned char)s.p[at] <= ' ')
        at++;
    return at;
}

static bool give(struct hl7_batch *b, size_t from, size_t to,
                 struct hl7_batch_message *message)
{
    *message = (struct hl7_batch_message){
        .bytes = an_str_sub(b->bytes, from, to - from),
        .offset = from,
        .file_header = b->file_header,
        .batch_header = b->batch_header,
    };
    b->at = to;
    b->has_header = true;
    b->n_messages++;
    b->n_in_batch++;
    return true;
}

bool hl7_batch_next(struct hl7_batch *b, struct hl7_batch_message *message)
{
    bool stray = false;

    while ((b->at = blank_bytes(b->bytes, b->at)) < b->bytes.n) {
        enum line_kind kind =
            line_kind(an_str_sub(b->bytes, b->at, ID_BYTES + 1));

        if (kind == LINE_MSH)
            return give(b, b->at, message_end(b), message);
        if (kind != LINE_OTHER) {
            take_header_or_trailer(b, kind);
            stray = false;
        } else if (!b->has_header && message_end(b) == b->bytes.n) {
            return give(b, 0, b->bytes.n, message);
        } else if (!stray) {
            warn(b, AN_SYNTAX, "there is text outside any message", NULL,
                 b->at);
            b->has_header = stray = true;
        }
        b->at = next_line(b->bytes, b->at);
    }
    if (b->n_messages == 0 && !b->has_header && b->bytes.n)
        return give(b, 0, b->bytes.n, message);
    if (b->in_file || b->in_batch)
        end_file(b, AN_STR(""));
    return false;
}
