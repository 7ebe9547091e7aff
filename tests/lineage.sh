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

# ---- and back --------------------------------------------------------------------
by() { # FILE MODEL: a configuration of that model
    config "$1" "$1.db" "outcomes: \"$work/outcomes\"" \
        "model: {path: \"$2\", keys: \"$work/key.pub\"}"
}
by a.yaml "$work/model"
is 'which data sets took part is answered, with a proof' says 0 \
    '^leaf 1 dataset: [0-9a-f]{16}, patients' an a.yaml verify --lineage
is 'of three hashes' says 0 '^  proved by( [0-9a-f]{16}){3}$' an a.yaml verify --lineage
is 'who supplied labels for an outcome, too' says 0 \
    '^  data set 1, to fit the weights: [0-9]+ patients, [0-9]+ questions, [0-9]+ positive, 100.0 % of the questions$' \
    an a.yaml verify --lineage stroke
is 'and that influence is not measured' says 0 'influenced the model is not measured' \
    an a.yaml verify --lineage
is 'as JSON too, with the whole hashes' says 0 \
    '"outcome":"stroke","capability":6,"supplied":\[\{"dataset":1,"use":"fit"' \
    an a.yaml verify --lineage --json stroke
is 'an outcome that it has not is said so' says 2 'the model has no such outcome' \
    an a.yaml verify --lineage headache
is 'no store is needed for it' test ! -e a.yaml.db
config default.yaml default.db "outcomes: \"$top/config/outcomes\"" \
    "model: {path: \"$top/config/model/default\", keys: \"$top/config/model/keys\"}"
is 'of the demonstrator it says the data, too' says 0 \
    'data set 1, to fit the weights' an default.yaml verify --lineage stroke

# What an outsider does, who has the note, a leaf and its way, and no program of
# ours: RFC 9162 2.1.3.2.
cat >outsider.py <<'END_OF_FILE'
import base64, hashlib, json, sys
said = json.load(open(sys.argv[1], encoding="utf-8"))
body = said["checkpoint"].split("\n\n")[0].split("\n")
root, size = base64.b64decode(body[2]), int(body[1])
def node(a, b):
    return hashlib.sha256(b"\1" + a + b).digest()
for leaf in said["leaves"]:
    at, last = leaf["leaf"], size - 1
    hash = hashlib.sha256(b"\0" + leaf["bytes"].encode()).digest()
    for step in map(bytes.fromhex, leaf["inclusion"]):
        assert last
        if at & 1 or at == last:
            hash = node(step, hash)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash = node(hash, step)
        at, last = at >> 1, last >> 1
    assert last == 0 and hash == root, leaf["leaf"]
print(len(said["leaves"]), "leaves are in the tree")
END_OF_FILE
if python3 -c '' 2>/dev/null; then
    an a.yaml verify --lineage --json stroke >proofs.json
    is 'another program proves the same' says 0 '^2 leaves are in the tree$' \
        python3 outsider.py proofs.json
fi

# ---- what was changed on the way -------------------------------------------------
changed() { # FOLDER SED: a copy whose log is another
    rm -rf copy
    cp -r "$1" copy
    sed "$2" "$1/lineage/log.jsonl" >copy/lineage/log.jsonl
}
swapped='3{h;d};4{p;x}'
for at in data fit model; do
    changed "$at" '2s/"files":61/"files":60/'
    case $at in
    data) why='the log is not the one that its checkpoint was made of' ;;
    fit) why='log.jsonl:3:1: .*what stands before this leaf is not what stood there' ;;
    model) why='a file is not as it was signed' ;;
    esac
    is "a leaf of a $at was changed" says 1 "$why" "$train" lineage copy
done
changed fit 2d
is 'a leaf is gone' says 1 'log.jsonl:2:1: .*a leaf is missing here' "$train" lineage copy
changed fit '$d'
is 'the last leaf is gone' says 1 'fewer leaves than its checkpoint says' "$train" lineage copy
changed fit "$swapped"
is 'two leaves are swapped' says 1 "log.jsonl:3:1: .*stands in another's place" \
    "$train" lineage copy
