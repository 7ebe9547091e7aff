#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The story of one invented patient, told by the program itself: her history is
# loaded, a hospital's 18 messages arrive over TCP, and as they do the
# demonstrator says what it makes of her: to her chart, to the hospital's FHIR
# server, and, once a clinician has read it, to her.  Exit status 0: everything
# was as it should be.
#
#   examples/story/run.sh BUILD      the folder that holds ./anamnesis
set -eu
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD}" && pwd)
mkdir -p "$build/story"
work=$(mktemp -d -p "$build/story")
servers=
trap 'status=$?; [ -z "$servers" ] || kill $servers 2>/dev/null || :
    wait; rm -rf "$work"; exit $status' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"

anamnesis() { "$build/anamnesis" -c anamnesis.yaml "$@"; }
chapter() { printf '\n== %s\n' "$*"; }
wrong() { echo "the story went wrong: $*" >&2; [ ! -s log ] || tail log >&2; exit 1; }
# sees FILE PATTERN, and its opposite: what must and what must not be there.
sees() { grep -q "$2" "$1" || wrong "no line with '$2'"; }
misses() { ! grep -q "$2" "$1" || wrong "a line with '$2'"; }
# serve CONFIG: a server in the background; sets $server, $mllp and $http.
serve() {
    "$build/anamnesis" -c "$1" serve >ports 2>>log &
    server=$!
    servers="$servers $server"
    tries=0
    until [ -s ports ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 $server 2>/dev/null || wrong 'no server'
        sleep 0.1
    done
    mllp=$(sed 's/.* MLLP on port \([0-9]*\),.*/\1/' ports)
    http=$(sed 's/.* HTTP on port \([0-9]*\)$/\1/' ports)
    rm ports
}
# metrics_are PATTERN: waits until they are.
metrics_are() {
    tries=0
    until get /metrics >metrics && grep -q "$1" metrics; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || wrong "no metric '$1'"
        sleep 0.1
    done
}
get() { curl -sSf -m 60 "http://127.0.0.1:$http$1"; }
# lines FILE: JSON, a member a line, so that grep can point at it.
lines() { sed 's/,"/,\n"/g; s/\\n/\n/g; s/\[{/[\n{/g' "$1"; }

chapter 'Two configurations: ours, a demo, and a FHIR server that receives'
listen='listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
cat >receiver.yaml <<END
environment: test
stage: off
store: {path: "$work/receiver.db"}
$listen
END
serve receiver.yaml
cat >anamnesis.yaml <<END
environment: demo
stage: live
clock: messages
languages: [en, es]
tables:
  codes: "$here/../../config/tables/local-codes.tsv"
  authorities: "$here/authorities.tsv"
outcomes: "$here/../../config/outcomes"
model:
  path: "$here/../../config/model/default"
  keys: "$here/../../config/model/keys"
store: {path: "$work/store.db"}
cds: {deadline: 10s}
outbox: {url: "http://127.0.0.1:$http/fhir", test_target: true}
$listen
END
anamnesis check >checked || wrong 'the configuration was refused'
grep '^# ' checked | sed "s|$work/||"

chapter 'Her history from the clinic: one FHIR Bundle, loaded as the past'
anamnesis backload "$here/history.json" || wrong 'the history was refused'

chapter 'The server starts, and 18 HL7v2 messages arrive over MLLP'
serve anamnesis.yaml
anamnesis replay --to "127.0.0.1:$mllp" "$here/messages" | tee sent
sees sent '^18 messages: 18 accepted'
metrics_are '^anamnesis_triggers_waiting 0' # all were thought about

chapter 'Who she is, and her last days (of a timeline since 1953)'
anamnesis show 100042 >now
sed -n '/^[0-9]/!p; /^2026/p' now
sees now 'T7731 (merged)'
sees now '^2026-03-12.*Creatinine .*1\.71 mg/dL.*(corrected)'
misses now '7\.1 mg/dL'
misses now '^2026.*medication order.*Metformin' # it was cancelled

chapter 'What the ward knew on 12 March at 07:00, before the correction'
anamnesis show --as-of 2026-03-12T07:00:00-05:00 100042 >then
grep '^2026-03-12' then
sees then '7\.1 mg/dL.*(preliminary)'
misses then '1\.71 mg/dL'

discharge=2026-03-15T13:00:00-05:00
chapter 'What the model makes of her at discharge, with its evidence'
anamnesis show --risks --as-of $discharge 100042 >risks
sed -n '/^model/p; /readmission/,/^risk: Stroke/{/^risk: Stroke/!p}' risks
sed -n '/^differential/,$p' risks
sees risks '^risk: Hospital readmission within 30 days.* people'
sees risks 'invented patients: not for care'
sees risks '^score: CKD-EPI 2021: 31 '

chapter 'Her chart is opened: the cards of CDS Hooks, the first one whole'
cat >opened.json <<END
{"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
 "context": {"userId": "Practitioner/7", "patientId": "marta-oakes"},
 "prefetch": {"patient": {"resourceType": "Patient", "id": "marta-oakes",
   "identifier": [{"system": "urn:oid:2.999.1.7", "value": "100042",
     "type": {"coding": [{"code": "MR",
       "system": "http://terminology.hl7.org/CodeSystem/v2-0203"}]}}]}}}
END
curl -sSf -m 60 -H 'Content-Type: application/json' --data-binary @opened.json \
    "http://127.0.0.1:$http/cds-services/anamnesis-patient-view" >cards
lines cards >card
sed -n '/"detail"/,/"indicator"/p' card | sed '/"indicator"/q' | fold -s -w 78
grep '"summary"' card | fold -s -w 78
sees card '"summary":"\[DEMO\] '
sees card 'AI\|model'

chapter 'What the FHIR server got, and what ours lets be read'
metrics_are '^anamnesis_triggers_waiting 0' # by what her chart said too
metrics_are '^anamnesis_outbox_rows{state="waiting"} 0'
grep '^anamnesis_\(questions\|suggestions\|outbox\)' metrics
sees metrics '^anamnesis_outbox_attempts_total{fate="delivered"} [1-9]'
sees metrics '^anamnesis_outbox_rows{state="dead"} 0'
for type in RiskAssessment Observation Provenance Device DocumentReference; do
    get "/fhir/$type?patient=100042" >"$type"
    echo "GET /fhir/$type?patient=100042: $(lines $type | grep -c '"fullUrl"' || :)"
done
lines RiskAssessment >risk
sees risk '"status":"preliminary"'
sees risk '"code":"AIAST"'
misses DocumentReference '"fullUrl"' # nobody has released it

chapter 'In plain words, for her, once a clinician has read and released them'
anamnesis release list >waiting
sed -n '/ summary  en$/,/^[0-9]/{/^    /p;}' waiting | fold -s -w 78
misses waiting 'Death'
id=$(sed -n 's/^\([0-9]*\)  .* summary  en$/\1/p' waiting)
anamnesis release --by 'Dr. Lakeside' "$id" >/dev/null || wrong 'no release'
get '/fhir/DocumentReference?patient=100042' >released
[ "$(lines released | grep -c '"fullUrl"')" = 1 ] || wrong 'it is not readable'

chapter 'Where to look while a server runs'
echo "curl http://127.0.0.1:$http/health/ready      and /health/live, /metrics"
echo "curl --data-binary @FILE http://127.0.0.1:$http/hl7v2         or /fhir"
echo "a browser: http://127.0.0.1:$http/fhir/RiskAssessment?patient=100042"
echo "a CDS client: http://127.0.0.1:$http/cds-services"

chapter 'The servers stop: what was taken is stored, answered and accounted for'
for server in $servers; do
    kill $server
    wait $server || wrong "a server ended with status $?"
done
servers=
anamnesis check --store >checked || wrong 'the store is not whole'
grep '^# store' checked
anamnesis verify || wrong 'the audit trail is broken'
"$build/anamnesis" -c receiver.yaml check >checked
sed -n 's/^# store: \([0-9]*\) messages.*/the receiving server kept \1 Bundles/p' checked
sees checked '^# store: [1-9]'
