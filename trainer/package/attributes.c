/* SPDX-License-Identifier: Apache-2.0 */
/* The 31 source attributes as one table, which drives the card and the JSON. */
#include "trainer/package/card_int.h"

enum { JSON_BYTES = 4 << 20 };

#define NONE TR_N_CARD_KEYS

#define SAID(key) TR_SAID_##key

/*  name, category, what is known without anybody, what people say */
const struct tr_attribute tr_attribute[TR_N_ATTRIBUTES] = {
    {"Developer, and how to reach them",
     TR_ATTRIBUTE_DETAILS,
     NULL,
     {SAID(developer), SAID(contact)}},
    {"Funding of the technical implementation",
     TR_ATTRIBUTE_DETAILS,
     NULL,
     {SAID(funding), NONE}},
    {"Value that is produced as output",
     TR_ATTRIBUTE_DETAILS,
     tr_fact_output,
     {NONE, NONE}},
    {"Type of output", TR_ATTRIBUTE_DETAILS, tr_fact_output_type, {NONE, NONE}},
    {"Intended use", TR_ATTRIBUTE_PURPOSE, NULL, {SAID(intended_use), NONE}},
    {"Intended patients", TR_ATTRIBUTE_PURPOSE, NULL, {SAID(patients), NONE}},
    {"Intended users", TR_ATTRIBUTE_PURPOSE, NULL, {SAID(users), NONE}},
    {"Intended role in decisions (informs, augments, replaces)",
     TR_ATTRIBUTE_PURPOSE,
     NULL,
     {SAID(role), NONE}},
    {"Tasks, situations and populations cautioned against",
     TR_ATTRIBUTE_CAUTION,
     tr_fact_misuse,
     {SAID(out_of_scope), NONE}},
    {"Known risks, inappropriate settings and uses, limitations",
     TR_ATTRIBUTE_CAUTION,
     tr_fact_limits,
     {SAID(risks), NONE}},
    {"Inclusion and exclusion criteria of the training data",
     TR_ATTRIBUTE_DEVELOPMENT,
     tr_fact_data,
     {SAID(data_criteria), NONE}},
    {"Use as inputs of race, ethnicity, language, sexual orientation, gender "
     "identity, sex, date of birth, social determinants, health status",
     TR_ATTRIBUTE_DEVELOPMENT,
     tr_fact_inputs,
     {NONE, NONE}},
    {"Demographic representativeness of the training data",
     TR_ATTRIBUTE_DEVELOPMENT,
     tr_fact_people,
     {NONE, NONE}},
    {"Relevance of the training data to where it is used",
     TR_ATTRIBUTE_DEVELOPMENT,
     NULL,
     {SAID(relevance), NONE}},
    {"Approach to fair output",
     TR_ATTRIBUTE_FAIRNESS,
     NULL,
     {SAID(fairness_approach), NONE}},
    {"Approaches to manage, reduce or eliminate bias",
     TR_ATTRIBUTE_FAIRNESS,
     NULL,
     {SAID(bias_mitigation), NONE}},
    {"External validation: data source and setting",
     TR_ATTRIBUTE_EXTERNAL,
     NULL,
     {SAID(external_source), NONE}},
    {"External validation: who tested",
     TR_ATTRIBUTE_EXTERNAL,
     NULL,
     {SAID(external_party), NONE}},
    {"External validation: demographic representativeness",
     TR_ATTRIBUTE_EXTERNAL,
     NULL,
     {SAID(external_people), NONE}},
    {"External validation: process",
     TR_ATTRIBUTE_EXTERNAL,
     NULL,
     {SAID(external_process), NONE}},
    {"Validity on test data of the same source",
     TR_ATTRIBUTE_PERFORMANCE,
     tr_fact_validity,
     {NONE, NONE}},
    {"Fairness on test data of the same source",
     TR_ATTRIBUTE_PERFORMANCE,
     tr_fact_fairness,
     {NONE, NONE}},
    {"Validity on external data",
     TR_ATTRIBUTE_PERFORMANCE,
     NULL,
     {SAID(external_validity), NONE}},
    {"Fairness on external data",
     TR_ATTRIBUTE_PERFORMANCE,
     NULL,
     {SAID(external_fairness), NONE}},
    {"References to evaluations of its use on outcomes",
     TR_ATTRIBUTE_PERFORMANCE,
     NULL,
     {SAID(references), NONE}},
    {"Process and frequency of monitoring validity",
     TR_ATTRIBUTE_MAINTENANCE,
     NULL,
     {SAID(monitoring), NONE}},
    {"Validity in local data",
     TR_ATTRIBUTE_MAINTENANCE,
     tr_fact_local_validity,
     {NONE, NONE}},
    {"Process and frequency of monitoring fairness",
     TR_ATTRIBUTE_MAINTENANCE,
     NULL,
     {SAID(fairness_monitoring), NONE}},
    {"Fairness in local data",
     TR_ATTRIBUTE_MAINTENANCE,
     tr_fact_local_fairness,
     {NONE, NONE}},
    {"Process and frequency of updates",
     TR_ATTRIBUTE_UPDATES,
     NULL,
     {SAID(updates), NONE}},
    {"Frequency of correcting performance that was found wanting",
     TR_ATTRIBUTE_UPDATES,
     NULL,
     {SAID(corrections), NONE}},
};

