#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may call the CDS services, asked of a real server: tokens, CORS, every
# refusal in the words of FHIR, and what was not prefetched read at the client's
# own server.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
client=$built/tests/cds_client
cds=https://cds.example
issuer=https://ehr.example
"$client" keys first
: >port
"$client" serve peer.log >port &
receiver_pid=$!
until [ -s port ]; do
    kill -0 "$receiver_pid" || exit 1
    sleep 0.05
done
peer=http://127.0.0.1:$(cat port)
printf -- '- issuer: %s\n  jwks: %s/jwks\n' "$issuer" "$peer" >clients.yaml
n=0
# token PATH [SECONDS]: a new one, in $token.
token() {
    n=$((n + 1))
    token=$("$client" token "$issuer" "$cds$1" "jti-$n" "${2:-0}")
}
# by STATUS PATTERN METHOD PATH [ARG...]: with $token; `body` and `head`.
by() {
    want=$1
    pattern=$2
    method=$3
    path=$4
    shift 4
    got=$("$curl" -sS -o body -D head -w '%{http_code}' -X "$method" \
        -H "Authorization: Bearer $token" "$@" "http://127.0.0.1:$http$path")
    tr -d '\r' <head >head.txt
    [ "$got" = "$want" ] || { echo "status $got, not $want"; cat body; return 1; }
    grep -qE -- "$pattern" body || { echo "no line like: $pattern"; cat body; return 1; }
}
# The same with a token of its own for that path.
with() {
    token "$4"
    by "$@"
}
outcome='^\{"resourceType":"OperationOutcome"'
bare='^\{"resourceType":"OperationOutcome","issue":\[\{"severity":"error","code":"login"\}\]\}$'
headed() { grep -qiE -- "$1" head.txt || { cat head.txt; return 1; }; }
unheaded() { ! grep -iE -- "$1" head.txt; }

# ---- the configuration ------------------------------------------------------------
install a.yaml a.db demo live 'clock: messages' "cds: {clients: $work/clients.yaml}"
is 'clients without our own address' says 2 'a\.yaml:[0-9]+:1: .*cds\.url' an a.yaml check
install a.yaml a.db demo live "cds: {clients: $work/none.yaml, url: '$cds'}"
is 'clients that are not there' says 2 'none\.yaml' an a.yaml check
printf -- '- issuer: a\n  jwk: b\n' >bad.yaml
install a.yaml a.db demo live "cds: {clients: $work/bad.yaml, url: '$cds'}"
is 'a row that is none' says 2 'bad\.yaml:2:[0-9]+: .*issuer, jwks, tenants' an a.yaml check
printf -- '- issuer: a\n  jwks: key\n' >bad.yaml
is 'a private key in place of a set' says 2 'key: .*key set' an a.yaml check

# ---- tokens -------------------------------------------------------------------------
printf '{"resourceType":"Patient","id":"mary","gender":"female","birthDate":"1948-02-14"}' >fhir_Patient_mary
printf '{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/mary"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I10"}]},"onsetDateTime":"2009-03-01"}}]}' >fhir_Condition
for type in Observation MedicationRequest Procedure Encounter AllergyIntolerance Immunization; do
    printf '{"resourceType":"Bundle","type":"searchset"}' >"fhir_$type"
done
install a.yaml a.db demo live 'clock: messages' \
    "cds: {deadline: 60s, clients: $work/clients.yaml, url: '$cds/', origins: ['https://ehr.example'], fhir_servers: ['$peer/fhir'], fetch_timeout: 5s}"
