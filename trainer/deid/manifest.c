/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "trainer/deid/run.h"

enum { MAX_MANIFEST_BYTES = 4 << 20 };

static void count(struct an_json_out *w, const char *key, uint64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, (int64_t)n);
}

static void rows(struct an_json_out *w, const struct tr_deid *d,
                 enum tr_deid_form form)
{
    size_t n;
    const struct tr_deid_row *row = tr_deid_rows(form, &n);

    an_out_array(w);
    for (size_t i = 0; i < n; i++) {
        const struct tr_deid_count *c = &d->count[form][i];

        if (c->kept + c->changed + c->dropped == 0)
            continue;
        an_out_object(w);
        an_out_key_str(w, "path", an_str_c(row[i].path));
        an_out_key_str(
            w, "method",
            an_str_c(tr_deid_method_text(tr_deid_method(&row[i], d->profile))));
        count(w, "kept", c->kept);
        count(w, "changed", c->changed);
        count(w, "dropped", c->dropped);
        an_out_end(w);
    }
    an_out_end(w);
}

static void alike(struct an_json_out *w, struct tr_deid_people *people)
{
    struct tr_deid_alike a;
    double n;

    tr_deid_people_alike(people, &a);
    n = a.n_people ? (double)a.n_people : 1;
    an_out_key(w, "alike_by_zip3_birth_sex");
    an_out_object(w);
    count(w, "people", a.n_people);
    count(w, "min_k", a.min_k);
    an_out_key(w, "share_below_5");
    an_out_fixed(w, (double)a.below_5 / n, 4);
    an_out_key(w, "share_below_11");
    an_out_fixed(w, (double)a.below_11 / n, 4);
    an_out_end(w);
}

static void said(struct an_json_out *w, const struct tr_deid_run *run,
                 const char *hash)
{
    struct tr_deid *d = run->d;

    an_out_key_str(w, "profile", an_str_c(tr_deid_profile_text(d->profile)));
    an_out_key_str(w, "tables_sha256", an_str_c(hash));
    if (run->key_id)
        an_out_key_str(w, "key_id", an_str_c(run->key_id));
    count(w, "as_of", (uint64_t)d->as_of);
    an_out_key(w, "time_of_day_is_zero");
    an_out_bool(w, d->zero_time);
    count(w, "files_in", run->n_files);
    count(w, "documents_in", run->n_read);
    count(w, "documents_refused", run->n_refused);
    count(w, "files_out", run->n_written);
    count(w, "documents_out", run->n_out);
    count(w, "dropped_unlisted_types", d->n_types);
    count(w, "dropped_unlisted_elements", d->n_unlisted);
    alike(w, &d->people);
    an_out_key(w, "fhir");
    rows(w, d, TR_DEID_FHIR);
    an_out_key(w, "hl7v2");
    rows(w, d, TR_DEID_HL7);
}

enum an_code tr_deid_manifest(struct tr_deid_run *run, struct an_str *json,
                              struct an_err *err)
{
    char hash[65];
    struct an_json_out w;
    enum an_code code = tr_deid_tables_hash(hash, err);

    if (code != AN_OK)
        return code;
    an_out_init(&w, &run->arena, MAX_MANIFEST_BYTES);
    an_out_object(&w);
    said(&w, run, hash);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}
