/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/outcome.h"

enum { LIMIT_BYTES = 1 << 20 };

static void issue(struct an_json_out *w, const char *severity,
                  const struct an_err *e)
{
    char text[512];
    struct an_str path = an_str_c(e->where.path);
    struct an_str what = an_str_c(e->what ? e->what : an_code_text(e->code));

    /* A place that is no FHIRPath is said in words. */
    if (path.n == 0 && (e->where.segment[0] || e->where.line || e->where.byte))
        what = (struct an_str){text, an_err_print(e, text, sizeof(text))};
    an_out_object(w);
    an_out_key_str(w, "severity", an_str_c(severity));
    an_out_key_str(w, "code", an_str_c(an_code_fhir(e->code)));
    an_out_key_str(w, "diagnostics", what);
    if (path.n) {
        an_out_key(w, "expression");
        an_out_array(w);
        an_out_str(w, path);
        an_out_end(w);
    }
    an_out_end(w);
}

enum an_code fhir_outcome(struct an_arena *arena, const struct an_err *error,
                          const struct an_err *warning, size_t n_warnings,
                          struct an_str *json, struct an_err *err)
{
    static const struct an_err fine = {.code = AN_OK, .what = "all is well"};
    struct an_json_out w;

    an_out_init(&w, arena, LIMIT_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("OperationOutcome"));
    an_out_key(&w, "issue");
    an_out_array(&w);
    if (error)
        issue(&w, "error", error);
    for (size_t i = 0; i < n_warnings; i++)
        issue(&w, "warning", &warning[i]);
    if (error == NULL && n_warnings == 0)
        issue(&w, "information", &fine);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}

void fhir_outcome_put_told(struct an_json_out *w, const char *told)
{
    an_out_object(w);
    an_out_key_str(w, "resourceType", AN_STR("OperationOutcome"));
    an_out_key(w, "issue");
    an_out_array(w);
    an_out_object(w);
    an_out_key_str(w, "severity", AN_STR("information"));
    an_out_key_str(w, "code", AN_STR("suppressed"));
    an_out_key_str(w, "diagnostics", an_str_c(told));
    an_out_end(w);
    an_out_end(w);
    an_out_end(w);
}

enum an_code fhir_outcome_told(struct an_arena *arena, const char *told,
                               struct an_str *json, struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, LIMIT_BYTES);
    fhir_outcome_put_told(&w, told);
    return an_out_done(&w, json, err);
}
