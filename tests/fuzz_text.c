/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes come: a number or a moment that base/ accepts is in range,
 * lies inside its input or its arena, and reads back from its own printing. */
#include "base/decimal.h"
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Not assert: it must hold in a release build too. */
#define MUST(x)                                                                \
    do {                                                                       \
        if (!(x)) {                                                            \
            fprintf(stderr, "%s:%d: " #x "\n", __FILE__, __LINE__);            \
            abort();                                                           \
        }                                                                      \
    } while (0)

static void try_decimal(struct an_str s)
{
    struct an_arena arena;
    struct an_str literal, again;
    double v, same;

    an_arena_init(&arena, 1 << 20);
    /* A literal may be too large or too long for a double. */
    if (an_decimal_json(&arena, s, &literal)) {
        bool short_enough = s.n <= AN_DECIMAL_LONGEST_BYTES &&
                            literal.n <= AN_DECIMAL_LONGEST_BYTES;
        bool is_double = an_decimal_parse(s, &v);

        MUST(an_decimal_json(&arena, literal, &again));
        MUST(an_str_eq(literal, again));
        MUST(!is_double || isfinite(v));
        if (short_enough) {
            MUST(an_decimal_parse(literal, &same) == is_double);
            MUST(!is_double || v == same);
        }
    } else {
        MUST(!an_decimal_parse(s, &v));
    }
    an_arena_free(&arena);
}

static bool time_eq(struct an_time a, struct an_time b)
{
    return a.us == b.us && a.precision == b.precision &&
           a.offset_min == b.offset_min && a.assumed == b.assumed;
}

static void try_time(struct an_str s)
{
    struct an_zone zone = {.offset_min = 60};
    struct an_time t, again;
    char text[AN_TIME_TEXT_BYTES];
    struct an_str printed = {.p = text};

    if (an_time_hl7(s, &zone, &t)) {
        MUST(t.precision >= AN_TIME_YEAR && t.precision <= AN_TIME_FRACTION);
        printed.n = an_time_print_hl7(t, text);
        MUST(printed.n > 0 && printed.n < sizeof(text));
        MUST(an_time_hl7(printed, &zone, &again) && time_eq(t, again));
    } else {
        MUST(t.precision == AN_TIME_NONE);
    }
    if (an_time_fhir(s, &zone, &t)) {
        printed.n = an_time_print_fhir(t, text);
        MUST(printed.n > 0 && printed.n < sizeof(text));
        MUST(an_time_fhir(printed, &zone, &again) && again.us == t.us);
    } else {
        MUST(t.precision == AN_TIME_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str s = {.p = (const char *)data, .n = n};
    uint64_t whole;

    try_decimal(s);
    try_time(s);
    if (an_str_u64(s, &whole))
        MUST(n > 0 && data[0] >= '0' && data[0] <= '9');
    return 0;
}
