/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/shape.h"

#include <math.h>
#include <stdio.h>

static enum an_code refuse(struct an_err *err, const char *what,
                           const char *name)
{
    enum an_code code = an_fail(err, AN_CONFIG, what, 0);

    if (err)
        snprintf(err->where.path, sizeof(err->where.path), "shape.%s", name);
    return code;
}

static enum an_code bins_check(const struct rt_shape *s, struct an_err *err)
{
    for (int j = 0; j < s->bins; j++) {
        float edge = s->bin_edge_days[j];

        if (!isfinite(edge) || (j == 0 && (edge < 0 || edge > 0)) ||
            (j > 0 && edge <= s->bin_edge_days[j - 1]))
            return refuse(err, "time bins start at 0 and rise",
                          "bin_edge_days");
    }
    return AN_OK;
}

enum an_code rt_shape_check(const struct rt_shape *s, struct an_err *err)
{
#define X(name, low, high, what)                                               \
    if (s->name < (low) || s->name > (high))                                   \
        return refuse(err, "a size is out of its range", #name);
    RT_SIZES(X)
#undef X
    if (s->targets > s->vocab)
        return refuse(err, "more concepts are predicted than there are",
                      "targets");
    if (s->channels % (2 * s->heads) != 0)
        return refuse(err, "channels must divide into heads of even width",
                      "heads");
    if ((s->value_rows == 0) != (s->value_hidden == 0))
        return refuse(err, "a value network has rows and hidden units",
                      "value_hidden");
    if (s->times != 0 && s->times != RT_N_TIMES)
        return refuse(err, "all time features or none", "times");
    if (s->outcomes > 0 && s->bins == 0)
        return refuse(err, "hazards need time bins", "bins");
    if (s->death < -1 || s->death >= s->outcomes)
        return refuse(err, "death is none of the outcomes", "death");
    return bins_check(s, err);
}
