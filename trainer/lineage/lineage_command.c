/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train lineage */
#include "trainer/command.h"
#include "trainer/lineage/check.h"
#include "trainer/lineage/lineage_int.h"
#include "trainer/package/package.h"

#include <cblas.h>
#include <stdio.h>
#include <sys/stat.h>

static const char no_lineage[] = "the folder has no lineage";

static const size_t arena_bytes = (size_t)4 << 30;

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train lineage FOLDER\n"
          "       anamnesis-train lineage --check DATA PATH...\n\n"
          "Prints what was done to make a data set, a fit or a package, leaf "
          "by leaf, once\nthe log has proved to hold together and to be that "
          "of the files beside it.\n\n"
          "  --check DATA PATH...  reads the input files of a data set again, "
          "by the paths\n"
          "                        that `dataset` was given, and names those "
          "that are not as\n"
          "                        they were, and what is missing\n",
          out);
}

/* ---- printing -------------------------------------------------------------- */

static enum an_code print_log(struct an_arena *arena,
                              const struct rt_lineage *l, struct an_err *err)
{
    char hex[AN_SHA256_HEX + 1];

    for (size_t i = 0; i < l->n; i++) {
        struct an_str text;
        enum an_code code = rt_leaf_say(arena, l, i, &text, err);

        if (code != AN_OK)
            return code;
        printf("%.*s\n", AN_STR_ARG(text));
    }
    an_hex_print(l->root.b, sizeof(l->root.b), hex);
    printf("%zu leaves, root %s\n", l->n, hex);
    return AN_OK;
}

static bool has(const char *folder, const char *name)
{
    char path[TR_PATH_BYTES];
    struct stat st;

    return tr_path(path, folder, name, NULL) == AN_OK && stat(path, &st) == 0;
}

static enum an_code open_package(struct an_arena *arena, const char *folder,
                                 struct an_err *err)
{
    struct tr_package_files files;
    struct rt_package p;
    struct rt_lineage l;
    enum an_code code = tr_package_open(&p, arena, folder, NULL, &files, err);

    if (code != AN_OK)
        return code;
    code = rt_lineage_open(&l, arena, &p, files.file, files.n, err);
    if (code == AN_OK)
        code = print_log(arena, &l, err);
    tr_package_close(&files);
    return code;
}

/* A log that is there, of the files that are there. */
static enum an_code open_work(struct an_arena *arena, const char *folder,
                              struct an_err *err)
{
    struct tr_fitted fitted;
    struct tr_lineage l;
    struct tr_data data;
    enum an_code code = tr_lineage_open(&l, arena, folder, err);

    if (code == AN_NOTFOUND)
        return an_fail(err, AN_NOTFOUND, no_lineage, 0);
    if (code == AN_OK && has(folder, "cohort.bin")) {
        code = tr_data_open(&data, arena, folder, err);
        if (code != AN_OK)
            return code;
        code = tr_lineage_of_data(&l, arena, folder, &data.cohort, data.asked,
                                  err);
        tr_data_close(&data);
    }
    if (code == AN_OK && has(folder, "fit.json")) {
        code = tr_fitted_open(&fitted, arena, folder, NULL, err);
        if (code != AN_OK)
            return code;
        code = tr_lineage_is_of(&l, &fitted, err);
        tr_fitted_close(&fitted);
    }
    return code == AN_OK ? print_log(arena, &l.l, err) : code;
}

/* ---- input files ----------------------------------------------------------- */

static enum an_code no_take(void *arg, struct an_str document,
                            struct an_err *err)
{
    (void)arg, (void)document, (void)err;
    return AN_OK;
}

/* As `dataset` read them. */
static enum an_code read_again(struct tr_inputs *found, struct an_str form,
                               int n, char **path, const char **subject,
                               struct an_err *err)
{
    const struct tr_source_watch watch = tr_inputs_watch(found);
    enum an_code code = AN_OK;

    for (int i = 0; i < n && code == AN_OK; i++) {
        *subject = path[i];
        code = an_str_eq(form, AN_STR("fhir"))
                   ? tr_source_watched(path[i], &watch, no_take, NULL, err)
                   : tr_inputs_tables(found, form, path[i], err);
    }
    return code;
}

