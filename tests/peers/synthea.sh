#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Invented patients, end to end: their Synthea history is loaded, an admission,
# a result and a discharge of each arrive over MLLP, and what we make of them
# goes to a FHIR server, through a kill -9 in the middle of delivery:
#
#   synthea.sh PORT [PATIENTS]   of a server that hapi-server.sh has just
#                                started; 50 patients unless told
#
# Each resource that our own /fhir shows is at the server once, under the same
# id and about the right patient; the same messages again and a restart change
# no version; HL7's validator finds no error in what /fhir shows.
#
# ANAMNESIS_DATA   the folder of test data; without it this is skipped
# ANAMNESIS_BUILD  the folder that holds ./anamnesis (default: build/)
#
# See peer.sh for PEERS_BUILD and the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

[ $# -ge 1 ] || {
    echo 'usage: synthea.sh PORT [PATIENTS]' >&2
    exit 2
}
command -v curl >/dev/null || unavailable 'no curl here'
command -v zstd >/dev/null || unavailable 'no zstd here'
archive=${ANAMNESIS_DATA:-}/synthea-r4/synthea-r4-dev.tar.zst
[ -f "$archive" ] || unavailable 'ANAMNESIS_DATA is not set: no Synthea patients'
top=$(cd "$peers_src/../.." && pwd)
anamnesis=${ANAMNESIS_BUILD:-$top/build}/anamnesis
[ -x "$anamnesis" ] || unavailable "no $anamnesis: build it, or set ANAMNESIS_BUILD"
base=http://127.0.0.1:$1/fhir
wanted=${2:-50}
limit_s=${SYNTHEA_LIMIT_S:-900}
system=http://hospital.smarthealthit.org
types='RiskAssessment Observation Provenance Device'

work=$(mktemp -d -p "$peers_build")
server=
trap 'status=$?; [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    wait; [ "$status" != 0 ] || rm -rf "$work"; exit $status' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"

# ---- patients and messages ---------------------------------------------------

# The first that are alive; their number, birth and sex are in the first entry.
tar --zstd -xf "$archive"
mkdir history messages
for file in *.json; do
    grep -q '^ *"deceasedDateTime"' "$file" || mv "$file" history/
    [ "$(ls history | wc -l)" -lt "$wanted" ] || break
