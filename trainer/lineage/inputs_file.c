/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "trainer/data.h"
#include "trainer/file.h"
#include "trainer/lineage/inputs.h"

#define LINES "lineage/inputs.jsonl"
#define SALT "lineage/salt"

enum {
    LINE_BYTES = 1024,
    SALT_BYTES = sizeof(((struct tr_pseudonym *)0)->key)
};

static const size_t most_bytes = (size_t)4 << 30;

static void put_hash(struct an_json_out *w, const char *name,
                     const struct an_sha256 *hash)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(hash->b, sizeof(hash->b), hex);
    an_out_key_str(w, name, an_str_c(hex));
}

static enum an_code line_of(struct an_arena *arena, const struct tr_input *one,
                            struct an_str *line, struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, LINE_BYTES);
    an_out_object(&w);
    put_hash(&w, "name", &one->name);
    put_hash(&w, "file", &one->file);
    an_out_key(&w, "bytes");
    an_out_i64(&w, (int64_t)one->bytes);
    an_out_key(&w, "records");
    an_out_i64(&w, (int64_t)one->records);
    put_hash(&w, "root", &one->root);
    an_out_end(&w);
    return an_out_done(&w, line, err);
}

enum an_code tr_inputs_root(const struct tr_inputs *in, struct an_arena *arena,
                            struct an_sha256 *root, struct an_err *err)
{
    struct an_merkle m;
    enum an_code code = AN_OK;

    an_merkle_init(&m);
    for (const struct tr_input *one = in->first; one && code == AN_OK;
         one = one->next) {
        const struct an_mark mark = an_arena_mark(arena);
        struct an_sha256 leaf;
        struct an_str line;

        code = line_of(arena, one, &line, err);
        if (code == AN_OK)
            code = an_merkle_leaf(line, &leaf, err);
        if (code == AN_OK)
            code = an_merkle_add(&m, &leaf, err);
        an_arena_rewind(arena, mark);
    }
    return code == AN_OK ? an_merkle_root(&m, root, err) : code;
}

static enum an_code write_private(const char *folder, const char *name,
                                  struct an_str text, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    enum an_code code = tr_path(path, folder, name, err);

    return code == AN_OK ? tr_file_write_private(path, text, err) : code;
}

enum an_code tr_inputs_write(const struct tr_inputs *in, struct an_arena *arena,
                             const char *folder, struct an_err *err)
{
    char salt[2 * SALT_BYTES + 2];
    struct an_str line, text = {NULL, 0};
    struct an_buf b;
    enum an_code code = AN_OK;

    an_buf_init(&b, arena, most_bytes);
    for (const struct tr_input *one = in->first; one && code == AN_OK;
         one = one->next) {
        code = line_of(arena, one, &line, err);
        if (code == AN_OK) {
            an_buf_put(&b, line);
            an_buf_put_char(&b, '\n');
        }
    }
    if (code == AN_OK)
        code = an_buf_done(&b, &text, err);
    if (code == AN_OK)
        code = write_private(folder, LINES, text, err);
    an_hex_print(in->salt.key, SALT_BYTES, salt);
    salt[2 * SALT_BYTES] = '\n';
    if (code == AN_OK)
        code = write_private(folder, SALT,
                             (struct an_str){salt, 2 * SALT_BYTES + 1}, err);
    explicit_bzero(salt, sizeof(salt));
    return code;
}

/* ---- reading ----------------------------------------------------------------
 */

static bool hash_of(const struct an_json *j, struct an_str name,
                    struct an_sha256 *hash)
{
    return an_hex_parse(an_json_text(an_json_get(j, name)), hash->b,
                        sizeof(hash->b));
}

static bool count_of(const struct an_json *j, struct an_str name, uint64_t *n)
{
    int64_t v;
    const bool is = an_json_i64(an_json_get(j, name), &v) && v >= 0;

    *n = is ? (uint64_t)v : 0;
    return is;
}

static enum an_code read_line(struct tr_inputs *in, struct an_str line,
                              struct an_err *err)
{
    const uint32_t number = (uint32_t)in->n + 1;
    struct tr_input *one = an_arena_get(in->arena, 1, sizeof(*one));
    const struct an_json *j = NULL;

    if (one == NULL)
        return an_fail_nomem(err);
    if (an_json_read(in->arena, &(struct an_json_limits){0}, line, &j, err) !=
            AN_OK ||
        !hash_of(j, AN_STR("name"), &one->name) ||
        !hash_of(j, AN_STR("file"), &one->file) ||
        !hash_of(j, AN_STR("root"), &one->root) ||
        !count_of(j, AN_STR("bytes"), &one->bytes) ||
        !count_of(j, AN_STR("records"), &one->records))
        return an_fail_line(err, AN_SYNTAX, "a line describes no file", LINES,
                            number, 1);
    *in->end = one;
    in->end = &one->next;
    in->n++;
    in->n_records += one->records;
    return AN_OK;
}

static enum an_code read_salt(struct tr_inputs *in, const char *folder,
                              struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str text = {NULL, 0};
    enum an_code code = tr_path(path, folder, SALT, err);

    if (code == AN_OK)
        code = tr_file_map(path, &text, err);
    if (code != AN_OK)
        return code;
    if (!an_hex_parse(an_str_trim(text), in->salt.key, SALT_BYTES))
        code = an_fail_line(err, AN_SYNTAX, "a salt is 64 hexadecimal digits",
                            SALT, 1, 1);
    tr_file_unmap(text);
    return code;
}

enum an_code tr_inputs_open(struct tr_inputs *in, struct an_arena *arena,
                            const char *folder, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str text = {NULL, 0}, rest, line;
    enum an_code code;

    *in = (struct tr_inputs){.arena = arena};
    in->end = &in->first;
    code = read_salt(in, folder, err);
    if (code == AN_OK)
        code = tr_path(path, folder, LINES, err);
    if (code == AN_OK)
        code = tr_file_map(path, &text, err);
    if (code != AN_OK)
        return code;
    if (!an_arena_str(arena, text, &rest))
        code = an_fail_nomem(err);
    while (code == AN_OK && an_str_cut(&rest, '\n', &line))
        if (line.n)
            code = read_line(in, line, err);
    tr_file_unmap(text);
    return code;
}
