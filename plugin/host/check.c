/* SPDX-License-Identifier: Apache-2.0 */
/* check: is the configuration right, what is in force, and is the store
 * whole?  Opens nothing for writing. */
#include "advice/dosing.h"
#include "plugin/filing/fields.h"
#include "plugin/host/cds_gate.h"
#include "plugin/host/clear.h"
#include "plugin/host/command.h"
#include "plugin/host/face_tls.h"
#include "plugin/host/thread.h"
#include "plugin/jose/signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 1 << 30, OPTIONS_BYTES = 1 << 20 };

static void print_problems(const char *file, const struct cfg_problems *p)
{
    for (const struct cfg_problem *at = p->first; at; at = at->next)
        (void)fprintf(stderr, "%s:%u:%u: %.*s\n", file, at->line, at->column,
                      AN_STR_ARG(at->text));
}

static enum an_code print_options(struct an_arena *arena,
                                  const struct cfg_options *options,
                                  struct an_err *err)
{
    struct an_str text;
    struct an_buf b;
    enum an_code rc;

    an_buf_init(&b, arena, OPTIONS_BYTES);
    cfg_options_put(&b, options, CFG_WITH_ORIGIN);
    rc = an_buf_done(&b, &text, err);
    if (rc == AN_OK)
        (void)fwrite(text.p, 1, text.n, stdout);
    return rc;
}

static enum an_code check_store(struct an_arena *arena,
                                const struct cfg_options *options,
                                bool every_byte, struct an_err *err)
{
    const char *path = options->store_path.p;
    struct pl_reader *reader = NULL;
    struct pl_status status;
    enum an_code rc;

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        (void)printf("# store: %s does not exist yet\n", path);
        return AN_OK;
    }
    rc = pl_reader_of(options, &reader, err);
    if (rc == AN_OK)
        rc = pl_status(reader, arena, &status, err);
    if (rc == AN_OK)
        (void)printf("# store: %lld messages, %lld identifiers, %lld bytes\n",
                     (long long)status.n_messages,
                     (long long)status.n_identifiers,
                     (long long)status.file_bytes);
    if (rc == AN_OK && every_byte) {
        rc = pl_check(reader, arena, err);
        if (rc == AN_OK)
            (void)puts(
                "# store: every message and event was read and is whole");
    }
    pl_reader_close(reader);
    return rc;
}

static void print_model(const struct pl_mind *mind)
{
    struct ctx_model_id m;

    if (mind == NULL) {
        (void)puts("# model: none, the stage is off");
        return;
    }
    m = pl_mind_model(mind);
    (void)printf("# model: %.*s %.*s (%.12s)%s, %zu outcomes\n",
                 AN_STR_ARG(m.name), AN_STR_ARG(m.version), m.digest.p,
                 m.demonstrator ? ", a demonstrator" : "",
                 pl_mind_n_outcomes(mind));
}

/* Statements of labels have a last day. */
static void print_dosing(void)
{
    size_t n_expired,
        n = adv_dosing_rows(an_time_us(pl_clock_us(NULL)), &n_expired);

    (void)printf("# dosing: %zu statements of labels\n", n);
    if (n_expired)
        (void)fprintf(stderr,
                      "anamnesis: %zu of %zu statements of labels have passed "
                      "their last day and are not said any more\n",
                      n_expired, n);
}

/* What each file says, in the order in which they are believed. */
static void print_tables(const struct ctx_site *site)
{
    (void)printf("# tables: %zu local codes, %zu authorities\n", site->n_codes,
                 site->n_authorities);
    for (size_t i = 0; i < site->n_maps; i++) {
        const struct ctx_map *m = &site->map[i];

        (void)printf("#   %s: %zu codes", m->file, m->n_rows);
        if (m->n_covered)
            (void)printf(", %zu of them decided by a file before",
                         m->n_covered);
        if (m->n_unfilled)
            (void)printf(", %zu rows without a target", m->n_unfilled);
        if (m->n_ignored)
            (void)printf(", %zu targets that are no more than related",
                         m->n_ignored);
        (void)putchar('\n');
    }
    print_dosing();
}

