/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/consult_ward.h"

#include "plugin/host/file.h"
#include "plugin/host/thread.h"
#include "tests/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30, FILE_BYTES = 1 << 20, BUSY_MS = 50 };

/* ---- messages ----------------------------------------------------------- */

#define PATIENT(value, assigner)                                               \
    "PID|1||" value "^^^" assigner "^MR||Drill^Mary||19480214|F\r"
#define VISIT                                                                  \
    "PV1|1|I|W^1^A^LAKESIDE||||||||||||||||V1^^^LAKESIDE^VN||||||||||||||||||" \
    "|||||||"
#define PAST(n, code, name, when)                                              \
    "DG1|" n "||" code "^" name "^I10C||" when "|A\r"
#define RESULT(n, code, name, value, unit, when)                               \
    "OBX|" n "|NM|" code "^" name "^LN||" value "|" unit "|||||F|||" when "\r"

const char *const ward_past =
    "MSH|^~\\&|ADT|CLINIC|A|B|20260101080000+0000||ADT^A08^ADT_A01|W0|P|"
    "2.5.1\rEVN|A08|20260101080000+0000\r" PATIENT("7001", "LAKESIDE")
        PAST("1", "I10", "Essential hypertension", "20090301")
            PAST("2", "E11.9", "Type 2 diabetes mellitus", "20120608")
                PAST("3", "E78.5", "Hyperlipidemia", "20140510")
                    PAST("4", "I25.10", "Coronary heart disease", "20170919")
                        PAST("5", "N18.30", "Chronic kidney disease, stage 3",
                             "20210104");
const char *const ward_admission =
    "MSH|^~\\&|ADT|LAKESIDE|A|B|20260310103000+0000||ADT^A01^ADT_A01|W1|P|"
    "2.5.1\rEVN|A01|20260310103000+0000\r" PATIENT("7001", "LAKESIDE") VISIT
    "20260310102500+0000\r"
    "DG1|1||I50.9^Heart failure, unspecified^I10C||"
    "20260310102500+0000|A\r";
const char *const ward_results =
    "MSH|^~\\&|LAB|LAKESIDE|A|B|20260310120000+0000||ORU^R01^ORU_R01|W2|P|"
    "2.5.1\r" PATIENT("7001", "LAKESIDE") VISIT
    "\r"
    "OBR|1|P1^C|F1^L|24323-8^Comprehensive metabolic panel^LN|||"
    "20260310113000+0000\r" RESULT("1", "2160-0", "Creatinine", "1.61", "mg/dL",
                                   "20260310113000+0000")
        RESULT("2", "2823-3", "Potassium", "5.1", "mmol/L",
               "20260310113000+0000");
const char *const ward_discharge =
    "MSH|^~\\&|ADT|LAKESIDE|A|B|20260312120000+0000||ADT^A03^ADT_A03|W3|P|"
    "2.5.1\rEVN|A03|20260312120000+0000\r" PATIENT("7001", "LAKESIDE") VISIT
    "20260310102500+0000|20260312115000+0000\r";
const char *const ward_other_results =
    "MSH|^~\\&|LAB|LAKESIDE|A|B|20260310110000+0000||ORU^R01^ORU_R01|W4|P|"
    "2.5.1\r" PATIENT("T1", "LAKESIDE")
        PAST("1", "I10", "Essential hypertension",
             "20090301") "OBR|1|P2^C|F2^L|24323-8^Comprehensive metabolic "
                         "panel^LN|||"
                         "20260310104500+0000\r" RESULT(
                             "1", "2160-0", "Creatinine", "1.70", "mg/dL",
                             "20260310104500+0000")
                             RESULT("2", "2951-2", "Sodium", "135", "mmol/L",
                                    "20260309104500+0000");
const char *const ward_merge =
    "MSH|^~\\&|ADT|LAKESIDE|A|B|20260310113000+0000||ADT^A40^ADT_A39|W5|P|"
    "2.5.1\rEVN|A40|20260310113000+0000\r" PATIENT(
        "7001", "LAKESIDE") "MRG|T1^^^LAKESIDE^MR\r";
const char *const ward_foreign =
    "MSH|^~\\&|LAB|NORTH|A|B|20260310120000+0000||ORU^R01^ORU_R01|W6|P|"
    "2.5.1\r" PATIENT(
        "88", "NORTH") "OBR|1|P3^C|F3^L|24323-8^Comprehensive "
                       "metabolic panel^LN|||20260310113000+0000\r" RESULT(
                           "1", "2160-0", "Creatinine", "1.61", "mg/dL",
                           "20260310113000+0000")
                           RESULT("2", "2951-2", "Sodium", "135", "mmol/L",
                                  "20260309104500+0000");

