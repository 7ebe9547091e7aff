/* SPDX-License-Identifier: Apache-2.0 */
/* What we say, as a FHIR R4 transaction for the hospital's server.
 *
 *     struct fhir_write_settings s = {.tenant = AN_STR("ward-7"),
 *                                     .own = AN_STR("https://h/anamnesis"),
 *                                     .software = AN_STR("Anamnesis"),
 *                                     .software_version = AN_STR("0.1")};
 *     struct fhir_written written;
 *     enum an_code c = fhir_write(arena, &s, &who, &what, &written, err);
 *     if (c == AN_OK && written.n_suggestions)
 *         post(written.json);
 *
 * A pure function: the same arguments give the same bytes.  Every entry is a
 * PUT to an id of ours, so sending it again changes nothing.
 *
 *   RISK          RiskAssessment, one prediction
 *   DIFFERENTIAL  RiskAssessment, a prediction for each line, in order of rank
 *                 (ClinicalImpression has neither "preliminary" nor a place for
 *                 a probability or for an author that is no human)
 *   SCORE         Observation with a quantity (a score is a value that was
 *                 computed; its inputs are derivedFrom)
 *   SUMMARY       DocumentReference, text/plain in its language
 *
 * Each with a Provenance that names every message it rests on, and with a
 * Device for the model version and for this program.  Each is labelled AIAST
 * (meta.security), scores too: their rules are run by a program, and
 * fhir/read.h must know its own words again.  All are preliminary; only a human
 * makes them more.
 *
 * Left out: a suggestion that abstains, one for a patient while `released` is
 * not set, and a comparison or a dosing note, which answer one draft order and are
 * no facts.  Refused as a whole: AN_MISSING where a number has no evidence,
 * an evidence no message, a patient no identifier system; AN_CONFLICT where two
 * suggestions are one resource (clinician's and nurse's words for one risk:
 * write those of one reader); AN_TYPE where a probability is none or a text
 * is not UTF-8; AN_LIMIT over FHIR_WRITE_BYTES; AN_NOMEM.
 *
 * Thread-safety: confined to the arena; settings immutable.
 * Ownership: the arena. */
#ifndef FHIR_WRITE_H
#define FHIR_WRITE_H

#include "base/uuid.h"
#include "context/reading.h"
#include "context/suggestion.h"

enum { FHIR_WRITE_BYTES = 8 << 20 };

/* How a probability is said.  R4 reads a bare decimal as a percentage (4.0.1,
 * RiskAssessment.prediction.probability[x]), many receivers read a fraction:
 * it is a setting of each receiver.  The words in `rationale` say it too.  A
 * line of a differential has no interval: both ends are its value; and HAPI
 * (8.8.0) refuses per cent in a range with 500. */
enum fhir_probability {
    FHIR_P_FRACTION, /* probabilityDecimal 0.2340 */
    FHIR_P_PERCENT,  /* probabilityDecimal 23.40 */
    FHIR_P_INTERVAL  /* probabilityRange 17.10 % to 30.20 %, UCUM */
};

/* Of one hospital and one receiver. */
struct fhir_write_settings {
    struct an_str tenant;
    struct an_str base;   /* "https://h/fhir": full URLs; "" gives urn:uuid: */
    struct an_str own;    /* URI before "/message", "/model", "/topic" ... */
    struct an_str source; /* fhir_settings.server, where that server is the
                             receiver: its resources are referred to by id */
    struct an_str software, software_version;
    struct an_str note;  /* "" is English for: by AI, not reviewed */
    uint8_t probability; /* enum fhir_probability */
    bool demo;           /* all that is said is marked as test data (HTEST) */
    bool reading;        /* to be read, not sent: patients are named by their
                            identifier and not sought by it */
};

/* Of whom.  `id` and `encounter` are how we name them; the others are how the
 * receiver does. */
struct fhir_who {
    struct ctx_identifier id;   /* the current one */
    struct an_str patient_id;   /* the receiver's id; else, by `system`: */
    struct an_str system;       /* Patient?identifier=system|value */
    struct an_str encounter;    /* as in ctx_event; "" outside of one */
    struct an_str encounter_id; /* the receiver's; else */
    struct an_str encounter_system, encounter_number; /* as an identifier */
};

struct fhir_saying {
    const struct ctx_suggestion *suggestion;
    size_t n_suggestions;
    bool released; /* a clinician let go what is for the patient */
    int64_t now_us;
};

/* One resource of the transaction. */
struct fhir_resource {
    const char *type;
    struct an_uuid id;
    size_t from, to; /* its place in the transaction's text */
};

struct fhir_written {
    struct an_str json;                   /* "" when there is nothing to send */
    size_t n_suggestions;                 /* that are in it */
    const struct fhir_resource *resource; /* in its order, devices first */
    size_t n_resources;
};

enum an_code fhir_write(struct an_arena *arena,
                        const struct fhir_write_settings *s,
                        const struct fhir_who *who,
                        const struct fhir_saying *what,
                        struct fhir_written *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The namespace of all our names: 9c1f3c0e-52d3-5b7e-8a55-0d8f4f1f6a27. */
extern const struct an_uuid fhir_space;

/* The id of the resource that a suggestion becomes: UUID version 5 over
 * fhir_space and these parts, joined by "|", with a "\" before each "\" or "|"
 * in a part:
 *
 *     suggestion | kind | tenant | authority | value | encounter | topic |
 *     horizon in days | model name | model version | reader
 *
 * with kind as ctx_suggestion_text, reader "patient:<language>" for what is
 * for the patient (another text for each language) and "" for staff.  The same
 * question to the same model in the same encounter is one resource, updated; a
 * new model version makes a new one. */
enum an_code fhir_suggestion_id(struct an_arena *arena,
                                const struct fhir_write_settings *s,
                                const struct fhir_who *who,
                                const struct ctx_suggestion *suggestion,
                                struct an_uuid *id, struct an_err *err)
    __attribute__((warn_unused_result));

/* The id of its Provenance: over "provenance|" and that id as text. */
enum an_code fhir_provenance_id(const struct an_uuid *suggestion,
                                struct an_uuid *id, struct an_err *err)
    __attribute__((warn_unused_result));

/* "RiskAssessment", "Observation" or "DocumentReference". */
const char *fhir_suggestion_type(unsigned kind);

#endif
