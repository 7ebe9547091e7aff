/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/command.h"

#include <stdio.h>
#include <string.h>

const struct tr_command tr_commands[] = {
    {"deidentify", "take out of records who they are of",
     tr_command_deidentify},
    {"dataset", "make a data set without names", tr_command_dataset},
    {"meds", "write a data set as tables of MEDS", tr_command_meds},
    {"privacy", "what a fit with differential privacy would cost",
     tr_command_privacy},
    {"fit", "fit a model to a cohort", tr_command_fit},
    {"evaluate", "judge a model on patients it has not seen",
     tr_command_evaluate},
    {"audit", "attack a model: whom was it trained on?", tr_command_audit},
    {"package", "calibrate and sign a model", tr_command_package},
    {"inspect", "check a package and print its card", tr_command_inspect},
    {"lineage", "what a data set, fit or package was made of",
     tr_command_lineage},
    {"tune", "fit a package again to a site, within its plan", tr_command_tune},
    {"sample", "sample what may come, event by event", tr_command_sample},
    {"parity", "compare ours with the numbers of a Delphi", tr_command_parity},
    {NULL, NULL, NULL},
};

/* Errors that have no place in their input say none. */
static bool has_place(const struct an_where *where)
{
    return where->byte || where->line || where->path[0] || where->segment[0];
}

int tr_command_failed(const char *command, const char *subject,
                      const struct an_err *err)
{
    char text[512];

    if (has_place(&err->where))
        an_err_print(err, text, sizeof(text));
    else
        snprintf(
            text, sizeof(text), "%s%s%s%s", err->what, err->sys > 0 ? " (" : "",
            err->sys > 0 ? strerror(err->sys) : "", err->sys > 0 ? ")" : "");
    fprintf(stderr, "anamnesis-train %s: %s%s%s\n", command,
            subject ? subject : "", subject ? ": " : "", text);
    return TR_EXIT_FAILED;
}

bool tr_option(int argc, char **argv, int *i, struct an_str *name,
               struct an_str *value)
{
    struct an_str rest = an_str_c(argv[*i]);

    if (!an_str_starts(rest, AN_STR("--")))
        return false;
    rest = an_str_sub(rest, 2, rest.n - 2);
    if (memchr(rest.p, '=', rest.n)) {
        an_str_cut(&rest, '=', name);
        *value = rest;
        return true;
    }
    if (*i + 1 >= argc)
        return false;
    *name = rest;
    *value = an_str_c(argv[++*i]);
    return true;
}

int tr_misused(const struct tr_arguments *a)
{
    a->usage(stderr);
    return TR_EXIT_USAGE;
}

int tr_arguments(struct tr_arguments *a, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        struct an_str name, value;

        if (strcmp(argv[i], "--help") == 0) {
            a->usage(stdout);
            a->help = true;
            return TR_EXIT_OK;
        }
        if (a->flag && strcmp(argv[i], a->flag) == 0)
            *a->flag_to = true;
        else if (argv[i][0] != '-' && *a->operand[0] == NULL)
            *a->operand[0] = argv[i];
        else if (argv[i][0] != '-' && *a->operand[1] == NULL)
            *a->operand[1] = argv[i];
        else if (!tr_option(argc, argv, &i, &name, &value) ||
                 !a->set(a->job, name, value))
            return tr_misused(a);
    }
    return TR_EXIT_OK;
}
