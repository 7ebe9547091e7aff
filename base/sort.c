/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include <string.h>

/* Merge the sorted [0, left) and [left, n); the left ones step aside. */
static void merge(char *p, size_t left, size_t n, size_t size, char *scratch,
                  int (*cmp)(const void *a, const void *b))
{
    const char *l = scratch, *l_end = scratch + left * size;
    const char *r = p + left * size, *r_end = p + n * size;

    if (cmp(r - size, r) <= 0)
        return;
    memcpy(scratch, p, left * size);
    for (; l < l_end && r < r_end; p += size) {
        const char **least = cmp(l, r) <= 0 ? &l : &r;

        memcpy(p, *least, size);
        *least += size;
    }
    memcpy(p, l, (size_t)(l_end - l));
}

/* By halves: the depth of the recursion is the logarithm of n. */
void an_sort(void *base, size_t n, size_t size, void *scratch,
             int (*cmp)(const void *a, const void *b))
{
    size_t left = n / 2;

    if (n < 2)
        return;
    an_sort(base, left, size, scratch, cmp);
    an_sort((char *)base + left * size, n - left, size, scratch, cmp);
    merge(base, left, n, size, scratch, cmp);
}
