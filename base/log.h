/* SPDX-License-Identifier: Apache-2.0 */
/* The log: what the program did, free of patients by construction.
 *
 * An event is a row of the list below and up to three values.  A value is a
 * number, an enum an_code or a keyed hash; there is no text argument and no
 * format string, so a name or a birthday has no way in.  Each event becomes one
 * line of JSON or logfmt, written with one write(2), so lines of several
 * threads (and of several processes appending to one file) do not mix.
 *
 *     struct an_log log;
 *     an_log_init(&log, 2, AN_LOG_JSON, AN_INFO, clock, NULL);
 *     an_log(&log, AN_EVENT_MLLP_LISTENING, 2575, 0, 0);
 *
 *     {"time":"2024-03-05T08:15:02.123Z","level":"info",
 *      "event":"mllp_listening","port":2575}
 *
 * A flood is thinned: of each event at most `per_second` lines are written in
 * one second; how many were left out stands in the next line of that event, or
 * in a log_suppressed line from an_log_flush.
 *
 * Thread-safety: shared, without a lock.  Ownership: the log borrows the
 * descriptor.  Failure: a line that cannot be written whole is lost and
 * counted; logging never stops the work. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#include <stdatomic.h>

/*    event, level, kind and name of its three values, meaning */
#define AN_EVENTS(X)                                                           \
    X(LOG_SUPPRESSED, WARN, NUM, "event_number", NUM, "lines", NONE, "",       \
      "lines of one event were left out to thin a flood; the number is the "   \
      "event's row in this table, from 0")                                     \
    X(MLLP_LISTENING, INFO, NUM, "port", NONE, "", NONE, "",                   \
      "the MLLP listener accepts connections")                                 \
    X(MLLP_STOPPED, INFO, NUM, "port", NUM, "messages", NUM, "cut_off",        \
      "the MLLP listener has stopped; cut_off connections still waited for "   \
      "an answer when its time was up")                                        \
    X(MLLP_OPENED, DEBUG, NUM, "connection", NUM, "open", NONE, "",            \
      "a sender connected")                                                    \
    X(MLLP_CLOSED, DEBUG, NUM, "connection", NUM, "messages", NUM, "bytes_in", \
      "a connection ended in good order")                                      \
    X(MLLP_LOST, WARN, NUM, "connection", NUM, "messages", NUM, "in_flight",   \
      "a sender went away in the middle of a frame or before its answer")      \
    X(MLLP_REFUSED, WARN, NUM, "open", NONE, "", NONE, "",                     \
      "a connection was refused: as many as allowed are open")                 \
    X(MLLP_ADDRESS, WARN, NUM, "open", NONE, "", NONE, "",                     \
      "a connection was refused: its address is not in listen.mllp.peers")     \
    X(MLLP_MANY, WARN, NUM, "open", NONE, "", NONE, "",                        \
      "a connection was refused: listen.mllp.max_per_peer of its address are " \
      "open")                                                                  \
    X(SENDER_REFUSED, WARN, NUM, "so_far", NONE, "", NONE, "",                 \
      "a message was refused: its sender is not in listen.senders")            \
    X(STORE_PURGED, INFO, NUM, "raw", NUM, "events", NUM, "suggestions",       \
      "rows that were kept for long enough were removed from the store")       \
    X(STORE_COMMIT_FAULT, ERROR, CODE, "code", NUM, "sqlite", NUM, "errno",    \
      "a transaction did not come onto the disk: nothing of it is kept, and "  \
      "the senders of its messages are told to send them again; sqlite is an " \
      "extended result code")                                                  \
    X(STORE_CHECKPOINT_FAULT, ERROR, CODE, "code", NUM, "sqlite", NUM,         \
      "errno",                                                                 \
      "the log could not be carried over to the store's file: it grows, and "  \
      "the next commit tries again; nothing is lost")                          \
    X(KEEPER_FAULT, ERROR, NUM, "job", CODE, "code", NUM, "errno",             \
      "what is done behind the others failed and is tried again in a minute; " \
      "job: 0 sealing anew, 1 erasing, 2 removing what is kept for long "      \
      "enough, 3 giving its pages back")                                       \
    X(MLLP_BAD_FRAME, WARN, NUM, "connection", CODE, "code", NUM, "byte",      \
      "bytes that are no frame; byte counts from the start of the connection") \
    X(MLLP_JUNK, WARN, NUM, "connection", NUM, "byte", NUM, "bytes",           \
      "bytes between two frames, or a frame that began anew, were passed "     \
      "over")                                                                  \
    X(MLLP_IDLE, DEBUG, NUM, "connection", NUM, "messages", NONE, "",          \
      "closed after the idle time between messages: not a fault")              \
    X(MLLP_FRAME_TIMEOUT, WARN, NUM, "connection", NUM, "bytes", NONE, "",     \
      "closed: a frame began and did not end in time")                         \
    X(MLLP_ANSWER_TIMEOUT, ERROR, NUM, "connection", NUM, "messages", NONE,    \
      "", "closed: the answer was not ready in time, the sender will repeat")  \
    X(MLLP_WRITE_TIMEOUT, WARN, NUM, "connection", NUM, "bytes", NONE, "",     \
      "closed: the sender did not take its answer in time")                    \
    X(MLLP_ANSWER_DROPPED, WARN, NUM, "message_number", NONE, "", NONE, "",    \
      "an answer was ready after its connection had gone or its time was up")  \
    X(MLLP_DESCRIPTORS, ERROR, NUM, "errno", NUM, "open", NONE, "",            \
      "a connection was turned away: no file descriptor or memory is left")    \
    X(TLS_FAULT, WARN, NUM, "connection", NUM, "error", NONE, "",              \
      "a TLS handshake failed, or the peer's certificate was refused; error "  \
      "is the number of GnuTLS, see gnutls_strerror(3)")                       \
    X(TLS_TIMEOUT, WARN, NUM, "connection", NONE, "", NONE, "",                \
      "closed: a TLS handshake began and did not end in time")                 \
    X(TLS_UNEXPECTED, WARN, NUM, "connection", NONE, "", NONE, "",             \
      "closed: a sender speaks TLS to a listener without it")                  \
    X(TLS_LOADED, INFO, NUM, "days", NONE, "", NONE, "",                       \
      "certificates and keys were read; days: until the server's ends")        \
    X(TLS_LOAD_FAULT, ERROR, CODE, "code", NONE, "", NONE, "",                 \
      "certificates and keys could not be read again: the old ones stay")      \
    X(HTTP_LISTENING, INFO, NUM, "port", NUM, "threads", NONE, "",             \
      "the HTTP listener accepts connections")                                 \
    X(HTTP_STOPPED, INFO, NUM, "port", NUM, "requests", NUM, "cut_off",        \
      "the HTTP listener has stopped; cut_off requests were still running "    \
      "when its time was up")                                                  \
    X(HTTP_ADDRESS, WARN, NUM, "so_far", NONE, "", NONE, "",                   \
      "a connection was refused: its address is not in listen.http.peers")     \
    X(HTTP_REQUEST, DEBUG, NUM, "status", NUM, "duration_us", NUM, "bytes",    \
      "a request was answered with so many bytes")                             \
    X(HTTP_FAULT, ERROR, NUM, "route_number", CODE, "code", NONE, "",          \
      "a handler failed; the client was told 500")                             \
    X(SOCKET_REFUSED, WARN, NUM, "uid", NUM, "open", NONE, "",                 \
      "a host was turned away from listen.socket: it runs as another user "    \
      "who is not in listen.socket.group")                                     \
    X(SOCKET_MANY, WARN, NUM, "open", NONE, "", NONE, "",                      \
      "a host was turned away from listen.socket: as many as allowed are "     \
      "connected, or there is no thread for it")                               \
    X(SOCKET_LOST, WARN, NUM, "connection", NUM, "what", NONE, "",             \
      "a host's connection was ended: what 1 it took too long, 2 it went in "  \
      "the middle of a question or an answer, 3 it sent what is none, 4 "      \
      "there was no memory")                                                   \
    X(FOLDER_DONE, INFO, NUM, "messages", NONE, "", NONE, "",                  \
      "a file of the watched folder was taken; all its messages are stored")   \
    X(FOLDER_FAILED, WARN, NUM, "messages", NUM, "refused", NONE, "",          \
      "a file of the watched folder was taken, and the report beside it says " \
      "what of it was refused")                                                \
    X(FOLDER_AGAIN, WARN, NUM, "messages", NUM, "refused", CODE, "code",       \
      "a file of the watched folder could not be read or stored whole, or "    \
      "the server stops (busy): it is taken again")                            \
    X(FOLDER_FAULT, ERROR, CODE, "code", NUM, "errno", NONE, "",               \
      "the watched folder cannot be read, or a file cannot be moved from it; " \
      "it is tried again in a minute")                                         \
    X(SERVE_CUT_OFF, WARN, NUM, "in_flight", NONE, "", NONE, "",               \
      "a second signal ended the server while its store still worked; so "     \
      "many messages had no answer yet")                                       \
    X(CONSULT_FAULT, ERROR, NUM, "trigger", CODE, "code", NUM, "given_up",     \
      "a patient could not be thought about; given_up: it is not tried again") \
    X(CONSULT_UNREACHABLE, WARN, NUM, "trigger", NONE, "", NONE, "",           \
      "suggestions stay here: the receiving server knows no identifier of "    \
      "this patient, see tables.authorities")                                  \
    X(OUTBOX_DELIVERED, DEBUG, NUM, "row", NUM, "status", NUM, "duration_ms",  \
      "the receiving server took a row of the outbox")                         \
    X(OUTBOX_RETRY, WARN, NUM, "row", NUM, "error", NUM, "pause_ms",           \
      "a delivery failed and is tried again; error is an HTTP status, "        \
      "libcurl's code if under 100, 999 for an answer that is no FHIR")        \
    X(OUTBOX_TOKEN_FAULT, ERROR, NUM, "reason", NUM, "pause_ms", NONE, "",     \
      "no token for the receiving server; reason is 1: no answer, 2: "         \
      "invalid_client, 3: invalid_grant, 4: unauthorized_client, 5: "          \
      "invalid_scope, 6: invalid_request, 7: unsupported_grant_type, 8: "      \
      "refused, 9: no address for tokens, 10: our keys, 11: no bearer token")  \
    X(OUTBOX_SCOPE, WARN, NUM, "missing", NONE, "", NONE, "",                  \
      "the token is for less than outbox.scope asks for: some deliveries may " \
      "be refused")                                                            \
    X(OUTBOX_TAKEN_OVER, INFO, NUM, "row", NONE, "", NONE, "",                 \
      "somebody else keeps all that a row of the outbox says: it is left "     \
      "alone")                                                                 \
    X(OUTBOX_DEAD, ERROR, NUM, "row", NUM, "error", NONE, "",                  \
      "the receiving server refused a row for good; it stays in the store")    \
    X(OUTBOX_FAULT, ERROR, CODE, "code", NONE, "", NONE, "",                   \
      "the outbox could not use its store or its token")                       \
    X(FILING_DELIVERED, DEBUG, NUM, "row", NUM, "duration_ms", NONE, "",       \
      "the HL7 version 2 receiver took a message")                             \
    X(FILING_RETRY, WARN, NUM, "row", NUM, "error", NUM, "pause_ms",           \
      "a message for the HL7 version 2 receiver is sent again; error: 1 no "   \
      "connection, 2 no answer, 3 no acknowledgement, 4 one of another "       \
      "message, 5 AE, 6 CE, 11 it knows no identifier of the patient")         \
    X(FILING_DEAD, ERROR, NUM, "row", NUM, "error", NONE, "",                  \
      "a message will never be taken and stays in the store; error: 5 AE, 6 "  \
      "CE, 7 AR, 8 CR, 9 it cannot be written, 10 it may not leave any more, " \
      "12 its bytes are damaged")                                              \
    X(FILING_FAULT, ERROR, CODE, "code", NONE, "", NONE, "",                   \
      "messages for the HL7 version 2 receiver could not be made or noted "    \
      "in the store")                                                          \
    X(HOST_QUARANTINE, WARN, NUM, "messages", NONE, "", NONE, "",              \
      "a process that used this store in its host ended with so many "         \
      "messages in hand; they are not touched again unasked")                  \
    X(HOST_RELOAD_FAULT, ERROR, CODE, "code", NONE, "", NONE, "",              \
      "a reload failed and the old configuration could not go on whole: "      \
      "nothing is thought about or delivered until the next reload")           \
    X(SUBSCRIPTION_GAP, ERROR, NUM, "subscription", NUM, "missing", NUM,       \
      "last",                                                                  \
      "events of a subscription did not arrive; subscription is its "          \
      "place in subscriptions.of, from 1")                                     \
    X(SUBSCRIPTION_FILLED, INFO, NUM, "subscription", NUM, "events", NUM,      \
      "missing",                                                               \
      "events that were missing have come, by themselves or by $events")       \
    X(SUBSCRIPTION_SEARCHED, WARN, NUM, "subscription", NUM, "events", NUM,    \
      "missing",                                                               \
      "events that were missing cannot be had; what is newer was searched "    \
      "for in their place, which finds no deletions")                          \
    X(SUBSCRIPTION_FAULT, ERROR, NUM, "subscription", CODE, "code", NUM,       \
      "status",                                                                \
      "what a notification names could not be read at the server; "            \
      "it is told to send the notification again")                             \
    X(SUBSCRIPTION_STRANGER, WARN, NUM, "subscription", NONE, "", NONE, "",    \
      "a notification without the secret was turned away")                     \
    X(FEED_SILENT, ERROR, HASH, "feed", NUM, "silent_s", NUM, "limit_s",       \
      "a sender has been silent for longer than is usual at this hour; "       \
      "anamnesis feeds tells whose hash it is")                                \
    X(FEED_LATE, ERROR, HASH, "feed", NUM, "late_s", NONE, "",                 \
      "a sender's messages are older when they come than usual")               \
    X(FEED_GAP, WARN, HASH, "feed", NUM, "missing", NUM, "number",             \
      "numbers of MSH-13 are missing before this one")                         \
    X(FEED_CLOSED, INFO, HASH, "feed", NUM, "missing", NONE, "",               \
      "so many numbers of MSH-13 are not waited for any more: anamnesis "      \
      "feeds --close was called")                                              \
    X(FEED_RESTART, WARN, HASH, "feed", NUM, "number", NUM, "missing",         \
      "a sender counts anew from this MSH-13; so many of the old numbers "     \
      "were missing, and are not waited for any more")                         \
    X(FEED_BACK, INFO, HASH, "feed", NUM, "after_s", NONE, "",                 \
      "a sender sends as usual again")                                         \
    X(CLOCK_JUMP, WARN, NUM, "ms", NUM, "backwards", NONE, "",                 \
      "the wall clock was set; ages of messages are measured anew")            \
    X(STORE_KEYS_LOADED, INFO, NUM, "keys", NONE, "", NONE, "",                \
      "store.key_file was read again: the first of its keys seals, unless "    \
      "store_keys_order says otherwise, and what is under others is sealed "   \
      "anew")                                                                  \
    X(STORE_KEYS_FAULT, ERROR, CODE, "code", NUM, "errno", NONE, "",           \
      "store.key_file could not be read again, or lacks a key that the store " \
      "needs: the old keys stay")                                              \
    X(STORE_KEYS_ORDER, WARN, NUM, "keys", NONE, "", NONE, "",                 \
      "the first key of store.key_file is an older one of the store, which "   \
      "stays with the key that came after: put that one first in the file, "   \
      "or call anamnesis rekey to go back")                                    \
    X(CDS_REFUSED, WARN, NUM, "reason", NUM, "client", NUM, "so_far",          \
      "a call of the CDS services was refused by the reason of that number, "  \
      "see anamnesis(1); client is its place in cds.clients, from 1, or 0")    \
    X(CDS_KEYS_LOADED, INFO, NUM, "client", NUM, "keys", NUM, "passed_over",   \
      "the key set of a client was read")                                      \
    X(CDS_KEYS_FAULT, ERROR, NUM, "client", CODE, "code", NUM, "status",       \
      "the key set of a client could not be had, or was refused; the last "    \
      "good one counts for cds.keys_outage")                                   \
    X(CDS_PREFETCH_FAULT, WARN, NUM, "key", NUM, "status", NUM, "why",         \
      "what a CDS client had not prefetched could not be read at its server; " \
      "key is its place among the service's, from 1; why: 0 status, 1 no "     \
      "answer, 2 too long or no FHIR, 3 of another patient, 4 no time left")   \
    X(STORE_UPGRADED, INFO, NUM, "from", NUM, "to", NUM, "copied",             \
      "the tables of the store were brought from one version to another; "     \
      "copied is the size in bytes of the copy that was made before")          \
    X(TLS_OFF, WARN, NUM, "in", NUM, "out", NONE, "",                          \
      "so many addresses that other machines can reach, or that are other "    \
      "machines', have no TLS; anamnesis check names them")

