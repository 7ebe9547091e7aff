/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/package.h"

#include "trainer/file.h"
#include "trainer/lineage/lineage.h"
#include "trainer/package/card.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define DAYS_PER_YEAR 365.25

enum { MANIFEST_BYTES = 64 << 20, THRESHOLD_PLACES = 9 };

struct rt_limits tr_package_limits(const struct tr_data *d)
{
    const struct tr_cohort *c = &d->cohort;
    double youngest = (double)INFINITY, oldest = 0;

    for (size_t i = 0; i < c->n_patients; i++) {
        const struct tr_patient *p = &c->patient[i];

        for (uint32_t q = 0; p->split == TR_TRAIN && q < p->n_queries; q++) {
            const uint32_t at = c->query[p->first_query + q].position;
            const double years =
                (double)c->position[p->first_position + at].age_days /
                DAYS_PER_YEAR;

            youngest = fmin(youngest, years);
            oldest = fmax(oldest, years);
        }
    }
    return (struct rt_limits){.min_positions = 3,
                              .max_unknown_share = 0.5,
                              .min_age_years =
                                  isfinite(youngest) ? floor(youngest) : 0,
                              .max_age_years = ceil(oldest)};
}

/* ---- manifest ---------------------------------------------------------------
 */

/* With a threshold only if there were tuning patients to find it. */
static void put_next(struct an_json_out *w, const struct tr_differential *d)
{
    static const char *const kinds[] = {TR_NEXT_KIND};

    an_out_key(w, "next");
    an_out_object(w);
    an_out_key(w, "kinds");
    an_out_array(w);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        an_out_str(w, an_str_c(kinds[i]));
    an_out_end(w);
    an_out_key(w, "horizon_days");
    an_out_i64(w, TR_NEXT_HORIZON_DAYS);
    if (isfinite(d->threshold)) {
        an_out_key(w, "coverage");
        an_out_fixed(w, TR_NEXT_COVERAGE, THRESHOLD_PLACES);
        an_out_key(w, "threshold");
        /* Not above what a share may be that has to reach it. */
        an_out_fixed(w, floor(d->threshold * 1e9) / 1e9, THRESHOLD_PLACES);
    }
    an_out_end(w);
}

/* Facts of the run: all of fit.json but the shape, which stands beside; of a
 * package, all that it says of its own, but for where its data came from. */
static void put_training(struct an_json_out *w, const struct tr_fitted *fitted,
                         const struct tr_package_how *how)
{
    const struct an_json *of =
        fitted->is_package ? an_json_get(fitted->root, AN_STR("training"))
                           : fitted->root;

    an_out_key(w, "training");
    an_out_object(w);
    an_out_key_str(w, "source", how->source);
    for (const struct an_json *e = an_json_first(of); e; e = e->next) {
        const struct an_str key = an_json_key(e);

        if (an_str_eq(key, AN_STR("shape")) || an_str_eq(key, AN_STR("source")))
            continue;
        an_out_name(w, key);
        an_out_tree(w, e);
    }
    an_out_end(w);
}

/* A member of vocabulary.json as it stands there; null of a data set that was not
 * read from one. */
static void put_of_data(struct an_json_out *w, const struct tr_data *d,
                        const char *name)
{
    const struct an_json *value = an_json_get(d->root, an_str_c(name));

    an_out_key(w, name);
    if (value)
        an_out_tree(w, value);
    else
        an_out_null(w);
}

/* Each outcome with the calibrations that tuning gave it. */
static enum an_code outcomes_of(struct an_arena *arena, const struct tr_data *d,
                                const struct tr_judgement *j,
                                const struct rt_outcome **out,
                                struct an_err *err)
{
    const size_t n = d->cohort.sizes.outcomes;
    struct rt_outcome *o = an_arena_get(arena, n, sizeof(*o));
    struct rt_horizon *h = an_arena_get(arena, j->n, sizeof(*h));

    if (o == NULL || h == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];
        struct rt_outcome *to = &o[v->column.outcome];

        h[i] = (struct rt_horizon){v->column.horizon_days, v->calibration};
        if (to->n_horizons++ == 0)
            to->horizon = &h[i];
        to->id = d->asked[v->column.outcome].id;
    }
    *out = o;
    return AN_OK;
}

