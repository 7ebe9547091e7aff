#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two thousand senders at a time, and those that are slow, deaf, frozen or gone.
#
#   crowd.sh [N]      2000 connections; ANAMNESIS_CROWD says so, too
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
crowd=$built/tests/crowd
many=${1:-${ANAMNESIS_CROWD:-2000}}
ulimit -n "$(ulimit -H -n)" 2>/dev/null || :
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $((many + 200)) ] || {
    echo "1..0 # SKIP no more than $(ulimit -n) descriptors are allowed"
    exit 77
}
counted() {
    got=$(an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p')
    test "$got" = "$2" || { echo "$got messages"; return 1; }
}
nobody() { same_number "$(metric mllp_connections)" 0; }
first() { cut -d ' ' -f 1 "$1"; } # of what crowd says: how many were answered

# ---- two thousand -------------------------------------------------------------
config many.yaml "$work/many.db" 'listen:' \
    "  mllp: {address: \"127.0.0.1:0\", max_connections: $((many + 100))}" \
    "  http: {address: \"127.0.0.1:0\", max_connections: $((many + 100))}"
serve many.yaml
before=$(now_kb)
is "$many connections over MLLP" "$crowd" mllp "$mllp" "$many"
cp said heard
is 'each message is acknowledged' same_number "$(first heard)" "$many"
is 'each is stored' counted many.yaml "$many"
echo "# $(cat heard)"
is 'all have ended' waited 20 nobody
is 'no descriptor is left over' waited 20 sh -c "test \$(ls /proc/$server/fd | wc -l) -lt 60"
is "$many connections over HTTP" "$crowd" http "$http" "$many"
cp said heard
is 'each is answered' same_number "$(first heard)" "$many"
echo "# $(cat heard)"
echo "# memory: $((before / 1024)) MiB before, $(($(peak) / 1024)) MiB at most"
is 'memory is bounded: a quarter of a MiB for each' bounded $((before + many * 256))
is 'it stops' stop
is 'the store is whole' an many.yaml check --store

# ---- one more than there may be ------------------------------------------------
limit=50
config few.yaml "$work/few.db" 'listen:' \
    "  mllp: {address: \"127.0.0.1:0\", max_connections: $limit}" \
    "  http: {address: \"127.0.0.1:0\", max_connections: $limit, timeout: 3s}"
serve few.yaml
is 'more connections than there may be' "$crowd" mllp "$mllp" $((limit + 30))
cp said heard
is 'so many are answered' same_number "$(first heard)" "$limit"
is 'the rest is closed and not kept waiting' says 0 ', 30 closed, 0 silent' cat heard
is 'and counted' at_least "$(metric 'mllp_refused_total{why="full"}')" 30
is 'all have ended' waited 20 nobody
is 'then there is room again' "$crowd" mllp "$mllp" "$limit"
is 'for all of them' same_number "$(first said)" "$limit"
is 'the same over HTTP' "$crowd" http "$http" $((limit + 30))
cp said heard
echo "# $(cat heard)"
at_once=$(sed 's/.* silent, \([0-9]*\) in a second.*/\1/' heard)
is 'no more than there may be are answered at a time' at_most "$at_once" "$limit"
is 'the others when those have been silent for long' same_number "$(first heard)" $((limit + 30))
is 'then there is room again over HTTP' waited 20 asks 200 . /health/live
is 'it stops' stop

# ---- more than memory could hold ------------------------------------------------
# 200 frames of 10 MiB that do not end are 2 GB; 64 MiB may be there at a time.
config heavy.yaml "$work/heavy.db" 'listen:' \
    '  mllp: {address: "127.0.0.1:0", max_frame: 32MiB, max_pending: 64MiB, timeout: {frame: 20s}}' \
    '  http: {address: "127.0.0.1:0"}'
serve heavy.yaml
before=$(now_kb)
is '200 long frames that do not end' "$crowd" heavy "$mllp" 200 10240
cp said heard
echo "# $(cat heard)"
is 'most of them are refused' at_least "$(($(first heard) + $(sed 's/.*, \([0-9]*\) closed.*/\1/' heard)))" 190
is 'with an answer' at_least "$(first heard)" 100
is 'some go on' says 0 ', [1-9][0-9]* hold it all' cat heard
is 'all that were refused are counted' at_least "$(metric 'mllp_refused_total{why="pending"}')" 190
echo "# memory: $((before / 1024)) MiB before, $(($(peak) / 1024)) MiB at most"
is 'memory is bounded: twice what may be there, and a quarter of a MiB for each' \
    bounded $((before + 2 * 65536 + 200 * 256))
is 'a message in between is served' "$crowd" mllp "$mllp" 5
is 'all are' same_number "$(first said)" 5
is 'when they have gone nothing is kept' waited 40 nobody
is 'not a byte' same_number "$(metric mllp_pending_bytes)" 0
is 'it stops' stop

# ---- bad manners --------------------------------------------------------------------
config bad.yaml "$work/bad.db" 'listen:' \
    '  mllp: {address: "127.0.0.1:0", timeout: {frame: 1s, write: 1s, idle: 3s}}' \
    '  http: {address: "127.0.0.1:0", timeout: 2s}'
serve bad.yaml
is 'a byte each 100 ms: closed when the time for a frame is up' "$crowd" trickle "$mllp" 100
took=$(sed 's/.*, \([0-9]*\) ms/\1/' said)
is 'soon, and not before' sh -c "test $took -ge 900 -a $took -le 8000"
is 'and counted' at_least "$(metric 'mllp_timeouts_total{state="frame"}')" 1
is 'reset in a frame, and before the answer, fifty times' "$crowd" gone "$mllp" 50
is 'none is left' waited 20 nobody
is 'whoever reads no answers is closed' "$crowd" deaf "$mllp"
echo "# $(cat said)"
is 'none is left' waited 20 nobody

# Frozen is not closed: the other side acknowledges what TCP sends, and no more.
frozen() { # BYTES: a peer that stops within a frame, or between two
    : >held
    "$crowd" hold "$mllp" "$1" >held &
    peer=$!
    awaits test -s held
    kill -STOP "$peer"
}
thaw() {
    kill -9 "$peer"
    wait "$peer" 2>/dev/null || :
}
frozen 40
is 'frozen within a frame' at_least "$(metric mllp_connections)" 1
is 'is closed when the time is up' waited 20 nobody
thaw
frozen 0
port=$(printf '%04X' "$mllp")
kept_alive() { # the kernel's own word: the timer of that socket is keepalive's
    awk -v port=":$port" '$2 ~ port "$" && $4 == "01" && $6 ~ /^02:/ { n++ } END { exit n != 1 }' /proc/net/tcp
}
is 'frozen between frames: the kernel asks after it' kept_alive
is 'and it is closed when nobody has spoken for long' waited 20 nobody
thaw
is 'the others are served' "$crowd" mllp "$mllp" 20
is 'all of them' same_number "$(first said)" 20
is 'it stops' stop
is 'the store is whole' an bad.yaml check --store
"$drill" list bad.db | sort | uniq -d >twice
is 'nothing is there twice' test ! -s twice
echo "1..$checks"
exit $failed
