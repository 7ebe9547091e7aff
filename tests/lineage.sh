#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From invented records to a package, and back by its log: dataset, fit, package,
# verify --lineage; then each thing that could have been changed on the way, with
# what is said of it.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

train=$built/anamnesis-train

# ---- invented people: a Bundle each, and one file of lines -------------------
mkdir bundles outcomes
awk -v SCT=http://snomed.info/sct -v LN=http://loinc.org '
function entry(r) { printf "%s{\"resource\":%s}", sep, r; sep = "," }
function value(i, k) {
    return sprintf("{\"resourceType\":\"Observation\",\"id\":\"o%d-%d\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"%s\",\"code\":\"2160-0\"}]},\"subject\":{\"reference\":\"Patient/p%d\"},\"effectiveDateTime\":\"20%d-03-%02dT08:00:00Z\",\"valueQuantity\":{\"value\":1.%d,\"unit\":\"mg/dL\",\"code\":\"mg/dL\"}}", i, k, LN, i, 10 + k, 1 + i % 20, (i + k) % 10)
}
function condition(i, code, date) {
    return sprintf("{\"resourceType\":\"Condition\",\"id\":\"c%d-%s\",\"code\":{\"coding\":[{\"system\":\"%s\",\"code\":\"%s\"}]},\"subject\":{\"reference\":\"Patient/p%d\"},\"recordedDate\":\"%s\"}", i, code, SCT, code, i, date)
}
BEGIN {
    for (i = 0; i < 60; i++) {
        sep = ""
        file = sprintf("bundles/Zzfamily%02d.json", i)
        out = sprintf("{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"identifier\":[{\"system\":\"urn:x:mrn\",\"value\":\"ZZ%05d\"}],\"name\":[{\"family\":\"Zzfamily%02d\"}],\"gender\":\"%s\",\"birthDate\":\"194%d-01-02\"%s}", i, i, i, i % 2 ? "female" : "male", i % 10, i % 7 ? "" : ",\"deceasedDateTime\":\"2017-08-01T00:00:00Z\"")
        text = "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":" out "}"
        for (k = 0; k < 8; k++)
            text = text ",{\"resource\":" value(i, k) "}"
        text = text ",{\"resource\":" condition(i, "38341003", "2011-05-0" 1 + i % 9 "T09:00:00Z") "}"
        if (i % 3 == 0)
            text = text ",{\"resource\":" condition(i, "230690007", "2014-09-0" 1 + i % 9 "T09:00:00Z") "}"
        print text "]}" >file
        close(file)
        print value(i, 8) >"bundles/more.ndjson"
    }
}'
cat >outcomes/stroke.yaml <<'END_OF_FILE'
id: stroke
title: {en: Stroke}
use: Test.
event:
  kinds: [condition]
  codes:
    - {system: snomed, code: "230690007", text: "Stroke"}
start: {from: now, gap_days: 7}
exclude: {before: yes}
horizons_days: [365]
audience: [clinician]
patient: never
threshold: off
END_OF_FILE
cat >outcomes/death.yaml <<'END_OF_FILE'
id: death
title: {en: Death}
use: Test.
event: {kinds: [death]}
start: {from: now, gap_days: 0}
exclude: {before: yes}
horizons_days: [365]
audience: [clinician]
patient: never
threshold: off
END_OF_FILE
printf 'same\thttp://loinc.org|38483-4\t\thttp://loinc.org|2160-0\t\t1\ttest\n' >concepts.tsv

dataset() { # FOLDER PATH...
    into=$1
    shift
    "$train" dataset --seed 7 --min-people 2 --outcomes outcomes \
        --concepts concepts.tsv --out "$into" "$@"
}
fit() { # FOLDER COHORT OPTION...
    into=$1
    cohort=$2
    shift 2
    "$train" fit --layers 1 --channels 16 --heads 2 --positions 12 --rank 2 \
        --batch-rows 300 --epochs 2 --out "$into" "$@" "$cohort"
}
package() { # FOLDER FIT DATA
    "$train" package --name 'ours of the drill' --key key.pem --out "$1" "$2" "$3" \
        >key.pub
}
begins_with() { # LOG SHORTER: the second is the beginning of the first
    head -c "$(wc -c <"$2")" "$1" | cmp - "$2"
}
lacks() { # PATTERN FILE...
    pattern=$1
    shift
    ! grep -qE -- "$pattern" "$@"
}
# The secret of RFC 8032 7.1, test 2: a key for tests only.
cat >key.pem <<'END_OF_FILE'
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7
-----END PRIVATE KEY-----
END_OF_FILE

# ---- the way --------------------------------------------------------------------
is 'a data set is made' dataset data bundles
is 'its log has the program and the data set' says 0 \
    '^1 dataset: [0-9a-f]{16}, patients [0-9]+ train, [0-9]+ tune, [0-9]+ test, of 61 files with 120 records, form fhir$' \
    "$train" lineage data
is 'what says who was read is for its owner alone' \
    test "$(stat -c %a data/lineage/salt data/lineage/inputs.jsonl | tr '\n' ' ')" = '600 600 '
is 'a log has no name of a file, and no seed' \
    lacks 'Zz|more|ndjson|"seed":' data/lineage/log.jsonl
is 'nor have the lines of the files' lacks 'Zz|more|ndjson' data/lineage/inputs.jsonl
is 'a model is fitted' fit fit data/cohort.bin
is 'its log begins with that of the data set' \
    begins_with fit/lineage/log.jsonl data/lineage/log.jsonl
is 'and has run and weights' says 0 '^3 checkpoint: of run 2, weights' "$train" lineage fit
cp fit/lineage/log.jsonl before.jsonl
is 'what is done is gone on with' fit fit data/cohort.bin --resume
is 'which adds nothing' cmp fit/lineage/log.jsonl before.jsonl
is 'a package is made' package model fit data
is 'its log begins with that of the fit' \
    begins_with model/lineage/log.jsonl fit/lineage/log.jsonl
is 'and names the model' says 0 '^7 model: ours of the drill 1, weights' "$train" lineage model
is 'the package opens' "$train" inspect model
is 'neither salt nor files go with it' \
    test "$(ls model/lineage fit/lineage | grep -cE 'salt|inputs')" = 0
is 'the same again is the same' package again fit data
is 'to the byte' cmp model/lineage/log.jsonl again/lineage/log.jsonl

echo "1..$checks"
exit "$failed"
