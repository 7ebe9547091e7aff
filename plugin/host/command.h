/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program `anamnesis`: one file each, a table in main.c.
 *
 * A command gets its own arguments and the common ones already read.  It says
 * what it does on standard output, what went wrong on standard error, and
 * returns an exit status: 0 done, 1 something in the data was refused, 2 the
 * call or the configuration is wrong, 3 the machine failed (disk, port).
 *
 * Thread-safety: confined to the main thread. */
#ifndef PLUGIN_HOST_COMMAND_H
#define PLUGIN_HOST_COMMAND_H

#include "plugin/engine.h"
#include "plugin/trust/audit.h"

enum {
    PL_EXIT_OK = 0,
    PL_EXIT_REFUSED = 1,
    PL_EXIT_USAGE = 2,
    PL_EXIT_MACHINE = 3
};

struct pl_invocation {
    const char *command;
    const char *config_file; /* NULL: none was named and none is installed */
    struct an_str config;    /* its bytes; "" for the defaults */
    struct an_log *log;
    int argc; /* what follows the command */
    char **argv;
};

int pl_command_serve(const struct pl_invocation *in);
int pl_command_replay(const struct pl_invocation *in);
int pl_command_backload(const struct pl_invocation *in);
int pl_command_export(const struct pl_invocation *in);
int pl_command_subscribe(const struct pl_invocation *in);
int pl_command_feeds(const struct pl_invocation *in);
int pl_command_feedback(const struct pl_invocation *in);
int pl_command_convert(const struct pl_invocation *in);
int pl_command_reprocess(const struct pl_invocation *in);
int pl_command_codes(const struct pl_invocation *in);
int pl_command_explain_message(const struct pl_invocation *in);
int pl_command_compare(const struct pl_invocation *in);
int pl_command_show(const struct pl_invocation *in);
int pl_command_release(const struct pl_invocation *in);
int pl_command_outbox(const struct pl_invocation *in);
int pl_command_recall(const struct pl_invocation *in);
int pl_command_audit(const struct pl_invocation *in);
int pl_command_kill(const struct pl_invocation *in);
int pl_command_revive(const struct pl_invocation *in);
int pl_command_keys(const struct pl_invocation *in);
int pl_command_verify(const struct pl_invocation *in);
/* Of verify --lineage. */
int pl_command_verify_lineage(const struct pl_invocation *in);
/* Of verify --signature. */
int pl_command_verify_signature(const struct pl_invocation *in);
int pl_command_rekey(const struct pl_invocation *in);
int pl_command_purge(const struct pl_invocation *in);
int pl_command_backup(const struct pl_invocation *in);
int pl_command_restore(const struct pl_invocation *in);
int pl_command_check(const struct pl_invocation *in);

/* "anamnesis: a.yaml:3:7: ..." on standard error; the exit status that fits. */
int pl_complain(const struct an_err *err);
/* How to call the command, on standard error; PL_EXIT_USAGE. */
int pl_usage(const struct pl_invocation *in);

/* Actor and details of what an operator does: the login, and why. */
enum an_code pl_operator(struct an_arena *arena, struct an_str reason,
                         struct pl_audit_entry *who, struct an_err *err)
    __attribute__((warn_unused_result));

/* The same of one who may act for somebody: `by` "" is the login itself. */
enum an_code pl_operator_for(struct an_arena *arena, struct an_str by,
                             struct an_str reason, struct pl_audit_entry *who,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* What an engine is opened from; `thinks` as there. */
struct pl_engine_source pl_invocation_source(const struct pl_invocation *in,
                                             bool thinks);
enum an_code pl_invocation_engine(const struct pl_invocation *in, bool thinks,
                                  struct pl_engine **engine, struct an_err *err)
    __attribute__((warn_unused_result));

/* The configuration's options; the arena's. */
enum an_code pl_invocation_options(const struct pl_invocation *in,
                                   struct an_arena *arena,
                                   struct cfg_options *options,
                                   struct an_err *err)
    __attribute__((warn_unused_result));
/* The settings, the arena's, and a reader of the store that the configuration
 * names; NULL when it fails. */
enum an_code pl_invocation_reader(const struct pl_invocation *in,
                                  struct an_arena *arena,
                                  struct pl_settings *settings,
                                  struct pl_reader **reader, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
