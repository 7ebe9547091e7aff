/* SPDX-License-Identifier: Apache-2.0 */
/* convert: HL7v2 messages out of files as FHIR Bundles, one a line.  Needs no
 * store. */
#include "plugin/convert.h"
#include "plugin/host/command.h"
#include "plugin/host/feed.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30 };

struct work {
    struct an_arena arena; /* of the message in hand */
    struct pl_settings settings;
    enum hl7_bundle bundle;
    unsigned long long n_refused;
};

/* Each message by itself: one that cannot be read is told of, and passed. */
static enum an_code convert_one(struct work *w, const struct pl_feed_item *item,
                                struct an_err *err)
{
    struct an_err odd = {0};
    struct an_str json;
    enum an_code rc = AN_TYPE;

    if (item->format == PL_FORMAT_HL7V2)
        rc = pl_convert(&w->arena, &w->settings, item->bytes, w->bundle, &json,
                        &odd);
    else
        an_fail(&odd, AN_TYPE, "is FHIR already", 0);
    if (rc == AN_OK &&
        (fwrite(json.p, 1, json.n, stdout) != json.n || putchar('\n') == EOF))
        return an_fail(err, AN_IO, "standard output cannot be written", 0);
    if (rc != AN_OK) {
        char text[256];

        w->n_refused++;
        an_err_print(&odd, text, sizeof(text));
        (void)fflush(stdout);
        (void)fprintf(stderr, "anamnesis: %s, from byte %zu: %s\n", item->file,
                      item->offset, text);
    }
    an_arena_reset(&w->arena);
    return AN_OK;
}

static enum an_code convert_all(struct work *w, char **path, size_t n,
                                struct an_err *err)
{
    struct pl_feed_source feed;
    struct pl_feed_item item;
    enum an_code rc = pl_feed_open(&feed, path, n, err);

    if (rc != AN_OK)
        return rc;
    while ((rc = pl_feed_next(&feed, &item, err)) != AN_NOTFOUND) {
        if (rc == AN_OK)
            rc = convert_one(w, &item, err);
        else if (rc == AN_TYPE || rc == AN_IO) {
            w->n_refused++;
            (void)pl_complain(err);
            rc = AN_OK;
        }
        if (rc != AN_OK)
            break;
    }
    pl_feed_close(&feed);
    if (rc == AN_NOTFOUND && fflush(stdout) != 0)
        return an_fail(err, AN_IO, "standard output cannot be written", 0);
    return rc == AN_NOTFOUND ? AN_OK : rc;
}

int pl_command_convert(const struct pl_invocation *in)
{
    struct cfg_options options;
    struct an_arena site; /* what the settings live in */
    struct work w = {.bundle = HL7_BUNDLE_MESSAGE};
    struct an_err err;
    enum an_code rc;
    int i = 0;

    if (in->argc > 1 && strcmp(in->argv[0], "--bundle") == 0) {
        if (!pl_bundle_of(an_str_c(in->argv[1]), &w.bundle))
            return pl_usage(in);
        i = 2;
    }
    if (i == in->argc || in->argv[i][0] == '-')
        return pl_usage(in);
    an_arena_init(&site, ARENA_BYTES);
    an_arena_init(&w.arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &site, &options, &err);
    if (rc == AN_OK)
        rc = pl_settings_make(&site, &options, &w.settings, &err);
    if (rc == AN_OK)
        rc = convert_all(&w, in->argv + i, (size_t)(in->argc - i), &err);
    an_arena_free(&w.arena);
    an_arena_free(&site);
    if (rc != AN_OK)
        return pl_complain(&err);
    return w.n_refused ? PL_EXIT_REFUSED : PL_EXIT_OK;
}
