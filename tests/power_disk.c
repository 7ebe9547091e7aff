/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/power_disk.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 16, PATH_BYTES = 600 };

/* A write (data) or a truncation (none) that no sync has covered. */
struct change {
    struct change *next;
    sqlite3_int64 at;
    size_t n;
    unsigned char data[];
};

struct image {
    unsigned char *p;
    size_t n, room;
};

/* One name; its entry in the folder is on the disk when is_linked. */
struct disk_file {
    char path[PATH_BYTES];
    bool is_used, exists, is_linked, was_linked;
    struct image kept; /* by the disk, of the file that has the name now */
    struct image gone; /* of a file that had it, whose deletion is not synced */
    struct change *first, **end;
};

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs, *real;
    struct disk_file file[FILES];
    uint64_t random, left; /* left: calls until the cut */
    bool is_cut, will_cut;
    unsigned syncs_ppk, writes_ppk;
    struct power_disk_counts count;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct power_file {
    sqlite3_file base;
    struct disk_file *file; /* NULL: not followed */
    sqlite3_file *real;     /* behind this struct */
};

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

/* splitmix64 */
static uint64_t draw(uint64_t n)
{
    uint64_t z = disk.random += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return n ? (z ^ (z >> 31)) % n : 0;
}

/* ---- what the disk has ------------------------------------------------------ */

static void image_put(struct image *i, size_t at, const unsigned char *p,
                      size_t n)
{
    if (at + n > i->room) {
        i->room = (at + n) * 2;
        i->p = must(realloc(i->p, i->room));
    }
    if (at > i->n)
        memset(i->p + i->n, 0, at - i->n);
    memcpy(i->p + at, p, n);
    if (at + n > i->n)
        i->n = at + n;
}

static void image_cut(struct image *i, size_t n)
{
    if (n < i->n)
        i->n = n;
}

static void image_free(struct image *i)
{
    free(i->p);
    *i = (struct image){NULL, 0, 0};
}

static void changes_free(struct disk_file *f)
{
    while (f->first) {
        struct change *c = f->first;

        f->first = c->next;
        free(c);
    }
    f->end = &f->first;
}

static void change_add(struct disk_file *f, sqlite3_int64 at, const void *p,
                       size_t n)
{
    struct change *c = must(malloc(sizeof(*c) + n));

    *c = (struct change){NULL, at, n};
    if (n)
        memcpy(c->data, p, n);
    *f->end = c;
    f->end = &c->next;
}

/* All of it, as a sync that says so. */
static void keep_all(struct disk_file *f)
{
    for (struct change *c = f->first; c; c = c->next) {
        if (c->n)
            image_put(&f->kept, (size_t)c->at, c->data, c->n);
        else
            image_cut(&f->kept, (size_t)c->at);
    }
    changes_free(f);
}

static void keep_sector(struct disk_file *f, const struct change *c,
                        size_t from, size_t n, unsigned lost_ppk)
{
    if (draw(1000) < lost_ppk) {
        disk.count.lost_sectors++;
    } else if (draw(50) == 0) {
        image_put(&f->kept, (size_t)c->at + from, c->data + from, draw(n));
        disk.count.torn_sectors++;
    } else {
        image_put(&f->kept, (size_t)c->at + from, c->data + from, n);
        disk.count.kept_sectors++;
    }
}

/* Any part of it, sector by sector.  One that is left out of two writes to the
 * same place is the same as an order that was changed. */
static void keep_some(struct disk_file *f)
{
    static const unsigned rates[] = {0, 20, 100, 500, 900, 1000};
    unsigned lost_ppk = rates[draw(sizeof(rates) / sizeof(rates[0]))];

    for (struct change *c = f->first; c; c = c->next) {
        size_t end = (size_t)c->at + c->n;

        if (c->n == 0 && draw(1000) >= lost_ppk)
            image_cut(&f->kept, (size_t)c->at);
        for (size_t at = (size_t)c->at, next; at < end; at = next) {
            next = (at / SECTOR + 1) * SECTOR;
            next = next < end ? next : end;
            keep_sector(f, c, at - (size_t)c->at, next - at, lost_ppk);
        }
    }
    changes_free(f);
}

/* ---- the calls ----------------------------------------------------------------- */

static void lock(void)
{
    pthread_mutex_lock(&disk.lock);
}

static int unlock(int rc)
{
    pthread_mutex_unlock(&disk.lock);
    return rc;
}

/* One call that changes something; false when the power is off.  Locked. */
static bool has_power(void)
{
    if (disk.will_cut && !disk.is_cut) {
        if (disk.left == 0) {
            disk.is_cut = true;
            disk.count.cuts++;
        } else {
            disk.left--;
        }
    }
    return !disk.is_cut;
}

static struct power_file *of(sqlite3_file *file)
{
    return (struct power_file *)(void *)file;
}

