/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf for people. */
#include "base/buf.h"
#include "runtime/lineage.h"

enum { LINE_BYTES = 1 << 20, SHORT_HEX = 16, SPLITS = 3 };

/* Of people's files, texts may say what they like: control characters are not
 * printed. */
static void put_text(struct an_buf *b, struct an_str text)
{
    for (size_t i = 0; i < text.n; i++)
        an_buf_put_char(
            b, (uint8_t)text.p[i] < ' ' || text.p[i] == 0x7f ? '?' : text.p[i]);
}

static void put_hex(struct an_buf *b, const char *word, struct an_str hex)
{
    an_buf_put_c(b, word);
    put_text(b, hex.n ? an_str_sub(hex, 0, SHORT_HEX) : AN_STR("unknown"));
}

static void put_member(struct an_buf *b, const char *word,
                       const struct rt_leaf *leaf, struct an_str name)
{
    put_hex(b, word, rt_leaf_text(leaf, name));
}

static void put_count(struct an_buf *b, const struct an_json *object,
                      struct an_str name, const char *word)
{
    an_buf_put_u64(b, rt_leaf_count(object, name));
    an_buf_put_c(b, word);
}

/* "210 train, 45 tune, 45 test" */
static void put_splits(struct an_buf *b, const struct an_json *counts)
{
    static const char *const split[SPLITS] = {" train", " tune", " test"};
    const struct an_json *e = an_json_first(counts);

    for (int s = 0; s < SPLITS && e; s++, e = e->next) {
        int64_t n = 0;

        (void)an_json_i64(e, &n);
        an_buf_put_c(b, s ? ", " : "");
        an_buf_put_i64(b, n);
        an_buf_put_c(b, split[s]);
    }
}

static void put_reference(struct an_buf *b, const struct rt_lineage *l,
                          const struct rt_leaf *leaf, const char *word,
                          struct an_str name)
{
    const size_t to = rt_leaf_named(l, leaf->json, name);

    an_buf_put_c(b, word);
    if (to < l->n)
        an_buf_put_u64(b, to);
    else
        an_buf_put_c(b, "unknown");
}

static void say_dataset(struct an_buf *b, const struct rt_leaf *leaf)
{
    const struct an_json *inputs = an_json_get(leaf->json, AN_STR("inputs"));

    put_member(b, "", leaf, AN_STR("cohort"));
    an_buf_put_c(b, ", patients ");
    put_splits(b, an_json_get(leaf->json, AN_STR("patients")));
    if (inputs == NULL) {
        an_buf_put_c(b, ", of files that nobody noted");
        return;
    }
    an_buf_put_c(b, ", of ");
    put_count(b, inputs, AN_STR("files"), " files with ");
    put_count(b, inputs, AN_STR("records"), " records, form ");
    put_text(b, rt_leaf_text(leaf, AN_STR("form")));
}

static void say_run(struct an_buf *b, const struct rt_lineage *l,
                    const struct rt_leaf *leaf)
{
    const struct an_json *dp = an_json_get(leaf->json, AN_STR("privacy"));

    put_reference(b, l, leaf, "of data set ", AN_STR("dataset"));
    an_buf_put_c(b, ", seed ");
    put_count(b, leaf->json, AN_STR("seed"), ", threads ");
    put_count(b, leaf->json, AN_STR("threads"), ", OpenBLAS ");
    put_text(b, rt_leaf_text(leaf, AN_STR("blas")));
    put_member(b, ", configuration ", leaf, AN_STR("configuration_sha256"));
    if (dp == NULL)
        return;
    an_buf_put_c(b, ", private: epsilon ");
    put_text(b, an_json_literal(an_json_get(dp, AN_STR("epsilon"))));
    an_buf_put_c(b, " at delta ");
    put_text(b, an_json_literal(an_json_get(dp, AN_STR("delta"))));
}

static void say_capability(struct an_buf *b, const struct rt_lineage *l,
                           const struct rt_leaf *leaf)
{
    const struct an_json *supplied =
        an_json_get(leaf->json, AN_STR("supplied"));

    put_text(b, rt_leaf_text(leaf, AN_STR("outcome")));
    put_reference(b, l, leaf, ", run ", AN_STR("run"));
    put_reference(b, l, leaf, ", evaluation ", AN_STR("evaluation"));
    for (const struct an_json *e = an_json_first(supplied); e; e = e->next) {
        an_buf_put_c(b, "; data set ");
        put_count(b, e, AN_STR("dataset"), " to ");
        put_text(b, an_json_text(an_json_get(e, AN_STR("use"))));
        an_buf_put_c(b, ": ");
        put_count(b, e, AN_STR("questions"), " questions, ");
        put_count(b, e, AN_STR("positives"), " positive");
    }
}

static void say_evaluation(struct an_buf *b, const struct rt_lineage *l,
                           const struct rt_leaf *leaf)
{
    bool passed = false;

    put_reference(b, l, leaf, "on data set ", AN_STR("dataset"));
    an_buf_put_c(b, ", ");
    put_count(b, leaf->json, AN_STR("patients"), " patients, ");
    (void)an_json_bool(an_json_get(leaf->json, AN_STR("passed")), &passed);
    an_buf_put_c(b, passed ? "passed" : "not passed");
}

enum an_code rt_leaf_say(struct an_arena *arena, const struct rt_lineage *l,
                         size_t at, struct an_str *text, struct an_err *err)
{
    const struct rt_leaf *leaf = &l->leaf[at];
    struct an_buf b;

    an_buf_init(&b, arena, LINE_BYTES);
    an_buf_put_u64(&b, at);
    an_buf_put_char(&b, ' ');
    put_text(&b, rt_leaf_text(leaf, AN_STR("kind")));
    an_buf_put_c(&b, ": ");
    switch (leaf->kind) {
    case RT_LEAF_UNKNOWN_BEFORE:
        an_buf_put_c(&b, "the log begins here; nobody noted the ");
        put_text(&b, rt_leaf_text(leaf, AN_STR("what")));
        break;
    case RT_LEAF_CODE:
        put_text(&b, rt_leaf_text(leaf, AN_STR("version")));
        put_member(&b, ", program ", leaf, AN_STR("program"));
        break;
    case RT_LEAF_DATASET: say_dataset(&b, leaf); break;
    case RT_LEAF_RUN: say_run(&b, l, leaf); break;
    case RT_LEAF_CHECKPOINT:
        put_reference(&b, l, leaf, "of run ", AN_STR("run"));
        put_member(&b, ", weights ", leaf, AN_STR("weights"));
        break;
    case RT_LEAF_EVALUATION: say_evaluation(&b, l, leaf); break;
    case RT_LEAF_CAPABILITY: say_capability(&b, l, leaf); break;
    case RT_LEAF_MODEL:
        put_text(&b, rt_leaf_text(leaf, AN_STR("name")));
        an_buf_put_char(&b, ' ');
        put_text(&b, rt_leaf_text(leaf, AN_STR("version")));
        put_member(&b, ", weights ", leaf, AN_STR("weights"));
        put_member(&b, ", manifest ", leaf, AN_STR("manifest"));
        break;
    case RT_LEAF_OTHER: an_buf_put_c(&b, "of a later program"); break;
    }
    return an_buf_done(&b, text, err);
}
