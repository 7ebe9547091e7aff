/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/message.h"
#include "hl7/split_int.h"

#include <string.h>

enum {
    N_IDS = 512, /* slots; HL7 v2.9 has about 200 segments */
    MOST_IDS = 400,
    MAX_MESSAGE_BYTES = (1 << 29) - 1
};

const struct hl7_limits hl7_limits_default = {
    .message_bytes = 64U << 20,
    .n_segments = 1U << 20,
    .n_nodes = 16U << 20,
};

bool hl7_warn(struct hl7_message *m, enum an_code code, const char *what,
              const struct an_where *where)
{
    if (m->n_warnings < HL7_MAX_WARNINGS) {
        if (m->warning == NULL)
            m->warning =
                an_arena_get(m->arena, HL7_MAX_WARNINGS, sizeof(*m->warning));
        if (m->warning == NULL)
            return false;
        an_fail(&m->warning[m->n_warnings], code, what, where->byte);
        m->warning[m->n_warnings].where = *where;
    }
    m->n_warnings++;
    return true;
}

static struct an_where msh_where(size_t field, size_t byte)
{
    return (struct an_where){.segment = "MSH",
                             .segment_seq = 1,
                             .field = (uint16_t)field,
                             .byte = byte};
}

/* How many bytes of blanks, control characters and byte order mark there are
 * before the first segment. */
static size_t prelude_bytes(struct an_str bytes)
{
    size_t n = 0;

    if (an_str_starts(bytes, AN_STR("\xEF\xBB\xBF")))
        n = sizeof("\xEF\xBB\xBF") - 1;
    while (n < bytes.n && (unsigned char)bytes.p[n] <= ' ')
        n++;
    return n;
}

/* Find MSH, read its delimiters. */
static enum an_code read_header(struct hl7_message *m, size_t *n_header,
                                struct an_err *err)
{
    size_t at = prelude_bytes(m->bytes);
    struct an_str rest = an_str_sub(m->bytes, at, m->bytes.n);
    struct an_where where;
    const char *odd;

    if (hl7_charset_wide(m->bytes))
        return an_fail(err, AN_UNSUPPORTED, "UTF-16 or UTF-32, not bytes", 0);
    if (rest.n == 0)
        return an_fail(err, AN_MISSING, "the message is empty", at);
    if (!an_str_starts(rest, AN_STR("MSH")))
        return an_fail(
            err, hl7_split_is_header(rest) ? AN_UNSUPPORTED : AN_SYNTAX,
            hl7_split_is_header(rest) ? "a batch or file, not one message"
                                      : "the message does not begin with MSH",
            at);
    m->prelude = an_str_sub(m->bytes, 0, at);
    if (!hl7_delims_read(rest, &m->delims, n_header, &odd)) {
        an_fail(err, AN_SYNTAX, "MSH-1 is no usable field separator", at);
        if (err)
            err->where = msh_where(1, at + HL7_ID_BYTES);
        return AN_SYNTAX;
    }
    where = msh_where(0, 0);
    if (at && !hl7_warn(m, AN_SYNTAX, "there is something before MSH", &where))
        return an_fail_nomem(err);
    where = msh_where(2, at + HL7_ID_BYTES + 1);
    if (odd && !hl7_warn(m, AN_SYNTAX, odd, &where))
        return an_fail_nomem(err);
    return AN_OK;
}

/* Where the last segment ends: before the line ends, blank lines and framing
 * that trail the message. */
static size_t content_end(struct an_str bytes, size_t from)
{
    size_t end = bytes.n;

    while (end > from && memchr("\r\n\t \x1C\x1A\v", bytes.p[end - 1], 8))
        end--;
    while (end < bytes.n && !memchr("\r\n\x1C", bytes.p[end], 3))
        end++;
    return end;
}

/* Past the line ends at `at`. */
static size_t skip_eol(const struct hl7_message *m, size_t at, size_t to)
{
    while (at < to && (m->bytes.p[at] == '\r' || m->bytes.p[at] == '\n'))
        at++;
    return at;
}

/* At `at` there is what looks like a segment. */
static bool id_at(const struct hl7_message *m, size_t at, size_t to)
{
    const char *p = m->bytes.p + at;
    size_t n = 0;

    while (n <= HL7_ID_BYTES && at + n < to && p[n] != '\r' && p[n] != '\n')
        n++;
    return hl7_split_is_id((struct an_str){p, n}, m->delims.field);
}

/* A byte c stands before what looks like a segment. */
static bool ends_segments(const struct hl7_message *m, char c, size_t from,
                          size_t to)
{
    const char *p = m->bytes.p;

    while (from < to) {
        const char *at = memchr(p + from, c, to - from);

        if (at == NULL)
            return false;
        from = skip_eol(m, (size_t)(at - p), to);
        if (id_at(m, from, to))
            return true;
    }
    return false;
}

