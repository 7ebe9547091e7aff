/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_out.h"
#include "tests/keeper_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096, BYTES = 64 << 20 };

static struct keeper_ways ways;
static struct kept kept[MOST];
static size_t n_kept, n_made;
static int file = -1;

/* ---- what is kept -------------------------------------------------------------- */

static struct kept *find(const char *address)
{
    for (size_t i = 0; i < n_kept; i++)
        if (strcmp(kept[i].address, address) == 0)
            return &kept[i];
    return NULL;
}

static void set(const char *address, int version, struct an_str body)
{
    struct kept *k = find(address);

    if (k == NULL) {
        if (n_kept == MOST)
            abort();
        k = &kept[n_kept++];
        (void)snprintf(k->address, sizeof(k->address), "%s", address);
        k->body = NULL;
    }
    free(k->body);
    k->body = strndup(body.n ? body.p : "", body.n);
    k->version = version;
}

/* One line each, in one write: a transaction is one, too. */
static void note(struct an_buf *b, const char *address, int version,
                 struct an_str body)
{
    an_buf_put_c(b, address);
    an_buf_put_char(b, ' ');
    an_buf_put_i64(b, version);
    an_buf_put_char(b, ' ');
    for (size_t i = 0; i < body.n; i++)
        an_buf_put_char(b, body.p[i] == '\n' || body.p[i] == '\r' ? ' '
                                                                  : body.p[i]);
    an_buf_put_char(b, '\n');
}

/* What is not ended by a line "." was cut off: nobody was told that it is
 * there. */
static void load(void)
{
    FILE *f = fopen(ways.file, "re");
    char *line = NULL, *got = NULL;
    size_t room = 0, n_got = 0;
    long whole = 0;
    ssize_t n;

    while (f && (n = getline(&line, &room, f)) > 0) {
        if (strcmp(line, ".\n") != 0) {
            got = realloc(got, n_got + (size_t)n + 1);
            memcpy(got + n_got, line, (size_t)n + 1);
            n_got += (size_t)n;
            continue;
        }
        for (char *at = got; at && *at;) {
            char address[KEEPER_ADDRESS];
            int version, used;
            char *end = strchr(at, '\n');

            if (sscanf(at, "%159s %d %n", address, &version, &used) != 2)
                abort();
            set(address, version,
                (struct an_str){at + used, (size_t)(end - at - used)});
            at = end + 1;
        }
        free(got);
        got = NULL;
        n_got = 0;
        whole = ftell(f);
    }
    free(got);
    free(line);
    if (f)
        (void)fclose(f);
    if (f && truncate(ways.file, whole) != 0)
        abort();
}

/* ---- one write ------------------------------------------------------------------- */

/* The identifier that a conditional create names, in a body of its type. */
static struct kept *find_identified(const char *type, const char *query)
{
    const char *value = strstr(query, "urn:uuid:");
    size_t n = strlen(type);

    if (value == NULL)
        value = strstr(query, "urn%3Auuid%3A");
    if (value == NULL || strlen(value) < 36)
        return NULL;
    value += strlen(value) - 36;
    for (size_t i = 0; i < n_kept; i++) {
        char want[64];

        (void)snprintf(want, sizeof(want), "\"urn:uuid:%.36s\"", value);
        if (strncmp(kept[i].address, type, n) == 0 &&
            kept[i].address[n] == '/' && strstr(kept[i].body, want))
            return &kept[i];
    }
    return NULL;
}

/* What one entry does: to the list of changes, not yet to what is kept. */
struct change {
    char address[KEEPER_ADDRESS];
    int version;
    struct an_str body;
    bool is_old; /* it was there: nothing changes */
    unsigned status;
};

static void put_change(const struct request *q, struct change *c)
{
    struct kept *k;
    char want[48];

    (void)snprintf(c->address, sizeof(c->address), "%s", q->path);
    k = find(c->address);
    if (k)
        (void)snprintf(want, sizeof(want), "W/\"%d\"", k->version);
    c->version = k ? k->version + 1 : 1;
    c->body = q->body;
    c->status = k ? 200 : 201;
    if (q->if_match && q->if_match[0] &&
        (k == NULL || strcmp(q->if_match, want) != 0))
        c->status = 412;
    else if (k == NULL && ways.own_ids)
        c->status = 405;
    else if (k && strcmp(k->body, "") != 0 &&
             an_str_eq(an_str_c(k->body), q->body))
        c->version = k->version; /* as HAPI does */
}

static void post_change(const struct request *q, struct change *c)
{
    struct kept *k = q->if_none_exist && q->if_none_exist[0]
                         ? find_identified(q->path, q->if_none_exist)
                         : NULL;

    c->is_old = k != NULL;
    c->status = k ? 200 : 201;
    c->version = k ? k->version : 1;
    c->body = q->body;
    if (k)
        (void)snprintf(c->address, sizeof(c->address), "%s", k->address);
    else
        (void)snprintf(c->address, sizeof(c->address), "%.60s/s%zu", q->path,
                       ++n_made);
}

static void change_of(const struct request *q, struct change *c)
{
    memset(c, 0, sizeof(*c));
    if (strcmp(q->method, "PUT") == 0)
        put_change(q, c);
    else
        post_change(q, c);
}

