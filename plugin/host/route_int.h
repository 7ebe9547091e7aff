/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a path takes.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_HOST_ROUTE_INT_H
#define PLUGIN_HOST_ROUTE_INT_H

#include "plugin/host/http.h"

/* The first route for method and path, with its parameters in q; NULL when
 * there is none, and then *allowed has the methods that the path would take
 * with (0: the path is unknown). */
const struct pl_http_route *pl_route_find(const struct pl_http_calls *calls,
                                          struct pl_http_request *q,
                                          unsigned *allowed);

enum { PL_ALLOW_BYTES = 64 };

/* "GET, HEAD, POST" */
void pl_route_allow(unsigned methods, char buf[PL_ALLOW_BYTES]);

/* False for a method that no route can have. */
bool pl_route_method(struct an_str name, enum pl_http_method *method,
                     bool *is_head);

#endif
