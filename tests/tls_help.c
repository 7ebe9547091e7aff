/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls_help.h"

#include "tests/folder.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct test_folder folder;
static gnutls_x509_privkey_t key[TLS_N_WHO];
static gnutls_x509_crt_t crt[TLS_N_WHO];

static const struct {
    const char *name, *common, *dns;
    enum tls_who signer;
    int from_days, to_days;
    const char *use;
} who[TLS_N_WHO] = {
    [TLS_HOSPITAL] = {"hospital", "Invented Hospital CA", NULL, TLS_HOSPITAL,
                      -9, 9, NULL},
    [TLS_STRANGER] = {"stranger", "Somebody Else's CA", NULL, TLS_STRANGER, -9,
                      9, NULL},
    [TLS_SERVER] = {"server", "localhost", "localhost", TLS_HOSPITAL, -1, 1,
                    GNUTLS_KP_TLS_WWW_SERVER},
    [TLS_RENEWED] = {"renewed", "localhost", "localhost", TLS_HOSPITAL, -1, 8,
                     GNUTLS_KP_TLS_WWW_SERVER},
    [TLS_LAB] = {"lab", "not this one", "lab.example", TLS_HOSPITAL, -1, 1,
                 GNUTLS_KP_TLS_WWW_CLIENT},
    [TLS_NAMED] = {"named", "Ward 7", NULL, TLS_HOSPITAL, -1, 1,
                   GNUTLS_KP_TLS_WWW_CLIENT},
    [TLS_EXPIRED] = {"expired", "old", "old.example", TLS_HOSPITAL, -3, -1,
                     GNUTLS_KP_TLS_WWW_CLIENT},
    [TLS_REVOKED] = {"revoked", "gone", "gone.example", TLS_HOSPITAL, -1, 1,
                     GNUTLS_KP_TLS_WWW_CLIENT},
    [TLS_FOREIGN] = {"foreign", "lab", "lab.example", TLS_STRANGER, -1, 1,
                     GNUTLS_KP_TLS_WWW_CLIENT},
    [TLS_SERVES] = {"serves", "srv", "srv.example", TLS_HOSPITAL, -1, 1,
                    GNUTLS_KP_TLS_WWW_SERVER},
};

/* Not Check's: the drill has no test about it. */
static void must(bool ok, int line)
{
    if (ok)
        return;
    (void)fprintf(stderr, "tests/tls_help.c:%d: failed\n", line);
    abort();
}

#define MUST(ok) must((ok), __LINE__)
#define OK(call) MUST((call) >= 0)

static time_t days(int n)
{
    return time(NULL) + (time_t)n * 86400;
}

const char *tls_file(enum tls_who one, const char *ending)
{
    static _Thread_local char path[16][TEST_PATH_BYTES];
    static _Thread_local int next;
    char *p = path[next++ % 16], name[64];

    snprintf(name, sizeof(name), "%s.%s", who[one].name, ending);
    test_folder_file(&folder, name, p);
    return p;
}

static void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "we");

    MUST(f != NULL);
    MUST(fwrite(p, 1, n, f) == n);
    MUST(fclose(f) == 0);
}

