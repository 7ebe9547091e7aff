/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "plugin/host/lineage_int.h"

#include <stdio.h>

enum { OUT_BYTES = 128 << 20, SHARE_PLACES = 6 };

static void put_hash(struct an_json_out *w, const struct an_sha256 *hash)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(hash->b, sizeof(hash->b), hex);
    an_out_str(w, an_str_c(hex));
}

static void put_count(struct an_json_out *w, const char *key, uint64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

static void put_proof(struct an_json_out *w, const char *key,
                      const struct an_merkle_proof *proof)
{
    an_out_key(w, key);
    an_out_array(w);
    for (size_t i = 0; i < proof->n; i++)
        put_hash(w, &proof->hash[i]);
    an_out_end(w);
}

/* The bytes that are hashed, and the way from them to the root. */
static enum an_code put_leaf(struct an_json_out *w, const struct rt_lineage *l,
                             size_t leaf, struct an_err *err)
{
    struct an_merkle_proof proof;
    enum an_code rc = pl_lineage_prove(l, leaf, &proof, err);

    if (rc != AN_OK)
        return rc;
    an_out_object(w);
    put_count(w, "leaf", leaf);
    an_out_key_str(w, "bytes", l->leaf[leaf].line);
    an_out_key(w, "hash");
    put_hash(w, &l->hash[leaf]);
    put_proof(w, "inclusion", &proof);
    an_out_end(w);
    return AN_OK;
}

/* How long the log was when a stage began, and that it has only grown since. */
static enum an_code put_stages(struct an_json_out *w,
                               const struct rt_lineage *l, struct an_err *err)
{
    enum an_code rc = AN_OK;

    an_out_key(w, "stages");
    an_out_array(w);
    for (size_t i = 0; i < l->n && rc == AN_OK; i++) {
        const struct an_json *after =
            an_json_get(l->leaf[i].json, AN_STR("after"));
        const uint64_t size = rt_leaf_count(after, AN_STR("size"));
        struct an_merkle_proof proof;

        if (after == NULL)
            continue;
        rc = an_merkle_extend(l->hash, l->n, (size_t)size, &proof, err);
        an_out_object(w);
        put_count(w, "leaf", i);
        put_count(w, "size", size);
        an_out_key_str(w, "root",
                       an_json_text(an_json_get(after, AN_STR("root"))));
        put_proof(w, "consistency", &proof);
        an_out_end(w);
    }
    an_out_end(w);
    return rc;
}

static void put_supplies(struct an_json_out *w, const struct pl_lineage *l)
{
    if (l->outcome.n == 0)
        return;
    an_out_key_str(w, "outcome", l->outcome);
    put_count(w, "capability", l->capability);
    an_out_key(w, "supplied");
    an_out_array(w);
    for (size_t i = 0; i < l->n_supplies; i++) {
        const struct rt_supply *s = &l->supply[i];

        an_out_object(w);
        put_count(w, "dataset", s->dataset);
        an_out_key_str(w, "use", s->use);
        put_count(w, "patients", s->patients);
        put_count(w, "questions", s->questions);
        put_count(w, "positives", s->positives);
        an_out_key(w, "share");
        an_out_fixed(w, s->share, SHARE_PLACES);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_claims(struct an_json_out *w)
{
    an_out_key(w, "claims");
    an_out_array(w);
    an_out_str(w, AN_STR("participated"));
    an_out_str(w, AN_STR("supplied-labels"));
    an_out_end(w);
}

enum an_code pl_lineage_json(struct an_arena *arena, const struct pl_lineage *l,
                             struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code rc = AN_OK;

    an_out_init(&w, arena, OUT_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "name", l->package->manifest.name);
    an_out_key_str(&w, "version", l->package->manifest.version);
    an_out_key_str(&w, "model", l->package->id.digest);
    put_count(&w, "size", l->log.n);
    an_out_key(&w, "root");
    put_hash(&w, &l->log.root);
    an_out_key_str(&w, "key", l->key);
    an_out_key_str(&w, "checkpoint", l->checkpoint);
    put_claims(&w);
    an_out_key(&w, "leaves");
    an_out_array(&w);
    for (size_t i = 0; i < l->log.n && rc == AN_OK; i++)
        if (pl_lineage_answers(l, i))
            rc = put_leaf(&w, &l->log, i, err);
    an_out_end(&w);
    if (rc == AN_OK)
        rc = put_stages(&w, &l->log, err);
    if (rc != AN_OK)
        return rc;
    put_supplies(&w, l);
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}
