/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store_work.h"

#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"
#include "tests/suite.h"

static int64_t work;

static int add_work(unsigned mask, void *ctx, void *statement, void *ns)
{
    (void)mask, (void)ctx, (void)ns;
    work += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

/* What they did before is no work of this call. */
static int watch(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;

    while ((s = sqlite3_next_stmt(db, s)) != NULL)
        (void)sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, add_work, NULL);
}

static int watch_writer(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return watch(w->db.sql);
}

void test_work_of_writer(struct test_store *t)
{
    ck_assert_int_eq(pl_store_transaction(t->store, watch_writer, NULL, NULL),
                     AN_OK);
    work = 0; /* that of its own COMMIT */
}

void test_work_of_reader(struct test_store *t)
{
    ck_assert_int_eq(watch(t->reader->db.sql), SQLITE_OK);
    work = 0;
}

int64_t test_work(void)
{
    return work;
}
