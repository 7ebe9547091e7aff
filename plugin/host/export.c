/* SPDX-License-Identifier: Apache-2.0 */
/* export: a FHIR server's $export into a folder, from which backload reads. */
#include "plugin/host/command.h"

#include "plugin/fetch/export.h"

#include <stdio.h>
#include <string.h>

enum { OPTIONS_BYTES = 4 << 20, LONGEST = 2000 };

struct asked {
    const char *group, *since, *types, *token_file, *url, *folder;
    bool patients, partial;
};

static void told(void *user, enum pl_export_step step, int64_t n)
{
    static const struct {
        const char *before, *after;
    } text[] = {
        [PL_EXPORT_ASKED] = {"the server took the job, as run ", ""},
        [PL_EXPORT_RESUMED] = {"going on with run ", ""},
        [PL_EXPORT_WAITS] = {"not ready; asked again in ", " ms"},
        [PL_EXPORT_REPEATS] = {"no good answer; asked again in ", " ms"},
        [PL_EXPORT_READY] = {"ready; files of resources: ", ""},
        [PL_EXPORT_FILE] = {"a file is here; resources: ", ""},
        [PL_EXPORT_LEFT] = {"the job stays at the server: HTTP ", ""},
        [PL_EXPORT_PLAIN] = {"no partial manifests; asked without: HTTP ", ""}};

    (void)user;
    (void)fprintf(stderr, "export: %s%lld%s\n", text[step].before, (long long)n,
                  text[step].after);
}

/* One of those that have no value. */
static bool is_flag(const char *word, struct asked *a)
{
    bool patients = strcmp(word, "--patients") == 0;
    bool partial = strcmp(word, "--partial-manifests") == 0;

    a->patients = a->patients || patients;
    a->partial = a->partial || partial;
    return patients || partial;
}

/* False for a wrong call. */
static bool read_arguments(const struct pl_invocation *in, struct asked *a)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--group", &a->group},
                 {"--since", &a->since},
                 {"--types", &a->types},
                 {"--token-file", &a->token_file}};
    int i = 0;

    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        size_t k = 0;

        if (is_flag(in->argv[i], a))
            continue;
        while (k < sizeof(known) / sizeof(known[0]) &&
               strcmp(known[k].name, in->argv[i]) != 0)
            k++;
        if (k == sizeof(known) / sizeof(known[0]) || i + 1 == in->argc ||
            strlen(in->argv[i + 1]) > LONGEST)
            return false;
        *known[k].value = in->argv[++i];
    }
    if (in->argc - i != 2 || (a->group && a->patients))
        return false;
    a->url = in->argv[i];
    a->folder = in->argv[i + 1];
    return true;
}

/* A day or more of a date, or an instant; "last" stands for itself. */
static bool is_time(const char *text)
{
    static const struct an_zone utc = {0};
    struct an_time t;

    return strcmp(text, "last") == 0 ||
           (an_time_fhir(an_str_c(text), &utc, &t) &&
            t.precision >= AN_TIME_SECOND && !t.assumed);
}

static int report(const struct asked *a, const struct pl_export_result *r)
{
    (void)printf("run %lld: %llu files, %llu resources fetched now, as of %s\n",
                 (long long)r->run, (unsigned long long)r->n_files,
                 (unsigned long long)r->n_resources, r->time);
    if (r->n_deleted_files)
        (void)printf("%llu of the files tell what was deleted\n",
                     (unsigned long long)r->n_deleted_files);
    if (r->n_error_files)
        (void)printf("the server could not export everything: %llu files of "
                     "%llu reasons are in %s/.export\n",
                     (unsigned long long)r->n_error_files,
                     (unsigned long long)r->n_errors, a->folder);
    (void)printf("next: anamnesis backload %s\n", a->folder);
    return r->n_error_files ? PL_EXIT_REFUSED : PL_EXIT_OK;
}

/* The configured token is for the configured server alone. */
static const char *token_file(const struct asked *a,
                              const struct cfg_options *o)
{
    struct an_str url = an_str_c(a->url), own = o->fhir_url;

    if (a->token_file)
        return a->token_file;
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    while (own.n && own.p[own.n - 1] == '/')
        own.n--;
    return own.n && an_str_eq(own, url) && o->fhir_token_file.n
               ? o->fhir_token_file.p
               : "";
}

int pl_command_export(const struct pl_invocation *in)
{
    struct asked a = {.group = NULL};
    struct pl_export_options options = {.told = told};
    struct pl_export_result result;
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (!read_arguments(in, &a) || (a.since && !is_time(a.since)))
        return pl_usage(in);
    an_arena_init(&arena, OPTIONS_BYTES);
    rc = pl_invocation_options(in, &arena, &o, &err);
    if (rc == AN_OK) {
        options.base = a.url;
        options.folder = a.folder;
        options.token_file = token_file(&a, &o);
        options.group = an_str_c(a.group);
        options.patients = a.patients;
        options.partial = a.partial;
        options.types = an_str_c(a.types);
        options.since = an_str_c(a.since);
        options.timeout_ms = o.fhir_timeout_ms;
        options.retry_first_ms = o.fhir_retry_first_ms;
        options.retry_max_ms = o.fhir_retry_max_ms;
        options.patience_ms = o.fhir_patience_ms;
        rc = pl_export(&options, &result, &err);
    }
    an_arena_free(&arena);
    return rc == AN_OK ? report(&a, &result) : pl_complain(&err);
}
