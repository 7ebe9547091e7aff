/* SPDX-License-Identifier: Apache-2.0 */
/* An MLLP server under test: what it was handed is kept, and it answers at
 * once, or when the test says so, or not. */
#ifndef TESTS_HOST_PEER_H
#define TESTS_HOST_PEER_H

#include "plugin/host/mllp.h"

enum { PEER_KEPT = 64 };

enum peer_mode {
    PEER_ECHO, /* answer "ACK:" and the first 60 bytes, from another thread */
    PEER_HOLD, /* answer when the test calls peer_answer */
    PEER_BUSY, /* refuse as a full queue does */
    PEER_BREAK /* refuse for good */
};

/* Small times: idle 300 ms, frame 200 ms, answer 300 ms, write 300 ms; frames
 * of at most 10,000 bytes; 40 connections. */
struct pl_mllp_options peer_options(void);
void peer_open(const struct pl_mllp_options *options, enum peer_mode mode);
void peer_mode_set(enum peer_mode mode);
/* Stop with that grace and free. */
void peer_close(int64_t grace_ms);

struct pl_mllp *peer_server(void);
int peer_connect(void);
/* The n-th message handed over, from 0; NUL-terminated, cut to 63 bytes. */
const char *peer_message(uint64_t n);
void peer_answer(uint64_t n, const char *text);
/* By its certificate; "" without one. */
const char *peer_identity(uint64_t n);
/* What on_bad_frame was last told. */
struct pl_mllp_bad peer_bad(void);

uint64_t peer_n_messages(void);
uint64_t peer_n_open(void);
uint64_t peer_n_bad(void);
uint64_t peer_n_dropped(void);
uint64_t peer_n_lost(void);
uint64_t peer_n_refused(void);
uint64_t peer_n_accepted(void);

#endif
