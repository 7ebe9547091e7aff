/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/convert/tables_int.h"
#include "hl7/rules.h"

#include "config/tables/to-fhir/maps.inc"

_Static_assert((int)CV_N_SLOTS <= (int)CV_MAX_SLOTS, "slots fit a run");

const struct cv_step *const cv_steps = steps;
const struct cv_path *const cv_paths = paths;
const uint16_t *const cv_wants = wants;
const struct cv_test *const cv_tests = tests;
const struct cv_part *const cv_parts = parts;
const struct cv_row *const cv_rows = rows;
const struct cv_map *const cv_maps = maps;
const char *const *const cv_needs = needs;
const struct cv_link *const cv_links = links;
const struct an_str *const cv_triggers = triggers;
const struct cv_rule *const cv_rules = rules;
const struct cv_operand *const cv_places = places;
const struct cv_key *const cv_keys = keys;
const struct cv_slot *const cv_slots = slots;
const struct an_str *const cv_texts = texts;
const unsigned cv_n_slots = CV_N_SLOTS;

void cv_rules_of(unsigned segment, unsigned *first, unsigned *end)
{
    *first = rules_of[segment];
    *end = rules_of[segment + 1];
}

const struct cv_code *cv_code_find(unsigned vocabulary, struct an_str code)
{
    const struct cv_vocabulary *v = &vocabularies[vocabulary - 1];
    size_t low = v->first, high = low + v->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = an_str_cmp(codes[middle].code, code);

        if (order == 0)
            return &codes[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
