/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: what was begun is ended and leaves nothing in the file; what fails
 * is said and counted. */
#include "plugin/deletions.h"
#include "plugin/host/thread.h"
#include "plugin/keeper.h"
#include "plugin/store/purge.h"
#include "plugin/store/resources.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *consult_keeper_suite(void);

enum { LINES_BYTES = 64 << 10, NOTE_BYTES = 40000, PATIENCE_MS = 20000 };

static struct test_folder folder;
static char path[TEST_PATH_BYTES];
static struct pl_engine *engine;
static struct an_arena arena;
static struct an_log an_lines;
static char lines[LINES_BYTES]; /* all that was logged */
static size_t n_lines_bytes;

static void sink(void *ctx, enum an_level level, const char *line, size_t n)
{
    (void)ctx;
    (void)level;
    if (n_lines_bytes + n + 2 <= sizeof(lines)) {
        memcpy(lines + n_lines_bytes, line, n);
        n_lines_bytes += n;
        lines[n_lines_bytes++] = '\n';
        lines[n_lines_bytes] = '\0';
    }
}

static void open_engine(const char *store)
{
    struct pl_engine_source from = {
        .file = "a.yaml", .log = &an_lines, .clock = pl_clock_us};
    char config[TEST_PATH_BYTES + 256];

    (void)snprintf(config, sizeof(config),
                   "environment: demo\nstage: off\n"
                   "store: {path: \"%s\"%s}\n",
                   path, store);
    from.config = an_str_c(config);
    ck_assert_int_eq(pl_engine_open(&from, &engine, NULL), AN_OK);
}

static void set_up(void)
{
    test_folder_make(&folder);
    test_folder_file(&folder, "store.db", path);
    an_arena_init(&arena, 16 << 20);
    an_log_init(&an_lines, -1, AN_LOG_JSON, AN_DEBUG, pl_clock_us, NULL);
    an_lines.sink = sink;
    n_lines_bytes = 0;
    lines[0] = '\0';
}

static void tear_down(void)
{
    pl_engine_close(engine);
    engine = NULL;
    an_arena_free(&arena);
    test_folder_drop(&folder);
}

/* A note of Mary Drill that does not fit into a page, and does not deflate
 * into one. */
static void put_note(void)
{
    static char message[NOTE_BYTES + 512];
    uint32_t seed = 1;
    size_t n = (size_t)snprintf(
        message, sizeof(message),
        "MSH|^~\\&|DOC|LAKESIDE|A|B|20260310103000+0000||MDM^T02^MDM_T02|N1|P|"
        "2.5.1\rPID|1||7001^^^LAKESIDE^MR||Drill^Mary||19480214|F\r"
        "TXA|1|DS^Summary|TX|20260311||20260311||||||D1^E|||||AU\r"
        "OBX|1|TX|DS^Summary||");
    struct pl_job *j;

    for (size_t i = 0; i < NOTE_BYTES; i++) {
        seed = seed * 1103515245U + 12345U;
        message[n++] = (char)('A' + (seed >> 16) % 26);
    }
    n += (size_t)snprintf(message + n, sizeof(message) - n, "||||||F\r");
    j = pl_engine_job(engine, PL_FORMAT_HL7V2, AN_STR("doc"),
                      (struct an_str){message, n}, false);
    ck_assert_ptr_nonnull(j);
    pl_job_read(j, pl_engine_settings(engine));
    pl_job_put(j, pl_engine_committer(engine));
    ck_assert_int_eq(pl_job_verdict(j), PL_ACCEPTED);
    pl_job_free(j);
}

static void put_fhir(const char *message, size_t n)
{
    struct pl_job *j = pl_engine_job(engine, PL_FORMAT_FHIR, AN_STR("fhir"),
                                     (struct an_str){message, n}, false);

    ck_assert_ptr_nonnull(j);
    pl_job_read(j, pl_engine_settings(engine));
    pl_job_put(j, pl_engine_committer(engine));
    ck_assert_int_eq(pl_job_verdict(j), PL_ACCEPTED);
    pl_job_free(j);
}

static void put_at(const char *patient, const char *id, const char *at,
                   const char *value)
{
    char message[512];
    int n = snprintf(message, sizeof(message),
                     "{\"resourceType\":\"Observation\",\"id\":\"%s\","
                     "\"meta\":{\"lastUpdated\":\"%s\"},"
                     "\"status\":\"final\",\"code\":{\"text\":\"%s\"},"
                     "\"subject\":{\"reference\":\"Patient/%s\"},"
                     "\"valueInteger\":1}",
                     id, at, value, patient);

    put_fhir(message, (size_t)n);
}

