/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that forgets: a layer over SQLite's own files that knows which bytes
 * have been synced, so that a test can cut the power.
 *
 *     power_disk_install();                 the default for all that is opened
 *     power_disk_start(seed);
 *     ...                                   use the store
 *     power_disk_cut_after(n_writes);       everything fails from there on
 *     ...                                   close what was open
 *     power_disk_restart();                 the files are what the disk has kept
 *
 * What it keeps of the writes since a file's last sync: any part of them, sector
 * by sector, in any order; a sector may be torn in the middle.  Bytes that no
 * write touched stay (what SQLite calls powersafe overwrite).  A file that is
 * new may be missing, one that was deleted may be back, until the folder is
 * synced; the index of the log may be anything.
 *
 * A sync can be made to fail as Linux does it: what waited is lost or kept as
 * at a cut, reads go on seeing it, and the next sync says nothing of it.
 *
 * Thread-safety: shared; the settings are for one thread. */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* False if SQLite refuses, or it is there. */
bool power_disk_install(void);
/* SQLite's own files again; nothing may be open. */
void power_disk_remove(void);
/* Forget all files; from here the same seed does the same. */
void power_disk_start(uint64_t seed);
/* After so many writes, truncations, syncs and deletions more. */
void power_disk_cut_after(uint64_t n_calls);
bool power_disk_is_cut(void);
/* This many parts in 1,000 of the syncs fail; and of the writes, which then
 * write nothing, or a part, and say that the disk is full. */
void power_disk_fail(unsigned syncs_ppk, unsigned writes_ppk);
/* What was written is now what the disk has kept, and it works again. */
void power_disk_restart(void);
/* A number below n, of the same sequence. */
uint64_t power_disk_draw(uint64_t n);

struct power_disk_counts {
    uint64_t cuts, failed_syncs, failed_writes;
    uint64_t lost_sectors, kept_sectors, torn_sectors; /* of unsynced writes */
};
struct power_disk_counts power_disk_counts(void);

#endif
