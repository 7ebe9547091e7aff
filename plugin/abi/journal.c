/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/journal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum state { FREE, CLAIMED, IN_HAND, POISON };

/* A row of the file, in the machine's own order: it never leaves it. */
struct row {
    struct an_sha256 hash;
    int64_t time_us;
    int32_t pid;
    _Atomic uint32_t state;
    uint8_t rest[16];
};

enum { PATH_BYTES = 4096, MAGIC_BYTES = 16 };

struct file {
    char magic[MAGIC_BYTES];
    uint8_t rest[48];
    struct row in_hand[ABI_JOURNAL_IN_HAND];
    struct row poison[ABI_JOURNAL_POISON];
};

_Static_assert(sizeof(struct row) == 64, "rows stay where they are");
_Static_assert(sizeof(struct file) == 65536, "the file is 64 KiB");

struct abi_journal {
    struct file *file;
    int fd;
    size_t n_found;
    struct an_sha256 found[ABI_JOURNAL_IN_HAND];
    struct row *found_row[ABI_JOURNAL_IN_HAND];
};

static const char magic[MAGIC_BYTES] = "anamnesis hand1";
static const char nothing[MAGIC_BYTES];

static enum an_code fail(struct an_err *err, enum an_code code,
                         const char *what, const char *path)
{
    return an_fail_file(err, code, what, path, code == AN_IO ? errno : 0);
}

/* A file that is not ours is not written to. */
static enum an_code claim(struct abi_journal *j, const char *path,
                          struct an_err *err)
{
    char head[MAGIC_BYTES];
    ssize_t n;

    j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return fail(err, AN_IO, "cannot be opened", path);
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? fail(err, AN_CONFLICT,
                          "the store is in use by another configuration or "
                          "process",
                          path)
                   : fail(err, AN_IO, "cannot be locked", path);
    /* Zeros are one of ours whose maker died before it wrote its name. */
    n = pread(j->fd, head, sizeof(head), 0);
    if (n != 0 && (n != (ssize_t)sizeof(head) ||
                   (memcmp(head, magic, sizeof(head)) != 0 &&
                    memcmp(head, nothing, sizeof(head)) != 0)))
        return fail(err, AN_CONFLICT, "is no journal of messages", path);
    return AN_OK;
}

/* Blocks are taken now: a full disk must not become a signal later. */
static enum an_code map(struct abi_journal *j, const char *path,
                        struct an_err *err)
{
    void *p;

    do
        errno = posix_fallocate(j->fd, 0, sizeof(struct file));
    while (errno == EINTR);
    if (errno != 0)
        return fail(err, AN_IO, "there is no room for it", path);
    p = mmap(NULL, sizeof(struct file), PROT_READ | PROT_WRITE, MAP_SHARED,
             j->fd, 0);
    if (p == MAP_FAILED)
        return fail(err, AN_IO, "cannot be mapped", path);
    j->file = p;
    memcpy(j->file->magic, magic, sizeof(magic));
    return AN_OK;
}

/* The place of the oldest, or one that is free. */
static struct row *poison_row(struct file *f)
{
    struct row *oldest = &f->poison[0];

    for (size_t i = 0; i < ABI_JOURNAL_POISON; i++) {
        if (atomic_load(&f->poison[i].state) != POISON)
            return &f->poison[i];
        if (f->poison[i].time_us < oldest->time_us)
            oldest = &f->poison[i];
    }
    return oldest;
}

/* Rows in hand stay until abi_journal_settle: who dies before that finds them
 * again. */
static void quarantine_the_dead(struct abi_journal *j)
{
    for (size_t i = 0; i < ABI_JOURNAL_IN_HAND; i++) {
        struct row *from = &j->file->in_hand[i];

        if (atomic_load(&from->state) == IN_HAND) {
            struct row *to = poison_row(j->file);

            j->found_row[j->n_found] = from;
            j->found[j->n_found++] = from->hash;
            if (!abi_journal_is_poison(j, &from->hash)) {
                to->hash = from->hash;
                to->time_us = from->time_us;
                to->pid = from->pid;
                atomic_store(&to->state, POISON);
            }
        } else {
            atomic_store(&from->state, FREE);
        }
    }
}

void abi_journal_settle(struct abi_journal *j)
{
    for (size_t i = 0; i < j->n_found; i++)
        atomic_store(&j->found_row[i]->state, FREE);
    j->n_found = 0;
}

enum an_code abi_journal_open(const char *store, struct abi_journal **out,
                              struct an_err *err)
{
    struct abi_journal *j = calloc(1, sizeof(*j));
    char path[PATH_BYTES];
    enum an_code rc;

    if (j == NULL)
        return an_fail_nomem(err);
    j->fd = -1;
    if (snprintf(path, sizeof(path), "%s.inflight", store) >= (int)sizeof(path))
        rc = an_fail(err, AN_CONFIG, "store.path is too long", 0);
    else
        rc = claim(j, path, err);
    if (rc == AN_OK)
        rc = map(j, path, err);
    if (rc != AN_OK) {
        abi_journal_close(j);
        return rc;
    }
    quarantine_the_dead(j);
    *out = j;
    return AN_OK;
}

void abi_journal_close(struct abi_journal *j)
{
    if (j == NULL)
        return;
    if (j->file)
        (void)munmap(j->file, sizeof(*j->file));
    if (j->fd >= 0)
        (void)close(j->fd);
    free(j);
}

bool abi_journal_found(const struct abi_journal *j, size_t n,
                       struct an_sha256 *out)
{
    if (n >= j->n_found)
        return false;
    *out = j->found[n];
    return true;
}

static bool is(const struct row *r, uint32_t state,
               const struct an_sha256 *hash)
{
    return atomic_load(&r->state) == state &&
           memcmp(r->hash.b, hash->b, sizeof(hash->b)) == 0;
}

bool abi_journal_is_poison(const struct abi_journal *j,
                           const struct an_sha256 *hash)
{
    bool found = false;

    for (size_t i = 0; i < ABI_JOURNAL_POISON && !found; i++)
        found = is(&j->file->poison[i], POISON, hash);
    return found;
}

void abi_journal_acquit(struct abi_journal *j, const struct an_sha256 *hash)
{
    for (size_t i = 0; i < ABI_JOURNAL_POISON; i++)
        if (is(&j->file->poison[i], POISON, hash))
            atomic_store(&j->file->poison[i].state, FREE);
}

size_t abi_journal_n_poison(const struct abi_journal *j)
{
    size_t n = 0;

    for (size_t i = 0; i < ABI_JOURNAL_POISON; i++)
        n += atomic_load(&j->file->poison[i].state) == POISON;
    return n;
}

int abi_journal_take(struct abi_journal *j, const struct an_sha256 *hash,
                     int64_t now_us)
{
    for (int i = 0; i < ABI_JOURNAL_IN_HAND; i++) {
        struct row *r = &j->file->in_hand[i];
        uint32_t expected = FREE;

        if (!atomic_compare_exchange_strong(&r->state, &expected, CLAIMED))
            continue;
        r->hash = *hash;
        r->time_us = now_us;
        r->pid = (int32_t)getpid();
        atomic_store(&r->state, IN_HAND);
        return i;
    }
    return -1;
}

void abi_journal_give(struct abi_journal *j, int slot)
{
    atomic_store(&j->file->in_hand[slot].state, FREE);
}