void ward_creatinine(char message[WARD_MESSAGE_BYTES], int64_t said_us,
                     const char *value)
{
    struct an_time said = an_time_us(said_us);
    char when[AN_TIME_TEXT_BYTES];

    said.precision = AN_TIME_SECOND;
    an_time_print_hl7(said, when);
    (void)snprintf(
        message, WARD_MESSAGE_BYTES,
        "MSH|^~\\&|LAB|LAKESIDE|A|B|%s||ORU^R01^ORU_R01|W%s|P|2.5.1\r" PATIENT(
            "7001",
            "LAKESIDE") "OBR|1|P%s^C|F%s^L|24323-8^Metabolic panel^LN|||%s\r"
                        "OBX|1|NM|2160-0^Creatinine^LN||%s|mg/dL|||||F|||%s\r",
        when, value, value, value, when, value, when);
}

/* ---- the installation --------------------------------------------------- */

static const char *top(void)
{
    const char *root = getenv("top_srcdir");

    return root ? root : ".";
}

static void write_file(const struct ward *w, const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&w->folder, name, path);
    f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void open_parts(struct ward *w, const char *more)
{
    struct pl_store_options store = {.path = w->path, .busy_ms = BUSY_MS};
    struct cfg_problems problems;
    struct an_err err;
    char model[2 * TEST_PATH_BYTES] = "";
    int n;

    if (strstr(more, "model:") == NULL)
        (void)snprintf(model, sizeof(model),
                       "model: {path: %s/config/model/default, keys: "
                       "%s/config/model/keys}\n",
                       top(), top());
    n = snprintf(
        w->config, sizeof(w->config),
        "environment: demo\nstore: {path: %s}\noutcomes: %s/config/outcomes\n"
        "tables: {authorities: %s/authorities.tsv}\n%s%s",
        w->path, top(), w->folder.path, model, more);

    ck_assert_int_lt(n, WARD_CONFIG_BYTES);
    an_arena_init(&w->arena, ARENA_BYTES);
    ck_assert_msg(cfg_options_read(&w->arena, an_str_c(w->config), "a.yaml",
                                   &w->options, &problems, &err) == AN_OK,
                  "configuration: %s", err.what);
    ck_assert_msg(pl_policy_make(&w->options, "a.yaml", &w->mind, &w->policy,
                                 &err) == AN_OK,
                  "policy: %s", err.what);
    ck_assert_int_eq(
        pl_naming_make(&w->arena, &w->options, &w->policy, &w->naming, &err),
        AN_OK);
    ck_assert_int_eq(
        pl_settings_make(&w->arena, &w->options, &w->settings, &err), AN_OK);
    ck_assert_int_eq(pl_store_open(&store, &w->store, &err), AN_OK);
    ck_assert_int_eq(pl_committer_open(w->store, NULL, &w->committer, &err),
                     AN_OK);
    ck_assert_int_eq(pl_reader_open(w->path, 0, &w->reader, &err), AN_OK);
}

static void close_parts(struct ward *w)
{
    pl_reader_close(w->reader);
    pl_committer_close(w->committer);
    pl_store_close(w->store);
    pl_mind_close(w->mind);
    an_arena_free(&w->arena);
}

void ward_open(struct ward *w, const char *more)
{
    test_folder_make(&w->folder);
    test_folder_file(&w->folder, "store.db", w->path);
    write_file(w, "authorities.tsv", "LAKESIDE\turn:oid:2.999.1.7\n");
    open_parts(w, more);
}

void ward_close(struct ward *w)
{
    close_parts(w);
    test_folder_drop(&w->folder);
}

void ward_restart(struct ward *w, const char *more)
{
    close_parts(w);
    open_parts(w, more);
}

/* ---- what comes in ------------------------------------------------------ */

static void tell(struct ward *w, struct an_str bytes, bool historical)
{
    struct pl_inbound in = {.feed = AN_STR("ward"),
                            .received_us = pl_clock_us(NULL),
                            .historical = historical};
    struct pl_job *job;

    ck_assert(pl_format_guess(bytes, &in.format));
    job = pl_job_new(&in, bytes, w->settings.arena_bytes);
    ck_assert_ptr_nonnull(job);
    pl_job_read(job, &w->settings);
    pl_job_put(job, w->committer);
    ck_assert_int_eq(pl_job_verdict(job), PL_ACCEPTED);
    pl_job_free(job);
}

