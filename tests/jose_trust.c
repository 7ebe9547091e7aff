/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/trust.h"
#include "tests/folder.h"
#include "tests/jose_help.h"
#include "tests/script_server.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

Suite *jose_trust_suite(void);

#define ENDPOINT "https://cds.example/cds-services"
#define ISSUER "https://ehr.example"

enum { NOW_S = 1900000000, DAY_MS = 86400000 };

static struct an_arena arena;
static struct pl_clients clients;
static struct pl_trust *trust;
static struct script_page page;
static int64_t now_ms;
static unsigned n_tokens;

static void serve_set(enum test_key key)
{
    page = (struct script_page){
        .path = "/jwks",
        .status = 200,
        .type = "application/json",
        .body = test_set(&arena, test_key_json(&arena, key), NULL)};
    script_set(&page, 1);
}

static void open_with(size_t n_replays)
{
    struct pl_trust_options o = {.clients = &clients,
                                 .timeout_ms = 1000,
                                 .refresh_ms = 60000,
                                 .retry_ms = 10000,
                                 .outage_ms = DAY_MS,
                                 .n_replays = n_replays,
                                 .started_s = NOW_S - 100};
    struct an_err err;

    ck_assert_msg(pl_trust_open(&o, &trust, &err) == AN_OK, "%s", err.what);
}

static void set_up(void)
{
    const char *yaml;
    struct an_err err;
    uint16_t port;

    an_arena_init(&arena, 256 << 20);
    page = (struct script_page){.path = "/jwks", .status = 503};
    port = script_start(&page, 1);
    serve_set(KEY_EC);
    yaml = test_text(&arena,
                     "- issuer: " ISSUER "\n"
                     "  jwks: http://127.0.0.1:%u/jwks\n",
                     (unsigned)port);
    ck_assert_int_eq(
        pl_clients_parse(&arena, an_str_c(yaml), "c.yaml", &clients, &err),
        AN_OK);
    now_ms = 1000;
    open_with(1024);
}

static void tear_down(void)
{
    pl_trust_close(trust);
    script_stop();
    an_arena_free(&arena);
}

static const char *token_of(enum test_key key, const char *kid,
                            const char *issuer, const char *jti,
                            const char *more)
{
    return test_signed(
               &arena, test_key_private(key),
               key == KEY_RSA ? R_JWA_ALG_RS384 : R_JWA_ALG_ES384,
               test_text(&arena,
                         "{\"typ\":\"JWT\",\"alg\":\"%s\",\"kid\":\"%s\"%s}",
                         key == KEY_RSA ? "RS384" : "ES384", kid, more),
               test_text(&arena,
                         "{\"iss\":\"%s\",\"aud\":\"" ENDPOINT
                         "\",\"exp\":%d,\"iat\":%d,\"jti\":\"%s\"}",
                         issuer, NOW_S + 300, NOW_S, jti))
        .p;
}

static enum pl_bearer_reason ask(const char *token, int64_t after_s)
{
    struct pl_trust_question q = {
        .authorization = an_str_c(test_text(&arena, "Bearer %s", token)),
        .endpoint = AN_STR(ENDPOINT),
        .clock_s = NOW_S + after_s,
        .now_ms = now_ms};

    return pl_trust_ask(trust, &arena, &q);
}

/* A new token of that key. */
static enum pl_bearer_reason ask_new(enum test_key key, const char *kid)
{
    return ask(
        token_of(key, kid, ISSUER, test_text(&arena, "jti-%u", n_tokens++), ""),
        0);
}

START_TEST(takes_a_token_once)
{
    const char *token = token_of(KEY_EC, "ec", ISSUER, "one", "");

    ck_assert_int_eq(ask(token, 0), PL_BEARER_OK);
    ck_assert_int_eq(ask(token, 0), PL_BEARER_REPLAYED);
    ck_assert_int_eq(ask(token, 299), PL_BEARER_REPLAYED);
    ck_assert_int_eq(ask(token, 329), PL_BEARER_REPLAYED);
    ck_assert_int_eq(ask(token, 330), PL_BEARER_EXPIRED);
    ck_assert_int_eq(ask(token_of(KEY_EC, "ec", ISSUER, "two", ""), 0),
                     PL_BEARER_OK);
    ck_assert_uint_eq(pl_trust_counts(trust).n_told[PL_BEARER_REPLAYED], 3);
    ck_assert_uint_eq(script_count(), 1);
}
END_TEST

/* A forged jti does not use up the one of the client. */
START_TEST(remembers_only_what_was_signed)
{
    ck_assert_int_eq(ask(token_of(KEY_EC_NEXT, "ec", ISSUER, "one", ""), 0),
                     PL_BEARER_SIGNATURE);
    ck_assert_int_eq(ask(token_of(KEY_EC, "ec", ISSUER, "one", ""), 0),
                     PL_BEARER_OK);
}
END_TEST

