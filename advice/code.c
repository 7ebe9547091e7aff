/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/code.h"

static const struct an_str short_name[] = {
#define X(name, text) AN_STR_INIT(text),
    ADV_SYSTEMS(X)
#undef X
};

enum adv_system adv_system_of(struct an_str uri)
{
    static const struct {
        struct an_str uri;
        enum adv_system system;
    } known[] = {
        {AN_STR_INIT("http://snomed.info/sct"), ADV_SYSTEM_SNOMED},
        {AN_STR_INIT("http://loinc.org"), ADV_SYSTEM_LOINC},
        {AN_STR_INIT("http://hl7.org/fhir/sid/icd-10-cm"), ADV_SYSTEM_ICD10},
        {AN_STR_INIT("http://hl7.org/fhir/sid/icd-10"), ADV_SYSTEM_ICD10},
        {AN_STR_INIT("http://www.nlm.nih.gov/research/umls/rxnorm"),
         ADV_SYSTEM_RXNORM},
        {AN_STR_INIT("http://hl7.org/fhir/sid/cvx"), ADV_SYSTEM_CVX},
        {AN_STR_INIT("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
         ADV_SYSTEM_CLASS},
        {AN_STR_INIT("http://terminology.hl7.org/CodeSystem/v2-0004"),
         ADV_SYSTEM_CLASS},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(uri, known[i].uri))
            return known[i].system;
    for (unsigned i = ADV_SYSTEM_OTHER + 1; i < ADV_N_SYSTEMS; i++)
        if (an_str_eq(uri, short_name[i]))
            return (enum adv_system)i;
    return ADV_SYSTEM_OTHER;
}

struct an_str adv_system_name(enum adv_system system)
{
    return system < ADV_N_SYSTEMS ? short_name[system] : short_name[0];
}

struct an_str adv_code_plain(enum adv_system system, struct an_str code,
                             char buf[ADV_CODE_BYTES])
{
    struct an_str plain = {buf, 0};

    if (system != ADV_SYSTEM_ICD10)
        return code;
    for (size_t i = 0; i < code.n && plain.n < ADV_CODE_BYTES; i++) {
        char c = code.p[i];

        if (c == '.')
            continue;
        buf[plain.n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return plain;
}

bool adv_code_matches(const struct adv_code_rule *rule,
                      const struct ctx_code *code)
{
    enum adv_system system = adv_system_of(code->system);
    char buf[ADV_CODE_BYTES];
    struct an_str plain;

    if (system != rule->system)
        return false;
    if (system == ADV_SYSTEM_OTHER && !an_str_eq(rule->uri, code->system))
        return false;
    plain = adv_code_plain(system, code->code, buf);
    if (plain.n == 0)
        return false;
    return rule->prefix ? an_str_starts(plain, rule->code)
                        : an_str_eq(plain, rule->code);
}

bool adv_event_matches(const struct adv_code_rule *rule, size_t n_rules,
                       const struct ctx_event *e)
{
    for (size_t i = 0; i < n_rules; i++) {
        if (adv_code_matches(&rule[i], &e->concept))
            return true;
        for (size_t k = 0; k < e->n_aliases; k++)
            if (adv_code_matches(&rule[i], &e->alias[k]))
                return true;
    }
    return false;
}
