/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of libanamnesis-helper.so: engines that hand each call on to
 * `anamnesis serve`.
 *
 * A house is one configuration and the connections that came of it; engines of
 * the same bytes share it.  A call takes a connection nobody uses, or opens one;
 * a connection has one call at a time.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_HELPER_CLIENT_INT_H
#define PLUGIN_HELPER_CLIENT_INT_H

#include "plugin/anamnesis.h"
#include "plugin/helper/link.h"

#include <pthread.h>
#include <sys/un.h>

/* ---- client_config.c ---------------------------------------------------- */

enum { CLIENT_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) };

struct client_config {
    char socket[CLIENT_PATH_BYTES];
    int64_t timeout_ms; /* the longest that a call waits */
};

/* From `helper: {socket: PATH, timeout: 10s}`, in one line or several.
 * ANAMNESIS_E_CONFIG with line and column. */
anamnesis_status client_config_read(const char *text, size_t n,
                                    struct client_config *config,
                                    struct anamnesis_error *error);

/* ---- client_link.c ------------------------------------------------------ */

enum { CLIENT_LINKS = 64 };

struct client_house {
    struct client_house *next;
    char *key; /* the configuration's bytes */
    size_t n_key;
    unsigned n_engines;
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct client_config config;
    unsigned generation; /* counted up by a reload: older connections go */
    unsigned n_open, n_idle;
    int idle[CLIENT_LINKS];
    int64_t shut_until_ms; /* it hangs: nobody waits for it before that */
    bool is_lost;          /* as was last logged */
};

struct client_link {
    int fd;
    unsigned generation;
    bool was_idle;
};

/* A new connection that the server has welcomed.  E_UNAVAILABLE: nobody is
 * there, or does not answer; E_CONFIG: it may not be used by us; E_VERSION. */
anamnesis_status client_link_open(const struct client_config *config,
                                  int64_t until_ms, int *fd,
                                  struct anamnesis_error *error);
/* One for a call. */
anamnesis_status client_link_take(struct client_house *h, int64_t until_ms,
                                  struct client_link *link,
                                  struct anamnesis_error *error);
/* Back, when it can be used again; else it is closed. */
void client_link_give(struct client_house *h, const struct client_link *link,
                      bool is_good);
/* The server has not answered in time: for a second nobody waits for it. */
void client_link_shut(struct client_house *h);
/* Those that nobody uses are closed. */
void client_links_drop(struct client_house *h);

/* ---- client_call.c, client_engine.c ------------------------------------- */

struct anamnesis_engine {
    struct client_house *house;
    struct anamnesis_host host; /* a copy, in our size */
    struct anamnesis_host_cancel cancel;
};

anamnesis_status client_create(const struct anamnesis_host *host,
                               const char *config, size_t n,
                               struct anamnesis_engine **engine,
                               struct anamnesis_error *error);
anamnesis_status client_reload(struct anamnesis_engine *engine,
                               const char *config, size_t n,
                               struct anamnesis_error *error);
void client_destroy(struct anamnesis_engine *engine);

anamnesis_status client_process(struct anamnesis_engine *engine,
                                const struct anamnesis_message *message,
                                struct anamnesis_results **results,
                                struct anamnesis_error *error);
anamnesis_status client_status(struct anamnesis_engine *engine,
                               struct anamnesis_results **results,
                               struct anamnesis_error *error);
anamnesis_status client_drain(struct anamnesis_engine *engine,
                              uint32_t timeout_ms);
anamnesis_status client_chart_ask(struct anamnesis_engine *engine,
                                  const char *authority, const char *value,
                                  const char *user, uint32_t deadline_ms,
                                  struct anamnesis_results **results,
                                  struct anamnesis_error *error);

#endif
