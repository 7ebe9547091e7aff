/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over a connected socket, within a time.  Never raises SIGPIPE.
 *
 * Thread-safety: confined.  Ownership: the descriptor is borrowed; it is set to
 * non-blocking by who opened it. */
#ifndef PLUGIN_HELPER_LINK_H
#define PLUGIN_HELPER_LINK_H

#include "plugin/helper/frame.h"

#include <sys/uio.h>

/* CLOCK_MONOTONIC. */
int64_t helper_now_ms(void);

enum helper_went {
    HELPER_WENT_WELL,
    HELPER_TOOK_TOO_LONG,
    HELPER_HUNG_UP,         /* the peer, or the connection broke */
    HELPER_SPOKE_OTHERWISE, /* what came is no frame */
    HELPER_NO_MEMORY
};

/* All of it by until_ms.  The parts are used up. */
enum helper_went helper_link_send(int fd, struct iovec *part, size_t n,
                                  int64_t until_ms)
    __attribute__((warn_unused_result));
/* A frame that has no further bytes than its own; it is ended here. */
enum helper_went helper_link_put(int fd, struct helper_out *out,
                                 int64_t until_ms)
    __attribute__((warn_unused_result));
/* One whole frame by until_ms; goes on where a call that took too long left
 * off. */
enum helper_went helper_link_receive(int fd, struct helper_reader *r,
                                     int64_t until_ms)
    __attribute__((warn_unused_result));

/* Something has come, or the peer has gone: an idle connection is of no use
 * then, and whoever computes an answer need not go on. */
bool helper_link_stirs(int fd);

#endif
