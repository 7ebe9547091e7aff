/* SPDX-License-Identifier: Apache-2.0 */
/* Anamnesis inside another program: the C ABI of libanamnesis.so, and of
 * libanamnesis-helper.so, by which the engine is in another process.
 *
 * A host (an interface engine, a JVM, a script) loads the library, gives it a
 * configuration and messages, and gets back for each message its
 * acknowledgement and, if the stage lets them leave, suggestions.
 *
 *     anamnesis_error error = {.struct_size = sizeof(error)};
 *     const anamnesis_plugin *p =
 *         anamnesis_plugin_entry(ANAMNESIS_ABI_MAJOR, &error);
 *     anamnesis_host host = {.struct_size = sizeof(host), .log = my_log};
 *     anamnesis_message in = {.struct_size = sizeof(in), .data = bytes,
 *         .n = n, .content_type = ANAMNESIS_TYPE_HL7};
 *     anamnesis_result one = {.struct_size = sizeof(one)};
 *
 *     p->create(&host, yaml, strlen(yaml), &engine, &error);
 *     p->process(engine, &in, &results, &error);
 *     for (i = 0; i < p->result_count(results); i++)
 *         p->result_at(results, i, &one);          -- one.kind, one.data ...
 *     p->results_free(results);
 *     p->destroy(engine);
 *
 * examples/host.c is a whole host.  A program that cannot pass structs uses the
 * flat functions at the end.
 *
 * THE MESSAGE STAYS THE HOST'S.  It is never changed, and nothing here is a
 * reason to hold it up: whatever process says, send the message on.
 *
 * The stage (anamnesis.yaml(5)) rules what leaves.  In off and in shadow, the
 * default, process returns the acknowledgement and nothing else; in shadow
 * suggestions are made in the background and kept in the store, for the
 * reviewers.  Texts for patients wait for a clinician's release and never come
 * out of here.  What is returned is written to the audit trail before it is
 * returned, in the name of the host.
 *
 * Versions.  Fields are only appended, functions too.  Each struct begins with
 * its size as its owner was compiled, and nobody touches a field beyond it: an
 * older host works with a newer library and the reverse.  What a host does not
 * fill in is 0.  A change that breaks this counts up ANAMNESIS_ABI_MAJOR, and
 * the entry refuses hosts of another.
 *
 * Threads.  Every function may be called from any thread, several at a time,
 * except that nobody may use an engine while or after it is destroyed, nor
 * results while or after they are freed.  Threads of the library take no
 * signals; the library installs no handlers, does not touch locale, stdout or
 * stderr, leaves floating point modes as it found them, does not fork, and never
 * ends the process.  A process that forks may not use the library in the child.
 * process wants 256 KiB of stack.  Once loaded the library stays, whatever
 * dlclose says, since a host may forget an engine whose threads still run.
 *
 * Ownership.  What the host passes in is its own and read only during the call,
 * the host struct and what it points to until destroy has returned.  Results
 * are the library's until results_free.
 *
 * Errors are values below 0 and a text in the caller's anamnesis_error, which
 * may be NULL.  Neither a text nor a log line holds a byte of a message.
 *
 * The helper.  libanamnesis-helper.so has the same symbols, structs and rules and
 * wants no library but libc.  It hands each call over a Unix socket to
 * `anamnesis serve` (listen.socket, anamnesis(1)), which has the engine: what
 * kills that leaves the host alive.  What differs:
 *
 *   create, reload   take `helper: {socket: /run/anamnesis/socket, timeout: 10s}`
 *                    and no more; the engine's configuration is the server's.
 *                    E_UNAVAILABLE: nobody listens there, try again; E_CONFIG: it
 *                    is no such socket, or not for this user; E_VERSION: the
 *                    server is of another version.  A reload leads to another
 *                    socket or timeout, and changes nothing at the server.
 *   all calls        E_UNAVAILABLE while the server is away, at once, and found
 *                    again by the next call when it is back; where it hangs,
 *                    after `timeout` (100ms to 10m; 10s unless it is said), and
 *                    for the second after that at once.
 *   process          has no result with that error, and the message may have been
 *                    stored: send it again, it is known by its bytes.
 *                    Suggestions have at most three quarters of `timeout`.  A
 *                    host that gives up is asked every 20 ms.
 *   chart            an identifier of at most 1,023 bytes.
 *   status, drain    of the server's engine and of all hosts that it serves;
 *                    counts are since the server's start.
 *   log              the lines about the host's own calls, helper_lost and
 *                    helper_found; the rest is in the server's log.
 *   fork, stack      a child may not use it either; 64 KiB are enough. */
