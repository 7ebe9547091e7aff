#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What leaves by the outbox when all is asked for, signed: verified by the
# program and by a stranger, with keys of both kinds.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
command -v openssl >/dev/null || {
    echo '1..0 # SKIP openssl is not installed: nothing was signed'
    exit 77
}
receive
all='[RiskAssessment, Observation, DocumentReference, ClinicalImpression,
  Composition, Task, CommunicationRequest, GuidanceResponse, AuditEvent,
  ModelCard]'
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61 && discharge 7001; } >stay.hl7
call Practitioner/7 mary "$mary" >call.json

key() { # FILE ARGUMENTS...
    file=$1
    shift
    openssl genpkey "$@" -out "$file.pem" 2>openssl.log
    chmod 600 "$file.pem"
    openssl pkey -in "$file.pem" -pubout -out "$file.pub"
}
key ec -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
stranger() {
    if command -v python3 >/dev/null; then
        says "$1" "$2" python3 "$top/tests/signed_stranger.py" "$3" "$4"
    fi
}
delivered() {
    for _ in $(seq 300); do
        [ "$(metric 'outbox_rows{state="waiting"}')" != 0 ] || return 0
        sleep 0.1
    done
    return 1
}

for kind in ec rsa; do
    install "$kind.yaml" "$kind.db" demo live \
        "outbox:" "  url: \"$receiver\"" '  test_target: true' \
        "  signing_key_file: \"$work/$kind.pem\"" \
        '  flags: ["hospital-admission 0", "emergency-visit 0"]' \
        '  proposals: ["hospital-admission 0 http://h.example/s|1 A call"]' \
        "  resources: $all"
    : >received
    an "$kind.yaml" backload past.hl7 >/dev/null
    serve "$kind.yaml"
    is "$kind: what happens to her is acknowledged" \
        says 0 '^3 messages: 3 accepted' \
        an "$kind.yaml" replay --to "127.0.0.1:$mllp" stay.hl7
    is "$kind: and thought about" settled "$kind.db"
    is "$kind: her chart is opened" asks 200 '"cards":\[\{' "$view" call.json
    is "$kind: and all of it is delivered" delivered
    is "$kind: every kind of resource has left" sh -c '
        for type in RiskAssessment ClinicalImpression Flag ServiceRequest \
            Task CommunicationRequest GuidanceResponse AuditEvent Device \
            Provenance AIModelCard; do
            grep -q "\"$type\"" received || { echo "no $type"; exit 1; }
        done'
    is "$kind: the hook that was answered is named" grep -q d1577c69-0001 received
    is "$kind: no text has left that waits" none \
        '"docStatus":"preliminary"|"resourceType":"Composition"' received
    n=0
    while read -r line; do
        printf '%s\n' "$line" >bundle.json
        case $line in *'"signature"'*) ;; *) continue ;; esac
        n=$((n + 1))
        [ "$n" -le 3 ] || continue
        is "$kind: Bundle $n is as it was signed" \
            says 0 'signatures over [0-9]+ resources are right' \
            an "$kind.yaml" verify --signature "$kind.pub" bundle.json
        is "$kind: says a stranger, too" \
            stranger 0 '^[1-9][0-9]* right, 0 wrong' "$kind.pub" bundle.json
    done <received
    is "$kind: Bundles were signed" at_least "$n" 2
    grep '"signature"' received | head -n 1 |
        sed 's/\("probabilityDecimal":0\.[0-9]*\)[0-9]/\1x/; s/\("probabilityDecimal":0\.[0-9]*\)x/\17/' >changed.json
    grep '"signature"' received | head -n 1 >bundle.json
    if cmp -s bundle.json changed.json; then
        sed 's/"status":"preliminary"/"status":"final"/' bundle.json >changed.json
    fi
    is "$kind: what was changed is found" \
        says 1 'not as it was signed' \
        an "$kind.yaml" verify --signature "$kind.pub" changed.json
    is "$kind: by a stranger, too" \
        stranger 1 '[1-9][0-9]* wrong' "$kind.pub" changed.json
    is "$kind: it stops" stop
done
is 'another key did not sign it' says 1 'not as it was signed' \
    an rsa.yaml verify --signature ec.pub bundle.json
is 'a Bundle without a signature proves nothing' sh -c \
    'echo "{\"resourceType\":\"Bundle\"}" >empty.json'
is 'and that is said' says 1 'no Provenance in it is signed' \
    an rsa.yaml verify --signature rsa.pub empty.json
chmod 644 ec.pem
is 'a key that others may read is refused' says 2 'mode has to be 0600' \
    an ec.yaml check
echo "1..$checks"
exit $failed
