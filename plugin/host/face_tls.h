/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the listeners, as the configuration names them.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_FACE_TLS_H
#define PLUGIN_HOST_FACE_TLS_H

#include "base/log.h"
#include "config/options.h"
#include "plugin/host/tls.h"

/* NULL when nothing listens by TLS.  Fails as pl_tls_open does. */
enum an_code pl_face_tls_open(const struct cfg_options *options,
                              struct pl_tls **tls, struct an_err *err)
    __attribute__((warn_unused_result));

/* Say that they were read, and how long they hold. */
void pl_face_tls_loaded(struct pl_tls *tls, struct an_log *log);
/* Read them again, and say what came of it. */
void pl_face_tls_reload(struct pl_tls *tls, struct an_log *log);

#endif
