/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train parity */
#include "trainer/command.h"
#include "trainer/parity/parity.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train parity DIR\n"
          "\nComputes what a Delphi-2M of any size computed, from the weights "
          "and inputs in\nDIR, and prints how far each is from ours: every "
          "block, logits, losses, gradients\nand one step of AdamW "
          "(anamnesis-train(1) says which files).  Exit 1 when one is\nfurther "
          "than it may be.\n",
          out);
}

static void print(const struct tr_parity *p)
{
    printf("%" PRId32 " layers, %" PRId32 " heads, %" PRId32
           " channels, %" PRId32 " tokens; %" PRId32 " rows, %" PRId32
           " of them to be predicted from\n\n%-28s %-15s %10s %10s\n",
           p->shape.layers, p->shape.heads, p->shape.channels, p->shape.vocab,
           p->rows, p->scores, "what", "measure", "difference", "bound");
    for (size_t i = 0; i < p->n; i++) {
        const struct tr_parity_row *r = &p->row[i];
        char what[64];

        if (r->layer)
            (void)snprintf(what, sizeof(what), "%s %" PRId32, r->what,
                           r->layer);
        else
            (void)snprintf(what, sizeof(what), "%s", r->what);
        printf("%-28s %-15s %10.2e %10.0e%s\n", what, r->measure, r->difference,
               r->bound, r->difference <= r->bound ? "" : "  beyond");
    }
    printf("\nThe step leaves out %" PRIu64
           " parameters whose gradient, clipped, is below 1e-7.\n",
           p->n_unsure);
}

int tr_command_parity(int argc, char **argv)
{
    struct tr_parity parity;
    struct an_arena arena;
    struct an_err err;
    enum an_code code;
    size_t n_beyond;

    if (argc == 1 && strcmp(argv[0], "--help") == 0) {
        usage(stdout);
        return TR_EXIT_OK;
    }
    if (argc != 1 || argv[0][0] == '-') {
        usage(stderr);
        return TR_EXIT_USAGE;
    }
    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    code = tr_parity(&arena, argv[0], &parity, &err);
    an_arena_free(&arena);
    if (code != AN_OK)
        return tr_command_failed("parity", argv[0], &err);
    print(&parity);
    n_beyond = tr_parity_n_beyond(&parity);
    if (n_beyond)
        fprintf(stderr,
                "anamnesis-train parity: %zu of %zu are further apart than "
                "they may be\n",
                n_beyond, parity.n);
    return n_beyond ? TR_EXIT_FAILED : TR_EXIT_OK;
}
