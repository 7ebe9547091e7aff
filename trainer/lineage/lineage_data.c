/* SPDX-License-Identifier: Apache-2.0 */
/* The leaf of a data set. */
#include "trainer/file.h"
#include "trainer/lineage/lineage_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- counts -----------------------------------------------------------------
 */

struct by_split {
    uint64_t n[TR_N_SPLITS];
};

struct outcome {
    struct by_split patients, questions, positives;
};

/* Cases of one person stand together, and are one. */
static bool is_same_person(const struct tr_cohort *c, size_t i)
{
    return i > 0 && c->patient[i].key == c->patient[i - 1].key;
}

/* Outcomes that the cases of patients [from, to), one person, were at risk of.
 */
static void count_person(const struct tr_cohort *c, size_t from, size_t to,
                         struct outcome *o)
{
    const uint32_t n_outcomes = c->sizes.outcomes;
    const uint32_t split = c->patient[from].split;

    for (uint32_t k = 0; k < n_outcomes; k++) {
        bool asked = false;

        for (size_t i = from; i < to; i++)
            for (uint32_t q = 0; q < c->patient[i].n_queries; q++) {
                const struct tr_follow_up *f =
                    &c->follow_up[(c->patient[i].first_query + q) * n_outcomes +
                                  k];
                const bool at_risk = f->to_days > f->from_days;

                asked |= at_risk;
                o[k].questions.n[split] += at_risk;
                o[k].positives.n[split] += at_risk && f->event;
            }
        o[k].patients.n[split] += asked;
    }
}

static void put_splits(struct an_json_out *w, const char *name,
                       const struct by_split *n)
{
    an_out_key(w, name);
    an_out_array(w);
    for (int s = 0; s < TR_N_SPLITS; s++)
        an_out_i64(w, (int64_t)n->n[s]);
    an_out_end(w);
}

static void put_outcomes(struct an_json_out *w, const struct tr_cohort *c,
                         const struct tr_asked *asked, const struct outcome *o)
{
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (uint32_t k = 0; k < c->sizes.outcomes; k++) {
        an_out_object(w);
        tr_leaf_count(w, "head", k);
        if (asked)
            an_out_key_str(w, "id", asked[k].id);
        put_splits(w, "patients", &o[k].patients);
        put_splits(w, "questions", &o[k].questions);
        put_splits(w, "positives", &o[k].positives);
        an_out_end(w);
    }
    an_out_end(w);
}

static enum an_code put_counts(struct tr_lineage *l, struct an_json_out *w,
                               const struct tr_cohort *c,
                               const struct tr_asked *asked, struct an_err *err)
{
    struct outcome *o = an_arena_get(l->arena, c->sizes.outcomes, sizeof(*o));
    struct by_split patients = {{0}}, events = {{0}};

    if (o == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0, from = 0; i < c->n_patients; i++) {
        events.n[c->patient[i].split] += c->patient[i].n_items;
        patients.n[c->patient[i].split] += !is_same_person(c, i);
        if (i + 1 == c->n_patients || !is_same_person(c, i + 1)) {
            count_person(c, from, i + 1, o);
            from = i + 1;
        }
    }
    put_splits(w, "patients", &patients);
    put_splits(w, "events", &events);
    put_outcomes(w, c, asked, o);
    return AN_OK;
}

/* ---- the leaf ---------------------------------------------------------------
 */

static enum an_code put_told(struct tr_lineage *l, struct an_json_out *w,
                             const struct tr_lineage_told *told,
                             const struct tr_inputs *in, struct an_err *err)
{
    struct an_sha256 root;
    struct an_str json;
    enum an_code code = tr_lineage_configuration(l->arena, told, &json, err);

    if (code == AN_OK)
        code = tr_inputs_root(in, l->arena, &root, err);
    if (code != AN_OK)
        return code;
    an_out_key_str(w, "form", told->form);
    an_out_key(w, "inputs");
    an_out_object(w);
    tr_leaf_count(w, "files", in->n);
    tr_leaf_count(w, "records", in->n_records);
    tr_leaf_hash(w, "root", root.b);
    an_out_end(w);
    tr_leaf_object(w, "configuration", "configuration_sha256", json);
    return AN_OK;
}

enum an_code tr_lineage_add_data(struct tr_lineage *l,
                                 const struct tr_cohort *c,
                                 const struct tr_asked *asked,
                                 const struct tr_lineage_told *told,
                                 const struct tr_inputs *in, struct an_err *err)
{
    struct an_json_out w;
    enum an_code code = AN_OK;

    tr_leaf_begin(l, &w, RT_LEAF_DATASET);
    tr_leaf_hash(&w, "cohort", c->sha256);
    tr_leaf_hash(&w, "vocabulary", c->sizes.vocabulary_sha256);
    if (told)
        code = put_told(l, &w, told, in, err);
    if (code == AN_OK)
        code = put_counts(l, &w, c, asked, err);
    return code == AN_OK ? tr_leaf_end(l, &w, err) : code;
}

