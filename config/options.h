/* SPDX-License-Identifier: Apache-2.0 */
/* The options of anamnesis.yaml.
 *
 * One list says each option once: its member in the struct of values, its key
 * (the path through the maps of the file), type, range, default and help line.
 * The struct, the parser, the error messages, `anamnesis check`, the commented
 * default file and the manual page are made from it.  To add an option, add a
 * row; keys of one map stand together.
 *
 *     struct cfg_options o;
 *     struct cfg_problems problems;
 *     if (cfg_options_read(arena, bytes, "anamnesis.yaml", &o, &problems, err))
 *         for (p = problems.first; p; p = p->next)
 *             say("%s:%u:%u: %.*s", file, p->line, p->column, p->text);
 *     else
 *         listen_on(o.listen_mllp_address);
 *
 * Secrets stand in files of their own; an option that names one ends in _file.
 * Thread-safety: immutable once read.  Ownership: texts and lists are the
 * arena's; a reload reads into a second arena and swaps. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/value.h"
#include "config/yaml.h"

enum cfg_environment { CFG_PRODUCTION, CFG_DEMO, CFG_TEST };
enum cfg_charset {
    CFG_UTF_8,
    CFG_ISO_8859_1,
    CFG_ISO_8859_15,
    CFG_WINDOWS_1252
};
enum cfg_clock { CFG_CLOCK_SYSTEM, CFG_CLOCK_MESSAGES };
enum cfg_tls_client { CFG_TLS_NONE, CFG_TLS_OPTIONAL, CFG_TLS_REQUIRED };
enum cfg_probability { CFG_P_FRACTION, CFG_P_PERCENT, CFG_P_INTERVAL };
enum cfg_delivery { CFG_DELIVERY_PUT, CFG_DELIVERY_POST, CFG_DELIVERY_AUTO };
enum cfg_auth { CFG_AUTH_NONE, CFG_AUTH_TOKEN_FILE, CFG_AUTH_SMART };
enum cfg_stale { CFG_STALE_SAY, CFG_STALE_ABSTAIN };
enum cfg_vip { CFG_VIP_HOLD, CFG_VIP_USUAL };
enum cfg_stage { CFG_STAGE_OFF, CFG_SHADOW, CFG_TRIAL, CFG_LIVE };

/* The shape of a value, and what its range means. */
enum cfg_type {
    CFG_BOOL,     /* bool */
    CFG_INT,      /* int64_t; from min to max */
    CFG_DURATION, /* int64_t milliseconds; from min to max */
    CFG_SIZE,     /* int64_t bytes; from min to max */
    CFG_ENUM,     /* int: the place among the choices, as in the enums above */
    CFG_TEXT,     /* struct an_str; of min to max bytes */
    CFG_PATH,     /* struct an_str; "" is none if min is 0 */
    CFG_URL,      /* struct an_str; "" is none */
    CFG_ADDRESS,  /* struct cfg_address; "" is none */
    CFG_TEXTS,    /* struct cfg_texts; of min to max items */
    CFG_PATHS     /* the same, of paths */
};

struct cfg_texts {
    struct an_str *item;
    size_t n;
};

#define CFG_ANY .min = 0, .max = 0
#define CFG_BETWEEN(lo, hi) .min = (lo), .max = (hi)
#define CFG_ONE_OF(words) .choices = (words)
/* Of a list: its items are some of these. */
#define CFG_SOME_OF(words) .min = 0, .max = 16, .choices = (words)
#define CFG_A_DAY_MS INT64_C(86400000)

