#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How messages come in, from outside: which acknowledgements they get.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
counted() {
    got=$(an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p')
    test "$got" = "$2" || { echo "$got messages"; return 1; }
}
framed() { printf '\013%s\034\r' "$(cat "$1")"; }
# What a peer that sends these bytes as they are gets back, a segment a line.
back() { "$drill" raw "$mllp" | tr '\013\034\r' '  \n'; }
codes() { back | sed -n 's/.*MSA|\([A-Z]*|[A-Z0-9-]*\).*/\1/p' | tr '\n' ' '; }

# ---- acknowledgements ------------------------------------------------------------
# wish ID ACCEPT APPLICATION [PATIENT]: an admission; without a patient it is
# readable, and wrong.
wish() {
    message "MSH|^~\\&|LAB|LAKESIDE|A|B|20260310103000+0000||ADT^A01^ADT_A01|$1|P|2.5.1|||$2|$3" \
        'EVN|A01|20260310103000+0000' "PID|1||${4-$1}^^^LAKESIDE^MR||Drill^Mary||19480214|F" \
        "$(pv1 "$1" 20260310102500+0000)"
}
config a.yaml "$work/a.db"
serve a.yaml
answers() { # WHAT ID ACCEPT APPLICATION
    want=$1
    shift
    wish "$@" >wish
    got=$(framed wish | codes)
    test "$got" = "$want" || { echo "got: $got"; return 1; }
}
is 'original mode: AA' answers 'AA|W1 ' W1 '' ''
is 'AL, NE: the accept acknowledgement' answers 'CA|W2 ' W2 AL NE
is 'NE, AL: the application acknowledgement' answers 'AA|W3 ' W3 NE AL
is 'AL, AL: both, the accept one first' answers 'CA|W4 AA|W4 ' W4 AL AL
is 'NE, NE: neither' answers '' W5 NE NE
is 'ER, ER: neither, all went well' answers '' W6 ER ER
is 'the same again: the same' answers 'CA|W4 AA|W4 ' W4 AL AL
is 'what was not answered is stored, too' counted a.yaml 6
is 'without a patient: CE and no more' answers 'CE|W7 ' W7 AL AL ''
is 'or AE, when only that is asked for' answers 'AE|W8 ' W8 NE ER ''
is 'or nothing' answers '' W9 SU SU ''
is 'none of them is stored' counted a.yaml 6
both_ids() { # our control ids of the two differ, and neither asks for an answer
    wish W4 AL AL >wish
    framed wish | back | sed -n 's/^ *MSH|/MSH|/p' >heads
    same_number "$(cut -d '|' -f 10 heads | sort -u | wc -l)" 2 &&
        same_number "$(grep -c '|2\.5\.1|||NE|NE$' heads)" 2
}
is 'two acknowledgements have two numbers and ask for none' both_ids
wrong_place() {
    wish W7 AL NE '' >wish
    framed wish | back | grep '^ERR||PID^1^3'
}
is 'a refusal names the place' wrong_place
{ wish P1 AL AL && wish P2 NE NE && wish P3 AL NE && wish P4 '' ''; } >many
for i in 1 2 3 4; do
    case $i in 1) wish P1 AL AL ;; 2) wish P2 NE NE ;; 3) wish P3 AL NE ;; 4) wish P4 '' '' ;; esac >wish
    framed wish
done >pipelined
pipelined() { test "$(codes <pipelined)" = 'CA|P1 AA|P1 CA|P3 AA|P4 '; }
is 'in order on one connection, whatever each asks for' pipelined
is 'our own sender reads what it asked for' says 0 '^4 messages: 4 accepted' \
    an a.yaml replay --to "127.0.0.1:$mllp" many
message 'MSH|^~\&|EHR|X|LAB|LAKESIDE|20260310||ACK^A01^ACK|K1|P|2.5.1' 'MSA|AA|1' >ack
framed ack >stray
nothing_back() { test -z "$(codes <"$1")"; }
is 'an acknowledgement is not acknowledged' nothing_back stray
framed wish | cat stray - >after
is 'and does not hold up what follows' test "$(codes <after)" = 'AA|P4 '
is 'it stops' stop
is 'the log has no word of it' none 'Mary|Drill' server.log
echo "1..$checks"
exit $failed
