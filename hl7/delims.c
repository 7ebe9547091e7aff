/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/delims.h"

#include <string.h>

const struct hl7_delims hl7_delims_recommended = {
    .field = '|',
    .component = '^',
    .repetition = '~',
    .escape = '\\',
    .subcomponent = '&',
};

enum { HEADER_ID_BYTES = 3, N_PLACES = 5 };

static bool usable(unsigned char c)
{
    return c > ' ' && c != 0x7F && !(c >= '0' && c <= '9') &&
           !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

/* Bytes of the character at s: above 1 only for well-formed UTF-8. */
static size_t char_bytes(struct an_str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t n = c >= 0xF0 && c < 0xF5   ? 4
               : c >= 0xE0 && c < 0xF0 ? 3
               : c >= 0xC2 && c < 0xE0 ? 2
                                       : 1;

    if (n > s.n)
        return 1;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s.p[i] & 0xC0) != 0x80)
            return 1;
    return n;
}

/* The characters of MSH-2 by place; an unusable or repeated one is '\0'.
 * Returns how many characters there are. */
static size_t read_places(struct an_str msh2, char field, char place[N_PLACES],
                          const char **odd)
{
    size_t n = 0;

    memset(place, 0, N_PLACES);
    while (msh2.n) {
        size_t bytes = char_bytes(msh2);
        char c = msh2.p[0];

        if (n < N_PLACES) {
            if (bytes > 1 || !usable((unsigned char)c))
                *odd = "MSH-2 has a character that cannot be a delimiter";
            else if (c == field || memchr(place, c, n))
                *odd = "MSH-2 names one delimiter twice";
            else
                place[n] = c;
        }
        n++;
        msh2 = an_str_sub(msh2, bytes, msh2.n);
    }
    return n;
}

static void read_msh2(struct an_str msh2, struct hl7_delims *d,
                      const char **odd)
{
    char place[N_PLACES];
    size_t n;

    if (msh2.n == 0) {
        *odd = "MSH-2 is empty: the recommended delimiters are assumed";
        msh2 = AN_STR("^~\\&");
    }
    n = read_places(msh2, d->field, place, odd);
    d->component = place[0];
    d->repetition = place[1];
    d->escape = place[2];
    d->subcomponent = place[3];
    d->truncation = place[4];
    if (n == 3 && place[2] == '&') { /* "^~&": the escape was left out */
        d->subcomponent = '&';
        d->escape = '\0';
    }
    if (*odd == NULL && n < 4)
        *odd = "MSH-2 has fewer than four delimiters";
    if (*odd == NULL && n > N_PLACES)
        *odd = "MSH-2 has more than five delimiters";
}

bool hl7_delims_read(struct an_str header, struct hl7_delims *d,
                     size_t *n_header, const char **odd)
{
    struct an_str rest = an_str_sub(header, HEADER_ID_BYTES, header.n);
    size_t n = 0;

    *odd = NULL;
    *d = (struct hl7_delims){0};
    if (rest.n == 0 || !usable((unsigned char)rest.p[0]) ||
        char_bytes(rest) > 1)
        return false;
    d->field = rest.p[0];
    rest = an_str_sub(rest, 1, rest.n);
    while (n < rest.n && rest.p[n] != d->field && rest.p[n] != '\r' &&
           rest.p[n] != '\n')
        n++;
    *n_header = HEADER_ID_BYTES + 1 + n;
    read_msh2(an_str_sub(rest, 0, n), d, odd);
    return true;
}

char hl7_delims_at(const struct hl7_delims *d, enum hl7_level level)
{
    const char by_level[] = {'\0',          d->subcomponent, d->component,
                             d->repetition, d->field,        '\0'};

    return by_level[level];
}

void hl7_delims_classes(const struct hl7_delims *d, unsigned char cls[256])
{
    memset(cls, HL7_NOTHING, 256);
    for (unsigned level = HL7_SUBCOMPONENT; level <= HL7_FIELD; level++) {
        char c = hl7_delims_at(d, (enum hl7_level)level);

        if (c)
            cls[(unsigned char)c] = (unsigned char)level;
    }
}
