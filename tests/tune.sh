#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a maker's package to one that a site may speak with: tune, the bounds of
# the plan, and what the program says of the result at this site and at another.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

train=$built/anamnesis-train
plan=$top/config/change-control.yaml
people() { # FILE SEED N PER_YEAR [FLIP]
    "${AWK:-awk}" -v seed="$2" -v n="$3" -v per_year="$4" -v flip="${5:-0}" \
        -f "$top/tests/tune_people.awk" >"$1"
}
mkdir outcomes
cat >outcomes/heart-failure.yaml <<'END'
id: heart-failure
title: {en: Heart failure}
use: A drill.
event:
  kinds: [condition]
  codes:
    - {system: snomed, code: "84114007", text: "Heart failure"}
start: {from: now}
exclude: {before: yes}
horizons_days: [730]
audience: [clinician]
patient: never
threshold: off
END
data() { # FOLDER SEED OPTION... FILE
    into=$1 seed=$2
    shift 2
    "$train" dataset --seed "$seed" --until data --asked 2 --between 0 --outcomes outcomes \
        --concepts "$top/config/tables/concepts.tsv" --out "$into" "$@"
}
tune() { # FOLDER DATA OPTION...
    into=$1 of=$2
    shift 2
    "$train" tune --site harbor --epochs 4 --out "$into" --report report.json "$@" made "$of"
}
# live TENANT: may the tuned model be heard there?
live() {
    cat >live.yaml <<END
environment: production
stage: live
tenant: $1
outcomes: "$work/outcomes"
store: {path: "$work/live.db"}
listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}
model: {path: "$work/tuned", keys: "$work/tuned.keys"}
END
    "$built/anamnesis" -c live.yaml check
}

# ---- the maker's ------------------------------------------------------------
people maker.ndjson 1 500 0.03
people site.ndjson 2 1200 0.08
people odd.ndjson 3 1200 0.08 1
is 'the maker has a data set' data maker 1 maker.ndjson
is 'and a fit' "$train" fit --out fit --layers 1 --channels 16 --heads 2 --positions 16 \
    --rank 2 --epochs 3 --batch-rows 600 maker/cohort.bin
is 'a plan that is none is refused' says 1 'bad\.yaml:1:1: .*expected id' \
    sh -c "echo 'parts: {}' >bad.yaml; '$train' package --plan bad.yaml --out made fit maker"
