/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/package.h"

#include "base/buf.h"
#include "config.h"
#include "runtime/product.h"
#include "runtime/safetensors.h"

#include <stdio.h>
#ifdef __GLIBC__
#    include <gnu/libc-version.h>
#endif

#define FIRST_LINE "anamnesis-model 1"
#define LIST_NAME "SIGNATURE"

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, struct an_str name)
{
    an_fail(err, code, what, 0);
    if (err)
        snprintf(err->where.path, sizeof(err->where.path), "%.*s",
                 AN_STR_ARG(name));
    return code;
}

static const struct rt_file *find(const struct rt_file *file, size_t n_files,
                                  struct an_str name)
{
    for (size_t i = 0; i < n_files; i++)
        if (an_str_eq(file[i].name, name))
            return &file[i];
    return NULL;
}

/* Cut a line that must end in a newline. */
static bool cut_line(struct an_str *rest, struct an_str *line)
{
    for (size_t i = 0; i < rest->n; i++)
        if (rest->p[i] == '\n') {
            *line = an_str_sub(*rest, 0, i);
            *rest = an_str_sub(*rest, i + 1, rest->n - i - 1);
            return true;
        }
    return false;
}

/* One way to write each number: lower-case hex only. */
static bool hex_exact(struct an_str s, uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F')
            return false;
    return an_hex_parse(s, bytes, n);
}

static bool hex_after(struct an_str line, struct an_str word, uint8_t *bytes,
                      size_t n)
{
    return an_str_starts(line, word) &&
           hex_exact(an_str_sub(line, word.n, line.n - word.n), bytes, n);
}

/* The list, taken apart: `body` is what was signed. */
struct list {
    struct an_str body, files;
    struct an_public_key key;
    struct an_signature signature;
};

static enum an_code list_read(struct an_str text, struct list *l,
                              struct an_err *err)
{
    struct an_str rest = text, line;
    const char *files;

    if (!cut_line(&rest, &line) || !an_str_eq(line, AN_STR(FIRST_LINE)))
        return refuse(err, AN_SYNTAX, "this signs no model", AN_STR(LIST_NAME));
    files = rest.p;
    for (;;) {
        const struct an_str before = rest;

        if (!cut_line(&rest, &line))
            return refuse(err, AN_SYNTAX, "the list has no end",
                          AN_STR(LIST_NAME));
        if (!an_str_starts(line, AN_STR("key ")))
            continue;
        l->files = (struct an_str){files, (size_t)(before.p - files)};
        l->body = (struct an_str){text.p, (size_t)(rest.p - text.p)};
        break;
    }
    if (!hex_after(line, AN_STR("key "), l->key.b, sizeof(l->key.b)) ||
        !cut_line(&rest, &line) ||
        !hex_after(line, AN_STR("signature "), l->signature.b,
                   sizeof(l->signature.b)) ||
        rest.n != 0)
        return refuse(err, AN_SYNTAX, "the list has no key and signature",
                      AN_STR(LIST_NAME));
    return AN_OK;
}

static bool is_trusted(const struct an_public_key *key,
                       const struct an_public_key *trusted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(key->b, trusted[i].b, sizeof(key->b)) == 0)
            return true;
    return false;
}

static enum an_code list_check(const struct list *l,
                               const struct an_public_key *trusted,
                               size_t n_trusted, struct an_sha256 *digest,
                               struct an_err *err)
{
    enum an_code code;

    if (!is_trusted(&l->key, trusted, n_trusted))
        return refuse(err, AN_INTEGRITY,
                      "signed with a key that is not trusted here",
                      AN_STR(LIST_NAME));
    code = an_sha256(l->body, digest, err);
    if (code != AN_OK)
        return code;
    if (an_verify(&l->key,
                  (struct an_str){(const char *)digest->b, sizeof(digest->b)},
                  &l->signature, NULL) != AN_OK)
        return refuse(err, AN_INTEGRITY,
                      "the signature does not match the list",
                      AN_STR(LIST_NAME));
    return AN_OK;
}

/* One line "<hash> <name>", in rising order of names. */
static enum an_code file_check(struct an_str line, struct an_str *last,
                               const struct rt_file *file, size_t n_files,
                               struct an_err *err)
{
    const struct an_str name =
        an_str_sub(line, AN_SHA256_HEX + 1, line.n - AN_SHA256_HEX - 1);
    const struct rt_file *f = find(file, n_files, name);
    struct an_sha256 want, got;
    enum an_code code;

    if (an_str_cmp(name, *last) <= 0)
        return refuse(err, AN_SYNTAX, "the list is not in order",
                      AN_STR(LIST_NAME));
    *last = name;
    if (f == NULL)
        return refuse(err, AN_MISSING, "a signed file is not there", name);
    if (line.p[AN_SHA256_HEX] != ' ' ||
        !hex_exact(an_str_sub(line, 0, AN_SHA256_HEX), want.b, sizeof(want.b)))
        return refuse(err, AN_SYNTAX, "a line of the list has no hash",
                      AN_STR(LIST_NAME));
    code = an_sha256(f->bytes, &got, err);
    if (code == AN_OK && memcmp(got.b, want.b, sizeof(got.b)) != 0)
        return refuse(err, AN_INTEGRITY, "a file is not as it was signed",
                      name);
    return code;
}

