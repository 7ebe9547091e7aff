/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/parity/delphi.h"

#include "trainer/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 1024, MAX_TOKENS = 1 << 24 };

/* Of a file, or of a member of the manifest. */
static enum an_code fail_at(struct an_err *err, enum an_code code,
                            const char *what, const char *where)
{
    code = an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%s", where);
    return code;
}

/* ---- files --------------------------------------------------------------- */

static enum an_code read_whole(const struct tr_delphi *d,
                               struct an_arena *arena, const char *name,
                               struct an_str *bytes, struct an_err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof(path), "%s/%s", d->folder, name);
    struct an_str mapped;
    enum an_code code;
    char *copy;

    if (n < 0 || n >= PATH_BYTES)
        return an_fail(err, AN_LIMIT, "a path is too long", 0);
    code = tr_file_map(path, &mapped, err);
    if (code != AN_OK) {
        if (err)
            (void)snprintf(err->where.path, sizeof(err->where.path), "%s",
                           name);
        return code;
    }
    copy = an_arena_get(arena, mapped.n, 1);
    if (copy)
        memcpy(copy, mapped.p, mapped.n);
    *bytes = (struct an_str){copy, mapped.n};
    tr_file_unmap(mapped);
    return copy || bytes->n == 0 ? AN_OK : an_fail_nomem(err);
}

enum an_code tr_delphi_numbers(const struct tr_delphi *d,
                               struct an_arena *arena, const char *name,
                               size_t n, const void **numbers,
                               struct an_err *err)
{
    struct an_str bytes;
    enum an_code code = read_whole(d, arena, name, &bytes, err);

    if (code != AN_OK)
        return code;
    if (bytes.n != 4 * n)
        return fail_at(err, AN_CONFIG,
                       "the file is not as long as the manifest says", name);
    *numbers = bytes.p;
    return AN_OK;
}

/* ---- the manifest -------------------------------------------------------- */

static bool knows(struct an_str key)
{
    return key.n > 0;
}

/* A number somewhere below: "adamw.lr". */
static const struct an_json *member(const struct tr_delphi *d, const char *path)
{
    struct an_str rest = an_str_c(path), name;
    const struct an_json *j = d->manifest;

    while (an_str_cut(&rest, '.', &name))
        j = an_json_get(j, name);
    return j;
}

static enum an_code real(const struct tr_delphi *d, const char *path,
                         double *value, struct an_err *err)
{
    return an_json_double(member(d, path), value)
               ? AN_OK
               : fail_at(err, AN_CONFIG, "the manifest lacks a number", path);
}

static enum an_code size(const struct tr_delphi *d, const char *path,
                         int32_t *value, struct an_err *err)
{
    int64_t n;

    if (!an_json_i64(member(d, path), &n) || n < 1 || n > MAX_TOKENS)
        return fail_at(err, AN_CONFIG, "the manifest lacks a size", path);
    *value = (int32_t)n;
    return AN_OK;
}

static enum an_code read_sizes(struct tr_delphi *d, struct an_err *err)
{
    const struct {
        const char *path;
        int32_t *value;
    } sizes[] = {{"args.vocab_size", &d->shape.vocab},
                 {"args.n_embd", &d->shape.channels},
                 {"args.n_head", &d->shape.heads},
                 {"args.n_layer", &d->shape.layers},
                 {"B", &d->batch},
                 {"T", &d->length},
                 {"p0_T", &d->alone}};
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < sizeof(sizes) / sizeof(sizes[0]);
         i++)
        code = size(d, sizes[i].path, sizes[i].value, err);
    if (code != AN_OK)
        return code;
    if (d->batch > MAX_TOKENS / d->length)
        return fail_at(err, AN_LIMIT, "the batch is too large", "B");
    d->shape.targets = d->shape.vocab;
    d->shape.positions = d->length > d->alone ? d->length : d->alone;
    d->shape.death = -1;
    return rt_shape_check(&d->shape, err);
}

static enum an_code read_reals(struct tr_delphi *d, struct an_err *err)
{
    double t_min = 0, dropped = 0;
    const struct {
        const char *path;
        double *value;
    } reals[] = {{"args.t_min", &t_min},
                 {"args.token_dropout", &dropped},
                 {"loss_train.loss_ce", &d->loss_ce},
                 {"loss_train.loss_dt", &d->loss_dt},
                 {"loss_val_mode.loss_ce", &d->checked_ce},
                 {"loss_val_mode.loss_dt", &d->checked_dt},
                 {"grad_norm", &d->grad_norm},
                 {"adamw.lr", &d->adamw.rate},
                 {"adamw.eps", &d->adamw.epsilon},
                 {"adamw.weight_decay", &d->adamw.decay},
                 {"adamw.clip", &d->adamw.clip}};
    const struct an_json *betas = member(d, "adamw.betas");
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < sizeof(reals) / sizeof(reals[0]);
         i++)
        code = real(d, reals[i].path, reals[i].value, err);
    if (code != AN_OK)
        return code;
    if (!an_json_double(an_json_at(betas, 0), &d->adamw.beta1) ||
        !an_json_double(an_json_at(betas, 1), &d->adamw.beta2))
        return fail_at(err, AN_CONFIG, "the manifest lacks two numbers",
                       "adamw.betas");
    if (dropped > 0)
        return fail_at(err, AN_UNSUPPORTED, "we drop no tokens",
                       "args.token_dropout");
    d->t_min_days = (float)t_min;
    d->adamw.wide_rate = 1;
    return AN_OK;
}

