/* SPDX-License-Identifier: Apache-2.0 */
/* Device: one version of a model, or this program.  Another version is another
 * Device, so that a recall finds what the bad one said (Provenance?agent=).
 * No UDI: neither is a registered medical device. */
#include "fhir/write_int.h"

struct an_str fhir_device_name(struct fhir_writer *w,
                               const struct ctx_model_id *model)
{
    return FHIR_TEXT(w, model ? model->name : w->s->software, AN_STR(" "),
                     model ? model->version : w->s->software_version);
}

void fhir_put_device(struct fhir_writer *w, const struct fhir_device *device)
{
    const struct ctx_model_id *model = device->model;
    struct an_str name = model ? model->name : w->s->software;
    struct an_str version = model ? model->version : w->s->software_version;
    struct an_str what = AN_STR("");

    if (model && model->demonstrator)
        what = AN_STR("Demonstration model, trained on invented patients: "
                      "not for care.");
    fhir_open_entry(w, "Device", &device->id);
    fhir_put_c(w, "language", "en");
    fhir_put_narrative(w, AN_STR("en"), fhir_device_name(w, model), what, NULL);
    fhir_put_ai_kind(w, device);
    if (model && model->digest.n) {
        fhir_open_list(w, "identifier");
        an_out_key_str(&w->out, "system",
                       FHIR_TEXT(w, w->s->own, AN_STR("/model")));
        fhir_put(w, "value", FHIR_TEXT(w, AN_STR("sha256:"), model->digest));
        fhir_close_list(w);
    }
    fhir_put_c(w, "status", "active");
    fhir_open_list(w, "deviceName");
    fhir_put(w, "name", name);
    fhir_put_c(w, "type", "model-name");
    fhir_close_list(w);
    fhir_put_code(w, "type", FHIR_AI "CodeSystem/AIdeviceTypeCS",
                  "Artificial-Intelligence");
    if (version.n) {
        fhir_open_list(w, "version");
        fhir_put(w, "value", version);
        fhir_close_list(w);
    }
    if (what.n) {
        fhir_open_list(w, "note");
        fhir_put(w, "text", what);
        fhir_close_list(w);
    }
    fhir_close_entry(w, "Device", &device->id);
}
