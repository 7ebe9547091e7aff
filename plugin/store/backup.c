/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/backup.h"

#include "plugin/host/file.h"
#include "plugin/store/db_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEP_PAGES = 256, BUSY_MS = 5000, PATH_BYTES = 4200 };

static enum an_code fail_path(struct an_err *err, enum an_code code,
                              const char *what, const char *path)
{
    return an_fail_file(err, code, what, path, code == AN_IO ? errno : 0);
}

static bool is_there(const char *path)
{
    struct stat s;

    return lstat(path, &s) == 0;
}

/* A path and what follows it. */
static enum an_code name(char *out, const char *path, const char *suffix,
                         struct an_err *err)
{
    int n = snprintf(out, PATH_BYTES, "%s%s", path, suffix);

    return n > 0 && n < PATH_BYTES
               ? AN_OK
               : an_fail(err, AN_LIMIT, "the name of the file is too long", 0);
}

/* ---- copying ----------------------------------------------------------------- */

static enum an_code step_all(sqlite3_backup *b, const struct pl_db *to,
                             int pause_ms, struct an_err *err)
{
    struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000L};
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        rc = sqlite3_backup_step(b, STEP_PAGES);
        if (rc != SQLITE_DONE && pause_ms > 0)
            (void)nanosleep(&pause, NULL);
    }
    return rc == SQLITE_DONE ? AN_OK : pl_db_fail(to, rc, err);
}

static enum an_code check_pages(struct pl_db *db, int64_t *version,
                                struct an_err *err)
{
    int64_t sound = 0;
    enum an_code code = pl_schema_identify(db, pl_schema_n_steps, version, err);

    if (code == AN_OK)
        code = pl_db_number(
            db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check(1)",
            &sound, err);
    if (code == AN_OK && *version == 0)
        code = an_fail(err, AN_INTEGRITY, "the file is no store", 0);
    if (code == AN_OK && !sound)
        code = an_fail(err, AN_INTEGRITY, "the copy is damaged", 0);
    return code;
}

/* Between BEGIN and ROLLBACK of the source one state is seen. */
static enum an_code copy_pages(struct pl_db *from, struct pl_db *to,
                               int pause_ms, struct an_err *err)
{
    int64_t n, version;
    enum an_code code = pl_db_exec(from, "BEGIN", err);
    sqlite3_backup *b;

    if (code == AN_OK)
        code =
            pl_db_number(from, "SELECT count(*) FROM sqlite_schema", &n, err);
    if (code != AN_OK)
        return code;
    b = sqlite3_backup_init(to->sql, "main", from->sql, "main");
    if (b == NULL)
        return pl_db_fail(to, sqlite3_errcode(to->sql), err);
    code = step_all(b, to, pause_ms, err);
    (void)sqlite3_backup_finish(b);
    (void)!pl_db_exec(from, "ROLLBACK", NULL);
    /* One file, without a log beside it. */
    if (code == AN_OK)
        code = pl_db_exec(to, "PRAGMA journal_mode = DELETE", err);
    return code == AN_OK ? check_pages(to, &version, err) : code;
}

static enum an_code copy_store(const struct pl_backup_options *o,
                               const char *part, struct an_err *err)
{
    struct pl_db from = {.n_stmts = 0}, to = {.n_stmts = 0};
    enum an_code code =
        pl_db_open(&from, o->path, NULL, false, 8 << 20, BUSY_MS, err);
    int64_t version;

    if (code == AN_OK)
        code = pl_schema_identify(&from, pl_schema_n_steps, &version, err);
    if (code == AN_OK)
        code = pl_db_open(&to, part, NULL, true, 8 << 20, BUSY_MS, err);
    if (code == AN_OK)
        code = copy_pages(&from, &to, o->pause_ms, err);
    pl_db_close(&to);
    pl_db_close(&from);
    return code;
}

/* Its hash and size; flushed, and copied to `to` unless that is -1. */
static enum an_code hash_file(const char *path, int to,
                              struct pl_backup_result *out, struct an_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct an_sha256_run run;
    char chunk[8192];
    enum an_code code;
    ssize_t n = 0;

    out->bytes = 0;
    if (fd < 0)
        return fail_path(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                         "the file cannot be read", path);
    code = an_sha256_begin(&run, err);
    if (code == AN_OK) {
        while (code == AN_OK && (n = read(fd, chunk, sizeof(chunk))) > 0) {
            out->bytes += n;
            code = an_sha256_add(&run, (struct an_str){chunk, (size_t)n}, err);
            if (code == AN_OK && to >= 0 && write(to, chunk, (size_t)n) != n)
                code =
                    fail_path(err, AN_IO, "the copy cannot be written", path);
        }
        if (code == AN_OK && (n < 0 || fsync(to >= 0 ? to : fd) != 0))
            code = fail_path(err, AN_IO, "the copy cannot be flushed", path);
        an_sha256_end(&run, code == AN_OK ? &out->sha256 : NULL);
    }
    (void)close(fd);
    return code;
}

