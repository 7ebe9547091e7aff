/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic in lanes, so that one source gives the same bits on every vector
 * width: sums run in 16 lanes whatever the machine has, and are folded in one
 * order.  Functions marked RT_CLONES are compiled for several instruction sets
 * and chosen at load time; none of them contracts a*b+c.
 *
 * Thread-safety: immutable. */
#ifndef RUNTIME_SIMD_H
#define RUNTIME_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RT_SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
        __has_feature(memory_sanitizer)
#        define RT_SANITIZED 1
#    endif
#endif

/* A resolver runs before a sanitizer is ready; and clang before 17 names the
 * chosen function otherwise than its callers in other files do. */
#if defined(__x86_64__) && defined(__linux__) && !defined(RT_SANITIZED) &&     \
    (!defined(__clang__) || __clang_major__ >= 17)
#    define RT_CLONES                                                          \
        __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#    define RT_CLONES
#endif

#define RT_INLINE static inline __attribute__((always_inline))

enum { RT_LANES = 16 };

typedef float rt_lanes __attribute__((vector_size(RT_LANES * sizeof(float))));

RT_INLINE float rt_fold(const rt_lanes *v)
{
    float a[RT_LANES];

    memcpy(a, v, sizeof(a));
    for (int w = RT_LANES / 2; w; w /= 2)
        for (int i = 0; i < w; i++)
            a[i] += a[i + w];
    return a[0];
}

RT_INLINE float rt_sum(const float *x, int n)
{
    rt_lanes s = {0}, v;
    int i = 0;

    for (; i + RT_LANES <= n; i += RT_LANES) {
        memcpy(&v, x + i, sizeof(v));
        s += v;
    }
    if (i < n) {
        float tail[RT_LANES] = {0};

        memcpy(tail, x + i, (size_t)(n - i) * sizeof(*x));
        memcpy(&v, tail, sizeof(v));
        s += v;
    }
    return rt_fold(&s);
}

/* Of at least one; in lanes, since a plain loop is one comparison at a time. */
RT_INLINE float rt_largest(const float *s, int n)
{
    float top[RT_LANES], m;
    int i = RT_LANES;

    if (n < RT_LANES) {
        m = s[0];
        for (int k = 1; k < n; k++)
            m = s[k] > m ? s[k] : m;
        return m;
    }
    memcpy(top, s, sizeof(top));
    for (; i + RT_LANES <= n; i += RT_LANES)
        for (int k = 0; k < RT_LANES; k++)
            top[k] = s[i + k] > top[k] ? s[i + k] : top[k];
    m = top[0];
    for (int k = 1; k < RT_LANES; k++)
        m = top[k] > m ? top[k] : m;
    for (; i < n; i++)
        m = s[i] > m ? s[i] : m;
    return m;
}

RT_INLINE float rt_dot(const float *x, const float *y, int n)
{
    rt_lanes s = {0}, a, b;
    int i = 0;

    for (; i + RT_LANES <= n; i += RT_LANES) {
        memcpy(&a, x + i, sizeof(a));
        memcpy(&b, y + i, sizeof(b));
        s += a * b;
    }
    if (i < n) {
        float ta[RT_LANES] = {0}, tb[RT_LANES] = {0};

        memcpy(ta, x + i, (size_t)(n - i) * sizeof(*x));
        memcpy(tb, y + i, (size_t)(n - i) * sizeof(*y));
        memcpy(&a, ta, sizeof(a));
        memcpy(&b, tb, sizeof(b));
        s += a * b;
    }
    return rt_fold(&s);
}

RT_INLINE uint32_t rt_bits(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof(u));
    return u;
}

RT_INLINE float rt_float(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof(x));
    return x;
}

/* e^x within 2 units in the last place; 0 and infinity are never reached: x is
 * held in [-87, 88].  NaN stays NaN. */
RT_INLINE float rt_exp(float x)
{
    const float magic = 12582912.0F; /* 1.5 * 2^23: rounds to an integer */
    float c = x > 88.0F ? 88.0F : x;
    float d = c < -87.0F ? -87.0F : c;
    float n = d * 1.44269504F + magic;
    float k = n - magic;
    float r = (d - k * 0.693359375F) - k * -2.12194440e-4F;
    float p = 1.0F / 5040;

    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r * r + r + 1.0F;
    return p * rt_float((rt_bits(n) - rt_bits(magic) + 127) << 23);
}

/* Sine and cosine; |x| up to 1e6. */
RT_INLINE void rt_sincos(double x, float *sine, float *cosine)
{
    const double magic = 6755399441055744.0; /* 1.5 * 2^52 */
    double n = x * 0.63661977236758134 + magic;
    float r = (float)(x - (n - magic) * 1.5707963267948966);
    float r2 = r * r;
    float s = r + r * r2 *
                      (-1.0F / 6 +
                       r2 * (1.0F / 120 + r2 * (-1.0F / 5040 + r2 / 362880)));
    float c = 1.0F +
              r2 * (-0.5F + r2 * (1.0F / 24 + r2 * (-1.0F / 720 + r2 / 40320)));
    uint64_t q;

    memcpy(&q, &n, sizeof(q));
    *sine = rt_float(rt_bits(q & 1 ? c : s) ^ (uint32_t)(q & 2) << 30);
    *cosine = rt_float(rt_bits(q & 1 ? s : c) ^ (uint32_t)((q + 1) & 2) << 30);
}

#endif
