/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/clients.h"

#include "config/value.h"
#include "config/yaml.h"
#include "plugin/host/file.h"
#include "plugin/jose/bearer.h"

enum { FILE_BYTES = 1 << 20, TENANTS_MOST = 256, PATH_BYTES = 4095 };

static enum an_code text_of(const struct cfg_yaml *yaml,
                            const struct cfg_node *node, size_t most,
                            struct an_str *out, struct an_err *err)
{
    if (node->kind != CFG_SCALAR || cfg_node_is_null(node) ||
        node->text.n == 0 || node->text.n > most)
        return cfg_node_fail(yaml, node, AN_CONFIG,
                             "expected a text of no more than its limit", err);
    *out = node->text;
    return AN_OK;
}

static enum an_code read_tenants(struct an_arena *arena,
                                 const struct cfg_yaml *yaml,
                                 const struct cfg_node *list,
                                 struct pl_client_row *row, struct an_err *err)
{
    enum an_code rc = AN_OK;

    if (list->kind != CFG_LIST || list->n_children == 0 ||
        list->n_children > TENANTS_MOST)
        return cfg_node_fail(yaml, list, AN_CONFIG,
                             "tenants: expected a list of names", err);
    row->tenant = an_arena_get(arena, list->n_children, sizeof(*row->tenant));
    if (row->tenant == NULL)
        return an_fail_nomem(err);
    for (const struct cfg_node *c = list->first; c && rc == AN_OK; c = c->next)
        rc = text_of(yaml, c, PL_CLAIM_BYTES, &row->tenant[row->n_tenants++],
                     err);
    return rc;
}

/* http:// and then exactly one of these. */
static bool is_here(struct an_str url)
{
    static const char *const host[] = {"127.0.0.1", "[::1]", "localhost"};
    struct an_str rest;

    if (!an_str_starts(url, AN_STR("http://")))
        return false;
    rest = an_str_sub(url, 7, url.n);
    for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
        struct an_str name = an_str_c(host[i]);

        if (an_str_starts(rest, name) &&
            (rest.n == name.n || rest.p[name.n] == ':' ||
             rest.p[name.n] == '/'))
            return true;
    }
    return false;
}

static enum an_code read_jwks(const struct cfg_yaml *yaml,
                              const struct cfg_node *node,
                              struct pl_client_row *row, struct an_err *err)
{
    enum an_code rc = text_of(yaml, node, PATH_BYTES, &row->jwks, err);

    if (rc != AN_OK)
        return rc;
    row->is_url = an_str_starts(row->jwks, AN_STR("https://")) ||
                  an_str_starts(row->jwks, AN_STR("http://"));
    if (row->is_url &&
        (!cfg_value_url(row->jwks) ||
         !(an_str_starts(row->jwks, AN_STR("https://")) || is_here(row->jwks))))
        return cfg_node_fail(yaml, node, AN_CONFIG,
                             "jwks: expected an address of https, or a path",
                             err);
    return AN_OK;
}

static enum an_code read_member(struct an_arena *arena,
                                const struct cfg_yaml *yaml,
                                const struct cfg_node *c,
                                struct pl_client_row *row, struct an_err *err)
{
    if (an_str_eq(c->key, AN_STR("issuer")))
        return text_of(yaml, c, PL_CLAIM_BYTES, &row->issuer, err);
    if (an_str_eq(c->key, AN_STR("jwks")))
        return read_jwks(yaml, c, row, err);
    if (an_str_eq(c->key, AN_STR("tenants")))
        return read_tenants(arena, yaml, c, row, err);
    return cfg_node_fail(yaml, c, AN_CONFIG,
                         "unknown key; known are issuer, jwks, tenants", err);
}

static enum an_code read_row(struct an_arena *arena,
                             const struct cfg_yaml *yaml,
                             const struct cfg_node *map,
                             struct pl_clients *clients, struct an_err *err)
{
    struct pl_client_row *row = &clients->row[clients->n];
    enum an_code rc = AN_OK;

    if (map->kind != CFG_MAP)
        return cfg_node_fail(yaml, map, AN_CONFIG,
                             "expected issuer and jwks of a client", err);
    for (const struct cfg_node *c = map->first; c && rc == AN_OK; c = c->next)
        rc = read_member(arena, yaml, c, row, err);
    if (rc != AN_OK)
        return rc;
    if (row->issuer.n == 0 || row->jwks.n == 0)
        return cfg_node_fail(yaml, map, AN_CONFIG,
                             "a client needs issuer and jwks", err);
    for (size_t i = 0; i < clients->n; i++)
        if (an_str_eq(clients->row[i].issuer, row->issuer))
            return cfg_node_fail(yaml, map, AN_CONFLICT,
                                 "an issuer that is listed already", err);
    clients->n++;
    return AN_OK;
}

enum an_code pl_clients_parse(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct pl_clients *clients,
                              struct an_err *err)
{
    struct cfg_yaml yaml;
    enum an_code rc = cfg_yaml_read(arena, bytes, file, &yaml, err);

    *clients = (struct pl_clients){.n = 0};
    if (rc != AN_OK)
        return rc;
    if (yaml.root == NULL || yaml.root->kind != CFG_LIST ||
        yaml.root->n_children == 0 || yaml.root->n_children > PL_CLIENTS_MOST)
        return cfg_node_fail(&yaml, yaml.root, AN_CONFIG,
                             "expected a list of clients, 64 at most", err);
    clients->row =
        an_arena_get(arena, yaml.root->n_children, sizeof(*clients->row));
    if (clients->row == NULL)
        return an_fail_nomem(err);
    for (const struct cfg_node *c = yaml.root->first; c && rc == AN_OK;
         c = c->next)
        rc = read_row(arena, &yaml, c, clients, err);
    return rc;
}

enum an_code pl_clients_read(struct an_arena *arena, const char *path,
                             struct pl_clients *clients, struct an_err *err)
{
    struct an_str bytes;
    enum an_code rc = pl_file_read(arena, path, FILE_BYTES, &bytes, err);

    return rc == AN_OK ? pl_clients_parse(arena, bytes, path, clients, err)
                       : rc;
}