START_TEST(knows_only_listed_issuers)
{
    ck_assert_int_eq(
        ask(token_of(KEY_EC, "ec", "https://evil.example", "j", ""), 0),
        PL_BEARER_ISSUER);
    ck_assert_int_eq(ask(token_of(KEY_EC, "ec", ISSUER "/", "j", ""), 0),
                     PL_BEARER_ISSUER);
    ck_assert_uint_eq(script_count(), 0); /* no stranger makes us fetch */
}
END_TEST

START_TEST(never_fetches_what_a_header_names)
{
    static const struct script_page both[] = {
        {.path = "/evil", .status = 200, .body = "{}"}};

    script_set(both, 1);
    ck_assert_int_eq(ask(token_of(KEY_EC_NEXT, "ec-next", ISSUER, "j",
                                  ",\"jku\":\"http://127.0.0.1:1/evil\""),
                         0),
                     PL_BEARER_JKU);
    ck_assert_uint_eq(script_count(), 0);
    serve_set(KEY_EC);
    ck_assert_int_eq(ask(token_of(KEY_EC, "ec", ISSUER, "j",
                                  test_text(&arena, ",\"jku\":\"%s\"",
                                            clients.row[0].jwks.p)),
                         0),
                     PL_BEARER_OK);
}
END_TEST

START_TEST(follows_a_rotation_once_a_minute)
{
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    serve_set(KEY_EC_NEXT);
    ck_assert_int_eq(ask_new(KEY_EC_NEXT, "ec-next"), PL_BEARER_KEY);
    ck_assert_uint_eq(script_count(), 0);
    now_ms += 59999;
    ck_assert_int_eq(ask_new(KEY_EC_NEXT, "ec-next"), PL_BEARER_KEY);
    now_ms += 1;
    ck_assert_int_eq(ask_new(KEY_EC_NEXT, "ec-next"), PL_BEARER_OK);
    ck_assert_uint_eq(script_count(), 1);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_KEY); /* it is gone */
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_new(KEY_EC, "nobody"), PL_BEARER_KEY);
    ck_assert_uint_eq(script_count(), 1);
}
END_TEST

START_TEST(goes_on_through_an_outage_for_its_time)
{
    static const struct script_page down = {.path = "/jwks", .status = 500};
    int64_t until_ms = now_ms + 600000 + DAY_MS;

    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    script_set(&down, 1);
    now_ms += 599999; /* 10 minutes where no max-age is said */
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    ck_assert_uint_eq(script_count(), 0);
    now_ms += 1;
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    ck_assert_uint_eq(script_count(), 1);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    ck_assert_uint_eq(script_count(), 1); /* not in each request */
    now_ms = until_ms - 1;
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    now_ms = until_ms;
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_KEYS);
    serve_set(KEY_EC);
    now_ms += 10000;
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    ck_assert_uint_ge(pl_trust_counts(trust).n_keys_failed, 2);
    ck_assert_uint_eq(pl_trust_counts(trust).n_keys_got, 2);
}
END_TEST

START_TEST(has_no_keys_while_there_are_none)
{
    static const struct script_page down = {.path = "/other", .status = 200};

    script_set(&down, 1);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_KEYS);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_KEYS);
    ck_assert_uint_eq(script_count(), 1);
    serve_set(KEY_EC);
    now_ms += 10000;
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
}
END_TEST

/* What is not a key set leaves the old one. */
START_TEST(keeps_the_old_set_from_a_hostile_one)
{
    const char *hostile[] = {
        "<html>log in</html>",
        "",
        "{\"keys\":[]}",
        test_set(&arena, test_key_secret_json(&arena, KEY_EC_NEXT), NULL),
        test_set(&arena, test_key_json(&arena, KEY_EC_NEXT),
                 test_key_json(&arena, KEY_EC_NEXT)),
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"ec\",\"k\":\"AAAA\"}]}"};
    char *huge = an_arena_get(&arena, PL_KEYS_BYTES + 64, 1);

    ck_assert_ptr_nonnull(huge);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    memset(huge, ' ', PL_KEYS_BYTES + 1);
    memcpy(huge + PL_KEYS_BYTES, "{\"keys\":[]}", 12);
    for (size_t i = 0; i < 7; i++) {
        page.body = i < 6 ? hostile[i] : huge;
        script_set(&page, 1);
        now_ms += 700000;
        ck_assert_msg(ask_new(KEY_EC, "ec") == PL_BEARER_OK, "case %zu", i);
        ck_assert_msg(ask_new(KEY_EC_NEXT, "ec-next") == PL_BEARER_KEY,
                      "case %zu", i);
        ck_assert_uint_eq(script_count(), 1);
    }
    ck_assert_uint_eq(pl_trust_counts(trust).n_keys_failed, 7);
}
END_TEST