static void make_one(enum tls_who i)
{
    enum tls_who signer = who[i].signer;
    const uint8_t serial[] = {1, (uint8_t)(i + 1)};
    const uint8_t address[] = {127, 0, 0, 1};
    gnutls_datum_t pem;

    OK(gnutls_x509_privkey_init(&key[i]));
    OK(gnutls_x509_privkey_generate(
        key[i], GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    OK(gnutls_x509_crt_init(&crt[i]));
    OK(gnutls_x509_crt_set_version(crt[i], 3));
    OK(gnutls_x509_crt_set_serial(crt[i], serial, sizeof(serial)));
    OK(gnutls_x509_crt_set_activation_time(crt[i], days(who[i].from_days)));
    OK(gnutls_x509_crt_set_expiration_time(crt[i], days(who[i].to_days)));
    OK(gnutls_x509_crt_set_key(crt[i], key[i]));
    OK(gnutls_x509_crt_set_dn_by_oid(crt[i], GNUTLS_OID_X520_COMMON_NAME, 0,
                                     who[i].common,
                                     (unsigned)strlen(who[i].common)));
    OK(gnutls_x509_crt_set_basic_constraints(crt[i], signer == i, -1));
    OK(gnutls_x509_crt_set_key_usage(
        crt[i], signer == i ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
                            : GNUTLS_KEY_DIGITAL_SIGNATURE));
    if (who[i].dns)
        OK(gnutls_x509_crt_set_subject_alt_name(
            crt[i], GNUTLS_SAN_DNSNAME, who[i].dns,
            (unsigned)strlen(who[i].dns), GNUTLS_FSAN_APPEND));
    if (i == TLS_SERVER || i == TLS_RENEWED)
        OK(gnutls_x509_crt_set_subject_alt_name(crt[i], GNUTLS_SAN_IPADDRESS,
                                                address, sizeof(address),
                                                GNUTLS_FSAN_APPEND));
    if (who[i].use)
        OK(gnutls_x509_crt_set_key_purpose_oid(crt[i], who[i].use, 0));
    OK(gnutls_x509_crt_sign2(crt[i], crt[signer], key[signer],
                             GNUTLS_DIG_SHA256, 0));
    OK(gnutls_x509_crt_export2(crt[i], GNUTLS_X509_FMT_PEM, &pem));
    write_file(tls_file(i, "pem"), pem.data, pem.size);
    gnutls_free(pem.data);
    OK(gnutls_x509_privkey_export2(key[i], GNUTLS_X509_FMT_PEM, &pem));
    write_file(tls_file(i, "key"), pem.data, pem.size);
    gnutls_free(pem.data);
}

static void make_list(void)
{
    gnutls_x509_crl_t crl;
    gnutls_datum_t pem;

    OK(gnutls_x509_crl_init(&crl));
    OK(gnutls_x509_crl_set_version(crl, 2));
    OK(gnutls_x509_crl_set_crt(crl, crt[TLS_REVOKED], days(-1)));
    OK(gnutls_x509_crl_set_this_update(crl, days(-1)));
    OK(gnutls_x509_crl_set_next_update(crl, days(5)));
    OK(gnutls_x509_crl_sign2(crl, crt[TLS_HOSPITAL], key[TLS_HOSPITAL],
                             GNUTLS_DIG_SHA256, 0));
    OK(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
    write_file(tls_file(TLS_HOSPITAL, "crl"), pem.data, pem.size);
    gnutls_free(pem.data);
    gnutls_x509_crl_deinit(crl);
}

void tls_use(const char *path)
{
    snprintf(folder.path, sizeof(folder.path), "%s", path);
}

enum tls_who tls_who(const char *name)
{
    for (int i = 0; i < TLS_N_WHO; i++)
        if (strcmp(who[i].name, name) == 0)
            return (enum tls_who)i;
    return TLS_NOBODY;
}

const char *tls_make(void)
{
    test_folder_make(&folder);
    for (int i = 0; i < TLS_N_WHO; i++)
        make_one((enum tls_who)i);
    make_list();
    return folder.path;
}

void tls_remove(void)
{
    for (int i = 0; i < TLS_N_WHO; i++) {
        gnutls_x509_crt_deinit(crt[i]);
        gnutls_x509_privkey_deinit(key[i]);
    }
    test_folder_drop(&folder);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[8192];
    FILE *f = fopen(from, "re");
    size_t n;

    MUST(f != NULL);
    n = fread(bytes, 1, sizeof(bytes), f);
    MUST(fclose(f) == 0);
    write_file(to, bytes, n);
}

void tls_replace(enum tls_who whose, enum tls_who by)
{
    copy_file(tls_file(by, "pem"), tls_file(whose, "pem"));
    copy_file(tls_file(by, "key"), tls_file(whose, "key"));
}

/* ---- the client ------------------------------------------------------------ */

static int connect_to(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct timeval limit = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    MUST(fd >= 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    MUST(connect(fd, (const struct sockaddr *)&in, sizeof(in)) == 0);
    return fd;
}

bool tls_connect(struct tls_client *c, uint16_t port, enum tls_who as,
                 const char *priorities)
{
    int rc;

    *c = (struct tls_client){.fd = connect_to(port)};
    OK(gnutls_certificate_allocate_credentials(&c->credentials));
    OK(gnutls_certificate_set_x509_trust_file(
        c->credentials, tls_file(TLS_HOSPITAL, "pem"), GNUTLS_X509_FMT_PEM));
    if (as != TLS_NOBODY)
        OK(gnutls_certificate_set_x509_key_file(
            c->credentials, tls_file(as, "pem"), tls_file(as, "key"),
            GNUTLS_X509_FMT_PEM));
    /* Show what one has, whomever the server would like to see. */
    OK(gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL |
                                    GNUTLS_FORCE_CLIENT_CERT));
    OK(gnutls_priority_set_direct(c->session,
                                  priorities ? priorities : "NORMAL", NULL));
    OK(gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE,
                              c->credentials));
    gnutls_session_set_verify_cert(c->session, "localhost", 0);
    gnutls_transport_set_int(c->session, c->fd);
    do
        rc = gnutls_handshake(c->session);
    while (rc < 0 && !gnutls_error_is_fatal(rc) && rc != GNUTLS_E_AGAIN);
    c->fault = rc;
    return rc == 0;
}

bool tls_send(struct tls_client *c, struct an_str bytes)
{
    while (bytes.n) {
        ssize_t n = gnutls_record_send(c->session, bytes.p, bytes.n);

        if (n <= 0)
            return false;
        bytes = an_str_sub(bytes, (size_t)n, bytes.n);
    }
    return true;
}

bool tls_expect_frame(struct tls_client *c, const char *want)
{
    char got[4096];
    size_t n = 0;

    while (n + 1 < sizeof(got) &&
           gnutls_record_recv(c->session, got + n, 1) == 1) {
        n++;
        if (n >= 2 && got[n - 2] == 0x1C && got[n - 1] == '\r')
            break;
    }
    return n == strlen(want) + 3 && got[0] == 0x0B &&
           memcmp(got + 1, want, strlen(want)) == 0;
}

bool tls_echoes(struct tls_client *c, const char *message, const char *want)
{
    return tls_send(c, AN_STR("\x0B")) && tls_send(c, an_str_c(message)) &&
           tls_send(c, AN_STR("\x1C\r")) && tls_expect_frame(c, want);
}

bool tls_is_closed(struct tls_client *c)
{
    char byte;

    return gnutls_record_recv(c->session, &byte, 1) == 0;
}

void tls_close(struct tls_client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->credentials);
    close(c->fd);
}
