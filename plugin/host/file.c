/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/file.h"

#include "plugin/host/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static enum an_code fail_path(const char *path, enum an_code code,
                              const char *what, int sys, struct an_err *err)
{
    return an_fail_file(err, sys == ENOENT ? AN_NOTFOUND : code, what, path,
                        sys);
}

/* A file that grows while it is read gives what it was when it was opened. */
static enum an_code read_all(int fd, char *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = read(fd, p + done, n - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return AN_IO;
        done += (size_t)got;
    }
    return AN_OK;
}

static enum an_code read_open(struct an_arena *arena, int fd, const char *path,
                              size_t limit_bytes, struct an_str *bytes,
                              struct an_err *err)
{
    struct stat st;
    char *p;

    if (fstat(fd, &st))
        return fail_path(path, AN_IO, "cannot read the file", errno, err);
    if (!S_ISREG(st.st_mode))
        return fail_path(path, AN_TYPE, "not a plain file", 0, err);
    if ((uint64_t)st.st_size > limit_bytes)
        return fail_path(path, AN_LIMIT, "the file is too big", 0, err);
    p = an_arena_get(arena, (size_t)st.st_size + 1, 1);
    if (p == NULL)
        return an_fail_nomem(err);
    errno = 0;
    if (read_all(fd, p, (size_t)st.st_size))
        return fail_path(path, AN_IO, "the file ends before its size", errno,
                         err);
    *bytes = (struct an_str){p, (size_t)st.st_size};
    return AN_OK;
}

enum an_code pl_file_read(struct an_arena *arena, const char *path,
                          size_t limit_bytes, struct an_str *bytes,
                          struct an_err *err)
{
    /* Not to hang on a pipe that stands where a file was meant. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum an_code code;

    if (fd < 0)
        return fail_path(path, AN_IO, "cannot open the file", errno, err);
    code = read_open(arena, fd, path, limit_bytes, bytes, err);
    close(fd);
    return code;
}

static bool write_all(int fd, struct an_str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = an_str_sub(bytes, (size_t)n, bytes.n);
    }
    return true;
}

enum an_code pl_file_sync_folder(const char *path, struct an_err *err)
{
    char folder[PATH_BYTES];
    char *slash;
    int fd, rc, sys;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof(folder), ".");
    else
        slash[slash == folder] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd < 0 ? -1 : fsync(fd);
    sys = errno;
    if (fd >= 0)
        (void)close(fd);
    return rc == 0 ? AN_OK
                   : fail_path(path, AN_IO, "cannot make the new file last",
                               sys, err);
}

static bool write_beside(int fd, struct an_str bytes, unsigned mode)
{
    bool ok =
        fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
    int saved = errno;

    if (close(fd) && ok)
        return false;
    errno = saved;
    return ok;
}

enum an_code pl_file_write(const char *path, struct an_str bytes, unsigned mode,
                           struct an_err *err)
{
    char beside[PATH_BYTES];
    int n = snprintf(beside, sizeof(beside), "%s.%ld-%lld.new", path,
                     (long)getpid(), (long long)pl_now_us());
    int fd, sys;

    if (n < 0 || (size_t)n >= sizeof(beside))
        return fail_path(path, AN_LIMIT, "the path is too long", 0, err);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_path(path, AN_IO, "cannot make a file in that folder",
                         errno, err);
    if (write_beside(fd, bytes, mode) && rename(beside, path) == 0)
        return pl_file_sync_folder(path, err);
    sys = errno;
    unlink(beside);
    return fail_path(path, AN_IO, "cannot write the file", sys, err);
}
