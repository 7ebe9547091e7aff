/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/vault_int.h"

#include "base/hash.h"
#include "plugin/store/db_int.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAGIC_BYTES = 4,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    HEAD_BYTES = MAGIC_BYTES + PL_KEY_ID_BYTES,
    SEAL_BYTES = HEAD_BYTES + NONCE_BYTES + TAG_BYTES,
    FILE_BYTES = 4096,
    AAD_BYTES = 2048
};

static const uint8_t magic[MAGIC_BYTES] = {0xA5, 'S', 'L', '1'};
static const uint8_t no_key[PL_KEY_ID_BYTES] = {0};

struct key {
    uint8_t id[PL_KEY_ID_BYTES];
    gnutls_aead_cipher_hd_t cipher;
};

/* What tells one state of a file from another. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec changed;
};

struct pl_vault {
    struct key key[PL_VAULT_KEYS]; /* the one that seals first */
    size_t n;
    uint8_t first[PL_KEY_ID_BYTES]; /* of the file */
    bool refuses_plain;
    char *key_file;    /* NULL: none */
    struct stamp seen; /* of it, when it was read last */
};

/* ---- the key file ---------------------------------------------------------- */

/* A key is known by the beginning of a hash of it, which tells nothing of 256
 * random bits. */
static enum an_code add_key(struct pl_vault *v, const uint8_t *bytes,
                            struct an_err *err)
{
    static const char label[] = "anamnesis store key";
    uint8_t text[sizeof(label) + PL_KEY_BYTES];
    gnutls_datum_t datum = {text + sizeof(label), PL_KEY_BYTES};
    struct key *key = &v->key[v->n];
    struct an_sha256 hash;
    enum an_code code;

    if (v->n == PL_VAULT_KEYS)
        return an_fail(err, AN_CONFIG, "store.key_file holds too many keys", 0);
    memcpy(text, label, sizeof(label));
    memcpy(text + sizeof(label), bytes, PL_KEY_BYTES);
    code = an_sha256((struct an_str){(const char *)text, sizeof(text)}, &hash,
                     err);
    if (code == AN_OK) {
        memcpy(key->id, hash.b, sizeof(key->id));
        key->id[0] |= 1; /* no key is four zeros */
        if (gnutls_aead_cipher_init(&key->cipher, GNUTLS_CIPHER_AES_256_GCM,
                                    &datum) < 0)
            code = an_fail(err, AN_INTERNAL, "AES-256-GCM is not available", 0);
        else
            v->n++;
    }
    gnutls_memset(text, 0, sizeof(text));
    return code;
}

static enum an_code parse_keys(struct pl_vault *v, struct an_str text,
                               struct an_err *err)
{
    uint8_t bytes[PL_KEY_BYTES];
    enum an_code code = AN_OK;
    struct an_str line;

    if (text.n == PL_KEY_BYTES)
        return add_key(v, (const uint8_t *)text.p, err);
    while (code == AN_OK && an_str_cut(&text, '\n', &line)) {
        line = an_str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        code = an_hex_parse(line, bytes, sizeof(bytes))
                   ? add_key(v, bytes, err)
                   : an_fail(err, AN_CONFIG,
                             "store.key_file: a key is 64 hex digits, or the "
                             "file is 32 bytes",
                             0);
    }
    gnutls_memset(bytes, 0, sizeof(bytes));
    if (code == AN_OK && v->n == 0)
        code = an_fail(err, AN_CONFIG, "store.key_file holds no key", 0);
    return code;
}

static struct stamp stamp_of(const struct stat *s)
{
    return (struct stamp){s->st_dev, s->st_ino, s->st_size, s->st_ctim};
}

static enum an_code read_keys(struct pl_vault *v, const char *path,
                              struct an_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char text[FILE_BYTES + 1];
    enum an_code code;
    struct stat s;
    ssize_t n;

    if (fd < 0)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "store.key_file cannot be read", path, errno);
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
        (void)close(fd);
        return an_fail_file(err, AN_CONFIG, "store.key_file is no file", path,
                            0);
    }
    v->seen = stamp_of(&s);
    if (s.st_mode & 077)
        code =
            an_fail_file(err, AN_CONFIG,
                         "store.key_file may be used by others: its mode has "
                         "to be 0600 or 0400",
                         path, 0);
    else if ((n = read(fd, text, sizeof(text))) < 0 || n > FILE_BYTES)
        code = an_fail_file(err, AN_IO, "store.key_file cannot be read", path,
                            n < 0 ? errno : EFBIG);
    else
        code = parse_keys(v, (struct an_str){text, (size_t)n}, err);
    if (code == AN_OK)
        memcpy(v->first, v->key[0].id, sizeof(v->first));
    gnutls_memset(text, 0, sizeof(text));
    (void)close(fd);
    return code;
}

