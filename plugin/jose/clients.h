/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call the CDS services: the file of cds.clients, a YAML list.
 *
 *     - issuer: https://ehr.example.org         # iss, to the letter
 *       jwks: https://ehr.example.org/jwks.json # or the path of a file
 *       tenants: [north, south]                 # if it has several
 *
 * A key set at an address is fetched by https; http is for this machine
 * (127.0.0.1, [::1], localhost).
 *
 * Thread-safety: immutable once read.  Ownership: the arena's. */
#ifndef PLUGIN_JOSE_CLIENTS_H
#define PLUGIN_JOSE_CLIENTS_H

#include "base/arena.h"
#include "base/err.h"

enum { PL_CLIENTS_MOST = 64 };

struct pl_client_row {
    struct an_str issuer;
    struct an_str jwks; /* NUL-terminated: an address or a path */
    bool is_url;
    struct an_str *tenant; /* those it may call for; none: any, or without */
    size_t n_tenants;
};

struct pl_clients {
    struct pl_client_row *row;
    size_t n;
};

/* AN_CONFIG and what the YAML reader says, with file, line and column; what
 * pl_file_read says of the file. */
enum an_code pl_clients_read(struct an_arena *arena, const char *path,
                             struct pl_clients *clients, struct an_err *err)
    __attribute__((warn_unused_result));
/* The same of bytes; `file` is named in errors. */
enum an_code pl_clients_parse(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct pl_clients *clients,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif
