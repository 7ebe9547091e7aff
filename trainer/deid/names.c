/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/names.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_BYTES = 32,
    LINE_BYTES = 4 * TR_DEID_NAME_BYTES + 2, /* hex, tab, hex, line feed */
    FIRST_SIZE = 1024
};

/* ---- the table ----------------------------------------------------------- */

static struct tr_deid_pair *slot(struct tr_deid_pair *pair, size_t size,
                                 const uint8_t of[TR_DEID_NAME_BYTES])
{
    size_t i;

    memcpy(&i, of, sizeof(i));
    for (i &= size - 1;
         pair[i].used && memcmp(pair[i].of, of, TR_DEID_NAME_BYTES) != 0;)
        i = (i + 1) & (size - 1);
    return &pair[i];
}

static bool grow(struct tr_deid_names *names)
{
    size_t size = names->size ? 2 * names->size : FIRST_SIZE;
    struct tr_deid_pair *pair = calloc(size, sizeof(*pair));

    if (pair == NULL)
        return false;
    for (size_t i = 0; i < names->size; i++)
        if (names->pair[i].used)
            *slot(pair, size, names->pair[i].of) = names->pair[i];
    free(names->pair);
    names->pair = pair;
    names->size = size;
    return true;
}

static bool put(struct tr_deid_names *names,
                const uint8_t of[TR_DEID_NAME_BYTES],
                const uint8_t name[TR_DEID_NAME_BYTES])
{
    struct tr_deid_pair *pair;

    if (2 * names->n >= names->size && !grow(names))
        return false;
    pair = slot(names->pair, names->size, of);
    if (!pair->used)
        names->n++;
    memcpy(pair->of, of, TR_DEID_NAME_BYTES);
    memcpy(pair->name, name, TR_DEID_NAME_BYTES);
    pair->used = true;
    return true;
}

static enum an_code read_table(struct tr_deid_names *names, FILE *file,
                               struct an_err *err)
{
    uint8_t of[TR_DEID_NAME_BYTES], name[TR_DEID_NAME_BYTES];
    char line[LINE_BYTES + 1];
    uint32_t n = 0;

    while (fgets(line, sizeof(line), file)) {
        n++;
        if (strlen(line) != LINE_BYTES || line[LINE_BYTES - 1] != '\n' ||
            !an_hex_parse((struct an_str){line, 2 * TR_DEID_NAME_BYTES}, of,
                          sizeof(of)) ||
            line[2 * TR_DEID_NAME_BYTES] != '\t' ||
            !an_hex_parse((struct an_str){line + 2 * TR_DEID_NAME_BYTES + 1,
                                          2 * TR_DEID_NAME_BYTES},
                          name, sizeof(name)))
            return an_fail_line(err, AN_CONFIG,
                                "a row of the table of pseudonyms is none",
                                names->path, n, 1);
        if (!put(names, of, name))
            return an_fail_nomem(err);
    }
    if (ferror(file))
        return an_fail_file(err, AN_IO, "the file cannot be read", names->path,
                            errno);
    return AN_OK;
}

/* ---- the files ----------------------------------------------------------- */

static enum an_code read_key(struct tr_deid_names *names, FILE *file,
                             struct an_err *err)
{
    char text[2 * KEY_BYTES + 8];
    size_t n = fread(text, 1, sizeof(text), file);
    struct an_str bytes = {text, n};
    bool good = true;

    if (n == KEY_BYTES)
        memcpy(names->key.key, text, KEY_BYTES);
    else
        good = n < sizeof(text) &&
               an_hex_parse(an_str_trim(bytes), names->key.key, KEY_BYTES);
    explicit_bzero(text, sizeof(text));
    return good ? AN_OK
                : an_fail_file(err, AN_CONFIG,
                               "a key is 32 bytes or 64 hex digits",
                               names->path, 0);
}

static enum an_code read_secret(struct tr_deid_names *names, FILE *file,
                                struct an_err *err)
{
    struct stat s;