static void put_about(const char *patient, const char *id, int hour,
                      const char *value)
{
    char at[64];

    (void)snprintf(at, sizeof(at), "2026-03-01T%02d:00:00Z", hour);
    put_at(patient, id, at, value);
}

static void put_version(const char *id, int hour, const char *value)
{
    put_about("p1", id, hour, value);
}

static void put_resource(const char *value)
{
    put_version("o1", 9, value);
}

static void note_deletion(struct pl_reader *r, const char *id, int hour)
{
    char at[64];
    struct fhir_deletion d = {.server = AN_STR(""),
                              .type = AN_STR("Observation"),
                              .id = an_str_c(id)};
    size_t n_found;

    (void)snprintf(at, sizeof(at), "2026-03-01T%02d:00:00Z", hour);
    d.at = an_str_c(at);
    ck_assert_int_eq(
        pl_deletions_note(engine, r, &arena, &d, 1, &n_found, NULL), AN_OK);
}

static enum an_code settle(struct pl_reader *r)
{
    struct pl_settling by = {.engine = engine, .feed = AN_STR("deletions")};

    return pl_deletions_settle(&by, r, NULL);
}

/* Who has it still. */
static size_t who_has(struct pl_reader *r, const char *id)
{
    struct fhir_deletion d = {.server = AN_STR(""),
                              .type = AN_STR("Observation"),
                              .id = an_str_c(id)};
    struct an_str fact =
        fhir_deletion_fact(&arena, &pl_engine_settings(engine)->fhir, &d);
    struct pl_resource_there there;

    ck_assert_int_eq(pl_resource_find(r, &arena, fact, INT64_MAX, &there, NULL),
                     AN_OK);
    return there.n_live;
}

