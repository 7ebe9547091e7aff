/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/convert.h"

#include "hl7/read.h"

bool pl_bundle_of(struct an_str name, enum hl7_bundle *bundle)
{
    static const char *const names[] = {
        [HL7_BUNDLE_MESSAGE] = "message",
        [HL7_BUNDLE_TRANSACTION] = "transaction",
        [HL7_BUNDLE_COLLECTION] = "collection",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (an_str_eq(name, an_str_c(names[i]))) {
            *bundle = (enum hl7_bundle)i;
            return true;
        }
    }
    return false;
}

enum an_code pl_convert(struct an_arena *arena,
                        const struct pl_settings *settings, struct an_str bytes,
                        enum hl7_bundle bundle, struct an_str *json,
                        struct an_err *err)
{
    const struct hl7_convert_settings how = {.zone = settings->hl7.zone,
                                             .bundle = bundle};
    struct hl7_converted made;
    struct hl7_message m;
    enum an_code code = hl7_read(arena, bytes, settings->charset,
                                 &settings->hl7_limits, &m, err);

    if (code == AN_OK)
        code = hl7_convert(arena, &how, &m, &made, err);
    if (code == AN_OK)
        *json = made.json;
    return code;
}
