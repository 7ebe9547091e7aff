#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How the default model is made: from a folder of Synthea's FHIR R4 Bundles to
# the signed package in config/model/default.
#
#     tools/default-model.sh BUNDLES WORK PACKAGE [anamnesis-train]
#
# WORK gets the data set and the fit; PACKAGE the signed files, and a file `keys`
# beside it the public key.  Invented patients only: the seed makes
# the pseudonyms repeatable.  Ten years are observed, because Synthea keeps no
# more of those who live.  Same Bundles, threads and BLAS: same weights.
# Exit status: 0 when the model passes its evaluation.
#
# SPLIT=2, in the environment, draws other patients to train, tune and judge:
# how far the figures of the card are luck.
set -eu
[ $# -ge 3 ] || {
    sed -n '3,17s/^# \{0,1\}//p' "$0"
    exit 2
}
bundles=$1
work=$2
package=$3
train=${4:-anamnesis-train}
top=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
mkdir -p "$work" "$package"

"$train" dataset --seed "${SPLIT:-1}" --until data --years 10 \
    --outcomes "$top/config/outcomes" \
    --concepts "$top/config/tables/concepts.tsv" \
    --out "$work/data" "$bundles"

"$train" fit --seed 1 --threads 2 --epochs 12 --batch-rows 1024 --rate 0.001 \
    --layers 6 --channels 128 --heads 4 --positions 512 --rate-weight 1 \
    --hazard-weight 0.5 --drop 0.2 --decay 0.3 --out "$work/fit" \
    "$work/data/cohort.bin"

"$train" evaluate --check --out "$work/evaluation.json" \
    --report "$work/evaluation.html" --outcomes "$top/config/outcomes" "$work/fit" \
    "$work/data"

{
    echo '# SPDX-License-Identifier: Apache-2.0'
    echo '# Who may sign the model in default/.'
} >"$(dirname "$package")/keys"
"$train" package --name anamnesis-default --version 2 --demonstrator \
    --min-age 18 --card "$top/config/model/default-card.yaml" \
    --plan "$top/config/change-control.yaml" --source "Invented patients that Synthea made \
(https://synthetichealth.github.io/synthea): Bundles of FHIR R4 from \
smart-on-fhir/generated-sample-data, Apache-2.0. No real person is in them." \
    --out "$package" "$work/fit" "$work/data" >>"$(dirname "$package")/keys"

"$train" inspect "$package"
