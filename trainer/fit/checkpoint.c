/* SPDX-License-Identifier: Apache-2.0 */
/* A fit on disk: header, parameters, both moments, their mean, the best. */
#include "trainer/file.h"
#include "trainer/fit/fit.h"

#include <stdlib.h>
#include <string.h>

struct header {
    char magic[8];
    uint8_t fingerprint[AN_SHA256_BYTES];
    struct tr_progress progress;
    struct tr_course course;
    uint64_t n; /* floats of one block */
};

enum { BLOCKS = 5 };

static const char magic[8] = "ANFIT004";

enum an_code tr_fit_save(const struct tr_fit *f, const char *path,
                         struct an_err *err)
{
    const size_t block = f->params.n * sizeof(float);
    const size_t n = sizeof(struct header) + BLOCKS * block;
    const float *const part[BLOCKS] = {f->params.value, f->first, f->second,
                                       f->mean, f->best};
    struct header h = {
        .progress = f->progress, .course = *f->course, .n = f->params.n};
    char *bytes = calloc(1, n + AN_SHA256_BYTES);
    struct an_sha256 digest;
    enum an_code code;

    if (bytes == NULL)
        return an_fail_nomem(err);
    memcpy(h.magic, magic, sizeof(h.magic));
    memcpy(h.fingerprint, f->fingerprint.b, sizeof(h.fingerprint));
    memcpy(bytes, &h, sizeof(h));
    for (int i = 0; i < BLOCKS; i++)
        memcpy(bytes + sizeof(h) + (size_t)i * block, part[i], block);
    code = an_sha256((struct an_str){bytes, n}, &digest, err);
    if (code == AN_OK) {
        memcpy(bytes + n, digest.b, AN_SHA256_BYTES);
        code = tr_file_write(path, (struct an_str){bytes, n + AN_SHA256_BYTES},
                             err);
    }
    free(bytes);
    return code;
}

static enum an_code check(const struct tr_fit *f, struct an_str file,
                          struct header *h, struct an_err *err)
{
    const size_t n = sizeof(*h) + BLOCKS * f->params.n * sizeof(float);
    struct an_sha256 digest;
    enum an_code code;

    if (file.n < sizeof(*h) + AN_SHA256_BYTES ||
        memcmp(file.p, magic, sizeof(magic)) != 0)
        return an_fail(err, AN_SYNTAX, "this is no checkpoint", 0);
    code =
        an_sha256(an_str_sub(file, 0, file.n - AN_SHA256_BYTES), &digest, err);
    if (code != AN_OK)
        return code;
    if (memcmp(digest.b, file.p + file.n - AN_SHA256_BYTES, AN_SHA256_BYTES))
        return an_fail(err, AN_INTEGRITY, "the checkpoint is damaged", 0);
    memcpy(h, file.p, sizeof(*h));
    if (file.n != n + AN_SHA256_BYTES || h->n != f->params.n ||
        memcmp(h->fingerprint, f->fingerprint.b, AN_SHA256_BYTES) != 0)
        return an_fail(err, AN_CONFLICT,
                       "the checkpoint is of another cohort or other settings",
                       0);
    return AN_OK;
}

enum an_code tr_fit_load(struct tr_fit *f, const char *path, struct an_err *err)
{
    const size_t block = f->params.n * sizeof(float);
    float *const part[BLOCKS] = {f->params.value, f->first, f->second, f->mean,
                                 f->best};
    struct an_str file;
    struct header h;
    enum an_code code = tr_file_map(path, &file, err);

    if (code != AN_OK)
        return code;
    code = check(f, file, &h, err);
    if (code == AN_OK) {
        f->progress = h.progress;
        *f->course = h.course;
        for (int i = 0; i < BLOCKS; i++)
            memcpy(part[i], file.p + sizeof(h) + (size_t)i * block, block);
        tr_fit_reorder(f);
    }
    tr_file_unmap(file);
    return code;
}
