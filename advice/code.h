/* SPDX-License-Identifier: Apache-2.0 */
/* Does a coded thing belong to a set of codes that a person wrote down?
 *
 * A rule names a code system by its short name ("snomed", "icd10", "loinc",
 * "rxnorm", "cvx", "class") or by its URI, and one code or the beginning of
 * codes.  "icd10" is ICD-10-CM and the WHO's ICD-10; their codes match with or
 * without the dot.  "class" is an encounter's class, by HL7 v3 ActCode or
 * table 0004.
 *
 * Thread-safety: immutable.  Ownership: rules own nothing. */
#ifndef ADVICE_CODE_H
#define ADVICE_CODE_H

#include "context/event.h"

/*        name, short name */
#define ADV_SYSTEMS(X)                                                         \
    X(OTHER, "")                                                               \
    X(SNOMED, "snomed")                                                        \
    X(ICD10, "icd10")                                                          \
    X(LOINC, "loinc")                                                          \
    X(RXNORM, "rxnorm")                                                        \
    X(CVX, "cvx")                                                              \
    X(CLASS, "class")

enum adv_system {
#define X(name, text) ADV_SYSTEM_##name,
    ADV_SYSTEMS(X)
#undef X
        ADV_N_SYSTEMS
};

struct adv_code_rule {
    uint8_t system;    /* enum adv_system */
    bool prefix;       /* `code` begins the codes that match */
    struct an_str uri; /* for ADV_SYSTEM_OTHER */
    struct an_str code;
    struct an_str text; /* for people only */
};

/* Enough for any code of the systems above; longer ones are cut. */
enum { ADV_CODE_BYTES = 32 };

/* The system that a URI or a short name means; OTHER when it is none of them
 * (then the URI itself is what counts). */
enum adv_system adv_system_of(struct an_str uri);
/* "" for OTHER. */
struct an_str adv_system_name(enum adv_system system);

/* The code as rules are compared with it: an ICD-10 code loses its dot and is
 * upper case.  `buf` is used where the bytes change. */
struct an_str adv_code_plain(enum adv_system system, struct an_str code,
                             char buf[ADV_CODE_BYTES]);

/* `rule.code` must be plain. */
bool adv_code_matches(const struct adv_code_rule *rule,
                      const struct ctx_code *code);
/* Any of the rules, for the event's concept or one of its aliases. */
bool adv_event_matches(const struct adv_code_rule *rule, size_t n_rules,
                       const struct ctx_event *e);

#endif
