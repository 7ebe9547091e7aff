/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the tables of the manual pages in mdoc, from the tables in the code:
 *
 *     manual options    for man/anamnesis.yaml.5
 *     manual events     for man/anamnesis-events.7
 *     manual settings   for man/anamnesis-train.1
 *     manual card       for the same */
#include "base/log.h"
#include "config/options.h"
#include "trainer/fit/settings.h"
#include "trainer/package/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new line for each sentence, as mdoc wants; backslashes stay themselves. */
static void print_text(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_end = s.p[i] == ' ' && i > 0 && s.p[i - 1] == '.';

        if (s.p[i] == '\\')
            fputs("\\e", stdout);
        else
            putchar(is_end ? '\n' : s.p[i]);
    }
    putchar('\n');
}

static int print_options(void)
{
    struct an_arena arena;
    int rc = EXIT_SUCCESS;

    an_arena_init(&arena, 1 << 20);
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        struct an_str expected;
        struct an_buf b;

        an_buf_init(&b, &arena, 1000);
        cfg_option_put_expected(&b, &cfg_option[i]);
        if (an_buf_done(&b, &expected, NULL)) {
            rc = EXIT_FAILURE;
            break;
        }
        printf(".It Ic %s\n", cfg_option[i].key);
        print_text(an_str_c(cfg_option[i].help));
        puts(".br");
        fputs("Takes ", stdout);
        print_text(expected);
        printf(".br\nDefault: %s\n",
               cfg_option[i].def[0] ? cfg_option[i].def : "none");
    }
    puts(".El");
    an_arena_free(&arena);
    return rc;
}

static const char *kind_text(enum an_field kind)
{
    switch (kind) {
    case AN_FIELD_CODE: return "an error code";
    case AN_FIELD_HASH: return "a keyed hash";
    case AN_FIELD_NUM:
    case AN_FIELD_NONE: break;
    }
    return "a number";
}

static int print_events(void)
{
    char name[64];

    puts(".Bl -tag -width Ds");
    for (int i = 0; i < AN_N_EVENTS; i++) {
        struct an_event_row row =
            an_log_row((enum an_event)i, name, sizeof(name));

        printf(".It Ic %s Pq %s\n", row.name, an_level_text(row.level));
        print_text(an_str_c(row.meaning));
        puts(".br");
        for (int k = 0; k < 3 && row.field[k].kind != AN_FIELD_NONE; k++)
            printf("%s%s: %s", k ? "; " : "Fields: ", row.field[k].name,
                   kind_text(row.field[k].kind));
        puts(".");
    }
    puts(".El");
    return EXIT_SUCCESS;
}

static int print_settings(void)
{
    const double no_end = 1e18; /* as large as the number can be */
    struct tr_setting row;

    puts(".Bl -tag -width Ds");
    for (size_t i = 0; tr_settings_row(i, &row); i++) {
        printf(".It Fl -%s Ar %s\n", row.name, row.whole ? "N" : "X");
        print_text(an_str_c(row.help));
        printf(".br\nFrom %.9g", row.low);
        if (row.high < no_end)
            printf(" to %.9g", row.high);
        printf("; default: %.9g\n", row.standard);
    }
    puts(".El");
    return EXIT_SUCCESS;
}

static int print_card(void)
{
    puts(".Bl -tag -width fairness_monitoring -compact");
    for (int i = 0; i < TR_N_CARD_KEYS; i++) {
        printf(".It Ic %s\n", tr_card_key_name[i]);
        print_text(an_str_c(tr_card_key_help[i]));
    }
    puts(".El");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int rc = EXIT_FAILURE;

    if (argc == 2 && strcmp(argv[1], "options") == 0)
        rc = print_options();
    else if (argc == 2 && strcmp(argv[1], "events") == 0)
        rc = print_events();
    else if (argc == 2 && strcmp(argv[1], "settings") == 0)
        rc = print_settings();
    else if (argc == 2 && strcmp(argv[1], "card") == 0)
        rc = print_card();
    else
        fputs("usage: manual options | events | settings | card\n", stderr);
    return fflush(stdout) ? EXIT_FAILURE : rc;
}
