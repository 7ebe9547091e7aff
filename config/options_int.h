/* SPDX-License-Identifier: Apache-2.0 */
/* Reading options, in two files: options.c reads each value by its row,
 * options_together.c holds values against each other.
 *
 * Thread-safety: confined. */
#ifndef CONFIG_OPTIONS_INT_H
#define CONFIG_OPTIONS_INT_H

#include "config/options.h"

struct cfg_reader {
    struct an_arena *arena;
    const char *file;
    struct cfg_options *o;
    struct cfg_problems *problems;
    struct an_err *err;
};

/* A problem of that option, at its line; r->err is the first one. */
enum an_code cfg_problem_pair(struct cfg_reader *r, enum cfg_option_id id,
                              const char *what);

/* What no single value can break. */
enum an_code cfg_options_together(struct cfg_reader *r);

#endif
