/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/signature.h"

#include "base/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <rhonabwy.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JWS_BYTES = 32 << 20, RSA_LEAST_BITS = 2048, EC_BITS = 384 };

/* ---- keys --------------------------------------------------------------------- */

/* The algorithm of a key that may be used; R_JWA_ALG_UNKNOWN otherwise. */
static jwa_alg alg_of(jwk_t *key, int half)
{
    unsigned bits = 0;
    int type = r_jwk_key_type(key, &bits, R_FLAG_IGNORE_REMOTE);

    if ((type & half) == 0)
        return R_JWA_ALG_UNKNOWN;
    if (type & R_KEY_TYPE_EC && bits == EC_BITS)
        return R_JWA_ALG_ES384;
    if (type & R_KEY_TYPE_RSA && bits >= RSA_LEAST_BITS)
        return R_JWA_ALG_RS384;
    return R_JWA_ALG_UNKNOWN;
}

static enum an_code read_key(struct an_str pem, int kind, jwk_t **key,
                             jwa_alg *alg, struct an_err *err)
{
    bool is_private = kind == R_X509_TYPE_PRIVKEY;

    *key = NULL;
    if (r_jwk_init(key) != RHN_OK)
        return an_fail_nomem(err);
    if (r_jwk_import_from_pem_der(*key, kind, R_FORMAT_PEM,
                                  (const unsigned char *)pem.p,
                                  pem.n) == RHN_OK) {
        *alg =
            alg_of(*key, is_private ? R_KEY_TYPE_PRIVATE : R_KEY_TYPE_PUBLIC);
        if (*alg != R_JWA_ALG_UNKNOWN)
            return AN_OK;
    }
    r_jwk_free(*key);
    *key = NULL;
    return an_fail(err, AN_CONFIG,
                   "the key is no EC key on P-384 and no RSA key of 2048 bits, "
                   "as PEM",
                   0);
}

/* ---- signing ------------------------------------------------------------------- */

/* "header.payload.signature" without its middle. */
static enum an_code detach(struct an_arena *arena, const char *compact,
                           struct an_str *jws, struct an_err *err)
{
    struct an_str rest = an_str_c(compact), header, payload;
    struct an_buf b;

    if (!an_str_cut(&rest, '.', &header) || !an_str_cut(&rest, '.', &payload))
        return an_fail(err, AN_INTERNAL, "a signature is no compact JWS", 0);
    an_buf_init(&b, arena, JWS_BYTES);
    an_buf_put(&b, header);
    an_buf_put_c(&b, "..");
    an_buf_put(&b, rest);
    return an_buf_done(&b, jws, err);
}

static enum an_code sign_by(jwk_t *key, jwa_alg alg, struct an_arena *arena,
                            struct an_str bytes, struct an_str *jws,
                            struct an_err *err)
{
    char *kid = r_jwk_thumbprint(key, R_JWK_THUMB_SHA256, R_FLAG_IGNORE_REMOTE);
    char *compact = NULL;
    jws_t *j = NULL;
    enum an_code rc;

    if (kid && r_jws_init(&j) == RHN_OK && r_jws_set_alg(j, alg) == RHN_OK &&
        r_jws_set_header_str_value(j, "kid", kid) == RHN_OK &&
        r_jws_set_payload(j, (const unsigned char *)bytes.p, bytes.n) == RHN_OK)
        compact = r_jws_serialize(j, key, R_FLAG_IGNORE_REMOTE);
    if (compact)
        rc = detach(arena, compact, jws, err);
    else
        rc = an_fail(err, AN_INTERNAL, "signing failed", 0);
    r_free(compact);
    r_free(kid);
    r_jws_free(j);
    return rc;
}

static enum an_code sign(void *user, struct an_arena *arena,
                         struct an_str bytes, struct an_str *jws,
                         struct an_err *err)
{
    const struct pl_signer *s = user;
    jwa_alg alg = R_JWA_ALG_UNKNOWN;
    jwk_t *key = NULL;
    enum an_code rc = read_key((struct an_str){s->pem, s->n},
                               R_X509_TYPE_PRIVKEY, &key, &alg, err);

    if (rc == AN_OK)
        rc = sign_by(key, alg, arena, bytes, jws, err);
    r_jwk_free(key);
    return rc;
}

static enum an_code read_file(struct pl_signer *s, const char *path,
                              struct an_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum an_code rc = AN_OK;
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "outbox.signing_key_file cannot be read", path,
                            errno);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = an_fail_file(err, AN_CONFIG, "outbox.signing_key_file is no file",
                          path, 0);
    else if (st.st_mode & 077)
        rc = an_fail_file(err, AN_CONFIG,
                          "outbox.signing_key_file may be used by others: its "
                          "mode has to be 0600 or 0400",
                          path, 0);
    else if ((n = read(fd, s->pem, sizeof(s->pem))) < 0 ||
             n > PL_SIGNING_KEY_BYTES)
        rc = an_fail_file(err, AN_IO, "outbox.signing_key_file cannot be read",
                          path, n < 0 ? errno : EFBIG);
    else
        s->n = (size_t)n;
    (void)close(fd);
    return rc;
}

enum an_code pl_signer_open(struct pl_signer *s, const char *path,
                            struct an_err *err)
{
    jwa_alg alg = R_JWA_ALG_UNKNOWN;
    jwk_t *key = NULL;
    enum an_code rc;

    *s = (struct pl_signer){.n = 0};
    rc = read_file(s, path, err);
    if (rc == AN_OK && read_key((struct an_str){s->pem, s->n},
                                R_X509_TYPE_PRIVKEY, &key, &alg, err) != AN_OK)
        rc = an_fail_file(err, AN_CONFIG,
                          "outbox.signing_key_file holds no EC key on P-384 "
                          "and no RSA key of 2048 bits, as PEM",
                          path, 0);
    r_jwk_free(key);
    if (rc != AN_OK) {
        pl_signer_close(s);
        return rc;
    }
    s->as = (struct fhir_signer){sign, s};
    return AN_OK;
}

void pl_signer_close(struct pl_signer *s)
{
    explicit_bzero(s, sizeof(*s));
}

/* ---- verifying ------------------------------------------------------------------ */

/* RFC 7515, appendix C: base64 with two other letters and without padding. */
static void put_base64url(struct an_buf *b, struct an_str base64)
{
    for (size_t i = 0; i < base64.n; i++)
        switch (base64.p[i]) {
        case '+': an_buf_put_char(b, '-'); break;
        case '/': an_buf_put_char(b, '_'); break;
        case '=': break;
        default: an_buf_put_char(b, base64.p[i]);
        }
}

/* With the bytes in its middle again; a NUL ends it. */
static enum an_code attach(struct an_arena *arena, struct an_str jws,
                           struct an_str bytes, struct an_str *compact,
                           struct an_err *err)
{
    struct an_str rest = jws, header = {NULL, 0}, middle = {NULL, 0}, text;
    struct an_buf b;
    enum an_code rc;

    if (!an_str_cut(&rest, '.', &header) || header.n == 0 ||
        !an_str_cut(&rest, '.', &middle) || middle.n || rest.n == 0 ||
        memchr(rest.p, '.', rest.n))
        return an_fail(err, AN_SYNTAX, "this is no detached JWS", 0);
    an_buf_init(&b, arena, JWS_BYTES);
    an_buf_put_base64(&b, bytes);
    rc = an_buf_done(&b, &text, err);
    if (rc != AN_OK)
        return rc;
    an_buf_init(&b, arena, JWS_BYTES);
    an_buf_put(&b, header);
    an_buf_put_char(&b, '.');
    put_base64url(&b, text);
    an_buf_put_char(&b, '.');
    an_buf_put(&b, rest);
    an_buf_put_char(&b, '\0');
    return an_buf_done(&b, compact, err);
}

enum an_code pl_signature_verify(struct an_arena *arena,
                                 struct an_str public_pem, struct an_str jws,
                                 struct an_str bytes, struct an_err *err)
{
    jwa_alg alg = R_JWA_ALG_UNKNOWN;
    struct an_str compact = {NULL, 0};
    jwk_t *key = NULL;
    jws_t *j = NULL;
    enum an_code rc = attach(arena, jws, bytes, &compact, err);

    if (rc == AN_OK)
        rc = read_key(public_pem, R_X509_TYPE_PUBKEY, &key, &alg, err);
    if (rc != AN_OK)
        return rc;
    if (r_jws_init(&j) != RHN_OK)
        rc = an_fail_nomem(err);
    else if (r_jws_advanced_parse(j, compact.p, R_PARSE_NONE,
                                  R_FLAG_IGNORE_REMOTE) != RHN_OK)
        rc = an_fail(err, AN_SYNTAX, "this is no detached JWS", 0);
    else if (r_jws_get_alg(j) != alg ||
             r_jws_verify_signature(j, key, R_FLAG_IGNORE_REMOTE) != RHN_OK)
        rc = an_fail(err, AN_INTEGRITY,
                     "a signature is not of this key over what is there", 0);
    r_jws_free(j);
    r_jwk_free(key);
    return rc;
}