static int on_close(sqlite3_file *file)
{
    struct power_file *p = of(file);

    return p->real->pMethods ? p->real->pMethods->xClose(p->real) : SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    struct power_file *p = of(file);

    return p->file && power_disk_is_cut()
               ? SQLITE_IOERR_READ
               : p->real->pMethods->xRead(p->real, to, n, at);
}

/* A write that fails may have written its beginning. */
static int fail_write(struct power_file *p, const void *from, int n,
                      sqlite3_int64 at)
{
    int part = (int)draw((uint64_t)n);

    disk.count.failed_writes++;
    if (part && p->real->pMethods->xWrite(p->real, from, part, at) == SQLITE_OK)
        change_add(p->file, at, from, (size_t)part);
    return SQLITE_FULL;
}

static int on_write(sqlite3_file *file, const void *from, int n,
                    sqlite3_int64 at)
{
    struct power_file *p = of(file);
    int rc;

    if (p->file == NULL)
        return p->real->pMethods->xWrite(p->real, from, n, at);
    lock();
    if (!has_power())
        return unlock(SQLITE_IOERR_WRITE);
    if (draw(1000) < disk.writes_ppk)
        return unlock(fail_write(p, from, n, at));
    rc = p->real->pMethods->xWrite(p->real, from, n, at);
    if (rc == SQLITE_OK)
        change_add(p->file, at, from, (size_t)n);
    return unlock(rc);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 n)
{
    struct power_file *p = of(file);
    int rc;

    lock();
    if (p->file && !has_power())
        return unlock(SQLITE_IOERR_TRUNCATE);
    rc = p->real->pMethods->xTruncate(p->real, n);
    if (rc == SQLITE_OK && p->file)
        change_add(p->file, n, NULL, 0);
    return unlock(rc);
}

/* SQLite syncs the folder when it first syncs a journal or a log. */
static void link_all(void)
{
    for (int i = 0; i < FILES; i++) {
        struct disk_file *f = &disk.file[i];

        f->is_linked = f->exists;
        f->was_linked = false;
        image_free(&f->gone);
    }
}

static int on_sync(sqlite3_file *file, int flags)
{
    struct power_file *p = of(file);

    (void)flags; /* it costs nothing here: the process does not die */
    lock();
    if (p->file && !has_power())
        return unlock(SQLITE_IOERR_FSYNC);
    if (p->file && draw(1000) < disk.syncs_ppk) {
        disk.count.failed_syncs++;
        keep_some(p->file);
        return unlock(SQLITE_IOERR_FSYNC);
    }
    if (p->file) {
        keep_all(p->file);
        if (!p->file->is_linked)
            link_all();
    }
    return unlock(SQLITE_OK);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *n)
{
    return of(file)->real->pMethods->xFileSize(of(file)->real, n);
}

static int on_lock(sqlite3_file *file, int level)
{
    return of(file)->real->pMethods->xLock(of(file)->real, level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return of(file)->real->pMethods->xUnlock(of(file)->real, level);
}

static int on_reserved(sqlite3_file *file, int *out)
{
    return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, out);
}

/* A size hint would make the file longer behind our back. */
static int on_control(sqlite3_file *file, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return of(file)->real->pMethods->xFileControl(of(file)->real, op, arg);
}

