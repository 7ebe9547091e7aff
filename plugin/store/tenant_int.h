/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a store is.  One tenant has one store: the first who opens it for writing
 * with a name leaves that in it, and who comes with another name is refused, so
 * that a path mistyped in a configuration mixes no two hospitals' patients.
 *
 *     code = pl_tenant_check(&db, "north", true, err);
 *
 * The name is option `tenant`.  Who says none is not asked (tests, tools on a
 * copy); a store that knows none yet is anybody's to read.
 *
 * Thread-safety: confined, as the connection is. */
#ifndef PLUGIN_STORE_TENANT_INT_H
#define PLUGIN_STORE_TENANT_INT_H

#include "plugin/store/db_int.h"

/* AN_CONFLICT: it is another's; AN_BUSY and the like as pl_db_fail says.  `name`
 * may be NULL. */
enum an_code pl_tenant_check(struct pl_db *db, const char *name, bool write,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
