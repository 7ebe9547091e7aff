/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/make_int.h"

#include <math.h>

struct adv_frequency adv_frequency(double p, double p_low, double p_high)
{
    struct adv_frequency f = {.exact = AN_STR("about"),
                              .of = p < 0.01 ? 1000 : 100};

    f.n = round(p * f.of);
    if (f.n < 1) {
        f.exact = AN_STR("fewer");
        f.n = 1;
    } else if (f.n >= f.of) {
        f.exact = AN_STR("more");
        f.n = f.of - 1;
    }
    f.low = fmax(0, floor(p_low * f.of));
    f.high = fmin(f.of, ceil(p_high * f.of));
    return f;
}