changed data p
is 'a leaf is there twice' says 1 'log.jsonl:2:1: .*a leaf is missing here' "$train" lineage copy
changed fit ''
cp data/lineage/checkpoint copy/lineage/checkpoint
is 'the checkpoint is of another log' says 1 'the log goes on after its checkpoint' \
    "$train" lineage copy
changed fit ''
rm copy/lineage/checkpoint
is 'there is no checkpoint' says 1 'lineage/checkpoint: .*a lineage has this file' \
    "$train" lineage copy

# A package that a trusted key signed anew, with a log that is not its own.
resigned() { # FOLDER: SIGNATURE of its files, by the key of the drill
    key=$(cat key.pub)
    (cd "$1" && find . -type f ! -name SIGNATURE | sed 's|^[.]/||' | LC_ALL=C sort |
        xargs sha256sum | awk 'BEGIN { print "anamnesis-model 1" } { print $1 " " $2 }
            END { print "key '"$key"'" }' >../body)
    openssl dgst -sha256 -binary body >digest
    openssl pkeyutl -sign -inkey key.pem -rawin -in digest -out raw
    { cat body; printf 'signature '; od -An -v -tx1 raw | tr -d ' \n'; echo; } >"$1/SIGNATURE"
}
if openssl version >/dev/null 2>&1; then
    by copy.yaml "$work/copy"
    changed model ''
    resigned copy
    is 'a package signed anew is one' an copy.yaml verify --lineage
    rm -r copy/lineage
    resigned copy
    is 'one without is told' says 1 'this package has no lineage' an copy.yaml verify --lineage
    changed model '7s/"outcome":"stroke"/"outcome":"stroka"/'
    resigned copy
    is 'with a leaf changed it is refused' says 1 \
        'the log is not the one that its checkpoint was made of' an copy.yaml verify --lineage
    changed model '$d'
    resigned copy
    is 'with a leaf less it is refused' says 1 'fewer leaves than its checkpoint says' \
        an copy.yaml verify --lineage
    changed model "$swapped"
    resigned copy
    is 'with two leaves swapped it is refused' says 1 "stands in another's place" \
        an copy.yaml verify --lineage
    changed model ''
    sed '2s/8/7/' model/lineage/checkpoint >copy/lineage/checkpoint
    resigned copy
    is 'with a checkpoint that nobody signed it is refused' says 1 \
        'lineage/checkpoint: .*the signature does not match' an copy.yaml verify --lineage
    "$train" package --name theirs --out theirs fit data >/dev/null
    changed model ''
    cp theirs/lineage/checkpoint copy/lineage/checkpoint
    resigned copy
    is 'with the checkpoint of another log it is refused' says 1 \
        'lineage/checkpoint: .*no key that is known signed it' an copy.yaml verify --lineage
    "$train" package --name theirs --key key.pem --out theirs fit data >/dev/null
    changed model ''
    cp theirs/lineage/log.jsonl theirs/lineage/checkpoint copy/lineage/
    resigned copy
    is 'with the log of another model it is refused' exits 1 an copy.yaml verify --lineage
else
    echo '# no openssl: packages were not signed anew'
fi

# ---- what stands beside the log ---------------------------------------------------
rm -rf copy
cp -r data copy
dataset other bundles/Zzfamily0*.json bundles/Zzfamily1*.json bundles/Zzfamily2*.json \
    bundles/Zzfamily3*.json >/dev/null 2>&1
cp other/cohort.bin other/vocabulary.json copy/
is 'a fit refuses a data set that is not the one of the log' says 1 \
    'cohort.bin is not the data set that its lineage speaks of' fit refused copy/cohort.bin
is 'and has written nothing' test ! -e refused/model.safetensors
cp other/vocabulary.json data/cohort.bin copy/
printf '\n' >>copy/vocabulary.json
is 'and a vocabulary that is not its own' says 1 'another vocabulary.json' \
    fit refused copy/cohort.bin
rm -rf copy
cp -r fit copy
fit elsewhere data/cohort.bin --seed 2 >/dev/null 2>&1
cp elsewhere/model.safetensors copy/
is 'a package refuses weights that are not those of the log' says 1 \
    'model.safetensors is not the one that its lineage speaks of' package refused copy data
rm -rf copy
cp -r fit copy
sed 's/"best_epoch":[0-9]*/"best_epoch":9/' fit/fit.json >copy/fit.json
is 'and a description that is not theirs' says 1 \
    'fit.json is not the one that its lineage speaks of' package refused copy data

# ---- input files -------------------------------------------------------------------
is 'the input files are as they were' says 0 'all 61 files with 120 records are as they were read' \
    "$train" lineage --check data bundles
mv bundles/Zzfamily09.json bundles/Zzfamily60.json
is 'wherever they stand' "$train" lineage --check data bundles
sed 's/2011-05/2011-06/' bundles/Zzfamily05.json >x && mv x bundles/Zzfamily05.json
is 'one that changed is named' says 1 \
    '^bundles/Zzfamily05.json: changed since: it was file [0-9]+ and had 1 records, now 1$' \
    "$train" lineage --check data bundles
sed 5d bundles/more.ndjson >x && mv x bundles/more.ndjson
is 'and how many records it has now' says 1 \
    '^bundles/more.ndjson: changed since: it was file 61 and had 60 records, now 59$' \
    "$train" lineage --check data bundles
cp bundles/Zzfamily07.json bundles/Zzfamily99.json
sed 's/Zz/Yy/' bundles/Zzfamily07.json >bundles/Zzfamily98.json
is 'one that took no part is' says 1 '^bundles/Zzfamily98.json: new: it took no part' \
    "$train" lineage --check data bundles
rm bundles/Zzfamily20.json
is 'one that is gone is told by its number' says 1 '^file 21, of [0-9]+ bytes and 1 records, is missing$' \
    "$train" lineage --check data bundles
sed 1d data/lineage/inputs.jsonl >x
rm -rf copy
cp -r data copy
cp x copy/lineage/inputs.jsonl
is 'lines that are not those of the log are refused' says 1 \
    'inputs.jsonl is not the one that the log speaks of' "$train" lineage --check copy bundles
rm copy/lineage/salt
is 'without its salt nobody can know' says 1 'its salt is gone' \
    "$train" lineage --check copy bundles
is 'and the log stands' "$train" lineage copy

# ---- what was made before there were logs --------------------------------------------
mkdir old
cp data/cohort.bin data/vocabulary.json old/
is 'a data set without a log is fitted, and that is said' says 0 'the log begins here' \
    fit oldfit old/cohort.bin
is 'its log begins with what nobody knows' says 0 \
    '^0 unknown-before: the log begins here; nobody noted the data set$' "$train" lineage oldfit
rm -r oldfit/lineage
is 'so is a fit' says 0 'the log begins here' package oldmodel oldfit data
by old.yaml "$work/oldmodel"
"$train" package --name 'ours of the drill' --key key.pem --out oldmodel oldfit data >key.pub
is 'and whoever asks is told' says 0 '^leaf 0 unknown-before: .*nobody noted the fit$' \
    an old.yaml verify --lineage stroke
dataset later --like data --split 40/30/30 bundles/Zzfamily[1-4]*.json >/dev/null 2>&1
is 'a model that is judged on other data has both' package both fit later
is 'in its log' says 0 '^4 dataset: ' "$train" lineage both
is 'who supplied what is told apart' says 0 \
    'stroke, run 2, evaluation 5; data set 1 to fit: .*; data set 1 to choose: .*; data set 4 to calibrate: .*; data set 4 to judge: ' \
    "$train" lineage both

echo "1..$checks"
exit "$failed"
