/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/token.h"

#include "base/buf.h"
#include "plugin/host/file.h"

enum an_code pl_token_header(struct an_arena *arena, const char *path,
                             const char *no_token, struct an_str *header,
                             struct an_err *err)
{
    struct an_str token;
    struct an_buf b;
    enum an_code rc;

    *header = AN_STR("");
    if (path[0] == '\0')
        return AN_OK;
    rc = pl_file_read(arena, path, PL_TOKEN_BYTES, &token, err);
    if (rc != AN_OK)
        return rc;
    token = an_str_trim(token);
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] > '~')
            token.n = 0;
    if (token.n == 0)
        return an_fail(err, AN_CONFIG, no_token, 0);
    an_buf_init(&b, arena, PL_TOKEN_BYTES + 64);
    an_buf_put(&b, AN_STR("Authorization: Bearer "));
    an_buf_put(&b, token);
    return an_buf_done(&b, header, err);
}
