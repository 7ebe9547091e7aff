/* SPDX-License-Identifier: Apache-2.0 */
/* How confidential what was said is: the labels of an event.
 *
 *     labels |= ctx_label_code(AN_STR("http://.../v3-ActCode"), AN_STR("ETH"));
 *     if (!ctx_label_allows(permitted, ctx_label_needs(labels)))
 *         leave_it_out();
 *
 * RESTRICTED alone says no more than that; with a category the category says
 * why.  VERY_RESTRICTED is for nobody here.  VIP is about the patient and takes
 * no event away (plugin/trust/discreet.h).  STATED: this version of the fact
 * says how confidential it is, be it "not at all"; one without it leaves what
 * an earlier version said in force (context/timeline.h).
 *
 * Thread-safety: immutable. */
#ifndef CONTEXT_LABEL_H
#define CONTEXT_LABEL_H

#include "base/str.h"

/* The places are stored: append, never reorder.  Names are those of tables and
 * of the option `sensitive`. */
#define CTX_LABELS(X)                                                          \
    X(STATED, "stated")                                                        \
    X(RESTRICTED, "restricted")                                                \
    X(VERY_RESTRICTED, "very-restricted")                                      \
    X(SUBSTANCE, "substance-use")                                              \
    X(PSYCHIATRY, "psychiatry")                                                \
    X(HIV, "hiv")                                                              \
    X(SEXUAL, "sexual-health")                                                 \
    X(ADOLESCENT, "adolescent")                                                \
    X(GENETIC, "genetic")                                                      \
    X(VIP, "vip")

enum ctx_label_place {
#define X(name, text) CTX_LABEL_AT_##name,
    CTX_LABELS(X)
#undef X
        CTX_N_LABELS
};

enum ctx_label {
#define X(name, text) CTX_LABEL_##name = 1 << CTX_LABEL_AT_##name,
    CTX_LABELS(X)
#undef X
        CTX_LABEL_ALL = (1 << CTX_N_LABELS) - 1,
    CTX_LABEL_CATEGORIES = CTX_LABEL_SUBSTANCE | CTX_LABEL_PSYCHIATRY |
                           CTX_LABEL_HIV | CTX_LABEL_SEXUAL |
                           CTX_LABEL_ADOLESCENT | CTX_LABEL_GENETIC,
    CTX_LABEL_CLOSED =
        CTX_LABEL_RESTRICTED | CTX_LABEL_VERY_RESTRICTED | CTX_LABEL_CATEGORIES
};

/* "psychiatry"; "unknown" for a place beyond the list. */
const char *ctx_label_text(unsigned place);
/* The label of that name; 0 when there is none. */
unsigned ctx_label_named(struct an_str name);
/* What config/tables/labels.tsv says of a security label; 0: nothing. */
unsigned ctx_label_code(struct an_str system, struct an_str code);

/* What must be permitted to whoever sees something of these labels: each
 * category, or RESTRICTED where none says why. */
unsigned ctx_label_needs(unsigned labels);
bool ctx_label_allows(unsigned permitted, unsigned needs);

#endif