static struct key *find_key(struct pl_vault *v, const uint8_t *id)
{
    for (size_t i = 0; i < v->n; i++)
        if (memcmp(v->key[i].id, id, PL_KEY_ID_BYTES) == 0)
            return &v->key[i];
    return NULL;
}

/* Those of `more` that it has not, behind its own, which stay. */
static void add_keys(struct pl_vault *v, struct pl_vault *more)
{
    for (size_t i = 0; i < more->n && v->n < PL_VAULT_KEYS; i++) {
        if (find_key(v, more->key[i].id))
            continue;
        v->key[v->n++] = more->key[i];
        more->key[i].cipher = NULL;
    }
}

static void swap_keys(struct pl_vault *a, struct pl_vault *b)
{
    struct pl_vault was = *a;

    memcpy(a->key, b->key, sizeof(a->key));
    memcpy(a->first, b->first, sizeof(a->first));
    a->n = b->n;
    a->seen = b->seen;
    memcpy(b->key, was.key, sizeof(b->key));
    memcpy(b->first, was.first, sizeof(b->first));
    b->n = was.n;
    b->seen = was.seen;
    gnutls_memset(&was, 0, sizeof(was));
}

void pl_vault_adopt(struct pl_vault *v, struct pl_vault *newer)
{
    add_keys(newer, v);
    swap_keys(v, newer);
}

void pl_vault_restore(struct pl_vault *v, struct pl_vault *older)
{
    for (size_t i = 0; i < older->n; i++) {
        struct key *lent = find_key(v, older->key[i].id);

        if (older->key[i].cipher || lent == NULL)
            continue;
        older->key[i].cipher = lent->cipher;
        lent->cipher = NULL;
    }
    swap_keys(v, older);
}

enum an_code pl_vault_read(const struct pl_vault *v, struct pl_vault **out,
                           struct an_err *err)
{
    enum an_code code;

    *out = NULL;
    if (v->key_file == NULL)
        return an_fail(err, AN_CONFIG, "store.key_file names no key", 0);
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return an_fail_nomem(err);
    code = read_keys(*out, v->key_file, err);
    if (code != AN_OK) {
        pl_vault_close(*out);
        *out = NULL;
    }
    return code;
}

bool pl_vault_is_stale(const struct pl_vault *v)
{
    struct stamp now;
    struct stat s;

    if (v->key_file == NULL || stat(v->key_file, &s) != 0)
        return false;
    now = stamp_of(&s);
    return now.device != v->seen.device || now.inode != v->seen.inode ||
           now.bytes != v->seen.bytes ||
           now.changed.tv_sec != v->seen.changed.tv_sec ||
           now.changed.tv_nsec != v->seen.changed.tv_nsec;
}

size_t pl_vault_count(const struct pl_vault *v)
{
    return v->n;
}

bool pl_vault_has(struct pl_vault *v, struct an_str id)
{
    return id.n == PL_KEY_ID_BYTES && find_key(v, (const uint8_t *)id.p);
}

/* ---- sealing ---------------------------------------------------------------- */

/* Place and row, each with its length, so that no two lists are one text. */
static bool take_row(sqlite3_value **value, int n, uint8_t *aad, size_t *used)
{
    *used = 0;
    for (int i = 1; i < n; i++) {
        const void *p = sqlite3_value_blob(value[i]);
        size_t bytes = (size_t)sqlite3_value_bytes(value[i]);

        if (bytes > UINT16_MAX || *used + 2 + bytes > AAD_BYTES)
            return false;
        aad[(*used)++] = (uint8_t)(bytes >> 8);
        aad[(*used)++] = (uint8_t)bytes;
        if (bytes)
            memcpy(aad + *used, p, bytes);
        *used += bytes;
    }
    return true;
}

static bool is_marked(const uint8_t *p, size_t n)
{
    return n >= HEAD_BYTES && memcmp(p, magic, MAGIC_BYTES) == 0;
}

/* Plain bytes that look sealed are marked as plain. */
static void put_plain(sqlite3_context *c, sqlite3_value *value)
{
    size_t n = (size_t)sqlite3_value_bytes(value);
    const uint8_t *p = sqlite3_value_blob(value);
    uint8_t *out;

    if (n < MAGIC_BYTES || memcmp(p, magic, MAGIC_BYTES) != 0) {
        sqlite3_result_blob64(c, n ? (const void *)p : "", n, SQLITE_TRANSIENT);
        return;
    }
    out = sqlite3_malloc64(HEAD_BYTES + n);
    if (out == NULL) {
        sqlite3_result_error_nomem(c);
        return;
    }
    memcpy(out, magic, MAGIC_BYTES);
    memcpy(out + MAGIC_BYTES, no_key, PL_KEY_ID_BYTES);
    memcpy(out + HEAD_BYTES, p, n);
    sqlite3_result_blob64(c, out, HEAD_BYTES + n, sqlite3_free);
}

