/* SPDX-License-Identifier: Apache-2.0 */
/* What a message leaves that is not kept: a note that it was refused, or that
 * it was there already. */
#include "plugin/store/writer_int.h"

int pl_writer_again(struct pl_writer *w, int64_t message, int64_t received_us)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_PUT_AGAIN];

    sqlite3_bind_int64(s, 1, message);
    sqlite3_bind_int64(s, 2, received_us);
    return pl_writer_run(w, PL_W_PUT_AGAIN);
}

/* The latest stay: a sender that errs without end does not fill the disk. */
int pl_writer_refuse(struct pl_writer *w, const struct pl_intake *in,
                     int64_t feed)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_PUT_REFUSAL];
    int rc;

    pl_bind_blob(s, 1,
                 (struct an_str){(const char *)in->sha256.b, AN_SHA256_BYTES});
    sqlite3_bind_int64(s, 2, feed);
    pl_bind_text(s, 3, in->sender);
    pl_bind_text(s, 4, in->control_id);
    pl_bind_text(s, 5, in->kind);
    sqlite3_bind_int64(s, 6, in->format);
    sqlite3_bind_int64(s, 7, (int64_t)in->raw_bytes);
    pl_bind_text(s, 8, in->refused->what);
    pl_bind_text(s, 9, in->refused->place);
    sqlite3_bind_int64(s, 10, in->received_us);
    rc = pl_writer_run(w, PL_W_PUT_REFUSAL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(w->db.stmt[PL_W_DROP_REFUSALS], 1, PL_REFUSALS_KEPT);
    return pl_writer_run(w, PL_W_DROP_REFUSALS);
}
