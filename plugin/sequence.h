/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that should come one after the other (MSH-13, the events of a
 * subscription): which of them are missing.
 *
 *     struct pl_sequence s = {.known = false};
 *     if (pl_sequence_note(&s, n, true) == PL_SEQUENCE_GAP)
 *         tell(pl_sequence_missing(&s));
 *
 * The first number is believed.  A number that comes late fills its gap: senders
 * with two connections overtake themselves.  Beyond PL_SEQUENCE_GAPS gaps the
 * oldest is forgotten, and stays counted in n_missed.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_SEQUENCE_H
#define PLUGIN_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PL_SEQUENCE_GAPS = 16,
    PL_SEQUENCE_RUN = 3 /* numbers that make a new series */
};

struct pl_range {
    int64_t from, until; /* both inside */
};

struct pl_sequence {
    bool known;
    int64_t last;                          /* the highest so far */
    struct pl_range gap[PL_SEQUENCE_GAPS]; /* oldest first */
    size_t n_gaps;
    int64_t low;      /* the last that was there already, of a run of them */
    unsigned low_run; /* how many, each one more than the one before */
    uint64_t n_missed, n_late; /* ever: numbers passed over, come after all */
};

enum pl_sequence_news {
    PL_SEQUENCE_FIRST,
    PL_SEQUENCE_NEXT,
    PL_SEQUENCE_AGAIN,  /* it was there */
    PL_SEQUENCE_LATE,   /* it was missing */
    PL_SEQUENCE_GAP,    /* others are missing before it */
    PL_SEQUENCE_RESTART /* the sender counts anew; old gaps are forgotten */
};

/* With `restarts` a 0 or 1 that is neither next nor missing is a restart (HL7
 * v2.5.1 2.15.9.13), and so is the last of PL_SEQUENCE_RUN numbers, one after the
 * other, that all were there: a sender that was set up anew counts from where it
 * likes.  Else it is one that was there: call without it for a message that is known
 * to have come before. */
enum pl_sequence_news pl_sequence_note(struct pl_sequence *s, int64_t number,
                                       bool restarts);
/* All numbers up to this one were given out: those not seen are missing.  The
 * number of them that were not known to be. */
int64_t pl_sequence_up_to(struct pl_sequence *s, int64_t number);
/* Gaps that begin up to this number are missed no longer, however that came
 * about.  How many numbers that were. */
int64_t pl_sequence_close(struct pl_sequence *s, int64_t number);
/* Begin after `last`. */
void pl_sequence_begin(struct pl_sequence *s, int64_t last);
/* How many are missing now. */
int64_t pl_sequence_missing(const struct pl_sequence *s);

#endif
