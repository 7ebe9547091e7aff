#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Killed (SIGKILL) at random moments, again and again, with one store: while
# messages come over MLLP, HTTP and the watched folder, while the model thinks,
# while it starts.  It starts again by itself each time; in the end everything
# that was acknowledged is there once, and what was not was sent again.
#
#   kill.sh [ROUNDS]     4; ANAMNESIS_ROUNDS says so, too.  200 in make nightly
#
# ANAMNESIS_SEED (1) chooses the moments.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
rounds=${1:-${ANAMNESIS_ROUNDS:-4}}
seed=${ANAMNESIS_SEED:-1}
storm=$built/tests/storm
in_file=25
config kill.yaml "$work/kill.db" \
    'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}, folder: {path: in, poll: 50ms, settle: 0s}}' \
    "outcomes: \"$top/config/outcomes\"" \
    "model: {path: \"$top/config/model/default\", keys: \"$top/config/model/keys\"}"
sed -i 's/^stage: off/stage: shadow/' kill.yaml
mkdir in
: >acked
: >pending
next=1
dropped=0
struck=0
at_start=0

# Seconds, one of each round, mostly short: the beginning is the busiest.
awk -v seed="$seed" -v n="$rounds" 'BEGIN {
    srand(seed)
    for (i = 0; i < n; i++) { x = rand(); print 0.01 + x * x * 0.9 }
}' >moments

# Everything acknowledged is there; nothing is there twice.
there_once() {
    "$drill" list kill.db | sort >stored || return 1
    uniq -d stored >twice
    sort -u acked | comm -23 - stored >lost
    [ ! -s twice ] || { echo 'stored twice:'; cat twice; return 1; }
    [ ! -s lost ] || { echo 'acknowledged and lost:'; cat lost; return 1; }
}
round() { # MOMENT: killed after that time under load
    serve kill.yaml
    "$storm" send "$mllp" "$http" acked pending "$next" >next &
    sender=$!
    "$storm" print "$dropped" "$in_file" >file
    mv file "in/$dropped.hl7"
    dropped=$((dropped + in_file))
    sleep "$1"
    kill -9 "$server"
    wait "$server" 2>/dev/null || :
    server=
    wait "$sender"
    next=$(cat next)
}
start_and_kill() { # MOMENT: whether it is up or not
    "$built/anamnesis" -c kill.yaml serve >/dev/null 2>>server.log &
    server=$!
    sleep "$(echo "$1" | awk '{ print $1 / 3 }')"
    kill -9 "$server"
    wait "$server" 2>/dev/null || :
    server=
}

some() { # as many rounds as there are lines
    while read -r moment; do
        struck=$((struck + 1))
        if [ $((struck % 8)) = 4 ]; then
            at_start=$((at_start + 1))
            start_and_kill "$moment"
        else
            round "$moment"
        fi
    done <part
}
first=1
while [ "$first" -le "$rounds" ]; do
    last=$((first + 19))
    [ "$last" -le "$rounds" ] || last=$rounds
    sed -n "${first},${last}p" moments >part
    some
    is "killed $struck times, $(wc -l <acked) acknowledged: all are there, once" there_once
    first=$((last + 1))
done
echo "# $struck kills, $at_start of them at the start; seed $seed; $(wc -l <pending) messages without an answer"

# ---- and in the end ---------------------------------------------------------
files_done() { [ "$(find in -maxdepth 1 -name '*.hl7' | wc -l)" = 0 ]; }
drained() { [ "$("$drill" waiting kill.db)" = 0 ]; }
serve kill.yaml
is 'it starts again by itself' test -n "$mllp"
is 'what was not acknowledged is taken' "$storm" rest "$mllp" "$http" acked pending
is 'every file is taken' waited 120 files_done
is 'none is refused' test -z "$(ls in/failed 2>/dev/null)"
is 'what was triggered is answered' waited 300 drained
is 'it stops in good order' stop
"$storm" print 0 "$dropped" | tr '\r' '\n' | sed -n 's/^MSH|.*|\(F[0-9]*\)|P|.*/\1/p' >>acked
is 'every acknowledged message is there once' there_once
sort -u acked >want
is 'and nothing that was not sent' cmp want stored
doubled() {
    "$drill" said kill.db | awk '$5 == "current" { print $2, $3, $4, $8 }' | sort | uniq -d >twice
    [ ! -s twice ] || { head -n 5 twice; return 1; }
}
is 'nothing is said twice' doubled
is 'the store is whole' an kill.yaml check --store
is 'the audit trail is whole' an kill.yaml verify
is 'the log names nobody' sh -c '! grep -E "Drill|Mary|P[0-9]+\^" server.log'
echo "# $(wc -l <stored) messages, $("$drill" said kill.db | wc -l) suggestions"
echo "1..$checks"
exit $failed
