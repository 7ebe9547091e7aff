/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write resources share: one transaction under way.
 *
 *   write_plan.c        which suggestions, which devices, in which order
 *   write_bundle.c      their entries
 *   write_risk.c, write_impression.c, write_score.c, write_document.c,
 *   write_composition.c, write_issue.c, write_flag.c, write_proposal.c,
 *   write_task.c, write_guidance.c, write_audit.c, write_card.c,
 *   write_device.c, write_provenance.c
 *                       one resource each, elements in R4's order
 *   write_common.c      what several of them hold
 *   write_text.c        strings, codes, narratives
 *   write_id.c          names
 *
 * Thread-safety: confined. */
#ifndef FHIR_WRITE_INT_H
#define FHIR_WRITE_INT_H

#include "base/json_out.h"
#include "fhir/write.h"

/* Said in every note where the site says nothing else. */
#define FHIR_DISCLAIMER "Made by an AI and not reviewed by a clinician."
#define FHIR_DEMONSTRATION                                                     \
    "From a demonstration: not for the care of any patient."

/* A Device of this transaction; without a model it is this program. */
struct fhir_device {
    const struct ctx_model_id *model;
    struct an_uuid id;
};

/* One suggestion on its way out. */
struct fhir_item {
    const struct ctx_suggestion *s;
    struct an_uuid id, provenance;
    const struct fhir_device *by; /* whose words they are */
    const char *type;             /* of the resource that it becomes */
};

/* What one transaction holds. */
struct fhir_plan {
    struct fhir_device *device; /* the program first */
    struct fhir_item *item;     /* those that are said, then those that wait */
    size_t n_devices, n_items, n_waiting;
    const struct fhir_guidance *guidance; /* when it is asked for */
};

struct fhir_writer {
    struct an_arena *arena;
    struct an_json_out out;
    const struct fhir_write_settings *s;
    const struct fhir_who *who;
    int64_t now_us;
    const struct fhir_device *program;
    bool test;                      /* all of it is from a demonstration */
    struct fhir_resource *resource; /* written so far; room for all */
    size_t n_resources;
    size_t began;      /* where the text of the one under way begins */
    enum an_code code; /* AN_OK until something could not be said */
    const char *what;
};

/* The first failure is kept. */
void fhir_writer_fail(struct fhir_writer *w, enum an_code code,
                      const char *what);

/* ---- strings (write_text.c) ----------------------------------------------- */

enum { FHIR_MAX_PARTS = 12 };

/* The parts one after the other in the arena; "" when it has no more. */
struct an_str fhir_joined(struct fhir_writer *w, const struct an_str *part,
                          size_t n);
#define FHIR_TEXT(w, ...)                                                      \
    fhir_joined(w, (const struct an_str[]){__VA_ARGS__},                       \
                sizeof((const struct an_str[]){__VA_ARGS__}) /                 \
                    sizeof(struct an_str))

/* The same text as FHIR allows it: no control characters but line ends and
 * tabs, no blanks at its ends. */
struct an_str fhir_clean(struct an_arena *arena, struct an_str text,
                         enum an_code *code);

/* A member of that name, cleaned; nothing when nothing is left. */
void fhir_put(struct fhir_writer *w, const char *key, struct an_str text);
void fhir_put_time(struct fhir_writer *w, const char *key, struct an_time t);
void fhir_put_instant(struct fhir_writer *w, const char *key, int64_t us);
/* A literal of ours. */
void fhir_put_c(struct fhir_writer *w, const char *key, const char *text);

/* {"system": , "code": , "display": } as a value. */
void fhir_put_coding(struct fhir_writer *w, struct an_str system,
                     struct an_str code, struct an_str display);
/* A CodeableConcept as a member: the coding when its system is a URI, the text
 * when there is one. */
void fhir_put_concept(struct fhir_writer *w, const char *key,
                      const struct ctx_code *code, struct an_str text);
