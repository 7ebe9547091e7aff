/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lineage.h"

#include "base/buf.h"

#include <stdio.h>

static enum an_code fail_at(struct an_err *err, enum an_code code,
                            const char *what, size_t leaf)
{
    return an_fail_line(err, code, what, RT_LINEAGE_LOG, (uint32_t)leaf + 1, 1);
}

/* ---- reading ----------------------------------------------------------------
 */

static enum rt_leaf_kind kind_of(struct an_str name)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        RT_LEAF_KINDS(X)
#undef X
    };
    int k = 0;

    while (k < RT_LEAF_OTHER && !an_str_eq(name, an_str_c(kinds[k])))
        k++;
    return (enum rt_leaf_kind)k;
}

/* "after": {"size": how long the log was, "root": its root then}.  The proof is
 * made and checked as an outsider would, who has the roots alone. */
static enum an_code check_after(const struct rt_lineage *l, size_t leaf,
                                const struct an_sha256 *root,
                                struct an_err *err)
{
    const struct an_json *after =
        an_json_get(l->leaf[leaf].json, AN_STR("after"));
    struct an_merkle_proof proof;
    struct an_sha256 said;
    int64_t size = 0;

    if (after == NULL)
        return AN_OK;
    if (!an_json_i64(an_json_get(after, AN_STR("size")), &size) || size < 1 ||
        (uint64_t)size > leaf ||
        !an_hex_parse(an_json_text(an_json_get(after, AN_STR("root"))), said.b,
                      sizeof(said.b)))
        return fail_at(err, AN_SYNTAX,
                       "\"after\" is a size of the log before, and its root",
                       leaf);
    if (an_merkle_extend(l->hash, l->n, (size_t)size, &proof, err) != AN_OK ||
        an_merkle_extended((uint64_t)size, &said, l->n, &proof, root, err) !=
            AN_OK)
        return fail_at(err, AN_INTEGRITY,
                       "what stands before this leaf is not what stood there "
                       "when it was written",
                       leaf);
    return AN_OK;
}

static enum an_code read_leaf(struct rt_lineage *l, struct an_arena *arena,
                              struct an_str line, struct an_err *err)
{
    struct rt_leaf *leaf = &l->leaf[l->n];
    int64_t number = -1;

    if (an_json_read(arena, &(struct an_json_limits){0}, line, &leaf->json,
                     err) != AN_OK)
        return fail_at(err, err && err->code == AN_NOMEM ? AN_NOMEM : AN_SYNTAX,
                       "a leaf is no JSON", l->n);
    leaf->line = line;
    leaf->kind = kind_of(rt_leaf_text(leaf, AN_STR("kind")));
    if (!an_json_i64(an_json_get(leaf->json, AN_STR("leaf")), &number) ||
        rt_leaf_text(leaf, AN_STR("kind")).n == 0)
        return fail_at(err, AN_SYNTAX, "a leaf has a number and a kind", l->n);
    if (number < 0 || (uint64_t)number != l->n)
        return fail_at(err, AN_INTEGRITY,
                       "a leaf is missing here, or stands in another's place",
                       l->n);
    return an_merkle_leaf(line, &l->hash[l->n++], err);
}

static size_t count_lines(struct an_str log)
{
    size_t n = 0;

    for (size_t i = 0; i < log.n; i++)
        n += log.p[i] == '\n';
    return n;
}

enum an_code rt_lineage_read(struct rt_lineage *l, struct an_arena *arena,
                             struct an_str log, struct an_err *err)
{
    const size_t n = count_lines(log);
    struct an_str rest = log, line;
    enum an_code code = AN_OK;

    *l = (struct rt_lineage){.n = 0};
    if (log.n > RT_LINEAGE_BYTES || n > RT_LINEAGE_LEAVES)
        return fail_at(err, AN_LIMIT, "a log is too long", 0);
    if (n == 0 || log.p[log.n - 1] != '\n')
        return fail_at(err, AN_SYNTAX, "a log has no end", n);
    l->leaf = an_arena_get(arena, n, sizeof(*l->leaf));
    l->hash = an_arena_get(arena, n, sizeof(*l->hash));
    if (l->leaf == NULL || l->hash == NULL)
        return an_fail_nomem(err);
    rest.n--;
    while (code == AN_OK && an_str_cut(&rest, '\n', &line))
        code = read_leaf(l, arena, line, err);
    if (code == AN_OK)
        code = an_merkle_root_of(l->hash, l->n, &l->root, err);
    for (size_t i = 0; i < l->n && code == AN_OK; i++)
        code = check_after(l, i, &l->root, err);
    return code;
}

