/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, codes and narratives as R4 allows them. */
#include "fhir/write_int.h"

#include <string.h>

enum { TEXT_BYTES = 1 << 20 }; /* FHIR R4 2.24.0.1: the longest string */

void fhir_writer_fail(struct fhir_writer *w, enum an_code code,
                      const char *what)
{
    if (w->code == AN_OK) {
        w->code = code;
        w->what = what;
    }
}

static struct an_str done(struct fhir_writer *w, struct an_buf *b)
{
    struct an_str text;
    struct an_err err;

    if (an_buf_done(b, &text, &err) == AN_OK)
        return text;
    fhir_writer_fail(w, err.code, err.what);
    return AN_STR("");
}

struct an_str fhir_joined(struct fhir_writer *w, const struct an_str *part,
                          size_t n)
{
    struct an_buf b;

    an_buf_init(&b, w->arena, TEXT_BYTES);
    for (size_t i = 0; i < n; i++)
        an_buf_put(&b, part[i]);
    return done(w, &b);
}

/* ---- what a string may hold ------------------------------------------------ */

/* Bytes at i that may stand in no FHIR string and in no XML (XML 1.0 2.2):
 * controls, U+FFFE, U+FFFF.  0 when all is well there. */
static size_t unsayable(struct an_str s, size_t i)
{
    uint8_t c = (uint8_t)s.p[i];

    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
        return 1;
    if (c == 0x7F)
        return 1;
    if (c == 0xEF && s.n - i >= 3 && (uint8_t)s.p[i + 1] == 0xBF &&
        (uint8_t)s.p[i + 2] >= 0xBE)
        return 3;
    return 0;
}

struct an_str fhir_clean(struct an_arena *arena, struct an_str text,
                         enum an_code *code)
{
    char *copy = NULL;

    text = an_str_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        size_t n = unsayable(copy ? (struct an_str){copy, text.n} : text, i);

        if (n && copy == NULL) {
            copy = an_arena_get(arena, text.n, 1);
            if (copy == NULL) {
                *code = AN_NOMEM;
                return AN_STR("");
            }
            memcpy(copy, text.p, text.n);
        }
        if (n)
            memset(copy + i, ' ', n);
    }
    return copy ? an_str_trim((struct an_str){copy, text.n}) : text;
}

static struct an_str clean(struct fhir_writer *w, struct an_str text)
{
    enum an_code code = AN_OK;
    struct an_str out = fhir_clean(w->arena, text, &code);

    if (code != AN_OK)
        fhir_writer_fail(w, code, "out of memory");
    return out;
}

/* ---- members --------------------------------------------------------------- */

void fhir_put(struct fhir_writer *w, const char *key, struct an_str text)
{
    an_out_key_str(&w->out, key, clean(w, text));
}

void fhir_put_c(struct fhir_writer *w, const char *key, const char *text)
{
    an_out_key_str(&w->out, key, an_str_c(text));
}

void fhir_put_time(struct fhir_writer *w, const char *key, struct an_time t)
{
    char text[AN_TIME_TEXT_BYTES];

    an_out_key_str(&w->out, key,
                   (struct an_str){text, an_time_print_fhir(t, text)});
}

void fhir_put_instant(struct fhir_writer *w, const char *key, int64_t us)
{
    char text[AN_TIME_TEXT_BYTES];

    an_out_key_str(&w->out, key,
                   (struct an_str){text, an_time_print_instant(us, text)});
}

void fhir_open_list(struct fhir_writer *w, const char *key)
{
    an_out_key(&w->out, key);
    an_out_array(&w->out);
    an_out_object(&w->out);
}

void fhir_close_list(struct fhir_writer *w)
{
    an_out_end(&w->out);
    an_out_end(&w->out);
}

/* ---- codes ----------------------------------------------------------------- */

/* An absolute URI by its letters (RFC 3986 2): a sender may call its system
 * anything. */
static bool is_uri(struct an_str s)
{
    bool colon = false;

    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] <= 0x20 || (uint8_t)s.p[i] >= 0x7F ||
            strchr("\"<>\\^`{|}", s.p[i]))
            return false;
        colon = colon || (i > 0 && s.p[i] == ':');
    }
    return colon;
}

/* FHIR R4 2.24.0.1, code: single blanks inside, none at the ends. */
static bool is_code(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20 ||
            (s.p[i] == ' ' && (i == 0 || i + 1 == s.n || s.p[i + 1] == ' ')))
            return false;
    return s.n > 0;
}

void fhir_put_coding(struct fhir_writer *w, struct an_str system,
                     struct an_str code, struct an_str display)
{
    an_out_object(&w->out);
    fhir_put(w, "system", system);
    fhir_put(w, "code", code);
    fhir_put(w, "display", display);
    an_out_end(&w->out);
}

