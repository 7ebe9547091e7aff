/* SPDX-License-Identifier: Apache-2.0 */
/* How hard a text is to read, by published formulas over counts.
 *
 * A sentence ends at . ! ? or a line's end, where it held a word.  A full
 * stop between two digits ends nothing.  A word is a run of letters,
 * apostrophes included; numbers and units of measurement that hold a digit are
 * no words, for their syllables depend on how they are read out.
 *
 * Test code: measures what advice/ writes. */
#ifndef TESTS_READABILITY_H
#define TESTS_READABILITY_H

#include "base/str.h"

struct readability {
    unsigned words, sentences, syllables, polysyllables, longest_sentence;
};

/* Syllables of one word, ASCII letters or UTF-8 Spanish. */
unsigned readability_syllables_en(struct an_str word);
unsigned readability_syllables_es(struct an_str word);

struct readability readability_count(struct an_str text,
                                     unsigned (*syllables)(struct an_str));

double readability_fk_grade(const struct readability *r);
double readability_flesch(const struct readability *r);
double readability_smog(const struct readability *r);
double readability_fernandez_huerta(const struct readability *r);
double readability_inflesz(const struct readability *r);

#endif