/* The same of a name space of ours: own + kind. */
void fhir_put_own_concept(struct fhir_writer *w, const char *key,
                          const char *kind, struct an_str code,
                          struct an_str text);

void fhir_put_own_value(struct fhir_writer *w, const char *kind,
                        struct an_str code, struct an_str text);

/* Name of a member that is an array of one: to be ended by two ends. */
void fhir_open_list(struct fhir_writer *w, const char *key);
void fhir_close_list(struct fhir_writer *w);

/* text: generated, in `language`: title, statement line by line, evidence. */
void fhir_put_narrative(struct fhir_writer *w, struct an_str language,
                        struct an_str title, struct an_str statement,
                        const struct ctx_suggestion *evidence);

/* Bytes outside RFC 3986's unreserved, ":" and "/" as %XX; "|", "," "$" and
 * "\" behind a "\" first, as in a search (FHIR R4 3.1.1.4.0). */
struct an_str fhir_search_value(struct fhir_writer *w, struct an_str value);

/* ---- what several resources hold (write_common.c) -------------------------- */

/* {entry: fullUrl, resource: resourceType, id ...: to be filled, and closed by
 * fhir_close_entry. */
void fhir_open_entry(struct fhir_writer *w, const char *type,
                     const struct an_uuid *id);
void fhir_close_entry(struct fhir_writer *w, const char *type,
                      const struct an_uuid *id);

/* meta: AIAST, and HTEST when it is a demonstration.  `model` may be NULL. */
void fhir_put_meta(struct fhir_writer *w, const struct ctx_model_id *model);
void fhir_put_aiast(struct fhir_writer *w);
/* The id as a URN, which survives a server that changes ids: an Identifier as
 * a value; the member identifier, a list of one. */
void fhir_put_urn(struct fhir_writer *w, const struct an_uuid *id);
void fhir_put_identifier(struct fhir_writer *w, const struct an_uuid *id);
void fhir_put_subject(struct fhir_writer *w);
/* The patient under another name. */
void fhir_put_patient(struct fhir_writer *w, const char *key);
/* A Reference as a member, or as an array of one, by the identifier that
 * fhir_put_identifier gives: to what may not be there yet. */
void fhir_put_logical(struct fhir_writer *w, const char *key, const char *type,
                      const struct an_uuid *id);
void fhir_put_logical_value(struct fhir_writer *w, const char *type,
                            const struct an_uuid *id);
/* Nothing when the receiver has no name for it. */
void fhir_put_encounter(struct fhir_writer *w);
void fhir_put_encounter_list(struct fhir_writer *w);
/* An entry of this Bundle: Type/id, or urn:uuid:id where no server is named. */
struct an_str fhir_address(struct fhir_writer *w, const char *type,
                           const struct an_uuid *id);
/* {"reference": an entry of this Bundle} as a value, and as a member. */
void fhir_put_reference_value(struct fhir_writer *w, const char *type,
                              const struct an_uuid *id);
void fhir_put_reference(struct fhir_writer *w, const char *key,
                        const char *type, const struct an_uuid *id);
/* The disclaimer, and where the knowledge comes from. */
void fhir_put_notes(struct fhir_writer *w, const struct fhir_item *item);
/* That nobody looked at it. */
struct an_str fhir_disclaimer(const struct fhir_writer *w);
/* Codes of ours and of others as a CodeableConcept or a list of one. */
void fhir_put_code(struct fhir_writer *w, const char *key, const char *system,
                   const char *code);
void fhir_put_codes(struct fhir_writer *w, const char *key, const char *system,
                    const char *code);

/* ---- AI Transparency on FHIR (write_ai.c) ---------------------------------- */

#define FHIR_AI "http://hl7.org/fhir/uv/aitransparency/"

/* {"url": } of an extension, to be filled with its value and closed. */
void fhir_open_extension(struct fhir_writer *w, const char *url);
/* extension: what kind of an AI the device is, and where its card is. */
void fhir_put_ai_kind(struct fhir_writer *w, const struct fhir_device *device);
/* extension: an interval in per cent. */
void fhir_put_confidence(struct fhir_writer *w, double low, double high);
/* Range of per cent as a member. */
void fhir_put_percents(struct fhir_writer *w, const char *key, double low,
                       double high);

