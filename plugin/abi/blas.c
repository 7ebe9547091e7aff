/* SPDX-License-Identifier: Apache-2.0 */
/* A serial OpenBLAS that several threads may call.
 *
 * Each product borrows a work buffer from a table in the library.  Built without
 * threads and without USE_LOCKING (0.3.7), as Debian's is, the library does not
 * lock that table: two threads get the same buffer now and then, and both get a
 * wrong product.  With 8 threads on 2 cores this was up to 72 of 24,000
 * (tests/blas.c), and none with this lock.  The linker's --wrap leads every use
 * of the two functions here, and __real_ to theirs. */
#include <pthread.h>

void *__real_blas_memory_alloc(int position);
void __real_blas_memory_free(void *buffer);
void *__wrap_blas_memory_alloc(int position);
void __wrap_blas_memory_free(void *buffer);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *__wrap_blas_memory_alloc(int position)
{
    void *buffer;

    (void)pthread_mutex_lock(&lock);
    buffer = __real_blas_memory_alloc(position);
    (void)pthread_mutex_unlock(&lock);
    return buffer;
}

void __wrap_blas_memory_free(void *buffer)
{
    (void)pthread_mutex_lock(&lock);
    __real_blas_memory_free(buffer);
    (void)pthread_mutex_unlock(&lock);
}
