#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sends what we write (tests/golden/write-*/bundle.json) to a FHIR server:
#
#   writeback.sh PORT            of a server that hapi-server.sh has just started
#
# Each transaction is accepted; sent again, every resource keeps its version;
# the patient was found by identifier; and without the patient nothing at all
# is written.  See peer.sh for the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

[ $# -eq 1 ] || {
    echo 'usage: writeback.sh PORT' >&2
    exit 2
}
command -v curl >/dev/null || unavailable 'no curl here'
base=http://127.0.0.1:$1/fhir
golden=$peers_src/../golden
answer=$peers_build/writeback.json

# send METHOD PATH FILE: prints the status; the body is in $answer.
send() {
    curl -s -m 60 -o "$answer" -w '%{http_code}' -X "$1" "$base$2" \
        -H 'Content-Type: application/fhir+json' --data-binary "@$3"
}

get() {
    curl -s -m 60 -o "$answer" -w '%{http_code}' "$base$1"
}

want() {
    [ "$2" = "$3" ] || {
        head -c 1000 "$answer" >&2
        fail "$1: $2 instead of $3"
    }
}

# put TYPE/ID ELEMENTS: what stood at the receiver before we came.
put() {
    printf '{"resourceType":"%s","id":"%s",%s}' "${1%/*}" "${1#*/}" "$2" \
        >"$peers_build/put.json"
    case $(send PUT "/$1" "$peers_build/put.json") in
    20[01]) ;;
    *) fail "$1 is not taken" ;;
    esac
}

# How many entries answer, and which versions they are.
versions() {
    tr -d ' \n' <"$answer" | grep -o '"etag":"[^"]*"' | sort | uniq -c |
        awk '{ printf "%s%s x %s", n++ ? ", " : "", $2, $1 }'
}

entries() {
    grep -c '"fullUrl"' "$1"
}

# Without the patient: nothing is written.
sed 's/|PEER-1"/|PEER-NOBODY"/' "$golden/write-heart/bundle.json" \
    >"$peers_build/nobody.json"
want 'without the patient' \
    "$(send POST '' "$peers_build/nobody.json")" 404
risk=$(grep -o 'RiskAssessment/[0-9a-f-]*"' "$golden/write-heart/bundle.json" |
    head -n 1 | tr -d '"')
want 'the rolled back risk' "$(get "/$risk")" 404

put Patient/peer-patient \
    '"identifier":[{"system":"urn:oid:2.999.1.1","value":"PEER-1"}]'
put Patient/p1 '"active":true'
put Encounter/e1 '"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"}'
put Observation/lab-1 '"status":"final","code":{"text":"invented"},"subject":{"reference":"Patient/p1"}'

for bundle in "$golden"/write-*/bundle.json; do
    # HAPI 8.8.0 takes every Range that can be searched for one of time and
    # answers 500 ("% is not compatible with day") to one in per cent.
    case $bundle in */write-interval/*) continue ;; esac
    n=$(entries "$bundle")
    want "$bundle" "$(send POST '' "$bundle")" 200
    first=$(versions)
    want "$bundle, its versions" "$first" "\"etag\":\"1\" x $n"
    want "$bundle again" "$(send POST '' "$bundle")" 200
    want "$bundle again, its versions" "$(versions)" "$first"
done

want 'the risk' "$(get "/$risk")" 200
grep -q '"reference": *"Patient/peer-patient"' "$answer" ||
    fail 'the patient was not found by identifier'
grep -q '"probabilityDecimal": *0.2340' "$answer" ||
    fail 'the probability lost its digits'
want 'its provenance' "$(get "/Provenance?target=$risk&_summary=count")" 200
grep -q '"total": *1' "$answer" || fail 'its provenance is not found'
# What the server has made of a signed resource gives the bytes that were signed.
if command -v python3 >/dev/null; then
    signed=$(grep -o 'Provenance/[0-9a-f-]*"' "$golden/write-signed/bundle.json" |
        head -n 1 | tr -d '"')
    want 'what was signed' "$(get \
        "/Provenance?_id=${signed#*/}&_include=Provenance:target")" 200
    python3 "$golden/../signed_stranger.py" - "$answer" >&2 ||
        fail 'what was signed is not what the server gives back'
fi
echo "$base: all transactions taken, and changed nothing the second time"