/*    member, key, type, range, default, help */
#define CFG_OPTIONS(X)                                                         \
    X(environment, "environment", ENUM, CFG_ONE_OF("production demo test"),    \
      "production",                                                            \
      "What this installation is. In demo every output is marked as a "        \
      "demonstration and goes to targets declared as test only.")              \
    X(tenant, "tenant", TEXT, CFG_BETWEEN(1, 64), "main",                      \
      "Name of the hospital or site. It is part of every identifier made "     \
      "here: do not change it once suggestions have been delivered.")          \
    X(zone, "zone", TEXT, CFG_BETWEEN(1, 64), "UTC",                           \
      "Time zone of senders that say a time without one: a name of the IANA "  \
      "database, such as Europe/Berlin, or an offset, such as +01:00.")        \
    X(charset, "charset", ENUM,                                                \
      CFG_ONE_OF("utf-8 iso-8859-1 iso-8859-15 windows-1252"), "utf-8",        \
      "Character set of HL7v2 senders that leave MSH-18 empty.")               \
    X(authority, "authority", TEXT, CFG_BETWEEN(0, 199), "",                   \
      "Assigning authority of patient identifiers that name none. Empty: "     \
      "the sending application and facility stand in for it.")                 \
    X(languages, "languages", TEXTS, CFG_BETWEEN(1, 32), "en",                 \
      "Languages of suggestions, the preferred one first (BCP 47 tags).")      \
    X(workers, "workers", INT, CFG_BETWEEN(0, 256), "0",                       \
      "Threads that read messages and compute. 0: one for each core.")         \
    X(stage, "stage", ENUM, CFG_ONE_OF("off shadow trial live"), "shadow",     \
      "How far suggestions go. In shadow they are computed and stored, and "   \
      "shown to no one but the console's reviewers.")                          \
    X(sensitive_clinician, "sensitive.clinician", TEXTS, CFG_BETWEEN(0, 8),    \
      "",                                                                      \
      "Confidential records that may be used for what clinicians are told: "   \
      "substance-use, psychiatry, hiv, sexual-health, adolescent, genetic, "   \
      "and restricted, for those that do not say why. Others, and what is "    \
      "very restricted, are left out everywhere. Empty: all are left out.")    \
    X(sensitive_nurse, "sensitive.nurse", TEXTS, CFG_BETWEEN(0, 8), "",        \
      "The same, for what nurses are told.")                                   \
    X(sensitive_planner, "sensitive.planner", TEXTS, CFG_BETWEEN(0, 8), "",    \
      "The same, for what planners are told.")                                 \
    X(sensitive_patient, "sensitive.patient", TEXTS, CFG_BETWEEN(0, 8), "",    \
      "The same, for what patients are told.")                                 \
    X(sensitive_vip, "sensitive.vip", ENUM, CFG_ONE_OF("hold usual"), "hold",  \
      "Patients who are marked as VIP, employee or protected. hold: nothing "  \
      "about them goes to planners or through the outbox.")                    \
    X(trusted_senders, "trusted_senders", TEXTS, CFG_BETWEEN(0, 64), "",       \
      "Whose birth date and sex count where senders disagree, the most "       \
      "trusted first: APPLICATION|FACILITY of HL7v2, the address of a FHIR "   \
      "server. Where none of them says it, what depends on it is not said.")   \
    X(clock, "clock", ENUM, CFG_ONE_OF("system messages"), "system",           \
      "What the present is when suggestions are made: this machine's clock, "  \
      "or, to replay old messages, the time that the message itself says. "    \
      "Production takes the machine's.")                                       \
    X(names_url, "names", URL, CFG_ANY, "",                                    \
      "Address before the names that are made here, of messages, models and "  \
      "topics. Empty: urn:x-anamnesis: and the tenant.")                       \
    X(codes_path, "tables.codes", PATH, CFG_BETWEEN(0, 4095), "",              \
      "Table of what local codes mean (local-codes.tsv). Empty: none.")        \
    X(maps, "tables.maps", PATHS, CFG_BETWEEN(0, 64), "",                      \
      "Further files of what codes mean, after tables.codes: such tables, "    \
      "or FHIR R4 ConceptMaps. The first file that has a code decides. What "  \
      "it means is looked up in all of them, too, to the end.")                \
    X(authorities_path, "tables.authorities", PATH, CFG_BETWEEN(0, 4095), "",  \
      "Table of the names of one assigning authority. Empty: none.")           \
    X(model_path, "model.path", PATH, CFG_BETWEEN(0, 4095), "",                \
      "Folder of the model package. Empty: the demonstrator that comes with "  \
      "the program.")                                                          \
    X(model_keys_path, "model.keys", PATH, CFG_BETWEEN(0, 4095), "",           \
      "File of the public keys whose models may speak here. Empty: that of "   \
      "the demonstrator.")                                                     \
    X(model_cache_bytes, "model.cache", SIZE,                                  \
      CFG_BETWEEN(0, INT64_C(1) << 40), "128MiB",                              \
      "Memory for what was computed of the records that were asked about "     \
      "last, so that a new event costs itself. It changes no risk. 0: none.")  \
    X(outcomes_path, "outcomes", PATH, CFG_BETWEEN(0, 4095), "",               \
      "Folder of the outcomes that are asked about. Empty: those that come "   \
      "with the program.")                                                     \
    X(store_path, "store.path", PATH, CFG_BETWEEN(1, 4095),                    \
      "/var/lib/anamnesis/store.db",                                           \
      "File of the store. Its folder must be writable.")                       \
    X(store_group_max, "store.group_max", INT, CFG_BETWEEN(1, 4096), "128",    \
      "Most messages that share one commit.")                                  \
    X(store_upgrade_copy, "store.upgrade_copy", BOOL, CFG_ANY, "true",         \
      "Copy a store of an older version, to its name with .before-N.bak, "     \
      "before this program changes its tables. The copy is kept until you "    \
      "remove it.")                                                            \
    X(store_key_file, "store.key_file", PATH, CFG_BETWEEN(0, 4095), "",        \
      "File of the keys that seal what the store holds of patients: 32 "       \
      "bytes, "                                                                \
      "or lines of 64 hex digits, the newest first; mode 0600. SIGHUP "        \
      "reads it again. Empty: the store is not encrypted.")                    \
    X(store_keep_raw_ms, "store.retention.raw", DURATION,                      \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "0s",                              \
      "How long the bytes of messages are kept; what was read in them stays. " \
      "0s: for ever.")                                                         \
    X(store_keep_events_ms, "store.retention.events", DURATION,                \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "0s",                              \
      "How long what was read in messages is kept: no shorter than their "     \
      "bytes, which say it too. Consents, and who is who, are kept until "     \
      "the patient is erased. 0s: for ever.")                                  \
    X(store_keep_said_ms, "store.retention.suggestions", DURATION,             \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "0s",                              \
      "How long suggestions are kept after a newer one took their place. "     \
      "0s: for ever.")                                                         \
    X(grace_ms, "listen.grace", DURATION, CFG_BETWEEN(0, CFG_A_DAY_MS), "10s", \
      "When it is told to stop: time for what has begun to arrive, and for "   \
      "its answers. A second signal ends it at once.")                         \
    X(senders, "listen.senders", TEXTS, CFG_BETWEEN(0, 256), "",               \
      "Whose HL7v2 messages are taken: \"APPLICATION|FACILITY\" as in MSH-3 "  \
      "and MSH-4, * for any. Others are answered AR. Empty: everybody's.")     \
    X(tls_certificate_file, "listen.tls.certificate_file", PATH,               \
      CFG_BETWEEN(0, 4095), "",                                                \
      "File of the server's certificate and its chain, its own first, in "     \
      "PEM. "                                                                  \
      "SIGHUP reads this file and the next three again.")                      \
    X(tls_key_file, "listen.tls.key_file", PATH, CFG_BETWEEN(0, 4095), "",     \
      "File of its private key, in PEM, without a password.")                  \
    X(tls_ca_file, "listen.tls.ca_file", PATH, CFG_BETWEEN(0, 4095), "",       \
      "File of the authorities that sign for clients, in PEM.")                \
    X(tls_crl_file, "listen.tls.crl_file", PATH, CFG_BETWEEN(0, 4095), "",     \
      "File of their revocation lists, in PEM; one past its next update "      \
      "refuses everybody. Empty: none.")                                       \
    X(tls_client, "listen.tls.client_certificate", ENUM,                       \
      CFG_ONE_OF("none optional required"), "none",                            \
      "Whether a client has to show a certificate. optional: a wrong one is "  \
      "refused, none is not.")                                                 \
    X(tls_priorities, "listen.tls.priorities", TEXT, CFG_BETWEEN(1, 400),      \
      "NORMAL",                                                                \
      "Ciphers and the like, as gnutls_priority_init(3) takes them. Nothing "  \
      "in it allows a version before TLS 1.2.")                                \
    X(mllp_address, "listen.mllp.address", ADDRESS, CFG_ANY, "127.0.0.1:2575", \
      "Where HL7v2 arrives over MLLP. Empty: nowhere.")                        \
    X(mllp_tls, "listen.mllp.tls", BOOL, CFG_ANY, "false",                     \
      "MLLP over TLS, with the keys of listen.tls. Then no sender without it " \
      "is served.")                                                            \
    X(mllp_max_frame_bytes, "listen.mllp.max_frame", SIZE,                     \
      CFG_BETWEEN(1024, 1 << 30), "16MiB",                                     \
      "Longest message; a longer one is refused and its connection closed.")   \
    X(mllp_max_pending_bytes, "listen.mllp.max_pending", SIZE,                 \
      CFG_BETWEEN(0, INT64_C(1) << 40), "0",                                   \
      "Memory for messages that are still arriving, of all connections "       \
      "together, beyond 128KiB of each. One that would grow over it is "       \
      "refused and its connection closed. 0: four times max_frame.")           \
    X(mllp_max_connections, "listen.mllp.max_connections", INT,                \
      CFG_BETWEEN(1, 65536), "256",                                            \
      "Most senders connected at a time; one more is turned away.")            \
    X(mllp_max_per_peer, "listen.mllp.max_per_peer", INT,                      \
      CFG_BETWEEN(0, 65536), "0",                                              \
      "Most connections of one address at a time. 0: as many as there may "    \
      "be.")                                                                   \
    X(mllp_peers, "listen.mllp.peers", TEXTS, CFG_BETWEEN(0, 256), "",         \
      "Addresses and networks that may connect, such as 10.0.0.0/8. Empty: "   \
      "all.")                                                                  \
    X(mllp_handshake_ms, "listen.mllp.timeout.handshake", DURATION,            \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "10s", "Time for a TLS handshake.")       \
    X(mllp_idle_ms, "listen.mllp.timeout.idle", DURATION,                      \
      CFG_BETWEEN(0, 30 * CFG_A_DAY_MS), "0s",                                 \
      "Silence between two messages after which a connection is closed. "      \
      "0s: never.")                                                            \
    X(mllp_frame_ms, "listen.mllp.timeout.frame", DURATION,                    \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "1m",                                     \
      "Time for a message to arrive whole once it has begun.")                 \
    X(mllp_answer_ms, "listen.mllp.timeout.answer", DURATION,                  \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "30s",                                    \
      "Time for the acknowledgement to be ready; then the connection is "      \
      "closed without one, so that the sender repeats the message.")           \
    X(mllp_write_ms, "listen.mllp.timeout.write", DURATION,                    \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "30s",                                    \
      "Time for the sender to take its acknowledgement.")                      \
    X(http_address, "listen.http.address", ADDRESS, CFG_ANY, "127.0.0.1:8080", \
      "Where HTTP is served. Empty: nowhere.")                                 \
    X(http_tls, "listen.http.tls", BOOL, CFG_ANY, "false",                     \
      "HTTPS, with the keys of listen.tls. A client whose certificate is "     \
      "wrong, or missing where one is required, gets status 403.")             \
    X(http_max_body_bytes, "listen.http.max_body", SIZE,                       \
      CFG_BETWEEN(1024, 1 << 30), "16MiB",                                     \
      "Longest request body; a longer one gets status 413.")                   \
    X(http_max_connections, "listen.http.max_connections", INT,                \
      CFG_BETWEEN(1, 65536), "256", "Most HTTP connections at a time.")        \
    X(http_max_per_peer, "listen.http.max_per_peer", INT,                      \
      CFG_BETWEEN(0, 65536), "0",                                              \
      "Most HTTP connections of one address at a time. 0: as many as there "   \
      "may be.")                                                               \
    X(http_rate, "listen.http.rate", INT, CFG_BETWEEN(0, 1000000), "0",        \
      "Requests of one address in a second, on average; of IPv6 of one /64. "  \
      "More get status 429 and how long to wait. 0: as many as come.")         \
    X(http_burst, "listen.http.burst", INT, CFG_BETWEEN(1, 1000000), "100",    \
      "Requests that it may make at once before listen.http.rate counts.")     \
    X(http_peers, "listen.http.peers", TEXTS, CFG_BETWEEN(0, 256), "",         \
      "Addresses and networks that may connect over HTTP. Empty: all.")        \
    X(http_timeout_ms, "listen.http.timeout", DURATION,                        \
      CFG_BETWEEN(1000, CFG_A_DAY_MS), "30s",                                  \
      "Silence after which a connection is closed, and the time for a "        \
      "request body to arrive. Whole seconds.")                                \
    X(socket_path, "listen.socket.path", PATH, CFG_BETWEEN(0, 107), "",        \
      "Unix socket where hosts that have loaded libanamnesis-helper.so are "   \
      "served. Empty: none.")                                                  \
    X(socket_group, "listen.socket.group", TEXT, CFG_BETWEEN(0, 64), "",       \
      "Group whose members may connect there, beside the server's own user. "  \
      "Empty: that user only.")                                                \
    X(socket_max_connections, "listen.socket.max_connections", INT,            \
      CFG_BETWEEN(1, 4096), "256", "Most connections there at a time.")        \
    X(socket_timeout_ms, "listen.socket.timeout", DURATION,                    \
      CFG_BETWEEN(100, CFG_A_DAY_MS), "10s",                                   \
      "Time for a question to arrive whole once it has begun, and for a host " \
      "to take its answer.")                                                   \
    X(folder_path, "listen.folder.path", PATH, CFG_BETWEEN(0, 4000), "",       \
      "Folder whose files are taken: HL7v2 messages and batches, FHIR. "       \
      "Empty: none.")                                                          \
    X(folder_pattern, "listen.folder.pattern", TEXT, CFG_BETWEEN(1, 255),      \
      "*.hl7", "Which of its files, as a shell would match their names.")      \
    X(folder_done, "listen.folder.done", PATH, CFG_BETWEEN(0, 4000), "",       \
      "Folder for files that were taken, on the same file system. Empty: "     \
      "done in that folder.")                                                  \
    X(folder_failed, "listen.folder.failed", PATH, CFG_BETWEEN(0, 4000), "",   \
      "Folder for files of which something was refused, with a report. "       \
      "Empty: failed in that folder.")                                         \
    X(folder_poll_ms, "listen.folder.poll", DURATION,                          \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "2s", "How often it is looked through.")  \
    X(folder_settle_ms, "listen.folder.settle", DURATION,                      \
      CFG_BETWEEN(0, CFG_A_DAY_MS), "5s",                                      \
      "How long a file must not have changed to be taken for whole. 0s: "      \
      "files are renamed into the folder when they are.")                      \
    X(folder_max_file_bytes, "listen.folder.max_file", SIZE,                   \
      CFG_BETWEEN(1024, INT64_C(4) << 30), "256MiB",                           \
      "Longest file, which is read into memory; a longer one is refused.")     \
    X(folder_acknowledge, "listen.folder.acknowledge", BOOL, CFG_ANY, "false", \
      "Leave the acknowledgements as a batch in a file beside the moved one, " \
      "its name with .ack.")                                                   \
    X(fhir_url, "fhir.url", URL, CFG_ANY, "",                                  \
      "Base address of the FHIR server that we read from: what its "           \
      "subscriptions name, and exports. Empty: none.")                         \
    X(fhir_token_file, "fhir.token_file", PATH, CFG_BETWEEN(0, 4095), "",      \
      "File with the bearer token for that server. Empty: none is sent.")      \
    X(fhir_timeout_ms, "fhir.timeout", DURATION, CFG_BETWEEN(100, 600000),     \
      "30s", "Time for one answer; of a file, the longest silence in it.")     \
    X(fhir_max_answer_bytes, "fhir.max_answer", SIZE,                          \
      CFG_BETWEEN(1024, 1 << 30), "16MiB",                                     \
      "Longest answer that is taken; files of an export may be longer.")       \
    X(fhir_retry_first_ms, "fhir.retry_first", DURATION,                       \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "2s",                                     \
      "Pause before an export asks again, where the server names none; it "    \
      "doubles each time.")                                                    \
    X(fhir_retry_max_ms, "fhir.retry_max", DURATION,                           \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "2m", "Longest such pause.")              \
    X(fhir_patience_ms, "fhir.patience", DURATION,                             \
      CFG_BETWEEN(1000, 7 * CFG_A_DAY_MS), "1h",                               \
      "Time without any good answer after which an export stops; it can be "   \
      "gone on with.")                                                         \
    X(subscriptions, "subscriptions.of", TEXTS, CFG_BETWEEN(0, 64), "",        \
      "What we are told of by that server: NAME=CRITERIA, such as "            \
      "results=Observation?category=laboratory; in the R5 backport the "       \
      "address of a topic, a blank, and a filter within it.")                  \
    X(subscriptions_secret_file, "subscriptions.secret_file", PATH,            \
      CFG_BETWEEN(0, 4095), "",                                                \
      "File with the bearer token that a notification must bring. Empty: "     \
      "none is asked for.")                                                    \
    X(feeds_watch, "feeds.watch", BOOL, CFG_ANY, "true",                       \
      "Watch over those who send: who falls silent, whose messages are "       \
      "missing or late.")                                                      \
    X(feeds_factor, "feeds.factor", INT, CFG_BETWEEN(1, 100), "3",             \
      "How many times the silence that is usual at that hour is too long.")    \
    X(feeds_silence, "feeds.silence", TEXTS, CFG_BETWEEN(0, 256), "",          \
      "Longest silence of single feeds, in place of what was learnt: "         \
      "SENDER=15m, such as EHR|HOSP=15m; SENDER=off does not watch it.")       \
    X(feeds_backlog_ms, "feeds.backlog", DURATION,                             \
      CFG_BETWEEN(0, 30 * CFG_A_DAY_MS), "15m",                                \
      "How much older than usual messages may be when they come. 0s: any.")    \
    X(feeds_when_stale, "feeds.when_stale", ENUM, CFG_ONE_OF("say abstain"),   \
      "say",                                                                   \
      "What suggestions do while a feed is silent, late or has gaps: say "     \
      "through when there are data, or give no estimate.")                     \
    X(cds_max_cards, "cds.max_cards", INT, CFG_BETWEEN(1, 50), "5",            \
      "Most cards in the answer to one CDS Hooks call.")                       \
    X(cds_service_cards, "cds.service_cards", TEXTS, CFG_BETWEEN(0, 16), "",   \
      "The same of single services, in place of cds.max_cards: SERVICE=N, "    \
      "such as anamnesis-patient-view=3.")                                     \
    X(quiet_admitted_ms, "cds.quiet.admitted", DURATION,                       \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "1d",                              \
      "How long after a card of an inpatient the same is not shown again: "    \
      "of the same outcome, resting on the same. 0s: it is.")                  \
    X(quiet_otherwise_ms, "cds.quiet.otherwise", DURATION,                     \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "90d",                             \
      "The same of patients who are not admitted.")                            \
    X(quiet_accepted_ms, "cds.quiet.accepted", DURATION,                       \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "180d",                            \
      "The same after somebody accepted it, where that is longer.")            \
    X(quiet_done_ms, "cds.quiet.done", DURATION,                               \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "180d",                            \
      "The same after it was overridden as known or done already.")            \
    X(quiet_not_applicable_ms, "cds.quiet.not_applicable", DURATION,           \
      CFG_BETWEEN(0, 36500 * CFG_A_DAY_MS), "365d",                            \
      "The same after it was overridden as not applying to the patient.")      \
    X(quiet_rise, "cds.quiet.rise", INT, CFG_BETWEEN(0, 100), "10",            \
      "By how many points of per cent a risk must have risen since to be "     \
      "shown again at once. 0: only by a band.")                               \
    X(quiet_bands, "cds.quiet.bands", TEXTS, CFG_BETWEEN(0, 16),               \
      "5 10 20 30 50",                                                         \
      "Risks in per cent, growing: one that has reached the next of them "     \
      "since is shown again at once.")                                         \
    X(cds_services, "cds.services", TEXTS, CFG_BETWEEN(0, 6),                  \
      "patient-view order-select order-sign encounter-start "                  \
      "encounter-discharge appointment-book",                                  \
      "Hooks that are served. Those left out are not offered, and calling "    \
      "their service is answered with 404.")                                   \
    X(cds_deadline_ms, "cds.deadline", DURATION, CFG_BETWEEN(1, 600000),       \
      "500ms",                                                                 \
      "Longest that a call waits. Then there are no cards, and what is "       \
      "thought is kept.")                                                      \
    X(cds_page_url, "cds.page", URL, CFG_ANY, "",                              \
      "Page of the site about these cards. Each names it as its source and "   \
      "links to it, with #TOPIC behind it. Empty: no link.")                   \
    X(cds_icon_url, "cds.icon", URL, CFG_ANY, "",                              \
      "Icon of that source, a PNG of 100 by 100 pixels. Empty: none.")         \
    X(cds_smart_url, "cds.smart_url", URL, CFG_ANY, "",                        \
      "Launch address of a SMART app that cards link to. Empty: no link.")     \
    X(cds_clients_path, "cds.clients", PATH, CFG_BETWEEN(0, 4095), "",         \
      "File of the CDS clients that may call, with their keys: a list of "     \
      "issuer, jwks and tenants. Empty: no token is asked for, and only this " \
      "machine may call.")                                                     \
    X(cds_url, "cds.url", URL, CFG_ANY, "",                                    \
      "Address that those clients know us by, before /cds-services: their "    \
      "tokens must be made out to it.")                                        \
    X(cds_open, "cds.open", BOOL, CFG_ANY, "false",                            \
      "Without cds.clients: anybody may call whom the listener lets in.")      \
    X(cds_keys_outage_ms, "cds.keys_outage", DURATION,                         \
      CFG_BETWEEN(0, 30 * CFG_A_DAY_MS), "1d",                                 \
      "How long a client's keys count after their time when they cannot be "   \
      "fetched again.")                                                        \
    X(cds_origins, "cds.origins", TEXTS, CFG_BETWEEN(0, 64), "",               \
      "Origins of browsers' pages that may read the answers, such as "         \
      "https://ehr.example.org; * for any. Empty: none.")                      \
    X(cds_fhir_servers, "cds.fhir_servers", TEXTS, CFG_BETWEEN(0, 64), "",     \
      "Base addresses of clients' FHIR servers from which what was not "       \
      "prefetched is read, with the token of the call. Production takes "      \
      "https alone. Empty: none.")                                             \
    X(cds_fetch_timeout_ms, "cds.fetch_timeout", DURATION,                     \
      CFG_BETWEEN(100, 60000), "2s",                                           \
      "Time for all that is read there for one call, and for a client's "      \
      "keys.")                                                                 \
    X(outbox_url, "outbox.url", URL, CFG_ANY, "",                              \
      "Base address of the FHIR server that receives suggestions. Empty: "     \
      "they stay in the store.")                                               \
    X(outbox_token_file, "outbox.token_file", PATH, CFG_BETWEEN(0, 4095), "",  \
      "File with the bearer token for that server. Empty: none is sent.")      \
    X(outbox_mode, "outbox.mode", ENUM, CFG_ONE_OF("put post auto"), "put",    \
      "How that server is written to. put: under ids of ours. post: created "  \
      "once by identifier, for one that makes the ids. auto: as its "          \
      "CapabilityStatement says, without transactions too.")                   \
    X(outbox_versions, "outbox.versions", BOOL, CFG_ANY, "true",               \
      "Replace only the version that the server last answered, and leave "     \
      "alone what somebody else has changed. false: for a server without "     \
      "versions.")                                                             \
    X(outbox_auth, "outbox.auth", ENUM, CFG_ONE_OF("none token_file smart"),   \
      "token_file",                                                            \
      "Where the bearer token comes from. smart: SMART Backend Services, by "  \
      "outbox.client_id and outbox.client_key.")                               \
    X(outbox_client_id, "outbox.client_id", TEXT, CFG_BETWEEN(0, 255), "",     \
      "What that server's authorization knows us as.")                         \
    X(outbox_client_key, "outbox.client_key", PATH, CFG_BETWEEN(0, 4095), "",  \
      "File of our private keys, PEM, RSA from 2048 bits or EC P-384, the "    \
      "one that signs first; mode 0600. It is read for each token.")           \
    X(outbox_token_url, "outbox.token_url", URL, CFG_ANY, "",                  \
      "Where tokens are asked for. Empty: as the server's "                    \
      ".well-known/smart-configuration says.")                                 \
    X(outbox_scope, "outbox.scope", TEXT, CFG_BETWEEN(1, 1023),                \
      "system/Device.cru system/RiskAssessment.cru system/Observation.cru "    \
      "system/DocumentReference.cru system/Provenance.crus system/Patient.s",  \
      "What a token is asked for.")                                            \
    X(outbox_is_test_target, "outbox.test_target", BOOL, CFG_ANY, "false",     \
      "The receiving server holds invented patients only; demo writes to no "  \
      "other.")                                                                \
    X(outbox_probability, "outbox.probability", ENUM,                          \
      CFG_ONE_OF("fraction percent interval"), "fraction",                     \
      "How that server reads a probability: 0.23, 23, or a range in per "      \
      "cent.")                                                                 \
    X(outbox_resources, "outbox.resources", TEXTS,                             \
      CFG_SOME_OF("RiskAssessment Observation DocumentReference "              \
                  "DetectedIssue ClinicalImpression Composition Task "         \
                  "CommunicationRequest GuidanceResponse AuditEvent "          \
                  "ModelCard"),                                                \
      "RiskAssessment Observation DocumentReference",                          \
      "What that server gets; Device and Provenance go along. "                \
      "ClinicalImpression takes the place of the differential's "              \
      "RiskAssessment; DetectedIssue is for dosing notes; Composition stands " \
      "beside a summary; Task and CommunicationRequest say that a text waits " \
      "for its release.")                                                      \
    X(outbox_ai_transparency, "outbox.ai_transparency", BOOL, CFG_ANY, "true", \
      "Say what HL7's AI Transparency on FHIR adds as extensions; false for "  \
      "a server that refuses those it does not know.")                         \
    X(outbox_flags, "outbox.flags", TEXTS, CFG_BETWEEN(0, 64), "",             \
      "Outcomes that make a Flag from a probability on, which ends with "      \
      "their time: \"OUTCOME 0.2\".")                                          \
    X(outbox_proposals, "outbox.proposals", TEXTS, CFG_BETWEEN(0, 64), "",     \
      "Outcomes that make a draft of a ServiceRequest from a probability on: " \
      "\"OUTCOME 0.2 SYSTEM|CODE WORDS\".")                                    \
    X(outbox_signing_key_file, "outbox.signing_key_file", PATH,                \
      CFG_BETWEEN(0, 4095), "",                                                \
      "File with the private key, PEM, EC on P-384 or RSA, mode 0600, that "   \
      "signs each Provenance. Empty: none is signed.")                         \
    X(outbox_timeout_ms, "outbox.timeout", DURATION, CFG_BETWEEN(100, 600000), \
      "30s", "Time for one delivery.")                                         \
    X(outbox_retry_first_ms, "outbox.retry_first", DURATION,                   \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "1s",                                     \
      "Pause before the first repetition; it doubles each time.")              \
    X(outbox_retry_max_ms, "outbox.retry_max", DURATION,                       \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "5m", "Longest pause.")                   \
    X(hl7_out_address, "hl7_out.address", ADDRESS, CFG_ANY, "",                \
      "host:port of the MLLP receiver of results and documents (ORU, MDM). "   \
      "Empty: none are made.")                                                 \
    X(hl7_out_fields, "hl7_out.fields", PATH, CFG_BETWEEN(0, 4095), "",        \
      "How that receiver names and places things (hl7-out.yaml). Empty: as "   \
      "there.")                                                                \
    X(hl7_out_is_test_target, "hl7_out.test_target", BOOL, CFG_ANY, "false",   \
      "That receiver holds invented patients only; demo writes to no other.")  \
    X(hl7_out_tls, "hl7_out.tls", BOOL, CFG_ANY, "false",                      \
      "Speak TLS with it.")                                                    \
    X(hl7_out_ca_file, "hl7_out.ca_file", PATH, CFG_BETWEEN(0, 4095), "",      \
      "Certificates of who signs for it (PEM). Empty: those whom the system "  \
      "trusts.")                                                               \
    X(hl7_out_certificate_file, "hl7_out.certificate_file", PATH,              \
      CFG_BETWEEN(0, 4095), "",                                                \
      "Our certificate for it, then its chain (PEM). Empty: none.")            \
    X(hl7_out_key_file, "hl7_out.key_file", PATH, CFG_BETWEEN(0, 4095), "",    \
      "Its private key (PEM), without a password.")                            \
    X(hl7_out_timeout_ms, "hl7_out.timeout", DURATION,                         \
      CFG_BETWEEN(100, 600000), "30s", "Time for one acknowledgement.")        \
    X(hl7_out_retry_first_ms, "hl7_out.retry_first", DURATION,                 \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "1s",                                     \
      "Pause before the first repetition; it doubles each time.")              \
    X(hl7_out_retry_max_ms, "hl7_out.retry_max", DURATION,                     \
      CFG_BETWEEN(10, CFG_A_DAY_MS), "5m", "Longest pause.")                   \
    X(hl7_out_errors, "hl7_out.errors", INT, CFG_BETWEEN(1, 10000), "20",      \
      "After so many errors (AE, CE) a message is given up; a reject (AR, "    \
      "CR) is final.")                                                         \
    X(log_level, "log.level", ENUM, CFG_ONE_OF("debug info warn error"),       \
      "info", "The least important events that are logged.")                   \
    X(log_format, "log.format", ENUM, CFG_ONE_OF("json logfmt"), "json",       \
      "Form of a log line.")

