#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The story of one invented patient, told by the program itself: her history is
# loaded, a hospital's 18 messages arrive over TCP, her timeline is asked for as
# of two moments, and the demonstrator says what it makes of her.  Exit status 0: everything was as it should be.
#
#   examples/story/run.sh BUILD      the folder that holds ./anamnesis
set -eu
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD}" && pwd)
mkdir -p "$build/story"
work=$(mktemp -d -p "$build/story")
server=
trap 'status=$?; [ -z "$server" ] || kill "$server" 2>/dev/null || :
    wait; rm -rf "$work"; exit $status' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"

anamnesis() { "$build/anamnesis" -c anamnesis.yaml "$@"; }
chapter() { printf '\n== %s\n' "$*"; }
wrong() { echo "the story went wrong: $*" >&2; [ ! -s log ] || tail log >&2; exit 1; }
# sees FILE PATTERN, and its opposite: what must and what must not be there.
sees() { grep -q "$2" "$1" || wrong "no line with '$2'"; }
misses() { ! grep -q "$2" "$1" || wrong "a line with '$2'"; }

chapter 'A configuration: demo, a store of its own, two ports that are free'
cat >anamnesis.yaml <<END
environment: demo
tables:
  codes: "$here/../../config/tables/local-codes.tsv"
  authorities: "$here/authorities.tsv"
outcomes: "$here/../../config/outcomes"
model:
  path: "$here/../../config/model/default"
  keys: "$here/../../config/model/keys"
store: {path: "$work/store.db"}
listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}
END
anamnesis check >checked || wrong 'the configuration was refused'
grep '^# ' checked | sed "s|$work/||"

chapter 'Her history from the clinic: one FHIR Bundle, loaded as the past'
anamnesis backload "$here/history.json" || wrong 'the history was refused'

chapter 'The server starts, and 18 HL7v2 messages arrive over MLLP'
"$build/anamnesis" -c anamnesis.yaml serve >ports 2>log &
server=$!
tries=0
until [ -s ports ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] && kill -0 $server 2>/dev/null || wrong 'no server'
    sleep 0.1
done
cat ports
mllp=$(sed 's/.* MLLP on port \([0-9]*\),.*/\1/' ports)
http=$(sed 's/.* HTTP on port \([0-9]*\)$/\1/' ports)
anamnesis replay --to "127.0.0.1:$mllp" "$here/messages" | tee sent
sees sent '^18 messages: 18 accepted'

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

chapter 'The same record in plain words, once a clinician has released them'
anamnesis show --risks --for patient --as-of $discharge 100042 >plain
sed -n 's/^summary: //p' plain | fold -s -w 78
misses plain 'Death'

chapter 'Where to look while a server runs'
echo "curl http://127.0.0.1:$http/health/ready      and /health/live, /metrics"
echo "curl --data-binary @FILE http://127.0.0.1:$http/hl7v2         or /fhir"

chapter 'The server stops: what was taken is stored and answered'
kill $server
wait $server || wrong "the server ended with status $?"
server=
anamnesis check --store >checked || wrong 'the store is not whole'
grep '^# store' checked