enum an_code rt_lineage_match(const struct rt_lineage *l,
                              const struct an_checkpoint *c, struct an_err *err)
{
    if (l->n < c->size)
        return fail_at(err, AN_INTEGRITY,
                       "the log has fewer leaves than its checkpoint says",
                       l->n);
    if (l->n > c->size)
        return fail_at(err, AN_INTEGRITY,
                       "the log goes on after its checkpoint", (size_t)c->size);
    if (memcmp(l->root.b, c->root.b, sizeof(l->root.b)) != 0)
        return fail_at(err, AN_INTEGRITY,
                       "the log is not the one that its checkpoint was made of",
                       0);
    return AN_OK;
}

/* ---- in a package -----------------------------------------------------------
 */

enum an_code rt_lineage_origin(struct an_arena *arena, struct an_str model,
                               struct an_str *origin, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, AN_NOTE_BYTES);
    for (size_t i = 0; i < model.n; i++) {
        const uint8_t c = (uint8_t)model.p[i];

        an_buf_put_char(&b, c > ' ' && c < 0x7f && c != '+' ? model.p[i] : '-');
    }
    if (model.n == 0)
        an_buf_put_char(&b, '-');
    return an_buf_done(&b, origin, err);
}

enum an_code rt_lineage_sign(struct an_arena *arena, const struct rt_lineage *l,
                             struct an_str origin, struct an_str private_pem,
                             struct an_str *note, struct an_err *err)
{
    const struct an_checkpoint c = {origin, l->n, l->root};
    struct an_public_key public;
    struct an_note_key key;
    struct an_str text = {NULL, 0};
    enum an_code code = an_key_public(private_pem, &public, err);

    if (code == AN_OK)
        code = an_note_key_of(origin, &public, &key, err);
    if (code == AN_OK)
        code = an_checkpoint_write(arena, &c, &text, err);
    return code == AN_OK
               ? an_note_sign(arena, text, &key, private_pem, note, err)
               : code;
}

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, const char *file)
{
    return an_fail_file(err, code, what, file, 0);
}

static const struct rt_file *find(const struct rt_file *file, size_t n,
                                  const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (an_str_eq(file[i].name, an_str_c(name)))
            return &file[i];
    return NULL;
}

/* By the key that signed the package, and of this model. */
static enum an_code open_checkpoint(struct an_arena *arena,
                                    const struct rt_package *p,
                                    struct an_str note, struct an_checkpoint *c,
                                    struct an_err *err)
{
    struct an_str origin, text = {NULL, 0};
    struct an_note_key key;
    struct an_err why;
    enum an_code code =
        rt_lineage_origin(arena, p->manifest.name, &origin, err);

    if (code == AN_OK)
        code = an_note_key_of(origin, &p->key, &key, err);
    if (code != AN_OK)
        return code;
    code = an_note_open(arena, note, &key, 1, &text, &why);
    if (code == AN_OK)
        code = an_checkpoint_read(arena, text, c, &why);
    if (code != AN_OK)
        return refuse(err, code, why.what, RT_LINEAGE_CHECKPOINT);
    return an_str_eq(c->origin, origin)
               ? AN_OK
               : refuse(err, AN_INTEGRITY, "the checkpoint is of another log",
                        RT_LINEAGE_CHECKPOINT);
}

/* The digests that the last leaf says. */
static enum an_code check_files(const struct rt_lineage *l,
                                const struct rt_file *file, size_t n_files,
                                struct an_err *err)
{
    static const char *const name[][2] = {{"weights", "model.safetensors"},
                                          {"manifest", "manifest.json"},
                                          {"card", "card.md"}};
    const size_t at = l->n - 1;

    if (l->leaf[at].kind != RT_LEAF_MODEL)
        return fail_at(err, AN_INTEGRITY,
                       "the log of a package ends with its model", at);
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        const struct rt_file *f = find(file, n_files, name[i][1]);
        struct an_sha256 want, got;
        enum an_code code;

