/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/safetensors.h"

#include "base/json.h"
#include "base/json_out.h"

#include <math.h>
#include <stdio.h>

enum { LENGTH_BYTES = 8, ALIGN_BYTES = 64, HEADER_LIMIT = 1 << 20 };

static enum an_code refuse(struct an_err *err, const char *what,
                           const char *tensor)
{
    an_fail(err, AN_TYPE, what, 0);
    if (err)
        snprintf(err->where.path, sizeof(err->where.path), "%s", tensor);
    return AN_TYPE;
}

static bool pair_is(const struct an_json *array, uint64_t a, uint64_t b)
{
    int64_t x, y;

    return an_json_is(array, AN_JSON_ARRAY) && array->n == 2 &&
           an_json_i64(an_json_at(array, 0), &x) &&
           an_json_i64(an_json_at(array, 1), &y) && x >= 0 && y >= 0 &&
           (uint64_t)x == a && (uint64_t)y == b;
}

/* One tensor against its row of the list; its floats lie at `from`. */
static enum an_code tensor_check(const struct an_json *header,
                                 const struct rt_tensor *t, const float *from,
                                 struct an_err *err)
{
    const struct an_json *j = an_json_get(header, an_str_c(t->name));
    const uint64_t n = (uint64_t)t->rows * (uint64_t)t->cols;

    if (n == 0)
        return j ? refuse(err, "a tensor that this shape has not", t->name)
                 : AN_OK;
    if (!an_str_eq(an_json_text(an_json_get(j, AN_STR("dtype"))),
                   AN_STR("F32")))
        return refuse(err, "a tensor is missing or is not float32", t->name);
    if (!pair_is(an_json_get(j, AN_STR("shape")), (uint64_t)t->rows,
                 (uint64_t)t->cols))
        return refuse(err, "a tensor has another shape than the manifest says",
                      t->name);
    if (!pair_is(an_json_get(j, AN_STR("data_offsets")),
                 t->first * sizeof(float), (t->first + n) * sizeof(float)))
        return refuse(err, "a tensor is not where it should be", t->name);
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(from[i]))
            return refuse(err, "a weight is not finite", t->name);
    return AN_OK;
}

static enum an_code header_read(struct an_arena *arena, struct an_str bytes,
                                const struct an_json **header, size_t *data,
                                struct an_err *err)
{
    uint64_t length = 0;

    if (bytes.n < LENGTH_BYTES)
        return an_fail(err, AN_SYNTAX, "the weights file is cut short", 0);
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | (unsigned char)bytes.p[i];
    if (length > HEADER_LIMIT || length > bytes.n - LENGTH_BYTES ||
        (LENGTH_BYTES + length) % ALIGN_BYTES != 0)
        return an_fail(err, AN_SYNTAX,
                       "the header of the weights has a wrong length", 0);
    *data = LENGTH_BYTES + (size_t)length;
    return an_json_read(arena, &(struct an_json_limits){0},
                        an_str_sub(bytes, LENGTH_BYTES, (size_t)length), header,
                        err);
}

enum an_code rt_safetensors_read(struct an_arena *arena, struct an_str bytes,
                                 const struct rt_shape *s, struct rt_weights *w,
                                 struct an_err *err)
{
    struct rt_tensor tensor[RT_N_WEIGHTS];
    const uint64_t n = rt_tensors(s, tensor);
    const struct an_json *header;
    uint32_t n_here = 0;
    const float *block;
    size_t data = 0;
    enum an_code code = header_read(arena, bytes, &header, &data, err);

    if (code != AN_OK)
        return code;
    if (!an_json_is(header, AN_JSON_OBJECT))
        return an_fail(err, AN_SYNTAX, "the header is no object", LENGTH_BYTES);
    if ((bytes.n - data) / sizeof(float) != n ||
        (bytes.n - data) % sizeof(float) != 0)
        return an_fail(err, AN_TYPE,
                       "the weights file has another size than its shape needs",
                       data);
    if ((uintptr_t)bytes.p % sizeof(float) != 0)
        return an_fail(err, AN_INTERNAL, "the weights are not aligned", 0);
    block = (const float *)(const void *)(bytes.p + data);
    for (int i = 0; i < RT_N_WEIGHTS && code == AN_OK; i++) {
        code = tensor_check(header, &tensor[i], block + tensor[i].first, err);
        n_here += tensor[i].rows ? 1 : 0;
    }
    if (code == AN_OK && header->n != n_here)
        return an_fail(err, AN_TYPE, "the weights file has other tensors too",
                       LENGTH_BYTES);
    if (code == AN_OK)
        rt_weights_at(s, block, w);
    return code;
}

static enum an_code header_write(struct an_arena *arena,
                                 const struct rt_tensor *tensor,
                                 struct an_str *text, struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, HEADER_LIMIT);
    an_out_object(&w);
    for (int i = 0; i < RT_N_WEIGHTS; i++) {
        const struct rt_tensor *t = &tensor[i];
        const uint64_t n = (uint64_t)t->rows * (uint64_t)t->cols;

        if (n == 0)
            continue;
        an_out_key(&w, t->name);
        an_out_object(&w);
        an_out_key_str(&w, "dtype", AN_STR("F32"));
        an_out_key(&w, "shape");
        an_out_array(&w);
        an_out_i64(&w, t->rows);
        an_out_i64(&w, t->cols);
        an_out_end(&w);
        an_out_key(&w, "data_offsets");
        an_out_array(&w);
        an_out_i64(&w, (int64_t)(t->first * sizeof(float)));
        an_out_i64(&w, (int64_t)((t->first + n) * sizeof(float)));
        an_out_end(&w);
        an_out_end(&w);
    }
    an_out_end(&w);
    return an_out_done(&w, text, err);
}

enum an_code rt_safetensors_write(struct an_arena *arena,
                                  const struct rt_shape *s, const float *block,
                                  struct an_str *bytes, struct an_err *err)
{
    struct rt_tensor tensor[RT_N_WEIGHTS];
    const uint64_t n = rt_tensors(s, tensor);
    struct an_str text;
    enum an_code code = header_write(arena, tensor, &text, err);
    size_t data = 0;
    char *p;

    if (code != AN_OK)
        return code;
    data =
        (LENGTH_BYTES + text.n + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    p = an_arena_get(arena, data + n * sizeof(float), 1);
    if (p == NULL)
        return an_fail_nomem(err);
    for (int i = 0; i < LENGTH_BYTES; i++)
        p[i] = (char)((uint64_t)(data - LENGTH_BYTES) >> (8 * i));
    memcpy(p + LENGTH_BYTES, text.p, text.n);
    memset(p + LENGTH_BYTES + text.n, ' ', data - LENGTH_BYTES - text.n);
    memcpy(p + data, block, n * sizeof(float));
    *bytes = (struct an_str){p, data + n * sizeof(float)};
    return AN_OK;
}