#ifndef ANAMNESIS_H
#define ANAMNESIS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define ANAMNESIS_EXPORT __attribute__((visibility("default")))
#else
#    define ANAMNESIS_EXPORT
#endif

#define ANAMNESIS_ABI_MAJOR 1u
#define ANAMNESIS_ABI_MINOR 0u

/* ---- numbers ------------------------------------------------------------ */

typedef int32_t anamnesis_status;

#define ANAMNESIS_OK 0
#define ANAMNESIS_E_ARGUMENT (-1) /* NULL, a size, a content type, a handle */
#define ANAMNESIS_E_VERSION (-2)  /* of another major version */
#define ANAMNESIS_E_CONFIG (-3)   /* the configuration, or what it names */
#define ANAMNESIS_E_REFUSED (-4)  /* the message is unreadable: do not repeat */
#define ANAMNESIS_E_UNAVAILABLE (-5) /* disk, lock, all busy: repeat later */
#define ANAMNESIS_E_QUARANTINED (-6) /* it was in hand when a process died */
#define ANAMNESIS_E_NOMEM (-7)
#define ANAMNESIS_E_TIMEOUT (-8)  /* drain: not yet */
#define ANAMNESIS_E_CONFLICT (-9) /* the store is another engine's */
#define ANAMNESIS_E_INTERNAL (-10)

#define ANAMNESIS_LOG_DEBUG 0
#define ANAMNESIS_LOG_INFO 1
#define ANAMNESIS_LOG_WARN 2
#define ANAMNESIS_LOG_ERROR 3

#define ANAMNESIS_TYPE_HL7 "x-application/hl7-v2+er7"
#define ANAMNESIS_TYPE_FHIR "application/fhir+json"
#define ANAMNESIS_TYPE_JSON "application/json"

/* What a result is. */
/* The acknowledgement of an HL7v2 message: AA, AE, AR, or CA, CE, CR, as its
 * MSH-15 and MSH-16 ask; of two the last, and no byte when none is wanted. */
#define ANAMNESIS_HL7_ACK 1u
#define ANAMNESIS_OPERATION_OUTCOME 2u /* the answer to FHIR */
#define ANAMNESIS_FHIR_BUNDLE                                                  \
    3u                          /* a transaction with suggestions and their
                                    Provenance, of one patient */
#define ANAMNESIS_DIAGNOSTIC 4u /* why there is nothing: OperationOutcome */
#define ANAMNESIS_STATUS 5u     /* of the engine: JSON */

/* What a message is, beside its bytes. */
#define ANAMNESIS_MSG_HISTORICAL 1u /* stored, but nothing is made of it now */
#define ANAMNESIS_MSG_RETRY 2u /* out of quarantine, at an operator's word */

/* ---- structs ------------------------------------------------------------ */

/* The caller's; `text` always ends with a NUL. */
typedef struct anamnesis_error {
    uint32_t struct_size;
    anamnesis_status code;
    char text[248];
} anamnesis_error;

/* What the host offers.  All but struct_size may be 0. */
typedef struct anamnesis_host {
    uint32_t struct_size;
    void *host_data;  /* for its own functions */
    const char *name; /* "mirth 4.5.2", for the audit trail: UTF-8, at most 255
                         bytes; NULL: "host" */

    /* A line of text (JSON or logfmt, as log.format says; UTF-8, not ended by
     * NUL or newline).  Called from any thread, the library's own too; it may
     * block nobody for long and may not call back into the library. */
    void (*log)(void *host_data, int32_t level, const char *line, size_t n);

    /* Something of the host by its name, or NULL.  Asked in create for
     * ANAMNESIS_HOST_CANCEL. */
    const void *(*get_extension)(void *host_data, const char *id);
} anamnesis_host;

