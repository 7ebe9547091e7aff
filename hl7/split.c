/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/split_int.h"

#include <string.h>

/* Words are got for one leaf in four bytes (messages have one in five) and, if
 * that is too few, for the worst case. */
enum { CHUNK_BYTES = 1024, BYTES_PER_LEAF = 4, SPARE_WORDS = 2 };

bool hl7_split_is_id(struct an_str s, char separator)
{
    if (s.n < HL7_ID_BYTES || s.p[0] < 'A' || s.p[0] > 'Z')
        return false;
    for (int i = 1; i < HL7_ID_BYTES; i++)
        if (!(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
            !(s.p[i] >= '0' && s.p[i] <= '9'))
            return false;
    return s.n == HL7_ID_BYTES || s.p[HL7_ID_BYTES] == separator;
}

bool hl7_split_is_header(struct an_str s)
{
    return an_str_starts(s, AN_STR("MSH")) || an_str_starts(s, AN_STR("FHS")) ||
           an_str_starts(s, AN_STR("BHS"));
}

static size_t scan(const char *p, size_t from, size_t to,
                   const unsigned char cls[256], uint32_t *out)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        unsigned c = cls[(unsigned char)p[i]];

        out[n] = hl7_word(i, (enum hl7_level)c);
        n += c != HL7_NOTHING;
    }
    return n;
}

static enum an_code grow(struct an_arena *arena, struct hl7_words *w,
                         size_t n_more, struct an_err *err)
{
    size_t size = w->n + n_more + SPARE_WORDS;
    uint32_t *word = an_arena_get(arena, size, sizeof(*word));

    if (word == NULL)
        return an_fail_nomem(err);
    if (w->n)
        memcpy(word, w->word, w->n * sizeof(*word));
    w->word = word;
    w->size = size;
    return AN_OK;
}

enum an_code hl7_split_begin(struct an_arena *arena, size_t n_bytes,
                             size_t limit, struct hl7_words *w,
                             struct an_err *err)
{
    size_t n = n_bytes / BYTES_PER_LEAF + CHUNK_BYTES;

    *w = (struct hl7_words){.limit = limit};
    return grow(arena, w, n < n_bytes ? n : n_bytes, err);
}

enum an_code hl7_split_scan(struct an_arena *arena, struct an_str text,
                            size_t from, size_t to,
                            const unsigned char cls[256], struct hl7_words *w,
                            struct an_err *err)
{
    for (size_t i = from; i < to;) {
        size_t left = to - i, step = left < CHUNK_BYTES ? left : CHUNK_BYTES;

        if (w->size - w->n < step + SPARE_WORDS) {
            size_t most = w->limit - w->n + CHUNK_BYTES;
            enum an_code code = grow(arena, w, left < most ? left : most, err);

            if (code != AN_OK)
                return code;
        }
        w->n += scan(text.p, i, i + step, cls, w->word + w->n);
        i += step;
        if (w->n > w->limit)
            return an_fail(err, AN_LIMIT, "the message has too many fields", i);
    }
    return AN_OK;
}

void hl7_split_end(size_t to, struct hl7_words *w)
{
    w->word[w->n++] = hl7_word(to, HL7_SEGMENT);
}

/* Line ends from `at` on: the first, and blank lines. */
static size_t eol_bytes(struct an_str text, size_t at, size_t to)
{
    size_t i = at;

    while (i < to && (text.p[i] == '\r' || text.p[i] == '\n'))
        i++;
    return i - at;
}

/* Fill the field table from the words of one segment; returns its leaves. */
static size_t build_fields(struct hl7_segment *s, uint32_t *field)
{
    const uint32_t *leaf = s->leaf;
    size_t n_fields = 1, i = 0;
    uint32_t word;

    field[0] = 0;
    do {
        word = leaf[i++];
        field[n_fields] = (uint32_t)i;
        n_fields += (word & HL7_LEVEL_MASK) == HL7_FIELD;
    } while ((word & HL7_LEVEL_MASK) != HL7_SEGMENT);
    s->field = field;
    s->n_fields = (uint32_t)n_fields;
    s->n = hl7_word_end(word) - s->at;
    return i;
}

static void name_segment(struct hl7_segment *s, char separator)
{
    struct an_str all = {s->base + s->at, s->n};
    bool good = hl7_split_is_id(all, separator);

    memcpy(s->id, good ? all.p : "???", HL7_ID_BYTES);
    s->is_header = good && hl7_split_is_header(all);
}

enum an_code hl7_split_build(struct hl7_message *m, struct an_str text,
                             size_t at, size_t to, const struct hl7_words *w,
                             size_t segment_limit, struct an_err *err)
{
    size_t n_segments = 0, n_fields = 0, i = 0, blank_at = SIZE_MAX;
    uint32_t *field;

    for (size_t j = 0; j < w->n; j++) {
        size_t end = hl7_word_end(w->word[j]);

        if (hl7_word_level(w->word[j]) < HL7_FIELD)
            continue;
        n_fields++;
        if (hl7_word_level(w->word[j]) == HL7_SEGMENT) {
            n_segments += end != blank_at;
            blank_at = end + 1; /* a line end here ends a blank line */
        }
    }
    n_fields += n_segments;
    if (n_segments > segment_limit)
        n_segments = segment_limit;
    field = an_arena_get(m->arena, n_fields, sizeof(*field));
    m->segment = an_arena_get(m->arena, n_segments, sizeof(*m->segment));
    if (field == NULL || m->segment == NULL)
        return an_fail_nomem(err);
    for (m->n_segments = 0; i < w->n; m->n_segments++) {
        struct hl7_segment *s = &m->segment[m->n_segments];

        if (m->n_segments == segment_limit)
            return an_fail(err, AN_LIMIT, "the message has too many segments",
                           at);
        s->base = text.p;
        s->leaf = w->word + i;
        s->at = (uint32_t)at;
        i += build_fields(s, field);
        field += s->n_fields + 1;
        name_segment(s, m->delims.field);
        at += s->n;
        s->eol = an_str_sub(text, at,
                            at == to ? text.n - to : eol_bytes(text, at, to));
        at += s->eol.n;
        while (i < w->n && hl7_word_end(w->word[i]) < at)
            i++;
    }
    return AN_OK;
}
