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
 *   DIFFERENTIAL  RiskAssessment, a prediction for each line, in order of rank;
 *                 or ClinicalImpression, a finding for each, which has neither
 *                 "preliminary" nor a place for an author that is no human
 *   SCORE         Observation with a quantity (a score is a value that was
 *                 computed; its inputs are derivedFrom)
 *   SUMMARY       DocumentReference, text/plain in its language; one that is
 *                 not in source_language is related to the one that is
 *   DOSING        DetectedIssue
 *
 * One suggestion is one of these.  Beside it stand what `resources` and the
 * rules ask for: FHIR_RESOURCES says what each is.
 *
 * Each with a Provenance that names every message it rests on, down to the
 * field, and with a Device for the model version and for this program.  Each is
 * labelled AIAST (meta.security), scores too: their rules are run by a program,
 * and fhir/read.h must know its own words again.  All are preliminary, drafts
 * or proposals; only a human makes them more.
 *
 * Left out: a suggestion that abstains, one for a patient while `released` is
 * not set, and one of a kind that `resources` does not have; a
 * comparison, which answers one draft order, has none.  Refused as a whole:
 * AN_MISSING where a number has no evidence,
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

/* What may be in a transaction; Device and Provenance always are.  The names
 * are those of the option outbox.resources, which has them in this order. */
#define FHIR_RESOURCES(X)                                                      \
    X(RISK, "RiskAssessment")                                                  \
    X(OBSERVATION, "Observation")                                              \
    X(DOCUMENT, "DocumentReference")                                           \
    X(ISSUE, "DetectedIssue")                                                  \
    /* the differential, in place of a RiskAssessment */                       \
    X(IMPRESSION, "ClinicalImpression")                                        \
    /* a summary with its section, beside the DocumentReference */             \
    X(COMPOSITION, "Composition")                                              \
    /* a text that waits for its release: to be approved; then completed */    \
    X(TASK, "Task")                                                            \
    /* that the text be told to the patient: draft; active once released */    \
    X(COMMUNICATION, "CommunicationRequest")                                   \
    /* fhir_saying.guidance: the call that was answered */                     \
    X(GUIDANCE, "GuidanceResponse")                                            \
    /* that this transaction was executed: it is there if and only if so */    \
    X(AUDIT, "AuditEvent")                                                     \
    /* fhir_write_settings.card, a DocumentReference */                        \
    X(CARD, "ModelCard")

enum fhir_resources {
#define X(name, text) FHIR_RES_##name,
    FHIR_RESOURCES(X)
#undef X
        FHIR_N_RES
};

#define FHIR_BIT(res) (1U << FHIR_RES_##res)
#define FHIR_RES_USUAL                                                         \
    (FHIR_BIT(RISK) | FHIR_BIT(OBSERVATION) | FHIR_BIT(DOCUMENT))

/* A site's rule: a risk of this topic that is as likely as that asks for a Flag
 * or for a proposal of that service. */
struct fhir_rule {
    struct an_str topic;
    double p_from;
    struct ctx_code code; /* of the service; unused by a Flag */
};

/* What a model's package says about it (card.md, card.xml); "" is none. */
struct fhir_model_card {
    struct an_str digest; /* of the model */
    struct an_str markdown, xml;
};

/* Who signs: makes a detached JWS (RFC 7515 appendix F, "header..signature")
 * over bytes (fhir/signed.h). */
struct fhir_signer {
    enum an_code (*sign)(void *user, struct an_arena *arena,
                         struct an_str bytes, struct an_str *jws,
                         struct an_err *err);
    void *user;
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
    unsigned resources;  /* FHIR_BIT(...) of those that may leave; 0: usual */
    bool no_extensions;  /* no element of the AI Transparency guide that is an
                            extension: the receiver refuses what it does not
                            know */
    const struct fhir_rule *flag, *proposal; /* Flag; ServiceRequest */
    size_t n_flags, n_proposals;
    struct an_str source_language;      /* that others are told from */
    const struct fhir_model_card *card; /* NULL: none */
    const struct fhir_signer *signer;   /* NULL: nothing is signed */
    bool demo;    /* all that is said is marked as test data (HTEST) */
    bool reading; /* to be read, not sent: patients are named by their
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

/* Something that was not there when it was needed. */
struct fhir_need {
    const char *type;     /* of resource */
    const char *element;  /* of it; NULL: any */
    struct ctx_code code; /* code "" any */
};

/* A call of a decision support service that is answered. */
struct fhir_guidance {
    struct an_str request; /* CDS Hooks hookInstance */
    struct an_str module;  /* address of the service */
    const struct fhir_need *need;
    size_t n_needs;
};

struct fhir_saying {
    const struct ctx_suggestion *suggestion;
    size_t n_suggestions;
    bool released; /* a clinician let go what is for the patient */
    int64_t now_us;
    /* Texts that wait for that: not said here, but that they wait. */
    const struct ctx_suggestion *waiting;
    size_t n_waiting;
    const struct fhir_guidance *guidance; /* NULL: nobody asked */
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

/* "RiskAssessment", "Observation", "DocumentReference" or "DetectedIssue", as
 * it is where a receiver asks for nothing else; NULL for what is no resource. */
const char *fhir_suggestion_type(unsigned kind);
/* The same with these settings; NULL also for what does not leave by them. */
const char *fhir_chosen_type(const struct fhir_write_settings *s,
                             unsigned kind);

#endif