void ward_tell(struct ward *w, const char *message, bool historical)
{
    tell(w, an_str_c(message), historical);
}

static void tell_file(struct ward *w, const char *folder, const char *name,
                      bool historical)
{
    struct an_str bytes;
    char path[4096];

    ck_assert_int_lt(snprintf(path, sizeof(path), "%s/examples/story/%s/%s",
                              top(), folder, name),
                     (int)sizeof(path));
    ck_assert_int_eq(pl_file_read(&w->arena, path, FILE_BYTES, &bytes, NULL),
                     AN_OK);
    tell(w, bytes, historical);
}

static int is_message(const struct dirent *entry)
{
    return an_str_ends(an_str_c(entry->d_name), AN_STR(".hl7"));
}

void ward_tell_story(struct ward *w)
{
    struct dirent **entry;
    char folder[4096];
    int n;

    tell_file(w, ".", "history.json", true);
    ck_assert_int_lt(
        snprintf(folder, sizeof(folder), "%s/examples/story/messages", top()),
        (int)sizeof(folder));
    n = scandir(folder, &entry, is_message, alphasort);
    ck_assert_int_gt(n, 0);
    for (int i = 0; i < n; i++) {
        tell_file(w, "messages", entry[i]->d_name, false);
        free(entry[i]);
    }
    free(entry);
}

/* ---- asking ------------------------------------------------------------- */

struct ctx_identifier ward_patient(void)
{
    return (struct ctx_identifier){AN_STR("urn:oid:2.999.1.7"), AN_STR("7001"),
                                   AN_STR("MR")};
}

struct pl_consult_source ward_source(const struct ward *w)
{
    return (struct pl_consult_source){.options = &w->options,
                                      .zone = &w->settings.hl7.zone,
                                      .policy = &w->policy,
                                      .mind = w->mind,
                                      .naming = &w->naming,
                                      .store = w->store};
}

enum an_code ward_ask(struct ward *w, const struct pl_call *call,
                      struct pl_answer *answer)
{
    struct pl_consult_source from = ward_source(w);
    struct pl_consultant *consultant;
    enum an_code rc;

    ck_assert_int_eq(pl_consultant_open(&from, &consultant, NULL), AN_OK);
    rc = pl_consult(consultant, &w->arena, call, answer, NULL);
    pl_consultant_close(consultant);
    return rc;
}

struct pl_watch *ward_watch(struct ward *w, uint32_t n_threads)
{
    struct pl_watch_options options = {.consult = ward_source(w),
                                       .n_threads = n_threads,
                                       .clock = pl_clock_us};
    struct pl_watch *watch;
    struct an_err err;

    ck_assert_msg(pl_watch_open(&options, &watch, &err) == AN_OK, "watch: %s",
                  err.what);
    return watch;
}

/* ---- what stands in the store ------------------------------------------- */

size_t ward_waiting(struct ward *w)
{
    struct pl_status s;

    ck_assert_int_eq(pl_status(w->reader, &w->arena, &s, NULL), AN_OK);
    return (size_t)s.n_triggers_waiting;
}

size_t ward_current(struct ward *w, const struct ctx_identifier *who,
                    const struct pl_suggestion **list)
{
    size_t n;

    ck_assert_int_eq(
        pl_suggestions(w->reader, &w->arena, who, 0, 1000, list, &n, NULL),
        AN_OK);
    return n;
}

struct pl_outgoing ward_outgoing(struct ward *w)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(w->reader, &out, NULL), AN_OK);
    return out;
}

struct an_str ward_said(struct ward *w)
{
    struct pl_suggestion s;
    struct an_str text;
    struct an_buf b;

    an_buf_init(&b, &w->arena, ARENA_BYTES / 4);
    for (int64_t id = 1;
         pl_suggestion_get(w->reader, &w->arena, id, &s, NULL) == AN_OK; id++) {
        an_buf_put(&b, s.resource);
        an_buf_put_char(&b, ' ');
        an_buf_put_c(&b, ctx_audience_text(s.audience));
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, s.encounter);
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, s.detail);
        an_buf_put_char(&b, '\n');
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

bool ward_has(struct an_str text, const char *part)
{
    struct an_str want = an_str_c(part);

    for (size_t i = 0; i + want.n <= text.n; i++)
        if (memcmp(text.p + i, want.p, want.n) == 0)
            return true;
    return false;
}