/* Where plugin/think.h looks before the stage may be live. */
static void put_site(struct an_json_out *w, const struct tr_judgement *j,
                     const struct tr_package_how *how)
{
    if (how->site.n == 0)
        return;
    an_out_key(w, "site");
    an_out_object(w);
    an_out_key_str(w, "name", how->site);
    an_out_key(w, "passed");
    an_out_bool(w, tr_judgement_passes(j));
    an_out_end(w);
}

static void put_text(struct an_json_out *w, const char *key, struct an_str json)
{
    if (json.n == 0)
        return;
    an_out_key(w, key);
    an_out_json(w, json);
}

static enum an_code make_manifest(struct an_arena *arena,
                                  const struct tr_data *d,
                                  const struct tr_fitted *fitted,
                                  const struct tr_judgement *j,
                                  const struct tr_package_how *how,
                                  const struct rt_support *support,
                                  struct an_str *text, struct an_err *err)
{
    struct rt_manifest m = {.name = how->name,
                            .version = how->version,
                            .demonstrator = how->demonstrator,
                            .shape = fitted->model.shape,
                            .limits = how->limits,
                            .population = how->population};
    struct an_json_out w;
    enum an_code code = outcomes_of(arena, d, j, &m.outcome, err);

    if (code != AN_OK)
        return code;
    an_out_init(&w, arena, MANIFEST_BYTES);
    an_out_object(&w);
    rt_manifest_write(&w, &m);
    put_next(&w, &j->differential);
    put_training(&w, fitted, how);
    an_out_key(&w, "evaluation");
    tr_judgement_write(d, j, &w);
    put_site(&w, j, how);
    put_text(&w, "change_control", how->change_control);
    put_text(&w, "tuned_from", how->tuned_from);
    rt_support_write(&w, support);
    put_of_data(&w, d, "vocabulary");
    put_of_data(&w, d, "wide");
    an_out_end(&w);
    return an_out_done(&w, text, err);
}

/* In the order of their names, but for the last. */
enum {
    CARD,
    CARD_XML,
    CHECKPOINT,
    LOG,
    MANIFEST,
    WEIGHTS,
    ATTRIBUTES,
    SIGNATURE,
    N_FILES
};

/* ---- signing ----------------------------------------------------------------
 */

/* A key that lives for one signature, as PEM in `pem`. */
static enum an_code make_key(gnutls_datum_t *pem, struct an_err *err)
{
    gnutls_x509_privkey_t key;
    int rc = gnutls_x509_privkey_init(&key);

    if (rc != 0)
        return an_fail(err, AN_INTERNAL, "a key cannot be made", 0);
    rc = gnutls_x509_privkey_generate(
        key, GNUTLS_PK_EDDSA_ED25519,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0);
    if (rc == 0)
        rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                               GNUTLS_PKCS_PLAIN, pem);
    gnutls_x509_privkey_deinit(key);
    return rc == 0 ? AN_OK
                   : an_fail(err, AN_INTERNAL, "a key cannot be made", 0);
}

/* The leaves of the package, and where the log stands then, signed. */
static enum an_code put_lineage(struct an_arena *arena, const struct tr_data *d,
                                const struct tr_fitted *fitted,
                                const struct tr_judgement *j,
                                const struct tr_package_how *how,
                                struct an_str key_pem, struct rt_file file[],
                                struct an_err *err)
{
    const struct tr_lineage_package p = {.name = how->name,
                                         .version = how->version,
                                         .card = file[CARD].bytes,
                                         .manifest = file[MANIFEST].bytes,
                                         .weights = file[WEIGHTS].bytes,
                                         .data = d,
                                         .fitted = fitted,
                                         .judged = j};
    struct an_str origin = {NULL, 0};
    enum an_code code = tr_lineage_add_package(how->lineage, &p, err);

    if (code == AN_OK)
        code = rt_lineage_origin(arena, how->name, &origin, err);
    if (code == AN_OK)
        code = rt_lineage_sign(arena, &how->lineage->l, origin, key_pem,
                               &file[CHECKPOINT].bytes, err);
    if (code == AN_OK)
        file[LOG].bytes = how->lineage->text;
    return code;
}