static int on_sector(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

static int on_character(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_shm_map(sqlite3_file *file, int i, int n, int extend,
                      void volatile **p)
{
    return of(file)->real->pMethods->xShmMap(of(file)->real, i, n, extend, p);
}

static int on_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
    return of(file)->real->pMethods->xShmLock(of(file)->real, at, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    of(file)->real->pMethods->xShmBarrier(of(file)->real);
}

static int on_shm_unmap(sqlite3_file *file, int erase)
{
    return of(file)->real->pMethods->xShmUnmap(of(file)->real, erase);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = on_close,
                                           .xRead = on_read,
                                           .xWrite = on_write,
                                           .xTruncate = on_truncate,
                                           .xSync = on_sync,
                                           .xFileSize = on_size,
                                           .xLock = on_lock,
                                           .xUnlock = on_unlock,
                                           .xCheckReservedLock = on_reserved,
                                           .xFileControl = on_control,
                                           .xSectorSize = on_sector,
                                           .xDeviceCharacteristics =
                                               on_character,
                                           .xShmMap = on_shm_map,
                                           .xShmLock = on_shm_lock,
                                           .xShmBarrier = on_shm_barrier,
                                           .xShmUnmap = on_shm_unmap};

static struct disk_file *find(const char *path, bool add)
{
    struct disk_file *empty = NULL;

    for (int i = 0; i < FILES; i++) {
        if (disk.file[i].is_used && strcmp(disk.file[i].path, path) == 0)
            return &disk.file[i];
        if (!disk.file[i].is_used && empty == NULL)
            empty = &disk.file[i];
    }
    if (!add || empty == NULL || strlen(path) >= PATH_BYTES)
        return NULL;
    *empty = (struct disk_file){.is_used = true};
    memcpy(empty->path, path, strlen(path) + 1);
    empty->end = &empty->first;
    return empty;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
                   int flags, int *out)
{
    struct power_file *p = of(file);
    int rc;

    (void)vfs;
    *p = (struct power_file){.real = (sqlite3_file *)(void *)(p + 1)};
    lock();
    if (path && disk.is_cut)
        return unlock(SQLITE_CANTOPEN);
    rc = disk.real->xOpen(disk.real, path, p->real, flags, out);
    p->base.pMethods = p->real->pMethods ? &methods : NULL;
    if (rc == SQLITE_OK && path)
        p->file = find(path, true);
    if (p->file)
        p->file->exists = true;
    return unlock(rc);
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    struct disk_file *f;
    int rc;

    (void)vfs;
    lock();
    f = find(path, false);
    if (f && !has_power())
        return unlock(SQLITE_IOERR_DELETE);
    rc = disk.real->xDelete(disk.real, path, 0);
    if (f && rc == SQLITE_OK) {
        changes_free(f);
        if (f->is_linked) {
            image_free(&f->gone);
            f->gone = f->kept;
            f->kept = (struct image){NULL, 0, 0};
            f->was_linked = true;
        }
        image_cut(&f->kept, 0);
        f->exists = f->is_linked = false;
        if (sync)
            link_all();
    }
    return unlock(rc);
}

bool power_disk_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    if (disk.real == NULL || strcmp(disk.real->zName, "power") == 0)
        return false;
    disk.vfs = *disk.real;
    disk.vfs.zName = "power";
    disk.vfs.pNext = NULL;
    disk.vfs.szOsFile =
        (int)sizeof(struct power_file) + disk.real->szOsFile + 16;
    disk.vfs.xOpen = on_open;
    disk.vfs.xDelete = on_delete;
    return sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK;
}

void power_disk_remove(void)
{
    power_disk_start(0);
    (void)sqlite3_vfs_register(disk.real, 1);
}

void power_disk_start(uint64_t seed)
{
    lock();
    for (int i = 0; i < FILES; i++) {
        changes_free(&disk.file[i]);
        image_free(&disk.file[i].kept);
        image_free(&disk.file[i].gone);
        disk.file[i] = (struct disk_file){.is_used = false};
    }
    disk.random = seed;
    disk.is_cut = disk.will_cut = false;
    disk.syncs_ppk = disk.writes_ppk = 0;
    (void)unlock(0);
}

void power_disk_cut_after(uint64_t n_calls)
{
    lock();
    disk.will_cut = true;
    disk.left = n_calls;
    (void)unlock(0);
}

bool power_disk_is_cut(void)
{
    lock();
    return unlock(disk.is_cut) != 0;
}

void power_disk_fail(unsigned syncs_ppk, unsigned writes_ppk)
{
    lock();
    disk.syncs_ppk = syncs_ppk;
    disk.writes_ppk = writes_ppk;
    (void)unlock(0);
}

static void write_out(const char *path, const unsigned char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || (n && write(fd, p, n) != (ssize_t)n) || close(fd))
        abort();
}

static void restart_file(struct disk_file *f)
{
    if (f->exists)
        keep_some(f);
    if (f->exists && !f->is_linked && draw(2))
        f->exists = false; /* the folder never heard of it */
    if (!f->exists && f->was_linked && draw(2)) {
        image_free(&f->kept);
        f->kept = f->gone; /* nor that this one is gone */
        f->gone = (struct image){NULL, 0, 0};
        f->exists = true;
    }
    f->is_linked = f->exists;
    f->was_linked = false;
    image_free(&f->gone);
    if (f->exists) {
        write_out(f->path, f->kept.p, f->kept.n);
    } else {
        image_cut(&f->kept, 0);
        (void)unlink(f->path);
    }
}

/* No program has the index of the log open: what is in it does not count. */
static void spoil_index(const char *path)
{
    char index[PATH_BYTES];
    unsigned char junk[SECTOR];

    if (snprintf(index, sizeof(index), "%s-shm", path) >= (int)sizeof(index))
        return;
    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = (unsigned char)draw(256);
    if (draw(2))
        write_out(index, junk, sizeof(junk));
    else
        (void)unlink(index);
}

void power_disk_restart(void)
{
    lock();
    for (int i = 0; i < FILES; i++) {
        struct disk_file *f = &disk.file[i];
        size_t n = strlen(f->path);

        if (!f->is_used)
            continue;
        restart_file(f);
        if (n > 3 && strcmp(f->path + n - 3, ".db") == 0)
            spoil_index(f->path);
    }
    disk.is_cut = disk.will_cut = false;
    (void)unlock(0);
}

uint64_t power_disk_draw(uint64_t n)
{
    uint64_t got;

    lock();
    got = draw(n);
    (void)unlock(0);
    return got;
}

struct power_disk_counts power_disk_counts(void)
{
    return disk.count;
}
