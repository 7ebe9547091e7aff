/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/simd.h"

/* (1 + tanh u) / 2 is 1 / (1 + e^-2u), which costs one exponential. */
RT_CLONES
void rt_gelu(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        float u2 = 1.5957691216F * (v + 0.044715F * v * v * v);

        y[i] = v / (1.0F + rt_exp(-u2));
    }
}