static void print_finding(const struct tr_input_finding *f)
{
    const unsigned long long records = f->records, before = f->records_before,
                             bytes = f->bytes;

    switch (f->state) {
    case TR_INPUT_CHANGED:
        printf("%s: changed since: it was file %zu and had %llu records, now "
               "%llu\n",
               f->path, f->number, before, records);
        return;
    case TR_INPUT_NEW:
        printf("%s: new: it took no part (%llu records)\n", f->path, records);
        return;
    case TR_INPUT_MISSING:
        printf("file %zu, of %llu bytes and %llu records, is missing\n",
               f->number, bytes, records);
    }
}

/* The lines that were noted, if the log knows them. */
static enum an_code open_noted(struct tr_inputs *noted, struct an_arena *arena,
                               const char *folder, const struct tr_lineage *l,
                               struct an_str *form, struct an_err *err)
{
    const size_t at = rt_lineage_last(&l->l, RT_LEAF_DATASET, l->l.n);
    const struct an_json *inputs =
        at < l->l.n ? an_json_get(l->l.leaf[at].json, AN_STR("inputs")) : NULL;
    struct an_sha256 root, want;
    enum an_code code;

    if (inputs == NULL)
        return an_fail(err, AN_MISSING, "nobody noted of which files it is", 0);
    *form = rt_leaf_text(&l->l.leaf[at], AN_STR("form"));
    code = tr_inputs_open(noted, arena, folder, err);
    if (code == AN_NOTFOUND)
        return an_fail(err, AN_NOTFOUND,
                       "lineage/inputs.jsonl or its salt is gone: which files "
                       "these were cannot be known any more",
                       0);
    if (code == AN_OK)
        code = tr_inputs_root(noted, arena, &root, err);
    if (code != AN_OK)
        return code;
    if (!an_hex_parse(an_json_text(an_json_get(inputs, AN_STR("root"))), want.b,
                      sizeof(want.b)) ||
        memcmp(want.b, root.b, sizeof(root.b)) != 0)
        return an_fail(err, AN_INTEGRITY,
                       "lineage/inputs.jsonl is not the one that the log "
                       "speaks of",
                       0);
    return AN_OK;
}

static enum an_code check(struct an_arena *arena, const char *folder, int n,
                          char **path, size_t *n_findings, const char **subject,
                          struct an_err *err)
{
    struct tr_inputs noted = {.arena = arena}, found = {.arena = arena};
    struct tr_input_finding *finding = NULL;
    struct tr_lineage l;
    struct an_str form = {NULL, 0};
    enum an_code code = tr_lineage_open(&l, arena, folder, err);

    if (code == AN_NOTFOUND)
        return an_fail(err, code, no_lineage, 0);
    if (code == AN_OK)
        code = open_noted(&noted, arena, folder, &l, &form, err);
    if (code == AN_OK) {
        found.salt = noted.salt;
        found.end = &found.first;
        code = read_again(&found, form, n, path, subject, err);
    }
    if (code == AN_OK)
        code =
            tr_inputs_compare(arena, &noted, &found, &finding, n_findings, err);
    for (size_t i = 0; code == AN_OK && i < *n_findings; i++)
        print_finding(&finding[i]);
    if (code == AN_OK && *n_findings == 0)
        printf("all %zu files with %llu records are as they were read\n",
               noted.n, (unsigned long long)noted.n_records);
    tr_inputs_release(&found);
    tr_inputs_release(&noted);
    return code;
}

int tr_command_lineage(int argc, char **argv)
{
    const bool help = argc == 1 && strcmp(argv[0], "--help") == 0;
    const bool checks = argc > 2 && strcmp(argv[0], "--check") == 0;
    const char *subject = NULL;
    struct an_arena arena;
    struct an_err err;
    size_t n_findings = 0;
    enum an_code code;

    if (help || !(checks || (argc == 1 && argv[0][0] != '-'))) {
        usage(help ? stdout : stderr);
        return help ? TR_EXIT_OK : TR_EXIT_USAGE;
    }
    openblas_set_num_threads(1);
    an_arena_init(&arena, arena_bytes);
    subject = argv[checks ? 1 : 0];
    if (checks)
        code = check(&arena, argv[1], argc - 2, argv + 2, &n_findings, &subject,
                     &err);
    else if (has(argv[0], "SIGNATURE"))
        code = open_package(&arena, argv[0], &err);
    else
        code = open_work(&arena, argv[0], &err);
    an_arena_free(&arena);
    if (code != AN_OK)
        return tr_command_failed("lineage", subject, &err);
    return n_findings ? TR_EXIT_FAILED : TR_EXIT_OK;
}
