/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/ledger.h"

#include "trainer/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "anamnesis-train privacy 1"

enum an_code tr_ledger_write(const char *path, const struct an_sha256 *fit,
                             int64_t steps, struct an_err *err)
{
    char hex[AN_SHA256_HEX + 1], text[160];

    an_hex_print(fit->b, AN_SHA256_BYTES, hex);
    (void)snprintf(text, sizeof(text), HEAD "\nfit %s\nsteps %" PRId64 "\n",
                   hex, steps);
    return tr_file_write(path, an_str_c(text), err);
}

static enum an_code parse(struct an_str text, const struct an_sha256 *fit,
                          int64_t *steps, struct an_err *err)
{
    struct an_str head, name, spent;
    uint8_t of[AN_SHA256_BYTES];
    uint64_t n;

    if (!an_str_cut(&text, '\n', &head) || !an_str_cut(&text, '\n', &name) ||
        !an_str_cut(&text, '\n', &spent) || !an_str_eq(head, AN_STR(HEAD)) ||
        !an_str_starts(name, AN_STR("fit ")) ||
        !an_hex_parse(an_str_sub(name, 4, name.n), of, sizeof(of)) ||
        !an_str_starts(spent, AN_STR("steps ")) ||
        !an_str_u64(an_str_sub(spent, 6, spent.n), &n) || n > INT64_MAX)
        return an_fail(err, AN_INTEGRITY,
                       "the file of what was spent is damaged", 0);
    if (memcmp(of, fit->b, sizeof(of)) != 0)
        return an_fail(err, AN_CONFLICT,
                       "what was spent is of another cohort or other settings",
                       0);
    *steps = (int64_t)n;
    return AN_OK;
}

enum an_code tr_ledger_read(const char *path, const struct an_sha256 *fit,
                            int64_t *steps, struct an_err *err)
{
    struct an_str text;
    enum an_code code = tr_file_map(path, &text, err);

    if (code != AN_OK)
        return code;
    code = parse(text, fit, steps, err);
    tr_file_unmap(text);
    return code;
}
