/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket for an address of the configuration, and who may connect
 * to it.
 *
 * Thread-safety: immutable.  Ownership: the caller closes the descriptor. */
#ifndef PLUGIN_HOST_LISTEN_H
#define PLUGIN_HOST_LISTEN_H

#include "base/err.h"
#include "config/value.h"

#include <sys/socket.h>
#include <sys/types.h>

/* Listen on the first address that the host stands for.  The socket is
 * non-blocking and closed on exec; *port is the one it got when 0 was asked
 * for.  AN_IO with the address as the error's place ("127.0.0.1:2575: cannot
 * listen there (Address already in use)"). */
enum an_code pl_listen(const struct cfg_address *address, int backlog, int *fd,
                       uint16_t *port, struct an_err *err)
    __attribute__((warn_unused_result));

/* Who may connect. */
struct pl_peers {
    const struct cfg_network *network; /* none at all: everybody may */
    size_t n;
};

/* The peer's address, one of IPv4 as IPv6 has it; all 0 for another family. */
void pl_peer_address(const struct sockaddr *sa, uint8_t address[16]);
bool pl_peer_may(const struct pl_peers *peers, const uint8_t address[16]);

/* Listen on a Unix socket that only this user may connect to, or the members of
 * a group as well (mode 0600 or 0660).  What a server that died left there is
 * removed; what is no socket, or of a server that lives, is not.  AN_IO,
 * AN_CONFLICT with the path as the error's place. */
enum an_code pl_listen_local(const char *path, const gid_t *group, int backlog,
                             int *fd, struct an_err *err)
    __attribute__((warn_unused_result));
/* Who connected to it is this user, or of the group (NULL: none); *uid is told
 * in any case. */
bool pl_peer_is_ours(int fd, const gid_t *group, uid_t *uid);

/* Non-blocking and closed on exec; false with errno. */
bool pl_fd_prepare(int fd);

#endif