/* A host that stops its channels: asked now and then, in the thread that called
 * process, whether anybody still waits for suggestions (not 0: nobody does, the
 * acknowledgement alone is returned).  `message_id` is that of the message, NULL
 * of a chart.  It may not call back into the library. */
#define ANAMNESIS_HOST_CANCEL "anamnesis.host.cancel/1"
typedef struct anamnesis_host_cancel {
    uint32_t struct_size;
    int32_t (*is_cancelled)(void *host_data, const char *message_id);
} anamnesis_host_cancel;

typedef struct anamnesis_message {
    uint32_t struct_size;
    uint32_t flags; /* ANAMNESIS_MSG_... */
    const uint8_t *data;
    size_t n;                 /* at most 64 MiB */
    const char *content_type; /* ANAMNESIS_TYPE_HL7 or _FHIR; parameters such
                                 as "; charset=utf-8" are passed over */
    const char *message_id;   /* the host's, for its log, where all but letters,
                                 digits and - _ : / become dots; may be NULL */
    uint32_t deadline_ms; /* for the suggestions, from the call on; 0: none */
} anamnesis_message;

/* A view; what it points to lives until results_free.  `data` is followed by a
 * NUL that is not counted. */
typedef struct anamnesis_result {
    uint32_t struct_size;
    uint32_t kind;
    const char *content_type;
    const uint8_t *data;
    size_t n;
} anamnesis_result;

typedef struct anamnesis_engine anamnesis_engine;
typedef struct anamnesis_results anamnesis_results;

/* ---- the table ---------------------------------------------------------- */

typedef struct anamnesis_plugin {
    uint32_t struct_size;
    uint32_t abi_major, abi_minor;
    const char *name, *version; /* of the library */

    /* An engine on the text of an anamnesis.yaml(5).  Reads the model and opens
     * the store: slow.  The same bytes again, in the same process, give one
     * engine that is shared: twenty channels cost one model; each create wants
     * its destroy.  A store belongs to one configuration of one process at a
     * time: ANAMNESIS_E_CONFLICT. */
    anamnesis_status (*create)(const anamnesis_host *host, const char *config,
                               size_t n, anamnesis_engine **engine,
                               anamnesis_error *error);

    /* One message.  The first result is its acknowledgement, made after the
     * message was stored durably, and before that it never leaves: neither the
     * deadline nor a cancel cuts this part short.  Then, if the message makes
     * something worth thinking about (an admission, a discharge, a result, an
     * order), one transaction Bundle for each patient of whom something is
     * said.  What does not fit into the deadline is made in the background, is
     * delivered by the outbox if there is one, and is not returned later.
     *
     * A message is known by its bytes: the same again gets the same
     * acknowledgement and no second suggestion.
     *
     * OK: stored, now or before.  E_REFUSED, E_UNAVAILABLE: not stored, and the
     * acknowledgement says so (AR or AE, an OperationOutcome).  E_QUARANTINED:
     * an earlier process died while it had these bytes in hand, nothing was
     * done with them now, and the one result is a DIAGNOSTIC; see MSG_RETRY.
     * At most 256 calls at a time and process; more get E_UNAVAILABLE.
     *
     * *results is NULL or the caller's to free, whatever is returned. */
    anamnesis_status (*process)(anamnesis_engine *engine,
                                const anamnesis_message *message,
                                anamnesis_results **results,
                                anamnesis_error *error);

    uint32_t (*result_count)(const anamnesis_results *results);
    anamnesis_status (*result_at)(const anamnesis_results *results, uint32_t i,
                                  anamnesis_result *view);
    void (*results_free)(anamnesis_results *results); /* NULL is nothing */

    /* Another configuration, for all who share the engine.  The new one is
     * opened whole before the old one goes; calls under way end with the one
     * that they began with.  On failure the old one stays. */
    anamnesis_status (*reload)(anamnesis_engine *engine, const char *config,
                               size_t n, anamnesis_error *error);

    /* One ANAMNESIS_STATUS result, with at least
     *
     *     {"version":"0.1.0","stage":"live","demo":false,"model":{"name":"",
     *      "version":"","sha256":""},"messages":{"accepted":0,"duplicate":0,
     *      "refused":0,"failed":0,"quarantined":0},"quarantine":0,"returned":
     *      {"bundles":0,"suggestions":0,"left_to_background":0},
     *      "store":{"messages":0,"triggers_waiting":0}}
     *
     * "model" is not there in off; "quarantine" is how many messages are in
     * it, the other counts are since create. */
    anamnesis_status (*status)(anamnesis_engine *engine,
                               anamnesis_results **results,
                               anamnesis_error *error);

    /* Wait until no call is under way and all that was triggered has been
     * thought about.  E_TIMEOUT: not within timeout_ms; nothing is lost.  More
     * messages may come meanwhile and after. */
    anamnesis_status (*drain)(anamnesis_engine *engine, uint32_t timeout_ms);

    /* NULL is nothing.  The last of those who share an engine closes it: what
     * is under way is ended, what waits stays in the store for the next time.
     * A process that ends without it loses no message that was acknowledged;
     * what a call had in hand when it was killed is in quarantine then. */
    void (*destroy)(anamnesis_engine *engine);

    /* ANAMNESIS_CHART, or NULL for what this library does not have. */
    const void *(*get_extension)(const char *id);
} anamnesis_plugin;

