/* SPDX-License-Identifier: Apache-2.0 */
/* A model package: a folder whose every byte somebody signed.
 *
 *     model.safetensors   weights               (runtime/safetensors.h)
 *     manifest.json       what they mean        (runtime/manifest.h)
 *     card.md             for people
 *     lineage/...         optional
 *     SIGNATURE           the SHA-256 and name of each file above, by name,
 *                         the key, and its Ed25519 signature over the SHA-256
 *                         of those lines:
 *
 *         anamnesis-model 1
 *         <64 hex> card.md
 *         <64 hex> manifest.json
 *         <64 hex> model.safetensors
 *         key <64 hex>
 *         signature <128 hex>
 *
 * This room opens no file: the caller maps the folder's files and hands them
 * over, and keeps them mapped as long as the model is used.
 *
 *     const struct rt_file file[] = {{AN_STR("SIGNATURE"), ...}, ...};
 *     enum an_code c = rt_package_open(&p, arena, file, n, trusted, n_trusted,
 *                                      err);
 *     use(p.model);
 *
 * Order of trust: the key is one of the trusted ones, it signed the list, each
 * listed file is there with its hash and nothing else is; only then is a byte
 * of manifest or weights read.
 *
 * Thread-safety: a package is immutable once open.
 * Ownership: arena and mapped bytes. */
#ifndef RUNTIME_PACKAGE_H
#define RUNTIME_PACKAGE_H

#include "base/hash.h"
#include "base/sign.h"
#include "context/forecast.h"
#include "runtime/manifest.h"
#include "runtime/weights.h"

enum { RT_MAX_FILES = 64 };

struct rt_file {
    struct an_str name; /* below the folder, "/" between parts */
    struct an_str bytes;
};

struct rt_package {
    struct rt_manifest manifest;
    struct rt_model model;
    struct an_str card;
    struct an_sha256 digest;  /* of the signed list: names this model */
    struct an_public_key key; /* who signed */
    struct ctx_model_id id;   /* as forecasts say it */
};

/* AN_INTEGRITY for anything that is not as it was signed, AN_SYNTAX for a
 * SIGNATURE that cannot be read, AN_MISSING for a file that is not there, and
 * what the readers of manifest and weights say.  err->where.path names the
 * file. */
enum an_code rt_package_open(struct rt_package *p, struct an_arena *arena,
                             const struct rt_file *file, size_t n_files,
                             const struct an_public_key *trusted,
                             size_t n_trusted, struct an_err *err)
    __attribute__((warn_unused_result));

/* "PROGRAM VERSION; libc VERSION": beside the package, what the bits of a
 * forecast depend on (runtime/forward.h). */
enum an_code rt_arithmetic(struct an_arena *arena, struct an_str *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* The text of SIGNATURE for files sorted by name. */
enum an_code rt_package_sign(struct an_arena *arena, const struct rt_file *file,
                             size_t n_files, struct an_str private_pem,
                             struct an_str *signature, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