/* The files of TLS, if anybody listens by it. */
static enum an_code check_tls(const struct cfg_options *options,
                              struct an_err *err)
{
    char when[AN_TIME_TEXT_BYTES];
    struct an_time end = {0};
    struct pl_tls *tls;
    enum an_code rc = pl_face_tls_open(options, &tls, err);

    if (rc != AN_OK || tls == NULL)
        return rc;
    end = an_time_us(pl_tls_expires_s(tls) * 1000000);
    end.precision = AN_TIME_SECOND;
    an_time_print_fhir(end, when);
    (void)printf("# tls: the certificate ends %s\n", when);
    pl_tls_close(tls);
    return AN_OK;
}

/* No error: a site may have a network of its own for it. */
static void warn_of_clear(const struct cfg_options *options)
{
    struct pl_clear clear[PL_N_CLEAR];
    size_t n = pl_clear_list(options, clear);

    (void)fflush(stdout);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(
            stderr,
            "anamnesis: %s: what %s another machine is not encrypted; "
            "set %s\n",
            cfg_option[clear[i].option].key,
            clear[i].comes_in ? "comes from" : "goes to", clear[i].instead);
}

/* What the receiver of HL7 version 2 is told otherwise. */
static enum an_code check_receiver(struct an_arena *arena,
                                   const struct cfg_options *options,
                                   const struct pl_policy *policy,
                                   struct an_err *err)
{
    struct pl_fields fields;
    enum an_code rc;

    rc = pl_fields_read(arena, options, pl_must_mark(policy), &fields, err);
    if (rc == AN_OK)
        (void)printf("# hl7_out: version %.*s, %zu codes, %zu fields of the "
                     "site\n",
                     AN_STR_ARG(fields.site.version), fields.site.n_names,
                     fields.site.n_edits);
    return rc;
}

/* Files that options name: those of TLS, the CDS clients and their key sets, the
 * key that signs, the fields of the receiver of HL7 version 2. */
static enum an_code check_files(struct an_arena *arena,
                                const struct cfg_options *options,
                                const struct pl_policy *policy,
                                struct an_err *err)
{
    struct an_str path = options->outbox_signing_key_file;
    struct pl_cds_gate *gate = NULL;
    struct pl_signer signer;
    enum an_code rc = check_tls(options, err);

    warn_of_clear(options);
    if (rc == AN_OK)
        rc = pl_cds_gate_open(options, NULL, &gate, err);
    if (rc == AN_OK && options->cds_clients_path.n)
        (void)puts("# cds: the clients were read, with their keys in files");
    pl_cds_gate_close(gate);
    if (rc == AN_OK && path.n) {
        rc = pl_signer_open(&signer, path.p, err);
        pl_signer_close(&signer);
    }
    if (rc == AN_OK && options->hl7_out_address.host.n)
        rc = check_receiver(arena, options, policy, err);
    return rc;
}

int pl_command_check(const struct pl_invocation *in)
{
    const char *file = in->config_file ? in->config_file : "defaults";
    bool every_byte = in->argc == 1 && strcmp(in->argv[0], "--store") == 0;
    struct cfg_problems problems = {.first = NULL};
    struct pl_settings settings;
    struct pl_policy policy;
    struct pl_mind *mind = NULL;
    struct cfg_options options;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc && !every_byte)
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = cfg_options_read(&arena, in->config, file, &options, &problems, &err);
    if (rc != AN_OK && problems.first) {
        print_problems(file, &problems);
        an_arena_free(&arena);
        return PL_EXIT_USAGE;
    }
    if (rc == AN_OK)
        rc = print_options(&arena, &options, &err);
    if (rc == AN_OK)
        rc = pl_policy_make(&options, file, &mind, &policy, &err);
    if (rc == AN_OK)
        print_model(mind);
    if (rc == AN_OK)
        rc = pl_settings_make(&arena, &options, &settings, &err);
    if (rc == AN_OK)
        print_tables(&settings.site);
    if (rc == AN_OK)
        rc = check_files(&arena, &options, &policy, &err);
    if (rc == AN_OK)
        rc = check_store(&arena, &options, every_byte, &err);
    pl_mind_close(mind);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
