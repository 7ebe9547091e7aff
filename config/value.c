/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include "base/decimal.h"

#include <arpa/inet.h>
#include <string.h>

enum { LARGEST_ZONE_MIN = 14 * 60 };

struct unit {
    struct an_str name;
    int64_t factor;
};

/* The largest first, for printing. */
static const struct unit durations[] = {
    {AN_STR_INIT("d"), 86400000}, {AN_STR_INIT("h"), 3600000},
    {AN_STR_INIT("m"), 60000},    {AN_STR_INIT("s"), 1000},
    {AN_STR_INIT("ms"), 1},
};
static const struct unit sizes[] = {
    {AN_STR_INIT("GiB"), INT64_C(1) << 30},
    {AN_STR_INIT("MiB"), 1 << 20},
    {AN_STR_INIT("KiB"), 1 << 10},
    {AN_STR_INIT(""), 1},
};

enum {
    N_DURATIONS = sizeof(durations) / sizeof(durations[0]),
    N_SIZES = sizeof(sizes) / sizeof(sizes[0])
};

bool cfg_value_bool(struct an_str s, bool *value)
{
    bool is_true = an_str_eq(s, AN_STR("true"));

    if (!is_true && !an_str_eq(s, AN_STR("false")))
        return false;
    *value = is_true;
    return true;
}

bool cfg_value_int(struct an_str s, int64_t *value)
{
    bool is_negative = an_str_starts(s, AN_STR("-"));
    struct an_str digits = an_str_sub(s, is_negative, s.n);
    uint64_t n;

    if (!an_str_u64(digits, &n) || n > INT64_MAX ||
        (digits.n > 1 && digits.p[0] == '0'))
        return false;
    *value = is_negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool value_with_unit(struct an_str s, const struct unit *unit,
                            size_t n_units, int64_t *value)
{
    size_t n_digits = 0;
    struct an_str name;
    int64_t n;

    while (n_digits < s.n && s.p[n_digits] >= '0' && s.p[n_digits] <= '9')
        n_digits++;
    name = an_str_sub(s, n_digits, s.n);
    if (!cfg_value_int(an_str_sub(s, 0, n_digits), &n))
        return false;
    for (size_t i = 0; i < n_units; i++)
        if (an_str_eq(name, unit[i].name))
            return !__builtin_mul_overflow(n, unit[i].factor, value);
    return false;
}

bool cfg_value_duration(struct an_str s, int64_t *ms)
{
    int64_t value;
    bool ok = value_with_unit(s, durations, N_DURATIONS, &value);

    if (ok)
        *ms = value;
    return ok;
}

bool cfg_value_size(struct an_str s, int64_t *bytes)
{
    int64_t value;
    bool ok = value_with_unit(s, sizes, N_SIZES, &value);

    if (ok)
        *bytes = value;
    return ok;
}

bool cfg_value_zone(struct an_str s, int16_t *minutes)
{
    uint64_t hour, minute;
    int total;

    if (an_str_eq(s, AN_STR("Z"))) {
        *minutes = 0;
        return true;
    }
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
        !an_str_u64(an_str_sub(s, 1, 2), &hour) ||
        !an_str_u64(an_str_sub(s, 4, 2), &minute) || hour > 14 || minute > 59)
        return false;
    total = (int)(hour * 60 + minute);
    if (total > LARGEST_ZONE_MIN)
        return false;
    *minutes = (int16_t)(s.p[0] == '-' ? -total : total);
    return true;
}

/* The bytes of a host name, and of a number with or without a zone id. */
static bool is_host(struct an_str host, bool is_bracketed)
{
    static const char plain[] = "-._";
    static const char bracketed[] = ":.%_-";

    if (host.n == 0 || host.n > 253)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z');

        if (!is_word &&
            (c == '\0' || !strchr(is_bracketed ? bracketed : plain, c)))
            return false;
    }
    return true;
}

bool cfg_value_address(struct an_str s, struct cfg_address *address)
{
    bool is_bracketed = an_str_starts(s, AN_STR("["));
    struct an_str host, text = s;
    size_t colon = s.n;
    uint64_t port;

    if (s.n == 0) {
        *address = (struct cfg_address){.port = 0};
        return true;
    }
    while (colon > 0 && s.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    host = an_str_sub(s, 0, colon - 1);
    text = an_str_sub(s, colon, s.n);
    if (is_bracketed) {
        if (!an_str_ends(host, AN_STR("]")))
            return false;
        host = an_str_sub(host, 1, host.n - 2);
    }
    if (!is_host(host, is_bracketed) || !an_str_u64(text, &port) ||
        port > UINT16_MAX)
        return false;
    *address = (struct cfg_address){host, (uint16_t)port};
    return true;
}

/* Is the bit at that place set, and any after it? */
static bool has_bits_after(const uint8_t address[16], unsigned from)
{
    for (unsigned i = from; i < 128; i++)
        if (address[i / 8] & (0x80U >> (i % 8)))
            return true;
    return false;
}

bool cfg_value_network(struct an_str s, struct cfg_network *network)
{
    struct cfg_network got = {.n_bits = 128};
    char text[INET6_ADDRSTRLEN];
    struct an_str host = {"", 0}, rest = s;
    uint64_t n = 128;
    bool is_v4;

    (void)an_str_cut(&rest, '/', &host);
    if (host.n == 0 || host.n >= sizeof(text))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    is_v4 = inet_pton(AF_INET, text, got.address + 12) == 1;
    if (is_v4)
        got.address[10] = got.address[11] = 0xFF;
    else if (inet_pton(AF_INET6, text, got.address) != 1)
        return false;
    if (rest.p && (!an_str_u64(rest, &n) || n > (is_v4 ? 32 : 128)))
        return false;
    if (rest.p && is_v4)
        n += 96;
    got.n_bits = (uint8_t)n;
    if (has_bits_after(got.address, got.n_bits))
        return false;
    *network = got;
    return true;
}

bool cfg_network_has(const struct cfg_network *network,
                     const uint8_t address[16])
{
    unsigned whole = network->n_bits / 8, rest = network->n_bits % 8;

    if (memcmp(network->address, address, whole) != 0)
        return false;
    return rest == 0 ||
           ((network->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

bool cfg_value_url(struct an_str s)
{
    struct an_str rest, host;

    if (an_str_starts(s, AN_STR("https://")))
        rest = an_str_sub(s, 8, s.n);
    else if (an_str_starts(s, AN_STR("http://")))
        rest = an_str_sub(s, 7, s.n);
    else
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] <= ' ' || rest.p[i] > '~' || rest.p[i] == '"' ||
            rest.p[i] == '\'')
            return false;
    /* A password in the URL would be a secret in the configuration. */
    return an_str_cut(&rest, '/', &host) && host.n > 0 &&
           memchr(host.p, '@', host.n) == NULL;
}

static void put_with_unit(struct an_buf *b, int64_t value,
                          const struct unit *unit)
{
    while (unit->factor > 1 && (value == 0 || value % unit->factor))
        unit++;
    an_buf_put_i64(b, value / unit->factor);
    an_buf_put(b, unit->name);
}

void cfg_put_duration(struct an_buf *b, int64_t ms)
{
    if (ms == 0)
        an_buf_put(b, AN_STR("0s"));
    else
        put_with_unit(b, ms, durations);
}

void cfg_put_size(struct an_buf *b, int64_t bytes)
{
    put_with_unit(b, bytes, sizes);
}

void cfg_put_address(struct an_buf *b, const struct cfg_address *address)
{
    bool is_bracketed =
        address->host.n && memchr(address->host.p, ':', address->host.n);

    if (address->host.n == 0)
        return;
    if (is_bracketed)
        an_buf_put_char(b, '[');
    an_buf_put(b, address->host);
    if (is_bracketed)
        an_buf_put_char(b, ']');
    an_buf_put_char(b, ':');
    an_buf_put_u64(b, address->port);
}

void cfg_put_quoted(struct an_buf *b, struct an_str s)
{
    static const char hex[] = "0123456789ABCDEF";

    an_buf_put_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\') {
            an_buf_put_char(b, '\\');
            an_buf_put_char(b, (char)c);
        } else if (c < ' ' || c == 0x7F) {
            an_buf_put(b, AN_STR("\\x"));
            an_buf_put_char(b, hex[c >> 4]);
            an_buf_put_char(b, hex[c & 15]);
        } else {
            an_buf_put_char(b, (char)c);
        }
    }
    an_buf_put_char(b, '"');
}

bool cfg_value_rule(struct an_str s, struct cfg_rule *rule)
{
    struct an_str rest = an_str_trim(s), p, code, system;

    *rule = (struct cfg_rule){.p = 0};
    if (!an_str_cut(&rest, ' ', &rule->outcome) || rule->outcome.n == 0 ||
        !an_str_cut(&rest, ' ', &p) || !an_decimal_parse(p, &rule->p) ||
        !(rule->p >= 0 && rule->p <= 1))
        return false;
    rule->rest = rest;
    if (rest.n == 0)
        return true;
    if (!an_str_cut(&rest, ' ', &code) || !an_str_cut(&code, '|', &system) ||
        system.n == 0 || code.n == 0)
        return true;
    rule->system = system;
    rule->code = code;
    rule->words = an_str_trim(rest);
    return true;
}
