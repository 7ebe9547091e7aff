/* SPDX-License-Identifier: Apache-2.0 */
/* The bins of a scale, for models that read no values but bins of them. */
#include "trainer/dataset/catalogue_int.h"

#include "runtime/vocabulary.h"

#include <stdio.h>

struct bins {
    float edge[TR_MAX_VALUE_BINS];
    double sum[TR_MAX_VALUE_BINS];
    size_t n_in[TR_MAX_VALUE_BINS];
    size_t n_edges;
};

static void put_float(struct an_json_out *w, double v)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.9g", v);
    an_out_number(w, an_str_c(text));
}

/* Where a quantile stands; one that many values share is an edge once, and what
 * is below all values none. */
static void find_edges(const double *sorted, size_t n,
                       const struct rt_scale *scale, uint32_t n_bins,
                       struct bins *b)
{
    float last = rt_scale_z(scale, sorted[0]);

    for (uint32_t i = 1; i < n_bins; i++) {
        const float z = rt_scale_z(scale, sorted[(size_t)i * n / n_bins]);

        if (z > last)
            b->edge[b->n_edges++] = last = z;
    }
}

void tr_bins_put(const double *sorted, size_t n, const struct tr_spread *s,
                 uint32_t n_bins, struct an_json_out *w)
{
    const struct rt_scale scale = {
        .mean = (float)s->mean, .sd = (float)s->sd, .log = s->log};
    struct bins b = {.n_edges = 0};
    size_t in = 0;

    find_edges(sorted, n, &scale, n_bins, &b);
    for (size_t i = 0; i < n; i++) {
        const float z = rt_scale_z(&scale, sorted[i]);

        while (in < b.n_edges && z >= b.edge[in])
            in++;
        b.sum[in] += (double)z;
        b.n_in[in]++;
    }
    an_out_key(w, "edges");
    an_out_array(w);
    for (size_t i = 0; i < b.n_edges; i++)
        put_float(w, (double)b.edge[i]);
    an_out_end(w);
    an_out_key(w, "middles");
    an_out_array(w);
    for (size_t i = 0; i <= b.n_edges; i++)
        put_float(w, b.sum[i] / (double)b.n_in[i]);
    an_out_end(w);
}