rm -rf made
is 'and a package with a plan' "$train" package --name made --plan "$plan" --out made fit maker
cp -r made plain
is 'one without' "$train" package --name made --out none fit maker
cp -r outcomes acted
sed -i 's/^threshold: off/threshold: 0.0625\nreport: r-1/' acted/*.yaml
"$train" package --name made --outcomes acted --out acting fit maker >own.keys
"$train" package --name made --out silent fit maker >>own.keys
is 'one that is judged at thresholds has them in its signed evaluation' \
    grep -qE '"threshold":0\.06250*,"by_risk":-?[0-9]' acting/manifest.json
may_act() { # MODEL
    cat >act.yaml <<END
outcomes: "$work/acted"
store: {path: "$work/act.db"}
model: {path: "$work/$1", keys: "$work/own.keys"}
END
    "$built/anamnesis" -c act.yaml check
}
is 'with it they may be set' may_act acting
is 'with another they may not' says 2 'threshold: .*signed evaluation' may_act silent

# ---- a site's data, like the package --------------------------------------------
is 'a site has the package alone' data site 2 --like made --split 40/30/30 site.ndjson
is 'its vocabulary is the maker'\''s' cmp maker/vocabulary.json site/vocabulary.json
cp -r outcomes others
sed -i 's/730/365/' others/heart-failure.yaml
is 'with other outcomes there is no such data set' says 1 'made: the outcomes are others' \
    "$train" dataset --like made --outcomes others \
    --concepts "$top/config/tables/concepts.tsv" --out bad site.ndjson
is 'nor like a folder that is neither' says 1 'neither a data set' \
    data bad 2 --like outcomes site.ndjson
is 'so has an odd one' data odd 3 --like made --split 40/30/30 odd.ndjson
is 'and another vocabulary' data other 4 --min-people 200 site.ndjson

# ---- what is refused ------------------------------------------------------------
is 'a wrong call' says 2 '^usage: .*tune' "$train" tune made site
is 'without a plan the site has to name one' says 1 'none: this package carries no plan' \
    "$train" tune --site harbor --out tuned none site
sed 's/trunk: 0.1/trunk: 0.2/' "$plan" >wide.yaml
is 'a wider plan is refused, with its place' \
    says 1 'wide\.yaml:30:10: .*parts\.trunk: wider' tune tuned site --plan wide.yaml
is 'another vocabulary, too' says 1 'made: the model was fitted with another vocabulary' \
    tune tuned other
sed 's/training_patients: 100/training_patients: 5000/' "$plan" >many.yaml
is 'and too few patients' says 1 'data.training_patients: 488, the bound is 5000' \
    tune tuned site --plan many.yaml
printf x >>plain/card.md
is 'and a package that is not as it was signed' says 1 'not as it was signed' \
    "$train" tune --site harbor --out tuned plain site
rm -f report.json
is 'a site where all is the other way round is refused' \
    says 1 'gates\.auroc_least of heart-failure within 730 days' tune tuned odd
is 'and told why, in the report' grep -q '"held":false' report.json
is 'nothing was written' test ! -e tuned -a ! -e tuned.part

# ---- what is not ------------------------------------------------------------------
is 'the site is tuned' says 0 '<- taken' tune tuned site
cp answer tuned.log
is 'it names the key that signed the package' \
    grep -q "signed with the key $(sed -n 's/^key //p' made/SIGNATURE):" tuned.log
tail -n 1 tuned.log >tuned.keys
is 'not as it came' grep -qE '(calibrated|tuned): .*<- taken' tuned.log
is 'it says what it was made of' grep -q '"tuned_from":{"name":"made","version":"1"' tuned/manifest.json
is 'by whose plan' grep -q '"plan_of":"package"' tuned/manifest.json
is 'and that it is of the site' grep -q '"version":"1-harbor"' tuned/manifest.json
is 'its card is there' says 0 'tuned on them from made 1' "$train" inspect tuned
is 'the site may speak with it' says 0 'store: ' live harbor
is 'another may not' says 2 'live\.yaml:2:1: .*evaluation' live quay
lineage() { "$built/anamnesis" -c live.yaml verify --lineage heart-failure; }
is 'its lineage names who supplied labels: the maker' says 0 'data set 1, to fit the weights' lineage
is 'and the site' says 0 'data set 7, to calibrate' lineage
is 'a folder with something in it is left alone' says 1 'tuned: .*something in it' tune tuned site
is 'it is not tuned again' says 1 'tuned: this package was tuned before' \
    "$train" tune --site harbor --out again tuned site
is 'a plan of the site itself is told' says 0 "the site.s own: the package had none" \
    "$train" tune --site harbor --epochs 1 --plan "$plan" --out own none site
is 'and signed' grep -q '"plan_of":"site"' own/manifest.json


# ---- other weights -----------------------------------------------------------------
sed 's/calibration: yes/calibration: no/; s/observed_expected_high: .*/observed_expected_high: 9/' \
    "$plan" >weights.yaml
rm -rf tuned
is 'weights alone are tuned' says 0 'tuned: .*<- taken' \
    "$train" tune --site harbor --epochs 2 --plan weights.yaml --out tuned none site
tail -n 1 answer >tuned.keys
is 'that is a run of its own in the lineage' says 0 'data set 7, to fit the weights' lineage
is 'beside that of the maker' says 0 'data set 1, to fit the weights' lineage

echo "1..$checks"
exit "$failed"
