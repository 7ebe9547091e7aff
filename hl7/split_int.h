/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to leaves and segments: the part of parsing that editing a
 * segment needs again.
 *
 * hl7_split_scan is the hot loop of the parser: one table look-up, one store
 * and one add a byte, and no branch that depends on the data. */
#ifndef HL7_SPLIT_INT_H
#define HL7_SPLIT_INT_H

#include "hl7/message.h"

enum { HL7_ID_BYTES = 3 };

static inline uint32_t hl7_word(size_t end, enum hl7_level level)
{
    return (uint32_t)(end << HL7_LEVEL_BITS | level);
}

static inline uint32_t hl7_word_end(uint32_t word)
{
    return word >> HL7_LEVEL_BITS;
}

static inline enum hl7_level hl7_word_level(uint32_t word)
{
    return (enum hl7_level)(word & HL7_LEVEL_MASK);
}

struct hl7_words {
    uint32_t *word;
    size_t n, size, limit;
};

/* Three capitals or digits, a capital first, then the separator or nothing. */
bool hl7_split_is_id(struct an_str s, char separator);
/* MSH, FHS or BHS. */
bool hl7_split_is_header(struct an_str s);

/* No words yet; room for what n_bytes usually need. */
enum an_code hl7_split_begin(struct an_arena *arena, size_t n_bytes,
                             size_t limit, struct hl7_words *w,
                             struct an_err *err);

/* Append a word for each byte of text[from, to) that ends something. */
enum an_code hl7_split_scan(struct an_arena *arena, struct an_str text,
                            size_t from, size_t to,
                            const unsigned char cls[256], struct hl7_words *w,
                            struct an_err *err);

/* Append the word that ends the last segment. */
void hl7_split_end(size_t to, struct hl7_words *w);

/* Make m->segment from the words of text[at, to); the rest of text is the last
 * line end.  Segments are not numbered yet. */
enum an_code hl7_split_build(struct hl7_message *m, struct an_str text,
                             size_t at, size_t to, const struct hl7_words *w,
                             size_t segment_limit, struct an_err *err);

#endif
