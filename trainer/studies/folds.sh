# SPDX-License-Identifier: Apache-2.0
# What run.sh and the programs of variants.sh do with a fold; sourced with $top,
# $study, $data, $work and $train set.  Everything is done once: a mark beside
# it says that it was.  In the environment FIT stands for the study's own settings
# of a fit, and FOLDS for the folds.

# ---- settings ----------------------------------------------------------------
ALL='0 1 2 3 4' # K of --fold K/5: people with (id / 5) % 5 = K are judged
FOLDS=${FOLDS:-$ALL}
PYTHON=${PYTHON:-/usr/bin/python3} # with numpy and scikit-learn
DATASET='--keep-ids --split 95/5/0 --between 0 --rich-features'
SHAPE='--layers 2 --channels 64 --heads 4 --positions 64 --rank 16'
TRAINING='--seed 1 --threads 2 --drop 0.2'
READ=$work/tables OUTCOMES=$top/trainer/studies/$study/outcomes
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
fhir) # invented records, as long as they are
    LEARN=
    JUDGE=
    DATASET='--seed 1 --split 85/15/0'
    READ=$data OUTCOMES=$top/config/outcomes
    BINS=0,1,7,30,90,365
    TRAINING="$TRAINING --epochs 8 --batch-rows 1024 --rate-weight 0.5"
    ;;
esac
FIT=${FIT:-$SHAPE $TRAINING}

# ---- steps -------------------------------------------------------------------
mkdir -p "$work/tables"
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
fit() { # FOLDER DATA SETTING...
    out=$1 cohort=$2/cohort.bin
    shift 2
    resume=
    [ ! -e "$out/checkpoint" ] || resume=--resume
    # shellcheck disable=SC2086
    "$train" fit $resume --bins "$BINS" $FIT "$@" --out "$out" "$cohort"
}

dataset() { # K FOLDER OPTION...
    k=$1 out=$2
    shift 2
    # shellcheck disable=SC2086
    "$train" dataset --form "$study" --fold "$k/5" $DATASET "$@" \
        --outcomes "$OUTCOMES" --concepts "$top/config/tables/concepts.tsv" \
        --out "$out" "$READ"
}

# FOLDER/data to learn from and FOLDER/judge, like it, to judge by.
data_of() { # K FOLDER OPTION...
    fold=$1 at=$2
    shift 2
    mkdir -p "$at"
    # shellcheck disable=SC2086
    once "$at/data.done" "fold $fold: data set" \
        dataset "$fold" "$at/data" $LEARN "$@"
    # shellcheck disable=SC2086
    once "$at/judge.done" "fold $fold: people to judge" \
        dataset "$fold" "$at/judge" --like "$at/data" $JUDGE
}
