/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/engine.h"

#include "fhir/conceptmap.h"
#include "plugin/host/file.h"
#include "plugin/jose/signature.h"
#include "plugin/store/switches.h"
#include "plugin/zone.h"

#include <stdlib.h>

enum {
    CONFIG_BYTES = 64 << 20,
    TABLE_BYTES = 16 << 20,
    /* A message's tree, events and copies, as a multiple of its bytes. */
    ARENA_FACTOR = 24,
    ARENA_LEAST_BYTES = 8 << 20
};

struct pl_engine {
    struct an_arena arena; /* the configuration and what was made of it */
    struct cfg_options options;
    struct pl_settings settings;
    struct pl_policy policy;
    struct pl_mind *mind; /* NULL: nothing is said */
    struct fhir_write_settings naming;
    struct fhir_model_card card;
    struct pl_signer signer;
    struct an_log *log;
    an_clock *clock;
    struct pl_store *store;
    struct pl_committer *committer;
    struct pl_feeds *feeds; /* NULL: nobody is watched */
};

/* A table that the configuration names; none when it names none. */
static enum an_code read_table(struct an_arena *arena, struct an_str path,
                               enum an_code (*read)(struct an_arena *,
                                                    struct an_str, const char *,
                                                    struct ctx_site *,
                                                    struct an_err *),
                               struct ctx_site *site, struct an_err *err)
{
    struct an_str bytes;
    enum an_code rc;

    if (path.n == 0)
        return AN_OK;
    rc = pl_file_read(arena, path.p, TABLE_BYTES, &bytes, err);
    return rc == AN_OK ? read(arena, bytes, path.p, site, err) : rc;
}

/* A ConceptMap when it begins as JSON does, else a table. */
static enum an_code read_codes(struct an_arena *arena, struct an_str bytes,
                               const char *file, struct ctx_site *site,
                               struct an_err *err)
{
    struct an_str begin = an_str_trim(bytes);
    struct ctx_map map = {.file = file};
    struct fhir_conceptmap read;
    enum an_code rc;

    if (begin.n == 0 || (begin.p[0] != '{' && begin.p[0] != '['))
        return ctx_site_read_codes(arena, bytes, file, site, err);
    rc = fhir_conceptmap_read(arena, bytes, file, &read, err);
    if (rc != AN_OK)
        return rc;
    map.n_ignored = read.n_ignored;
    return ctx_site_add_codes(arena, &map, read.row, read.n_rows, site, err);
}

static const struct hl7_charset *charset_of(int charset)
{
    switch ((enum cfg_charset)charset) {
    case CFG_UTF_8: return hl7_charset_find(AN_STR("UNICODE UTF-8"));
    case CFG_ISO_8859_1: return hl7_charset_find(AN_STR("8859/1"));
    case CFG_ISO_8859_15: return hl7_charset_find(AN_STR("8859/15"));
    case CFG_WINDOWS_1252: return hl7_charset_find(AN_STR("WINDOWS-1252"));
    }
    return NULL;
}

enum an_code pl_settings_make(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct pl_settings *out, struct an_err *err)
{
    size_t longest =
        (size_t)(options->mllp_max_frame_bytes > options->http_max_body_bytes
                     ? options->mllp_max_frame_bytes
                     : options->http_max_body_bytes);
    enum an_code rc;

    *out = (struct pl_settings){
        .hl7 = {.authority = options->authority},
        .hl7_limits = hl7_limits_default,
        .charset = charset_of(options->charset),
        .senders = options->senders,
        .fhir = {.authority = options->authority, .base = options->fhir_url},
        .arena_bytes = ARENA_LEAST_BYTES + longest * ARENA_FACTOR};
    rc = pl_zone_make(arena, options->zone, &out->hl7.zone, err);
    out->fhir.zone = out->hl7.zone;
    if (rc == AN_OK)
        rc =
            read_table(arena, options->codes_path, read_codes, &out->site, err);
    for (size_t i = 0; rc == AN_OK && i < options->maps.n; i++)
        rc = read_table(arena, options->maps.item[i], read_codes, &out->site,
                        err);
    if (rc == AN_OK)
        rc = read_table(arena, options->authorities_path,
                        ctx_site_read_authorities, &out->site, err);
    return rc;
}

enum an_code pl_policy_make(const struct cfg_options *options, const char *file,
                            struct pl_mind **mind, struct pl_policy *out,
                            struct an_err *err)
{
    struct pl_quiet_rules quiet;
    enum an_code rc = pl_quiet_rules_of(options, file, &quiet, err);

    *mind = NULL;
    *out = pl_policy_of(options, false, false);
    if (rc != AN_OK || options->stage == CFG_STAGE_OFF)
        return rc;
    rc = pl_mind_open(options, mind, err);
    if (rc != AN_OK)
        return rc;
    *out = pl_policy_of(options, pl_mind_model(*mind).demonstrator,
                        pl_mind_evaluated(*mind, options->tenant));
    rc = pl_policy_check(out, options, file, err);
    if (rc != AN_OK) {
        pl_mind_close(*mind);
        *mind = NULL;
    }
    return rc;
}

static enum an_code watch_feeds(struct pl_engine *e, struct an_err *err)
{
    struct pl_feeds_options options = {
        .options = &e->options, .zone = &e->settings.hl7.zone, .log = e->log};
    enum an_code rc = pl_feeds_open(&options, &e->feeds, err);

    e->settings.feeds = e->feeds;
    return rc;
}

