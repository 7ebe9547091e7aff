/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which anything of the ward's patient may be heard. */
#ifndef TESTS_CONSULT_HEARD_H
#define TESTS_CONSULT_HEARD_H

#include "base/buf.h"
#include "tests/consult_ward.h"

/* What waits is answered. */
void ward_settle(struct ward *w);

/* All that anybody could have been told: the watch answers what waits, and
 * each face is asked. */
struct an_str heard_all(struct ward *w);
/* What may be heard now without anybody asking anew: what is current and may
 * leave by a face, and what is in the outbox. */
struct an_str heard_standing(struct ward *w);

/* The first column of a query, a row a line. */
void heard_rows(struct ward *w, struct an_buf *b, const char *query);

#endif
