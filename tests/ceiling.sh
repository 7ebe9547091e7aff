#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No file descriptor is left: who comes then is turned away and may come again,
# who is there is served, and what was acknowledged is in the store.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
crowd=$built/tests/crowd
limit=160
many=300
config a.yaml "$work/a.db" 'listen:' \
    '  mllp: {address: "127.0.0.1:0", max_connections: 4096}' \
    '  http: {address: "127.0.0.1:0"}'
counted() {
    got=$(an a.yaml check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p')
    test "$got" = "$1" || { echo "$got messages, not $1"; return 1; }
}
first() { cut -d ' ' -f 1 "$1"; } # of what crowd says: how many were answered
few() { [ "$(find "/proc/$server/fd" -mindepth 1 | wc -l)" -lt 60 ]; }
refused() { at_least "$(metric 'mllp_refused_total{why="full"}')" 1; }

"$drill" generate 100 >all
: >acked
before=$(ulimit -S -n)
ulimit -S -n "$limit"
serve a.yaml
ulimit -S -n "$before"
is 'the limit is in force' grep -qE "^Max open files +$limit " "/proc/$server/limits"
is 'more senders than descriptors' "$crowd" mllp "$mllp" "$many"
cp said heard
echo "# $(cat heard)"
is 'some are answered' at_least "$(first heard)" 50
is 'some are not' at_most "$(first heard)" "$limit"
is 'none waits without a word' says 0 ' 0 silent' cat heard
is 'the server lives' kill -0 "$server"
is 'it is logged' grep -q '"level":"error","event":"mllp_descriptors","errno":24' server.log
is 'no descriptor is left over' waited 20 few
is 'it is counted' refused
is 'as many as were answered are stored' counted "$(first heard)"
is 'then there is room again' "$crowd" mllp "$mllp" 50
is 'for all of them' same_number "$(first said)" 50

# A sender at work meanwhile: it is cut off, comes again, and has all at the end.
"$crowd" mllp "$mllp" "$many" >heard &
peers=$!
"$drill" send "$mllp" all acked 0 1 >/dev/null 2>&1 || :
wait "$peers" || :
is 'a sender that comes again has all acknowledged' waited 30 "$drill" send "$mllp" all acked 0 1
is 'it stops' stop
is 'the store is whole' an a.yaml check --store
kept() {
    "$drill" list a.db | sort >stored
    sort -u acked | comm -23 - stored >lost
    test -s acked && test ! -s lost
}
is 'nothing acknowledged is lost' kept
echo "1..$checks"
exit $failed