static void commit(struct change *c, size_t n)
{
    struct an_arena arena;
    struct an_str text;
    struct an_buf b;

    an_arena_init(&arena, BYTES);
    an_buf_init(&b, &arena, BYTES);
    for (size_t i = 0; i < n; i++)
        if (!c[i].is_old)
            note(&b, c[i].address, c[i].version, c[i].body);
    an_buf_put_c(&b, ".\n");
    if (an_buf_done(&b, &text, NULL) != AN_OK)
        abort();
    if (file >= 0 && (write(file, text.p, text.n) != (ssize_t)text.n ||
                      fdatasync(file) != 0))
        abort();
    for (size_t i = 0; i < n; i++)
        if (!c[i].is_old)
            set(c[i].address, c[i].version, c[i].body);
    an_arena_free(&arena);
}

static void tell(const struct change *c, struct answer *a)
{
    a->status = c->status;
    if (c->status >= 300)
        return;
    (void)snprintf(a->location, sizeof(a->location),
                   ways.no_version ? "http://h/fhir/%s"
                                   : "http://h/fhir/%s/_history/%d",
                   c->address, c->version);
    if (!ways.no_version)
        (void)snprintf(a->etag, sizeof(a->etag), "W/\"%d\"", c->version);
}

/* ---- a transaction ---------------------------------------------------------------- */

static const char *text_of(const struct an_json *j, const char *key,
                           struct an_arena *arena)
{
    struct an_str text;

    if (!an_arena_str(arena, an_json_text(an_json_get(j, an_str_c(key))),
                      &text))
        abort();
    return text.p;
}

static void transact(const struct request *q, struct answer *a)
{
    static struct change change[256];
    const struct an_json *root = NULL, *e;
    struct an_json_out out;
    struct an_arena arena;
    struct an_str text;
    size_t n = 0;

    an_arena_init(&arena, BYTES);
    a->status = 200;
    if (an_json_read(&arena, &(struct an_json_limits){0}, q->body, &root,
                     NULL) != AN_OK)
        a->status = 400;
    for (e = an_json_first(an_json_get(root, AN_STR("entry")));
         e && a->status == 200; e = e->next, n++) {
        const struct an_json *r = an_json_get(e, AN_STR("request"));
        struct request one = {.method = text_of(r, "method", &arena),
                              .path = text_of(r, "url", &arena),
                              .if_match = text_of(r, "ifMatch", &arena),
                              .if_none_exist =
                                  text_of(r, "ifNoneExist", &arena)};

        an_out_init(&out, &arena, BYTES);
        an_out_tree(&out, an_json_get(e, AN_STR("resource")));
        if (an_out_done(&out, &one.body, NULL) != AN_OK)
            abort();
        change_of(&one, &change[n]);
        if (change[n].status >= 400)
            a->status = change[n].status;
    }
    if (a->status == 200) {
        commit(change, n);
        an_out_init(&out, &arena, BYTES);
        an_out_object(&out);
        an_out_key_str(&out, "resourceType", AN_STR("Bundle"));
        an_out_key_str(&out, "type", AN_STR("transaction-response"));
        an_out_key(&out, "entry");
        an_out_array(&out);
        for (size_t i = 0; i < n; i++) {
            struct answer one = {.status = 0};

            tell(&change[i], &one);
            an_out_object(&out);
            an_out_key(&out, "response");
            an_out_object(&out);
            an_out_key_str(&out, "status",
                           one.status == 201 ? AN_STR("201 Created")
                                             : AN_STR("200 OK"));
            an_out_key_str(&out, "location",
                           an_str_c(strstr(one.location, "fhir/") + 5));
            an_out_key_str(&out, "etag", an_str_c(one.etag));
            an_out_end(&out);
            an_out_end(&out);
        }
        an_out_end(&out);
        an_out_end(&out);
        if (an_out_done(&out, &text, NULL) != AN_OK)
            abort();
        a->body = strdup(text.p);
    }
    an_arena_free(&arena);
}

/* ---- for the server ------------------------------------------------------------ */

bool keeper_open(const struct keeper_ways *w)
{
    ways = *w;
    n_made = 0;
    while (n_kept)
        free(kept[--n_kept].body);
    if (ways.file == NULL)
        return true;
    load();
    file = open(ways.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file >= 0;
}

void keeper_close(void)
{
    if (file >= 0)
        (void)close(file);
    file = -1;
}

const struct kept *keeper_find(const char *address)
{
    return find(address);
}

const struct kept *keeper_at(size_t i)
{
    return i < n_kept ? &kept[i] : NULL;
}

const struct kept *keeper_identified(const char *type, const char *query)
{
    return find_identified(type, query);
}

void keeper_set(const char *address, int version, struct an_str body)
{
    set(address, version, body);
}

void keeper_write(const struct request *q, struct answer *a)
{
    struct change change;

    if (q->path[0] == '\0') {
        transact(q, a);
        return;
    }
    change_of(q, &change);
    if (change.status < 300)
        commit(&change, 1);
    tell(&change, a);
}
