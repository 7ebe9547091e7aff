#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The measures of trainer/studies against plain twins and known numbers, and its
# programs on small invented tables.  A Debian's own python3 is asked first:
# another one may lack numpy.
set -eu
top=${top_srcdir:-.}
python=
for p in /usr/bin/python3 python3; do
    if [ -z "$python" ] && "$p" -c 'import numpy' 2>/dev/null; then
        python=$p
    fi
done
if [ -z "$python" ]; then
    echo 'SKIPPED: no python3 with numpy (python3-numpy), no measure was tested'
    exit 77
fi
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS
"$python" -B "$top/trainer/studies/test_measures.py"
if ! "$python" -c 'import sklearn' 2>/dev/null; then
    echo 'SKIPPED: no scikit-learn (python3-sklearn), no program was tested'
    exit 77
fi
"$python" -B "$top/trainer/studies/test_programs.py"
