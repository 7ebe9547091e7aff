/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the listeners, as the configuration names them. */
#include "plugin/host/face_tls.h"

#include "plugin/host/thread.h"

enum { A_DAY_S = 86400 };

static enum pl_tls_client client_of(int client)
{
    switch ((enum cfg_tls_client)client) {
    case CFG_TLS_NONE: return PL_TLS_CLIENT_NONE;
    case CFG_TLS_OPTIONAL: return PL_TLS_CLIENT_OPTIONAL;
    case CFG_TLS_REQUIRED: break;
    }
    return PL_TLS_CLIENT_REQUIRED;
}

enum an_code pl_face_tls_open(const struct cfg_options *o, struct pl_tls **tls,
                              struct an_err *err)
{
    const struct pl_tls_options options = {.certificate_file =
                                               o->tls_certificate_file.p,
                                           .key_file = o->tls_key_file.p,
                                           .ca_file = o->tls_ca_file.p,
                                           .crl_file = o->tls_crl_file.p,
                                           .client = client_of(o->tls_client),
                                           .priorities = o->tls_priorities.p};

    *tls = NULL;
    if (!o->mllp_tls && !o->http_tls)
        return AN_OK;
    return pl_tls_open(&options, tls, err);
}

void pl_face_tls_loaded(struct pl_tls *tls, struct an_log *log)
{
    int64_t left_s;

    if (tls == NULL)
        return;
    left_s = pl_tls_expires_s(tls) - pl_clock_us(NULL) / 1000000;
    an_log(log, AN_EVENT_TLS_LOADED,
           left_s > 0 ? (uint64_t)left_s / A_DAY_S : 0, 0, 0);
}

void pl_face_tls_reload(struct pl_tls *tls, struct an_log *log)
{
    struct an_err err;
    enum an_code rc;

    if (tls == NULL)
        return;
    rc = pl_tls_reload(tls, &err);
    if (rc == AN_OK)
        pl_face_tls_loaded(tls, log);
    else
        an_log(log, AN_EVENT_TLS_LOAD_FAULT, rc, 0, 0);
}
