/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/upgrade_int.h"

#include "plugin/store/backup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { PATH_BYTES = 4200, SPARE_BYTES = 16 << 20 };

static uint64_t size_of(const char *path, const char *suffix)
{
    char text[PATH_BYTES];
    struct stat s;
    int n = snprintf(text, sizeof(text), "%s%s", path, suffix);

    return n > 0 && n < PATH_BYTES && stat(text, &s) == 0 && s.st_size > 0
               ? (uint64_t)s.st_size
               : 0;
}

/* For the copy, and an eighth of it for what the steps write.  A file system that
 * does not tell has room until it says no. */
static enum an_code find_room(const char *path, struct an_err *err)
{
    uint64_t bytes = size_of(path, "") + size_of(path, "-wal");
    struct statvfs disk;

    if (statvfs(path, &disk) != 0 || disk.f_blocks == 0 ||
        (uint64_t)disk.f_bavail * disk.f_frsize >=
            bytes + bytes / 8 + SPARE_BYTES)
        return AN_OK;
    return an_fail_file(err, AN_IO,
                        "no room for the copy that is made before an upgrade "
                        "(store.upgrade_copy)",
                        path, ENOSPC);
}

/* The version is that of the first step that is left. */
static enum an_code copy(const char *path, int64_t version, int64_t *bytes,
                         struct an_err *err)
{
    char to[PATH_BYTES];
    struct pl_backup_options o = {.path = path, .to = to, .replace = true};
    struct pl_backup_result r = {.bytes = 0};
    int n = snprintf(to, sizeof(to), "%s.before-%lld.bak", path,
                     (long long)version + 1);
    enum an_code code;

    if (n <= 0 || n >= PATH_BYTES)
        return an_fail(err, AN_LIMIT, "the name of the file is too long", 0);
    code = find_room(path, err);
    if (code == AN_OK)
        code = pl_backup(&o, &r, err);
    *bytes = r.bytes;
    return code;
}

/* Nobody writes meanwhile, and two who upgrade copy one after the other. */
static enum an_code copy_alone(struct pl_db *db, const char *path,
                               int64_t *bytes, struct an_err *err)
{
    int64_t version = 0;
    enum an_code code = pl_db_exec(db, "BEGIN IMMEDIATE", err);

    if (code == AN_OK)
        code = pl_schema_identify(db, pl_schema_n_steps, &version, err);
    if (code == AN_OK && version < (int64_t)pl_schema_n_steps)
        code = copy(path, version, bytes, err);
    if (!sqlite3_get_autocommit(db->sql))
        (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum an_code pl_upgrade(struct pl_db *db, const struct pl_store_options *o,
                        int64_t version, struct an_err *err)
{
    int64_t bytes = 0;
    bool is_older = version > 0 && version < (int64_t)pl_schema_n_steps;
    enum an_code code =
        is_older && !o->no_copy ? copy_alone(db, o->path, &bytes, err) : AN_OK;

    if (code == AN_OK)
        code = pl_schema_migrate(db, pl_schema_step, pl_schema_n_steps, err);
    if (code == AN_OK && is_older)
        an_log(o->log, AN_EVENT_STORE_UPGRADED, (uint64_t)version,
               pl_schema_n_steps, (uint64_t)bytes);
    return code;
}