static void seal(sqlite3_context *c, int n_values, sqlite3_value **value)
{
    const struct pl_vault *v = sqlite3_user_data(c);
    size_t n = (size_t)sqlite3_value_bytes(value[0]), room, n_aad;
    const uint8_t *p = sqlite3_value_blob(value[0]);
    uint8_t aad[AAD_BYTES], *out;

    if (v->n == 0 || n == 0) {
        put_plain(c, value[0]);
        return;
    }
    room = n + TAG_BYTES;
    out = sqlite3_malloc64(SEAL_BYTES + n);
    if (out == NULL) {
        sqlite3_result_error_nomem(c);
        return;
    }
    memcpy(out, magic, MAGIC_BYTES);
    memcpy(out + MAGIC_BYTES, v->key[0].id, PL_KEY_ID_BYTES);
    if (!take_row(value, n_values, aad, &n_aad) ||
        gnutls_rnd(GNUTLS_RND_NONCE, out + HEAD_BYTES, NONCE_BYTES) < 0 ||
        gnutls_aead_cipher_encrypt(v->key[0].cipher, out + HEAD_BYTES,
                                   NONCE_BYTES, aad, n_aad, TAG_BYTES, p, n,
                                   out + HEAD_BYTES + NONCE_BYTES, &room) < 0) {
        sqlite3_free(out);
        sqlite3_result_error_code(c, SQLITE_INTERNAL);
        return;
    }
    sqlite3_result_blob64(c, out, SEAL_BYTES + n, sqlite3_free);
}

/* A key of `from`, behind its own.  The first, which seals, stays; of the others the
 * one that came first makes room. */
static void take_key(struct pl_vault *v, struct pl_vault *from,
                     const uint8_t *id)
{
    struct key *key = find_key(from, id);

    if (key == NULL)
        return;
    if (v->n == PL_VAULT_KEYS) {
        gnutls_aead_cipher_deinit(v->key[1].cipher);
        memmove(&v->key[1], &v->key[2],
                (PL_VAULT_KEYS - 2) * sizeof(v->key[0]));
        v->n--;
    }
    v->key[v->n++] = *key;
    key->cipher = NULL;
}

/* The key of a value: of another program that was given a newer one, perhaps,
 * and then the file has it too.  It opens and does not seal yet. */
static const struct key *key_of(struct pl_vault *v, const uint8_t *id)
{
    const struct key *key = find_key(v, id);
    struct pl_vault *fresh = NULL;

    if (key || !pl_vault_is_stale(v))
        return key;
    if (pl_vault_read(v, &fresh, NULL) == AN_OK)
        take_key(v, fresh, id);
    pl_vault_close(fresh);
    return find_key(v, id);
}

/* Since when it was opened, rekey may have come to its end, here or in another
 * program: as long as plain values may be met, the store is asked.  Where it does
 * not say that it takes them, it does not. */
static int may_take_plain(sqlite3_context *c, struct pl_vault *v)
{
    sqlite3_stmt *s = NULL;
    bool takes = false;
    int rc;

    if (v->n == 0 && !v->refuses_plain)
        return SQLITE_OK;
    if (v->refuses_plain)
        return SQLITE_AUTH;
    rc = sqlite3_prepare_v2(sqlite3_context_db_handle(c),
                            "SELECT takes_plain FROM vault", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        takes = sqlite3_column_int(s, 0) != 0;
        v->refuses_plain = !takes;
    }
    sqlite3_finalize(s);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return takes ? SQLITE_OK : SQLITE_AUTH;
    return rc;
}

static void take_plain(sqlite3_context *c, struct pl_vault *v, const uint8_t *p,
                       size_t n)
{
    int rc = n ? may_take_plain(c, v) : SQLITE_OK;

    if (rc != SQLITE_OK)
        sqlite3_result_error_code(c, rc);
    else
        sqlite3_result_blob64(c, n ? (const void *)p : "", n, SQLITE_TRANSIENT);
}

