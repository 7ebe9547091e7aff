/* SPDX-License-Identifier: Apache-2.0 */
/* The program: reads the common arguments and hands over to a command. */
#include "plugin/host/command.h"
#include "plugin/host/file.h"
#include "plugin/host/thread.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"

#ifndef ANAMNESIS_SYSCONFDIR
#    define ANAMNESIS_SYSCONFDIR "/etc"
#endif

static const char installed_config[] =
    ANAMNESIS_SYSCONFDIR "/anamnesis/anamnesis.yaml";

enum { CONFIG_BYTES = 4 << 20 };

static const struct {
    const char *name;
    int (*run)(const struct pl_invocation *in);
    const char *arguments, *help;
} commands[] = {
    {"serve", pl_command_serve, "",
     "listen for messages over MLLP and HTTP until stopped"},
    {"replay", pl_command_replay,
     "[--to [tls://]HOST:PORT [--ca FILE] [--certificate FILE --key FILE]] "
     "FILE...",
     "feed messages in order, here or to a server over MLLP"},
    {"backload", pl_command_backload, "FILE...",
     "load history: HL7v2, FHIR Bundles, NDJSON; triggers nothing"},
    {"export", pl_command_export,
     "[--group ID | --patients] [--since TIME] [--types TYPE,...] "
     "[--partial-manifests] "
     "[--token-file FILE] URL FOLDER",
     "bring a FHIR server's bulk export into a folder, for backload"},
    {"subscribe", pl_command_subscribe,
     "[--backport [--content empty|id-only|full-resource]] [--end TIME] "
     "[--delete] URL [NAME...]",
     "ask the FHIR server to tell us, at URL, of what subscriptions.of says"},
    {"feeds", pl_command_feeds, "[--close FEED]",
     "who sends here, when last, and how long each may be silent; what is "
     "missing of one is not waited for"},
    {"convert", pl_command_convert,
     "[--bundle message|transaction|collection] FILE...",
     "print HL7v2 messages as FHIR R4 Bundles, one a line"},
    {"reprocess", pl_command_reprocess, "",
     "read all stored messages again, after a change of tables"},
    {"show", pl_command_show,
     "[--as-of TIME] [--sources | --risks [--for WHOM] [--language TAG]] "
     "[AUTHORITY] PATIENT",
     "print a patient's timeline, or what the model makes of it"},
    {"compare", pl_command_compare,
     "--procedure SYSTEM|CODE --procedure SYSTEM|CODE [--as-of TIME] "
     "[--for WHOM] [--language TAG] [--json] [AUTHORITY] PATIENT",
     "two or more procedures for a patient beside each other, or why not"},
    {"explain-message", pl_command_explain_message, "[--values] [--json] ID",
     "what became of one message, field by field"},
    {"codes", pl_command_codes, "[--system SYSTEM] [--limit N] [--tsv]",
     "codes whose meaning nobody has said, the most frequent first"},
    {"release", pl_command_release,
     "[list | [--withhold] [--by NAME] [--reason TEXT] ID]",
     "texts for patients that wait for a clinician's word"},
    {"feedback", pl_command_feedback, "[--json] [--since TIME]",
     "cards that were shown or held back, and what became of them"},
    {"outbox", pl_command_outbox,
     "[list [--json] | retry ID | retry --all | drop --reason TEXT ID]",
     "what is not delivered; try it again, or give it up"},
    {"recall", pl_command_recall,
     "[--dry-run] [--reason TEXT] --model NAME VERSION | --model DIGEST",
     "take back all that one version of a model has said"},
    {"kill", pl_command_kill,
     "--list [--json] | [--reason TEXT] [--by NAME] OUTCOME|all",
     "stop an outcome, a score or a kind of text at once, by every way out"},
    {"revive", pl_command_revive, "[--reason TEXT] [--by NAME] OUTCOME|all",
     "let it be heard again"},
    {"keys", pl_command_keys, "--jwks",
     "our public keys, for the server that gives tokens"},
    {"audit", pl_command_audit, "[--json] [--since TIME] [--action ACTION]",
     "print the audit trail: what was done, by whom, in which role and why"},
    {"verify", pl_command_verify,
     "[NUMBER HASH] | --lineage [--json] [OUTCOME] | --signature KEY FILE",
     "walk the audit trail, and compare it with a row noted before; or prove "
     "what data the model is of, or that what a Bundle says is as we signed "
     "it"},
    {"rekey", pl_command_rekey, "", "seal all of the store by the first key"},
    {"purge", pl_command_purge,
     "[--dry-run] [--before TIME | --patient AUTHORITY ID]",
     "remove what is kept for long enough, or all of one patient"},
    {"backup", pl_command_backup, "[--force] FILE",
     "copy the store to a file while it is in use"},
    {"restore", pl_command_restore, "FILE",
     "put such a copy in the store's place"},
    {"check", pl_command_check, "[--store]",
     "check the configuration and, if asked, every byte of the store"},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

int pl_complain(const struct an_err *err)
{
    char text[512];
    bool placed =
        err->where.segment[0] || err->where.path[0] || err->where.byte;

    an_err_print(err, text, sizeof(text));
    (void)fflush(stdout);
    if (placed)
        (void)fprintf(stderr, "anamnesis: %s\n", text);
    else
        (void)fprintf(stderr, "anamnesis: %s%s%s%s\n",
                      err->what ? err->what : an_code_text(err->code),
                      err->sys ? " (" : "", err->sys ? strerror(err->sys) : "",
                      err->sys ? ")" : "");
    switch (err->code) {
    case AN_CONFIG:
    case AN_SYNTAX:
    case AN_UNSUPPORTED:
    case AN_CONFLICT:
    case AN_TYPE:
    case AN_CODE:
    case AN_MISSING:
    case AN_NOTFOUND: return PL_EXIT_USAGE;
    case AN_OK:
    case AN_NOMEM:
    case AN_LIMIT:
    case AN_IO:
    case AN_BUSY:
    case AN_INTEGRITY:
    case AN_INTERNAL: break;
    }
    return PL_EXIT_MACHINE;
}

int pl_usage(const struct pl_invocation *in)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, in->command) == 0)
            (void)fprintf(stderr, "usage: anamnesis [-c FILE] %s %s\n",
                          commands[i].name, commands[i].arguments);
    return PL_EXIT_USAGE;
}

