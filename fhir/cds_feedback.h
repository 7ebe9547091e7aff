/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0, what became of cards: the body that a client posts to
 * {base}/cds-services/{id}/feedback.
 *
 *     fhir_feedback_read(arena, body, &list, &n, err);
 *     for (size_t i = 0; i < n; i++)
 *         keep(&list[i]);
 *
 * Of one POST entries may be of several calls, and of one card there may be
 * several; a card that was ignored is in none.  The invariants of the published
 * logical model hold of what is read: an outcome is "accepted" or "overridden"
 * (cds-fb-1), who accepted names suggestions (cds-fb-2), an override reason has
 * a reason, a comment or both (cds-fb-3).  A bare Coding as overrideReason,
 * which older clients send, is read as its reason.  What is unknown is passed
 * over.
 *
 * A comment is a clinician's free text about a patient: it is to be sealed like
 * other content, and is in no error.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and the bytes. */
#ifndef FHIR_CDS_FEEDBACK_H
#define FHIR_CDS_FEEDBACK_H

#include "base/json.h"
#include "base/uuid.h"
#include "context/event.h"

enum {
    FHIR_FEEDBACK_ENTRIES = 500,
    FHIR_FEEDBACK_SUGGESTIONS = 50,     /* accepted of one card */
    FHIR_FEEDBACK_COMMENT_BYTES = 4096, /* of one comment */
    FHIR_FEEDBACK_CODE_BYTES = 256      /* of each text of a Coding */
};

struct fhir_feedback {
    struct an_str card;              /* a UUID in lower case */
    bool accepted;                   /* else overridden */
    const struct an_str *suggestion; /* accepted, UUIDs in lower case */
    size_t n_suggestions;
    struct ctx_code reason; /* all empty when none was given */
    struct an_str comment;  /* "" when there is none */
    int64_t at_us;          /* when the user decided, by the client's clock */
};

/* AN_SYNTAX when it is no JSON; AN_MISSING, AN_TYPE, AN_CODE (no known outcome)
 * or AN_LIMIT with the path of what is wrong, "feedback[2].outcome"; AN_NOMEM.
 * One wrong entry refuses all of the body. */
enum an_code fhir_feedback_read(struct an_arena *arena, struct an_str bytes,
                                const struct fhir_feedback **list, size_t *n,
                                struct an_err *err)
    __attribute__((warn_unused_result));

#endif
