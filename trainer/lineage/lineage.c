/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/lineage/lineage.h"

#include "config.h"
#include "trainer/file.h"
#include "trainer/lineage/lineage_int.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LEAF_BYTES = 4 << 20 };

/* Of a log that nobody signed yet. */
#define ORIGIN "anamnesis-train"

void tr_lineage_init(struct tr_lineage *l, struct an_arena *arena)
{
    *l = (struct tr_lineage){.arena = arena};
}

/* ---- leaves -----------------------------------------------------------------
 */

void tr_leaf_begin(struct tr_lineage *l, struct an_json_out *w,
                   enum rt_leaf_kind kind)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        RT_LEAF_KINDS(X)
#undef X
    };

    an_out_init(w, l->arena, LEAF_BYTES);
    an_out_object(w);
    tr_leaf_count(w, "leaf", l->l.n);
    an_out_key_str(w, "kind", an_str_c(kinds[kind]));
}

void tr_leaf_after(const struct tr_lineage *l, struct an_json_out *w)
{
    if (l->l.n == 0)
        return;
    an_out_key(w, "after");
    an_out_object(w);
    tr_leaf_count(w, "size", l->l.n);
    tr_leaf_hash(w, "root", l->l.root.b);
    an_out_end(w);
}

void tr_leaf_hash(struct an_json_out *w, const char *name,
                  const uint8_t hash[AN_SHA256_BYTES])
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(hash, AN_SHA256_BYTES, hex);
    an_out_key_str(w, name, an_str_c(hex));
}

void tr_leaf_digest(struct an_json_out *w, const char *name,
                    struct an_str bytes)
{
    struct an_sha256 hash;

    if (an_sha256(bytes, &hash, NULL) == AN_OK) {
        tr_leaf_hash(w, name, hash.b);
    } else if (w->code == AN_OK) {
        w->code = AN_INTERNAL;
        w->what = "SHA-256 is not available";
    }
}

