#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Killed (SIGKILL) again and again while suggestions are delivered: this program,
# the FHIR server, in turn.  In the end the server has each resource once, in the
# version after the one before, with what was said last.
#
#   DRILL_KILLS=4    kills; 100 by hand.  DRILL_SEED (1) chooses the moments
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
kills=${DRILL_KILLS:-4}
seed=${DRILL_SEED:-1}

keep() { # PORT
    : >keeper.port
    "$built/tests/keeper" "$1" kept >keeper.port 2>>keeper.log &
    receiver_pid=$!
    tries=0
    until [ -s keeper.port ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] && kill -0 "$receiver_pid" || { echo 'no receiver' >&2; exit 1; }
        sleep 0.05
    done
}
keep 0
port=$(cat keeper.port)
install kill.yaml kill.db demo live 'clock: messages' \
    "outbox: {url: \"http://127.0.0.1:$port/fhir\", test_target: true, retry_first: 10ms, retry_max: 200ms}"
awk -v seed="$seed" -v n="$kills" 'BEGIN {
    srand(seed)
    for (i = 1; i <= n; i++) print i, 0.05 + rand() * rand() * 1.5
}' >moments
: >sent.hl7
struck=0
while read -r n moment; do
    patient=$((7000 + n))
    { past $patient && admission $patient && results $patient 08 1.61 && discharge $patient; } >>sent.hl7
    [ -n "$server" ] || serve kill.yaml
    an kill.yaml replay --to "127.0.0.1:$mllp" sent.hl7 >/dev/null 2>&1 &
    sender=$!
    sleep "$moment"
    if [ $((n % 2)) = 1 ]; then
        kill -9 "$server"
        wait "$server" 2>/dev/null || :
        server=
    else
        kill -9 "$receiver_pid"
        wait "$receiver_pid" 2>/dev/null || :
        keep "$port"
    fi
    struck=$((struck + 1))
    wait "$sender" || :
done <moments

[ -n "$server" ] || serve kill.yaml
is "after $struck kills all is acknowledged" says 0 'accepted' \
    an kill.yaml replay --to "127.0.0.1:$mllp" sent.hl7
is 'and thought about' settled kill.db
delivered() { [ "$(metric 'outbox_rows{state="waiting"}')" = 0 ]; }
is 'what may leave is delivered' waited 120 delivered
is 'nothing is dead' same_number "$(metric 'outbox_rows{state="dead"}')" 0
an kill.yaml outbox >listed
is 'the operator sees none that waits or is dead' none '  (waiting|dead)  ' listed

# ADDRESS VERSION BODY, in the order in which the server took them.
grep -v '^\.$' kept >taken || :
steps() {
    awk '$2 != was[$1] + 1 && $2 != was[$1] { print $1, was[$1], $2; bad = 1 } { was[$1] = $2 } END { exit bad }' taken
}
is 'each version is the one after the one before' steps
is 'none was left to others' says 0 '^0$' sh -c "\"$drill\" audit kill.db | grep -c '^taken over' || :"
awk '{ last[$1] = $0 } END { for (a in last) print last[a] }' taken | sort >standing
is 'much has come' at_least "$(grep -c '^RiskAssessment/' standing)" "$kills"
"$drill" said kill.db | awk '{ print $8 }' | sort -u >ours
is 'and nothing that was not said' says 0 '^0$' sh -c \
    "grep -E '^(RiskAssessment|Observation|DocumentReference)/' standing | sed 's/ .*//; s/.*\///' | sort -u | comm -23 - ours | wc -l"

# What this program answers now is what the server has.
predictions() { grep -oE '"prediction":\[.*' "$1" | grep -oE '"probabilityDecimal":[0-9.]+' || :; }
last_word() {
    n_same=0
    "$drill" said kill.db | awk '$2 == "risk" && $5 == "current" { print $8 }' | sort -u >current
    while read -r id; do
        asks 200 RiskAssessment "/fhir/RiskAssessment/$id" || return 1
        predictions body >here
        grep "^RiskAssessment/$id " standing >line || { echo "$id has not come"; return 1; }
        predictions line >there
        [ -s here ] && cmp here there || { echo "$id differs"; return 1; }
        n_same=$((n_same + 1))
    done <current
    at_least "$n_same" "$kills"
}
is 'with what was said last' last_word
is 'the audit trail is whole' an kill.yaml verify
is 'it stops' stop
echo "1..$checks"
exit $failed