static enum an_code read_ignored(struct tr_delphi *d, struct an_arena *arena,
                                 struct an_err *err)
{
    const struct an_json *list = member(d, "args.ignore_tokens");
    int64_t token;

    d->ignored_v =
        an_arena_get(arena, (size_t)d->shape.vocab, sizeof(*d->ignored_v));
    if (d->ignored_v == NULL)
        return an_fail_nomem(err);
    memset(d->ignored_v, 0, (size_t)d->shape.vocab);
    d->ignored_v[0] = true;
    for (const struct an_json *j = an_json_first(list); j; j = j->next) {
        if (!an_json_i64(j, &token) || token < 0 || token >= d->shape.vocab)
            return fail_at(err, AN_CONFIG, "a token that there is not",
                           "args.ignore_tokens");
        d->ignored_v[token] = true;
    }
    return AN_OK;
}

static enum an_code read_flags(struct tr_delphi *d, struct an_err *err)
{
    bool bias;

    if (!an_json_bool(member(d, "args.mask_ties"), &d->mask_ties))
        return fail_at(err, AN_CONFIG, "the manifest lacks true or false",
                       "args.mask_ties");
    if (!an_json_bool(member(d, "args.bias"), &bias))
        return fail_at(err, AN_CONFIG, "the manifest lacks true or false",
                       "args.bias");
    return bias ? fail_at(err, AN_UNSUPPORTED, "our trunk has no biases",
                          "args.bias")
                : AN_OK;
}

enum an_code tr_delphi_open(struct tr_delphi *d, struct an_arena *arena,
                            const char *folder, struct an_err *err)
{
    struct an_json_limits limits = {.knows = knows};
    struct an_str bytes;
    enum an_code code;

    *d = (struct tr_delphi){.folder = folder};
    code = read_whole(d, arena, "manifest.json", &bytes, err);
    if (code != AN_OK ||
        (code = an_json_read(arena, &limits, bytes, &d->manifest, err)) !=
            AN_OK ||
        (code = read_sizes(d, err)) != AN_OK ||
        (code = read_reals(d, err)) != AN_OK ||
        (code = read_flags(d, err)) != AN_OK)
        return code;
    return read_ignored(d, arena, err);
}

/* ---- tensors ------------------------------------------------------------- */

/* What it is called, and which of ours it is; below a layer, or once. */
static const struct {
    const char *name;
    enum rt_weight_id id;
} of_layer[] = {{"ln_1.weight", RT_W_norm1},
                {"ln_2.weight", RT_W_norm2},
                {"attn.c_attn.weight", RT_W_qkv},
                {"mlp.c_fc.weight", RT_W_up},
                {"attn.c_proj.weight", RT_W_proj},
                {"mlp.c_proj.weight", RT_W_down}},
  of_all[] = {{"transformer.wte.weight", RT_W_embed},
              {"transformer.wae.linear.weight", RT_W_age},
              {"transformer.ln_f.weight", RT_W_norm}};

/* The layer of "transformer.h.3.ln_1.weight", and what is after it; -1. */
static int32_t cut_layer(struct an_str *name, int32_t n_layers)
{
    const struct an_str start = AN_STR("transformer.h.");
    struct an_str rest = *name, number;
    int32_t layer = 0;

    if (!an_str_starts(rest, start))
        return -1;
    rest = an_str_sub(rest, start.n, rest.n);
    if (!an_str_cut(&rest, '.', &number) || number.n == 0 || number.n > 4)
        return -1;
    for (size_t i = 0; i < number.n; i++) {
        if (number.p[i] < '0' || number.p[i] > '9')
            return -1;
        layer = 10 * layer + (number.p[i] - '0');
    }
    *name = rest;
    return layer < n_layers ? layer : -1;
}

/* Where a tensor of that name begins in ours, and how much it has; 0 floats: it
 * is none of ours. */
static size_t place_of(const struct tr_delphi *d, const struct tr_params *p,
                       struct an_str name, uint64_t *first)
{
    int32_t layer = cut_layer(&name, d->shape.layers);
    const struct rt_tensor *t = NULL;
    size_t n;