static int64_t outside(const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int64_t n = -1;
    int rc;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &s, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    rc = sqlite3_step(s);
    ck_assert_msg(rc == SQLITE_ROW || rc == SQLITE_DONE, "%s",
                  sqlite3_errmsg(db));
    if (rc == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static bool log_is_empty(void)
{
    char wal[TEST_PATH_BYTES + 8];
    struct stat s;

    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    return stat(wal, &s) == 0 && s.st_size == 0;
}

static bool keeper_failed(const struct pl_keeper *k, enum pl_keeper_job job)
{
    return pl_keeper_faults(k, job) != 0;
}

static void pause_ms(long ms)
{
    struct timespec t = {0, ms * 1000000L};

    (void)nanosleep(&t, NULL);
}

START_TEST(what_an_erasure_frees_is_given_back)
{
    struct ctx_identifier who = {AN_STR(""), AN_STR("7001"), AN_STR("")};
    int64_t until_ms = pl_now_ms() + PATIENCE_MS, before;
    struct pl_reader *r;
    struct pl_found found;
    struct ctx_person person;
    struct pl_keeper *k;

    open_engine("");
    put_note();
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    ck_assert_int_eq(pl_find(r, &arena, who.authority, who.value, &found, NULL),
                     AN_OK);
    ck_assert_int_eq(
        pl_person(r, &arena, &found.id[0], CTX_AS_OF_ALL, &person, NULL),
        AN_OK);
    pl_reader_close(r);
    ck_assert_int_eq(pl_store_erase(pl_engine_store(engine), &person, 1, NULL),
                     AN_OK);
    before = outside("PRAGMA page_count");
    ck_assert_int_eq(pl_keeper_open(engine, &k, NULL), AN_OK);
    while (!log_is_empty() && pl_now_ms() < until_ms)
        pause_ms(10);
    pl_keeper_close(k);
    ck_assert_int_eq(outside("SELECT count(*) FROM erasing"), 0);
    ck_assert_int_eq(outside("PRAGMA freelist_count"), 0);
    ck_assert_int_lt(outside("PRAGMA page_count"), before);
    ck_assert_str_eq(lines, "");
}
END_TEST

/* As what_an_erasure_frees, up to the keeper. */
static void begin_erasure(void)
{
    struct ctx_identifier who = {AN_STR("LAKESIDE"), AN_STR("7001"),
                                 AN_STR("MR")};
    struct ctx_member member = {.id = who};
    struct ctx_person person = {.member = &member, .n_members = 1};

    open_engine("");
    put_note();
    ck_assert_int_eq(pl_store_erase(pl_engine_store(engine), &person, 1, NULL),
                     AN_OK);
}

/* The bytes of an erased patient do not stay in the log because somebody read
 * it at that moment. */
START_TEST(a_log_that_is_read_is_emptied_when_it_is_not)
{
    int64_t until_ms = pl_now_ms() + PATIENCE_MS;
    struct pl_keeper *k;
    sqlite3 *reader = NULL;

    begin_erasure();
    ck_assert_int_eq(sqlite3_open(path, &reader), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM said",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(pl_store_empty_log(pl_engine_store(engine), NULL),
                     AN_BUSY);
    ck_assert_int_eq(pl_keeper_open(engine, &k, NULL), AN_OK);
    while (outside("SELECT (SELECT count(*) FROM erasing)"
                   " + (SELECT freelist_count FROM pragma_freelist_count)") &&
           pl_now_ms() < until_ms)
        pause_ms(10);
    pause_ms(200);
    ck_assert(!log_is_empty());
    sqlite3_close(reader);
    while (!log_is_empty() && pl_now_ms() < until_ms)
        pause_ms(10);
    ck_assert(log_is_empty());
    ck_assert_uint_eq(pl_keeper_faults(k, PL_KEEPER_RECLAIM), 0);
    pl_keeper_close(k);
    ck_assert_str_eq(lines, "");
}
END_TEST

/* Others write between its steps, and it need not come to the end to stop. */
START_TEST(giving_back_a_large_file_stops_when_told)
{
    struct pl_keeper *k;
    struct pl_purged done;

    open_engine("");
    (void)outside("CREATE TABLE large AS SELECT randomblob(40000000) AS x");
    (void)outside("DROP TABLE large");
    ck_assert_int_eq(
        pl_store_reclaim_step(pl_engine_store(engine), &done, NULL), AN_OK);
    ck_assert(done.more);
    ck_assert_int_eq(done.n, 256);
    ck_assert_int_eq(pl_keeper_open(engine, &k, NULL), AN_OK);
    pause_ms(50);
    pl_keeper_close(k);
    ck_assert_int_gt(outside("PRAGMA freelist_count"), 256);
    ck_assert_int_eq(pl_store_reclaim(pl_engine_store(engine), NULL), AN_OK);
    ck_assert_int_eq(outside("PRAGMA freelist_count"), 0);
    ck_assert_str_eq(lines, "");
}
END_TEST

/* In a store of before the index, and then by it. */
START_TEST(what_was_deleted_before_it_came_is_withdrawn)
{
    static const struct fhir_deletion deletion = {
        .server = AN_STR_INIT(""),
        .type = AN_STR_INIT("Observation"),
        .id = AN_STR_INIT("o1"),
        .at = AN_STR_INIT("2026-03-01T10:00:00Z")};
    int64_t until_ms = pl_now_ms() + PATIENCE_MS;
    struct pl_reader *r;
    struct pl_found found;
    struct pl_history h;
    struct pl_keeper *k;
    size_t n_found = 1;

    open_engine("");
    put_resource("Creatinine");
    (void)outside("DELETE FROM resource");
    (void)outside("UPDATE indexing SET until = (SELECT max(id) FROM message)");
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    ck_assert_int_eq(
        pl_deletions_note(engine, r, &arena, &deletion, 1, &n_found, NULL),
        AN_OK);
    ck_assert_uint_eq(n_found, 0);
    ck_assert_int_eq(pl_keeper_open(engine, &k, NULL), AN_OK);
    while (outside("SELECT count(*) FROM message") < 2 &&
           pl_now_ms() < until_ms)
        pause_ms(10);
    put_resource("Creatinine, later");
    while (outside("SELECT count(*) FROM withdrawal") && pl_now_ms() < until_ms)
        pause_ms(10);
    pl_keeper_close(k);
    ck_assert_int_eq(pl_find(r, &arena, AN_STR(""), AN_STR("p1"), &found, NULL),
                     AN_OK);
    ck_assert_int_eq(
        pl_history(r, &arena, &found.id[0], CTX_AS_OF_ALL, &h, NULL), AN_OK);
    ck_assert_uint_eq(h.n_said, 3);
    ck_assert_uint_eq(h.timeline.n_events, 0);
    pl_reader_close(r);
    ck_assert_str_eq(lines, "");
}
END_TEST

/* The message that withdraws it is there already, and its events are not. */
START_TEST(what_comes_again_after_a_purge_is_withdrawn_again)
{
    struct pl_purge what = {.before_us = INT64_MAX, .now_us = 1};
    struct pl_purged done;
    struct pl_reader *r;

    open_engine("");
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    put_resource("Creatinine");
    note_deletion(r, "o1", 10);
    ck_assert_int_eq(settle(r), AN_OK);
    for (int kind = PL_PURGE_RAW; kind <= PL_PURGE_EVENTS; kind++) {
        what.kind = (enum pl_purge_kind)kind;
        ck_assert_int_eq(
            pl_store_purge(pl_engine_store(engine), &what, &done, NULL), AN_OK);
        ck_assert_int_eq(done.n, 2);
    }
    put_resource("Creatinine, from an archive");
    ck_assert_uint_eq(who_has(r, "o1"), 1);
    ck_assert_int_eq(settle(r), AN_OK);
    ck_assert_uint_eq(who_has(r, "o1"), 0);
    ck_assert_int_eq(outside("SELECT count(*) FROM withdrawal"), 0);
    ck_assert_int_eq(outside("SELECT count(*) FROM message"), 4);
    pl_reader_close(r);
}
END_TEST

START_TEST(what_is_damaged_keeps_nobody_else_waiting)
{
    struct pl_deleted d = {.fact = AN_STR("urn:fhir:Observation/o1"),
                           .at_us = 1};
    struct pl_reader *r;

    open_engine("");
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    put_version("o1", 9, "Creatinine");
    (void)outside("UPDATE said SET events = x'FF00' WHERE n_events > 0");
    put_about("p2", "o2", 9, "Creatinine");
    ck_assert_int_eq(pl_store_deleted(pl_engine_store(engine), &d, 1, NULL),
                     AN_OK);
    note_deletion(r, "o2", 10);
    ck_assert_int_eq(settle(r), AN_UNSUPPORTED);
    ck_assert_uint_eq(who_has(r, "o2"), 0);
    ck_assert_int_eq(outside("SELECT count(*) FROM withdrawal"), 1);
    pl_reader_close(r);
}
END_TEST

/* A server that does not say when: each of its deletions is dated by our clock. */
START_TEST(one_without_a_moment_that_is_told_again_adds_nothing)
{
    struct fhir_deletion d = {.server = AN_STR(""),
                              .type = AN_STR("Observation"),
                              .id = AN_STR("o1"),
                              .at = AN_STR("")};
    struct pl_reader *r;
    size_t n_found;

    open_engine("");
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < 6; i++) {
            pause_ms(2);
            ck_assert_int_eq(
                pl_deletions_note(engine, r, &arena, &d, 1, &n_found, NULL),
                AN_OK);
            if (i == 3) /* before it is withdrawn, and after */
                ck_assert_int_eq(settle(r), AN_OK);
        }
        ck_assert_uint_eq(who_has(r, "o1"), 0);
        ck_assert_int_eq(outside("SELECT count(*) FROM deleted"), round);
        ck_assert_int_eq(outside("SELECT count(*) FROM withdrawal"), 0);
        /* Made anew since, by a clock that is ahead. */
        if (round == 1) {
            put_version("o1", 9, "Creatinine");
            ck_assert_int_eq(settle(r), AN_OK);
            ck_assert_uint_eq(who_has(r, "o1"), 0);
            put_at("p1", "o1", "2199-01-01T00:00:00Z", "Creatinine");
            ck_assert_uint_eq(who_has(r, "o1"), 1);
        }
    }
    pl_reader_close(r);
}
END_TEST

