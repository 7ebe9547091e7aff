#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The crash drill: senders send, the server is killed (SIGKILL) in the middle,
# starts again, and the senders go on; then every message that was acknowledged
# is in the store exactly once, and the store is whole.
#
#   crash.sh [full]      three rounds of 500 messages, or nine of 2,000
#
# Then as a site would do it, in stage shadow with the model at work: a replay
# of 2,000 messages, killed, and replayed again from the beginning.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

# How many messages are acknowledged when it is struck: fixed, so that a round
# can be repeated; where in the program that is changes each time.
n=500
rounds='3 120 377'
if [ "${1:-${ANAMNESIS_CRASH:-}}" = full ]; then
    n=2000
    rounds='1 17 160 333 707 999 1213 1601 1980'
fi
senders=4
"$drill" generate "$n" >messages.hl7

# All senders at once; 0 if each of them got everything through.
send_rest() {
    pids=
    sent=0
    for k in $(seq 0 $((senders - 1))); do
        "$drill" send "$mllp" messages.hl7 acked "$k" "$senders" 2>>senders.log &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid" || sent=1
    done
    return $sent
}

strike_after() {
    until [ "$(wc -l <acked)" -ge "$1" ]; do
        kill -0 "$server" 2>/dev/null || exit 1
        sleep 0.01
    done
    kill -9 "$server"
}

# Of what the store lists: each acknowledged one is there, none is there twice.
all_there_once() {
    "$drill" list store.db >stored || return 1
    sort stored | uniq -d >twice
    sort -u acked >want
    sort -u stored | comm -23 want - >lost
    [ ! -s twice ] || { echo 'stored twice:'; cat twice; return 1; }
    [ ! -s lost ] || { echo 'acknowledged and lost:'; cat lost; return 1; }
}

config a.yaml "$work/store.db"
for moment in $rounds; do
    rm -f store.db store.db-wal store.db-shm
    : >acked
    serve a.yaml
    strike_after "$moment" &
    striker=$!
    send_rest || :
    wait "$striker" || :
    wait "$server" 2>/dev/null || :
    before=$(wc -l <acked)
    is "killed after $before acknowledgements: none of them is lost" all_there_once
    is 'and the store is whole' an a.yaml check --store
    serve a.yaml
    is 'it starts again and takes the rest' send_rest
    is 'it stops in good order' stop
    is "all $n messages are there once" all_there_once
    is 'none is missing' test "$(wc -l <stored)" = "$n"
    is 'the store is whole' an a.yaml check --store
done

# ---- while it thinks -------------------------------------------------------

# What the server counts.  Nothing when it is gone.
count() { # NAME, with its label
    printf 'GET /metrics HTTP/1.0\r\n\r\n' | "$drill" raw "$http" 2>/dev/null |
        tr -d '\r' | sed -n "s/^anamnesis_$1 //p"
}

at_least() { # NUMBER COUNT
    until [ "$(count "$2")" -ge "$1" ]; do
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.01
    done 2>/dev/null
}

strike_thinking() { # when so many are taken
    at_least "$1" 'messages_total{verdict="accepted"}' || exit 1
    kill -9 "$server"
}

config b.yaml "$work/thinking.db"
sed -i 's/^stage: off/stage: shadow/' b.yaml
cat >>b.yaml <<END
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
END
many=2000
"$drill" generate $many | tr '\r' '\n' >many.lines
"$drill" generate $many >many.hl7
sed -n 's/^MSH|.*|\(D[0-9]*\)|P|.*/\1/p' many.lines >order

serve b.yaml
"$drill" generate 20 >few.hl7
an b.yaml replay --to "127.0.0.1:$mllp" few.hl7 >replayed
is 'it thinks' at_least 1 'questions_total{fate="answered"}'
strike_thinking 300 &
striker=$!
an b.yaml replay --to "127.0.0.1:$mllp" many.hl7 >replayed 2>&1 || :
wait "$striker" || :
wait "$server" 2>/dev/null || :
taken=$(sed -n 's/^[0-9]* messages: \([0-9]*\) accepted.*/\1/p' replayed)
is "killed while it thinks, after $taken acknowledgements" \
    test "$taken" -ge 300 -a "$taken" -lt $many
head -n "$taken" order >acked

stored_once() {
    "$drill" list thinking.db >stored || return 1
    sort stored | uniq -d >twice
    sort acked >want
    sort -u stored | comm -23 want - >lost
    [ ! -s twice ] || { echo 'stored twice:'; cat twice; return 1; }
    [ ! -s lost ] || { echo 'acknowledged and lost:'; cat lost; return 1; }
}
is 'none of them is lost, none is there twice' stored_once
is 'the audit trail is whole' an b.yaml verify
serve b.yaml
is 'a replay from the beginning is acknowledged' \
    an b.yaml replay --to "127.0.0.1:$mllp" many.hl7
is 'it goes on thinking' test "$(count 'questions_total{fate="given_up"}')" = 0
is 'it stops in good order' stop
cp order acked
is "all $many messages are there once" stored_once
is 'none is missing' test "$(wc -l <stored)" = "$many"
is 'the store is whole' an b.yaml check --store
is 'and the trail' an b.yaml verify
echo "1..$checks"
exit $failed
