#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a FHIR server tells us and gives us:
#
#   intake.sh PORT               of a server that hapi-server.sh has just started
#
# A Subscription that `anamnesis subscribe` makes is in force; a result that is
# then written there, and its correction, stand in our timeline; so does what a
# notification without a payload only hints at. A bulk export, killed with -9
# again and again, is whole in the end, and loads to the same timeline; the next
# one brings what was new since.
#
# ANAMNESIS_BUILD  the folder that holds ./anamnesis (default: build/)
#
# See peer.sh for PEERS_BUILD and the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

[ $# -eq 1 ] || {
    echo 'usage: intake.sh PORT' >&2
    exit 2
}
command -v curl >/dev/null || unavailable 'no curl here'
top=$(cd "$peers_src/../.." && pwd)
anamnesis=${ANAMNESIS_BUILD:-$top/build}/anamnesis
[ -x "$anamnesis" ] || unavailable "no $anamnesis: build it, or set ANAMNESIS_BUILD"
base=http://127.0.0.1:$1/fhir
limit_s=${INTAKE_LIMIT_S:-240}

work=$(mktemp -d -p "$peers_build")
server=
trap 'status=$?; [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    wait; [ "$status" != 0 ] || rm -rf "$work"; exit $status' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"

printf 'inv3nted\n' >secret
cat >a.yaml <<END
environment: test
stage: off
store: {path: "$work/store.db"}
fhir: {url: "$base", retry_first: 200ms}
subscriptions:
  secret_file: "$work/secret"
  of: ["results=Observation?code=http://loinc.org|2160-0", "problems=Condition?",
    "topic=http://h.example/topic/results Observation?code=http://loinc.org|2823-3"]
listen: {mllp: {address: ""}, http: {address: "127.0.0.1:0"}}
END
sed "s,/store.db,/loaded.db," a.yaml >b.yaml

an() { "$anamnesis" -c "$@"; }

# put TYPE/ID ELEMENTS [METHOD]
put() {
    printf '{"resourceType":"%s","id":"%s",%s}' "${1%/*}" "${1#*/}" "$2" >put.json
    code=$(curl -s -m 60 -o put.out -w '%{http_code}' -X PUT "$base/$1" \
        -H 'Content-Type: application/fhir+json' --data-binary @put.json)
    case $code in
    20[01]) ;;
    *) fail "$1 is not taken: $code" ;;
    esac
}
creatinine() { # ID VALUE
    put "Observation/$1" '"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2160-0","display":"Creatinine"}]},"subject":{"reference":"Patient/intake"},"effectiveDateTime":"2026-03-01T08:0'"${1#c}"':00Z","valueQuantity":{"value":'"$2"',"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}'
}

# until_known PATTERN: it stands in the timeline.
until_known() {
    began=$(date +%s)
    until an a.yaml show intake >timeline 2>/dev/null && grep -qE "$1" timeline; do
        kill -0 "$server" 2>/dev/null || fail "our server is gone; see $work/log"
        [ $(($(date +%s) - began)) -lt 60 ] || {
            cat timeline >&2
            fail "not in the timeline: $1"
        }
        sleep 0.2
    done
}

# ---- told -------------------------------------------------------------------------

start_server

put Patient/intake '"identifier":[{"system":"urn:oid:2.999.1.1","value":"INTAKE-1"}]'
an a.yaml subscribe "http://127.0.0.1:$http" results >made || fail "$(cat made)"
grep -q 'made, in force' made || fail "$(cat made)"
an a.yaml subscribe "http://127.0.0.1:$http" results >made || fail "$(cat made)"
grep -q 'renewed, in force' made || fail "renewing: $(cat made)"
creatinine c1 2.17
until_known 'Creatinine .* 2\.17 '
creatinine c1 1.18
until_known 'Creatinine .* 1\.18 '
grep -q ' 2\.17 ' timeline && fail 'the correction did not replace the value'
say 'a subscription brings a result and its correction'

# until_gone PATTERN: it stands there no more.
until_gone() {
    began=$(date +%s)
    while an a.yaml show intake >timeline 2>/dev/null && grep -qE "$1" timeline; do
        [ $(($(date +%s) - began)) -lt 60 ] || fail "still in the timeline: $1"
        sleep 0.2
    done
}
creatinine c9 9.19
until_known 'Creatinine .* 9\.19 '
curl -s -m 60 -o put.out -X DELETE "$base/Observation/c9"
until_gone ' 9\.19 '
curl -s "http://127.0.0.1:$http/metrics" |
    grep -qF 'subscription_deletions_total{subscription="results",fate="withdrawn"} 1' ||
    fail 'the deletion was not told as one'
until_known 'Creatinine .* 1\.18 '
say 'and its deletion'

# Without a payload, and with the secret.
cat >hint.json <<END
{"resourceType":"Subscription","status":"requested","reason":"hints","criteria":"Condition?",
 "channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:$http/fhir/subscription/problems",
 "header":["Authorization: Bearer inv3nted"]}}
END
curl -s -m 60 -o hint.out -X POST "$base/Subscription" \
    -H 'Content-Type: application/fhir+json' --data-binary @hint.json
id=$(tr -d ' \n' <hint.out | sed -n 's/.*"resourceType":"Subscription","id":"\([^"]*\)".*/\1/p')
began=$(date +%s)
until curl -s "$base/Subscription/$id" | grep -q '"active"'; do
    [ $(($(date +%s) - began)) -lt 60 ] || fail 'the hint is never active'
    sleep 0.2
done
put Condition/k1 '"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I50.9","display":"Heart failure"}]},"subject":{"reference":"Patient/intake"},"onsetDateTime":"2025-01-02"'
until_known 'Heart failure'
say 'a notification without a payload is searched for'
an a.yaml subscribe --delete "http://127.0.0.1:$http" results >made || fail "$(cat made)"
grep -q 'deleted' made || fail "deleting: $(cat made)"

