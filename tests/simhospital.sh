#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A simulated hospital's messages (github.com/google/simhospital, of the folder
# named by ANAMNESIS_DATA) arrive over MLLP in the order of their own clock, as
# a site in shadow would replay its last weeks: every one is acknowledged,
# every patient has a timeline of that patient, every local code is mapped or
# known not to be, and the model speaks or says why it does not.
set -eu
if [ ! -f "${ANAMNESIS_DATA:-}/hl7v2/manifest.tsv" ]; then
    echo 'SKIPPED: ANAMNESIS_DATA is not set, no simulated hospital was replayed'
    exit 77
fi
. "${top_srcdir:-.}/tests/program_lib.sh"

tables=$top/config/tables
cat >a.yaml <<END
environment: demo
stage: shadow
clock: messages
tables: {codes: "$tables/local-codes.tsv"}
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
store: {path: "$work/store.db"}
listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}
END

# Each message as lines, under a name that sorts by MSH-7, then MSH-10.
mkdir sent
awk -F '\t' '$2 == "google/simhospital" { print $1 }' \
    "$ANAMNESIS_DATA/hl7v2/manifest.tsv" |
    while read -r file; do
        awk -v RS='\r' -F '|' -v file="$file" '$1 == "MSH" {
            printf "%s %024d %s\n", $7, $10, file; exit }' \
            "$ANAMNESIS_DATA/hl7v2/messages/$file"
    done | sort >order
n=0
while read -r when id file; do
    n=$((n + 1))
    cp "$ANAMNESIS_DATA/hl7v2/messages/$file" \
        "sent/$(printf %04d "$n")-$when-$id.hl7"
done <order
for file in sent/*; do
    tr '\r' '\n' <"$file"
    echo
done >lines

# ---- the replay ------------------------------------------------------------

replay() { an a.yaml replay "$@" sent >replayed && cat replayed; }

metrics() { # what the listener itself counts
    printf 'GET /metrics HTTP/1.0\r\n\r\n' | "$drill" raw "$http" |
        tr -d '\r' | grep '^anamnesis_' >metrics
}

metric() { # NAME, with its label: its value
    awk -v name="anamnesis_$1" 'substr($0, 1, length(name) + 1) == name " " {
        print $NF; found = 1 } END { if (!found) print 0 }' metrics
}

wait_for_thoughts() {
    metrics
    until [ "$(metric triggers_waiting)" = 0 ]; do
        sleep 0.5
        metrics
    done
}

serve a.yaml
is "$n messages are acknowledged AA" replay --to "127.0.0.1:$mllp"
is 'none is left out' grep -q "^$n messages: $n accepted, 0 there already, 0 refused, 0 failed" replayed
wait_for_thoughts
grep -E 'questions|suggestions|forecasts|risks|unreleased|audit_rows' metrics |
    sed 's/^anamnesis_/# /'
is 'no question is given up' test "$(metric 'questions_total{fate="given_up"}')" = 0
is 'none is put off' test "$(metric 'questions_total{fate="put_off"}')" = 0
is 'the model speaks where there is history' \
    test "$(metric 'forecasts_total{abstention=""}')" -gt 50
is 'and says why where there is not' \
    test "$(metric 'forecasts_total{abstention="too little history"}')" -gt 100
is 'not about children' \
    test "$(metric 'forecasts_total{abstention="outside the population the model was trained on"}')" -gt 0
is 'in shadow nothing leaves' \
    test "$(metric 'outbox_rows{state="waiting"}') $(metric 'outbox_rows{state="held"}')" = '0 0'
is 'it stops in good order' stop
is 'the same again is there already, and asks nothing' replay
is 'all of it' grep -q "^$n messages: 0 accepted, $n there already, 0 refused, 0 failed" replayed
is 'nothing was left to ask' grep -q '^0 questions asked, 0 suggestions kept; 0 given up, 0 put off' replayed

# ---- the patients -----------------------------------------------------------

# Number, birth and sex of each patient of the messages.
awk -F '|' '$1 == "PID" {
        split($4, rep, "~"); split(rep[1], cx, "^")
        print cx[1] "\t" substr($8, 1, 8) "\t" $9
    }' lines | sort -u >patients

of_that_patient() { # VALUE BIRTH SEX
    an a.yaml show "$1" >shown || return 1
    grep -q '^[0-9]* events, chosen from' shown || { cat shown; return 1; }
    [ "$(grep -c '^[12][0-9-]* *\|^[12][0-9]*-[0-9-]*T' shown)" -gt 0 ] || return 1
    born=$(printf %s "$2" | sed 's/^\(....\)\(..\)\(..\)$/\1-\2-\3/')
    case $born in
    ????-??-??) grep -q "^$born.* birth " shown || { cat shown; return 1; } ;;
    esac
    case $3 in
    F) grep -q ' sex .*  Female' shown || { cat shown; return 1; } ;;
    M) grep -q ' sex .*  Male' shown || { cat shown; return 1; } ;;
    esac
}

every_patient() {
    while IFS='	' read -r value birth sex; do
        of_that_patient "$value" "$birth" "$sex" || {
            echo "not shown: $value"
            return 1
        }
    done <patients
}
is "each of $(wc -l <patients) patients has a timeline, of that birth and sex" every_patient

is 'the national number is of the same patient' \
    says 0 'SIMULATOR MRN 3210324928$' an a.yaml show 1729775993

# ---- the local codes ----------------------------------------------------------

# Every code of the messages as events name it: system and code.
awk -F '|' 'FNR == NR { split($0, row, "\t"); uri[row[1]] = row[2]; next }
    function told(field,    c, name) {
        split(field, c, "^")
        name = toupper(c[3])
        print (c[3] == "" ? "" : name != "LOINC" && name in uri ? uri[name] : "urn:id:" c[3]) "\t" c[1]
    }
    $1 == "OBX" { told($4) }
    $1 == "OBR" { told($5) }
    $1 == "AL1" || $1 == "DG1" || $1 == "PR1" { told($4) }' \
    "$tables/coding-systems.tsv" lines |
    grep -v '^http://' | sort -u >used
sed -n 's/^#- //; /^#/!p' "$tables/local-codes.tsv" | cut -f 1,2 | sort >decided
is "all $(wc -l <used) local codes are mapped, or known not to be" \
    test -z "$(comm -23 used decided | tee missed)"
sed 's/^/# not in local-codes.tsv: /' missed
is 'and the table has no others' test -z "$(comm -13 used decided | tee idle)"
sed 's/^/# in local-codes.tsv for nothing: /' idle

# ---- what the model makes of it ---------------------------------------------

# An example that was read by a person: creatinine in moles for three years.
is 'a score is computed from a mapped code in the unit of its sender' \
    says 0 '^score: CKD-EPI 2021: [0-9]' an a.yaml show --risks --as-of 2020-05-09 1664410194
is 'and a child is told about by nobody' \
    says 0 '^it abstains: (too little history|outside the population)' \
    an a.yaml show --risks 3210324928

is 'the store is whole' an a.yaml check --store
is 'and so is the audit trail' an a.yaml verify
echo "1..$checks"
exit $failed
