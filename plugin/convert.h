/* SPDX-License-Identifier: Apache-2.0 */
/* An HL7v2 message as a FHIR Bundle, with the site's zone and character set:
 * hl7/convert.h for the program and its listener.  Stores nothing.
 *
 * Thread-safety: confined to the arena; settings immutable. */
#ifndef PLUGIN_CONVERT_H
#define PLUGIN_CONVERT_H

#include "hl7/convert.h"
#include "plugin/pipeline.h"

/* "message", "transaction" or "collection"; false for anything else. */
bool pl_bundle_of(struct an_str name, enum hl7_bundle *bundle);

/* `bytes` is one message.  Fails as hl7_read and hl7_convert do. */
enum an_code pl_convert(struct an_arena *arena,
                        const struct pl_settings *settings, struct an_str bytes,
                        enum hl7_bundle bundle, struct an_str *json,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif
