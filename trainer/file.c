/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum an_code tr_file_map(const char *path, struct an_str *bytes,
                         struct an_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p;

    if (fd < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "a file cannot be opened", errno);
    if (fstat(fd, &st) < 0) {
        enum an_code code =
            an_fail_sys(err, AN_IO, "a file cannot be read", errno);

        close(fd);
        return code;
    }
    *bytes = (struct an_str){"", 0};
    if (st.st_size == 0) {
        close(fd);
        return AN_OK;
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return an_fail_sys(err, AN_IO, "a file cannot be mapped", errno);
    *bytes = (struct an_str){p, (size_t)st.st_size};
    return AN_OK;
}

void tr_file_unmap(struct an_str bytes)
{
    union {
        const char *kept;
        void *given;
    } p = {bytes.p};

    if (bytes.n)
        munmap(p.given, bytes.n);
}

static bool write_all(int fd, struct an_str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return true;
}

static enum an_code write_as(const char *path, struct an_str bytes, mode_t mode,
                             struct an_err *err)
{
    char beside[4096];
    int n = snprintf(beside, sizeof(beside), "%s.part", path);
    int fd, failed = 0;

    if (n < 0 || (size_t)n >= sizeof(beside))
        return an_fail(err, AN_LIMIT, "a file name is too long", 0);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return an_fail_sys(err, AN_IO, "a file cannot be made", errno);
    if ((mode == 0600 && fchmod(fd, mode) < 0) || !write_all(fd, bytes) ||
        fsync(fd) < 0)
        failed = errno;
    if (close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(beside, path) < 0)
        failed = errno;
    if (failed) {
        unlink(beside);
        return an_fail_sys(err, AN_IO, "a file cannot be written", failed);
    }
    return AN_OK;
}

enum an_code tr_file_write(const char *path, struct an_str bytes,
                           struct an_err *err)
{
    return write_as(path, bytes, 0644, err);
}

enum an_code tr_file_write_private(const char *path, struct an_str bytes,
                                   struct an_err *err)
{
    return write_as(path, bytes, 0600, err);
}