static const struct {
    const char *cache_control;
    int64_t fresh_ms;
} ages[] = {{"max-age=120", 120000},      {"public, Max-Age=3600", 3600000},
            {"max-age=0", 60000},         {"no-store", 60000},
            {"max-age=99999999", DAY_MS}, {"max-age=x", 600000},
            {"max-age", 600000}};

START_TEST(holds_to_max_age_within_bounds)
{
    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        pl_trust_close(trust);
        open_with(64);
        page.cache_control = ages[i].cache_control;
        script_set(&page, 1);
        ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
        now_ms += ages[i].fresh_ms - 1;
        ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
        ck_assert_msg(script_count() == 1, "case %zu", i);
        now_ms += 1;
        ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
        ck_assert_msg(script_count() == 2, "case %zu", i);
    }
}
END_TEST

struct asker {
    pthread_t thread;
    const char *token;
    enum pl_bearer_reason why;
    int64_t took_ms;
};

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *ask_apart(void *arg)
{
    struct asker *a = arg;
    struct an_arena own;
    struct pl_trust_question q = {.authorization = an_str_c(a->token),
                                  .endpoint = AN_STR(ENDPOINT),
                                  .clock_s = NOW_S,
                                  .now_ms = now_ms};
    int64_t began_ms = clock_ms();

    an_arena_init(&own, 1 << 20);
    a->why = pl_trust_ask(trust, &own, &q);
    a->took_ms = clock_ms() - began_ms;
    an_arena_free(&own);
    return NULL;
}

/* Eight at once, of a server that is slow: one asks it, all get in. */
START_TEST(fetches_once_for_many)
{
    struct asker a[8];

    page.delay_ms = 300;
    script_set(&page, 1);
    for (size_t i = 0; i < 8; i++) {
        a[i].token = test_text(
            &arena, "Bearer %s",
            token_of(KEY_EC, "ec", ISSUER, test_text(&arena, "m%zu", i), ""));
        ck_assert_int_eq(pthread_create(&a[i].thread, NULL, ask_apart, &a[i]),
                         0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(a[i].thread, NULL);
        ck_assert_int_eq(a[i].why, PL_BEARER_OK);
    }
    ck_assert_uint_eq(script_count(), 1);
}
END_TEST

/* A server that hangs holds one request for the timeout; others go on with the
 * keys that are there. */
START_TEST(blocks_nobody_while_it_fetches)
{
    struct asker slow, quick;

    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_OK);
    page.delay_ms = 3000;
    script_set(&page, 1);
    now_ms += 600000;
    slow.token = test_text(&arena, "Bearer %s",
                           token_of(KEY_EC, "ec", ISSUER, "slow", ""));
    quick.token = test_text(&arena, "Bearer %s",
                            token_of(KEY_EC, "ec", ISSUER, "quick", ""));
    ck_assert_int_eq(pthread_create(&slow.thread, NULL, ask_apart, &slow), 0);
    while (script_count() == 0)
        sched_yield();
    ask_apart(&quick);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(slow.why, PL_BEARER_OK);
    ck_assert_int_eq(quick.why, PL_BEARER_OK);
    ck_assert_int_ge(slow.took_ms, 900);
    ck_assert_int_lt(quick.took_ms, 500);
}
END_TEST

START_TEST(refuses_rather_than_forgets)
{
    unsigned full = 0;

    pl_trust_close(trust);
    open_with(32);
    for (int i = 0; i < 33; i++)
        full += ask_new(KEY_EC, "ec") == PL_BEARER_FULL;
    ck_assert_uint_eq(full, 1);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_FULL);
}
END_TEST

/* The same with a naive twin: a list of all that was used. */
START_TEST(remembers_as_a_list_would)
{
    enum { TOKENS = 64, STEPS = 4000 };
    int64_t until[TOKENS] = {0}, now_s = 1;
    struct pl_replay *r;
    struct an_err err;

    srand(7);
    ck_assert_int_eq(pl_replay_open(4096, &r, &err), AN_OK);
    for (int i = 0; i < STEPS; i++) {
        size_t which = (size_t)rand() % TOKENS;
        char jti[16];
        int64_t end_s = now_s + 1 + rand() % 50;
        enum pl_replay_fate want =
            until[which] > now_s ? PL_REPLAY_SEEN : PL_REPLAY_NEW;

        (void)snprintf(jti, sizeof(jti), "%zu", which);
        ck_assert_int_eq(
            pl_replay_use(r, AN_STR("i"), an_str_c(jti), end_s, now_s), want);
        if (want == PL_REPLAY_NEW)
            until[which] = end_s;
        now_s += rand() % 3;
    }
    ck_assert_int_eq(
        pl_replay_use(r, AN_STR("a"), AN_STR("bc"), now_s + 9, now_s),
        PL_REPLAY_NEW);
    ck_assert_int_eq(
        pl_replay_use(r, AN_STR("ab"), AN_STR("c"), now_s + 9, now_s),
        PL_REPLAY_NEW);
    pl_replay_close(r);
}
END_TEST