size_t tr_lineage_find_data(const struct tr_lineage *l,
                            const uint8_t cohort[TR_DIGEST_BYTES])
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(cohort, TR_DIGEST_BYTES, hex);
    for (size_t i = l->l.n; i-- > 0;)
        if (l->l.leaf[i].kind == RT_LEAF_DATASET &&
            an_str_eq(rt_leaf_text(&l->l.leaf[i], AN_STR("cohort")),
                      an_str_c(hex)))
            return i;
    return l->l.n;
}

enum an_code tr_lineage_dataset(struct an_arena *arena, const char *folder,
                                const struct tr_inputs *in,
                                const struct tr_lineage_told *told,
                                struct an_err *err)
{
    struct tr_lineage l;
    struct tr_data d;
    enum an_code code = tr_data_open(&d, arena, folder, err);

    if (code != AN_OK)
        return code;
    tr_lineage_init(&l, arena);
    code = tr_lineage_code(&l, err);
    if (code == AN_OK)
        code = tr_lineage_add_data(&l, &d.cohort, d.asked, told, in, err);
    if (code == AN_OK)
        code = tr_lineage_write(&l, folder, err);
    if (code == AN_OK)
        code = tr_inputs_write(in, arena, folder, err);
    tr_data_close(&d);
    return code;
}

enum an_code tr_lineage_of_data(struct tr_lineage *l, struct an_arena *arena,
                                const char *folder, const struct tr_cohort *c,
                                const struct tr_asked *asked,
                                struct an_err *err)
{
    enum an_code code = tr_lineage_open(l, arena, folder, err);

    if (code == AN_OK) {
        const size_t at = tr_lineage_find_data(l, c->sha256);

        return at < l->l.n
                   ? tr_lineage_cut(l, at + 1, err)
                   : an_fail(err, AN_CONFLICT,
                             "cohort.bin is not the data set that its lineage "
                             "speaks of",
                             0);
    }
    if (code != AN_NOTFOUND)
        return code;
    tr_lineage_init(l, arena);
    code = tr_lineage_unknown(l, "data set", err);
    if (code == AN_OK)
        code = tr_lineage_code(l, err);
    return code == AN_OK ? tr_lineage_add_data(l, c, asked, NULL, NULL, err)
                         : code;
}

/* Where the file stands. */
static enum an_code folder_of(const char *path, char folder[TR_PATH_BYTES],
                              struct an_err *err)
{
    const char *slash = strrchr(path, '/');
    const int n = slash
                      ? snprintf(folder, TR_PATH_BYTES, "%.*s",
                                 slash == path ? 1 : (int)(slash - path), path)
                      : snprintf(folder, TR_PATH_BYTES, ".");

    return n > 0 && n < TR_PATH_BYTES
               ? AN_OK
               : an_fail(err, AN_LIMIT, "a path is too long", 0);
}

/* The data set of the folder, when the file is its cohort.bin: d->root is NULL
 * when it is not, or when nobody says what its outcomes are. */
static enum an_code open_beside(struct tr_data *d, struct an_arena *arena,
                                const char *folder, const struct tr_cohort *c,
                                struct an_err *err)
{
    static const char *const name[] = {"cohort.bin", "vocabulary.json"};
    enum an_code code = AN_OK;

    *d = (struct tr_data){.root = NULL};
    for (int i = 0; i < 2; i++) {
        char path[TR_PATH_BYTES];
        struct stat st;

        code = tr_path(path, folder, name[i], err);
        if (code != AN_OK || stat(path, &st) < 0)
            return code;
    }
    code = tr_data_open(d, arena, folder, err);
    if (code == AN_OK &&
        memcmp(d->cohort.sha256, c->sha256, TR_DIGEST_BYTES) != 0)
        tr_data_close(d);
    return code;
}

enum an_code tr_lineage_of_cohort(struct tr_lineage *l, struct an_arena *arena,
                                  const char *path, const struct tr_cohort *c,
                                  struct an_err *err)
{
    char folder[TR_PATH_BYTES];
    struct tr_data d = {.root = NULL};
    enum an_code code = folder_of(path, folder, err);

    if (code == AN_OK)
        code = open_beside(&d, arena, folder, c, err);
    if (code == AN_OK)
        code = tr_lineage_of_data(l, arena, folder, c, d.asked, err);
    if (d.root)
        tr_data_close(&d);
    return code;
}