/* Where both CR and LF occur, drop the words of those that are data. */
static bool drop_data_line_ends(struct hl7_message *m, struct hl7_words *w,
                                size_t from, size_t to)
{
    const char *p = m->bytes.p;
    bool cr_ends =
        ends_segments(m, '\r', from, to) || !ends_segments(m, '\n', from, to);
    size_t n = 0, mixed_at = 0, run_end = 0;
    bool run_ends = false;

    for (size_t i = 0; i + 1 < w->n; i++) {
        size_t at = hl7_word_end(w->word[i]);
        bool keep = true;

        if (hl7_word_level(w->word[i]) == HL7_SEGMENT) {
            if (at >= run_end) { /* decided once for a run of line ends */
                run_end = skip_eol(m, at, to);
                run_ends = cr_ends && p[at] == '\n' && id_at(m, run_end, to);
                if (run_ends && mixed_at == 0)
                    mixed_at = at;
            }
            if (p[at] == (cr_ends ? '\r' : '\n') ||
                (p[at] == '\r' && at + 1 < to && p[at + 1] == '\n'))
                run_ends = true;
            keep = run_ends;
        }
        w->word[n] = w->word[i];
        n += keep;
    }
    w->word[n++] = w->word[w->n - 1];
    w->n = n;
    return mixed_at == 0 ||
           hl7_warn(m, AN_SYNTAX, "segments end with CR and with LF",
                    &(struct an_where){.byte = mixed_at});
}

static bool warn_odd(struct hl7_message *m, size_t segment)
{
    struct an_where where = hl7_where(m, segment, 0, 0, 0, 0);

    return hl7_warn(m, AN_SYNTAX,
                    m->segment[segment].is_header
                        ? "a header segment inside the message"
                        : "a segment does not begin with a segment id",
                    &where);
}

/* Count each segment among those of its id; name the odd ones. */
static enum an_code number_segments(struct hl7_message *m, struct an_err *err)
{
    struct {
        char id[4];
        uint32_t n;
    } slot[N_IDS];
    size_t n_ids = 0;

    memset(slot, 0, sizeof(slot));
    for (size_t i = 0; i < m->n_segments; i++) {
        struct hl7_segment *s = &m->segment[i];
        size_t h = ((size_t)(unsigned char)s->id[0] * 31 * 31 +
                    (size_t)(unsigned char)s->id[1] * 31 +
                    (size_t)(unsigned char)s->id[2]) %
                   N_IDS;

        while (slot[h].n && memcmp(slot[h].id, s->id, sizeof(s->id)) != 0)
            h = (h + 1) % N_IDS;
        if (slot[h].n == 0 && ++n_ids > MOST_IDS)
            return an_fail(err, AN_LIMIT, "too many kinds of segments", s->at);
        memcpy(slot[h].id, s->id, sizeof(s->id));
        s->seq = ++slot[h].n;
        if ((s->id[0] == '?' || (i > 0 && s->is_header)) && !warn_odd(m, i))
            return an_fail_nomem(err);
    }
    return AN_OK;
}

/* Leaves and line ends of m->bytes, whose header takes n_header bytes. */
static enum an_code split(struct hl7_message *m, size_t n_header,
                          const struct hl7_limits *limits, struct an_err *err)
{
    struct an_str bytes = m->bytes;
    size_t at = m->prelude.n, from = at + n_header;
    size_t to = content_end(bytes, from);
    unsigned char cls[256];
    struct hl7_words w;
    enum an_code code;

    hl7_delims_classes(&m->delims, cls);
    cls['\r'] = cls['\n'] = HL7_SEGMENT;
    code = hl7_split_begin(m->arena, to - at, limits->n_nodes, &w, err);
    if (code == AN_OK) /* "MSH|": the id and MSH-1 */
        code = hl7_split_scan(m->arena, bytes, at, at + HL7_ID_BYTES + 1, cls,
                              &w, err);
    if (code == AN_OK)
        code = hl7_split_scan(m->arena, bytes, from, to, cls, &w, err);
    if (code != AN_OK)
        return code;
    hl7_split_end(to, &w);
    if (memchr(bytes.p + at, '\n', to - at) &&
        memchr(bytes.p + at, '\r', to - at) &&
        !drop_data_line_ends(m, &w, from, to))
        return an_fail_nomem(err);
    return hl7_split_build(m, bytes, at, to, &w, limits->n_segments, err);
}

enum an_code hl7_parse(struct an_arena *arena, struct an_str bytes,
                       const struct hl7_limits *limits, struct hl7_message *m,
                       struct an_err *err)
{
    size_t n_header = 0;
    enum an_code code;

    if (limits == NULL)
        limits = &hl7_limits_default;
    *m = (struct hl7_message){.arena = arena, .bytes = bytes};
    if (bytes.n > limits->message_bytes || bytes.n > MAX_MESSAGE_BYTES)
        return an_fail(err, AN_LIMIT, "the message is too large",
                       limits->message_bytes);
    code = read_header(m, &n_header, err);
    if (code == AN_OK)
        code = split(m, n_header, limits, err);
    if (code == AN_OK)
        code = number_segments(m, err);
    return code;
}
