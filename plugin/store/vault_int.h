/* SPDX-License-Identifier: Apache-2.0 */
/* What tells of patients is sealed before SQLite sees it: AES-256-GCM by
 * GnuTLS, with a random nonce, bound to the row that it stands in.
 *
 *     sealed = A5 53 4C 31, id of the key (4), nonce (12), ciphertext, tag (16)
 *     plain  = the bytes themselves; such as begin with A5 53 4C 31 get that
 *              and four zeros in front
 *
 * SQL does it, so that no column can be forgotten in C: two functions of each
 * connection,
 *
 *     seal(bytes, place, row...)     what is to be stored
 *     unseal(bytes, place, row...)   what was given to seal
 *
 * where place is a literal ("raw") and row... what names the row for good: both
 * are authenticated, so that a value that was moved to another row or column
 * does not open.  Nothing is sealed as nothing: an empty value says that
 * something was purged, or that there is none.
 *
 * The key file holds one key of 32 bytes, or lines of 64 hex digits, the newest
 * key first: it seals, all of them open.  The table vault_key has each key that
 * ever sealed, and what it is now by its `proof`:
 *
 *     sealed text     the key that seals: what tells a missing or wrong key at once
 *     x'00'           rows may still stand under it: it is being rotated away from
 *     x''             nothing stands under it any more
 *
 * A key that the store has never had begins a rotation where it comes first in
 * the file of whoever writes.  One of the others does not: the file is behind, and
 * the program seals by the key that the store is at, so that two programs whose
 * files have the keys in another order do not undo each other's work.  Only
 * pl_vault_go_back, which a person asks for, rotates to an older key.
 *
 * The file may change while connections are open.  One that meets a value under
 * a key that it has not looks into the file again.  One that writes asks the
 * store at the beginning of each transaction whether it still has all its keys,
 * and seals nothing by a key that the store does not know: when another program
 * has brought a newer one it takes that from the file, or refuses to write.
 *
 * Thread-safety: confined to a connection.  Keys are wiped when it closes. */
#ifndef PLUGIN_STORE_VAULT_INT_H
#define PLUGIN_STORE_VAULT_INT_H

#include "base/err.h"

#include <sqlite3.h>

enum { PL_KEY_BYTES = 32, PL_KEY_ID_BYTES = 4, PL_VAULT_KEYS = 16 };

struct pl_db;
struct pl_vault;

/* Read the keys ("" or NULL: none; the functions then pass bytes through) and
 * give the connection its functions.  AN_NOTFOUND, AN_IO, AN_CONFIG: the file is
 * not there, not readable, readable by others, or holds no keys. */
enum an_code pl_vault_open(struct pl_db *db, const char *key_file,
                           struct an_err *err)
    __attribute__((warn_unused_result));
/* After the statements of the connection are gone.  NULL is nothing. */
void pl_vault_close(struct pl_vault *vault);

/* Every key that the store needs is there: AN_CONFIG when one is not.  A writer
 * also makes the store know its newest key; a store that has no messages yet
 * never takes plain ones then. */
enum an_code pl_vault_check(struct pl_db *db, bool write, struct an_err *err)
    __attribute__((warn_unused_result));

/* Values that are not sealed may be there. */
void pl_vault_take_plain(struct pl_vault *vault, bool takes);
/* The key that seals; false without one. */
bool pl_vault_newest(const struct pl_vault *vault, struct an_str *id);
/* The first key of the file. */
bool pl_vault_first(const struct pl_vault *vault, struct an_str *id);
/* Another key seals: the first of the file is an older one. */
bool pl_vault_is_behind(const struct pl_vault *vault);
/* False, and all as it was, without that key. */
bool pl_vault_seal_by(struct pl_vault *vault, struct an_str id)
    __attribute__((warn_unused_result));
bool pl_vault_has(struct pl_vault *vault, struct an_str id);
/* The file has been changed since it was read. */
bool pl_vault_is_stale(const struct pl_vault *vault);
/* The keys of the file as it is now, to be closed; they open and seal nothing
 * by themselves.  Fails as pl_vault_open. */
enum an_code pl_vault_read(const struct pl_vault *vault, struct pl_vault **out,
                           struct an_err *err)
    __attribute__((warn_unused_result));
size_t pl_vault_count(const struct pl_vault *vault);
/* The newer ones seal and open from now on; those that it had open still.  `newer`
 * is what was there, for pl_vault_restore, and to be closed. */
void pl_vault_adopt(struct pl_vault *vault, struct pl_vault *newer);
/* As it was before `older` was made of it by pl_vault_adopt. */
void pl_vault_restore(struct pl_vault *vault, struct pl_vault *older);

/* At the beginning of a transaction that writes.  `ids` is "SELECT id,
 * length(proof) FROM vault_key".  PL_NO_KEY when the store needs a key that is not
 * in the file. */
enum { PL_NO_KEY = SQLITE_AUTH | 1 << 8 };
int pl_vault_admit(struct pl_db *db, sqlite3_stmt *ids);
/* Take what the file holds now, *n keys, in a transaction of the caller.  AN_CONFIG when
 * a key is missing that the store needs, and what pl_vault_open says; the keys
 * are then as they were.  Else *older is what pl_vault_restore gives back where the
 * transaction fails, to be closed. */
enum an_code pl_vault_reload(struct pl_db *db, sqlite3_stmt *ids,
                             struct pl_vault **older, size_t *n,
                             struct an_err *err)
    __attribute__((warn_unused_result));
/* Rotate to the first key of the file though it is an older one.  In a transaction
 * of the caller, after pl_vault_admit; fails as that. */
int pl_vault_go_back(struct pl_db *db);

/* Whether a stored value is as this vault would write it now. */
bool pl_vault_is_current(const struct pl_vault *vault, struct an_str stored);
/* All rows are under the key that seals: the store needs no other, and takes
 * nothing plain any more.  In a transaction of the caller. */
enum an_code pl_vault_settle(struct pl_db *db, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