#define AT_THAT_SERVER "}\nfhir: {url: \"https://h/fhir/\""

/* A note waits under the name that the resource had, and gives it up for another
 * when the configuration says whose server that is. */
START_TEST(what_had_another_name_when_it_was_deleted_is_withdrawn)
{
    static const char message[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{"
        "\"fullUrl\":\"https://h/fhir/Observation/o1\",\"resource\":{"
        "\"resourceType\":\"Observation\",\"id\":\"o1\",\"meta\":{"
        "\"lastUpdated\":\"2026-03-01T09:00:00Z\"},\"status\":\"final\","
        "\"code\":{\"text\":\"Creatinine\"},\"subject\":{\"reference\":"
        "\"Patient/p1\"},\"valueInteger\":1}}]}";
    const struct fhir_deletion d = {.server = AN_STR("https://h/fhir/"),
                                    .type = AN_STR("Observation"),
                                    .id = AN_STR("o1"),
                                    .at = AN_STR("2026-03-01T10:00:00Z")};
    const struct an_str fact = AN_STR("https://h/fhir/Observation/o1");
    struct pl_resource_there there;
    struct pl_reader *r;
    size_t n_found;

    open_engine(_i ? AT_THAT_SERVER : "");
    put_fhir(message, sizeof(message) - 1);
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    ck_assert_int_eq(
        pl_deletions_note(engine, r, &arena, &d, 1, &n_found, NULL), AN_OK);
    ck_assert_uint_eq(n_found, 1);
    pl_reader_close(r);
    pl_engine_close(engine);
    open_engine(_i ? "" : AT_THAT_SERVER);
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    ck_assert_int_eq(settle(r), AN_OK);
    ck_assert_int_eq(outside("SELECT count(*) FROM withdrawal"), 0);
    ck_assert_int_eq(pl_resource_find(r, &arena, fact, INT64_MAX, &there, NULL),
                     AN_OK);
    ck_assert_uint_eq(there.n_live, 0);
    ck_assert_uint_eq(who_has(r, "o1"), 0);
    pl_reader_close(r);
}
END_TEST

static void *settle_too(void *arg)
{
    struct pl_reader *r = NULL;
    enum an_code *rc = arg;

    *rc = pl_engine_reader(engine, &r, NULL);
    if (*rc == AN_OK)
        *rc = settle(r);
    pl_reader_close(r);
    return NULL;
}

/* As notifications and the keeper do. */
START_TEST(those_who_withdraw_at_once_lose_nothing)
{
    enum { RESOURCES = 40, THREADS = 4 };
    enum an_code rc[THREADS];
    pthread_t thread[THREADS];
    struct pl_reader *r;
    char id[32];

    open_engine("");
    ck_assert_int_eq(pl_engine_reader(engine, &r, NULL), AN_OK);
    for (int i = 0; i < RESOURCES; i++) {
        (void)snprintf(id, sizeof(id), "o%02d", i);
        for (int k = 0; k < 4; k++) {
            put_version(id, 9 + 2 * k, "Creatinine");
            note_deletion(r, id, 10 + 2 * k);
        }
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, settle_too, &rc[i]),
                         0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_int_eq(rc[i], AN_OK);
    }
    for (int i = 0; i < RESOURCES; i++) {
        (void)snprintf(id, sizeof(id), "o%02d", i);
        ck_assert_uint_eq(who_has(r, id), 0);
    }
    ck_assert_int_eq(outside("SELECT count(*) FROM withdrawal"), 0);
    pl_reader_close(r);
}
END_TEST

START_TEST(what_fails_is_told_without_a_word_of_it)
{
    int64_t until_ms = pl_now_ms() + PATIENCE_MS;
    struct pl_store_faults faults;
    struct pl_keeper *k;

    open_engine(", retention: {raw: 1ms}");
    put_note();
    (void)outside("CREATE TRIGGER stop BEFORE UPDATE ON message"
                  " BEGIN SELECT raise(ABORT, 'Drill'); END");
    ck_assert_int_eq(pl_keeper_open(engine, &k, NULL), AN_OK);
    while (!keeper_failed(k, PL_KEEPER_PURGE) && pl_now_ms() < until_ms)
        pause_ms(10);
    ck_assert_uint_eq(pl_keeper_faults(k, PL_KEEPER_PURGE), 1);
    ck_assert_uint_eq(pl_keeper_faults(k, PL_KEEPER_ERASE), 0);
    pl_keeper_close(k);
    pl_store_faults(pl_engine_store(engine), &faults);
    ck_assert_uint_eq(faults.n_commits, 1);
    ck_assert_ptr_nonnull(
        strstr(lines, "\"event\":\"store_commit_fault\",\"code\":"));
    ck_assert_ptr_nonnull(
        strstr(lines, "\"event\":\"keeper_fault\",\"job\":2,\"code\":"));
    ck_assert_ptr_null(strstr(lines, "Drill"));
}
END_TEST

Suite *consult_keeper_suite(void)
{
    const TTest *const test[] = {
        what_an_erasure_frees_is_given_back,
        a_log_that_is_read_is_emptied_when_it_is_not,
        giving_back_a_large_file_stops_when_told,
        what_was_deleted_before_it_came_is_withdrawn,
        what_comes_again_after_a_purge_is_withdrawn_again,
        one_without_a_moment_that_is_told_again_adds_nothing,
        those_who_withdraw_at_once_lose_nothing,
        what_is_damaged_keeps_nobody_else_waiting,
        what_fails_is_told_without_a_word_of_it};

    Suite *s =
        test_suite_around("consult/keeper", test,
                          sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *named = tcase_create("names");

    tcase_add_checked_fixture(named, set_up, tear_down);
    tcase_add_loop_test(
        named, what_had_another_name_when_it_was_deleted_is_withdrawn, 0, 2);
    suite_add_tcase(s, named);
    return s;
}
