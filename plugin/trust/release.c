/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/release.h"

const char *pl_release_text(unsigned release)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_RELEASES(X)
#undef X
    };

    return release < PL_N_RELEASES ? text[release] : "unknown";
}

enum pl_release pl_release_first(const struct ctx_suggestion *s)
{
    return s->patient_facing || s->audience == CTX_FOR_PATIENT
               ? PL_RELEASE_WAITING
               : PL_RELEASE_NONE;
}

enum an_code pl_release_check(const struct pl_release_case *c,
                              struct an_err *err)
{
    const char *what = NULL;

    if (c->to != PL_RELEASE_RELEASED && c->to != PL_RELEASE_WITHHELD)
        return an_fail(err, AN_TYPE, "it can be released or withheld", 0);
    if (c->from == PL_RELEASE_NONE || c->from >= PL_N_RELEASES)
        what = "it is not written for the patient and needs no release";
    else if (c->superseded)
        what = "a newer suggestion stands in its place";
    else if (c->from == c->to)
        what = c->to == PL_RELEASE_RELEASED ? "it is released already"
                                            : "it is withheld already";
    else if (c->to == PL_RELEASE_RELEASED &&
             (c->never_patient || ctx_suggestion_never_patient(c->kind)))
        what = "it is of a kind that is never shown to patients";
    return what ? an_fail(err, AN_CONFLICT, what, 0) : AN_OK;
}