    if (fstat(fileno(file), &s) < 0 || !S_ISREG(s.st_mode))
        return an_fail_file(err, AN_CONFIG, "this is no file", names->path, 0);
    if (s.st_mode & 077)
        return an_fail_file(err, AN_CONFIG,
                            "others may use this file: its mode has to be "
                            "0600 or 0400",
                            names->path, 0);
    names->found = s;
    return names->profile == TR_DEID_DATE_SHIFT ? read_key(names, file, err)
                                                : read_table(names, file, err);
}

enum an_code tr_deid_names_open(struct tr_deid_names *names,
                                enum tr_deid_profile profile, const char *path,
                                struct an_err *err)
{
    enum an_code code;
    FILE *file;

    *names = (struct tr_deid_names){.profile = profile, .path = path};
    if (profile == TR_DEID_SAFE_HARBOR && !grow(names))
        return an_fail_nomem(err);
    if (path == NULL)
        return profile == TR_DEID_DATE_SHIFT
                   ? tr_pseudonym_random(&names->key, err)
                   : AN_OK;
    file = fopen(path, "rbe");
    if (file == NULL && errno == ENOENT && profile == TR_DEID_SAFE_HARBOR)
        return AN_OK;
    if (file == NULL)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "the file cannot be read", path, errno);
    code = read_secret(names, file, err);
    fclose(file);
    return code;
}

void tr_deid_names_close(struct tr_deid_names *names)
{
    if (names->pair)
        explicit_bzero(names->pair, names->size * sizeof(*names->pair));
    free(names->pair);
    explicit_bzero(names, sizeof(*names));
}

