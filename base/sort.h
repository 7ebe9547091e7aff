/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting that is never quadratic, keeps equal ones in order and takes no
 * memory but what it is given (the C library's qsort promises none of these).
 *
 * Thread-safety: confined. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

/* n things of `size` bytes by cmp, as qsort takes it; scratch has room for
 * n / 2 + 1 of them. */
void an_sort(void *base, size_t n, size_t size, void *scratch,
             int (*cmp)(const void *a, const void *b));

#endif
