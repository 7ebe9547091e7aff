/* SPDX-License-Identifier: Apache-2.0 */
#include "base/note.h"

#include "base/base64.h"
#include "base/json_int.h"

#include <string.h>

enum { ED25519 = 1, ID_BYTES = 4, MOST_BASE64_BYTES = 1 << 16 };

/* EM DASH and a blank begin a line of a signature. */
#define DASH "\xe2\x80\x94 "

/* ---- text ------------------------------------------------------------------ */

/* White space of Unicode, as UTF-8; what is below 0x21 is refused before. */
static const struct an_str blanks[] = {
    AN_STR_INIT("\xc2\x85"),     AN_STR_INIT("\xc2\xa0"),
    AN_STR_INIT("\xe1\x9a\x80"), AN_STR_INIT("\xe2\x80\xa8"),
    AN_STR_INIT("\xe2\x80\xa9"), AN_STR_INIT("\xe2\x80\xaf"),
    AN_STR_INIT("\xe2\x81\x9f"), AN_STR_INIT("\xe3\x80\x80")};

static bool is_blank(struct an_str at)
{
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
        if (an_str_starts(at, blanks[i]))
            return true;
    /* U+2000 to U+200A */
    return an_str_starts(at, AN_STR("\xe2\x80")) && at.n > 2 &&
           (uint8_t)at.p[2] >= 0x80 && (uint8_t)at.p[2] <= 0x8a;
}

static bool is_name(struct an_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((uint8_t)name.p[i] <= ' ' || name.p[i] == 0x7f ||
            name.p[i] == '+' || is_blank(an_str_sub(name, i, name.n)))
            return false;
    return name.n > 0 && an_utf8_valid(name) == name.n;
}

/* UTF-8 without control characters but line ends. */
static bool is_text(struct an_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (((uint8_t)text.p[i] < ' ' && text.p[i] != '\n') ||
            text.p[i] == 0x7f)
            return false;
    return an_utf8_valid(text) == text.n;
}

/* There is one way to write bytes as base64. */
static enum an_code read_base64(struct an_arena *arena, struct an_str text,
                                struct an_str *bytes, struct an_err *err)
{
    struct an_buf b, again;
    struct an_str said;
    enum an_code code;
    bool right;

    an_buf_init(&b, arena, MOST_BASE64_BYTES);
    an_buf_init(&again, arena, MOST_BASE64_BYTES);
    right = an_buf_put_unbase64(&b, text);
    code = an_buf_done(&b, bytes, err);
    if (code != AN_OK)
        return code;
    an_buf_put_base64(&again, *bytes);
    code = an_buf_done(&again, &said, err);
    if (code == AN_OK && !(right && an_str_eq(said, text)))
        return an_fail(err, AN_SYNTAX, "this is no base64", 0);
    return code;
}

/* ---- keys ------------------------------------------------------------------ */

enum an_code an_note_key_of(struct an_str name, const struct an_public_key *key,
                            struct an_note_key *out, struct an_err *err)
{
    static const char between[2] = {'\n', ED25519};
    struct an_sha256_run run;
    struct an_sha256 hash;
    enum an_code code;

    if (!is_name(name))
        return an_fail(err, AN_SYNTAX,
                       "the name of a key has a blank or a +, or there is none",
                       0);
    code = an_sha256_begin(&run, err);
    if (code != AN_OK)
        return code;
    code = an_sha256_add(&run, name, err);
    if (code == AN_OK)
        code = an_sha256_add(&run, (struct an_str){between, 2}, err);
    if (code == AN_OK)
        code = an_sha256_add(
            &run, (struct an_str){(const char *)key->b, sizeof(key->b)}, err);
    an_sha256_end(&run, &hash);
    *out = (struct an_note_key){.name = name, .key = *key};
    memcpy(out->id, hash.b, ID_BYTES);
    return code;
}

enum an_code an_note_key_print(struct an_arena *arena,
                               const struct an_note_key *key,
                               struct an_str *text, struct an_err *err)
{
    char hex[2 * ID_BYTES + 1], typed[1 + AN_KEY_BYTES] = {ED25519};
    struct an_buf b;

