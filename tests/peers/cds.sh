#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clients and validators of other makers, from npm.  TAP on standard output.
#
#   cds.sh           three validators over tests/golden/write-* and what our
#                    server gives; a CDS Hooks client against that server.
#                    Wants ANAMNESIS_BUILD
#   cds.sh read URL  two FHIR clients find what writeback.sh sent to that server
#
# Needs node 20 and npm; see peer.sh for the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

# Packages by the lock file, again only when it or a program changes.
node_dir=$peers_build/node
build_node() {
    command -v npm >/dev/null || unavailable 'no npm (with node 20 or later) here'
    mkdir -p "$node_dir"
    sum=$(cat "$peers_src"/node/package*.json | cksum)
    cp "$peers_src"/node/*.mjs "$peers_src"/node/package*.json "$node_dir"
    [ "$sum" != "$(cat "$node_dir/built" 2>/dev/null)" ] || return 0
    say 'fetching the packages'
    (cd "$node_dir" && npm ci --ignore-scripts --omit=optional --omit=peer \
        --legacy-peer-deps --no-audit --no-fund >npm.log 2>&1) ||
        unavailable "npm cannot fetch; see $node_dir/npm.log"
    echo "$sum" >"$node_dir/built"
}
# @medplum/core wants WebSocket, which node 20 has behind an option.
js() {
    program=$1
    shift
    node --experimental-websocket "$node_dir/$program.mjs" "$@"
}

build_node
case ${1:-} in
read)
    js read "${2:?}" "$peers_src/../golden"
    exit
    ;;
esac
[ -x "${ANAMNESIS_BUILD:-}/anamnesis" ] || unavailable 'ANAMNESIS_BUILD names no build'
top_srcdir=${peers_src%/tests/peers}
top_builddir=$ANAMNESIS_BUILD
. "$top_srcdir/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"

is 'each validator finds its faults' js validate --break "$top/tests/golden/write-heart/bundle.json"
is 'they find none in what we write' js validate "$top"/tests/golden/write-*/bundle.json

js cds keys
cds=https://cds.example
printf -- '- issuer: https://ehr.example\n  jwks: %s/jwks\n' "$work" >clients.yaml
install a.yaml a.db demo live 'clock: messages' \
    "cds: {clients: $work/clients.yaml, url: '$cds', deadline: 60s, quiet: {admitted: 0s, otherwise: 0s}}"
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61; } >stay.hl7
an a.yaml backload past.hl7 stay.hl7 >/dev/null
serve a.yaml
sleep 1 # a token of the second of the start is refused
is 'a client of CDS Hooks is served, and its errors are refused' \
    js cds call "http://127.0.0.1:$http" "$cds"
is 'what it overrode is counted' \
    same_number "$("$curl" -sS "http://127.0.0.1:$http/metrics" | awk '/^anamnesis_cards_feedback_total/ { n += $2 } END { print n + 0 }')" 1
n=0
for path in metadata 'RiskAssessment?patient=7001' 'Provenance?patient=7001' \
    'Observation?patient=7001' 'DocumentReference?patient=7001' Device; do
    n=$((n + 1))
    "$curl" -sS -o "given-$n.json" "http://127.0.0.1:$http/fhir/$path"
done
is 'the validators find no fault in what our server gives' \
    says 0 '^# 6 files, [1-9][0-9]+ resources, 0 faults' js validate given-*.json
is 'it stops' stop
echo "1..$checks"
exit $failed
