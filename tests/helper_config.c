/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the helper's client: what is read, and where what is not
 * read is wrong. */
#include "plugin/helper/client_int.h"
#include "tests/abi_help.h"

#include <string.h>

Suite *helper_config_suite(void);

START_TEST(a_map_in_one_line_or_in_several_is_read)
{
    static const struct {
        const char *text, *socket;
        int64_t timeout_ms;
    } row[] = {
        {"helper: {socket: /run/a/s, timeout: 5s}\n", "/run/a/s", 5000},
        {"helper: {timeout: 250ms , socket: \"/run/a b/s\"}", "/run/a b/s",
         250},
        {"# ours\nhelper: # here\n  socket: /run/a/s # there\n\n"
         "  timeout: 2m\n",
         "/run/a/s", 120000},
        {"helper:\r\n  socket: '/it''s'\r\n", "/it's", 10000},
        {"helper: {\n  socket: /s,\n  timeout: 100ms\n}\n", "/s", 100},
        {"helper:\n  timeout: 1s\n  socket: \"/a\\\"b\\\\\"", "/a\"b\\", 1000},
    };
    struct client_config c;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct anamnesis_error e = {.struct_size = sizeof(e)};

        if (client_config_read(row[i].text, strlen(row[i].text), &c, &e))
            ck_abort_msg("row %zu: %s", i, e.text);
        ck_assert_str_eq(c.socket, row[i].socket);
        ck_assert_int_eq(c.timeout_ms, row[i].timeout_ms);
    }
}
END_TEST

START_TEST(what_is_wrong_is_told_with_its_place)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "helper.socket is missing"},
        {"# nothing\n", "configuration:2:1: helper.socket is missing"},
        {"helper: {timeout: 1s}", "configuration:1:1: helper.socket is"},
        {"stage: live\n", "configuration:1:1: this library reads helper: only"},
        {"helper: {socket: /s}\nstage: live\n", "configuration:2:1: this lib"},
        {"helper:\n  socket: /s\n  retries: 3\n",
         "configuration:3:3: helper has socket and timeout only"},
        {"helper: {socket: relative}", "configuration:1:10: helper.socket w"},
        {"helper: {socket: /s, socket: /s}", "configuration:1:22: helper.soc"},
        {"helper: {socket: /s, timeout: 5}", "configuration:1:22: helper.tim"},
        {"helper: {socket: /s, timeout: 1h}", "configuration:1:22: helper.ti"},
        {"helper: {socket: /s, timeout: 11m}", "configuration:1:22: helper.t"},
        {"helper: {socket: /s, timeout: 99999999999999999999s}",
         "helper.timeout wants"},
        {"helper: {socket: /s", "a comma or a closing brace is expected"},
        {"helper: {socket: \"/s", "a quoted text does not end"},
        {"helper: {socket: \"/\\n\"}", "only \\\" and \\\\ are read"},
        {"helper:\nsocket: /s\n", "configuration:2:1: helper.socket is exp"},
        {"helper:\n  socket: \"/s\" x\n", "the end of the line is expected"},
        {"helper: /s\n", "helper.socket is expected"},
        {"helper:{socket: /s}", "a blank is expected"},
        {"helper:\n\tsocket: /s", "helper.socket is expected"},
        {"helper: {socket: }", "a value is expected"},
        {"helper: {socket: &a /s}", "a value is expected"},
        {"{", "configuration:1:1: a key and a colon"},
    };
    struct client_config c;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct anamnesis_error e = {.struct_size = sizeof(e)};

        ck_assert_int_eq(
            client_config_read(row[i].text, strlen(row[i].text), &c, &e),
            ANAMNESIS_E_CONFIG);
        ck_assert_msg(strstr(e.text, row[i].says) != NULL, "row %zu: %s", i,
                      e.text);
    }
}
END_TEST

START_TEST(a_path_longer_than_an_address_and_a_nul_are_refused)
{
    char text[400] = "helper: {socket: /";
    struct client_config c;

    memset(text + strlen(text), 'x', 106);
    strncat(text, "}", 2);
    ck_assert_int_eq(client_config_read(text, strlen(text), &c, NULL), 0);
    ck_assert_uint_eq(strlen(c.socket), 107);
    text[strlen(text) - 1] = 'x';
    strncat(text, "}", 2);
    ck_assert_int_eq(client_config_read(text, strlen(text), &c, NULL),
                     ANAMNESIS_E_CONFIG);
    ck_assert_int_eq(client_config_read("helper: {socket: /\0}", 20, &c, NULL),
                     ANAMNESIS_E_CONFIG);
}
END_TEST

/* Cut anywhere and with any one byte changed it is read or refused, and what is
 * read is within its bounds. */
START_TEST(no_text_leaves_the_bounds)
{
    static const char good[] =
        "# a\nhelper:\n  socket: \"/run/x\" # b\n  timeout: 10s\n";
    char text[sizeof(good)];
    struct client_config c;

    for (size_t at = 0; at < sizeof(good) - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            memcpy(text, good, sizeof(good));
            text[at] = (char)byte;
            for (size_t n = at + 1; n < sizeof(good); n += 7)
                if (client_config_read(text, n, &c, NULL) == ANAMNESIS_OK) {
                    ck_assert_int_eq(c.socket[0], '/');
                    ck_assert_uint_lt(strlen(c.socket), sizeof(c.socket));
                    ck_assert_int_ge(c.timeout_ms, 100);
                    ck_assert_int_le(c.timeout_ms, 600000);
                }
        }
}
END_TEST

Suite *helper_config_suite(void)
{
    const TTest *const tests[] = {
        a_map_in_one_line_or_in_several_is_read,
        what_is_wrong_is_told_with_its_place,
        a_path_longer_than_an_address_and_a_nul_are_refused,
        no_text_leaves_the_bounds,
    };

    return TEST_SUITE("helper/config", tests);
}