    an_hex_print(key->id, ID_BYTES, hex);
    memcpy(typed + 1, key->key.b, AN_KEY_BYTES);
    an_buf_init(&b, arena, AN_NOTE_BYTES);
    an_buf_put(&b, key->name);
    an_buf_put_char(&b, '+');
    an_buf_put_c(&b, hex);
    an_buf_put_char(&b, '+');
    an_buf_put_base64(&b, (struct an_str){typed, sizeof(typed)});
    return an_buf_done(&b, text, err);
}

enum an_code an_note_key_parse(struct an_arena *arena, struct an_str text,
                               struct an_note_key *key, struct an_err *err)
{
    struct an_str rest = text, name, id, typed;
    struct an_public_key public;
    uint8_t want[ID_BYTES];
    enum an_code code;

    /* base64 has a +, so only the first two cut. */
    if (!an_str_cut(&rest, '+', &name) || !an_str_cut(&rest, '+', &id) ||
        rest.n == 0 || !an_hex_parse(id, want, sizeof(want)))
        return an_fail(err, AN_SYNTAX, "a key is name+id+key", 0);
    code = read_base64(arena, rest, &typed, err);
    if (code != AN_OK)
        return code;
    if (typed.n != 1 + AN_KEY_BYTES || typed.p[0] != ED25519)
        return an_fail(err, AN_UNSUPPORTED, "this is no Ed25519 key", 0);
    memcpy(public.b, typed.p + 1, sizeof(public.b));
    code = an_note_key_of(name, &public, key, err);
    if (code == AN_OK && memcmp(want, key->id, ID_BYTES) != 0)
        return an_fail(err, AN_INTEGRITY, "the id is not of this key", 0);
    return code;
}

/* ---- notes ----------------------------------------------------------------- */

static const char no_text[] =
    "the text of a note is lines of UTF-8 without control characters";

enum an_code an_note_sign(struct an_arena *arena, struct an_str text,
                          const struct an_note_key *key,
                          struct an_str private_pem, struct an_str *note,
                          struct an_err *err)
{
    char said[ID_BYTES + AN_SIGNATURE_BYTES];
    struct an_signature signature;
    struct an_buf b;
    enum an_code code;

    if (!is_text(text) || !an_str_ends(text, AN_STR("\n")))
        return an_fail(err, AN_SYNTAX, no_text, 0);
    code = an_sign(private_pem, text, &signature, err);
    if (code != AN_OK)
        return code;
    /* Else nobody could open it. */
    if (an_verify(&key->key, text, &signature, NULL) != AN_OK)
        return an_fail(err, AN_CONFLICT, "these are halves of two keys", 0);
    memcpy(said, key->id, ID_BYTES);
    memcpy(said + ID_BYTES, signature.b, AN_SIGNATURE_BYTES);
    an_buf_init(&b, arena, AN_NOTE_BYTES);
    an_buf_put(&b, text);
    an_buf_put_c(&b, "\n" DASH);
    an_buf_put(&b, key->name);
    an_buf_put_char(&b, ' ');
    an_buf_put_base64(&b, (struct an_str){said, sizeof(said)});
    an_buf_put_char(&b, '\n');
    return an_buf_done(&b, note, err);
}

/* The text ends with the last empty line but its own line end. */
static bool cut_text(struct an_str note, struct an_str *text,
                     struct an_str *signatures)
{
    for (size_t i = note.n; i-- > 1;)
        if (note.p[i] == '\n' && note.p[i - 1] == '\n') {
            *text = an_str_sub(note, 0, i);
            *signatures = an_str_sub(note, i + 1, note.n);
            return signatures->n && an_str_ends(note, AN_STR("\n"));
        }
    return false;
}