    for (size_t i = 0; layer < 0 && i < sizeof(of_all) / sizeof(of_all[0]); i++)
        if (an_str_eq(name, an_str_c(of_all[i].name)))
            t = &p->tensor[of_all[i].id];
    for (size_t i = 0; layer >= 0 && i < sizeof(of_layer) / sizeof(of_layer[0]);
         i++)
        if (an_str_eq(name, an_str_c(of_layer[i].name)))
            t = &p->tensor[of_layer[i].id];
    if (t == NULL)
        return 0;
    n = (size_t)t->rows * (size_t)t->cols;
    if (layer >= 0)
        n /= (size_t)d->shape.layers;
    *first = t->first + (layer > 0 ? (uint64_t)layer * n : 0);
    return n;
}

static size_t n_floats(const struct tr_delphi *d, struct an_str name)
{
    const struct an_json *shape =
        an_json_get(an_json_get(member(d, "tensors"), name), AN_STR("shape"));
    size_t n = an_json_first(shape) ? 1 : 0;
    int64_t side;

    for (const struct an_json *j = an_json_first(shape); j; j = j->next) {
        if (!an_json_i64(j, &side) || side < 1 || side > MAX_TOKENS ||
            n > (size_t)MAX_TOKENS * 64 / (size_t)side)
            return 0;
        n *= (size_t)side;
    }
    return n;
}

static bool is_constant(const struct tr_delphi *d, struct an_str name)
{
    const struct an_json *list = member(d, "no_grad_in_grads_file");

    for (const struct an_json *j = an_json_first(list); j; j = j->next)
        if (an_str_eq(an_json_text(j), name))
            return true;
    return false;
}

enum an_code tr_delphi_params(const struct tr_delphi *d, struct an_arena *arena,
                              const char *name, bool constants,
                              struct tr_params *p, struct an_err *err)
{
    const struct an_json *order = member(d, "order");
    const void *numbers = NULL;
    const float *at;
    size_t n_all = 0, n_placed = 0;
    uint64_t first = 0;
    enum an_code code;

    for (const struct an_json *j = an_json_first(order); j; j = j->next)
        if (constants || !is_constant(d, an_json_text(j)))
            n_all += n_floats(d, an_json_text(j));
    code = tr_delphi_numbers(d, arena, name, n_all, &numbers, err);
    at = code == AN_OK ? numbers : NULL;
    for (const struct an_json *j = an_json_first(order); at && j; j = j->next) {
        struct an_str tensor = an_json_text(j);
        size_t n = n_floats(d, tensor);

        if (!is_constant(d, tensor)) {
            if (n == 0 || place_of(d, p, tensor, &first) != n)
                return fail_at(err, AN_CONFIG,
                               "a tensor that is none of this architecture",
                               "order");
            memcpy(p->value + first, at, n * sizeof(float));
            n_placed += n;
        } else if (!constants) {
            continue;
        }
        at += n;
    }
    if (code == AN_OK && n_placed != p->n)
        return fail_at(err, AN_CONFIG, "a tensor is missing", "order");
    return code;
}

/* ---- what is read -------------------------------------------------------- */

/* Keys that a row sees in training: none as old as what is predicted. */
static int32_t untied(const struct tr_delphi_batch *b, int32_t first,
                      int32_t row)
{
    int32_t n = row - first + 1;

    while (n > 0 && !(b->age[first + n - 1] < b->next_age[row]) &&
           !(b->age[first + n - 1] > b->next_age[row]))
        n--;
    return n;
}

struct room {
    struct rt_history *seq;
    struct rt_position *position;
    struct rt_item *item;
    struct tr_score *score;
    int32_t *target, *n_keys;
};

static enum an_code room_get(struct room *r, struct tr_delphi_batch *b,
                             struct an_arena *arena, size_t seqs, size_t rows,
                             struct an_err *err)
{
    *r = (struct room){an_arena_get(arena, seqs, sizeof(*r->seq)),
                       an_arena_get(arena, rows, sizeof(*r->position)),
                       an_arena_get(arena, rows, sizeof(*r->item)),
                       an_arena_get(arena, rows, sizeof(*r->score)),
                       an_arena_get(arena, rows, sizeof(*r->target)),
                       an_arena_get(arena, rows, sizeof(*r->n_keys))};
    b->file_row = an_arena_get(arena, rows, sizeof(*b->file_row));
    b->first = an_arena_get(arena, seqs, sizeof(*b->first));
    return r->seq && r->position && r->item && r->score && r->target &&
                   r->n_keys && b->file_row && b->first
               ? AN_OK
               : an_fail_nomem(err);
}

static void add_row(const struct tr_delphi *d, struct tr_delphi_batch *b,
                    struct room *r, int32_t first, int32_t row)
{
    const int32_t n = b->pack.n_rows++;
    int32_t keys, last;

