/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the tree as a hospital's own: the same weights, no demonstrator,
 * evaluated as the caller says, signed by a key for tests only. */
#ifndef TESTS_SITE_MODEL_H
#define TESTS_SITE_MODEL_H

#include "base/err.h"

/* From the folder of a package into another, which is there; `site` is what
 * its manifest says of a site ("{\"name\":\"main\",\"passed\":true}"), "" for
 * nothing.  The key that a site has to trust is put into the file `keys`. */
enum an_code site_model_make(const char *from, const char *to, const char *keys,
                             const char *site, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