sed -i 's/address: "127.0.0.1:0"}}$/address: "127.0.0.1:0", max_body: 64KiB}}/' a.yaml
is 'the configuration is right' says 0 '# cds: the clients were read' an a.yaml check
token /cds-services -60
old=$token
serve a.yaml
is 'discovery without a token' asks 401 "$bare" /cds-services
token=
is 'the answer says by what' by 401 "$bare" GET /cds-services
is 'as a header' headed '^WWW-Authenticate: Bearer$'
token=$old
is 'a token of before the start' by 401 "$bare" GET /cds-services
sleep 1
is 'discovery with a token' with 200 '"id":"anamnesis-patient-view"' GET /cds-services
is 'the same token again' by 401 "$bare" GET /cds-services
token /cds-services
is 'a token for another path' by 401 "$bare" POST $view
token=$(printf '%s' "$token" | sed 's/..$/AA/')
is 'a token with another signature' by 401 "$bare" GET /cds-services
token /cds-services -400
is 'a token that is over' by 401 "$bare" GET /cds-services
token=$("$client" token https://other.example $cds/cds-services j 0)
is 'a token of a stranger' by 401 "$bare" GET /cds-services
is 'no path without a token' asks 401 "$bare" /cds-services/other
is 'nor another method' asks 401 "$bare" "$view"
is 'nor feedback' asks 401 "$bare" "$view/feedback" a.yaml
is 'what is beside it is not asked' asks 200 alive /health/live
is 'nor what only begins alike' asks 404 "$outcome" /cds-servicesx

# ---- every status of these paths ----------------------------------------------------
call Practitioner/7 nobody >call.json
json='Content-Type: application/json'
is 'no JSON: 400' with 400 "$outcome" POST $view -H "$json" -d x
is 'another service: 404' with 404 "$outcome" POST /cds-services/other -d '{}'
is 'another method: 405' with 405 "$outcome" PUT $view -d x
is 'somebody unknown: 412' with 412 "$outcome" POST $view -H "$json" --data-binary @call.json
head -c 70000 /dev/zero | tr '\0' ' ' >long
is 'too long: 413' with 413 "$outcome" POST $view -H "$json" --data-binary @long

# ---- pages of browsers -----------------------------------------------------------------
preflight() { # ORIGIN: with no token
    got=$("$curl" -sS -o body -D head -w '%{http_code}' -X OPTIONS -H "Origin: $1" \
        -H 'Access-Control-Request-Method: POST' \
        -H 'Access-Control-Request-Headers: authorization,content-type' \
        "http://127.0.0.1:$http$view")
    tr -d '\r' <head >head.txt
    [ "$got" = 204 ] && [ ! -s body ]
}
is 'a preflight' preflight https://ehr.example
is 'allows that origin' headed '^Access-Control-Allow-Origin: https://ehr\.example$'
is 'its methods' headed '^Access-Control-Allow-Methods: GET, POST, OPTIONS$'
is 'its headers' headed '^Access-Control-Allow-Headers: Content-Type, Authorization, Accept$'
is 'for a while' headed '^Access-Control-Max-Age: 600$'
is 'and for that origin alone' headed '^Vary: Origin$'
for origin in https://evil.example null http://ehr.example https://ehr.example.evil https://ehr.example:8443; do
    is "a preflight of $origin" preflight "$origin"
    is 'allows nothing' unheaded '^Access-Control'
    is 'and may not be kept for another' headed '^Vary: Origin$'
done
is 'an answer' with 200 services GET /cds-services -H 'Origin: https://ehr.example'
is 'may be read there' headed '^Access-Control-Allow-Origin: https://ehr\.example$'
token=
is 'a refusal' by 401 "$bare" GET /cds-services -H 'Origin: https://ehr.example'
is 'too' headed '^Access-Control-Allow-Origin: https://ehr\.example$'
is 'too long' with 413 "$outcome" POST $view --data-binary @long -H 'Origin: https://ehr.example'
is 'too, even that' headed '^Access-Control-Allow-Origin: https://ehr\.example$'
is 'another origin' with 200 services GET /cds-services -H 'Origin: https://evil.example'
is 'may not' unheaded '^Access-Control'
got=$("$curl" -sS -o /dev/null -D - -H 'Origin: https://ehr.example' "http://127.0.0.1:$http/fhir/metadata" | grep -ci access-control) || :
is 'nor may any page read what is beside' same_number "$got" 0

# ---- what was not prefetched -----------------------------------------------------------
# asking SERVER TOKEN [EXPIRES]: a call of somebody unknown, in call.json.
asking() {
    call Practitioner/7 mary | sed "s|\"fhirServer\":\"[^\"]*\"|\"fhirServer\":\"$1\",\"fhirAuthorization\":{\"access_token\":\"$2\",\"token_type\":\"Bearer\",\"expires_in\":${3:-300},\"scope\":\"patient/*.rs\",\"subject\":\"anamnesis\",\"patient\":\"mary\"}|" >call.json
}
open_chart() { with "$1" "$2" POST $view -H "$json" --data-binary @call.json; }
stored() { an a.yaml check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p'; }
asking http://127.0.0.1:1/fhir s3cret
is 'of a server that is not listed nothing is asked' open_chart 412 "$outcome"
asking "$peer/fhir" s3cret 0
is 'nor by a token that is over' open_chart 412 "$outcome"
is 'nobody was asked' none '/fhir' peer.log
mv fhir_Patient_mary aside
asking "$peer/fhir" s3cret
is 'a server that does not have her' open_chart 412 "$outcome"
printf '<html>log in</html>' >fhir_Patient_mary
is 'a server that says HTML' open_chart 412 "$outcome"
printf '{"resourceType":"Patient","id":"other"}' >fhir_Patient_mary
is 'a server that has another' open_chart 412 "$outcome"
mv aside fhir_Patient_mary
kept=$(stored)
is 'a server that has her' open_chart 200 '"cards":\['
is 'was asked with the token of the call' grep -q '^/fhir/Patient/mary Bearer s3cret$' peer.log
is 'for each key' same_number "$(tail -n 9 peer.log | grep -c '^/fhir/.* Bearer s3cret$')" 9
is 'her keys without any' grep -q '^/jwks -$' peer.log
is 'what came is stored' same_number "$(stored)" $((kept + 1))
is 'and in her timeline' says 0 'I10' an a.yaml show mary

# ---- what is left behind ----------------------------------------------------------------
call Practitioner/7 new '{"patient":{"resourceType":"Patient","id":"new","gender":"male"}}' >call.json
hold a.db 7000
is 'a store that is locked: 503' open_chart 503 "$outcome"
wait "$locker" || :
is 'the refusals are counted by their reason' at_least "$(metric 'cds_refused_total{reason="19"}')" 1
is 'the absent tokens, too' at_least "$(metric 'cds_refused_total{reason="2"}')" 5
is 'the key sets' same_number "$(metric 'cds_keys_total{fate="got"}')" 1
is 'it stops' stop
is 'the log has the numbers' grep -q '"event":"cds_refused".*"reason":19,"client":1' server.log
is 'and no word of a token' none 'eyJ|s3cret|ehr\.example|jti-|mary' server.log
is 'nor has the store' none 's3cret|eyJ' a.db

# ---- without a list ----------------------------------------------------------------------
address=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -E '^[0-9.]+$' | head -n 1) || address=
install b.yaml b.db demo live 'clock: messages'
sed -i 's/http: {address: "127.0.0.1:0"}/http: {address: "0.0.0.0:0"}/' b.yaml
if [ -n "$address" ]; then
    far() { # STATUS: of a call that does not come by the loopback
        got=$("$curl" -sS --noproxy '*' -o body -w '%{http_code}' "http://$address:$http/cds-services")
        [ "$got" = "$1" ] || { echo "status $got, not $1"; return 1; }
    }
    serve b.yaml
    is 'without a list this machine may call' asks 200 services /cds-services
    is 'and no other' far 401
    is 'which has a reason' at_least "$(metric 'cds_refused_total{reason="1"}')" 1
    is 'it stops' stop
    sed -i 's/^cds: {/&open: true, /' b.yaml
    serve b.yaml
    is 'unless it is open' far 200
    is 'it stops' stop
else
    echo '# this machine has no address but the loopback: cds.open was not asked'
fi
echo "1..$checks"
exit $failed
