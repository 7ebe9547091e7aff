/* SPDX-License-Identifier: Apache-2.0 */
/* verify --signature: is what a Bundle says as we signed it?  It needs the
 * public key and nothing else of ours. */
#include "fhir/signed.h"
#include "plugin/host/command.h"
#include "plugin/host/file.h"
#include "plugin/jose/signature.h"

#include <stdio.h>

enum { ARENA_BYTES = 512 << 20, FILE_BYTES = 64 << 20 };

struct counts {
    size_t n_signatures, n_targets;
};

static enum an_code verify(struct an_arena *arena, const char *key,
                           const char *file, struct counts *n,
                           struct an_err *err)
{
    const struct fhir_signature *found = NULL;
    struct an_str pem, bundle = {NULL, 0};
    enum an_code rc = pl_file_read(arena, key, PL_SIGNING_KEY_BYTES, &pem, err);

    if (rc == AN_OK)
        rc = pl_file_read(arena, file, FILE_BYTES, &bundle, err);
    if (rc == AN_OK)
        rc = fhir_signatures_read(arena, bundle, &found, &n->n_signatures, err);
    for (size_t i = 0; rc == AN_OK && i < n->n_signatures; i++) {
        rc = pl_signature_verify(arena, pem, found[i].jws, found[i].bytes, err);
        n->n_targets += found[i].n_targets;
        if (rc == AN_INTEGRITY)
            (void)printf("Provenance/%.*s: not as it was signed\n",
                         AN_STR_ARG(found[i].provenance));
    }
    if (rc == AN_OK && n->n_signatures == 0)
        rc = an_fail(err, AN_MISSING, "no Provenance in it is signed", 0);
    return rc;
}

int pl_command_verify_signature(const struct pl_invocation *in)
{
    struct counts n = {0, 0};
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc != 3)
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = verify(&arena, in->argv[1], in->argv[2], &n, &err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        int status = pl_complain(&err);

        return rc == AN_INTEGRITY || rc == AN_MISSING || rc == AN_SYNTAX
                   ? PL_EXIT_REFUSED
                   : status;
    }
    (void)printf("%zu signatures over %zu resources are right\n",
                 n.n_signatures, n.n_targets);
    return PL_EXIT_OK;
}
