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

struct pl_vault {
    struct key key[PL_VAULT_KEYS]; /* the newest first */
    size_t n;
    bool refuses_plain;
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
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
        code =
            an_fail_file(err, AN_CONFIG, "store.key_file is no file", path, 0);
    else if (s.st_mode & 077)
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
    gnutls_memset(text, 0, sizeof(text));
    (void)close(fd);
    return code;
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

static const struct key *find_key(const struct pl_vault *v, const uint8_t *id)
{
    for (size_t i = 0; i < v->n; i++)
        if (memcmp(v->key[i].id, id, PL_KEY_ID_BYTES) == 0)
            return &v->key[i];
    return NULL;
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
    key = find_key(v, p + MAGIC_BYTES);
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
        gnutls_aead_cipher_deinit(v->key[i].cipher);
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
    if (key_file && key_file[0])
        code = read_keys(v, key_file, err);
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

bool pl_vault_is_current(const struct pl_vault *v, struct an_str stored)
{
    if (stored.n == 0)
        return true;
    if (!is_marked((const uint8_t *)stored.p, stored.n))
        return v->n == 0;
    return memcmp(stored.p + MAGIC_BYTES, v->n ? v->key[0].id : no_key,
                  PL_KEY_ID_BYTES) == 0;
}

/* ---- what the store knows of its keys ---------------------------------------- */

/* The proof opens with the key, and says what the store says of plain rows. */
static enum an_code check_proof(struct pl_db *db, sqlite3_stmt *s,
                                struct an_err *err)
{
    struct an_str id = pl_column(s, 0);

    if (id.n != PL_KEY_ID_BYTES ||
        find_key(db->vault, (const uint8_t *)id.p) == NULL)
        return an_fail(err, AN_CONFIG,
                       db->vault->n
                           ? "the store is sealed with a key that "
                             "store.key_file does not hold"
                           : "the store is sealed: store.key_file has to name "
                             "its keys",
                       0);
    return AN_OK;
}

static enum an_code check_proofs(struct pl_db *db, struct an_err *err)
{
    static const char text[] =
        "SELECT k.id, unseal(k.proof, 'proof', v.takes_plain)"
        " FROM vault_key k, vault v";
    static const char ids[] = "SELECT id FROM vault_key";
    const char *const both[] = {ids, text};
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < 2; i++) {
        sqlite3_stmt *s = NULL;
        int rc = sqlite3_prepare_v2(db->sql, both[i], -1, &s, NULL);

        while (code == AN_OK && rc == SQLITE_OK &&
               (rc = sqlite3_step(s)) == SQLITE_ROW) {
            code = check_proof(db, s, err);
            rc = SQLITE_OK;
        }
        if (code == AN_OK && rc != SQLITE_DONE)
            code = pl_db_fail(db, rc, err);
        sqlite3_finalize(s);
    }
    return code;
}

static enum an_code run_with_id(struct pl_db *db, const char *text,
                                struct an_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);
    struct an_str id;

    (void)pl_vault_newest(db->vault, &id);
    if (rc == SQLITE_OK) {
        pl_bind_blob(s, 1, id);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? AN_OK : pl_db_fail(db, rc, err);
}

static const char put_key[] =
    "INSERT INTO vault_key(id, proof) SELECT ?1,"
    " seal(x'616E616D6E65736973', 'proof', takes_plain) FROM vault WHERE 1"
    " ON CONFLICT(id) DO UPDATE SET proof = excluded.proof";

static enum an_code learn_key(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(db, "BEGIN IMMEDIATE", err);

    /* Another program may have given it a key of its own meanwhile. */
    if (code == AN_OK)
        code = check_proofs(db, err);
    if (code == AN_OK)
        code = pl_db_exec(db,
                          "UPDATE vault SET takes_plain = 0"
                          " WHERE NOT EXISTS (SELECT 1 FROM message)"
                          " AND NOT EXISTS (SELECT 1 FROM suggestion)"
                          " AND NOT EXISTS (SELECT 1 FROM outbox)"
                          " AND NOT EXISTS (SELECT 1 FROM vault_key)",
                          err);
    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    /* What was sealed before is not done again with this key. */
    if (code == AN_OK)
        code = pl_db_exec(db, "UPDATE vault SET part = 0, after = 0", err);
    if (code == AN_OK)
        code = pl_db_exec(db, "COMMIT", err);
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Whether the store knows the key that will seal. */
static bool is_known(struct pl_db *db)
{
    sqlite3_stmt *s = NULL;
    bool known = false;
    struct an_str id;

    if (sqlite3_prepare_v2(db->sql, "SELECT 1 FROM vault_key WHERE id = ?1", -1,
                           &s, NULL) == SQLITE_OK) {
        (void)pl_vault_newest(db->vault, &id);
        pl_bind_blob(s, 1, id);
        known = sqlite3_step(s) == SQLITE_ROW;
    }
    sqlite3_finalize(s);
    return known;
}

enum an_code pl_vault_check(struct pl_db *db, bool write, struct an_err *err)
{
    int64_t takes_plain = 1;
    enum an_code code = check_proofs(db, err);

    if (code == AN_OK && write && db->vault->n && !is_known(db))
        code = learn_key(db, err);
    if (code == AN_OK)
        code = pl_db_number(db, "SELECT takes_plain FROM vault", &takes_plain,
                            err);
    db->vault->refuses_plain = !takes_plain;
    return code;
}

enum an_code pl_vault_settle(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(
        db, "UPDATE vault SET takes_plain = 0, part = 0, after = 0", err);

    if (code == AN_OK)
        code = run_with_id(db, "DELETE FROM vault_key WHERE id <> ?1", err);
    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    return code;
}
