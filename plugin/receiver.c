/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/receiver.h"

/* ---- resources ---------------------------------------------------------------- */

static unsigned bits_of(const struct cfg_texts *names)
{
    static const char *const name[FHIR_N_RES] = {
#define X(res, text) text,
        FHIR_RESOURCES(X)
#undef X
    };
    unsigned bits = 0;

    for (size_t i = 0; i < names->n; i++)
        for (unsigned res = 0; res < FHIR_N_RES; res++)
            if (an_str_eq(names->item[i], an_str_c(name[res])))
                bits |= 1U << res;
    return bits;
}

/* The list was checked when it was read. */
static enum an_code rules_of(struct an_arena *arena,
                             const struct cfg_texts *list,
                             const struct fhir_rule **out, size_t *n,
                             struct an_err *err)
{
    struct fhir_rule *rule = an_arena_get(arena, list->n, sizeof(*rule));
    struct cfg_rule said;

    *n = 0;
    if (rule == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < list->n; i++)
        if (cfg_value_rule(list->item[i], &said))
            rule[(*n)++] = (struct fhir_rule){
                said.outcome, said.p, {said.system, said.code, said.words}};
    *out = rule;
    return AN_OK;
}

enum an_code pl_receiver_make(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct fhir_write_settings *out,
                              struct an_err *err)
{
    enum an_code rc =
        rules_of(arena, &options->outbox_flags, &out->flag, &out->n_flags, err);

    if (rc == AN_OK)
        rc = rules_of(arena, &options->outbox_proposals, &out->proposal,
                      &out->n_proposals, err);
    out->resources = bits_of(&options->outbox_resources);
    out->no_extensions = !options->outbox_ai_transparency;
    if (options->languages.n)
        out->source_language = options->languages.item[0];
    return rc;
}

/* ---- what scores take ----------------------------------------------------------- */

#define BIRTH                                                                  \
    {                                                                          \
        "Patient", "birthDate",                                                \
        {                                                                      \
            {NULL, 0}, {NULL, 0},                                              \
            {                                                                  \
                NULL, 0                                                        \
            }                                                                  \
        }                                                                      \
    }
#define SEX                                                                    \
    {                                                                          \
        "Patient", "gender",                                                   \
        {                                                                      \
            {NULL, 0}, {NULL, 0},                                              \
            {                                                                  \
                NULL, 0                                                        \
            }                                                                  \
        }                                                                      \
    }

static const struct fhir_need of_egfr[] = {
    BIRTH,
    SEX,
    {"Observation",
     NULL,
     {AN_STR_INIT("http://loinc.org"), AN_STR_INIT("2160-0"),
      AN_STR_INIT("Creatinine [Mass/volume] in Serum or Plasma")}},
};
static const struct fhir_need of_cha2ds2_vasc[] = {BIRTH, SEX};

const struct fhir_need *pl_receiver_needs(struct an_str score, size_t *n)
{
    *n = 0;
    if (an_str_eq(score, AN_STR("egfr-ckd-epi-2021"))) {
        *n = sizeof(of_egfr) / sizeof(of_egfr[0]);
        return of_egfr;
    }
    if (an_str_eq(score, AN_STR("cha2ds2-vasc"))) {
        *n = sizeof(of_cha2ds2_vasc) / sizeof(of_cha2ds2_vasc[0]);
        return of_cha2ds2_vasc;
    }
    return NULL;
}
