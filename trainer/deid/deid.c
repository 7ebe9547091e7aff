/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/deid.h"

#include <stdlib.h>

enum an_code tr_deid_open(struct tr_deid *d, enum tr_deid_profile profile,
                          const char *path, int as_of, struct an_err *err)
{
    enum an_code code;

    *d = (struct tr_deid){.profile = profile, .as_of = as_of};
    for (int f = 0; f < TR_DEID_FORMS; f++) {
        size_t n;

        tr_deid_rows((enum tr_deid_form)f, &n);
        d->count[f] = calloc(n, sizeof(*d->count[f]));
        if (d->count[f] == NULL)
            return an_fail_nomem(err);
    }
    code = tr_deid_patterns_open(&d->patterns, err);
    return code == AN_OK ? tr_deid_names_open(&d->names, profile, path, err)
                         : code;
}

void tr_deid_close(struct tr_deid *d)
{
    for (int f = 0; f < TR_DEID_FORMS; f++)
        free(d->count[f]);
    tr_deid_patterns_close(d->patterns);
    tr_deid_names_close(&d->names);
    tr_deid_people_close(&d->people);
    *d = (struct tr_deid){.as_of = 0};
}

void tr_deid_counted(struct tr_deid *d, enum tr_deid_form form,
                     const struct tr_deid_row *row, bool there, bool changed)
{
    size_t n;
    struct tr_deid_count *count = &d->count[form][row - tr_deid_rows(form, &n)];

    if (!there)
        count->dropped++;
    else if (changed)
        count->changed++;
    else
        count->kept++;
}
