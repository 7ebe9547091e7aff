/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in the safetensors format: 8 bytes of header length (little-endian),
 * a JSON header that names each tensor's type, shape and bytes, then the bytes.
 * Any tool of that format reads ours; we read only what we wrote: every tensor
 * of the model's shape, float32, in the order of runtime/weights.h, without
 * gaps, aligned so that the file is used where it is mapped.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: weights point into the bytes, which must be 4-byte aligned. */
#ifndef RUNTIME_SAFETENSORS_H
#define RUNTIME_SAFETENSORS_H

#include "base/arena.h"
#include "runtime/weights.h"

/* AN_SYNTAX, AN_TYPE when a tensor is not as the shape says, with its name as
 * the path; a number that is not finite is refused too. */
enum an_code rt_safetensors_read(struct an_arena *arena, struct an_str bytes,
                                 const struct rt_shape *s, struct rt_weights *w,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* The file for a block of weights in rt_tensors' order. */
enum an_code rt_safetensors_write(struct an_arena *arena,
                                  const struct rt_shape *s, const float *block,
                                  struct an_str *bytes, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