/* `key` NULL: as a value. */
static void put_concept(struct fhir_writer *w, const char *key,
                        const struct ctx_code *code, struct an_str text)
{
    bool coded = is_uri(code->system) && is_code(code->code);

    text = clean(w, text);
    if (text.n == 0)
        text = clean(w, code->display);
    if (text.n == 0 && !coded)
        text = clean(w, code->code);
    if (text.n == 0 && !coded)
        return;
    if (key)
        an_out_key(&w->out, key);
    an_out_object(&w->out);
    if (coded) {
        an_out_key(&w->out, "coding");
        an_out_array(&w->out);
        fhir_put_coding(w, code->system, code->code, code->display);
        an_out_end(&w->out);
    }
    an_out_key_str(&w->out, "text", text);
    an_out_end(&w->out);
}

void fhir_put_concept(struct fhir_writer *w, const char *key,
                      const struct ctx_code *code, struct an_str text)
{
    put_concept(w, key, code, text);
}

void fhir_put_own_value(struct fhir_writer *w, const char *kind,
                        struct an_str code, struct an_str text)
{
    const struct ctx_code own = {
        .system = FHIR_TEXT(w, w->s->own, an_str_c(kind)), .code = code};

    put_concept(w, NULL, &own, text);
}

void fhir_put_own_concept(struct fhir_writer *w, const char *key,
                          const char *kind, struct an_str code,
                          struct an_str text)
{
    const struct ctx_code own = {
        .system = FHIR_TEXT(w, w->s->own, an_str_c(kind)), .code = code};

    fhir_put_concept(w, key, &own, text);
}

/* ---- narrative ------------------------------------------------------------- */

static void put_xhtml(struct an_buf *b, struct an_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&': an_buf_put_c(b, "&amp;"); break;
        case '<': an_buf_put_c(b, "&lt;"); break;
        case '>': an_buf_put_c(b, "&gt;"); break;
        case '"': an_buf_put_c(b, "&quot;"); break;
        default: an_buf_put_char(b, text.p[i]);
        }
    }
}

static void put_element(struct fhir_writer *w, struct an_buf *b,
                        const char *name, struct an_str text)
{
    text = clean(w, text);
    if (text.n == 0)
        return;
    an_buf_put_char(b, '<');
    an_buf_put_c(b, name);
    an_buf_put_char(b, '>');
    put_xhtml(b, text);
    an_buf_put_c(b, "</");
    an_buf_put_c(b, name);
    an_buf_put_char(b, '>');
}

void fhir_put_narrative(struct fhir_writer *w, struct an_str language,
                        struct an_str title, struct an_str statement,
                        const struct ctx_suggestion *evidence)
{
    struct an_str line;
    struct an_buf b;

    an_buf_init(&b, w->arena, TEXT_BYTES);
    an_buf_put_c(&b, "<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"");
    put_xhtml(&b, language);
    an_buf_put_c(&b, "\" xml:lang=\"");
    put_xhtml(&b, language);
    an_buf_put_c(&b, "\">");
    put_element(w, &b, "b", title);
    while (an_str_cut(&statement, '\n', &line))
        put_element(w, &b, "p", line);
    if (evidence && evidence->n_evidence) {
        an_buf_put_c(&b, "<ul>");
        for (size_t i = 0; i < evidence->n_evidence; i++)
            put_element(w, &b, "li", evidence->evidence[i].sentence);
        an_buf_put_c(&b, "</ul>");
    }
    an_buf_put_c(&b, "</div>");
    an_out_key(&w->out, "text");
    an_out_object(&w->out);
    fhir_put_c(w, "status", "generated");
    an_out_key_str(&w->out, "div", done(w, &b));
    an_out_end(&w->out);
}

/* ---- search ---------------------------------------------------------------- */

static bool stands(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || (c && strchr("-._~:/", c));
}

struct an_str fhir_search_value(struct fhir_writer *w, struct an_str value)
{
    static const char hex[] = "0123456789ABCDEF";
    struct an_buf b;

    an_buf_init(&b, w->arena, TEXT_BYTES);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        uint8_t u = (uint8_t)c;

        if (c && strchr("\\|,$", c))
            an_buf_put_c(&b, "%5C");
        if (stands(c)) {
            an_buf_put_char(&b, c);
        } else {
            an_buf_put_char(&b, '%');
            an_buf_put_char(&b, hex[u >> 4]);
            an_buf_put_char(&b, hex[u & 15]);
        }
    }
    return done(w, &b);
}
