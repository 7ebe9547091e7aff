#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# torch at the sizes of tests/bench_train, in rows of name, value, unit.  Run by
# "make bench"; says so where no python3 has torch (Debian: python3-torch).
set -eu
# One core: its BLAS has threads of its own, which torch does not count.
OPENBLAS_NUM_THREADS=1
export OPENBLAS_NUM_THREADS
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    if "$python" -c 'import torch' 2>/dev/null; then
        exec "$python" "${top_srcdir:-.}/tests/peers/torch-train.py"
    fi
done
echo "bench_torch: no python3 with torch: not compared" >&2
