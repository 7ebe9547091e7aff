/* SPDX-License-Identifier: Apache-2.0 */
/* What prefetch.c (asking) and prefetch_page.c (what came) share. */
#ifndef PLUGIN_HOST_PREFETCH_INT_H
#define PLUGIN_HOST_PREFETCH_INT_H

#include "plugin/fetch/fetch.h"
#include "plugin/host/prefetch.h"

/* From STATUS on, in the order of the log's `why`. */
enum pl_prefetch_why {
    PL_PREFETCH_OK,
    PL_PREFETCH_SKIP, /* nothing to ask */
    PL_PREFETCH_NOMEM,
    PL_PREFETCH_STATUS,
    PL_PREFETCH_SILENT,
    PL_PREFETCH_ODD,
    PL_PREFETCH_STRANGER,
    PL_PREFETCH_LATE
};

/* One call under way. */
struct pl_prefetch {
    const struct pl_prefetch_options *options;
    struct an_arena *arena;
    struct fhir_cds_request *request;
    struct pl_fetch *fetch;
    struct an_str server;      /* without its last slash */
    const char *authorization; /* a header's line */
    int64_t began_ms, until_ms;
    size_t left_bytes;
    long status; /* of the last answer */
};

/* A resource at an address under the base. */
enum pl_prefetch_why pl_prefetch_ask(struct pl_prefetch *f, struct an_str url,
                                     const struct an_json **resource);

struct an_str pl_prefetch_type(const struct an_json *resource);
/* The resource that was read by its id. */
bool pl_prefetch_is_that(const struct an_json *resource, struct an_str type,
                         struct an_str id);
/* OK when all entries are of this type and of the patient. */
enum pl_prefetch_why pl_prefetch_judge(const struct pl_prefetch *f,
                                       const struct an_json *bundle,
                                       struct an_str type);
/* *bundle with the entries of the pages that follow it; what could not be had
 * is still named by its link.  STRANGER when a page has another patient's. */
enum pl_prefetch_why pl_prefetch_follow(struct pl_prefetch *f,
                                        struct an_str type,
                                        const struct an_json **bundle);

/* An OperationOutcome; NULL without memory. */
const struct an_json *pl_prefetch_failed(struct an_arena *arena);
/* As the prefetch of that key, in place of what was there.  False without
 * memory. */
bool pl_prefetch_put(struct pl_prefetch *f, struct an_str key,
                     const struct an_json *value);

#endif