/* The i-th evidence names no place that one before it named. */
bool fhir_evidence_is_new(const struct ctx_suggestion *s, size_t i);
/* A Reference to where an event stood: a resource of the receiver by its id,
 * anything else by message and place.  `type` may be NULL.  fhir_put_trace
 * names the message and the place of either. */
void fhir_put_source(struct fhir_writer *w, const struct ctx_event *e,
                     const char *type);
void fhir_put_trace(struct fhir_writer *w, const struct ctx_event *e);
/* Each place of the evidence once, as an array of fhir_put_source. */
void fhir_put_sources(struct fhir_writer *w, const char *key,
                      const struct ctx_suggestion *s);

/* ---- what may leave (write_plan.c) ------------------------------------------ */

bool fhir_asks(const struct fhir_write_settings *s, enum fhir_resources what);
/* AN_OK with nothing in it when nothing is to be said. */
enum an_code fhir_plan_make(struct fhir_writer *w,
                            const struct fhir_saying *what,
                            struct fhir_plan *out, struct an_err *err)
    __attribute__((warn_unused_result));

bool fhir_leaves(const struct ctx_suggestion *s, bool released);
/* AN_MISSING or AN_UNSUPPORTED when it must not be said. */
enum an_code fhir_check_suggestion(const struct ctx_suggestion *s,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- resources ------------------------------------------------------------- */

/* Name and version; of this program without a model. */
struct an_str fhir_device_name(struct fhir_writer *w,
                               const struct ctx_model_id *model);
void fhir_put_device(struct fhir_writer *w, const struct fhir_device *device);
void fhir_put_risk(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_score(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_document(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_impression(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_issue(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_composition(struct fhir_writer *w, const struct fhir_item *item);
/* The first rule that a risk meets, and a proposal for each. */
void fhir_put_flag(struct fhir_writer *w, const struct fhir_item *item);
void fhir_put_proposals(struct fhir_writer *w, const struct fhir_item *item);
/* Of a text for the patient, which waits or was released. */
void fhir_put_task(struct fhir_writer *w, const struct fhir_item *item,
                   bool released);
void fhir_put_communication(struct fhir_writer *w, const struct fhir_item *item,
                            bool released);
void fhir_put_guidance(struct fhir_writer *w, const struct fhir_plan *plan);
void fhir_put_audit(struct fhir_writer *w, const struct fhir_plan *plan);
/* Whether there is one for that device, and it. */
bool fhir_has_card(const struct fhir_writer *w,
                   const struct fhir_device *device);
void fhir_put_card(struct fhir_writer *w, const struct fhir_device *device);
/* Attachment with these bytes, a hash and a size. */
void fhir_put_attachment(struct fhir_writer *w, const char *type,
                         struct an_str language, struct an_str bytes,
                         struct an_str title, const struct an_time *creation);
/* Its targets are the resources from the `first` of the transaction on. */
void fhir_put_provenance(struct fhir_writer *w, const struct fhir_item *item,
                         size_t first);

/* The id of a Device: over "device|tenant|name|version|digest", joined as in
 * fhir_suggestion_id. */
enum an_code fhir_device_id(struct an_arena *arena,
                            const struct fhir_write_settings *s,
                            const struct ctx_model_id *model,
                            struct an_uuid *id, struct an_err *err)
    __attribute__((warn_unused_result));

/* The id of what stands beside a resource: over "part|" and its id as text.  A
 * failure is the writer's. */
struct an_uuid fhir_part_id(struct fhir_writer *w, const char *part,
                            const struct an_uuid *of);

/* UUID version 5 of the parts, joined. */
enum an_code fhir_name(struct an_arena *arena, const struct an_str *part,
                       size_t n, struct an_uuid *id, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
