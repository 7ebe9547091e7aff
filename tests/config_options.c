/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *config_options_suite(void);

static struct an_arena arena;
static struct cfg_options options;
static struct cfg_problems problems;
static struct an_err err;

static void setup(void)
{
    an_arena_init(&arena, 4 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
}

static enum an_code read_text(const char *text)
{
    return cfg_options_read(&arena, an_str_c(text), "a.yaml", &options,
                            &problems, &err);
}

static struct an_str put(const struct cfg_options *o, enum cfg_comment comment)
{
    struct an_buf b;
    struct an_str text = {"", 0};

    an_buf_init(&b, &arena, 1 << 20);
    cfg_options_put(&b, o, comment);
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

START_TEST(reads_every_type)
{
    setup();
    ck_assert_int_eq(read_text("environment: test\n"
                               "tenant: 'St. Elsewhere'\n"
                               "zone: America/St_Johns\n"
                               "languages: [de, fr]\n"
                               "workers: 3\n"
                               "stage: trial\n"
                               "store:\n"
                               "  path: /srv/x.db\n"
                               "listen:\n"
                               "  mllp:\n"
                               "    address: \"[::1]:2575\"\n"
                               "    max_frame: 64KiB\n"
                               "    timeout: {idle: 5m, answer: 250ms}\n"
                               "  http:\n"
                               "outbox: {url: 'https://fhir.example/r4',\n"
                               "         test_target: true}\n"),
                     AN_OK);
    ck_assert_uint_eq(problems.n, 0);
    ck_assert_int_eq(options.environment, CFG_TEST);
    ck_assert_an_str_eq(options.tenant, "St. Elsewhere");
    ck_assert_an_str_eq(options.zone, "America/St_Johns");
    ck_assert_uint_eq(options.languages.n, 2);
    ck_assert_an_str_eq(options.languages.item[1], "fr");
    ck_assert_int_eq(options.workers, 3);
    ck_assert_int_eq(options.stage, CFG_TRIAL);
    ck_assert_an_str_eq(options.store_path, "/srv/x.db");
    ck_assert_an_str_eq(options.mllp_address.host, "::1");
    ck_assert_int_eq(options.mllp_max_frame_bytes, 65536);
    ck_assert_int_eq(options.mllp_idle_ms, 300000);
    ck_assert_int_eq(options.mllp_answer_ms, 250);
    ck_assert_an_str_eq(options.outbox_url, "https://fhir.example/r4");
    ck_assert(options.outbox_is_test_target);
    ck_assert_uint_eq(options.line[CFG_OPT_stage], 6);
    ck_assert_uint_eq(options.line[CFG_OPT_mllp_idle_ms], 13);
    /* What was not said has its default. */
    ck_assert_int_eq(options.mllp_write_ms, 30000);
    ck_assert_int_eq(options.http_address.port, 8080);
    ck_assert_uint_eq(options.line[CFG_OPT_http_address], 0);
    teardown();
}
END_TEST

static const struct {
    const char *text, *problem;
    uint32_t line, column;
} problem_cases[] = {
    {"stage: on\n", "stage: expected one of off, shadow, trial, live", 1, 8},
    {"stage:\n", "stage: expected one of off, shadow, trial, live", 1, 7},
    {"workers: many\n", "workers: expected a whole number from 0 to 256", 1,
     10},
    {"workers: 257\n", "workers: expected a whole number from 0 to 256", 1, 10},
    {"listen:\n  mllp:\n    max_frame: 16MB\n",
     "listen.mllp.max_frame: expected a size from 1KiB to 1GiB, such as 64KiB",
     3, 16},
    {"listen:\n  mllp:\n    max_frame: 2MiB\n    max_pending: 1MiB\n",
     "listen.mllp.max_pending is less than listen.mllp.max_frame", 4, 1},
    {"listen:\n  mllp:\n    timeout:\n      frame: 10\n",
     "listen.mllp.timeout.frame: expected a duration from 10ms to 1d, such as "
     "30s",
     4, 14},
    {"listen:\n  http:\n    address: localhost\n",
     "listen.http.address: expected HOST:PORT, such as 127.0.0.1:2575 or "
     "\"[::1]:2575\", or \"\" for none",
     3, 14},
    {"zone: ''\n", "zone: expected a text of 1 to 64 bytes", 1, 7},
    {"outbox: {test_target: yes}\n",
     "outbox.test_target: expected true or false", 1, 23},
    {"outbox: {url: 'ftp://x'}\n",
     "outbox.url: expected an http:// or https:// URL without a password, or "
     "\"\" for none",
     1, 15},
    {"store: {path: ''}\n", "store.path: expected a path", 1, 15},
    {"tenant: [a]\n", "tenant: expected a text of 1 to 64 bytes", 1, 9},
    {"tenant: \"a\\nb\"\n", "tenant: expected a text of 1 to 64 bytes", 1, 9},
    {"languages: en\n",
     "languages: expected a list of 1 to 32 texts, such as [en, de]", 1, 12},
    {"languages: []\n",
     "languages: expected a list of 1 to 32 texts, such as [en, de]", 1, 12},
    {"languages: [en, {a: b}]\n",
     "languages: expected a list of 1 to 32 texts, such as [en, de]", 1, 17},
    {"store: here\n", "store: expected keys and values", 1, 8},
    {"listen: {mllp: [1]}\n", "listen.mllp: expected keys and values", 1, 16},
    {"- stage\n", "expected keys and values", 1, 1},
    {"satge: off\n", "unknown key; did you mean \"stage\"?", 1, 1},
    {"listen:\n  mlp:\n    address: x\n",
     "unknown key; did you mean \"listen.mllp\"?", 2, 3},
    {"listen:\n  mllp:\n    max_frmae: 1KiB\n",
     "unknown key; did you mean \"listen.mllp.max_frame\"?", 3, 5},
    {"group_max: 3\n", "unknown key; did you mean \"store.group_max\"?", 1, 1},
    {"store.path: x\n", "unknown key; did you mean \"store.path\"?", 1, 1},
    {"colour: red\n", "unknown key", 1, 1},
    {"'': red\n", "unknown key", 1, 1},
    {"a_key_that_is_longer_than_any_word_of_the_table: red\n", "unknown key", 1,
     1},
    {"stage: off\nstage: live\n", "this key was said before", 2, 1},
    {"stage: off\n\tworkers: 1\n",
     "found a tab character that violates indentation", 2, 1},
    {"environment: demo\noutbox:\n  url: http://fhir.example\n",
     "outbox.url: environment demo writes only to a server with "
     "outbox.test_target: true",
     3, 1},
    {"outbox: {resources: [RiskAssessment, Patient]}\n",
     "outbox.resources: expected a list, each one of RiskAssessment, "
     "Observation, DocumentReference, DetectedIssue, ClinicalImpression, "
     "Composition, Task, CommunicationRequest, GuidanceResponse, AuditEvent, "
     "ModelCard",
     1, 38},
    {"outbox: {flags: [stroke]}\n",
     "outbox.flags: expected \"OUTCOME PROBABILITY\", such as \"stroke 0.2\"",
     1, 1},
    {"outbox: {flags: [stroke 20]}\n",
     "outbox.flags: expected \"OUTCOME PROBABILITY\", such as \"stroke 0.2\"",
     1, 1},
    {"outbox: {flags: [stroke 0.2 more]}\n",
     "outbox.flags: expected \"OUTCOME PROBABILITY\", such as \"stroke 0.2\"",
     1, 1},
    {"outbox:\n  proposals: ['stroke 0.2 Home visit']\n",
     "outbox.proposals: expected \"OUTCOME PROBABILITY SYSTEM|CODE WORDS\"", 2,
     1},
    {"outbox:\n  proposals: ['stroke 0.2 http://x|1']\n",
     "outbox.proposals: expected \"OUTCOME PROBABILITY SYSTEM|CODE WORDS\"", 2,
     1},
    {"outbox:\n  retry_max: 20ms\n",
     "outbox.retry_max is less than outbox.retry_first", 2, 1},
    {"store:\n  retention:\n    events: 29d\n    raw: 30d\n",
     "store.retention.events is less than store.retention.raw: the bytes would "
     "still say what was read in them",
     3, 1},
    {"store: {retention: {events: 29d}}\n", /* the bytes for ever */
     "store.retention.events is less than store.retention.raw: the bytes would "
     "still say what was read in them",
     1, 1},
    {"listen: {mllp: {peers: [10.0.0.1/8]}}\n",
     "peers: expected addresses and networks, such as 192.0.2.7, 10.0.0.0/8 or "
     "2001:db8::/32",
     1, 1},
    {"listen:\n  http:\n    peers: [all]\n",
     "peers: expected addresses and networks, such as 192.0.2.7, 10.0.0.0/8 or "
     "2001:db8::/32",
     3, 1},
    {"listen:\n  senders: ['LAB|']\n",
     "listen.senders: expected \"APPLICATION|FACILITY\", * for any", 2, 1},
    {"listen:\n  senders: ['A|B', 'A|B|C']\n",
     "listen.senders: expected \"APPLICATION|FACILITY\", * for any", 2, 1},
    {"listen:\n  mllp:\n    tls: true\n",
     "tls: needs listen.tls.certificate_file and listen.tls.key_file", 3, 1},
    {"listen: {http: {tls: true}, tls: {key_file: k}}\n",
     "tls: needs listen.tls.certificate_file and listen.tls.key_file", 1, 1},
    {"listen:\n  tls: {client_certificate: required}\n",
     "listen.tls.client_certificate: listen.tls.ca_file has to say who signs "
     "them",
     2, 1},
    {"clock: messages",
     "clock: in production the present is the machine's: "
     "clock: system",
     1, 1},
    {"clock: sundial\n", "clock: expected one of system, messages", 1, 8},
    {"names: here\n",
     "names: expected an http:// or https:// URL without a password, or \"\" "
     "for none",
     1, 8},
    {"cds: {max_cards: 0}\n",
     "cds.max_cards: expected a whole number from 1 to 50", 1, 18},
    {"cds: {max_cards: 51}\n",
     "cds.max_cards: expected a whole number from 1 to 50", 1, 18},
    {"cds:\n  clients: c.yaml\n",
     "cds.clients: cds.url has to say which address their tokens are made out "
     "to",
     2, 1},
    {"cds: {origins: ['https://h.example/']}\n",
     "cds.origins: expected scheme and host, such as https://ehr.example.org, "
     "or *",
     1, 1},
    {"cds: {origins: ['null']}\n",
     "cds.origins: expected scheme and host, such as https://ehr.example.org, "
     "or *",
     1, 1},
    {"cds: {fhir_servers: ['http://h.example/fhir']}\n",
     "cds.fhir_servers: expected addresses, in production of https", 1, 1},
    {"cds: {fhir_servers: ['file:///etc']}\n",
     "cds.fhir_servers: expected addresses, in production of https", 1, 1},
    {"outbox: {probability: ratio}\n",
     "outbox.probability: expected one of fraction, percent, interval", 1, 23},
};

START_TEST(says_where_and_what_was_expected)
{
    setup();
    for (size_t i = 0; i < sizeof(problem_cases) / sizeof(problem_cases[0]);
         i++) {
        enum an_code code = read_text(problem_cases[i].text);

        ck_assert_msg(code != AN_OK, "case %zu", i);
        ck_assert_int_eq(code, err.code);
        ck_assert_uint_eq(problems.n, 1);
        ck_assert_an_str_eq(problems.first->text, problem_cases[i].problem);
        ck_assert_msg(problems.first->line == problem_cases[i].line &&
                          problems.first->column == problem_cases[i].column,
                      "case %zu at %u:%u", i, problems.first->line,
                      problems.first->column);
        ck_assert_uint_eq(err.where.line, problem_cases[i].line);
        ck_assert_uint_eq(err.where.column, problem_cases[i].column);
        ck_assert_str_eq(err.where.path, "a.yaml");
    }
    teardown();
}
END_TEST

START_TEST(what_suggestions_depend_on_is_read)
{
    setup();
    ck_assert_int_eq(read_text("stage: shadow\n"), AN_OK);
    ck_assert_int_eq(options.clock, CFG_CLOCK_SYSTEM);
    ck_assert_uint_eq(options.names_url.n, 0);
    ck_assert_int_eq(options.cds_max_cards, 5);
    ck_assert_int_eq(options.outbox_probability, CFG_P_FRACTION);
    ck_assert_int_eq(read_text("environment: test\nclock: messages\n"
                               "names: 'https://h.example/ai'\n"
                               "cds: {max_cards: 50, origins: ['*', "
                               "'https://h.example:8443'], clients: c, url: "
                               "'https://h', fhir_servers: ['http://h/r4']}\n"
                               "outbox: {probability: interval}\n"),
                     AN_OK);
    ck_assert_int_eq(options.clock, CFG_CLOCK_MESSAGES);
    ck_assert_an_str_eq(options.names_url, "https://h.example/ai");
    ck_assert_int_eq(options.cds_max_cards, 50);
    ck_assert_int_eq(options.outbox_probability, CFG_P_INTERVAL);
    teardown();
}
END_TEST

START_TEST(events_are_kept_as_long_as_their_bytes_or_longer)
{
    static const char *const text[] = {"raw: 30d, events: 30d",
                                       "raw: 30d, events: 31d",
                                       "raw: 30d, events: 0s", "raw: 30d"};

    for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
        char file[128];

        setup();
        (void)snprintf(file, sizeof(file), "store: {retention: {%s}}\n",
                       text[i]);
        ck_assert_int_eq(read_text(file), AN_OK);
        ck_assert_int_eq(options.store_keep_raw_ms, 30 * CFG_A_DAY_MS);
        teardown();
    }
}
END_TEST

START_TEST(finds_every_problem_in_one_pass)
{
    struct an_buf b;
    struct an_str text;

    setup();
    ck_assert_int_eq(read_text("stage: x\nstor: {}\nworkers: -1\n"), AN_CONFIG);
    ck_assert_uint_eq(problems.n, 3);
    ck_assert_uint_eq(problems.last->line, 3);
    ck_assert_ptr_null(problems.last->next);
    ck_assert_str_eq(err.what, "a value is not what its option takes");
    an_buf_init(&b, &arena, 1 << 20);
    for (uint64_t i = 0; i < 2000; i++) {
        an_buf_put_char(&b, 'x');
        an_buf_put_u64(&b, i);
        an_buf_put(&b, AN_STR(": 1\n"));
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    ck_assert_int_eq(
        cfg_options_read(&arena, text, "a.yaml", &options, &problems, NULL),
        AN_CONFIG);
    ck_assert_uint_eq(problems.n, CFG_PROBLEMS);
    teardown();
}
END_TEST

/* Values may be secrets by mistake; a report must be safe to send by mail. */
START_TEST(repeats_no_byte_of_the_file)
{
    setup();
    ck_assert_int_ne(read_text("hunter2: hunter2\nstage: hunter2\n"
                               "outbox: {url: 'https://u:hunter2@x/'}\n"),
                     AN_OK);
    ck_assert_uint_eq(problems.n, 3);
    for (struct cfg_problem *p = problems.first; p; p = p->next)
        ck_assert_ptr_null(strstr(p->text.p, "hunter2"));
    teardown();
}
END_TEST

START_TEST(default_file_reads_back_as_the_defaults)
{
    struct cfg_options defaults;
    struct an_str text, again;

    setup();
    ck_assert_int_eq(cfg_options_default(&arena, &defaults, &err), AN_OK);
    text = put(&defaults, CFG_WITH_HELP);
    ck_assert_int_eq(
        cfg_options_read(&arena, text, "a.yaml", &options, &problems, &err),
        AN_OK);
    for (int i = 0; i < CFG_N_OPTIONS; i++)
        ck_assert_msg(options.line[i] > 0, "%s is not in the file",
                      cfg_option[i].key);
    memset(options.line, 0, sizeof(options.line));
    again = put(&options, CFG_WITH_ORIGIN);
    ck_assert_an_str_eq(again, put(&defaults, CFG_WITH_ORIGIN).p);
    teardown();
}
END_TEST

/* config/anamnesis.yaml is this text; UPDATE_GOLDEN=1 writes it anew. */
START_TEST(default_file_in_the_tree_is_current)
{
    const char *top = getenv("top_srcdir");
    struct cfg_options defaults;
    struct an_str text;
    char path[512], *stored;
    size_t n;
    FILE *f;

    setup();
    ck_assert_int_eq(cfg_options_default(&arena, &defaults, &err), AN_OK);
    text = put(&defaults, CFG_WITH_HELP);
    snprintf(path, sizeof(path), "%s/config/anamnesis.yaml", top ? top : ".");
    if (getenv("UPDATE_GOLDEN")) {
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(text.p, 1, text.n, f), text.n);
        ck_assert_int_eq(fclose(f), 0);
    }
    stored = an_arena_get(&arena, text.n + 1, 1);
    ck_assert_ptr_nonnull(stored);
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    n = fread(stored, 1, text.n + 1, f);
    fclose(f);
    ck_assert(an_str_eq((struct an_str){stored, n}, text));
    teardown();
}
END_TEST

START_TEST(says_where_each_value_comes_from)
{
    struct an_str text;

    setup();
    ck_assert_int_eq(read_text("# mine\nlog:\n  level: warn\n"), AN_OK);
    text = put(&options, CFG_WITH_ORIGIN);
    ck_assert_ptr_nonnull(strstr(text.p, "log:\n  level: warn  # line 3\n"
                                         "  format: json  # default\n"));
    ck_assert_ptr_nonnull(strstr(text.p, "      idle: 0s  # default\n"));
    teardown();
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    static const char text[] = "stage: x\nlanguages: [de, en]\nfoo: 1\n";
    enum an_code code = AN_NOMEM;
    long n = 0;

    setup();
    for (; code == AN_NOMEM && n < 200; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = read_text(text);
    }
    ck_assert_int_eq(code, AN_CONFIG);
    ck_assert_uint_eq(problems.n, 2);
    ck_assert_int_gt(n, 10);
    teardown();
}
END_TEST

Suite *config_options_suite(void)
{
    const TTest *const test[] = {
        reads_every_type,
        says_where_and_what_was_expected,
        what_suggestions_depend_on_is_read,
        events_are_kept_as_long_as_their_bytes_or_longer,
        finds_every_problem_in_one_pass,
        repeats_no_byte_of_the_file,
        default_file_reads_back_as_the_defaults,
        default_file_in_the_tree_is_current,
        says_where_each_value_comes_from,
        survives_each_failed_allocation};

    return TEST_SUITE("config/options", test);
}
