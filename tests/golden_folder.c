/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden_folder.h"

#include "base/buf.h"
#include "tests/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

struct an_str golden_load(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *p = NULL;
    long n;

    if (f == NULL)
        return (struct an_str){NULL, 0};
    if (fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) ||
        (p = malloc((size_t)n + 1)) == NULL ||
        fread(p, 1, (size_t)n, f) != (size_t)n) {
        free(p);
        (void)fclose(f);
        return (struct an_str){NULL, 0};
    }
    (void)fclose(f);
    p[n] = '\0';
    return (struct an_str){p, (size_t)n};
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

size_t golden_each(const char *prefix, void (*test)(const char *folder))
{
    const char *root = getenv("top_srcdir");
    struct dirent **entry = NULL;
    char path[PATH_BYTES];
    size_t n_tested = 0;
    int n;

    (void)snprintf(path, sizeof(path), "%s/tests/golden", root ? root : ".");
    n = scandir(path, &entry, visible, alphasort);
    for (int i = 0; i < n; i++) {
        if (strncmp(entry[i]->d_name, prefix, strlen(prefix)) == 0) {
            char folder[PATH_BYTES + sizeof(entry[i]->d_name) + 1];

            (void)snprintf(folder, sizeof(folder), "%s/%s", path,
                           entry[i]->d_name);
            test(folder);
            n_tested++;
        }
        free(entry[i]);
    }
    free(entry);
    return n_tested;
}

static void rewrite(const char *path, struct an_str got)
{
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f && fwrite(got.p, 1, got.n, f) == got.n, "%s", path);
    ck_assert_int_eq(fclose(f), 0);
}

/* The first line that differs is what a person wants to see. */
static void show_difference(const char *path, struct an_str got,
                            struct an_str want)
{
    struct an_str g, w;
    int line = 1;

    for (;; line++) {
        bool more_g = an_str_cut(&got, '\n', &g);
        bool more_w = an_str_cut(&want, '\n', &w);

        if (!more_g)
            g = AN_STR("(end)");
        if (!more_w)
            w = AN_STR("(end)");
        if (!an_str_eq(g, w) || !(more_g && more_w))
            break;
    }
    ck_abort_msg("%s:%d\ngot  %.*s\nwant %.*s", path, line, AN_STR_ARG(g),
                 AN_STR_ARG(w));
}

void golden_compare(const char *folder, const char *name, struct an_str got)
{
    const char *update = getenv("UPDATE_GOLDEN");
    char path[2 * PATH_BYTES];
    struct an_str want;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (update && strcmp(update, "1") == 0) {
        rewrite(path, got);
        return;
    }
    want = golden_load(path);
    ck_assert_msg(want.p != NULL, "%s cannot be read", path);
    if (!an_str_eq(got, want))
        show_difference(path, got, want);
    free((void *)(uintptr_t)want.p);
}

static void put_break(struct an_buf *b, int depth)
{
    an_buf_put_char(b, '\n');
    for (int i = 0; i < depth; i++)
        an_buf_put_char(b, ' ');
}

struct an_str golden_lines(struct an_arena *arena, struct an_str json)
{
    bool text = false;
    struct an_str out = {NULL, 0};
    struct an_buf b;
    int depth = 0;

    an_buf_init(&b, arena, 4 << 20);
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];

        if (!text && (c == '}' || c == ']'))
            put_break(&b, --depth);
        an_buf_put_char(&b, c);
        if (text && c == '\\')
            an_buf_put_char(&b, json.p[++i]);
        else if (c == '"')
            text = !text;
        else if (!text && (c == '{' || c == '['))
            put_break(&b, ++depth);
        else if (!text && c == ',')
            put_break(&b, depth);
    }
    an_buf_put_char(&b, '\n');
    ck_assert_int_eq(an_buf_done(&b, &out, NULL), AN_OK);
    return out;
}
