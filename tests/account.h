/* SPDX-License-Identifier: Apache-2.0 */
/* How tests write down what became of a field or an element: m mapped, t text,
 * ? not understood, . unused. */
#ifndef TESTS_ACCOUNT_H
#define TESTS_ACCOUNT_H

#include "context/reading.h"

static inline char account_letter(unsigned state)
{
    static const char letter[] = {[CTX_FIELD_UNUSED] = '.',
                                  [CTX_FIELD_TEXT] = 't',
                                  [CTX_FIELD_MAPPED] = 'm',
                                  [CTX_FIELD_ODD] = '?'};

    return state < sizeof(letter) ? letter[state] : '!';
}

#endif
