#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAPI as a sender to our listeners, plain and over TLS, with a message for each
# acknowledgement.  Wants ANAMNESIS_BUILD, a build with its test programs.  TAP on
# standard output; see peer.sh for the rest.
set -eu
. "$(dirname -- "$0")/peer.sh"
[ -x "${ANAMNESIS_BUILD:-}/tests/tls_drill" ] ||
    unavailable 'ANAMNESIS_BUILD names no build with its test programs'
built=$(cd "$ANAMNESIS_BUILD" && pwd)
build_peer senders
work=$(mktemp -d "$peers_build/senders.XXXXXX")
server=
leave() {
    status=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    wait
    rm -rf "$work"
    exit "$status"
}
trap leave EXIT
cd "$work"
count=0
failed=0
is() { # NAME WANTED GOT
    count=$((count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $count - $1"
        return
    fi
    failed=1
    echo "not ok $count - $1"
    echo "$3" | sed 's/^/# /'
}

serve() { # LISTEN
    printf '%s\n' 'environment: test' 'stage: off' "store: {path: $work/a.db}" "$1" >a.yaml
    : >ports
    "$built/anamnesis" -c a.yaml serve >ports 2>server.log &
    server=$!
    until [ -s ports ]; do
        kill -0 "$server" || fail "the server did not start: $(cat server.log)"
        sleep 0.1
    done
    mllp=$(sed 's/.* MLLP on port \([0-9]*\),.*/\1/' ports)
    http=$(sed 's/.* HTTP on port \([0-9]*\)$/\1/' ports)
}
stop() {
    kill "$server"
    wait "$server" || :
    server=
}
send() { # AUTHORITY FILE
    java -cp "$class_path" peers.senders.Send "$1" "$mllp" "$http" "$2" 2>&1 | tail -n 4
}

# message WISHES PATIENT
message() {
    printf 'MSH|^~\\&|A|B|C|D|20260310||ADT^A08^ADT_A01|J1|P|2.5.1|||%s\rEVN|A08|20260310\rPID|1||%s||Drill^Mary\rPV1|1|I\rDG1|1||I10^Hypertension^I10C||20260310|A\r' "$1" "$2"
}
message '|' '9^^^B^MR' >original
message 'AL|NE' '9^^^B^MR' >accept
message 'NE|AL' '9^^^B^MR' >application
message '|' '' >wrong
both() { printf 'mllp %s J1\nhttp %s J1' "$1" "$1"; }
all() { # WHAT AUTHORITY
    is "$1: original mode" "$(both AA)" "$(send "$2" original)"
    is "$1: accept acknowledgement" "$(both CA)" "$(send "$2" accept)"
    is "$1: application acknowledgement" "$(both AA)" "$(send "$2" application)"
    is "$1: a refusal is an answer" "$(both AE)" "$(send "$2" wrong)"
}
serve 'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
all plain -
stop
pki=$("$built/tests/tls_drill" make)
serve "listen: {tls: {certificate_file: $work/$pki/server.pem, key_file: $work/$pki/server.key}, mllp: {address: \"127.0.0.1:0\", tls: true}, http: {address: \"127.0.0.1:0\", tls: true}}"
all TLS "$pki/hospital.pem"
stop
echo "1..$count"
exit $failed