static const char *const category_text[TR_N_ATTRIBUTE_CATEGORIES] = {
#define X(name, text) text,
    TR_ATTRIBUTE_CATEGORIES(X)
#undef X
};

const char *tr_attribute_category_text(enum tr_attribute_category c)
{
    return category_text[c];
}

static enum an_code find_value(const struct tr_card *card,
                               const struct tr_attribute *a,
                               struct tr_attribute_value *v, struct an_err *err)
{
    struct an_buf b;
    enum an_code code;

    *v = (struct tr_attribute_value){.from = 0};
    an_buf_init(&b, card->arena, TR_CARD_BYTES);
    if (a->put)
        v->from = a->put(card, &b);
    for (int i = 0; i < 2 && a->said[i] != TR_N_CARD_KEYS; i++) {
        const struct an_str said = tr_card_said(card, a->said[i]);

        if (said.n == 0)
            continue;
        an_buf_put_c(&b, v->from ? "\n\n" : "");
        an_buf_put(&b, said);
        v->from |= TR_FROM_CONFIGURED;
    }
    code = an_buf_done(&b, &v->value, err);
    v->value = an_str_trim(v->value);
    return code;
}

enum an_code tr_card_make(struct tr_card *card, struct an_arena *arena,
                          const struct tr_data *d,
                          const struct tr_fitted *fitted,
                          const struct tr_judgement *j,
                          const struct tr_package_how *how,
                          const struct rt_support *support, struct an_err *err)
{
    enum an_code code = AN_OK;

    *card = (struct tr_card){.arena = arena,
                             .d = d,
                             .fitted = fitted,
                             .j = j,
                             .how = how,
                             .support = support};
    if (how->report.n)
        code = an_json_read(arena, &(struct an_json_limits){0}, how->report,
                            &card->report, err);
    if (code == AN_OK)
        code = tr_groups_find(arena, d, j, &card->groups, err);
    for (int i = 0; i < TR_N_ATTRIBUTES && code == AN_OK; i++)
        code = find_value(card, &tr_attribute[i], &card->value[i], err);
    return code;
}

static void put_from(struct an_json_out *w, unsigned from)
{
    an_out_key(w, "from");
    an_out_array(w);
    if (from & TR_FROM_MEASURED)
        an_out_str(w, AN_STR("measured"));
    if (from & TR_FROM_CONFIGURED)
        an_out_str(w, AN_STR("configured"));
    if (from & TR_FROM_FIXED)
        an_out_str(w, AN_STR("fixed"));
    an_out_end(w);
}

enum an_code tr_card_attributes(const struct tr_card *card, struct an_str *json,
                                struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, card->arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "rule", AN_STR("45 CFR 170.315(b)(11)(iv)(B)"));
    an_out_key(&w, "model");
    an_out_object(&w);
    an_out_key_str(&w, "name", card->how->name);
    an_out_key_str(&w, "version", card->how->version);
    an_out_key(&w, "demonstrator");
    an_out_bool(&w, card->how->demonstrator);
    an_out_end(&w);
    an_out_key(&w, "attributes");
    an_out_array(&w);
    for (int i = 0; i < TR_N_ATTRIBUTES; i++) {
        const struct tr_attribute_value *v = &card->value[i];

        an_out_object(&w);
        an_out_key(&w, "number");
        an_out_i64(&w, i + 1);
        an_out_key_str(&w, "name", an_str_c(tr_attribute[i].name));
        an_out_key_str(&w, "category",
                       an_str_c(category_text[tr_attribute[i].category]));
        an_out_key_str(&w, "status",
                       v->from ? AN_STR("provided") : AN_STR("not-available"));
        put_from(&w, v->from);
        an_out_key_str(&w, "value", v->from ? v->value : AN_STR(""));
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}
