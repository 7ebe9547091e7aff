# SPDX-License-Identifier: Apache-2.0
# Variants of the model of a study, five folds each; sourced like folds.sh, by
# ablations.sh and history.sh.  $WORK/NAME has fold-K/fit and model/fold-K.csv
# and .json; the data sets are those of $WORK/full where a variant asks for
# nothing else.
. "$top/trainer/studies/folds.sh"

predict() { # FOLD'S DATA, FIT, NAME, K
    "$train" evaluate --predict "$work/$3/model/fold-$4.csv" \
        --out "$work/$3/model/fold-$4.json" "$2/fit" "$1/judge"
}

# Options and settings are words.
variant() { # NAME OPTIONS SETTINGS
    mkdir -p "$work/$1/model"
    for number in $FOLDS; do
        from=$work/full/fold-$number at=$work/$1/fold-$number
        if [ -n "$2" ]; then
            from=$at
            # shellcheck disable=SC2086
            data_of "$number" "$from" $2
        fi
        mkdir -p "$at"
        # shellcheck disable=SC2086
        once "$at/fit.done" "$1, fold $number: fit" \
            fit "$at/fit" "$from/data" $3
        once "$at/predict.done" "$1, fold $number: predictions" \
            predict "$from" "$at" "$1" "$number"
    done
}

# The first of a list with the others beside it, by the people of one fold.
page() { # LIST FOLD OUT
    printf '%s' "$1" >"$work/variants"
    k=$2 page=$3 first=
    set --
    while IFS='|' read -r name options settings; do
        [ -n "$name" ] || continue
        name=${name% }
        if [ -z "$first" ]; then
            first=$name
            continue
        fi
        one=$work/$name/fold-$k
        if [ -n "${options# }" ]; then
            set -- "$@" --beside "$name=$one/fit,$one/judge"
        else
            set -- "$@" --beside "$name=$one/fit"
        fi
    done <"$work/variants"
    "$train" evaluate --report "$page" "$@" \
        "$work/$first/fold-$k/fit" "$work/full/fold-$k/judge" >>"$log"
}

# All variants of a list, their table, and a page of the first fold.
table() { # LIST TITLE OUT OPTION...
    list=$1
    printf '%s' "$1" >"$work/variants"
    shift
    these=$(printf '%s' "$FOLDS" | tr -d ' ')
    while IFS='|' read -r name options settings; do
        [ -n "$name" ] || continue
        name=${name% }
        variant "$name" "${options# }" "$settings" </dev/null
        set -- "$@" --model "$name=$work/$name/model/fold-[$these].csv"
    done <"$work/variants"
    title=$1 markdown=$2
    shift 2
    say "$title"
    "$PYTHON" -B "$top/trainer/studies/ablations.py" "$@" --markdown "$markdown"
    page "$list" "${FOLDS%% *}" "${markdown%.md}.html"
}

# What all have in common.
begin() {
    "$PYTHON" -c 'import numpy' || fail "$PYTHON lacks numpy (python3-numpy)"
    for number in $FOLDS; do
        data_of "$number" "$work/full/fold-$number"
    done
}
