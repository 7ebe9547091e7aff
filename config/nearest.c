/* SPDX-License-Identifier: Apache-2.0 */
#include "config/nearest.h"

#include "config/nearest_int.h"
#include "config/options.h"

#include <string.h>

enum { WORD_BYTES = 32 };

/* Edits (put in, leave out, replace, swap two neighbours) that lead from a to
 * b: the optimal string alignment distance, over three rows. */
static size_t distance(struct an_str a, struct an_str b)
{
    size_t row[3][WORD_BYTES + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3];
        const size_t *before = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
                a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a.n % 3][b.n];
}

size_t cfg_nearest(struct an_str word, const char *const *known, size_t n)
{
    size_t best = n, best_edits = 1 + (word.n + 2) / 3;

    for (size_t i = 0; i < n && word.n > 0 && word.n <= WORD_BYTES; i++) {
        const struct an_str one = an_str_c(known[i]);
        const size_t edits =
            one.n <= WORD_BYTES ? distance(word, one) : best_edits;

        if (edits < best_edits) {
            best_edits = edits;
            best = i;
        }
    }
    return best;
}

static bool give(struct an_str key, char *buf, size_t n)
{
    if (key.n >= n)
        return false;
    memcpy(buf, key.p, key.n);
    buf[key.n] = '\0';
    return true;
}

/* The word of `key` that stands right behind `prefix`. */
static struct an_str word_behind(struct an_str key, struct an_str prefix)
{
    struct an_str rest = an_str_sub(key, prefix.n, key.n), word = {"", 0};

    an_str_cut(&rest, '.', &word);
    return word;
}

static struct an_str last_word(struct an_str key)
{
    size_t at = key.n;

    while (at > 0 && key.p[at - 1] != '.')
        at--;
    return an_str_sub(key, at, key.n);
}

bool cfg_nearest_key(struct an_str prefix, struct an_str word, char *buf,
                     size_t n)
{
    struct an_str best = {"", 0};
    size_t best_edits = 1 + (word.n + 2) / 3;

    if (word.n == 0 || word.n > WORD_BYTES)
        return false;
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        struct an_str key = an_str_c(cfg_option[i].key), known;
        size_t edits;

        if (!an_str_starts(key, prefix))
            continue;
        known = word_behind(key, prefix);
        if (known.n > WORD_BYTES)
            continue;
        edits = distance(word, known);
        if (edits < best_edits) {
            best_edits = edits;
            best = an_str_sub(key, 0, prefix.n + known.n);
        }
    }
    for (int i = 0; i < CFG_N_OPTIONS && best.n == 0; i++) {
        struct an_str key = an_str_c(cfg_option[i].key);

        if (an_str_eq(last_word(key), word) || an_str_eq(key, word))
            best = key;
    }
    return best.n && give(best, buf, n);
}