done
rm -f ./*.json
k=0
for file in history/*; do
    k=$((k + 1))
    awk -F '"' -v k="$k" -v file="$(basename "$file" .json)" '
        /^ *"birthDate"/ { birth = $4 }
        /^ *"gender"/ { sex = $4 }
        /^            "request"/ { exit }
        END {
            n = split(file, name, "_")
            printf "%03d\t%s\t%s\t%s\t%s\t%s\n", k, name[n], name[n - 1],
                name[1], birth, sex
        }' "$file"
done >people
n=$(wc -l <people)

# segments FILE LINE...: an HL7v2 message.
segments() {
    to=messages/$1
    shift
    printf '%s\r' "$@" >"$to"
}

# A day and a half in hospital, after all that the histories say.
while IFS='	' read -r k mrn family given birth sex; do
    s=$(printf %s "$sex" | cut -c 1 | tr fm FM)
    pid="PID|1||$mrn^^^SYNHOSP^MR||$family^$given||$(printf %s "$birth" | tr -d -)|$s"
    pv1="PV1|1|I|W^1^$k^SYNHOSP||||||||||||||||V$k^^^SYNHOSP^VN|||||||||||||||||||||||||20210410080000+0000"
    msh='MSH|^~\&|EHR|SYNHOSP|A|B'
    segments "1-$k.hl7" "$msh|20210410080000+0000||ADT^A01^ADT_A01|A$k|P|2.5.1" \
        'EVN|A01|20210410080000+0000' "$pid" "$pv1"
    segments "2-$k.hl7" "$msh|20210410090000+0000||ORU^R01^ORU_R01|R$k|P|2.5.1" \
        "$pid" "$pv1" "OBR|1|$k^EHR|$k^LAB|2160-0^Creatinine^LN|||20210410083000+0000" \
        "OBX|1|NM|2160-0^Creatinine^LN||1.$k|mg/dL|0.50-1.10||||F|||20210410083000+0000"
    segments "3-$k.hl7" "$msh|20210411200000+0000||ADT^A03^ADT_A03|D$k|P|2.5.1" \
        'EVN|A03|20210411200000+0000' "$pid" "$pv1|20210411200000+0000"
    printf '{"resourceType":"Patient","id":"synthea-%s","identifier":[{"system":"%s","value":"%s"}],"name":[{"family":"%s","given":["%s"]}],"birthDate":"%s","gender":"%s"}' \
        "$k" "$system" "$mrn" "$family" "$given" "$birth" "$sex" >put.json
    code=$(curl -s -m 60 -o put.out -w '%{http_code}' -X PUT "$base/Patient/synthea-$k" \
        -H 'Content-Type: application/fhir+json' --data-binary @put.json)
    case $code in
    20[01]) ;;
    *) fail "the server does not take patient $k: $code" ;;
    esac
done <people

# ---- our server ----------------------------------------------------------------

printf 'SYNHOSP\t%s\n' "$system" >authorities.tsv
cat >a.yaml <<END
environment: demo
stage: live
clock: messages
tables: {authorities: "$work/authorities.tsv"}
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
store: {path: "$work/store.db"}
outbox: {url: "$base", test_target: true, retry_first: 100ms}
listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}
END

an() { "$anamnesis" -c a.yaml "$@"; }

stop() {
    kill "$1" "$server"
    wait "$server" 2>/dev/null || [ "$1" = -9 ] || fail 'our server did not stop well'
    server=
}

metric() { # NAME, with its label
    curl -s "http://127.0.0.1:$http/metrics" |
        awk -v name="anamnesis_$1" 'substr($0, 1, length(name) + 1) == name " " {
            print $NF; found = 1 } END { if (!found) print 0 }'
}

# until_at_least VALUE METRIC
until_at_least() {
    began=$(date +%s)
    until [ "$(metric "$2")" -ge "$1" ]; do
        kill -0 "$server" 2>/dev/null || fail "our server is gone; see $work/log"
        [ $(($(date +%s) - began)) -lt "$limit_s" ] || fail "no $2 of $1 in $limit_s s"
        sleep 0.2
    done
}

# Everything is asked and answered, and the outbox is empty.
until_settled() {
    began=$(date +%s)
    until [ "$(metric triggers_waiting) $(metric 'outbox_rows{state="waiting"}')" = '0 0' ]; do
        kill -0 "$server" 2>/dev/null || fail "our server is gone; see $work/log"
        [ $(($(date +%s) - began)) -lt "$limit_s" ] || fail "not settled in $limit_s s"
        sleep 0.5
    done
    [ "$(metric 'outbox_rows{state="dead"}')" = 0 ] || fail 'a delivery was refused'
    [ "$(metric 'questions_total{fate="given_up"}')" = 0 ] || fail 'a question was given up'
    [ "$(metric unreachable_total)" = 0 ] || fail 'a patient could not be named'
}

# ---- what is where --------------------------------------------------------------

# Of a Bundle: type, id, version ("-": none) and subject of each entry.
list() {
    tr -d '\n' <"$1" | sed 's/"fullUrl" *:/\n/g' | awk '
        function of(key,    at, rest) {
            at = match($0, "\"" key "\" *: *\"")
            if (!at) return "-"
            rest = substr($0, at + RLENGTH)
            return substr(rest, 1, index(rest, "\"") - 1)
        }
        NR > 1 {
            subject = "-"
            if (match($0, /"subject" *: *\{"reference" *: *"[^"]*"/)) {
                subject = substr($0, RSTART, RLENGTH)
                sub(/.*: *"/, "", subject)
                sub(/"$/, "", subject)
            }
            print of("resourceType") "\t" of("id") "\t" of("versionId") "\t" subject
        }'
}

# All of a type that the server has, over its pages.
theirs() {
    url="$base/$1?_count=200"
    while [ -n "$url" ]; do
        curl -s -m 120 -o page.json -H 'Cache-Control: no-cache' "$url"
        list page.json
        url=$(tr -d '\n' <page.json |
            sed -n 's/.*"relation" *: *"next" *, *"url" *: *"\([^"]*\)".*/\1/p')
    done
}

