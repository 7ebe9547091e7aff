/* SPDX-License-Identifier: Apache-2.0 */
/* A peer for the listeners' tests: real sockets on 127.0.0.1, blocking, with a
 * time limit so that a fault shows as a failure and not as a hang. */
#ifndef TESTS_HOST_NET_H
#define TESTS_HOST_NET_H

#include "base/str.h"

/* A connection to that port; fails the test when there is none. */
int net_connect(uint16_t port);

/* All of it; false when the peer does not take it. */
bool net_send(int fd, struct an_str bytes);

/* The message in frame characters: VT message FS CR. */
bool net_send_frame(int fd, struct an_str message);

/* What comes until the peer closes, the buffer is full, `until` has come (if
 * not NULL) or five seconds are over.  NUL-terminated; the length. */
size_t net_receive(int fd, char *buf, size_t n, const char *until);

/* The content of the next frame is `want`. */
bool net_expect_frame(int fd, const char *want);

/* The peer closes without a byte more. */
bool net_is_closed(int fd);

/* Wait until `*value` read by `get` is at least n; false after five seconds. */
bool net_wait(uint64_t (*get)(void), uint64_t n);

void net_sleep_ms(int ms);

#endif
