/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/readability.h"

#include <math.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_vowel_en(char c)
{
    return c && strchr("aeiouy", lower(c)) != NULL;
}

static bool ends_with(const char *w, size_t n, const char *end)
{
    size_t k = strlen(end);

    return n >= k && memcmp(w + n - k, end, k) == 0;
}

/* Words that the rules get wrong and that plain medical English uses. */
static unsigned exception_en(const char *w)
{
    static const struct {
        const char *word;
        unsigned syllables;
    } known[] = {
        {"area", 3},      {"being", 2},      {"diabetes", 4}, {"people", 2},
        {"something", 2}, {"sometimes", 2},  {"someone", 2},  {"every", 2},
        {"medicine", 3},  {"medicines", 3},  {"sodium", 3},   {"potassium", 4},
        {"calcium", 3},   {"creatinine", 4}, {"protein", 2},  {"anemia", 4},
        {"february", 4},  {"january", 4},    {"urea", 3},     {"warfarin", 3},
        {"heart", 1},     {"idea", 3},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(w, known[i].word) == 0)
            return known[i].syllables;
    return 0;
}

unsigned readability_syllables_en(struct an_str word)
{
    char w[64];
    size_t n = 0;
    unsigned count = 0;

    for (size_t i = 0; i < word.n && n < sizeof(w) - 1; i++)
        if (word.p[i] != '\'')
            w[n++] = lower(word.p[i]);
    w[n] = 0;
    if ((count = exception_en(w)) > 0)
        return count;
    for (size_t i = 0; i < n; i++)
        if (is_vowel_en(w[i]) && (i == 0 || !is_vowel_en(w[i - 1])))
            count++;
    /* A silent e: "rate", "times", "used"; not "table", "wanted", "boxes". */
    if (ends_with(w, n, "e") && n > 2 && !is_vowel_en(w[n - 2]) &&
        !(ends_with(w, n, "le") && n > 3 && !is_vowel_en(w[n - 3])))
        count--;
    else if (ends_with(w, n, "ed") && n > 3 && !is_vowel_en(w[n - 3]) &&
             w[n - 3] != 't' && w[n - 3] != 'd')
        count--;
    else if (ends_with(w, n, "es") && n > 3 && !is_vowel_en(w[n - 3]) &&
             !strchr("sxzcg", w[n - 3]) && !ends_with(w, n, "ches") &&
             !ends_with(w, n, "shes") &&
             !(w[n - 3] == 'l' && n > 4 && !is_vowel_en(w[n - 4])))
        count--;
    return count ? count : 1;
}

/* Spanish vowels one byte each: weak "iuy", strong "aeo", accented weak "1"
 * (which never joins a diphthong), anything else ".". */
static size_t fold_es(struct an_str word, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < word.n && n < room; i++) {
        unsigned char c = (unsigned char)word.p[i];

        if (c == 0xC3 && i + 1 < word.n) {
            unsigned char d = (unsigned char)word.p[++i] | 0x20;

            out[n++] = d == 0xA1 || d == 0xA9 || d == 0xB3 ? 'a'
                       : d == 0xAD || d == 0xBA            ? '1'
                       : d == 0xBC                         ? 'u'
                                                           : '.';
        } else {
            char l = lower((char)c);

            out[n++] = l && strchr("aeo", l)  ? 'a'
                       : l && strchr("iu", l) ? 'i'
                       : l == 'y'             ? 'y'
                       : l == 'q' || l == 'g' ? 'q'
                                              : '.';
        }
    }
    return n;
}

unsigned readability_syllables_es(struct an_str word)
{
    char w[96];
    size_t n = fold_es(word, w, sizeof(w));
    unsigned count = 0;

    for (size_t i = 0; i < n; i++) {
        bool vowel = w[i] == 'a' || w[i] == 'i' || w[i] == '1' ||
                     (w[i] == 'y' && i + 1 == n);
        bool joins;

        if (!vowel)
            continue;
        /* "que", "gui": the u is not sounded; it joins what follows anyway.
         * Two vowels are one syllable unless both are strong or one is an
         * accented weak one. */
        joins = i > 0 && count > 0 &&
                ((w[i - 1] == 'i' && w[i] != '1') ||
                 (w[i - 1] == 'a' && (w[i] == 'i' || w[i] == 'y')) ||
                 (w[i - 1] == 'i' && w[i] == '1' && i > 1 && w[i - 2] == 'q'));
        if (!joins)
            count++;
    }
    return count ? count : 1;
}

static bool is_letter(struct an_str text, size_t i)
{
    unsigned char c = (unsigned char)text.p[i];

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 ||
           c == '\'' || (c >= '0' && c <= '9');
}

static bool is_digit(struct an_str text, size_t i)
{
    return i < text.n && text.p[i] >= '0' && text.p[i] <= '9';
}

struct readability readability_count(struct an_str text,
                                     unsigned (*syllables)(struct an_str))
{
    struct readability r = {0};
    unsigned in_sentence = 0;

    for (size_t i = 0; i <= text.n; i++) {
        size_t from = i;
        bool has_digit = false;
        unsigned n;

        while (i < text.n && is_letter(text, i)) {
            has_digit = has_digit || is_digit(text, i);
            i++;
        }
        if (i > from && !has_digit) {
            n = syllables((struct an_str){text.p + from, i - from});
            r.words++;
            r.syllables += n;
            r.polysyllables += n >= 3;
            in_sentence++;
        }
        if (i < text.n && !strchr(".!?\n", text.p[i]))
            continue;
        if (i < text.n && text.p[i] == '.' && is_digit(text, i + 1))
            continue;
        if (in_sentence) {
            r.sentences++;
            if (in_sentence > r.longest_sentence)
                r.longest_sentence = in_sentence;
            in_sentence = 0;
        }
    }
    return r;
}

double readability_fk_grade(const struct readability *r)
{
    return 0.39 * r->words / r->sentences + 11.8 * r->syllables / r->words -
           15.59;
}

double readability_flesch(const struct readability *r)
{
    return 206.835 - 1.015 * r->words / r->sentences -
           84.6 * r->syllables / r->words;
}

double readability_smog(const struct readability *r)
{
    return 1.043 * sqrt(30.0 * r->polysyllables / r->sentences) + 3.1291;
}

double readability_fernandez_huerta(const struct readability *r)
{
    return 206.84 - 60.0 * r->syllables / r->words -
           1.02 * r->words / r->sentences;
}

double readability_inflesz(const struct readability *r)
{
    return 206.835 - 62.3 * r->syllables / r->words -
           (double)r->words / r->sentences;
}