/* ---- backup ------------------------------------------------------------------- */

/* As sha256sum(1) reads it. */
static enum an_code write_sum(const char *path, const char *sum,
                              const struct an_sha256 *hash, struct an_err *err)
{
    const char *base = strrchr(path, '/');
    char hex[AN_SHA256_HEX + 1], text[PATH_BYTES + AN_SHA256_HEX];
    int n;

    an_hex_print(hash->b, sizeof(hash->b), hex);
    n = snprintf(text, sizeof(text), "%s  %s\n", hex, base ? base + 1 : path);
    return pl_file_write(sum, (struct an_str){text, (size_t)n}, 0600, err);
}

/* A link refuses what is there; a rename takes its place. */
static enum an_code put_in_place(const struct pl_backup_options *o,
                                 const char *part, const char *sum,
                                 struct an_err *err)
{
    if (o->replace) {
        (void)unlink(sum);
        if (rename(part, o->to) != 0)
            return fail_path(err, AN_IO, "the copy cannot be renamed", o->to);
    } else if (link(part, o->to) != 0) {
        return fail_path(err, errno == EEXIST ? AN_CONFLICT : AN_IO,
                         errno == EEXIST ? "the file is there already"
                                         : "the copy cannot be renamed",
                         o->to);
    }
    return pl_file_sync_folder(o->to, err);
}

enum an_code pl_backup(const struct pl_backup_options *o,
                       struct pl_backup_result *out, struct an_err *err)
{
    char part[PATH_BYTES], sum[PATH_BYTES], suffix[40];
    enum an_code code;

    *out = (struct pl_backup_result){.bytes = 0};
    (void)snprintf(suffix, sizeof(suffix), ".part-%ld", (long)getpid());
    code = name(part, o->to, suffix, err);
    if (code == AN_OK)
        code = name(sum, o->to, ".sha256", err);
    if (code == AN_OK && !o->replace && is_there(o->to))
        code = fail_path(err, AN_CONFLICT, "the file is there already", o->to);
    if (code != AN_OK)
        return code;
    (void)unlink(part);
    code = copy_store(o, part, err);
    if (code == AN_OK)
        code = hash_file(part, -1, out, err);
    if (code == AN_OK)
        code = put_in_place(o, part, sum, err);
    (void)unlink(part);
    if (code == AN_OK)
        code = write_sum(o->to, sum, &out->sha256, err);
    return code;
}

/* ---- restore ------------------------------------------------------------------ */

static enum an_code check_sum(const struct pl_backup_options *o,
                              const struct an_sha256 *hash, struct an_err *err)
{
    char sum[PATH_BYTES], text[AN_SHA256_HEX + 1] = "";
    struct an_sha256 want;
    enum an_code code = name(sum, o->to, ".sha256", err);
    FILE *f;

    if (code != AN_OK)
        return code;
    f = fopen(sum, "re");
    if (f == NULL)
        return errno == ENOENT
                   ? AN_OK
                   : fail_path(err, AN_IO, "the checksum cannot be read", sum);
    if (fread(text, 1, AN_SHA256_HEX, f) != AN_SHA256_HEX ||
        !an_hex_parse((struct an_str){text, AN_SHA256_HEX}, want.b,
                      sizeof(want.b)) ||
        memcmp(want.b, hash->b, sizeof(want.b)) != 0)
        code = fail_path(err, AN_INTEGRITY,
                         "the copy is not the one of its checksum", o->to);
    (void)fclose(f);
    return code;
}

/* A copy that an earlier version made.  The one in hand is changed, the file that
 * it came from is not. */
static enum an_code bring_up(const char *part, struct an_err *err)
{
    struct pl_db db = {.n_stmts = 0};
    enum an_code code =
        pl_db_open(&db, part, NULL, true, 8 << 20, BUSY_MS, err);

    if (code == AN_OK)
        code = pl_schema_migrate(&db, pl_schema_step, pl_schema_n_steps, err);
    pl_db_close(&db);
    return code;
}

static enum an_code take_copy(const struct pl_backup_options *o,
                              const char *part, struct pl_backup_result *out,
                              struct an_err *err)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct pl_db db = {.n_stmts = 0};
    enum an_code code;

    if (fd < 0)
        return fail_path(err, AN_IO, "the copy cannot be written", part);
    code = hash_file(o->to, fd, out, err);
    (void)close(fd);
    if (code == AN_OK)
        code = check_sum(o, &out->sha256, err);
    if (code == AN_OK)
        code = pl_db_open(&db, part, NULL, false, 8 << 20, BUSY_MS, err);
    if (code == AN_OK)
        code = check_pages(&db, &out->version, err);
    pl_db_close(&db);
    out->is_older = code == AN_OK && out->version < (int64_t)pl_schema_n_steps;
    return out->is_older ? bring_up(part, err) : code;
}

