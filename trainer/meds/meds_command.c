/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train meds */
#include "trainer/command.h"
#include "trainer/meds/meds.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train meds --out FOLDER DATA\n\n"
          "Writes a data set as tables in the shape of the Medical Event Data "
          "Standard:\ndata.csv, codes.csv, subject_splits.csv, dataset.json, "
          "labels/OUTCOME_DAYSd.csv.\nTimes are counted from each person's "
          "first moment, which stands at the beginning of 2000-01-01.\n\n"
          "A data set is made of such tables, too: its form meds.\n",
          out);
}

static enum an_code convert(const char *from, const char *to,
                            struct tr_meds_written *counts,
                            const char **subject, struct an_err *err)
{
    struct an_arena arena;
    struct tr_data data;
    enum an_code code;

    an_arena_init(&arena, (size_t)16 << 30);
    *subject = from;
    code = tr_data_open(&data, &arena, from, err);
    if (code == AN_OK) {
        *subject = to;
        code = tr_meds_write(&arena, &data, to, counts, err);
        tr_data_close(&data);
    }
    an_arena_free(&arena);
    return code;
}

int tr_command_meds(int argc, char **argv)
{
    const char *from = NULL, *to = NULL, *subject = NULL;
    struct tr_meds_written counts;
    struct an_err err;

    for (int i = 0; i < argc; i++) {
        struct an_str name, value;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return TR_EXIT_OK;
        }
        if (argv[i][0] != '-' && from == NULL) {
            from = argv[i];
        } else if (argv[i][0] == '-' &&
                   tr_option(argc, argv, &i, &name, &value) &&
                   an_str_eq(name, AN_STR("out"))) {
            to = value.p;
        } else {
            usage(stderr);
            return TR_EXIT_USAGE;
        }
    }
    if (from == NULL || to == NULL) {
        usage(stderr);
        return TR_EXIT_USAGE;
    }
    if (convert(from, to, &counts, &subject, &err) != AN_OK)
        return tr_command_failed("meds", subject, &err);
    printf("subjects %zu, rows %zu, codes %zu, labels %zu\n", counts.subjects,
           counts.rows, counts.codes, counts.labels);
    return TR_EXIT_OK;
}
