/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences in a person's language.  The only file that knows ICU.
 *
 * Every sentence is a pattern of a catalogue (config/locale), compiled in, and
 * is asked for by key; what changes comes as arguments:
 *
 *     struct adv_words w;
 *     if (adv_words_open(&w, arena, AN_STR("es"), err))
 *         return err->code;
 *     s = adv_say(&w, ADV_SAY_SUMMARY_TEST,
 *                 &(struct adv_args){.text = {name, value, date}});
 *     code = adv_words_done(&w, err);       -- the first failure, if any
 *     adv_words_close(&w);
 *
 * As with an an_buf, a failure marks the object, later calls give "", and the
 * caller checks once.
 *
 * Thread-safety: confined.  Ownership: sentences are the arena's; close gives
 * back what ICU holds and must follow every open that succeeded. */
#ifndef ADVICE_WORDS_H
#define ADVICE_WORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

enum adv_say {
#define LANGUAGE(code, locale, is_reviewed)
#define X(key, pattern) ADV_SAY_##key,
#include "config/locale/en.inc"
#undef X
#undef LANGUAGE
    ADV_N_SAYS
};

enum { ADV_TEXTS = 6, ADV_NUMBERS = 6 };

/* {0} to {5}, and {6} to {11}. */
struct adv_args {
    struct an_str text[ADV_TEXTS];
    double number[ADV_NUMBERS];
};

struct adv_words {
    struct an_arena *arena;
    struct an_str language; /* BCP 47: of the catalogue that is used */
    bool draft;             /* no translator has reviewed it */
    enum an_code code;      /* AN_OK until something failed */
    const char *what;
    const struct an_str *pattern; /* by enum adv_say */
    struct adv_icu *icu;
};

/* The languages with a catalogue; English is the first. */
size_t adv_n_languages(void);
struct an_str adv_language(size_t i);

/* `language` is BCP 47: "es-MX" uses the catalogue of "es" and the numbers and
 * dates of es-MX; "es" alone those of the catalogue's X-Locale.  Without a
 * catalogue for it the words are English, and w->language says so. */
enum an_code adv_words_open(struct adv_words *w, struct an_arena *arena,
                            struct an_str language, struct an_err *err)
    __attribute__((warn_unused_result));
void adv_words_close(struct adv_words *w);
enum an_code adv_words_done(const struct adv_words *w, struct an_err *err)
    __attribute__((warn_unused_result));

/* Mark it as failed; the first mark stays.  `what` is a literal. */
void adv_words_fail(struct adv_words *w, enum an_code code, const char *what);

/* Bytes of an argument that are no UTF-8 become U+FFFD.  All texts of one
 * sentence together, and the sentence, are at most 4,000 UTF-16 units. */
struct an_str adv_say(struct adv_words *w, enum adv_say key,
                      const struct adv_args *args);

/* A day, month or year with the month as a word, no finer than it was said,
 * at its own offset: "March 5, 2024", "5 de marzo de 2024", "2024". */
struct an_str adv_say_date(struct adv_words *w, struct an_time t);

#endif