/* All files but that, in order of names. */
static enum an_code sign(struct an_arena *arena, struct rt_file file[N_FILES],
                         struct an_str key_pem, struct an_public_key *key,
                         struct an_err *err)
{
    struct rt_file signed_ones[SIGNATURE];
    size_t n = 0;
    enum an_code code;

    for (int i = 0; i < SIGNATURE; i++)
        if (file[i].bytes.p)
            signed_ones[n++] = file[i];
    code = rt_package_sign(arena, signed_ones, n, key_pem,
                           &file[SIGNATURE].bytes, err);
    return code == AN_OK ? an_key_public(key_pem, key, err) : code;
}

static enum an_code write_files(const char *folder,
                                const struct rt_file file[N_FILES],
                                struct an_err *err)
{
    char path[TR_PATH_BYTES];
    enum an_code code = tr_path(path, folder, "lineage", err);

    if (code == AN_OK && file[LOG].bytes.p && mkdir(path, 0755) < 0 &&
        errno != EEXIST)
        code = an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    for (int i = 0; i < N_FILES && code == AN_OK; i++) {
        if (file[i].bytes.p == NULL)
            continue;
        code = tr_path(path, folder, file[i].name.p, err);
        if (code == AN_OK)
            code = tr_file_write(path, file[i].bytes, err);
    }
    return code;
}

/* What the cards and the manifest say. */
static enum an_code say(struct an_arena *arena, const struct tr_data *d,
                        const struct tr_fitted *fitted,
                        const struct tr_judgement *j,
                        const struct tr_package_how *how,
                        struct rt_file file[N_FILES], struct an_err *err)
{
    struct rt_support support = {.min_people = 0};
    struct tr_card card;
    enum an_code code = AN_OK;

    if (!how->demonstrator)
        code = tr_support(arena, d, fitted, j, &support, err);
    if (code == AN_OK)
        code = tr_card_make(&card, arena, d, fitted, j, how, &support, err);
    if (code == AN_OK)
        code = tr_card_text(&card, &file[CARD].bytes, err);
    if (code == AN_OK)
        code = tr_card_xml(&card, &file[CARD_XML].bytes, err);
    if (code == AN_OK)
        code = tr_card_attributes(&card, &file[ATTRIBUTES].bytes, err);
    return code == AN_OK ? make_manifest(arena, d, fitted, j, how, &support,
                                         &file[MANIFEST].bytes, err)
                         : code;
}

enum an_code tr_package_write(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_judgement *j,
                              const struct tr_package_how *how,
                              const char *folder, struct an_public_key *key,
                              struct an_err *err)
{
    struct rt_file file[N_FILES] = {
        [CARD] = {AN_STR("card.md"), {NULL, 0}},
        [CARD_XML] = {AN_STR("card.xml"), {NULL, 0}},
        [CHECKPOINT] = {AN_STR(RT_LINEAGE_CHECKPOINT), {NULL, 0}},
        [LOG] = {AN_STR(RT_LINEAGE_LOG), {NULL, 0}},
        [MANIFEST] = {AN_STR("manifest.json"), {NULL, 0}},
        [WEIGHTS] = {AN_STR("model.safetensors"), fitted->weights},
        [ATTRIBUTES] = {AN_STR("source-attributes.json"), {NULL, 0}},
        [SIGNATURE] = {AN_STR("SIGNATURE"), {NULL, 0}}};
    gnutls_datum_t made = {NULL, 0};
    struct an_str key_pem = how->key_pem;
    enum an_code code = say(arena, d, fitted, j, how, file, err);

    if (code == AN_OK && key_pem.n == 0) {
        code = make_key(&made, err);
        key_pem = (struct an_str){(const char *)made.data, made.size};
    }
    if (code == AN_OK && how->lineage)
        code = put_lineage(arena, d, fitted, j, how, key_pem, file, err);
    if (code == AN_OK)
        code = sign(arena, file, key_pem, key, err);
    if (made.data) {
        explicit_bzero(made.data, made.size);
        gnutls_free(made.data);
    }
    return code == AN_OK ? write_files(folder, file, err) : code;
}