static enum an_code files_check(struct an_str lines, const struct rt_file *file,
                                size_t n_files, struct an_err *err)
{
    struct an_str line, last = {NULL, 0};
    size_t n_listed = 0;
    enum an_code code = AN_OK;

    while (code == AN_OK && cut_line(&lines, &line)) {
        if (line.n <= AN_SHA256_HEX + 1)
            return refuse(err, AN_SYNTAX, "a line of the list is cut short",
                          AN_STR(LIST_NAME));
        code = file_check(line, &last, file, n_files, err);
        n_listed++;
    }
    if (code == AN_OK && n_listed + 1 != n_files)
        return refuse(err, AN_INTEGRITY, "there are files that nobody signed",
                      AN_STR(LIST_NAME));
    return code;
}

enum an_code rt_arithmetic(struct an_arena *arena, struct an_str *out,
                           struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, 256);
    an_buf_put_c(&b, PACKAGE_NAME " " PACKAGE_VERSION);
#ifdef __GLIBC__
    an_buf_put_c(&b, "; libc ");
    an_buf_put_c(&b, gnu_get_libc_version());
#endif
    return an_buf_done(&b, out, err);
}

static enum an_code contents_read(struct rt_package *p, struct an_arena *arena,
                                  const struct rt_file *file, size_t n_files,
                                  struct an_err *err)
{
    static const struct an_str name[3] = {AN_STR_INIT("manifest.json"),
                                          AN_STR_INIT("model.safetensors"),
                                          AN_STR_INIT("card.md")};
    const struct rt_file *f[3];
    char hex[AN_SHA256_HEX + 1];
    enum an_code code;

    for (int i = 0; i < 3; i++) {
        f[i] = find(file, n_files, name[i]);
        if (f[i] == NULL)
            return refuse(err, AN_MISSING, "a package has this file", name[i]);
    }
    p->card = f[2]->bytes;
    code = rt_manifest_read(arena, f[0]->bytes, &p->manifest, err);
    if (code != AN_OK)
        return code;
    p->model.shape = p->manifest.shape;
    code = rt_safetensors_read(arena, f[1]->bytes, &p->model.shape, &p->model.w,
                               err);
    if (code == AN_OK)
        code = rt_model_pack(&p->model, arena, err);
    if (code != AN_OK)
        return code;
    an_hex_print(p->digest.b, sizeof(p->digest.b), hex);
    p->id = (struct ctx_model_id){.name = p->manifest.name,
                                  .version = p->manifest.version,
                                  .demonstrator = p->manifest.demonstrator};
    if (!an_arena_str(arena, an_str_c(hex), &p->id.digest))
        return an_fail_nomem(err);
    return rt_arithmetic(arena, &p->id.arithmetic, err);
}

enum an_code rt_package_open(struct rt_package *p, struct an_arena *arena,
                             const struct rt_file *file, size_t n_files,
                             const struct an_public_key *trusted,
                             size_t n_trusted, struct an_err *err)
{
    const struct rt_file *list = find(file, n_files, AN_STR(LIST_NAME));
    struct list l;
    enum an_code code;

    if (n_files > RT_MAX_FILES)
        return an_fail(err, AN_LIMIT, "a package has too many files", 0);
    if (list == NULL)
        return refuse(err, AN_MISSING, "nobody signed this package",
                      AN_STR(LIST_NAME));
    *p = (struct rt_package){0};
    code = list_read(list->bytes, &l, err);
    if (code == AN_OK)
        code = list_check(&l, trusted, n_trusted, &p->digest, err);
    if (code == AN_OK)
        code = files_check(l.files, file, n_files, err);
    p->key = l.key;
    return code == AN_OK ? contents_read(p, arena, file, n_files, err) : code;
}

static void put_hex(struct an_buf *b, const uint8_t *bytes, size_t n)
{
    char hex[2 * AN_SIGNATURE_BYTES + 1];

    an_hex_print(bytes, n, hex);
    an_buf_put_c(b, hex);
}

enum an_code rt_package_sign(struct an_arena *arena, const struct rt_file *file,
                             size_t n_files, struct an_str private_pem,
                             struct an_str *signature, struct an_err *err)
{
    struct an_buf b;
    struct an_str body = {NULL, 0};
    struct an_sha256 digest;
    struct an_signature made;
    struct an_public_key key;
    enum an_code code = an_key_public(private_pem, &key, err);

    if (code != AN_OK)
        return code;
    an_buf_init(&b, arena, 65536);
    an_buf_put(&b, AN_STR(FIRST_LINE "\n"));
    for (size_t i = 0; i < n_files && code == AN_OK; i++) {
        code = an_sha256(file[i].bytes, &digest, err);
        put_hex(&b, digest.b, sizeof(digest.b));
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, file[i].name);
        an_buf_put_char(&b, '\n');
    }
    an_buf_put(&b, AN_STR("key "));
    put_hex(&b, key.b, sizeof(key.b));
    an_buf_put_char(&b, '\n');
    if (code == AN_OK)
        code = an_buf_done(&b, &body, err);
    if (code == AN_OK)
        code = an_sha256(body, &digest, err);
    if (code == AN_OK)
        code =
            an_sign(private_pem,
                    (struct an_str){(const char *)digest.b, sizeof(digest.b)},
                    &made, err);
    if (code != AN_OK)
        return code;
    an_buf_put(&b, AN_STR("signature "));
    put_hex(&b, made.b, sizeof(made.b));
    an_buf_put_char(&b, '\n');
    return an_buf_done(&b, signature, err);
}
