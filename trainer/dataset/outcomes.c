/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/outcomes.h"

#include "runtime/shape.h"
#include "trainer/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 4096 };

static int is_yaml(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           an_str_ends(an_str_c(entry->d_name), AN_STR(".yaml"));
}

static enum an_code read_one(struct an_arena *arena, const char *folder,
                             const char *name, struct adv_outcome *o,
                             struct an_err *err)
{
    char path[PATH_BYTES];
    struct an_str bytes, copy;
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    enum an_code code;

    if (n < 0 || n >= PATH_BYTES)
        return an_fail(err, AN_LIMIT, "a path is too long", 0);
    code = tr_file_map(path, &bytes, err);
    if (code != AN_OK)
        return code;
    if (!an_arena_str(arena, bytes, &copy))
        code = an_fail_nomem(err);
    tr_file_unmap(bytes);
    return code == AN_OK ? adv_outcome_read(arena, copy, name, o, err) : code;
}

enum an_code tr_outcomes_read(struct an_arena *arena, const char *folder,
                              struct tr_outcomes *out, struct an_err *err)
{
    struct dirent **entry = NULL;
    struct adv_outcome *o;
    enum an_code code = AN_OK;
    int n = scandir(folder, &entry, is_yaml, alphasort);

    *out = (struct tr_outcomes){.death = -1};
    if (n < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "the folder of outcomes cannot be read", errno);
    o = an_arena_get(arena, (size_t)n, sizeof(*o));
    if (o == NULL)
        code = an_fail_nomem(err);
    else if (n == 0)
        code = an_fail(err, AN_MISSING, "there are no outcomes", 0);
    else if (n > RT_MAX_OUTCOMES)
        code = an_fail(err, AN_LIMIT, "more outcomes than a model has", 0);
    for (int i = 0; i < n; i++) {
        if (code == AN_OK)
            code = read_one(arena, folder, entry[i]->d_name, &o[i], err);
        if (code == AN_OK && o[i].kinds == UINT32_C(1) << CTX_DEATH)
            out->death = i;
        free(entry[i]);
    }
    free(entry);
    out->outcome = o;
    out->n = (size_t)n;
    return code;
}

void tr_outcomes_thresholds(const struct tr_outcomes *o, struct tr_data *d)
{
    for (size_t i = 0; i < o->n; i++)
        for (size_t k = 0; k < d->cohort.sizes.outcomes; k++)
            if (o->outcome[i].has_threshold &&
                an_str_eq(o->outcome[i].id, d->asked[k].id))
                d->asked[k].p_threshold = o->outcome[i].p_threshold;
}
