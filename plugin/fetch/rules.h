/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every request that we make by libcurl, whoever makes it:
 * certificates are checked, nothing is followed, no signal is used, and to
 * connect and to answer take `timeout_ms` at most.
 *
 * Thread-safety: confined, as the handle is. */
#ifndef PLUGIN_FETCH_RULES_H
#define PLUGIN_FETCH_RULES_H

#include <curl/curl.h>
#include <stdbool.h>

enum { PL_CURL_CONNECT_MS = 10000 };

/* False when libcurl does not take one of them: then nothing is to be sent. */
static inline bool pl_curl_rules(CURL *c, long timeout_ms)
{
    long connect_ms =
        timeout_ms < PL_CURL_CONNECT_MS ? timeout_ms : PL_CURL_CONNECT_MS;

    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") ==
               CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "anamnesis") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) ==
               CURLE_OK;
}

#endif
