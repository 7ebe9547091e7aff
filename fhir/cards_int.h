/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write cards share.
 *
 * Thread-safety: confined. */
#ifndef FHIR_CARDS_INT_H
#define FHIR_CARDS_INT_H

#include "fhir/cards.h"
#include "fhir/write_int.h"

#define FHIR_PARTIAL                                                           \
    "Not all of the record was sent: a search failed or had more pages."

/* `card` is its uuid as text.  Nothing where there is nothing to offer. */
void fhir_card_put_offers(struct fhir_writer *w,
                          const struct fhir_card_call *call, struct an_str card,
                          const struct ctx_suggestion *s);
void fhir_card_put_links(struct fhir_writer *w,
                         const struct fhir_card_settings *settings,
                         struct an_str card, const struct ctx_suggestion *s);

#endif
