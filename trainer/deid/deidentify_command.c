/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train deidentify */
#include "base/hash.h"
#include "trainer/command.h"
#include "trainer/deid/run.h"

#include <stdio.h>
#include <time.h>

enum { MAX_PATHS = 256, KEY_ID_BYTES = 4 };

struct job {
    const char *path[MAX_PATHS], *out, *key, *table;
    size_t n_paths;
    enum tr_deid_profile profile;
    int as_of;
    bool help, has_profile, zero_time;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train deidentify --profile PROFILE [OPTION...] "
          "--out FOLDER PATH...\n\n"
          "Reads FHIR R4 (.json, .ndjson) and HL7v2 (.hl7; folders are "
          "walked) and writes of\neach what the profile allows, and a "
          "manifest.  Free text never stays.\n\n"
          "  --profile PROFILE `safe-harbor`: dates are years, pseudonyms are "
          "random;\n"
          "                    `date-shift`: dates move by a patient's own "
          "days, pseudonyms\n"
          "                    are keyed hashes\n"
          "  --key FILE        date-shift: 32 bytes or 64 hex digits, mode "
          "0600 (random and\n"
          "                    thrown away)\n"
          "  --table FILE      safe-harbor: the pseudonyms of earlier runs, "
          "mode 0600; made\n"
          "                    where it is missing (thrown away)\n"
          "  --as-of YEAR      of the extract: a date of a year 90 or more "
          "before, or of a\n"
          "                    later year, is dropped (this year)\n"
          "  --zero-time       date-shift: the time of day becomes zeros\n"
          "  --out FOLDER      new, or empty\n",
          out);
}

static int bad(const char *argument)
{
    fprintf(stderr, "anamnesis-train deidentify: '%s' is not understood\n\n",
            argument);
    usage(stderr);
    return TR_EXIT_USAGE;
}

static bool set(struct job *job, struct an_str name, struct an_str value)
{
    uint64_t year;

    if (an_str_eq(name, AN_STR("profile")))
        return job->has_profile = tr_deid_profile_of(value, &job->profile);
    if (an_str_eq(name, AN_STR("out")))
        return (job->out = value.p) != NULL;
    if (an_str_eq(name, AN_STR("key")))
        return (job->key = value.p) != NULL;
    if (an_str_eq(name, AN_STR("table")))
        return (job->table = value.p) != NULL;
    if (an_str_eq(name, AN_STR("as-of")) && an_str_u64(value, &year) &&
        year >= 1900 && year <= 9999) {
        job->as_of = (int)year;
        return true;
    }
    return false;
}

/* Options that do not go together; NULL when all do. */
static const char *at_odds(const struct job *job)
{
    if (job->profile == TR_DEID_SAFE_HARBOR && job->key)
        return "--key is for date-shift: what a key makes of an identifier is "
               "derived from it, and no Safe Harbor";
    if (job->profile == TR_DEID_SAFE_HARBOR && job->zero_time)
        return "--zero-time is for date-shift: of safe-harbor years stay";
    if (job->profile == TR_DEID_DATE_SHIFT && job->table)
        return "--table is for safe-harbor; date-shift has --key";
    return NULL;
}

static int ready(const struct job *job)
{
    const char *why = at_odds(job);

    if (job->n_paths == 0 || job->out == NULL || job->out[0] == '\0' ||
        !job->has_profile)
        usage(stderr);
    else if (why)
        fprintf(stderr, "anamnesis-train deidentify: %s\n", why);
    else
        return TR_EXIT_OK;
    return TR_EXIT_USAGE;
}

static int arguments(struct job *job, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *said = argv[i];
        struct an_str name, value;

        if (strcmp(said, "--help") == 0) {
            usage(stdout);
            job->help = true;
            return TR_EXIT_OK;
        }
        if (strcmp(said, "--zero-time") == 0)
            job->zero_time = true;
        else if (said[0] != '-' && job->n_paths < MAX_PATHS)
            job->path[job->n_paths++] = said;
        else if (!tr_option(argc, argv, &i, &name, &value) ||
                 !set(job, name, value))
            return bad(said);
    }
    return ready(job);
}

static void failed(const char *path, uint64_t line, const struct an_err *err)
{
    char text[512];

    an_err_print(err, text, sizeof(text));
    if (line)
        fprintf(stderr, "%s:%llu: %s\n", path, (unsigned long long)line, text);
    else
        fprintf(stderr, "%s: %s\n", path, text);
}

static int this_year(void)
{
    time_t now = time(NULL);
    struct tm tm;

    return gmtime_r(&now, &tm) ? tm.tm_year + 1900 : 9999;
}

/* The first bytes of the key's hash: which key it was, and nothing of it. */
static enum an_code key_id(const struct tr_deid *d, char hex[9],
                           struct an_err *err)
{
    struct an_sha256 hash;
    enum an_code code =
        an_sha256((struct an_str){(const char *)d->names.key.key,
                                  sizeof(d->names.key.key)},
                  &hash, err);

    if (code == AN_OK)
        an_hex_print(hash.b, KEY_ID_BYTES, hex);
    return code;
}

/* `subject` is set to what an error is about. */
static enum an_code run_all(const struct job *job, struct tr_deid_run *run,
                            const char **subject, struct an_err *err)
{
    char hex[2 * KEY_ID_BYTES + 1];
    enum an_code code;

    *subject = NULL;
    code =
        tr_deid_open(run->d, job->profile,
                     job->profile == TR_DEID_DATE_SHIFT ? job->key : job->table,
                     job->as_of ? job->as_of : this_year(), err);
    if (code == AN_OK && job->key) {
        code = key_id(run->d, hex, err);
        run->key_id = hex;
    }
    run->d->zero_time = job->zero_time;
    *subject = job->out;
    if (code == AN_OK)
        code = tr_deid_begin(run, err);
    for (size_t i = 0; i < job->n_paths && code == AN_OK; i++) {
        *subject = job->path[i];
        code = tr_deid_read(run, job->path[i], err);
    }
    if (code == AN_OK) {
        *subject = job->out;
        code = tr_deid_finish(run, err);
    }
    run->key_id = NULL;
    return code;
}

int tr_command_deidentify(int argc, char **argv)
{
    struct job job = {.as_of = 0};
    struct tr_deid d = {.as_of = 0};
    struct tr_deid_run run = {.d = &d, .failed = failed};
    const char *subject = NULL;
    struct an_err err;
    enum an_code code;
    int status = arguments(&job, argc, argv);

    if (status != TR_EXIT_OK || job.help)
        return status;
    run.out = job.out;
    code = run_all(&job, &run, &subject, &err);
    if (code == AN_OK)
        printf("%s: %llu of %llu documents, %llu refused\n",
               tr_deid_profile_text(job.profile), (unsigned long long)run.n_out,
               (unsigned long long)run.n_read,
               (unsigned long long)run.n_refused);
    tr_deid_abandon(&run);
    tr_deid_close(&d);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("deidentify", subject, &err);
}
