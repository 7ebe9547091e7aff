/* SPDX-License-Identifier: Apache-2.0 */
/* A hospital's MLLP receiver that answers as a list says: the n-th message of all
 * connections gets the n-th answer, those after the last the last.
 *
 *     uint16_t port = receiver_start(answers, 2);
 *     ...
 *     receiver_stop();
 *
 * One at a time in a test program. */
#ifndef TESTS_MLLP_RECEIVER_H
#define TESTS_MLLP_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum receiver_answer {
    RECEIVER_AA,
    RECEIVER_CA,
    RECEIVER_AE,
    RECEIVER_CE,
    RECEIVER_AR,
    RECEIVER_CR,
    RECEIVER_OTHER,   /* AA for another message */
    RECEIVER_UNNAMED, /* AA, MSA-2 empty */
    RECEIVER_GARBAGE, /* a frame that is no HL7 */
    RECEIVER_BARE,    /* an acknowledgement without a frame, then closed */
    RECEIVER_SILENCE,
    RECEIVER_CLOSE,
    RECEIVER_TWO /* CA, then AA */
};

uint16_t receiver_start(const enum receiver_answer *answer, size_t n);
void receiver_stop(void);

/* Called with each message, before it is answered. */
void receiver_on_message(void (*hook)(void));

size_t receiver_n(void);
/* The n-th message, NUL-terminated; lives until receiver_start. */
const char *receiver_message(size_t i);
/* Wait until n have come; false after ten seconds. */
bool receiver_wait(size_t n);
void receiver_sleep_ms(int ms);

#endif