/* The card of the model in force, and who signs. */
static enum an_code equip_receiver(struct pl_engine *e, struct an_err *err)
{
    struct an_str key = e->options.outbox_signing_key_file;
    enum an_code rc;

    if (e->mind) {
        e->card.digest = pl_mind_model(e->mind).digest;
        pl_mind_card(e->mind, &e->card.markdown, &e->card.xml);
        e->naming.card = &e->card;
    }
    if (key.n == 0)
        return AN_OK;
    rc = pl_signer_open(&e->signer, key.p, err);
    if (rc == AN_OK)
        e->naming.signer = &e->signer.as;
    return rc;
}

/* What is stopped is known before anything is said. */
static enum an_code know_switches(struct pl_engine *e, struct an_err *err)
{
    struct pl_reader *reader = NULL;
    enum an_code rc = pl_switches_new(&e->policy.switches, err);

    if (rc == AN_OK)
        rc = pl_engine_reader(e, &reader, err);
    if (rc == AN_OK)
        rc = pl_switches_refresh(e->policy.switches, reader, NULL, err);
    pl_reader_close(reader);
    return rc;
}

static enum an_code open_parts(struct pl_engine *e,
                               const struct pl_engine_source *from,
                               struct an_err *err)
{
    struct pl_store_options store = {.busy_ms = 0};
    struct pl_committer_limits limits = {.waiting = 0};
    struct cfg_problems problems;
    enum an_code rc = cfg_options_read(&e->arena, from->config, from->file,
                                       &e->options, &problems, err);

    if (rc == AN_OK && from->thinks)
        rc = pl_policy_make(&e->options, from->file, &e->mind, &e->policy, err);
    if (rc == AN_OK)
        rc =
            pl_naming_make(&e->arena, &e->options, &e->policy, &e->naming, err);
    if (rc == AN_OK)
        rc = equip_receiver(e, err);
    if (rc == AN_OK)
        rc = pl_settings_make(&e->arena, &e->options, &e->settings, err);
    if (rc == AN_OK && from->thinks && e->options.feeds_watch)
        rc = watch_feeds(e, err);
    if (rc != AN_OK)
        return rc;
    store.path = e->options.store_path.p;
    store.key_file = e->options.store_key_file.p;
    store.tenant = e->options.tenant.p;
    store.log = e->log;
    store.no_copy = !e->options.store_upgrade_copy;
    limits.group = (size_t)e->options.store_group_max;
    rc = pl_store_open(&store, &e->store, err);
    if (rc == AN_OK && from->thinks)
        rc = know_switches(e, err);
    if (rc == AN_OK)
        rc = pl_committer_open(e->store, &limits, &e->committer, err);
    return rc;
}

enum an_code pl_engine_open(const struct pl_engine_source *from,
                            struct pl_engine **out, struct an_err *err)
{
    struct pl_engine *e = calloc(1, sizeof(*e));
    enum an_code rc;

    if (e == NULL)
        return an_fail_nomem(err);
    an_arena_init(&e->arena, CONFIG_BYTES);
    e->log = from->log;
    e->clock = from->clock;
    rc = open_parts(e, from, err);
    if (rc != AN_OK) {
        pl_engine_close(e);
        return rc;
    }
    *out = e;
    return AN_OK;
}

void pl_engine_stop(struct pl_engine *e)
{
    pl_committer_close(e->committer);
    e->committer = NULL;
}

void pl_engine_close(struct pl_engine *e)
{
    if (e == NULL)
        return;
    pl_engine_stop(e);
    pl_store_close(e->store);
    pl_mind_close(e->mind);
    pl_feeds_close(e->feeds);
    pl_signer_close(&e->signer);
    pl_switches_free(e->policy.switches);
    an_arena_free(&e->arena);
    free(e);
}

const struct cfg_options *pl_engine_options(const struct pl_engine *e)
{
    return &e->options;
}

const struct pl_settings *pl_engine_settings(const struct pl_engine *e)
{
    return &e->settings;
}

const struct pl_policy *pl_engine_policy(const struct pl_engine *e)
{
    return &e->policy;
}

struct pl_consult_source pl_engine_consult(const struct pl_engine *e)
{
    return (struct pl_consult_source){.options = &e->options,
                                      .zone = &e->settings.hl7.zone,
                                      .policy = &e->policy,
                                      .mind = e->mind,
                                      .naming = &e->naming,
                                      .feeds = e->feeds,
                                      .store = e->store};
}

struct pl_store *pl_engine_store(struct pl_engine *e)
{
    return e->store;
}

struct pl_feeds *pl_engine_feeds(struct pl_engine *e)
{
    return e->feeds;
}

struct pl_committer *pl_engine_committer(struct pl_engine *e)
{
    return e->committer;
}

struct an_log *pl_engine_log(struct pl_engine *e)
{
    return e->log;
}

int64_t pl_engine_now_us(const struct pl_engine *e)
{
    return e->clock(NULL);
}

enum an_code pl_engine_reader(const struct pl_engine *e, struct pl_reader **out,
                              struct an_err *err)
{
    return pl_reader_of(&e->options, out, err);
}

struct pl_job *pl_engine_job(struct pl_engine *e, enum pl_format format,
                             struct an_str feed, struct an_str bytes,
                             bool historical)
{
    struct pl_inbound in = {.format = format,
                            .feed = feed,
                            .received_us = pl_engine_now_us(e),
                            .historical = historical};

    return pl_job_new(&in, bytes, e->settings.arena_bytes);
}
