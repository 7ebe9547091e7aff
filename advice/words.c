/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/words.h"

#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/umsg.h>
#include <unicode/ustring.h>

enum { UNITS = 4000 };

/* What ICU holds open, and room for one sentence on its way through UTF-16.
 * Opening a pattern costs 20 times as much as using it, so each is kept. */
struct adv_icu {
    char locale[ULOC_FULLNAME_CAPACITY];
    UMessageFormat *message[ADV_N_SAYS];
    UDateFormat *date[AN_TIME_DAY + 1]; /* by precision */
    UChar in[UNITS], out[UNITS];
};

#define X(key, pattern) AN_STR_INIT(pattern),
#define LANGUAGE(code, locale, is_reviewed)
static const struct an_str text_en[ADV_N_SAYS] = {
#include "config/locale/en.inc"
};
#undef X
/* By key: a message that a catalogue lacked would be the empty text. */
#define X(key, pattern) [ADV_SAY_##key] = AN_STR_INIT(pattern),
static const struct an_str text_es[ADV_N_SAYS] = {
#include "config/locale/es.inc"
};
#undef X
#undef LANGUAGE

static const struct {
    struct an_str language;
    const char *locale;
    bool is_reviewed;
    const struct an_str *pattern;
} catalogues[] = {
#define X(key, pattern)
#define LANGUAGE(code, locale, is_reviewed)                                    \
    {AN_STR_INIT(#code), locale, is_reviewed, text_##code},
#include "config/locale/en.inc"
#include "config/locale/es.inc"
#undef LANGUAGE
#undef X
};

size_t adv_n_languages(void)
{
    return sizeof(catalogues) / sizeof(catalogues[0]);
}

struct an_str adv_language(size_t i)
{
    return catalogues[i < adv_n_languages() ? i : 0].language;
}

void adv_words_fail(struct adv_words *w, enum an_code code, const char *what)
{
    if (w->code == AN_OK) {
        w->code = code;
        w->what = what;
    }
}

static bool icu_ok(struct adv_words *w, UErrorCode status)
{
    if (U_SUCCESS(status))
        return true;
    if (status == U_MEMORY_ALLOCATION_ERROR)
        adv_words_fail(w, AN_NOMEM, "out of memory");
    else if (status == U_BUFFER_OVERFLOW_ERROR)
        adv_words_fail(w, AN_LIMIT, "a sentence is too long");
    else
        adv_words_fail(w, AN_INTERNAL, "ICU refused a sentence");
    return false;
}

/* The catalogue of the primary subtag; English when there is none.  *tag is
 * what is spoken then: the region counts only with its own language. */
static size_t catalogue_for(struct an_str language, struct an_str *tag)
{
    for (size_t i = 0; i < adv_n_languages(); i++) {
        struct an_str known = catalogues[i].language;

        if (an_str_eq_nocase(an_str_sub(language, 0, known.n), known) &&
            (language.n == known.n || language.p[known.n] == '-')) {
            *tag = language;
            return i;
        }
    }
    *tag = catalogues[0].language;
    return 0;
}

enum an_code adv_words_open(struct adv_words *w, struct an_arena *arena,
                            struct an_str language, struct an_err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    struct an_str tag;
    size_t i = catalogue_for(language, &tag);

    *w = (struct adv_words){.arena = arena};
    w->draft = !catalogues[i].is_reviewed;
    w->pattern = catalogues[i].pattern;
    if (!an_arena_str(arena, tag, &w->language))
        return an_fail_nomem(err);
    w->icu = an_arena_get(arena, 1, sizeof(*w->icu));
    if (w->icu == NULL)
        return an_fail_nomem(err);
    uloc_forLanguageTag(tag.n == catalogues[i].language.n ? catalogues[i].locale
                                                          : w->language.p,
                        w->icu->locale, sizeof(w->icu->locale), NULL, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
        return an_fail(err, AN_TYPE, "not a BCP 47 language tag", 0);
    return AN_OK;
}

void adv_words_close(struct adv_words *w)
{
    if (w->icu == NULL)
        return;
    for (size_t i = 0; i < ADV_N_SAYS; i++)
        if (w->icu->message[i])
            umsg_close(w->icu->message[i]);
    for (size_t i = 0; i <= AN_TIME_DAY; i++)
        if (w->icu->date[i])
            udat_close(w->icu->date[i]);
    w->icu = NULL;
}

enum an_code adv_words_done(const struct adv_words *w, struct an_err *err)
{
    return w->code ? an_fail(err, w->code, w->what, 0) : AN_OK;
}

/* As UTF-16 at `*used` of the scratch, with an end mark. */
static const UChar *to_utf16(struct adv_words *w, struct an_str s,
                             int32_t *used, int32_t *n)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar *at = w->icu->in + *used;

    *n = 0;
    /* UTF-8 never takes fewer bytes than UTF-16 takes units. */
    if (s.n > (size_t)(UNITS - 1 - *used)) {
        adv_words_fail(w, AN_LIMIT, "a sentence is too long");
        return NULL;
    }
    u_strFromUTF8WithSub(at, UNITS - *used, n, s.n ? s.p : "", (int32_t)s.n,
                         0xFFFD, NULL, &status);
    if (!icu_ok(w, status))
        return NULL;
    *used += *n + 1;
    return at;
}

static struct an_str to_utf8(struct adv_words *w, int32_t n)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t n_bytes = 0;
    char *bytes;

    u_strToUTF8(NULL, 0, &n_bytes, w->icu->out, n, &status);
    bytes = an_arena_get(w->arena, (size_t)n_bytes + 1, 1);
    if (bytes == NULL) {
        adv_words_fail(w, AN_NOMEM, "out of memory");
        return AN_STR("");
    }
    status = U_ZERO_ERROR;
    u_strToUTF8(bytes, n_bytes + 1, NULL, w->icu->out, n, &status);
    return icu_ok(w, status) ? (struct an_str){bytes, (size_t)n_bytes}
                             : AN_STR("");
}

static UMessageFormat *message_for(struct adv_words *w, enum adv_say key)
{
    UErrorCode status = U_ZERO_ERROR;
    struct an_str pattern = w->pattern[key].n ? w->pattern[key] : text_en[key];
    int32_t used = 0, n;
    const UChar *p;

    if (w->icu->message[key])
        return w->icu->message[key];
    p = to_utf16(w, pattern, &used, &n);
    if (p == NULL)
        return NULL;
    w->icu->message[key] = umsg_open(p, n, w->icu->locale, NULL, &status);
    return icu_ok(w, status) ? w->icu->message[key] : NULL;
}

struct an_str adv_say(struct adv_words *w, enum adv_say key,
                      const struct adv_args *args)
{
    static const struct adv_args none = {0};
    UErrorCode status = U_ZERO_ERROR;
    const UChar *t[ADV_TEXTS] = {0};
    UMessageFormat *message;
    int32_t used = 0, n;

    if (args == NULL)
        args = &none;
    if (w->code || (unsigned)key >= ADV_N_SAYS)
        return AN_STR("");
    message = message_for(w, key);
    if (message == NULL)
        return AN_STR("");
    for (size_t i = 0; i < ADV_TEXTS; i++) {
        t[i] = to_utf16(w, args->text[i], &used, &n);
        if (t[i] == NULL)
            return AN_STR("");
    }
    /* ICU reads the types of these arguments from the pattern.  That they are
     * six texts and then six doubles is what tools/po2tab.awk checks of every
     * pattern that is compiled in, and that the numbers have no gaps: one that
     * a pattern does not use would be read as a pointer. */
    n = umsg_format(message, w->icu->out, UNITS, &status, t[0], t[1], t[2],
                    t[3], t[4], t[5], args->number[0], args->number[1],
                    args->number[2], args->number[3], args->number[4],
                    args->number[5]);
    return icu_ok(w, status) ? to_utf8(w, n) : AN_STR("");
}

/* Precision beyond the day is for machines. */
static UDateFormat *date_for(struct adv_words *w, unsigned precision)
{
    static const UChar utc[] = {'U', 'T', 'C', 0};
    static const UChar skeleton[][6] = {{'y', 0}, {'y', 'M', 'M', 'M', 'M', 0}};
    UErrorCode status = U_ZERO_ERROR;
    UDateTimePatternGenerator *generator;
    const UChar *wanted;
    UChar pattern[64];
    int32_t n;

    if (w->icu->date[precision])
        return w->icu->date[precision];
    if (precision == AN_TIME_DAY) {
        w->icu->date[precision] = udat_open(
            UDAT_NONE, UDAT_LONG, w->icu->locale, utc, -1, NULL, 0, &status);
        return icu_ok(w, status) ? w->icu->date[precision] : NULL;
    }
    generator = udatpg_open(w->icu->locale, &status);
    if (!icu_ok(w, status))
        return NULL;
    wanted = skeleton[precision == AN_TIME_MONTH];
    n = udatpg_getBestPattern(generator, wanted, u_strlen(wanted), pattern,
                              sizeof(pattern) / sizeof(pattern[0]), &status);
    udatpg_close(generator);
    if (!icu_ok(w, status))
        return NULL;
    w->icu->date[precision] =
        udat_open(UDAT_PATTERN, UDAT_PATTERN, w->icu->locale, utc, -1, pattern,
                  n, &status);
    return icu_ok(w, status) ? w->icu->date[precision] : NULL;
}

struct an_str adv_say_date(struct adv_words *w, struct an_time t)
{
    UErrorCode status = U_ZERO_ERROR;
    UDateFormat *format;
    double local_ms;
    int32_t n;

    if (w->code || t.precision == AN_TIME_NONE)
        return AN_STR("");
    format = date_for(w, t.precision < AN_TIME_DAY ? t.precision : AN_TIME_DAY);
    if (format == NULL)
        return AN_STR("");
    local_ms = (double)(t.us / 1000 + (int64_t)t.offset_min * 60000);
    n = udat_format(format, local_ms, w->icu->out, UNITS, NULL, &status);
    return icu_ok(w, status) ? to_utf8(w, n) : AN_STR("");
}
