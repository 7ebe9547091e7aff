/* SPDX-License-Identifier: Apache-2.0 */
/* What goes over the network in the clear, by the configuration: who listens
 * without TLS where other machines can reach it, and who is sent to without.
 *
 *     struct pl_clear clear[PL_N_CLEAR];
 *     size_t n = pl_clear_list(options, clear);
 *
 * A machine's own addresses are localhost, 127.0.0.0/8 and ::1; any other name is
 * taken for another machine, as nobody is asked.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_HOST_CLEAR_H
#define PLUGIN_HOST_CLEAR_H

#include "config/options.h"

enum { PL_N_CLEAR = 5 };

struct pl_clear {
    enum cfg_option_id option; /* the address */
    const char *instead;       /* what would help */
    bool comes_in;             /* else it goes out */
};

size_t pl_clear_list(const struct cfg_options *o,
                     struct pl_clear clear[PL_N_CLEAR]);

#endif
