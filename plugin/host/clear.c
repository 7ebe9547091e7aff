/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/clear.h"

#include <string.h>

/* 127.0.0.0/8 and ::1 */
static bool is_own(struct an_str host)
{
    static const struct cfg_network own[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127}, 96 + 8},
        {{[15] = 1}, 128}};
    struct cfg_network network;

    if (an_str_eq(host, AN_STR("localhost")))
        return true;
    return cfg_value_network(host, &network) && network.n_bits == 128 &&
           (cfg_network_has(&own[0], network.address) ||
            cfg_network_has(&own[1], network.address));
}

/* Neither off, nor behind TLS, nor this machine alone. */
static bool is_bare(const struct cfg_address *address, bool has_tls)
{
    return address->host.n && !has_tls && !is_own(address->host);
}

/* http://host, http://host:port, http://[::1]:port, with a path or without. */
static bool is_plain(struct an_str url)
{
    static const struct an_str scheme = {"http://", 7};
    const char *end;
    size_t n;

    if (!an_str_starts(url, scheme))
        return false;
    url = an_str_sub(url, scheme.n, url.n);
    end = memchr(url.p, '/', url.n);
    n = end ? (size_t)(end - url.p) : url.n;
    if (n && url.p[0] == '[') {
        url = an_str_sub(url, 1, n);
        end = memchr(url.p, ']', url.n);
    } else {
        url = an_str_sub(url, 0, n);
        end = memchr(url.p, ':', url.n);
    }
    return !is_own(end ? an_str_sub(url, 0, (size_t)(end - url.p)) : url);
}

size_t pl_clear_list(const struct cfg_options *o,
                     struct pl_clear clear[PL_N_CLEAR])
{
    const struct {
        bool is_clear;
        struct pl_clear what;
    } all[PL_N_CLEAR] = {
        {is_bare(&o->mllp_address, o->mllp_tls),
         {CFG_OPT_mllp_address, "listen.mllp.tls", true}},
        {is_bare(&o->http_address, o->http_tls),
         {CFG_OPT_http_address, "listen.http.tls", true}},
        {is_plain(o->fhir_url), {CFG_OPT_fhir_url, "https", false}},
        {is_plain(o->outbox_url), {CFG_OPT_outbox_url, "https", false}},
        {is_bare(&o->hl7_out_address, o->hl7_out_tls),
         {CFG_OPT_hl7_out_address, "hl7_out.tls", false}}};
    size_t n = 0;

    for (size_t i = 0; i < PL_N_CLEAR; i++)
        if (all[i].is_clear)
            clear[n++] = all[i].what;
    return n;
}