enum cfg_option_id {
#define X(member, key, type, range, def, help) CFG_OPT_##member,
    CFG_OPTIONS(X)
#undef X
        CFG_N_OPTIONS
};

#define CFG_MEMBER_BOOL bool
#define CFG_MEMBER_INT int64_t
#define CFG_MEMBER_DURATION int64_t
#define CFG_MEMBER_SIZE int64_t
#define CFG_MEMBER_ENUM int
#define CFG_MEMBER_TEXT struct an_str
#define CFG_MEMBER_PATH struct an_str
#define CFG_MEMBER_URL struct an_str
#define CFG_MEMBER_ADDRESS struct cfg_address
#define CFG_MEMBER_TEXTS struct cfg_texts
#define CFG_MEMBER_PATHS struct cfg_texts

struct cfg_options {
#define X(member, key, type, range, def, help) CFG_MEMBER_##type member;
    CFG_OPTIONS(X)
#undef X
    uint32_t line[CFG_N_OPTIONS]; /* where it was said; 0: the default */
};

/* A row of the list. */
struct cfg_option {
    const char *key;
    enum cfg_type type;
    int64_t min, max;
    const char *choices; /* of an enum, or of the items of a list (NULL: any),
                            separated by one blank */
    const char *def;     /* as it would stand in the file, without quotes */
    const char *help;
    size_t offset; /* of the member in struct cfg_options */
};

