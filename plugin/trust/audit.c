/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/audit.h"

#include <stdio.h>
#include <string.h>

const char *pl_audit_text(enum pl_audit_action action)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_AUDIT_ACTIONS(X)
#undef X
    };

    return action < PL_N_AUDIT_ACTIONS ? text[action] : "unknown";
}

static enum an_code add_number(struct an_sha256_run *run, uint64_t n,
                               struct an_err *err)
{
    char b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (char)(unsigned char)(n >> (8 * (7 - i)));
    return an_sha256_add(run, (struct an_str){b, sizeof(b)}, err);
}

/* The length stands before the bytes, so that no two rows read the same. */
static enum an_code add_text(struct an_sha256_run *run, struct an_str text,
                             struct an_err *err)
{
    enum an_code code = add_number(run, text.n, err);

    return code == AN_OK ? an_sha256_add(run, text, err) : code;
}

static enum an_code add_row(struct an_sha256_run *run,
                            const struct pl_audit_row *row, struct an_err *err)
{
    static const char name[] = "anamnesis audit 1";
    const struct an_str text[] = {row->actor, row->role, row->action,
                                  row->subject, row->details};
    enum an_code code =
        an_sha256_add(run, (struct an_str){name, sizeof(name)}, err);

    if (code == AN_OK)
        code = add_number(run, (uint64_t)row->seq, err);
    if (code == AN_OK)
        code = add_number(run, (uint64_t)row->time_us, err);
    for (size_t i = 0; code == AN_OK && i < sizeof(text) / sizeof(text[0]); i++)
        code = add_text(run, text[i], err);
    if (code == AN_OK)
        code = an_sha256_add(run,
                             (struct an_str){(const char *)row->prev_hash.b,
                                             sizeof(row->prev_hash.b)},
                             err);
    return code;
}

enum an_code pl_audit_seal(struct pl_audit_row *row, struct an_err *err)
{
    struct an_sha256_run run;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    code = add_row(&run, row, err);
    an_sha256_end(&run, code == AN_OK ? &row->hash : NULL);
    return code;
}

enum an_code pl_audit_broken(int64_t seq, const char *what, struct an_err *err)
{
    an_fail(err, AN_INTEGRITY, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path),
                       "audit row %lld", (long long)seq);
    return AN_INTEGRITY;
}

static bool same_hash(const struct an_sha256 *a, const struct an_sha256 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

enum an_code pl_audit_follow(struct pl_audit_chain *chain,
                             const struct pl_audit_row *row, struct an_err *err)
{
    struct pl_audit_row again = *row;
    enum an_code code;

    if (row->seq != chain->n + 1)
        return pl_audit_broken(chain->n + 1, "the row is missing", err);
    if (!same_hash(&row->prev_hash, &chain->last))
        return pl_audit_broken(
            row->seq, "the row does not follow the one before it", err);
    code = pl_audit_seal(&again, err);
    if (code != AN_OK)
        return code;
    if (!same_hash(&again.hash, &row->hash))
        return pl_audit_broken(row->seq, "the row was changed", err);
    chain->n = row->seq;
    chain->last = row->hash;
    return AN_OK;
}
