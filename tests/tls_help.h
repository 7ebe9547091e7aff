/* SPDX-License-Identifier: Apache-2.0 */
/* Throw-away certificates, and a TLS client that checks what it meets. */
#ifndef TESTS_TLS_HELP_H
#define TESTS_TLS_HELP_H

#include "base/str.h"

#include <gnutls/gnutls.h>

/* Who is in the folder: NAME.pem is a certificate, NAME.key its key. */
enum tls_who {
    TLS_HOSPITAL, /* the authority that all trust; hospital.crl is its list */
    TLS_STRANGER, /* another one */
    TLS_SERVER,   /* 127.0.0.1, by the hospital */
    TLS_RENEWED,  /* the same, with another key */
    TLS_LAB,      /* a client, lab.example, by the hospital */
    TLS_NAMED,    /* a client without alternative names: "Ward 7" */
    TLS_EXPIRED,  /* a client whose time is over */
    TLS_REVOKED,  /* a client on the hospital's list */
    TLS_FOREIGN,  /* a client by the stranger, who calls it lab.example */
    TLS_SERVES,   /* by the hospital, but for servers only */
    TLS_N_WHO,
    TLS_NOBODY = -1
};

/* All of them in a new folder; its name. */
const char *tls_make(void);
/* One that was made before. */
void tls_use(const char *folder);
/* By the name in the folder; TLS_NOBODY for any other word. */
enum tls_who tls_who(const char *name);
void tls_remove(void);
/* "…/lab.pem" and the like; lives until the next 16 of its thread. */
const char *tls_file(enum tls_who who, const char *ending);
/* Copy one's certificate and key over those of another. */
void tls_replace(enum tls_who whose, enum tls_who by);

struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int fault; /* of the handshake; 0 is none */
};

/* Connect and shake hands, as that client (or TLS_NOBODY), trusting the
 * hospital.  `priorities` may be NULL.  Whether it succeeded. */
bool tls_connect(struct tls_client *c, uint16_t port, enum tls_who as,
                 const char *priorities);
/* Has the server let us in?  In TLS 1.3 a client hears of its refusal when it
 * reads; true when `frame` is what comes back for a frame. */
bool tls_echoes(struct tls_client *c, const char *message, const char *want);
bool tls_send(struct tls_client *c, struct an_str bytes);
/* The content of the next frame is `want`. */
bool tls_expect_frame(struct tls_client *c, const char *want);
bool tls_is_closed(struct tls_client *c);
void tls_close(struct tls_client *c);

#endif
