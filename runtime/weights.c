/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/weights.h"

uint64_t rt_tensors(const struct rt_shape *s,
                    struct rt_tensor tensor[RT_N_WEIGHTS])
{
    const struct rt_tensor all[RT_N_WEIGHTS] = {
#define X(name, kind, rows, cols, what)                                        \
    {#name, what, RT_##kind, (rows), (cols), 0},
        RT_WEIGHTS(X)
#undef X
    };
    uint64_t first = 0;

    for (int i = 0; i < RT_N_WEIGHTS; i++) {
        tensor[i] = all[i];
        tensor[i].first = first;
        if (all[i].rows == 0 || all[i].cols == 0)
            tensor[i].rows = tensor[i].cols = 0;
        first += (uint64_t)tensor[i].rows * (uint64_t)tensor[i].cols;
    }
    return first;
}

void rt_weights_at(const struct rt_shape *s, const float *block,
                   struct rt_weights *w)
{
    struct rt_tensor tensor[RT_N_WEIGHTS];

    rt_tensors(s, tensor);
#define X(name, kind, rows, cols, what)                                        \
    w->name = block + tensor[RT_W_##name].first;
    RT_WEIGHTS(X)
#undef X
}
