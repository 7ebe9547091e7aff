/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/route_int.h"

#include <string.h>

static const struct {
    enum pl_http_method method;
    const char *name;
} methods[] = {
    {PL_GET, "GET"},         {PL_GET, "HEAD"},    {PL_POST, "POST"},
    {PL_PUT, "PUT"},         {PL_PATCH, "PATCH"}, {PL_DELETE, "DELETE"},
    {PL_OPTIONS, "OPTIONS"},
};

enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };

bool pl_route_method(struct an_str name, enum pl_http_method *method,
                     bool *is_head)
{
    for (int i = 0; i < N_METHODS; i++) {
        if (an_str_eq(name, an_str_c(methods[i].name))) {
            *method = methods[i].method;
            *is_head = an_str_eq(name, AN_STR("HEAD"));
            return true;
        }
    }
    return false;
}

void pl_route_allow(unsigned allowed, char buf[PL_ALLOW_BYTES])
{
    size_t n = 0;

    for (int i = 0; i < N_METHODS; i++) {
        struct an_str name = an_str_c(methods[i].name);

        if ((allowed & (unsigned)methods[i].method) == 0 ||
            n + name.n + 3 > PL_ALLOW_BYTES)
            continue;
        if (n) {
            memcpy(buf + n, ", ", 2);
            n += 2;
        }
        memcpy(buf + n, name.p, name.n);
        n += name.n;
    }
    buf[n] = '\0';
}

/* Part by part; "" and "/" differ, and so do "/a" and "/a/". */
static bool fits(const char *pattern, struct an_str path,
                 struct an_str param[PL_HTTP_PARAMS])
{
    struct an_str want = an_str_c(pattern), want_part, part;
    size_t n_params = 0;

    while (an_str_cut(&want, '/', &want_part)) {
        bool is_param = an_str_eq(want_part, AN_STR("{}"));

        if (want.p == NULL && an_str_eq(want_part, AN_STR("*"))) {
            if (path.p == NULL)
                return false;
            param[n_params] = path;
            return true;
        }
        if (!an_str_cut(&path, '/', &part))
            return false;
        if (is_param && (part.n == 0 || n_params == PL_HTTP_PARAMS - 1))
            return false;
        if (is_param)
            param[n_params++] = part;
        else if (!an_str_eq(part, want_part))
            return false;
    }
    return path.p == NULL;
}

const struct pl_http_route *pl_route_find(const struct pl_http_calls *calls,
                                          struct pl_http_request *q,
                                          unsigned *allowed)
{
    *allowed = 0;
    for (size_t i = 0; i < calls->n_routes; i++) {
        const struct pl_http_route *route = &calls->route[i];
        struct an_str param[PL_HTTP_PARAMS] = {{NULL, 0}};

        if (!fits(route->path, q->path, param))
            continue;
        *allowed |= (unsigned)route->method;
        if (route->method == q->method) {
            memcpy(q->param, param, sizeof(param));
            return route;
        }
    }
    return NULL;
}