    b->file_row[n] = row;
    r->position[n] = (struct rt_position){
        .age_days = b->age[row], .first_item = (uint32_t)n, .n_items = 1};
    r->item[n] = (struct rt_item){b->x[row],
                                  {RT_NO_ROW, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW},
                                  RT_NO_ROW,
                                  0,
                                  0};
    if (b->y == NULL)
        return;
    keys = d->mask_ties ? untied(b, first, row) : row - first + 1;
    last = keys ? first + keys - 1 : row;
    r->n_keys[n] = keys;
    if (d->ignored_v[b->y[row]])
        return;
    r->target[n] = b->y[row];
    r->score[b->pack.n_scores++] =
        (struct tr_score){n, b->next_age[last] - b->age[last], (uint32_t)n, 1};
}

/* Tokens that there are, ages that do not fall, padding on the left. */
static enum an_code check_row(const struct tr_delphi *d,
                              const struct tr_delphi_batch *b, int32_t first,
                              int32_t row, struct an_err *err)
{
    const int32_t v = d->shape.vocab;

    if (b->x[row] < 1 || b->x[row] >= v ||
        (b->y && (b->y[row] < 0 || b->y[row] >= v)))
        return an_fail(err, AN_CONFIG, "a token that there is not",
                       (size_t)row * 4);
    if (!isfinite(b->age[row]) || (b->y && !isfinite(b->next_age[row])) ||
        (row > first && b->age[row] < b->age[row - 1]))
        return an_fail(err, AN_CONFIG, "an age before the last one",
                       (size_t)row * 4);
    return AN_OK;
}

static enum an_code pack_rows(const struct tr_delphi *d, struct an_arena *arena,
                              int32_t seqs, int32_t length,
                              struct tr_delphi_batch *b, struct an_err *err)
{
    struct room r;
    enum an_code code = room_get(&r, b, arena, (size_t)seqs,
                                 (size_t)seqs * (size_t)length, err);

    for (int32_t s = 0; code == AN_OK && s < seqs; s++) {
        const int32_t start = b->pack.n_rows, end = (s + 1) * length;
        int32_t first = s * length;

        while (first < end && b->x[first] == 0)
            first++;
        if (first == end)
            code = an_fail(err, AN_CONFIG, "a sequence of nothing but padding",
                           (size_t)first * 4);
        for (int32_t row = first; code == AN_OK && row < end; row++) {
            code = check_row(d, b, first, row, err);
            if (code == AN_OK)
                add_row(d, b, &r, first, row);
        }
        b->first[s] = start;
        r.seq[s] = (struct rt_history){r.position + start,
                                       (size_t)(b->pack.n_rows - start), r.item,
                                       (size_t)b->pack.n_rows};
    }
    b->pack.seq = r.seq;
    b->pack.n_seqs = (size_t)seqs;
    b->pack.score = r.score;
    b->pack.target = r.target;
    b->pack.n_keys = b->y ? r.n_keys : NULL;
    return code;
}

static enum an_code load(const struct tr_delphi *d, struct an_arena *arena,
                         const char *name, size_t n, const void **numbers,
                         enum an_code before, struct an_err *err)
{
    return before == AN_OK ? tr_delphi_numbers(d, arena, name, n, numbers, err)
                           : before;
}

enum an_code tr_delphi_batch(const struct tr_delphi *d, struct an_arena *arena,
                             struct tr_delphi_batch *b, struct an_err *err)
{
    const size_t n = (size_t)d->batch * (size_t)d->length;
    const void *x = NULL, *y = NULL, *age = NULL, *next = NULL;
    enum an_code code = AN_OK;

    code = load(d, arena, "x.i32", n, &x, code, err);
    code = load(d, arena, "y.i32", n, &y, code, err);
    code = load(d, arena, "age.f32", n, &age, code, err);
    code = load(d, arena, "tage.f32", n, &next, code, err);
    *b = (struct tr_delphi_batch){.x = x, .y = y, .age = age, .next_age = next};
    return code == AN_OK ? pack_rows(d, arena, d->batch, d->length, b, err)
                         : code;
}

enum an_code tr_delphi_alone(const struct tr_delphi *d, struct an_arena *arena,
                             struct tr_delphi_batch *b, struct an_err *err)
{
    const size_t n = (size_t)d->alone;
    const void *x = NULL, *age = NULL;
    enum an_code code = AN_OK;

    code = load(d, arena, "p0_x.i32", n, &x, code, err);
    code = load(d, arena, "p0_age.f32", n, &age, code, err);
    *b = (struct tr_delphi_batch){.x = x, .age = age};
    return code == AN_OK ? pack_rows(d, arena, 1, d->alone, b, err) : code;
}
