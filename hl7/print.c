/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/print.h"
#include "hl7/split_int.h"

#include <string.h>

static char *put(char *to, struct an_str s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

static char *put_segment(char *to, const struct hl7_message *m,
                         const struct hl7_segment *s)
{
    char delimiter[HL7_SEGMENT + 1];
    uint32_t at = s->at;
    enum hl7_level level = HL7_NOTHING;

    for (unsigned i = 0; i <= HL7_SEGMENT; i++)
        delimiter[i] = hl7_delims_at(&m->delims, (enum hl7_level)i);
    for (const uint32_t *leaf = s->leaf; level != HL7_SEGMENT; leaf++) {
        uint32_t end = hl7_word_end(*leaf);

        level = hl7_word_level(*leaf);
        to = put(to, (struct an_str){s->base + at, end - at});
        if (level != HL7_SEGMENT)
            *to++ = delimiter[level];
        at = end + 1;
    }
    return to;
}

enum an_code hl7_print_segment(const struct hl7_message *m, size_t segment,
                               struct an_arena *arena, struct an_str *bytes,
                               struct an_err *err)
{
    char *p;

    if (segment >= m->n_segments)
        return an_fail(err, AN_NOTFOUND, "no such segment", 0);
    p = an_arena_get(arena, m->segment[segment].n, 1);
    if (p == NULL)
        return an_fail_nomem(err);
    *bytes = (struct an_str){
        p, (size_t)(put_segment(p, m, &m->segment[segment]) - p)};
    return AN_OK;
}

enum an_code hl7_print(const struct hl7_message *m, struct an_arena *arena,
                       struct an_str *bytes, struct an_err *err)
{
    size_t n = m->prelude.n;
    char *p, *to;

    for (size_t i = 0; i < m->n_segments; i++)
        n += m->segment[i].n + m->segment[i].eol.n;
    p = an_arena_get(arena, n, 1);
    if (p == NULL)
        return an_fail_nomem(err);
    to = put(p, m->prelude);
    for (size_t i = 0; i < m->n_segments; i++) {
        to = put_segment(to, m, &m->segment[i]);
        to = put(to, m->segment[i].eol);
    }
    *bytes = (struct an_str){p, (size_t)(to - p)};
    return AN_OK;
}