/* A chart is opened: what is to be said of a patient now, without a message.
 * OK with a Bundle; with a DIAGNOSTIC where the patient has opted out and nothing
 * is computed; without any result where nothing may leave.
 * E_ARGUMENT where nobody has heard of the patient. */
#define ANAMNESIS_CHART "anamnesis.chart/1"
typedef struct anamnesis_chart {
    uint32_t struct_size;
    /* `authority` as senders write it (PID-3.4, a FHIR system); "" where the
     * value is enough to tell.  `user` is who looks, for the audit trail; NULL
     * is the host. */
    anamnesis_status (*ask)(anamnesis_engine *engine, const char *authority,
                            const char *value, const char *user,
                            uint32_t deadline_ms, anamnesis_results **results,
                            anamnesis_error *error);
} anamnesis_chart;

/* The table, which lives as long as the library; NULL and a reason for a host
 * of another major version. */
ANAMNESIS_EXPORT const anamnesis_plugin *anamnesis_plugin_entry(
    uint32_t host_abi_major, anamnesis_error *error);

/* ---- the flat face ------------------------------------------------------ */

/* For JNA, ctypes, N-API: numbers and bytes only.  An engine is a number; one
 * that is stale or was made up gives ANAMNESIS_E_ARGUMENT and never a crash.
 * `err` receives a text of at most err_n bytes with its NUL, and may be NULL.
 * Otherwise as the functions of the table.
 *
 * *out is JSON in UTF-8, followed by a NUL that out_n does not count, to be
 * given to anamnesis_flat_free:
 *
 *     {"code":0,"results":[{"kind":1,"contentType":"x-application/hl7-v2+er7",
 *                           "text":"MSH|..."}, ...]}
 *
 * with "base64" in the place of "text" for an acknowledgement in another
 * character set.  It is NULL when there is nothing to return. */

/* The engine, or an error below 0. */
ANAMNESIS_EXPORT int64_t anamnesis_flat_create(const char *config, int32_t n,
                                               char *err, int32_t err_n);
ANAMNESIS_EXPORT int32_t anamnesis_flat_process(
    int64_t engine, const uint8_t *data, int32_t n, const char *content_type,
    const char *message_id, uint32_t flags, uint32_t deadline_ms, uint8_t **out,
    int32_t *out_n, char *err, int32_t err_n);
ANAMNESIS_EXPORT void anamnesis_flat_free(void *out); /* NULL is nothing */
ANAMNESIS_EXPORT int32_t anamnesis_flat_reload(int64_t engine,
                                               const char *config, int32_t n,
                                               char *err, int32_t err_n);
ANAMNESIS_EXPORT int32_t anamnesis_flat_status(int64_t engine, uint8_t **out,
                                               int32_t *out_n, char *err,
                                               int32_t err_n);
ANAMNESIS_EXPORT int32_t anamnesis_flat_drain(int64_t engine,
                                              uint32_t timeout_ms);
/* Waits for the calls of others that are under way. */
ANAMNESIS_EXPORT int32_t anamnesis_flat_destroy(int64_t engine);

#ifdef __cplusplus
}
#endif

#endif