extern const struct cfg_option cfg_option[CFG_N_OPTIONS];

struct cfg_problem {
    uint32_t line, column;
    struct an_str text; /* names known keys only, never bytes of the file */
    struct cfg_problem *next;
};

/* In the order of the file, at most CFG_PROBLEMS of them. */
struct cfg_problems {
    struct cfg_problem *first, *last;
    size_t n;
};

enum { CFG_PROBLEMS = 50 };

enum an_code cfg_options_default(struct an_arena *arena, struct cfg_options *o,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* Read the file's bytes; what it leaves out has its default.  Every problem is
 * found in one pass.  Fails with the first one's code, text and place in *err;
 * *o is then not to be used. */
enum an_code cfg_options_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct cfg_options *o,
                              struct cfg_problems *problems, struct an_err *err)
    __attribute__((warn_unused_result));

/* "a duration from 10ms to 1d, such as 30s": what an option takes. */
void cfg_option_put_expected(struct an_buf *b, const struct cfg_option *option);

enum cfg_comment {
    CFG_WITH_HELP,  /* each option with its help: the default file */
    CFG_WITH_ORIGIN /* each with where it was set: `anamnesis check` */
};

/* The values as a file that reads back to the same values. */
void cfg_options_put(struct an_buf *b, const struct cfg_options *o,
                     enum cfg_comment comment);

#endif