START_TEST(takes_keys_out_of_a_file)
{
    struct pl_clients listed;
    char path[TEST_PATH_BYTES];
    struct test_folder f;
    struct an_err err;
    FILE *file;

    test_folder_make(&f);
    test_folder_file(&f, "keys.json", path);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(test_set(&arena, test_key_json(&arena, KEY_RSA), NULL), file);
    (void)fclose(file);
    ck_assert_int_eq(
        pl_clients_parse(
            &arena,
            an_str_c(test_text(&arena, "[{issuer: " ISSUER ", jwks: \"%s\"}]",
                               path)),
            "c.yaml", &listed, &err),
        AN_OK);
    pl_trust_close(trust);
    clients = listed;
    open_with(64);
    ck_assert_int_eq(ask_new(KEY_RSA, "rsa"), PL_BEARER_OK);
    ck_assert_int_eq(ask_new(KEY_EC, "ec"), PL_BEARER_KEY);
    pl_trust_close(trust);
    trust = NULL;
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_ne(
        pl_trust_open(
            &(struct pl_trust_options){.clients = &listed, .n_replays = 1},
            &trust, &err),
        AN_OK);
    ck_assert_ptr_null(trust);
    test_folder_drop(&f);
}
END_TEST

static const struct {
    const char *yaml;
    unsigned line;
} wrong[] = {
    {"", 0},
    {"a: b", 1},
    {"- a", 1},
    {"- {issuer: a}", 1},
    {"- {jwks: /k.json}", 1},
    {"- {issuer: a, jwks: 'http://h.example/k'}", 1},
    {"- {issuer: a, jwks: 'http://localhost.evil.example/k'}", 1},
    {"- {issuer: a, jwks: 'http://127.0.0.1@evil.example/k'}", 1},
    {"- {issuer: a, jwks: 'https://'}", 1},
    {"- {issuer: a, jwks: /k, key: b}", 1},
    {"- {issuer: a, jwks: /k, tenants: b}", 1},
    {"- {issuer: a, jwks: /k, tenants: []}", 1},
    {"- {issuer: a, jwks: /k}\n- {issuer: a, jwks: /l}", 2},
};

START_TEST(says_where_a_list_of_clients_is_wrong)
{
    struct pl_clients c;
    struct an_err err;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        err = (struct an_err){.code = AN_OK};
        ck_assert_msg(pl_clients_parse(&arena, an_str_c(wrong[i].yaml),
                                       "c.yaml", &c, &err) != AN_OK,
                      "case %zu", i);
        ck_assert_msg(err.where.line == wrong[i].line, "case %zu: line %u", i,
                      err.where.line);
    }
    ck_assert_int_eq(
        pl_clients_parse(&arena,
                         AN_STR("- {issuer: a, jwks: /k, tenants: [x, y]}\n"
                                "- issuer: b\n  jwks: https://h/k\n"
                                "- {issuer: c, jwks: 'http://[::1]:80/k'}\n"),
                         "c.yaml", &c, &err),
        AN_OK);
    ck_assert_uint_eq(c.n, 3);
    ck_assert_uint_eq(c.row[0].n_tenants, 2);
    ck_assert_an_str_eq(c.row[0].tenant[1], "y");
    ck_assert(!c.row[0].is_url && c.row[1].is_url && c.row[2].is_url);
}
END_TEST

Suite *jose_trust_suite(void)
{
    const TTest *const test[] = {takes_a_token_once,
                                 remembers_only_what_was_signed,
                                 knows_only_listed_issuers,
                                 never_fetches_what_a_header_names,
                                 follows_a_rotation_once_a_minute,
                                 goes_on_through_an_outage_for_its_time,
                                 has_no_keys_while_there_are_none,
                                 keeps_the_old_set_from_a_hostile_one,
                                 holds_to_max_age_within_bounds,
                                 fetches_once_for_many,
                                 blocks_nobody_while_it_fetches,
                                 refuses_rather_than_forgets,
                                 remembers_as_a_list_would,
                                 takes_keys_out_of_a_file,
                                 says_where_a_list_of_clients_is_wrong};

    test_keys_make();
    return test_suite_around("jose/trust", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}
