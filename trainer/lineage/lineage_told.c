/* SPDX-License-Identifier: Apache-2.0 */
/* What `dataset` was told: its configuration in the log. */
#include "trainer/file.h"
#include "trainer/lineage/lineage_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { MOST_BYTES = 1 << 16 };

static int is_yaml(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           an_str_ends(an_str_c(entry->d_name), AN_STR(".yaml"));
}

static enum an_code add_file(struct an_merkle *m, const char *folder,
                             const char *name, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_sha256 leaf;
    struct an_str bytes = {NULL, 0};
    enum an_code code = tr_path(path, folder, name, err);

    if (code == AN_OK)
        code = tr_file_map(path, &bytes, err);
    if (code != AN_OK)
        return code;
    code = an_merkle_leaf(bytes, &leaf, err);
    tr_file_unmap(bytes);
    return code == AN_OK ? an_merkle_add(m, &leaf, err) : code;
}

/* Over the files of outcomes, in the order of their names. */
static enum an_code root_of_outcomes(const char *folder, struct an_sha256 *root,
                                     struct an_err *err)
{
    struct dirent **entry = NULL;
    struct an_merkle m;
    enum an_code code = AN_OK;
    int n = scandir(folder, &entry, is_yaml, alphasort);

    if (n < 0)
        return an_fail_sys(err, AN_IO, "the folder of outcomes cannot be read",
                           errno);
    an_merkle_init(&m);
    for (int i = 0; i < n; i++) {
        if (code == AN_OK)
            code = add_file(&m, folder, entry[i]->d_name, err);
        free(entry[i]);
    }
    free(entry);
    return code == AN_OK ? an_merkle_root(&m, root, err) : code;
}

static void put_truth(struct an_json_out *w, const char *name, bool value)
{
    an_out_key(w, name);
    an_out_bool(w, value);
}

static void put_how(struct an_json_out *w, const struct tr_dataset_how *how)
{
    static const char *const until[] = {"data", "record", "date"};

    put_truth(w, "seeded", how->has_seed);
    put_truth(w, "keep_ids", how->keep_ids);
    an_out_key(w, "split");
    an_out_array(w);
    for (int s = 0; s < TR_N_SPLITS; s++)
        an_out_i64(w, how->share[s]);
    an_out_end(w);
    tr_leaf_count(w, "fold", how->fold);
    tr_leaf_count(w, "folds", how->n_folds);
    put_truth(w, "all_test", how->all_test);
    put_truth(w, "like", how->like.p != NULL);
    tr_leaf_count(w, "min_people", how->catalogue.min_people);
    tr_leaf_count(w, "max_concepts", how->catalogue.max_concepts);
    tr_leaf_count(w, "min_values", how->catalogue.min_values);
    tr_leaf_count(w, "value_bins", how->catalogue.value_bins);
    put_truth(w, "parents", !how->catalogue.no_parents);
    tr_leaf_count(w, "asked", how->max_asked);
    tr_leaf_count(w, "between", how->between);
    an_out_key_str(w, "until", an_str_c(until[how->until]));
    if (how->until == TR_UNTIL_DATE) {
        an_out_key(w, "until_us");
        an_out_i64(w, how->until_us);
    }
    tr_leaf_count(w, "years", how->years);
    put_truth(w, "rich_features", how->rich_features);
}

enum an_code tr_lineage_configuration(struct an_arena *arena,
                                      const struct tr_lineage_told *told,
                                      struct an_str *json, struct an_err *err)
{
    struct an_sha256 outcomes;
    struct an_json_out w;
    enum an_code code = root_of_outcomes(told->outcomes, &outcomes, err);

    if (code != AN_OK)
        return code;
    an_out_init(&w, arena, MOST_BYTES);
    an_out_object(&w);
    put_how(&w, told->how);
    put_truth(&w, "with_labelled", told->with_labelled);
    tr_leaf_hash(&w, "outcomes", outcomes.b);
    tr_leaf_digest(&w, "concepts", told->concepts);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}
