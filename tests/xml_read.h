/* SPDX-License-Identifier: Apache-2.0 */
/* A reader that knows elements without attributes but for the root's, texts and
 * the entities that trainer/package/xml.h writes. */
#ifndef TESTS_XML_READ_H
#define TESTS_XML_READ_H

#include "base/str.h"

/* Whether there is one root, and all is closed in order and escaped. */
bool xml_is_well_formed(struct an_str s);

/* Where the text is, from `at` on; all.n when it is not there. */
size_t xml_find(struct an_str all, const char *part, size_t at);

#endif
