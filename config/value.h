/* SPDX-License-Identifier: Apache-2.0 */
/* The small languages of a configuration: how a duration, a size, an address
 * are written and read.
 *
 * Each reader takes all of s (no blanks around it) and gives false, with the
 * output untouched, when s is anything else.  Each writer puts the form that
 * its reader takes.
 *
 * Thread-safety: immutable. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"

/* A host and a port to listen on or to connect to.  An empty host is none:
 * the listener is off. */
struct cfg_address {
    struct an_str host; /* name or number, an IPv6 number without brackets */
    uint16_t port;      /* 0 when listening: any free one */
};

/* Addresses that begin alike.  One of IPv4 is kept as IPv6 has it
 * (::ffff:192.0.2.7), so that a socket of either family can be asked. */
struct cfg_network {
    uint8_t address[16];
    uint8_t n_bits; /* of the beginning: 128 is one address */
};

/* 192.0.2.7, 10.0.0.0/8, ::1, 2001:db8::/32; bits behind the beginning are 0. */
bool cfg_value_network(struct an_str s, struct cfg_network *network);
bool cfg_network_has(const struct cfg_network *network,
                     const uint8_t address[16]);

/* true, false; YAML 1.1's yes, no, on and off are refused, not guessed. */
bool cfg_value_bool(struct an_str s, bool *value);
/* -42; no plus sign, no leading zeros, no exponent. */
bool cfg_value_int(struct an_str s, int64_t *value);
/* 250ms, 30s, 5m, 2h, 7d: a number and one unit, in milliseconds. */
bool cfg_value_duration(struct an_str s, int64_t *ms);
/* 512, 64KiB, 16MiB, 1GiB, in bytes. */
bool cfg_value_size(struct an_str s, int64_t *bytes);
/* +01:00, -03:30, Z: minutes east of UTC, at most 14 hours. */
bool cfg_value_zone(struct an_str s, int16_t *minutes);
/* host:port, [::1]:port, or nothing at all.  The host is a view into s. */
bool cfg_value_address(struct an_str s, struct cfg_address *address);
/* "OUTCOME PROBABILITY" and what may follow: "SYSTEM|CODE WORDS". */
struct cfg_rule {
    struct an_str outcome;
    double p;           /* in [0,1] */
    struct an_str rest; /* of these three: all behind the probability */
    struct an_str system, code, words;
};

bool cfg_value_rule(struct an_str s, struct cfg_rule *rule);
/* http:// or https:// with a host and no blank, quote or user:password. */
bool cfg_value_url(struct an_str s);

void cfg_put_duration(struct an_buf *b, int64_t ms);
void cfg_put_size(struct an_buf *b, int64_t bytes);
void cfg_put_address(struct an_buf *b, const struct cfg_address *address);
/* A double-quoted YAML scalar. */
void cfg_put_quoted(struct an_buf *b, struct an_str s);

#endif