void tr_leaf_count(struct an_json_out *w, const char *name, uint64_t n)
{
    an_out_key(w, name);
    an_out_i64(w, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

void tr_leaf_object(struct an_json_out *w, const char *name,
                    const char *digest_name, struct an_str json)
{
    an_out_key(w, name);
    an_out_json(w, json);
    tr_leaf_digest(w, digest_name, json);
}

void tr_leaf_refer(const struct tr_lineage *l, struct an_json_out *w,
                   const char *name, size_t leaf)
{
    if (leaf < l->l.n)
        tr_leaf_count(w, name, leaf);
}

enum an_code tr_leaf_end(struct tr_lineage *l, struct an_json_out *w,
                         struct an_err *err)
{
    struct an_str line;
    struct an_buf b;
    enum an_code code;

    an_out_end(w);
    code = an_out_done(w, &line, err);
    if (code != AN_OK)
        return code;
    an_buf_init(&b, l->arena, RT_LINEAGE_BYTES);
    an_buf_put(&b, l->text);
    an_buf_put(&b, line);
    an_buf_put_char(&b, '\n');
    code = an_buf_done(&b, &l->text, err);
    return code == AN_OK ? rt_lineage_read(&l->l, l->arena, l->text, err)
                         : code;
}

enum an_code tr_lineage_cut(struct tr_lineage *l, size_t n, struct an_err *err)
{
    size_t at = 0;

    for (size_t i = 0; i < n && i < l->l.n; i++)
        at += l->l.leaf[i].line.n + 1;
    l->text = an_str_sub(l->text, 0, at);
    return rt_lineage_read(&l->l, l->arena, l->text, err);
}

bool tr_lineage_is(struct an_str hex, struct an_str bytes)
{
    struct an_sha256 want, got;

    return an_hex_parse(hex, want.b, sizeof(want.b)) &&
           an_sha256(bytes, &got, NULL) == AN_OK &&
           memcmp(want.b, got.b, sizeof(want.b)) == 0;
}

/* Whether the last leaf on code names this program. */
static bool is_said(const struct tr_lineage *l, struct an_str program)
{
    const size_t last = rt_lineage_last(&l->l, RT_LEAF_CODE, l->l.n);

    return last < l->l.n &&
           tr_lineage_is(rt_leaf_text(&l->l.leaf[last], AN_STR("program")),
                         program) &&
           an_str_eq(rt_leaf_text(&l->l.leaf[last], AN_STR("version")),
                     AN_STR(PACKAGE_STRING));
}

/* The SHA-256 of the file that is running names the code exactly, whatever tree
 * it was built from; where no /proc is, the version alone is said. */
enum an_code tr_lineage_code(struct tr_lineage *l, struct an_err *err)
{
    struct an_str program = {NULL, 0};
    struct an_json_out w;

    if (tr_file_map("/proc/self/exe", &program, NULL) != AN_OK)
        program = (struct an_str){NULL, 0};
    if (program.n == 0 || !is_said(l, program)) {
        tr_leaf_begin(l, &w, RT_LEAF_CODE);
        an_out_key_str(&w, "version", AN_STR(PACKAGE_STRING));
        if (program.n)
            tr_leaf_digest(&w, "program", program);
        tr_file_unmap(program);
        return tr_leaf_end(l, &w, err);
    }
    tr_file_unmap(program);
    return AN_OK;
}

enum an_code tr_lineage_unknown(struct tr_lineage *l, const char *what,
                                struct an_err *err)
{
    struct an_json_out w;

    l->began = true;
    tr_leaf_begin(l, &w, RT_LEAF_UNKNOWN_BEFORE);
    an_out_key_str(&w, "what", an_str_c(what));
    return tr_leaf_end(l, &w, err);
}

/* ---- files ------------------------------------------------------------------
 */

static enum an_code read_file(struct tr_lineage *l, const char *folder,
                              const char *name, struct an_str *text,
                              struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str bytes = {NULL, 0};
    enum an_code code = tr_path(path, folder, name, err);

    if (code == AN_OK)
        code = tr_file_map(path, &bytes, err);
    if (code != AN_OK)
        return code;
    if (!an_arena_str(l->arena, bytes, text))
        code = an_fail_nomem(err);
    tr_file_unmap(bytes);
    return code;
}

/* What a checkpoint says, signed or not. */
static struct an_str body_of(struct an_str note)
{
    for (size_t i = 1; i < note.n; i++)
        if (note.p[i - 1] == '\n' && note.p[i] == '\n')
            return an_str_sub(note, 0, i);
    return note;
}

enum an_code tr_lineage_open(struct tr_lineage *l, struct an_arena *arena,
                             const char *folder, struct an_err *err)
{
    struct an_checkpoint c;
    struct an_str note;
    enum an_code code;

    tr_lineage_init(l, arena);
    code = read_file(l, folder, RT_LINEAGE_LOG, &l->text, err);
    if (code != AN_OK)
        return code;
    code = read_file(l, folder, RT_LINEAGE_CHECKPOINT, &note, err);
    if (code == AN_NOTFOUND)
        return an_fail_file(err, AN_MISSING, "a lineage has this file",
                            RT_LINEAGE_CHECKPOINT, 0);
    if (code == AN_OK)
        code = rt_lineage_read(&l->l, arena, l->text, err);
    if (code == AN_OK)
        code = an_checkpoint_read(arena, body_of(note), &c, err);
    return code == AN_OK ? rt_lineage_match(&l->l, &c, err) : code;
}

enum an_code tr_lineage_write(const struct tr_lineage *l, const char *folder,
                              struct an_err *err)
{
    const struct an_checkpoint c = {AN_STR(ORIGIN), l->l.n, l->l.root};
    char path[TR_PATH_BYTES];
    struct an_str text = {NULL, 0};
    enum an_code code = tr_path(path, folder, "lineage", err);

    if (code == AN_OK && mkdir(path, 0755) < 0 && errno != EEXIST)
        code = an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    if (code == AN_OK)
        code = an_checkpoint_write(l->arena, &c, &text, err);
    if (code == AN_OK)
        code = tr_path(path, folder, RT_LINEAGE_LOG, err);
    if (code == AN_OK)
        code = tr_file_write(path, l->text, err);
    if (code == AN_OK)
        code = tr_path(path, folder, RT_LINEAGE_CHECKPOINT, err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

void tr_lineage_warn(const struct tr_lineage *l, const char *command,
                     const char *folder)
{
    if (l->began)
        fprintf(stderr,
                "anamnesis-train %s: %s: no lineage: made before there was "
                "one, or by hand; the log begins here\n",
                command, folder);
}
