/* SPDX-License-Identifier: Apache-2.0 */
/* A library to be preloaded (LD_PRELOAD) into the program, in whose world the
 * disk fails and the clock jumps, as the files in the folder BAD_WORLD say:
 *
 *     write, read, sync, cut   an error number: every such call on a file of
 *                              the store ("....db", and its log) fails with it
 *     clock                    seconds that are added to the wall clock
 *
 * A file that is not there, or empty, means that all is well.  The monotonic
 * clock is left alone. */
#define _GNU_SOURCE /* RTLD_NEXT, pwrite64 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

/* The number in a file of the folder, 0 without one.  System calls, since the
 * calls of the C library are those that are replaced. */
static long said(const char *name)
{
    const char *folder = getenv("BAD_WORLD");
    char path[PATH_BYTES], text[32] = "";
    long n;
    int fd;

    if (folder == NULL ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >= PATH_BYTES)
        return 0;
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    n = syscall(SYS_read, fd, text, sizeof(text) - 1);
    (void)syscall(SYS_close, fd);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

static bool is_store(int fd)
{
    char link[64], path[PATH_BYTES];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return strstr(path, ".db") != NULL && strstr(path, "-shm") == NULL;
}

static bool fails(const char *name, int fd)
{
    int before = errno;
    bool is_ours = is_store(fd);
    long code = is_ours ? said(name) : 0;

    errno = code ? (int)code : before;
    return code != 0;
}

static void *next(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);

    if (p == NULL)
        abort();
    return p;
}

/* A pointer to a function, of one to data, as POSIX means it. */
#define NEXT(type, name)                                                       \
    type name##_next;                                                          \
    void *name##_address = next(#name);                                        \
    memcpy(&name##_next, &name##_address, sizeof(name##_next))

typedef ssize_t pwrite_fn(int, const void *, size_t, off64_t);
typedef ssize_t pread_fn(int, void *, size_t, off64_t);
typedef int fd_fn(int);
typedef int truncate_fn(int, off64_t);
typedef int clock_fn(clockid_t, struct timespec *);

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    NEXT(pwrite_fn *, pwrite64);

    return fails("write", fd) ? -1 : pwrite64_next(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
    NEXT(pread_fn *, pread64);

    return fails("read", fd) ? -1 : pread64_next(fd, p, n, at);
}

int fdatasync(int fd)
{
    NEXT(fd_fn *, fdatasync);

    return fails("sync", fd) ? -1 : fdatasync_next(fd);
}

int fsync(int fd)
{
    NEXT(fd_fn *, fsync);

    return fails("sync", fd) ? -1 : fsync_next(fd);
}

int ftruncate64(int fd, off64_t n)
{
    NEXT(truncate_fn *, ftruncate64);

    return fails("cut", fd) ? -1 : ftruncate64_next(fd, n);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    NEXT(clock_fn *, clock_gettime);
    int rc = clock_gettime_next(clock, t);

    if (rc == 0 && clock == CLOCK_REALTIME)
        t->tv_sec += said("clock");
    return rc;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
