/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/site_model.h"

#include "base/buf.h"
#include "base/hash.h"
#include "plugin/host/file.h"
#include "runtime/package.h"

#include <stdio.h>

enum { ARENA_BYTES = 64 << 20, FILE_BYTES = 16 << 20, PATH_BYTES = 4096 };

/* The secret of RFC 8032 7.1, test 2. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

static enum an_code write_file(const char *folder, struct an_str name,
                               struct an_str bytes, struct an_err *err)
{
    char path[PATH_BYTES];
    bool good;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s%s%.*s", folder, folder[0] ? "/" : "",
                   AN_STR_ARG(name));
    f = fopen(path, "we");
    good = f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
    if (f && fclose(f) != 0)
        good = false;
    return good ? AN_OK : an_fail(err, AN_IO, "a file cannot be written", 0);
}

/* `to` in place of the first `from`. */
static enum an_code replace(struct an_arena *arena, struct an_str *text,
                            struct an_str from, struct an_str to,
                            struct an_err *err)
{
    struct an_buf b;
    size_t at = 0;

    while (at < text->n && !an_str_starts(an_str_sub(*text, at, text->n), from))
        at++;
    if (at == text->n)
        return an_fail(err, AN_MISSING, "the manifest is another one", 0);
    an_buf_init(&b, arena, FILE_BYTES);
    an_buf_put(&b, an_str_sub(*text, 0, at));
    an_buf_put(&b, to);
    an_buf_put(&b, an_str_sub(*text, at + from.n, text->n));
    return an_buf_done(&b, text, err);
}

static enum an_code change(struct an_arena *arena, struct an_str *manifest,
                           const char *site, struct an_err *err)
{
    struct an_str begin = AN_STR("\"evaluation\":{");
    char words[4096];
    enum an_code code =
        replace(arena, manifest, AN_STR("\"demonstrator\":true"),
                AN_STR("\"demonstrator\":false"), err);

    /* The caller's words may have one of their own. */
    if (code == AN_OK)
        code = replace(arena, manifest, AN_STR("\"change_control\":"),
                       AN_STR("\"makers\":"), err);
    if (code != AN_OK || site[0] == '\0')
        return code;
    (void)snprintf(words, sizeof(words), "\"site\":%s,%.*s", site,
                   AN_STR_ARG(begin));
    return replace(arena, manifest, begin, an_str_c(words), err);
}

static enum an_code write_keys(const char *keys, struct an_err *err)
{
    struct an_public_key key;
    char hex[2 * AN_KEY_BYTES + 2];
    enum an_code code = an_key_public(an_str_c(pem), &key, err);

    if (code != AN_OK)
        return code;
    an_hex_print(key.b, sizeof(key.b), hex);
    hex[sizeof(hex) - 2] = '\n';
    return write_file("", an_str_c(keys), (struct an_str){hex, sizeof(hex) - 1},
                      err);
}

static enum an_code make(struct an_arena *arena, const char *from,
                         const char *to, const char *site, struct an_err *err)
{
    struct rt_file file[4] = {{AN_STR("card.md"), {NULL, 0}},
                              {AN_STR("manifest.json"), {NULL, 0}},
                              {AN_STR("model.safetensors"), {NULL, 0}},
                              {AN_STR("SIGNATURE"), {NULL, 0}}};
    enum an_code code = AN_OK;

    for (int i = 0; code == AN_OK && i < 3; i++) {
        char path[PATH_BYTES];

        (void)snprintf(path, sizeof(path), "%s/%.*s", from,
                       AN_STR_ARG(file[i].name));
        code = pl_file_read(arena, path, FILE_BYTES, &file[i].bytes, err);
    }
    if (code == AN_OK)
        code = change(arena, &file[1].bytes, site, err);
    if (code == AN_OK)
        code =
            rt_package_sign(arena, file, 3, an_str_c(pem), &file[3].bytes, err);
    for (int i = 0; code == AN_OK && i < 4; i++)
        code = write_file(to, file[i].name, file[i].bytes, err);
    return code;
}

enum an_code site_model_make(const char *from, const char *to, const char *keys,
                             const char *site, struct an_err *err)
{
    struct an_arena arena;
    enum an_code code;

    an_arena_init(&arena, ARENA_BYTES);
    code = make(&arena, from, to, site, err);
    if (code == AN_OK)
        code = write_keys(keys, err);
    an_arena_free(&arena);
    return code;
}
