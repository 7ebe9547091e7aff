/* SPDX-License-Identifier: Apache-2.0 */
/* What no single value can break. */
#include "config/options_int.h"

#include <string.h>

/* NAME=SOMETHING; a name can stand in a URL. */
static bool is_named(struct an_str item)
{
    struct an_str name = {"", 0};

    if (!an_str_cut(&item, '=', &name) || name.n == 0 || name.n > 32 ||
        an_str_trim(item).n == 0)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z') ||
              (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-'))
            return false;
    return true;
}

static enum an_code check_subscriptions(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;

    for (size_t i = 0; i < o->subscriptions.n; i++)
        if (!is_named(o->subscriptions.item[i]))
            return cfg_problem_pair(
                r, CFG_OPT_subscriptions,
                "subscriptions.of: expected NAME=CRITERIA, the "
                "name of small letters, digits and -");
    return AN_OK;
}

/* SENDER=15m or SENDER=off; a sender's name may hold anything but this. */
static bool is_silence(struct an_str item)
{
    size_t i = item.n;
    int64_t ms;

    while (i && item.p[i - 1] != '=')
        i--;
    if (i < 2)
        return false;
    item = an_str_trim(an_str_sub(item, i, item.n));
    return an_str_eq(item, AN_STR("off")) ||
           (cfg_value_duration(item, &ms) && ms > 0);
}

static enum an_code check_feeds(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;

    for (size_t i = 0; i < o->feeds_silence.n; i++)
        if (!is_silence(o->feeds_silence.item[i]))
            return cfg_problem_pair(
                r, CFG_OPT_feeds_silence,
                "feeds.silence: expected SENDER=DURATION, such "
                "as EHR|HOSP=15m, or SENDER=off");
    return AN_OK;
}

static enum an_code check_rules(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;
    struct cfg_rule rule;

    for (size_t i = 0; i < o->outbox_flags.n; i++)
        if (!cfg_value_rule(o->outbox_flags.item[i], &rule) || rule.rest.n)
            return cfg_problem_pair(r, CFG_OPT_outbox_flags,
                                    "outbox.flags: expected \"OUTCOME "
                                    "PROBABILITY\", such as \"stroke 0.2\"");
    for (size_t i = 0; i < o->outbox_proposals.n; i++)
        if (!cfg_value_rule(o->outbox_proposals.item[i], &rule) ||
            rule.words.n == 0)
            return cfg_problem_pair(r, CFG_OPT_outbox_proposals,
                                    "outbox.proposals: expected \"OUTCOME "
                                    "PROBABILITY SYSTEM|CODE WORDS\"");
    return AN_OK;
}

static enum an_code check_networks(struct cfg_reader *r, enum cfg_option_id id,
                                   const struct cfg_texts *list)
{
    struct cfg_network network;

    for (size_t i = 0; i < list->n; i++)
        if (!cfg_value_network(list->item[i], &network))
            return cfg_problem_pair(
                r, id,
                "peers: expected addresses and networks, such "
                "as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
    return AN_OK;
}

/* APPLICATION|FACILITY, neither of them empty. */
static bool is_sender(struct an_str s)
{
    struct an_str application = {"", 0}, facility = {"", 0};

    return an_str_cut(&s, '|', &application) && application.n &&
           an_str_cut(&s, '|', &facility) && facility.n && s.p == NULL;
}

/* All that there are are the default. */
static bool is_service(struct an_str s)
{
    struct an_str rest = an_str_c(cfg_option[CFG_OPT_cds_services].def), word;

    while (an_str_cut(&rest, ' ', &word))
        if (an_str_eq(s, word))
            return true;
    return false;
}

static enum an_code check_lists(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;
    enum an_code code = check_networks(r, CFG_OPT_mllp_peers, &o->mllp_peers);

    if (code == AN_OK)
        code = check_networks(r, CFG_OPT_http_peers, &o->http_peers);
    for (size_t i = 0; code == AN_OK && i < o->cds_services.n; i++)
        if (!is_service(o->cds_services.item[i]))
            return cfg_problem_pair(r, CFG_OPT_cds_services,
                                    "cds.services: expected hooks among "
                                    "patient-view, order-select, order-sign, "
                                    "encounter-start, encounter-discharge and "
                                    "appointment-book");
    for (size_t i = 0; code == AN_OK && i < o->senders.n; i++)
        if (!is_sender(o->senders.item[i]))
            return cfg_problem_pair(r, CFG_OPT_senders,
                                    "listen.senders: expected "
                                    "\"APPLICATION|FACILITY\", * for any");
    return code;
}

/* Whoever listens by TLS needs what it takes. */
static enum an_code check_tls(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;
    enum cfg_option_id by = o->mllp_tls ? CFG_OPT_mllp_tls : CFG_OPT_http_tls;

    if (o->tls_client != CFG_TLS_NONE && o->tls_ca_file.n == 0)
        return cfg_problem_pair(r, CFG_OPT_tls_client,
                                "listen.tls.client_certificate: "
                                "listen.tls.ca_file has to say who signs them");
    if ((o->mllp_tls || o->http_tls) &&
        (o->tls_certificate_file.n == 0 || o->tls_key_file.n == 0))
        return cfg_problem_pair(r, by,
                                "tls: needs listen.tls.certificate_file and "
                                "listen.tls.key_file");
    return AN_OK;
}

/* 0 is for ever. */
static enum an_code check_retention(struct cfg_reader *r)
{
    int64_t raw_ms = r->o->store_keep_raw_ms;
    int64_t events_ms = r->o->store_keep_events_ms;

    if (events_ms == 0 || (raw_ms && raw_ms <= events_ms))
        return AN_OK;
    return cfg_problem_pair(
        r, CFG_OPT_store_keep_events_ms,
        "store.retention.events is less than "
        "store.retention.raw: the bytes would still say what "
        "was read in them");
}

/* One number that must not be less than another. */
static enum an_code check_pairs(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;

    if (o->mllp_max_pending_bytes &&
        o->mllp_max_pending_bytes < o->mllp_max_frame_bytes)
        return cfg_problem_pair(r, CFG_OPT_mllp_max_pending_bytes,
                                "listen.mllp.max_pending is less than "
                                "listen.mllp.max_frame");
    if (o->outbox_retry_max_ms < o->outbox_retry_first_ms)
        return cfg_problem_pair(r, CFG_OPT_outbox_retry_max_ms,
                                "outbox.retry_max is less than "
                                "outbox.retry_first");
    return check_retention(r);
}

/* scheme://host[:port], as a browser says it, or any. */
static bool is_origin(struct an_str item)
{
    const char *host = item.n > 8 ? memchr(item.p + 8, '/', item.n - 8) : NULL;

    return an_str_eq(item, AN_STR("*")) ||
           (cfg_value_url(item) && host == NULL &&
            memchr(item.p, '?', item.n) == NULL);
}

static enum an_code check_cds(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;

    if (o->cds_clients_path.n && o->cds_url.n == 0)
        return cfg_problem_pair(r, CFG_OPT_cds_clients_path,
                                "cds.clients: cds.url has to say which address "
                                "their tokens are made out to");
    for (size_t i = 0; i < o->cds_origins.n; i++)
        if (!is_origin(o->cds_origins.item[i]))
            return cfg_problem_pair(
                r, CFG_OPT_cds_origins,
                "cds.origins: expected scheme and host, such "
                "as https://ehr.example.org, or *");
    for (size_t i = 0; i < o->cds_fhir_servers.n; i++) {
        struct an_str url = o->cds_fhir_servers.item[i];

        if (!cfg_value_url(url) || (o->environment == CFG_PRODUCTION &&
                                    !an_str_starts(url, AN_STR("https://"))))
            return cfg_problem_pair(r, CFG_OPT_cds_fhir_servers,
                                    "cds.fhir_servers: expected addresses, in "
                                    "production of https");
    }
    return AN_OK;
}

static enum an_code check_auth(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;

    if (o->outbox_auth == CFG_AUTH_SMART &&
        (o->outbox_client_id.n == 0 || o->outbox_client_key.n == 0))
        return cfg_problem_pair(r, CFG_OPT_outbox_auth,
                                "outbox.auth: smart needs outbox.client_id and "
                                "outbox.client_key");
    return AN_OK;
}

enum an_code cfg_options_together(struct cfg_reader *r)
{
    const struct cfg_options *o = r->o;
    enum an_code code = AN_OK;

    if (o->environment == CFG_DEMO && o->outbox_url.n &&
        !o->outbox_is_test_target)
        code = cfg_problem_pair(r, CFG_OPT_outbox_url,
                                "outbox.url: environment demo writes only to a "
                                "server with outbox.test_target: true");
    if (code == AN_OK && o->environment == CFG_PRODUCTION &&
        o->clock != CFG_CLOCK_SYSTEM)
        code = cfg_problem_pair(r, CFG_OPT_clock,
                                "clock: in production the present is the "
                                "machine's: clock: system");
    if (code == AN_OK)
        code = check_auth(r);
    if (code == AN_OK)
        code = check_pairs(r);
    if (code == AN_OK)
        code = check_subscriptions(r);
    if (code == AN_OK)
        code = check_feeds(r);
    if (code == AN_OK)
        code = check_lists(r);
    if (code == AN_OK)
        code = check_cds(r);
    if (code == AN_OK)
        code = check_rules(r);
    return code == AN_OK ? check_tls(r) : code;
}