        if (f == NULL)
            return refuse(err, AN_MISSING, "a package has this file",
                          name[i][1]);
        code = an_sha256(f->bytes, &got, err);
        if (code != AN_OK)
            return code;
        if (!an_hex_parse(rt_leaf_text(&l->leaf[at], an_str_c(name[i][0])),
                          want.b, sizeof(want.b)) ||
            memcmp(want.b, got.b, sizeof(want.b)) != 0)
            return refuse(err, AN_INTEGRITY,
                          "the file is not the one that the log speaks of",
                          name[i][1]);
    }
    return AN_OK;
}

enum an_code rt_lineage_open(struct rt_lineage *l, struct an_arena *arena,
                             const struct rt_package *p,
                             const struct rt_file *file, size_t n_files,
                             struct an_err *err)
{
    const struct rt_file *log = find(file, n_files, RT_LINEAGE_LOG);
    const struct rt_file *note = find(file, n_files, RT_LINEAGE_CHECKPOINT);
    struct an_checkpoint c;
    enum an_code code;

    if (log == NULL && note == NULL)
        return an_fail(err, AN_NOTFOUND, "this package has no lineage", 0);
    if (log == NULL || note == NULL)
        return refuse(err, AN_MISSING, "a lineage has this file",
                      log ? RT_LINEAGE_CHECKPOINT : RT_LINEAGE_LOG);
    code = open_checkpoint(arena, p, note->bytes, &c, err);
    if (code == AN_OK)
        code = rt_lineage_read(l, arena, log->bytes, err);
    if (code == AN_OK)
        code = rt_lineage_match(l, &c, err);
    return code == AN_OK ? check_files(l, file, n_files, err) : code;
}

/* ---- asking -----------------------------------------------------------------
 */

size_t rt_lineage_last(const struct rt_lineage *l, enum rt_leaf_kind kind,
                       size_t end)
{
    for (size_t i = end < l->n ? end : l->n; i-- > 0;)
        if (l->leaf[i].kind == kind)
            return i;
    return l->n;
}

size_t rt_lineage_capability(const struct rt_lineage *l, struct an_str outcome)
{
    for (size_t i = l->n; i-- > 0;)
        if (l->leaf[i].kind == RT_LEAF_CAPABILITY &&
            an_str_eq(rt_leaf_text(&l->leaf[i], AN_STR("outcome")), outcome))
            return i;
    return l->n;
}

struct an_str rt_leaf_text(const struct rt_leaf *leaf, struct an_str name)
{
    return an_json_text(an_json_get(leaf->json, name));
}

uint64_t rt_leaf_count(const struct an_json *object, struct an_str name)
{
    int64_t n;

    return an_json_i64(an_json_get(object, name), &n) && n > 0 ? (uint64_t)n
                                                               : 0;
}

size_t rt_leaf_named(const struct rt_lineage *l, const struct an_json *object,
                     struct an_str name)
{
    int64_t n;

    return an_json_i64(an_json_get(object, name), &n) && n >= 0 &&
                   (uint64_t)n < l->n
               ? (size_t)n
               : l->n;
}

enum an_code rt_lineage_supplies(struct an_arena *arena,
                                 const struct rt_lineage *l, size_t capability,
                                 struct rt_supply **supply, size_t *n,
                                 struct an_err *err)
{
    const struct an_json *list =
        an_json_get(l->leaf[capability].json, AN_STR("supplied"));
    const size_t most = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0;
    struct rt_supply *s = an_arena_get(arena, most, sizeof(*s));

    if (s == NULL)
        return an_fail_nomem(err);
    *n = 0;
    for (const struct an_json *e = an_json_first(list); e && *n < most;
         e = e->next)
        s[(*n)++] = (struct rt_supply){
            .dataset = rt_leaf_named(l, e, AN_STR("dataset")),
            .use = an_json_text(an_json_get(e, AN_STR("use"))),
            .patients = rt_leaf_count(e, AN_STR("patients")),
            .questions = rt_leaf_count(e, AN_STR("questions")),
            .positives = rt_leaf_count(e, AN_STR("positives"))};
    for (size_t i = 0; i < *n; i++) {
        double all = 0;

        for (size_t k = 0; k < *n; k++)
            all += an_str_eq(s[k].use, s[i].use) ? (double)s[k].questions : 0;
        s[i].share = all > 0 ? (double)s[i].questions / all : 0;
    }
    *supply = s;
    return AN_OK;
}
