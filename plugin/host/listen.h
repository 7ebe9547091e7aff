/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket for an address of the configuration.
 *
 * Thread-safety: immutable.  Ownership: the caller closes the descriptor. */
#ifndef PLUGIN_HOST_LISTEN_H
#define PLUGIN_HOST_LISTEN_H

#include "base/err.h"
#include "config/value.h"

/* Listen on the first address that the host stands for.  The socket is
 * non-blocking and closed on exec; *port is the one it got when 0 was asked
 * for.  AN_IO with the address as the error's place ("127.0.0.1:2575: cannot
 * listen there (Address already in use)"). */
enum an_code pl_listen(const struct cfg_address *address, int backlog, int *fd,
                       uint16_t *port, struct an_err *err)
    __attribute__((warn_unused_result));

/* Non-blocking and closed on exec; false with errno. */
bool pl_fd_prepare(int fd);

#endif