# What ours shows of each patient: type, id, and the patient's id there.
ours() {
    while IFS='	' read -r k mrn rest; do
        for type in $types; do
            curl -s -m 120 -o "shown/$k-$type.json" \
                "http://127.0.0.1:$http/fhir/$type?patient.identifier=$system%7C$mrn"
            list "shown/$k-$type.json" | awk -F '\t' -v k="$k" '
                { print $1 "\t" $2 "\t" ($1 ~ /^(RiskAssessment|Observation)$/ ? "Patient/synthea-" k : "-") }'
        done
    done <people | sort -u
}

snapshot() { # FILE: all with their versions
    for type in $types; do
        theirs "$type"
    done | sort >"$1"
}

# Theirs is what ours shows: each once, about the same patient.
agree() {
    snapshot theirs
    cut -f 1,2 theirs | uniq -d >twice
    [ ! -s twice ] || fail "there twice: $(head -n 3 twice)"
    awk -F '\t' '{ print $1 "\t" $2 "\t" ($1 ~ /^(RiskAssessment|Observation)$/ ? $4 : "-") }' \
        theirs | sort >want
    ours >have
    comm -3 want have >differ
    [ ! -s differ ] || fail "$(wc -l <differ) differ, at the server or (indented) here: $(head -n 3 differ)"
    [ "$(grep -c '^RiskAssessment' have)" -ge "$n" ] || fail 'hardly a risk is said'
}

# ---- the day ---------------------------------------------------------------------

mkdir shown
an backload history >loaded || fail "a history was refused: $(cat loaded)"
start_server
an replay --to "127.0.0.1:$mllp" messages >sent || fail "a message was refused: $(cat sent)"
grep -q "^$((3 * n)) messages: $((3 * n)) accepted" sent || fail "$(cat sent)"
until_at_least $((n / 2)) 'outbox_attempts_total{fate="delivered"}'
left="$(metric triggers_waiting) questions and $(metric 'outbox_rows{state="waiting"}') deliveries"
stop -9
say "killed with $left waiting"

start_server
until_settled
agree
say "$(cut -f 1 have | sort | uniq -c | tr '\n' ' ' | tr -s ' ')agree"

# The same again, and a restart between.
cp theirs before
an replay --to "127.0.0.1:$mllp" messages >sent || fail "a message was refused: $(cat sent)"
until_settled
stop -TERM
start_server
an replay --to "127.0.0.1:$mllp" messages >sent || fail "a message was refused: $(cat sent)"
until_settled
agree
cmp -s before theirs || fail "a version changed: $(diff before theirs | head -n 3)"
stop -TERM
an check --store >checked || fail 'our store is not whole'
an verify >verified || fail 'our audit trail is not whole'

# Undisturbed, in a store of its own, the same comes out.
sed 's/store.db/undisturbed.db/; /^outbox/d' a.yaml >b.yaml
mv a.yaml disturbed.yaml
mv b.yaml a.yaml
an backload history >loaded
an replay messages >sent || fail "a message was refused: $(cat sent)"
mv have disturbed
start_server
ours >have
stop -TERM
cmp -s disturbed have || fail "the kill left a trace: $(diff disturbed have | head -n 3)"

# HL7's own opinion, of some: it takes a while for each.
"$peers_src/validate.sh" shown/001-*.json shown/002-*.json shown/"$(printf %03d "$n")"-*.json >issues ||
    fail "not valid: $(grep -m 3 ' error: ' issues)"
echo "$base: $(wc -l <have) resources of $n patients, each there once, through a kill, a restart and a repetition"
