#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The model of the tree speaks about the invented patient of examples/story:
# what each reader is told, what nobody is told, and what a changed model may
# say (nothing).
set -eu
top=$(cd "${top_srcdir:-.}" && pwd)
anamnesis=$(cd "${top_builddir:-.}" && pwd)/anamnesis
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_failed=0

config() { # FOLDER KEYS
    cat >"$work/a.yaml" <<YAML
environment: demo
outcomes: $top/config/outcomes
store: {path: $work/store.db}
tables: {authorities: $top/examples/story/authorities.tsv}
model: {path: $1, keys: $2}
YAML
}

says() { # NAME yes|no: one line of the report
    if [ "$2" = yes ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        n_failed=$((n_failed + 1))
    fi
}

ok() { # NAME, then a command that must succeed
    name=$1
    shift
    if "$@" >/dev/null 2>&1; then says "$name" yes; else says "$name" no; fi
}

no() { # NAME, then a command that must fail
    name=$1
    shift
    if "$@" >/dev/null 2>&1; then says "$name" no; else says "$name" yes; fi
}

run() { # FILE ARGUMENT...: what show prints, kept
    file=$work/$1
    shift
    "$anamnesis" -c "$work/a.yaml" show --risks "$@" 100042 >"$file" 2>&1
}

config "$top/config/model/default" "$top/config/model/keys"
"$anamnesis" -c "$work/a.yaml" backload "$top/examples/story/history.json" \
    >/dev/null
"$anamnesis" -c "$work/a.yaml" replay "$top/examples/story/messages" >/dev/null
discharged=2026-03-15T18:00:00Z

run clinician --as-of $discharged
ok 'a clinician is told risks' grep -q '^risk: .* of 1[0,]*00 people' \
    "$work/clinician"
ok 'each with evidence that names its date' \
    grep -q '^    - .*2026-03-1[0-5].* this estimate' "$work/clinician"
no 'every number says that it is a demonstration' \
    sh -c 'grep "^risk: .* people" "$1" | grep -v "invented patients"' sh \
    "$work/clinician"
ok 'what she has is no risk' \
    grep -q '^risk: No estimate for Heart failure' "$work/clinician"
ok 'a differential' grep -q '^differential: ' "$work/clinician"
ok 'a published score from the corrected creatinine' \
    grep -q '^score: CKD-EPI 2021: 31 .* creatinine 1.71 ' "$work/clinician"

run again --as-of $discharged
ok 'the same question gets the same answer' \
    cmp "$work/clinician" "$work/again"
run before --as-of 2026-03-12T12:00:00Z
ok 'before the correction there is no score, and it says why' \
    grep -q '^score: CKD-EPI 2021 was not computed: .* preliminary' \
    "$work/before"

for language in en es; do
    run "patient.$language" --for patient --language $language \
        --as-of $discharged
    ok "a patient is told a summary ($language)" \
        grep -q '^summary: ' "$work/patient.$language"
    no "and neither death nor a differential ($language)" \
        grep -qiE 'death|muerte|^differential' "$work/patient.$language"
done

run early --as-of 1998-12-31T00:00:00Z
ok 'too little history is a reason to abstain' \
    grep -q '^it abstains: too little history' "$work/early"

cp -r "$top/config/model/default" "$work/model"
chmod -R u+w "$work/model"
printf 'x' | dd of="$work/model/model.safetensors" bs=1 seek=1000000 \
    conv=notrunc 2>/dev/null
config "$work/model" "$top/config/model/keys"
no 'a model with one changed byte does not speak' run changed
ok 'and the file is named' grep -q 'model.safetensors' "$work/changed"
sed 's/[0-9a-f]/0/g' "$top/config/model/keys" >"$work/keys"
config "$top/config/model/default" "$work/keys"
no 'nor does one of a key that is not trusted' run stranger
exit $((n_failed > 0))
