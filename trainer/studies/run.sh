#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A study from its tables to its report: a model for each fold, trained on the
# other four, then the classical models beside it.
#
#     trainer/studies/run.sh STUDY DATA WORK [anamnesis-train]
#
# STUDY is nafld or diabetes130; DATA has its tables, packed by zstd or not.
# WORK gets tables/, fold-K/data, fit and judge, model/fold-K.csv, report.json,
# report.md and run.log.  What is done is not done again: to train with other
# settings, take another WORK.  Exit status: 0 when the model passes the bar.
#
# FIT, in the environment, stands for the study's own settings of a fit.
set -eu
top=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 3 ] && [ $# -le 4 ] && [ -d "$top/trainer/studies/$1/outcomes" ] || {
    sed -n '3,13s/^# \{0,1\}//p' "$0"
    exit 2
}
study=$1
data=$2
work=$3
train=${4:-anamnesis-train}

. "$top/trainer/studies/folds.sh"
mkdir -p "$work/model"

fold() { # K
    at=$work/fold-$1
    data_of "$1" "$at"
    once "$at/fit.done" "fold $1: fit" fit "$at/fit" "$at/data"
    once "$at/predict.done" "fold $1: predictions" "$train" evaluate \
        --predict "$work/model/fold-$1.csv" "$at/fit" "$at/judge"
}

# ---- the study ---------------------------------------------------------------
"$PYTHON" -c 'import numpy, sklearn' ||
    fail "$PYTHON lacks numpy or scikit-learn (python3-numpy, python3-sklearn)"
once "$work/tables.done" 'tables' unpack
for k in $FOLDS; do
    fold "$k"
done
say 'comparison'
"$PYTHON" -B "$top/trainer/studies/$study.py" --data "$work/tables" \
    --model "model=$work/model" --cache "$work/baselines.npz" \
    --out "$work/report.json" --markdown "$work/report.md" --check