/* Nobody else has the store open: only then does it leave the log, which is
 * folded into the file.  The lock is held while it is moved. */
static enum an_code seize(struct pl_db *db, const char *path,
                          struct an_err *err)
{
    enum an_code code = pl_db_open(db, path, NULL, false, 1 << 20, 0, err);
    int64_t is_wal = 0;

    if (code == AN_OK)
        code = pl_db_exec(db, "PRAGMA query_only = OFF", err);
    if (code == AN_OK)
        code = pl_db_number(
            db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal,
            err);
    if (code == AN_OK && is_wal)
        code = pl_db_settle(db, err);
    if (code == AN_OK)
        code = pl_db_exec(db,
                          "PRAGMA journal_mode = DELETE;"
                          "BEGIN EXCLUSIVE",
                          err);
    if (code == AN_BUSY)
        code = fail_path(err, AN_CONFLICT,
                         "the store is in use: stop what has it open", path);
    return code;
}

/* Its log, or the journal of a change that was cut off: of a store that is
 * damaged, or of one that somebody has moved away.  SQLite would carry them over
 * into whatever has the store's name. */
static const char *const beside[] = {"-wal", "-journal"};
enum { N_BESIDE = 2 };

static enum an_code move_beside(const char *from, const char *to, int i,
                                bool *moved, struct an_err *err)
{
    char old[PATH_BYTES], new[PATH_BYTES];
    enum an_code code = name(old, from, beside[i], err);

    *moved = false;
    if (code == AN_OK)
        code = name(new, to, beside[i], err);
    if (code == AN_OK && is_there(old)) {
        *moved = rename(old, new) == 0;
        if (!*moved)
            code = fail_path(err, AN_IO, "the old store cannot be kept", old);
    }
    return code;
}

/* What was there, under a name of its own; nothing has gone when this fails. */
static enum an_code exchange(const struct pl_backup_options *o,
                             const char *part, bool has_old, char *aside,
                             struct an_err *err)
{
    bool moved[N_BESIDE] = {false}, linked = false;
    enum an_code code = AN_OK;

    if (has_old) {
        linked = link(o->path, aside) == 0;
        if (!linked)
            code =
                fail_path(err, AN_IO, "the old store cannot be kept", o->path);
    }
    for (int i = 0; code == AN_OK && i < N_BESIDE; i++)
        code = move_beside(o->path, aside, i, &moved[i], err);
    if (code == AN_OK && rename(part, o->path) != 0)
        code = fail_path(err, AN_IO, "the copy cannot be renamed", o->path);
    if (code == AN_OK) {
        if (!linked && !moved[0] && !moved[1])
            aside[0] = '\0';
        return AN_OK;
    }
    for (int i = 0; i < N_BESIDE; i++)
        if (moved[i])
            (void)!move_beside(aside, o->path, i, &moved[i], NULL);
    if (linked)
        (void)unlink(aside);
    aside[0] = '\0';
    return code;
}

static enum an_code put_copy(const struct pl_backup_options *o,
                             const char *part, bool has_old,
                             struct pl_backup_result *out, struct an_err *err)
{
    char suffix[64];
    enum an_code code;

    (void)snprintf(suffix, sizeof(suffix), ".before-%lld",
                   (long long)time(NULL));
    code = name(out->aside, o->path, suffix, err);
    if (code == AN_OK && is_there(out->aside))
        code = fail_path(err, AN_CONFLICT, "the file is there already",
                         out->aside);
    return code == AN_OK ? exchange(o, part, has_old, out->aside, err) : code;
}

static void drop_part(const char *part)
{
    char journal[PATH_BYTES];

    (void)unlink(part);
    if (name(journal, part, "-journal", NULL) == AN_OK)
        (void)unlink(journal);
}

enum an_code pl_restore(const struct pl_backup_options *o,
                        enum an_code (*verify)(void *ctx, const char *path,
                                               struct an_err *err),
                        void *ctx, struct pl_backup_result *out,
                        struct an_err *err)
{
    struct pl_db old = {.n_stmts = 0};
    bool has_old = is_there(o->path);
    char part[PATH_BYTES];
    enum an_code code = name(part, o->path, ".restoring", err);

    *out = (struct pl_backup_result){.bytes = 0};
    if (code == AN_OK && has_old)
        code = seize(&old, o->path, err);
    /* What is damaged cannot be asked who uses it. */
    if (code == AN_INTEGRITY)
        code = AN_OK;
    if (code == AN_OK) {
        drop_part(part);
        code = take_copy(o, part, out, err);
        if (code == AN_OK && verify)
            code = verify(ctx, part, err);
        if (code == AN_OK)
            code = put_copy(o, part, has_old, out, err);
        drop_part(part);
        if (code == AN_OK)
            code = pl_file_sync_folder(o->path, err);
    }
    pl_db_close(&old);
    return code;
}
