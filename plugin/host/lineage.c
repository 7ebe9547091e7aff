/* SPDX-License-Identifier: Apache-2.0 */
/* verify --lineage: which data sets took part in the model, and which supplied
 * labels for an outcome, with proofs that its signed log says so. */
#include "plugin/host/command.h"
#include "plugin/host/lineage_int.h"
#include "plugin/think.h"

#include <stdio.h>

enum { ARENA_BYTES = 256 << 20, SHORT_HEX = 16 };

struct request {
    struct an_str outcome;
    bool json;
};

/* "--lineage [--json] [OUTCOME]" */
static bool read_request(const struct pl_invocation *in, struct request *q)
{
    *q = (struct request){.json = false};
    for (int i = 1; i < in->argc; i++)
        if (strcmp(in->argv[i], "--json") == 0)
            q->json = true;
        else if (in->argv[i][0] != '-' && q->outcome.n == 0)
            q->outcome = an_str_c(in->argv[i]);
        else
            return false;
    return true;
}

enum an_code pl_lineage_prove(const struct rt_lineage *l, size_t leaf,
                              struct an_merkle_proof *proof, struct an_err *err)
{
    enum an_code rc = an_merkle_include(l->hash, l->n, leaf, proof, err);

    return rc == AN_OK ? an_merkle_included(&l->hash[leaf], leaf, l->n, proof,
                                            &l->root, err)
                       : rc;
}

bool pl_lineage_answers(const struct pl_lineage *l, size_t leaf)
{
    const enum rt_leaf_kind kind = l->log.leaf[leaf].kind;

    return kind == RT_LEAF_DATASET || kind == RT_LEAF_UNKNOWN_BEFORE ||
           (l->outcome.n && leaf == l->capability);
}

/* ---- for people ------------------------------------------------------------ */

static enum an_code print_leaf(struct an_arena *arena,
                               const struct rt_lineage *l, size_t leaf,
                               struct an_err *err)
{
    struct an_merkle_proof proof;
    struct an_str text;
    enum an_code rc = rt_leaf_say(arena, l, leaf, &text, err);

    if (rc == AN_OK)
        rc = pl_lineage_prove(l, leaf, &proof, err);
    if (rc != AN_OK)
        return rc;
    (void)printf("leaf %.*s\n  proved by", AN_STR_ARG(text));
    for (size_t i = 0; i < proof.n; i++) {
        char hex[AN_SHA256_HEX + 1];

        an_hex_print(proof.hash[i].b, sizeof(proof.hash[i].b), hex);
        (void)printf(" %.*s", SHORT_HEX, hex);
    }
    (void)puts(proof.n ? "" : " itself: it is all of the log");
    return AN_OK;
}

static void print_supplies(const struct pl_lineage *l)
{
    static const char *const uses[][2] = {{"fit", "to fit the weights"},
                                          {"choose", "to choose the epoch"},
                                          {"calibrate", "to calibrate"},
                                          {"judge", "to judge it"}};

    (void)printf("labels for %.*s came from\n", AN_STR_ARG(l->outcome));
    for (size_t i = 0; i < l->n_supplies; i++) {
        const struct rt_supply *s = &l->supply[i];
        const char *use = NULL;

        for (size_t u = 0; u < sizeof(uses) / sizeof(uses[0]); u++)
            if (an_str_eq(s->use, an_str_c(uses[u][0])))
                use = uses[u][1];
        (void)printf("  data set %zu, %s: %llu patients, %llu questions, %llu "
                     "positive, %.1f %% of the questions\n",
                     s->dataset, use ? use : "otherwise",
                     (unsigned long long)s->patients,
                     (unsigned long long)s->questions,
                     (unsigned long long)s->positives, 100 * s->share);
    }
    if (l->n_supplies == 0)
        (void)puts("  nobody, as far as the log says");
}

