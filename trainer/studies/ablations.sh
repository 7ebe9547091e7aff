#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The NAFLD study with one thing of the model changed at a time: five folds for
# each variant, then a table of all beside the first.
#
#     trainer/studies/ablations.sh DATA WORK [anamnesis-train]
#
# DATA has the tables of NAFLD, packed by zstd or not.  WORK gets a folder for
# each variant, ablations.md and sizes.md, which are printed, ablations.html and
# sizes.html, pages of the first fold, and run.log.  What is done is not done
# again.  In the environment FIT stands for the study's settings of a fit, to
# which each variant adds its own, PARTS for `ablations sizes`, and FOLDS for all
# five, without which there is no C, only losses.
set -eu
top=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 2 ] && [ $# -le 3 ] && [ -d "$1" ] || {
    sed -n '3,14s/^# \{0,1\}//p' "$0"
    exit 2
}
study=nafld
data=$1
work=$2
train=${3:-anamnesis-train}

# ---- variants ----------------------------------------------------------------
# NAME | options of the data set; none: that of `full` | settings of the fit
ABLATIONS='
full | |
full-seed-2 | | --seed 2
value-bins | --value-bins 10 |
one-clock | | --times 0
proportional | | --rank 0
no-parents | --no-parents |
no-next-event | | --rate-weight 0
no-attention | | --layers 0
no-trunk | | --trunk 0
'
SIZES='
full | |
full-seed-2 | | --seed 2
32x1 | | --channels 32 --layers 1
128x4 | | --channels 128 --layers 4
'

. "$top/trainer/studies/variants.sh"

# ---- all of them -------------------------------------------------------------
once "$work/tables.done" 'tables' unpack
begin
set --
[ "$FOLDS" != "$ALL" ] || set -- --data "$work/tables"
for part in ${PARTS:-ablations sizes}; do
    case $part in
    ablations) table "$ABLATIONS" ablations "$work/ablations.md" "$@" ;;
    sizes) table "$SIZES" sizes "$work/sizes.md" "$@" ;;
    *) fail "PARTS has $part: neither ablations nor sizes" ;;
    esac
done