static void unseal(sqlite3_context *c, int n_values, sqlite3_value **value)
{
    struct pl_vault *v = sqlite3_user_data(c);
    size_t n = (size_t)sqlite3_value_bytes(value[0]), room, n_aad;
    const uint8_t *p = sqlite3_value_blob(value[0]);
    const struct key *key;
    uint8_t aad[AAD_BYTES], *out;

    if (!is_marked(p, n)) {
        take_plain(c, v, p, n);
        return;
    }
    if (memcmp(p + MAGIC_BYTES, no_key, PL_KEY_ID_BYTES) == 0) {
        take_plain(c, v, p + HEAD_BYTES, n - HEAD_BYTES);
        return;
    }
    key = key_of(v, p + MAGIC_BYTES);
    if (key == NULL || n < SEAL_BYTES) {
        sqlite3_result_error_code(c, SQLITE_AUTH);
        return;
    }
    room = n - SEAL_BYTES;
    out = sqlite3_malloc64(room + 1);
    if (out == NULL) {
        sqlite3_result_error_nomem(c);
        return;
    }
    if (!take_row(value, n_values, aad, &n_aad) ||
        gnutls_aead_cipher_decrypt(
            key->cipher, p + HEAD_BYTES, NONCE_BYTES, aad, n_aad, TAG_BYTES,
            p + HEAD_BYTES + NONCE_BYTES, n - HEAD_BYTES - NONCE_BYTES, out,
            &room) < 0) {
        sqlite3_free(out);
        sqlite3_result_error_code(c, SQLITE_AUTH);
        return;
    }
    sqlite3_result_blob64(c, out, room, sqlite3_free);
}

/* is_current(stored): a row that rekey need not write. */
static void is_current(sqlite3_context *c, int n_values, sqlite3_value **value)
{
    struct an_str stored = {sqlite3_value_blob(value[0]),
                            (size_t)sqlite3_value_bytes(value[0])};

    (void)n_values;
    sqlite3_result_int(c, pl_vault_is_current(sqlite3_user_data(c), stored));
}

/* ---- a connection's ---------------------------------------------------------- */

void pl_vault_close(struct pl_vault *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->n; i++)
        if (v->key[i].cipher)
            gnutls_aead_cipher_deinit(v->key[i].cipher);
    free(v->key_file);
    gnutls_memset(v, 0, sizeof(*v));
    free(v);
}

enum an_code pl_vault_open(struct pl_db *db, const char *key_file,
                           struct an_err *err)
{
    static const struct {
        const char *name;
        int n;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } function[] = {{"seal", -1, seal},
                    {"unseal", -1, unseal},
                    {"is_current", 1, is_current}};
    struct pl_vault *v = calloc(1, sizeof(*v));
    enum an_code code = AN_OK;

    if (v == NULL)
        return an_fail_nomem(err);
    db->vault = v;
    if (key_file && key_file[0]) {
        v->key_file = strdup(key_file);
        code = v->key_file ? read_keys(v, key_file, err) : an_fail_nomem(err);
    }
    for (size_t i = 0; code == AN_OK && i < 3; i++) {
        int rc =
            sqlite3_create_function_v2(db->sql, function[i].name, function[i].n,
                                       SQLITE_UTF8 | SQLITE_DIRECTONLY, v,
                                       function[i].call, NULL, NULL, NULL);

        if (rc != SQLITE_OK)
            code = pl_db_fail(db, rc, err);
    }
    return code;
}

bool pl_vault_newest(const struct pl_vault *v, struct an_str *id)
{
    *id = v->n ? (struct an_str){(const char *)v->key[0].id, PL_KEY_ID_BYTES}
               : AN_STR("");
    return v->n != 0;
}

bool pl_vault_first(const struct pl_vault *v, struct an_str *id)
{
    *id = v->n ? (struct an_str){(const char *)v->first, PL_KEY_ID_BYTES}
               : AN_STR("");
    return v->n != 0;
}

bool pl_vault_is_behind(const struct pl_vault *v)
{
    return v->n && memcmp(v->key[0].id, v->first, sizeof(v->first)) != 0;
}

bool pl_vault_seal_by(struct pl_vault *v, struct an_str id)
{
    struct key *key =
        pl_vault_has(v, id) ? find_key(v, (const uint8_t *)id.p) : NULL;
    struct key seals;

    if (key == NULL)
        return false;
    seals = *key;
    memmove(&v->key[1], &v->key[0], (size_t)(key - v->key) * sizeof(v->key[0]));
    v->key[0] = seals;
    return true;
}

bool pl_vault_is_current(const struct pl_vault *v, struct an_str stored)
{
    if (stored.n == 0)
        return true;
    if (!is_marked((const uint8_t *)stored.p, stored.n))
        return v->n == 0;
    return memcmp(stored.p + MAGIC_BYTES, v->n ? v->key[0].id : no_key,
                  PL_KEY_ID_BYTES) == 0;
}

void pl_vault_take_plain(struct pl_vault *v, bool takes)
{
    v->refuses_plain = !takes;
}