static bool print_rows(const struct tr_deid_names *names, FILE *file)
{
    char of[2 * TR_DEID_NAME_BYTES + 1], name[2 * TR_DEID_NAME_BYTES + 1];

    for (size_t i = 0; i < names->size; i++) {
        if (!names->pair[i].used)
            continue;
        an_hex_print(names->pair[i].of, TR_DEID_NAME_BYTES, of);
        an_hex_print(names->pair[i].name, TR_DEID_NAME_BYTES, name);
        if (fprintf(file, "%s\t%s\n", of, name) < 0)
            return false;
    }
    return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

static bool is_as_found(const struct tr_deid_names *names)
{
    struct stat now = {0};

    if (stat(names->path, &now) < 0)
        return errno == ENOENT && names->found.st_ino == 0;
    return now.st_ino == names->found.st_ino &&
           now.st_dev == names->found.st_dev &&
           now.st_size == names->found.st_size &&
           now.st_mtim.tv_sec == names->found.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == names->found.st_mtim.tv_nsec;
}

enum an_code tr_deid_names_save(const struct tr_deid_names *names,
                                struct an_err *err)
{
    char beside[4096];
    FILE *file = NULL;
    int fd, n, failed = 0;

    if (names->path == NULL || names->profile != TR_DEID_SAFE_HARBOR)
        return AN_OK;
    if (!is_as_found(names))
        return an_fail_file(err, AN_CONFLICT,
                            "another run has changed the table", names->path,
                            0);
    n = snprintf(beside, sizeof(beside), "%s.part", names->path);
    if (n < 0 || (size_t)n >= sizeof(beside))
        return an_fail(err, AN_LIMIT, "a file name is too long", 0);
    unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        file = fdopen(fd, "wb");
    if (file == NULL || !print_rows(names, file))
        failed = errno;
    if (file ? fclose(file) != 0 : fd >= 0 && close(fd) < 0)
        failed = errno;
    if (failed == 0 && rename(beside, names->path) < 0)
        failed = errno;
    if (failed == 0)
        return AN_OK;
    unlink(beside);
    return an_fail_file(err, AN_IO, "the table cannot be written", names->path,
                        failed);
}

/* ---- pseudonyms and days ------------------------------------------------- */

/* RFC 4122 writes UUIDs in lower case and reads them in either. */
static struct an_str one_form(struct an_str id, char text[AN_UUID_TEXT_BYTES])
{
    struct an_uuid u;

    id = an_str_trim(id);
    if (!an_uuid_parse(id, &u))
        return id;
    an_uuid_print(&u, text);
    return an_str_c(text);
}

uint64_t tr_deid_who(struct an_str patient)
{
    char text[AN_UUID_TEXT_BYTES];

    return an_str_hash(one_form(patient, text));
}

/* authority "|" value, hashed: the table need not hold them in clear. */
static enum an_code hash_of(struct an_str authority, struct an_str value,
                            struct an_sha256 *hash, struct an_err *err)
{
    struct an_sha256_run run;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    code = an_sha256_add(&run, authority, err);
    if (code == AN_OK)
        code = an_sha256_add(&run, AN_STR("|"), err);
    if (code == AN_OK)
        code = an_sha256_add(&run, value, err);
    an_sha256_end(&run, hash);
    return code;
}

static enum an_code drawn(struct tr_deid_names *names,
                          const struct an_sha256 *hash,
                          uint8_t name[TR_DEID_NAME_BYTES], struct an_err *err)
{
    const struct tr_deid_pair *pair = slot(names->pair, names->size, hash->b);

    if (pair->used) {
        memcpy(name, pair->name, TR_DEID_NAME_BYTES);
        return AN_OK;
    }
    if (gnutls_rnd(GNUTLS_RND_KEY, name, TR_DEID_NAME_BYTES) != 0)
        return an_fail(err, AN_INTERNAL, "there is no random source", 0);
    return put(names, hash->b, name) ? AN_OK : an_fail_nomem(err);
}

enum an_code tr_deid_name(struct tr_deid_names *names, struct an_str authority,
                          struct an_str value, uint8_t name[TR_DEID_NAME_BYTES],
                          struct an_err *err)
{
    char text[AN_UUID_TEXT_BYTES];
    uint8_t digest[32];
    struct an_sha256 hash;
    enum an_code code =
        hash_of(an_str_trim(authority), one_form(value, text), &hash, err);

    if (code != AN_OK)
        return code;
    if (names->profile == TR_DEID_SAFE_HARBOR)
        return drawn(names, &hash, name, err);
    code = tr_pseudonym_digest(
        &names->key, "id",
        (struct an_str){(const char *)hash.b, sizeof(hash.b)}, digest, err);
    if (code == AN_OK)
        memcpy(name, digest, TR_DEID_NAME_BYTES);
    return code;
}

/* The first eight bytes that 101 divides without bias; of a digest that has
 * none (one in 10^70), the digest's digest. */
enum an_code tr_deid_days(const struct tr_deid_names *names,
                          struct an_str patient, int *days, struct an_err *err)
{
    const uint64_t n = 2 * TR_DEID_MOST_DAYS + 1;
    const uint64_t end = UINT64_MAX - (UINT64_MAX % n + 1) % n;
    char text[AN_UUID_TEXT_BYTES];
    uint8_t digest[32];
    enum an_code code = tr_pseudonym_digest(
        &names->key, "shift", one_form(patient, text), digest, err);

    *days = 0;
    if (names->profile == TR_DEID_SAFE_HARBOR)
        return code;
    while (code == AN_OK) {
        for (int at = 0; at < 32; at += 8) {
            uint64_t v = 0;

            for (int i = 0; i < 8; i++)
                v = v << 8 | digest[at + i];
            if (v <= end) {
                *days = (int)(v % n) - TR_DEID_MOST_DAYS;
                return AN_OK;
            }
        }
        code = tr_pseudonym_digest(
            &names->key, "shift",
            (struct an_str){(const char *)digest, sizeof(digest)}, digest, err);
    }
    return code;
}

void tr_deid_oid(const uint8_t name[TR_DEID_NAME_BYTES],
                 char oid[TR_DEID_OID_BYTES])
{
    char digit[40];
    uint8_t left[TR_DEID_NAME_BYTES];
    size_t n = 0, at;
    unsigned any;

    memcpy(left, name, sizeof(left));
    do {
        unsigned rest = 0;

        any = 0;
        for (size_t i = 0; i < sizeof(left); i++) {
            rest = rest << 8 | left[i];
            left[i] = (uint8_t)(rest / 10);
            rest %= 10;
            any |= left[i];
        }
        digit[n++] = (char)('0' + rest);
    } while (any);
    memcpy(oid, "2.25.", 5);
    for (at = 5; n; at++)
        oid[at] = digit[--n];
    oid[at] = '\0';
}
