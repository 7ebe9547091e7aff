/* SPDX-License-Identifier: Apache-2.0 */
/* Elements in, XML 1.0 text out: no attributes but those of the root, every
 * text escaped.
 *
 *     struct tr_xml x;
 *     tr_xml_begin(&x, arena, "Card", "urn:example", limit_bytes);
 *     tr_xml_open(&x, "Info");
 *     tr_xml_leaf(&x, "Name", AN_STR("a < b"));
 *     tr_xml_close(&x);
 *     return tr_xml_done(&x, &bytes, err);
 *
 * A failed call marks the writer, and tr_xml_done says so: AN_LIMIT over the
 * bytes or TR_XML_DEPTH, AN_INTERNAL when more is closed than opened.
 *
 * Names are literals of ours.  Texts are UTF-8; what XML cannot say (control
 * characters, U+FFFE, U+FFFF, bytes that are no UTF-8) becomes U+FFFD.
 *
 * Thread-safety: confined.  Ownership: the arena. */
#ifndef TRAINER_PACKAGE_XML_H
#define TRAINER_PACKAGE_XML_H

#include "base/buf.h"

enum { TR_XML_DEPTH = 16 };

struct tr_xml {
    struct an_buf buf;
    const char *open[TR_XML_DEPTH];
    unsigned depth;
    enum an_code code; /* AN_OK until a call failed */
};

void tr_xml_begin(struct tr_xml *x, struct an_arena *arena, const char *root,
                  const char *name_space, size_t limit_bytes);
void tr_xml_open(struct tr_xml *x, const char *name);
void tr_xml_leaf(struct tr_xml *x, const char *name, struct an_str text);
void tr_xml_close(struct tr_xml *x);
/* Closes what is open. */
enum an_code tr_xml_done(struct tr_xml *x, struct an_str *bytes,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
