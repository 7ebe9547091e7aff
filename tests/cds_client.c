/* SPDX-License-Identifier: Apache-2.0 */
/* A CDS client as tests/callers.sh needs one.
 *
 *     cds_client keys KID            its key set to `jwks`, its key to `key`
 *     cds_client token ISSUER AUD JTI SECONDS
 *                                    a token by `key`, issued so many seconds
 *                                    from now, good for five minutes
 *     cds_client serve FILE          its web server: GET /a/b is the file a_b of
 *                                    this folder, 404 where there is none.  Prints
 *                                    its port; appends a line for each request,
 *                                    with its Authorization, to FILE; ends with
 *                                    SIGTERM */
#include "plugin/host/file.h"
#include "plugin/host/http.h"

#include <rhonabwy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_BYTES = 1 << 20, NAME_BYTES = 256 };

static int fail(const char *what)
{
    (void)fprintf(stderr, "cds_client: %s\n", what);
    return 1;
}

/* ---- keys and tokens ------------------------------------------------------ */

static bool write_text(const char *path, const char *before, char *json,
                       const char *after)
{
    FILE *f = json ? fopen(path, "w") : NULL;
    bool ok = f && fprintf(f, "%s%s%s", before, json, after) > 0;

    ok = f && fclose(f) == 0 && ok;
    r_free(json);
    return ok;
}

static int make_keys(const char *kid)
{
    jwk_t *secret = NULL, *open = NULL;
    bool ok = r_jwk_init(&secret) == RHN_OK && r_jwk_init(&open) == RHN_OK &&
              r_jwk_generate_key_pair(secret, open, R_KEY_TYPE_EC, 384, kid) ==
                  RHN_OK;

    ok = ok &&
         write_text("key", "", r_jwk_export_to_json_str(secret, 0), "\n") &&
         write_text("jwks", "{\"keys\":[", r_jwk_export_to_json_str(open, 0),
                    "]}\n");
    r_jwk_free(secret);
    r_jwk_free(open);
    return ok ? 0 : fail("no keys");
}

static int make_token(char **argv)
{
    long long now = (long long)time(NULL) + strtoll(argv[3], NULL, 10);
    struct an_arena arena;
    struct an_str json;
    char claims[2048];
    jwk_t *key = NULL;
    jws_t *jws = NULL;
    char *token = NULL;

    an_arena_init(&arena, FILE_BYTES);
    (void)snprintf(claims, sizeof(claims),
                   "{\"iss\":\"%s\",\"aud\":\"%s\",\"jti\":\"%s\",\"iat\":%lld,"
                   "\"exp\":%lld}",
                   argv[0], argv[1], argv[2], now, now + 300);
    if (pl_file_read(&arena, "key", FILE_BYTES, &json, NULL) == AN_OK &&
        r_jwk_init(&key) == RHN_OK && r_jws_init(&jws) == RHN_OK &&
        r_jwk_import_from_json_str(key, json.p) == RHN_OK &&
        r_jws_set_alg(jws, R_JWA_ALG_ES384) == RHN_OK &&
        r_jws_set_header_str_value(jws, "typ", "JWT") == RHN_OK &&
        r_jws_set_header_str_value(
            jws, "kid", r_jwk_get_property_str(key, "kid")) == RHN_OK &&
        r_jws_set_payload(jws, (const unsigned char *)claims, strlen(claims)) ==
            RHN_OK)
        token = r_jws_serialize(jws, key, R_FLAG_IGNORE_REMOTE);
    if (token)
        (void)puts(token);
    r_jws_free(jws);
    r_jwk_free(key);
    an_arena_free(&arena);
    if (token == NULL)
        return fail("no token");
    r_free(token);
    return 0;
}

/* ---- the web server -------------------------------------------------------- */

static enum an_code get(void *ctx, struct pl_http_request *q,
                        struct pl_http_response *r)
{
    struct an_str authorization = AN_STR("-");
    char name[NAME_BYTES];
    size_t n = q->param[0].n;
    FILE *log = ctx;

    (void)pl_http_header(q, "Authorization", &authorization);
    (void)fprintf(log, "%.*s %.*s\n", AN_STR_ARG(q->path),
                  AN_STR_ARG(authorization));
    (void)fflush(log);
    if (n >= sizeof(name))
        return AN_LIMIT;
    for (size_t i = 0; i < n; i++)
        name[i] = q->param[0].p[i] == '/' ? '_' : q->param[0].p[i];
    name[n] = '\0';
    r->content_type = "application/fhir+json";
    if (pl_file_read(q->arena, name, FILE_BYTES, &r->body, NULL) != AN_OK)
        r->status = 404;
    return AN_OK;
}

static int serve(const char *path)
{
    static const struct pl_http_route route[] = {{PL_GET, "/*", get, 0}};
    struct pl_http_options options = {.address = {.host = AN_STR("127.0.0.1")},
                                      .max_body_bytes = FILE_BYTES,
                                      .max_answer_bytes = 4 * FILE_BYTES,
                                      .max_connections = 16,
                                      .n_threads = 1,
                                      .timeout_ms = 30000};
    struct pl_http_calls calls = {.route = route, .n_routes = 1};
    struct pl_http *server;
    sigset_t stop;
    int got;

    calls.ctx = fopen(path, "a");
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (calls.ctx == NULL ||
        pl_http_open(&options, &calls, NULL, &server, NULL) != AN_OK)
        return fail("cannot listen");
    (void)printf("%u\n", (unsigned)pl_http_port(server));
    (void)fflush(stdout);
    (void)sigwait(&stop, &got);
    pl_http_close(server);
    (void)fclose(calls.ctx);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (r_global_init() != RHN_OK)
        return fail("no JOSE library");
    if (argc == 3 && strcmp(argv[1], "keys") == 0)
        return make_keys(argv[2]);
    if (argc == 6 && strcmp(argv[1], "token") == 0)
        return make_token(argv + 2);
    return 2;
}
