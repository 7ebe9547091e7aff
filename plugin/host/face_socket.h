/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts in other processes: the ABI over a Unix socket (plugin/helper/frame.h).
 * A thread a connection, each with one call at a time.
 *
 *     pl_face_socket_open(&server, err);    -- between open and start of running
 *     pl_face_socket_start(&server, err);   -- from now on it is connected to
 *     pl_face_socket_stop(server.socket, grace_ms);
 *     pl_face_socket_close(server.socket);
 *
 * Thread-safety: open, start, stop and close are one thread's; the rest is
 * shared. */
#ifndef PLUGIN_HOST_FACE_SOCKET_H
#define PLUGIN_HOST_FACE_SOCKET_H

#include "plugin/abi/guest.h"

struct pl_server;
struct pl_face_socket;

/* The journal, and what a dead server had in hand; server->socket is NULL when
 * no socket is configured. */
enum an_code pl_face_socket_open(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));
/* Fails as pl_listen_local does; AN_CONFIG for a group that there is not. */
enum an_code pl_face_socket_start(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));
/* Nobody connects any more, what was asked is answered, without suggestions that
 * are not ready; after grace_ms the connections are cut. */
void pl_face_socket_stop(struct pl_face_socket *f, int64_t grace_ms);
void pl_face_socket_close(struct pl_face_socket *f); /* NULL is nothing */

struct pl_face_socket_counts {
    uint64_t n_open, n_refused, n_asked;
    uint64_t n_verdict[PL_FAILED + 1];
};

/* All 0 for NULL. */
struct pl_face_socket_counts pl_face_socket_count(struct pl_face_socket *f);

#endif
