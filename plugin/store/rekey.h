/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing anew, by the key that the store is at (vault_int.h): what is plain, and
 * what is under older keys.
 *
 *     struct pl_rekey p = {.finished = false};
 *     while (!p.finished && pl_store_rekey(store, &p, err) == AN_OK)
 *         pause();
 *
 * Each call is one small transaction that says how far it came: killed, it goes
 * on from there.  When it is finished the store needs no older key and refuses
 * what is not sealed.  Every program that has the store open must have been
 * started with the newest key before.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_STORE_REKEY_H
#define PLUGIN_STORE_REKEY_H

#include "plugin/store/store.h"

struct pl_rekey {
    bool finished;
    /* Go to the first key of this file, though it is an older one.  Once: what was
     * done is then false, so that two who go to two keys at once come to an end. */
    bool goes_back;
    bool
        is_behind; /* the store is at another key than the first of this file */
    int64_t n_sealed; /* values so far, over all calls with this struct */
};

/* AN_CONFIG without a key; AN_INTEGRITY for a value that does not open. */
enum an_code pl_store_rekey(struct pl_store *store, struct pl_rekey *progress,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Read the key file again, which holds *n keys: the first seals from now on, unless
 * it is an older one, and pl_store_rekey begins anew if it is new.  AN_CONFIG when a key is missing that the store
 * needs, or there is no key file; AN_NOTFOUND, AN_IO of the file, and what a transaction
 * fails with: the keys are then as they were. */
enum an_code pl_store_reload_keys(struct pl_store *store, size_t *n,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

#endif
