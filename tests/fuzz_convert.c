/* SPDX-License-Identifier: Apache-2.0 */
/* Any message that parses becomes a Bundle: JSON by our own strict reader, the
 * same bytes each time, in bounded memory. */
#include "base/json.h"
#include "hl7/convert.h"
#include "hl7/read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct hl7_convert_settings settings = {.bundle =
                                                      HL7_BUNDLE_TRANSACTION};
    struct an_str in = {(const char *)data, n};
    struct hl7_converted one, two;
    struct an_arena arena;
    struct hl7_message m;

    an_arena_init(&arena, 256U << 20);
    if (hl7_read(&arena, in, NULL, NULL, &m, NULL) == AN_OK &&
        hl7_convert(&arena, &settings, &m, &one, NULL) == AN_OK) {
        const struct an_json_limits limits = {.bytes = one.json.n};
        const struct an_json *json;

        require(an_json_read(&arena, &limits, one.json, &json, NULL) == AN_OK);
        require(hl7_convert(&arena, &settings, &m, &two, NULL) == AN_OK);
        require(an_str_eq(one.json, two.json));
    }
    an_arena_free(&arena);
    return 0;
}
