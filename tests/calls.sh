#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CDS Hooks calls of all kinds: those that are none, those about somebody of
# whom nothing is known, and a hundred at once.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
install a.yaml a.db demo live 'clock: messages' 'cds: {max_cards: 3, deadline: 60s}'
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61; } >stay.hl7
an a.yaml backload past.hl7 stay.hl7 >/dev/null
serve a.yaml
messages() { an a.yaml check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p'; }
audited() { "$drill" audit a.db | wc -l; }
before=$(audited)

# refuses STATUS PATTERN: `body.json`, and the answer holds nothing of it that
# could be a patient's.
refuses() {
    asks "$1" "$2" "$view" body.json && none 'Zyx|4711|mary' body &&
        grep -q '^{"resourceType":"OperationOutcome"' body
}
change() { call Practitioner/7 4711 | sed "$1" >body.json; }

is 'what we offer' asks 200 '"id":"anamnesis-patient-view".*"prefetch":\{' /cds-services
printf 'hook: Zyx' >body.json
is 'no JSON' refuses 400 'byte [0-9]'
printf '["Zyx"]' >body.json
is 'no object' refuses 400 'no object'
: >body.json
is 'nothing' refuses 400 OperationOutcome
change 's/"hook":"patient-view"/"hook":"Zyx"/'
is 'another hook' refuses 400 '"expression":\["hook"\]'
change 's/"hook":"patient-view",//'
is 'no hook' refuses 400 '"expression":\["hook"\]'
change 's/"hookInstance":"[^"]*",//'
is 'no hookInstance' refuses 400 '"expression":\["hookInstance"\]'
change 's/"hookInstance":"[^"]*"/"hookInstance":["Zyx"]/'
is 'a hookInstance that is no text' refuses 400 '"expression":\["hookInstance"\]'
change 's/"context":{.*/"context":"Zyx"}/'
is 'a context that is none' refuses 400 '"expression":\["context"\]'
change 's/,"patientId":"4711"//'
is 'no patient' refuses 400 '"expression":\["context.patientId"\]'
change 's/"patientId":"4711"/"patientId":4711/'
is 'a patient that is a number' refuses 400 '"expression":\["context.patientId"\]'
call Practitioner/7 4711 '"Zyx"' >body.json
is 'a prefetch that is none' refuses 400 '"expression":\["prefetch"\]'

# ---- somebody unknown -----------------------------------------------------------
call Practitioner/7 4711 >body.json
is 'unknown, and nothing was prefetched' refuses 412 'prefetched'
call Practitioner/7 4711 '{}' >body.json
is 'the same with an empty prefetch' refuses 412 'prefetched'
call Practitioner/7 4711 '{"patient":{"resourceType":"OperationOutcome"}}' >body.json
is 'unknown, and the client may not look' refuses 412 'prefetched'
call Practitioner/7 4711 '{"patient":null}' >body.json
is 'unknown, and the client found nothing' no_cards body.json
call Practitioner/7 4711 '{"patient":{"resourceType":"Bundle","type":"searchset"}}' >body.json
is 'the same as an empty Bundle' no_cards body.json
is 'nothing of all that is kept' same_number "$(messages)" 3
is 'nor told to the trail' same_number "$(audited)" "$before"
deep=$(printf '%0100d' 0 | sed 's/0/{"a":/g')1$(printf '%0100d' 0 | sed 's/0/}/g')
call Practitioner/7 4711 "{\"patient\":{\"resourceType\":\"Patient\",\"id\":\"4711\",\"Zyx\":$deep}}" >body.json
is 'a prefetch that is too deep' refuses 400 'OperationOutcome'

# ---- somebody of whom little is known --------------------------------------------
call Practitioner/7 new '{"patient":{"resourceType":"Patient","id":"new","gender":"male","birthDate":"1990-01-01"}}' >body.json
is 'too little is known: no card' no_cards body.json

# ---- other methods ----------------------------------------------------------------
by() { # METHOD PATH: what it is answered
    "$curl" -sS -o /dev/null -D - -X "$1" "http://127.0.0.1:$http$2" | tr -d '\r'
}
head_of() { "$curl" -sS -I "http://127.0.0.1:$http$1" | tr -d '\r'; }
is 'a call is not got' says 0 '^Allow: POST$' by GET $view
is 'with the right status' says 0 '^HTTP/1.1 405' by GET $view
is 'nor headed' says 0 '^HTTP/1.1 405' head_of $view
is 'what is read is not written' says 0 '^HTTP/1.1 405' by PUT /fhir/RiskAssessment
is 'HEAD of a search' says 0 '^HTTP/1.1 200' head_of '/fhir/RiskAssessment?patient=7001'
is 'HEAD of what we offer' says 0 '^HTTP/1.1 200' head_of /cds-services
is 'nothing is cached' says 0 '^Cache-Control: no-store' head_of '/fhir/RiskAssessment?patient=7001'
is 'another service' asks 404 OperationOutcome /cds-services/other body.json

# ---- a hundred at once -------------------------------------------------------------
call Practitioner/7 mary "$mary" >call.json
is 'one call' asks 200 '"cards":\[\{' "$view" call.json
cp body first
kept=$(messages)
seen=$("$drill" audit a.db | grep -c '^shown')
mkdir many
hundred() {
    seq 100 | xargs -P 100 -I '{}' "$curl" -sS -m 60 -o many/'{}' \
        --data-binary @call.json "http://127.0.0.1:$http$view"
}
is 'a hundred calls at once are answered' hundred
alike() {
    for f in many/*; do
        cmp first "$f" || return 1
    done
    same_number "$(find many -type f | wc -l)" 100
}
is 'all alike' alike
is 'what they brought is kept once' same_number "$(messages)" "$kept"
is 'each was told to the trail' same_number "$("$drill" audit a.db | grep -c '^shown')" $((seen + 100))
twice() { ! "$drill" said a.db | awk '$5 == "current" { print $8, $3, $4 }' | sort | uniq -d | grep .; }
is 'nothing is said twice' twice
is 'the trail is whole' says 0 'is whole' an a.yaml verify
is 'it stops' stop
is 'the log has no word of them' none '4711|Zyx|mary|7001|Drill' server.log
echo "1..$checks"
exit $failed
