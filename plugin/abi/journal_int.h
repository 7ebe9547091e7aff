/* SPDX-License-Identifier: Apache-2.0 */
/* The poison journal: which messages a process has in hand, in a file beside
 * the store that outlives it.  A host replays what was not answered when it
 * died; if that message is what killed it, it would die again and again.  So
 * what a dead process left in hand is quarantined by whoever opens next.
 *
 *     abi_journal_open("/var/lib/anamnesis/store.db", &journal, err);
 *     if (abi_journal_is_poison(journal, &sha256)) ...
 *     slot = abi_journal_take(journal, &sha256, now_us);     -- -1: all in use
 *     ...
 *     abi_journal_give(journal, slot);
 *     abi_journal_close(journal);
 *
 * The file is STORE.inflight: a page of SHA-256, process, time and state, mapped
 * into memory and never flushed on purpose, since it must survive a process and
 * not a machine.  It is locked as long as it is open, so a store has one such
 * process at a time, and what is found in it is of the dead.  Of quarantined
 * hashes the newest ABI_JOURNAL_POISON stay.
 *
 * Thread-safety: shared, except open and close. */
#ifndef PLUGIN_ABI_JOURNAL_INT_H
#define PLUGIN_ABI_JOURNAL_INT_H

#include "base/hash.h"

enum { ABI_JOURNAL_IN_HAND = 256, ABI_JOURNAL_POISON = 767 };

struct abi_journal;

/* AN_CONFLICT: another engine or process has it, or it is no such file; AN_IO,
 * AN_NOMEM. */
enum an_code abi_journal_open(const char *store, struct abi_journal **out,
                              struct an_err *err)
    __attribute__((warn_unused_result));
void abi_journal_close(struct abi_journal *j); /* NULL is nothing */

/* What the last opening found in hand and put into quarantine: the n-th, false
 * beyond.  It is found again by the next opening until abi_journal_settle says
 * that their triggers have been given up. */
void abi_journal_settle(struct abi_journal *j);
bool abi_journal_found(const struct abi_journal *j, size_t n,
                       struct an_sha256 *out);

bool abi_journal_is_poison(const struct abi_journal *j,
                           const struct an_sha256 *hash);
void abi_journal_acquit(struct abi_journal *j, const struct an_sha256 *hash);
size_t abi_journal_n_poison(const struct abi_journal *j);

int abi_journal_take(struct abi_journal *j, const struct an_sha256 *hash,
                     int64_t now_us);
void abi_journal_give(struct abi_journal *j, int slot);

#endif
