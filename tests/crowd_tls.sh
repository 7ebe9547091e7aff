#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hundreds of TLS handshakes at a time, over MLLP and HTTP, and those that never end:
# all who can are answered, the others are closed when their time is up, and nothing
# is left of either.
#
#   crowd_tls.sh [N]   300 connections; ANAMNESIS_TLS_CROWD says so, too
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
crowd=$built/tests/crowd_tls
many=${1:-${ANAMNESIS_TLS_CROWD:-300}}
slow=100
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $((many + slow + 200)) ] || {
    echo "1..0 # SKIP no more than $(ulimit -n) descriptors are allowed"
    exit 77
}
pki=$("$built/tests/tls_drill" make)
keys="certificate_file: $work/$pki/server.pem, key_file: $work/$pki/server.key"
keys="tls: {$keys, ca_file: $work/$pki/hospital.pem, client_certificate: required}"
most=$((many + slow + 100))
nobody() { same_number "$(metric mllp_connections)" 0; }
few_descriptors() { test "$(ls "/proc/$server/fd" | wc -l)" -lt 60; }
all_of() { # N: all shook hands and were answered
    says 0 "^$1 shook hands, $1 answered, 0 closed\$" cat heard
}
begin_slow() { # PORT: they hold their connections, in the background
    : >held
    "$crowd" slow "$1" $slow >held &
    peers=$!
    waited 20 grep -q held held
}
# The times of a handshake that never ends are what the configuration says: not
# before, and, on a machine that is busy, not ten times as late.
in_time() { # MS
    wait "$peers"
    cat held
    first=$(sed -n 's/^[0-9]* closed, \([0-9]*\) ms.*/\1/p' held)
    last=$(sed -n 's/.* ms, \([0-9]*\) ms/\1/p' held)
    grep -q "^$slow closed" held && at_least "$first" $(($1 * 4 / 5)) && at_most "$last" $(($1 * 10))
}

# ---- MLLP -----------------------------------------------------------------------
config mllp.yaml "$work/mllp.db" 'listen:' "  $keys" \
    "  mllp: {address: \"127.0.0.1:0\", tls: true, max_connections: $most, timeout: {handshake: 3s}}" \
    '  http: {address: "127.0.0.1:0"}'
serve mllp.yaml
before=$(now_kb)
is "$many handshakes at once over MLLP" "$crowd" mllp "$mllp" "$many" "$pki"
cp said heard
echo "# $(cat heard)"
is 'all are answered' all_of "$many"
is 'each is counted' same_number "$(metric 'mllp_handshakes_total{fate="done"}')" "$many"
is 'each message is stored' says 0 "^# store: $many messages" an mllp.yaml check
is 'all have ended' waited 20 nobody
is 'no descriptor is left over' waited 20 few_descriptors
is 'handshakes that never end' begin_slow "$mllp"
is 'hold up nobody' "$crowd" mllp "$mllp" 50 "$pki"
cp said heard
is 'all others are answered' all_of 50
is 'are closed when their time is up' in_time 3000
echo "# $(tail -n 1 held)"
is 'and are counted' same_number "$(metric 'mllp_timeouts_total{state="handshake"}')" $slow
is 'none is left' waited 20 nobody
is 'nor a descriptor' waited 20 few_descriptors
echo "# memory: $((before / 1024)) MiB before, $(($(peak) / 1024)) MiB at most"
is 'memory is bounded: half a MiB for each' bounded $((before + (many + slow) * 512))
is 'it stops' stop

# ---- HTTP -----------------------------------------------------------------------
config http.yaml "$work/http.db" 'listen:' "  $keys" \
    '  mllp: {address: ""}' \
    "  http: {address: \"127.0.0.1:0\", tls: true, max_connections: $most, timeout: 3s}"
serve http.yaml
before=$(now_kb)
is "$many handshakes at once over HTTP" "$crowd" http "$http" "$many" "$pki"
cp said heard
echo "# $(cat heard)"
is 'all are answered' all_of "$many"
is 'no descriptor is left over' waited 20 few_descriptors
is 'handshakes that never end' begin_slow "$http"
is 'hold up nobody' "$crowd" http "$http" 50 "$pki"
cp said heard
is 'all others are answered' all_of 50
is 'are closed when their time is up' in_time 3000
echo "# $(tail -n 1 held)"
is 'nor is a descriptor left of them' waited 20 few_descriptors
echo "# memory: $((before / 1024)) MiB before, $(($(peak) / 1024)) MiB at most"
is 'memory is bounded: half a MiB for each' bounded $((before + (many + slow) * 512))
is 'it stops' stop
echo "1..$checks"
exit $failed
