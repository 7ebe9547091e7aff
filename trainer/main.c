/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train: makes the models that anamnesis runs. */
#include "trainer/command.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train COMMAND [ARGUMENT...]\n\ncommands:\n", out);
    for (const struct tr_command *c = tr_commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fputs("\n`anamnesis-train COMMAND --help` says more.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return TR_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return TR_EXIT_OK;
    }
    for (const struct tr_command *c = tr_commands; c->name; c++)
        if (strcmp(argv[1], c->name) == 0)
            return c->run(argc - 2, argv + 2);
    fprintf(stderr, "anamnesis-train: there is no command '%s'\n\n", argv[1]);
    usage(stderr);
    return TR_EXIT_USAGE;
}