static enum an_code print(struct an_arena *arena, const struct pl_lineage *l,
                          struct an_err *err)
{
    char root[AN_SHA256_HEX + 1];
    enum an_code rc = AN_OK;

    an_hex_print(l->log.root.b, sizeof(l->log.root.b), root);
    (void)printf("the lineage of %.*s %.*s is whole: %zu leaves\nroot %s\n"
                 "signed by %.*s\n",
                 AN_STR_ARG(l->package->manifest.name),
                 AN_STR_ARG(l->package->manifest.version), l->log.n, root,
                 AN_STR_ARG(l->key));
    for (size_t i = 0; i < l->log.n && rc == AN_OK; i++)
        if (pl_lineage_answers(l, i))
            rc = print_leaf(arena, &l->log, i, err);
    if (rc != AN_OK)
        return rc;
    if (l->outcome.n)
        print_supplies(l);
    (void)puts("This says that data sets took part and supplied labels.  How "
               "much one of them\ninfluenced the model is not measured.");
    return AN_OK;
}

/* ---- finding --------------------------------------------------------------- */

static enum an_code find(struct pl_lineage *l, struct an_arena *arena,
                         const struct pl_model *m, struct an_err *err)
{
    struct an_note_key key;
    struct an_str origin = {NULL, 0};
    enum an_code rc =
        rt_lineage_open(&l->log, arena, &m->package, m->file, m->n_files, err);

    if (rc == AN_OK)
        rc = rt_lineage_origin(arena, m->package.manifest.name, &origin, err);
    if (rc == AN_OK)
        rc = an_note_key_of(origin, &m->package.key, &key, err);
    if (rc == AN_OK)
        rc = an_note_key_print(arena, &key, &l->key, err);
    for (size_t i = 0; i < m->n_files; i++)
        if (an_str_eq(m->file[i].name, AN_STR(RT_LINEAGE_CHECKPOINT)))
            l->checkpoint = m->file[i].bytes;
    return rc;
}

static enum an_code find_outcome(struct pl_lineage *l, struct an_arena *arena,
                                 struct an_err *err)
{
    if (l->outcome.n == 0)
        return AN_OK;
    l->capability = rt_lineage_capability(&l->log, l->outcome);
    if (l->capability == l->log.n)
        return an_fail(err, AN_NOTFOUND, "the model has no such outcome", 0);
    return rt_lineage_supplies(arena, &l->log, l->capability, &l->supply,
                               &l->n_supplies, err);
}

/* A log that is not there or not whole is refused; what the machine lacks is
 * its own affair. */
static int complain(const struct an_err *err, bool of_log)
{
    const int status = pl_complain(err);

    if (err->code == AN_INTEGRITY)
        return PL_EXIT_REFUSED;
    return of_log && status == PL_EXIT_USAGE ? PL_EXIT_REFUSED : status;
}

static int verify(const struct pl_invocation *in, const struct request *q,
                  struct an_arena *arena, struct pl_model *m)
{
    struct pl_lineage l = {.package = &m->package, .outcome = q->outcome};
    struct cfg_options options;
    struct an_err err;
    enum an_code rc = pl_invocation_options(in, arena, &options, &err);

    if (rc == AN_OK)
        rc = pl_think_model(&options, m, &err);
    if (rc != AN_OK)
        return complain(&err, false);
    rc = find(&l, arena, m, &err);
    if (rc != AN_OK)
        return complain(&err, true);
    rc = find_outcome(&l, arena, &err);
    if (rc == AN_OK)
        rc =
            q->json ? pl_lineage_json(arena, &l, &err) : print(arena, &l, &err);
    return rc == AN_OK ? PL_EXIT_OK : complain(&err, false);
}

int pl_command_verify_lineage(const struct pl_invocation *in)
{
    struct pl_model model = {.n_files = 0};
    struct request q;
    struct an_arena arena;
    int status;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    status = verify(in, &q, &arena, &model);
    pl_model_close(&model);
    an_arena_free(&arena);
    return status;
}
