/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of anamnesis-train.  Each gets its own arguments, after its
 * name; prints results to stdout, progress and errors to stderr; returns the
 * exit status.
 *
 * Thread-safety: confined (a program's main thread). */
#ifndef TRAINER_COMMAND_H
#define TRAINER_COMMAND_H

#include "base/err.h"

#include <stdio.h>

enum tr_exit { TR_EXIT_OK = 0, TR_EXIT_FAILED = 1, TR_EXIT_USAGE = 2 };

struct tr_command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

/* The table in the order of the work, ended by a row without a name. */
extern const struct tr_command tr_commands[];

int tr_command_deidentify(int argc, char **argv);
int tr_command_dataset(int argc, char **argv);
int tr_command_evaluate(int argc, char **argv);
int tr_command_fit(int argc, char **argv);
int tr_command_audit(int argc, char **argv);
int tr_command_privacy(int argc, char **argv);
int tr_command_package(int argc, char **argv);
int tr_command_tune(int argc, char **argv);
int tr_command_inspect(int argc, char **argv);
int tr_command_meds(int argc, char **argv);
int tr_command_lineage(int argc, char **argv);
int tr_command_sample(int argc, char **argv);
int tr_command_parity(int argc, char **argv);

/* "anamnesis-train COMMAND: <error>", and TR_EXIT_FAILED. */
int tr_command_failed(const char *command, const char *subject,
                      const struct an_err *err);

/* One "--name value" or "--name=value" at argv[*i]; *i moves to its last
 * argument.  False when argv[*i] is no option or its value is missing. */
bool tr_option(int argc, char **argv, int *i, struct an_str *name,
               struct an_str *value);

/* A command that takes two operands, perhaps a flag, and options with a value:
 * `set` has them one by one and is false for one that it does not know.  Each
 * operand is NULL before, and after while it was not given. */
struct tr_arguments {
    void (*usage)(FILE *out);
    const char **operand[2];
    const char *flag; /* with its dashes; NULL: none */
    bool *flag_to;
    bool (*set)(void *job, struct an_str name, struct an_str value);
    void *job;
    bool help; /* was asked for, and printed: there is nothing else to do */
};

/* TR_EXIT_OK; or the usage goes to stderr, and TR_EXIT_USAGE. */
int tr_arguments(struct tr_arguments *a, int argc, char **argv);
int tr_misused(const struct tr_arguments *a);

#endif