static void print_help(FILE *to)
{
    (void)fputs("usage: anamnesis [-c FILE] COMMAND [ARGUMENT ...]\n\n", to);
    for (int i = 0; i < N_COMMANDS; i++)
        (void)fprintf(to, "  %-10s %-36s\n             %s\n", commands[i].name,
                      commands[i].arguments, commands[i].help);
    (void)fprintf(to,
                  "\n  -c FILE    the configuration (default: %s where it is "
                  "installed,\n             else the built-in defaults)\n"
                  "  --version, --help\n",
                  installed_config);
}

struct pl_engine_source pl_invocation_source(const struct pl_invocation *in,
                                             bool thinks)
{
    return (struct pl_engine_source){.config = in->config,
                                     .file = in->config_file ? in->config_file
                                                             : "defaults",
                                     .log = in->log,
                                     .clock = pl_clock_us,
                                     .thinks = thinks};
}

enum an_code pl_invocation_engine(const struct pl_invocation *in, bool thinks,
                                  struct pl_engine **engine, struct an_err *err)
{
    struct pl_engine_source from = pl_invocation_source(in, thinks);

    return pl_engine_open(&from, engine, err);
}

enum an_code pl_invocation_options(const struct pl_invocation *in,
                                   struct an_arena *arena,
                                   struct cfg_options *options,
                                   struct an_err *err)
{
    struct cfg_problems problems;

    return cfg_options_read(arena, in->config,
                            in->config_file ? in->config_file : "defaults",
                            options, &problems, err);
}

enum an_code pl_invocation_reader(const struct pl_invocation *in,
                                  struct an_arena *arena,
                                  struct pl_settings *settings,
                                  struct pl_reader **reader, struct an_err *err)
{
    struct cfg_options options;
    enum an_code rc = pl_invocation_options(in, arena, &options, err);

    *reader = NULL;
    if (rc == AN_OK)
        rc = pl_settings_make(arena, &options, settings, err);
    return rc == AN_OK ? pl_reader_of(&options, reader, err) : rc;
}

/* The log's level and form are the configuration's; a configuration that
 * cannot be read is complained about by the command that needs it. */
static void open_log(struct an_arena *arena, const struct pl_invocation *in,
                     struct an_log *log)
{
    struct cfg_options o;
    struct cfg_problems problems;
    bool known =
        cfg_options_read(arena, in->config, "", &o, &problems, NULL) == AN_OK;

    an_log_init(log, STDERR_FILENO,
                known && o.log_format == 1 ? AN_LOG_LOGFMT : AN_LOG_JSON,
                known ? (enum an_level)o.log_level : AN_INFO, pl_clock_us,
                NULL);
}

static int run(struct an_arena *arena, struct pl_invocation *in)
{
    struct an_log log;
    struct an_err err;

    if (in->config_file == NULL && access(installed_config, R_OK) == 0)
        in->config_file = installed_config;
    if (in->config_file && pl_file_read(arena, in->config_file, CONFIG_BYTES,
                                        &in->config, &err) != AN_OK)
        return pl_complain(&err);
    open_log(arena, in, &log);
    in->log = &log;
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, in->command) == 0)
            return commands[i].run(in);
    (void)fprintf(stderr, "anamnesis: there is no command \"%s\"\n\n",
                  in->command);
    print_help(stderr);
    return PL_EXIT_USAGE;
}

/* A core file would hold patients.  Of one byte none is written, and none is given
 * to a program either, which a limit of 0 does not say (core(5)). */
static void forbid_core_files(void)
{
    struct rlimit one = {1, 1}, none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &one) != 0)
        (void)setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
    struct pl_invocation in = {.config = AN_STR("")};
    struct an_arena arena;
    int i = 1, status;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            (void)puts(PACKAGE_STRING);
            return PL_EXIT_OK;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(stdout);
            return PL_EXIT_OK;
        }
        if (strcmp(argv[i], "-c") != 0 || i + 1 == argc) {
            print_help(stderr);
            return PL_EXIT_USAGE;
        }
        in.config_file = argv[++i];
    }
    if (i == argc) {
        print_help(stderr);
        return PL_EXIT_USAGE;
    }
    forbid_core_files();
    /* Our threads are the parallelism: one patient each. */
    openblas_set_num_threads(1);
    in.command = argv[i];
    in.argc = argc - i - 1;
    in.argv = argv + i + 1;
    an_arena_init(&arena, 64 << 20);
    status = run(&arena, &in);
    an_arena_free(&arena);
    return status;
}
