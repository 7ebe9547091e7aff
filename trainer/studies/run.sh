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

# ---- settings ----------------------------------------------------------------
FOLDS='0 1 2 3 4' # K of --fold K/5: people with (id / 5) % 5 = K are judged
PYTHON=${PYTHON:-/usr/bin/python3} # with numpy and scikit-learn
DATASET='--keep-ids --split 95/5/0 --between 0 --rich-features'
SHAPE='--layers 2 --channels 64 --heads 4 --positions 64 --rank 16'
TRAINING='--seed 1 --threads 2 --drop 0.2'
case $study in
nafld) # learned from at four later moments too, judged at the index day
    LEARN='--asked 4 --min-people 5'
    JUDGE='--asked 0'
    BINS=0,91,365,731,1278,1826,2922
    TRAINING="$TRAINING --epochs 5 --batch-rows 1024 --rate-weight 0.5"
    ;;
diabetes130) # at each discharge
    LEARN='--asked 1 --min-people 20'
    JUDGE='--asked 1'
    BINS=0,30
    TRAINING="$TRAINING --epochs 8 --batch-rows 2048"
    ;;
esac
FIT=${FIT:-$SHAPE $TRAINING}

# ---- helpers -----------------------------------------------------------------
mkdir -p "$work/model" "$work/tables"
log=$work/run.log
# Threads of a library that wait for each other are slow beside other work.
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS
. "$top/tools/shell.sh"

# Run a command, unless its mark says that this was done.
once() { # MARK WHAT COMMAND...
    mark=$1
    shift
    [ ! -e "$mark" ] || return 0
    step "$@"
    : >"$mark"
}

unpack() {
    for f in "$data"/*.csv "$data"/*.csv.zst; do
        case $f in
        *'*'*) ;;
        *.zst) zstd -dqf "$f" -o "$work/tables/$(basename "$f" .zst)" ;;
        *) cp -f "$f" "$work/tables/" ;;
        esac || return 1
    done
}

# What was stopped goes on from its checkpoint.  The settings are words.
fit() { # FOLDER
    resume=
    [ ! -e "$1/fit/checkpoint" ] || resume=--resume
    # shellcheck disable=SC2086
    "$train" fit $resume --bins "$BINS" $FIT --out "$1/fit" \
        "$1/data/cohort.bin"
}

dataset() { # K FOLDER OPTION...
    k=$1 out=$2
    shift 2
    # shellcheck disable=SC2086
    "$train" dataset --form "$study" --fold "$k/5" $DATASET "$@" \
        --outcomes "$top/trainer/studies/$study/outcomes" \
        --concepts "$top/config/tables/concepts.tsv" \
        --out "$out" "$work/tables"
}

fold() { # K
    at=$work/fold-$1
    mkdir -p "$at"
    # shellcheck disable=SC2086
    once "$at/data.done" "fold $1: data set" dataset "$1" "$at/data" $LEARN
    once "$at/fit.done" "fold $1: fit" fit "$at"
    # shellcheck disable=SC2086
    once "$at/judge.done" "fold $1: people to judge" \
        dataset "$1" "$at/judge" --like "$at/data" $JUDGE
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