# The R5 backport, by the name alone. HAPI keeps a topic of R4 as a Basic.
put Basic/intake-topic '"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"http://h.example/topic/results"},
 {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.version","valueString":"1"},
 {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.status","valueCode":"active"},
 {"url":"http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic.resourceTrigger","extension":[{"url":"resource","valueUri":"Observation"},
  {"url":"supportedInteraction","valueCode":"create"},{"url":"supportedInteraction","valueCode":"update"}]},
 {"url":"http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic.canFilterBy","extension":[{"url":"resource","valueUri":"Observation"},{"url":"filterParameter","valueString":"code"}]}],
 "code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]}'
an a.yaml subscribe --backport --content id-only "http://127.0.0.1:$http" topic >made || fail "$(cat made)"
potassium() { # ID VALUE
    put "Observation/$1" '"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}]},"subject":{"reference":"Patient/intake"},"effectiveDateTime":"2026-03-02T08:0'"${1#k}"':00Z","valueQuantity":{"value":'"$2"',"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}'
}
notices() {
    curl -s "http://127.0.0.1:$http/metrics" |
        sed -n 's/^anamnesis_subscription_notices_total{subscription="topic",fate="known"} //p'
}
# A new topic is known to HAPI's matching within a minute or so: until then
# nothing is told, and the first is written anew.
n=0
until [ "$(notices)" -gt 0 ]; do
    n=$((n + 1))
    [ "$n" -lt 40 ] || fail 'the topic tells us nothing'
    potassium k1 "4.1$n"
    sleep 3
done
sleep 3
before=$(notices)
potassium k2 4.32
until_known 'Potassium .* 4\.32 '
potassium k3 4.33
until_known 'Potassium .* 4\.33 '
sleep 3
[ "$(notices)" -eq $((before + 2)) ] || fail "two events, and $(notices) less $before notifications"
curl -s "http://127.0.0.1:$http/metrics" | grep -qF 'subscription_missing{subscription="topic"} 0' ||
    fail 'a number is missing'
say 'the R5 backport names results, each once'

# An event of which nobody told us, and a heartbeat that counts it.  HAPI FHIR has no
# $events: what was missed is searched for.
id=$(sed -n 's,.*Subscription/\([^ ]*\) .*,\1,p' made)
an a.yaml subscribe --delete "http://127.0.0.1:$http" topic >made || fail "$(cat made)"
# HAPI FHIR goes on for a while with one that is deleted.
n=10
while potassium k4 "4.4$n" && sleep 3 && an a.yaml show intake | grep -q " 4\.4$n "; do
    n=$((n + 1))
    [ "$n" -lt 60 ] || fail 'who was unsubscribed is told without end'
done
cat >beat.json <<END
{"resourceType":"Bundle","type":"history","entry":[{"resource":{"resourceType":"Parameters","parameter":[
 {"name":"subscription","valueReference":{"reference":"$base/Subscription/$id"}},
 {"name":"type","valueCode":"heartbeat"},{"name":"events-since-subscription-start","valueString":"1000"}]}}]}
END
curl -s -m 60 -o beat.out -X POST "http://127.0.0.1:$http/fhir/subscription/topic" \
    -H 'Authorization: Bearer inv3nted' -H 'Content-Type: application/fhir+json' \
    --data-binary @beat.json
until_known "Potassium .* 4\.4$n "
curl -s "http://127.0.0.1:$http/metrics" >metrics
grep -qF 'subscription_missing{subscription="topic"} 0' metrics ||
    fail 'a number stays missing'
say 'an event that was missed is searched for'

# ---- given ------------------------------------------------------------------------

for i in 2 3 4 5; do
    creatinine "c$i" "1.2$i"
done

# exported ARGUMENT...: killed every second until a call says that all is there.
exported() {
    began=$(date +%s)
    kills=0
    while :; do
        "$anamnesis" -c a.yaml export "$@" "$base" out >exported 2>>export.log &
        export=$!
        (
            sleep 1
            kill -9 "$export" 2>/dev/null
        ) &
        killer=$!
        rc=0
        wait "$export" 2>/dev/null || rc=$?
        kill "$killer" 2>/dev/null || :
        wait "$killer" 2>/dev/null || :
        [ "$rc" -ne 0 ] || return 0
        [ "$rc" -eq 137 ] || fail "export ends with $rc: $(tail -n 1 export.log)"
        kills=$((kills + 1))
        [ $(($(date +%s) - began)) -lt "$limit_s" ] || fail "no export in $limit_s s"
    done
}

exported --types Patient,Observation,Condition
[ "$kills" -gt 0 ] || fail 'the export was never killed: nothing is proven'
[ "$(grep -c 'took the job' export.log)" -eq 1 ] || fail 'it asked anew'
# The server may have others: it has just been told of some.
[ "$(cat out/001-Observation-*.ndjson* | grep -c '"Patient/intake"')" -eq 9 ] || fail 'not nine Observations'
an b.yaml backload out >loaded || fail "it does not load: $(cat loaded)"
# But for the four, and her number: nobody told us of the Patient.
events() { an "$1" show intake | grep '^20' | grep -v ' 1\.2[2-5] '; }
events a.yaml >told
events b.yaml >given
diff told given >differ || fail "what was told and what was given differ: $(cat differ)"
[ "$(an b.yaml show intake | grep -c ' 1\.2[2-5] ')" -eq 4 ] || fail 'the other four are not there'
say "an export is whole after $kills kills, and loads to the same timeline"

creatinine c6 1.26
exported --since last --types Patient,Observation,Condition
[ "$(cat out/002-*.ndjson* | grep -c '"Observation"')" -eq 1 ] ||
    fail "not what is new alone: $(ls out)"
an b.yaml backload out >loaded || fail "it does not load: $(cat loaded)"
an b.yaml show intake | grep -q ' 1\.26 ' || fail 'what is new is not there'

kill "$server"
wait "$server" || fail 'our server did not stop well'
server=
echo "$base: tells us of a result, and gives all of them, through kills"