enum an_event {
#define X(name, ...) AN_EVENT_##name,
    AN_EVENTS(X)
#undef X
        AN_N_EVENTS
};

enum an_level { AN_DEBUG, AN_INFO, AN_WARN, AN_ERROR };
enum an_log_format { AN_LOG_JSON, AN_LOG_LOGFMT };

/* UTC microseconds; base has no clock of its own. */
typedef int64_t an_clock(void *ctx);

/* Takes a whole line, without its end; called by whichever thread logs. */
typedef void an_log_sink(void *ctx, enum an_level level, const char *line,
                         size_t n);

struct an_log {
    int fd;            /* -1 writes nothing */
    an_log_sink *sink; /* in its place, set after the init; NULL: the fd */
    void *sink_ctx;
    enum an_log_format format;
    an_clock *now_us;
    void *clock_ctx;
    uint32_t per_second; /* lines of one event; 0 is no limit */
    _Atomic int level;   /* enum an_level; may be stored at any time */
    atomic_uint_fast64_t lost;
    struct {
        atomic_int_fast64_t second;
        atomic_uint_fast32_t lines;
        atomic_uint_fast64_t suppressed;
    } event[AN_N_EVENTS];
};

enum { AN_LOG_PER_SECOND = 20 };

/* A row of the list, for the manual page. */
enum an_field { AN_FIELD_NONE, AN_FIELD_NUM, AN_FIELD_CODE, AN_FIELD_HASH };
struct an_event_row {
    const char *name; /* lower case, as it stands in a line */
    enum an_level level;
    struct {
        enum an_field kind;
        const char *name;
    } field[3];
    const char *meaning;
};

void an_log_init(struct an_log *log, int fd, enum an_log_format format,
                 enum an_level level, an_clock *now_us, void *clock_ctx);

/* One line.  `log` may be NULL.  Values without a field are not printed. */
void an_log(struct an_log *log, enum an_event event, uint64_t a, uint64_t b,
            uint64_t c);

/* Say what was left out so far; call at the end and now and then. */
void an_log_flush(struct an_log *log);

/* Rows are in the order of enum an_event.  `buf` receives the name. */
struct an_event_row an_log_row(enum an_event event, char *buf, size_t n);
const char *an_level_text(enum an_level level);

#endif