/* One line; *verified of a key that is known. */
static enum an_code check_one(struct an_arena *arena, struct an_str line,
                              struct an_str text,
                              const struct an_note_key *known, size_t n_known,
                              bool *verified, struct an_err *err)
{
    struct an_signature signature;
    struct an_str name, said;
    enum an_code code;

    if (!an_str_starts(line, AN_STR(DASH)))
        return an_fail(err, AN_SYNTAX, "a line of a note signs nothing", 0);
    line = an_str_sub(line, sizeof(DASH) - 1, line.n);
    if (!an_str_cut(&line, ' ', &name) || !is_name(name))
        return an_fail(err, AN_SYNTAX, "a signature has no name", 0);
    code = read_base64(arena, line, &said, err);
    if (code == AN_OK && said.n <= ID_BYTES)
        code = an_fail(err, AN_SYNTAX, "a signature is cut short", 0);
    for (size_t i = 0; i < n_known && code == AN_OK; i++) {
        if (!an_str_eq(known[i].name, name) ||
            memcmp(known[i].id, said.p, ID_BYTES) != 0)
            continue;
        if (said.n != ID_BYTES + AN_SIGNATURE_BYTES)
            return an_fail(err, AN_INTEGRITY, "a signature has a wrong length",
                           0);
        memcpy(signature.b, said.p + ID_BYTES, AN_SIGNATURE_BYTES);
        code = an_verify(&known[i].key, text, &signature, err);
        *verified = true;
    }
    return code;
}

enum an_code an_note_open(struct an_arena *arena, struct an_str note,
                          const struct an_note_key *known, size_t n_known,
                          struct an_str *text, struct an_err *err)
{
    struct an_str body, rest, line;
    enum an_code code = AN_OK;
    bool verified = false;
    size_t n = 0;

    if (note.n > AN_NOTE_BYTES)
        return an_fail(err, AN_LIMIT, "a note is too long", 0);
    if (!is_text(note))
        return an_fail(err, AN_SYNTAX, no_text, 0);
    if (!cut_text(note, &body, &rest))
        return an_fail(err, AN_SYNTAX, "a note without a signature", 0);
    rest.n--; /* the last line end */
    while (code == AN_OK && an_str_cut(&rest, '\n', &line)) {
        if (n++ == AN_NOTE_SIGNATURES)
            return an_fail(err, AN_LIMIT, "a note has too many signatures", 0);
        code = check_one(arena, line, body, known, n_known, &verified, err);
    }
    if (code == AN_OK && !verified)
        return an_fail(err, AN_INTEGRITY, "no key that is known signed it", 0);
    if (code == AN_OK)
        *text = body;
    return code;
}

/* ---- checkpoints ----------------------------------------------------------- */

enum an_code an_checkpoint_write(struct an_arena *arena,
                                 const struct an_checkpoint *c,
                                 struct an_str *text, struct an_err *err)
{
    struct an_buf b;

    if (c->origin.n == 0 || !is_text(c->origin) ||
        memchr(c->origin.p, '\n', c->origin.n))
        return an_fail(err, AN_SYNTAX, "the origin of a log is a line", 0);
    an_buf_init(&b, arena, AN_NOTE_BYTES);
    an_buf_put(&b, c->origin);
    an_buf_put_char(&b, '\n');
    an_buf_put_u64(&b, c->size);
    an_buf_put_char(&b, '\n');
    an_buf_put_base64(
        &b, (struct an_str){(const char *)c->root.b, sizeof(c->root.b)});
    an_buf_put_char(&b, '\n');
    return an_buf_done(&b, text, err);
}

enum an_code an_checkpoint_read(struct an_arena *arena, struct an_str text,
                                struct an_checkpoint *c, struct an_err *err)
{
    struct an_str rest = text, size, root, line;
    enum an_code code;

    if (!an_str_ends(text, AN_STR("\n")) || !is_text(text))
        return an_fail(err, AN_SYNTAX, no_text, 0);
    rest.n--;
    if (!an_str_cut(&rest, '\n', &c->origin) || c->origin.n == 0 ||
        !an_str_cut(&rest, '\n', &size) || !an_str_cut(&rest, '\n', &root) ||
        !an_str_u64(size, &c->size) || (size.n > 1 && size.p[0] == '0'))
        return an_fail(err, AN_SYNTAX,
                       "a checkpoint is an origin, a size and a root", 0);
    while (an_str_cut(&rest, '\n', &line))
        if (line.n == 0)
            return an_fail(err, AN_SYNTAX, "a checkpoint has an empty line", 0);
    code = read_base64(arena, root, &root, err);
    if (code == AN_OK && root.n != sizeof(c->root.b))
        return an_fail(err, AN_SYNTAX, "a root has 32 bytes", 0);
    if (code == AN_OK)
        memcpy(c->root.b, root.p, sizeof(c->root.b));
    return code;
}
