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
config small.yaml "$work/small.db" 'listen: {mllp: {address: "127.0.0.1:0", max_frame: 1KiB}, http: {address: ""}}'
serve small.yaml
too_long() { # WHAT ACCEPT APPLICATION
    { wish N1 "$2" "$3" && head -c 2000 /dev/zero | tr '\0' x; } >wish
    got=$(framed wish | codes)
    test "$got" = "$1" || { echo "got: $got"; return 1; }
}
is 'too long: AR' too_long 'AR|N1 ' '' ''
is 'too long, asking for an accept acknowledgement: CR' too_long 'CR|N1 ' AL NE
is 'too long, asking for the other: AR' too_long 'AR|N1 ' NE AL
is 'too long, asking for none: nothing' too_long '' NE NE
is 'it stops' stop
# One that is half there has all the room: the next is told to come again.
config full.yaml "$work/full.db" 'listen: {mllp: {address: "127.0.0.1:0", max_frame: 1MiB, max_pending: 1MiB}, http: {address: "127.0.0.1:0"}}'
serve full.yaml
half() { wish "$@" && printf 'NTE|1||' && head -c 600000 /dev/zero | tr '\0' x; }
{ printf '\013' && half F1 '' '' && awaits test -e room && printf '\034\r'; } | codes >first &
first=$!
much_waits() { [ "$(metric mllp_pending_bytes)" -ge 1000000 ]; }
awaits much_waits
no_room() { # WHAT ACCEPT APPLICATION
    half F2 "$2" "$3" >wish
    framed wish | back >answer
    grep -q "MSA|$1" answer && grep -q '^ERR.*|207' answer || { cat answer; return 1; }
}
is 'no room now: AE, which may be sent again' no_room 'AE|F2' '' ''
is 'asking for an accept acknowledgement: CE' no_room 'CE|F2' AL NE
is 'and counted' same_number "$(metric 'mllp_refused_total{why="pending"}')" 2
: >room
wait "$first" || :
is 'who was there first is taken' test "$(cat first)" = 'AA|F1 '
is 'and then the next' test "$(framed wish | codes)" = 'CA|F2 '
is 'it stops' stop
# ---- HL7 over HTTP --------------------------------------------------------------
config http.yaml "$work/http.db"
serve http.yaml
# typed STATUS PATTERN FILE TYPE [TYPE OF THE ANSWER]
typed() {
    got=$("$curl" -sS -D head -o body -w '%{http_code}' -H "Content-Type: $4" --data-binary "@$3" \
        "http://127.0.0.1:$http/hl7v2")
    [ "$got" = "$1" ] || { echo "status $got"; cat body; return 1; }
    tr '\r' '\n' <body | grep -qE -- "$2" || { tr '\r' '\n' <body; return 1; }
    [ $# -lt 5 ] || tr -d '\r' <head | grep -qix "content-type: $5" || { cat head; return 1; }
}
utf8='; charset=utf-8'
wish T1 '' '' >t1
for type in application/hl7-v2 application/hl7-v2+er7 x-application/hl7-v2+er7; do
    is "$type is answered in kind" typed 200 '^MSA\|AA\|T1' t1 "$type; charset=UTF-8" "$type$utf8"
done
is 'plain text by what the specification says' typed 200 '^MSA\|AA\|T1' t1 text/plain "x-application/hl7-v2+er7$utf8"
is 'the answer has a date' says 0 '^Date: ' tr -d '\r' <head
for type in application/hl7-v2+xml application/fhir+json application/json text/xml; do
    is "$type is not taken" typed 415 OperationOutcome t1 "$type"
done
is 'nor a character set that there is not' typed 415 OperationOutcome t1 'application/hl7-v2; charset=klingon'
is 'what is no HL7v2 gets no HL7v2' typed 400 'no HL7v2' codes.tsv application/hl7-v2 'application/fhir+json; charset=utf-8'
echo '<ADT_A01/>' >xml
is 'whatever it says' typed 400 'no HL7v2' xml application/hl7-v2
wish T2 '' '' '' >t2
is 'a refusal is no fault of the transport: 200 with AE' typed 200 '^MSA\|AE\|T2' t2 application/hl7-v2
is 'its place is told' typed 200 '^ERR\|\|PID\^1\^3' t2 application/hl7-v2
wish T3 NE NE >t3
nothing_said() { "$curl" -sS -o body -w '%{http_code}' --data-binary @t3 "http://127.0.0.1:$http/hl7v2" >code &&
    test "$(cat code)" = 204 && test ! -s body; }
is 'no acknowledgement asked for: 204' nothing_said
wish T4 AL AL >t4
is 'of two the last' typed 200 '^MSA\|AA\|T4' t4 application/hl7-v2
# The name in Latin-1; the header wins over MSH-18, which says another set.
wish T5 '' '' | sed "s/2\.5\.1|||/2.5.1||||||8859\/5/; s/Drill^Mary/$(printf 'M\374ller^Mary')/" >t5
is 'Latin-1, as the header says' typed 200 '^MSA\|AA\|T5' t5 'application/hl7-v2; charset="iso-8859-1"'
is 'it is kept as UTF-8' says 0 "$(printf 'M\303\274ller')" "$drill" raw_of http.db T5
# Batches.
{ printf 'FHS|^~\\&|LAB|LAKESIDE|A|B|2026||||F1\rBHS|^~\\&|LAB|LAKESIDE|A|B|2026||||B1\r' &&
    wish U1 '' '' && wish U2 AL AL && wish U3 '' '' '' && printf 'BTS|3\rFTS|1\r'; } >batch
is 'a batch is answered by a batch' typed 200 '^BHS\|\^~\\&\|A\|B\|LAB\|LAKESIDE\|[^|]*\|\|\|\|[0-9a-f]*-1\|B1$' batch application/hl7-v2
tr '\r' '\n' <body >lines
is 'in a file for a file' says 0 '^FHS\|\^~\\&\|A\|B\|LAB\|LAKESIDE\|[^|]*\|\|\|\|[0-9a-f]*\|F1$' cat lines
is 'each message has what it asks for, in order' test "$(sed -n 's/^MSA|\([A-Z]*|U[0-9]\).*/\1/p' lines | tr '\n' ' ')" = 'AA|U1 CA|U2 AA|U2 AE|U3 '
is 'and they are counted' says 0 '^BTS\|4$' cat lines
is 'the good ones are stored' counted http.yaml 6
{ wish U1 '' '' && wish U4 '' ''; } >two
is 'two messages without a header are a batch, too' typed 200 '^BTS\|2$' two text/plain
is 'what was there is not doubled' counted http.yaml 7
"$drill" generate 1000 >thousand
is 'a thousand in one body' typed 200 '^BTS\|1000$' thousand application/hl7-v2
is 'all are stored' counted http.yaml 1007
is 'it stops' stop

# ---- a watched folder -------------------------------------------------------------
mkdir in
inbox='listen: {mllp: {address: ""}, http: {address: "127.0.0.1:0"}, folder: {path: in, poll: 50ms, settle: 0s, acknowledge: true}}'
config in.yaml "$work/in.db" "$inbox"
serve in.yaml
moved() { # FILE: it is there within ten seconds
    for _ in $(seq 200); do
        [ ! -e "in/$1" ] || return 0
        sleep 0.05
    done
    ls -R in
    return 1
}
drop() { mv "$1" "in/$2"; }
logged() { # PATTERN: within ten seconds
    for _ in $(seq 200); do
        ! grep -q -- "$1" server.log || return 0
        sleep 0.05
    done
    tail -n 3 server.log
    return 1
}
{ printf 'FHS|^~\\&|LAB|LAKESIDE|A|B|2026||||F2\rBHS|^~\\&|LAB|LAKESIDE|A|B|2026||||B2\r' &&
    wish V1 '' '' && wish V2 AL AL && printf 'BTS|2\rFTS|1\r'; } >batch
drop batch good.hl7
is 'a batch file is taken' moved done/good.hl7
is 'its messages are stored' counted in.yaml 2
is 'its acknowledgements are a batch' says 0 '^BTS\|3$' tr '\r' '\n' <in/done/good.hl7.ack
is 'that names it' says 0 '^BHS\|\^~\\&\|A\|B\|LAB\|LAKESIDE\|[^|]*\|\|\|\|[0-9a-f]*-1\|B2$' tr '\r' '\n' <in/done/good.hl7.ack
is 'there is nothing to report' test ! -e in/done/good.hl7.report
{ wish V3 '' '' && wish V4 '' '' '' && wish V5 '' ''; } >mixed
drop mixed mixed.hl7
is 'a file with a wrong message is kept apart' moved failed/mixed.hl7
is 'the report has its number and place' says 0 '^message 2, byte [0-9]+: .*PID' cat in/failed/mixed.hl7.report
is 'and no content' none 'Mary|Drill|V4' in/failed/mixed.hl7.report
is 'the good ones of it are stored' counted in.yaml 4
{ printf 'BHS|^~\\&|LAB|LAKESIDE|A|B|2026||||B3\r' && wish V6 '' '' && printf 'BTS|2\r'; } >short
drop short short.hl7
is 'a batch with less than it says is kept apart' moved failed/short.hl7
is 'and says so' says 0 'BTS-1 is not the number' cat in/failed/short.hl7.report
echo nonsense >nonsense
drop nonsense nonsense.hl7
is 'what is nothing is kept apart' moved failed/nonsense.hl7
is 'and says so' says 0 'neither HL7v2 nor JSON' cat in/failed/nonsense.hl7.report
cp "$top/examples/story/history.json" history
drop history history.hl7
is 'FHIR is taken, too' moved done/history.hl7
is 'files are counted' same_number "$(metric 'folder_files_total{fate="failed"}')" 3
is 'messages came by the folder' says 0 '^folder 6$' "$drill" feeds in.db
wish V7 '' '' >again
cp again again2
drop again again.hl7
is 'one message' moved done/again.hl7
drop again2 again.hl7
is 'the same once more' moved done/again.hl7.1
is 'is not doubled' counted in.yaml 7
mv in/done in/away
wish V8 '' '' >late
drop late late.hl7
is 'one that nothing can be written beside waits' logged '"event":"folder_again".*"code":"notfound"'
mv in/away in/done
is 'and is taken when it can' moved done/late.hl7
is 'it stops' stop
is 'the log has no name of a file' none 'good\.hl7|mixed|again\.hl7|late' server.log

# Killed in the middle, again and again: each message is there, once.
rm -rf in in.db in.db-wal in.db-shm
mkdir in
"$drill" generate 6000 >all.hl7
part() { awk -v RS='MSH' -v from="$1" -v to="$2" 'NR > 1 && NR - 2 >= from && NR - 2 < to { printf "MSH%s", $0 }' all.hl7; }
for i in 0 1 2 3 4 5; do
    part $((i * 1000)) $((i * 1000 + 1000)) >"in/part$i.hl7"
done
middle=0
for _ in 1 2 3 4; do
    serve in.yaml
    until [ "$(metric 'messages_total{verdict="accepted"}')" -ge 100 ]; do
        ls in/*.hl7 >/dev/null 2>&1 || break
    done
    kill -9 "$server"
    wait "$server" 2>/dev/null || :
    server=
    [ "$("$drill" list in.db | wc -l)" = 6000 ] || middle=$((middle + 1))
done
is 'it was killed in the middle' at_least "$middle" 2
serve in.yaml
for i in 0 1 2 3 4 5; do moved "done/part$i.hl7" || :; done
is 'after four kills every file is taken' test "$(ls in/done/*.hl7 | wc -l)" = 6
is 'and every message is there' counted in.yaml 6000
"$drill" list in.db | sort | uniq -d >twice
is 'once' test ! -s twice
is 'it stops' stop
is 'the store is whole' an in.yaml check --store
# A store that is locked: the file waits, and nothing of it is lost.
serve in.yaml
wish V8 '' '' >wait
hold in.db 1500
drop wait wait.hl7
sleep 0.5
is 'a file whose message is not stored is not moved' test -e in/wait.hl7
wait "$locker"
is 'and is when it is' moved done/wait.hl7
is 'it stops' stop

# ---- who may ---------------------------------------------------------------------
config who.yaml "$work/who.db" 'listen:' "  senders: ['LAB|LAKESIDE', 'ADT|*']" \
    '  mllp: {address: "127.0.0.1:0", peers: [127.0.0.1], max_per_peer: 3}' \
    '  http: {address: "127.0.0.1:0", peers: [127.0.0.1]}'
serve who.yaml
said() { # WHAT APPLICATION FACILITY
    wish S1 '' '' | sed "s/|LAB|LAKESIDE|/|$2|$3|/" >wish
    got=$(framed wish | codes)
    test "$got" = "$1" || { echo "got: $got"; return 1; }
}
is 'a listed sender is taken' said 'AA|S1 ' LAB LAKESIDE
is 'any facility of an application' said 'AA|S1 ' ADT ELSEWHERE
is 'by the first component, too' said 'AA|S1 ' 'ADT^2.999.1^ISO' ELSEWHERE
is 'another application is rejected' said 'AR|S1 ' XRAY LAKESIDE
is 'so is another facility' said 'AR|S1 ' LAB ELSEWHERE
is 'so is nobody' said 'AR|S1 ' '' ''
stranger() {
    wish S1 '' '' | sed 's/|LAB|/|XRAY|/' >wish
    framed wish | back | grep '^ERR||MSH^1^3|.*|E||||not from one of listen.senders'
}
is 'with the place and the reason' stranger
is 'over HTTP as over MLLP' asks 200 'MSA\|AR\|S1' /hl7v2 wish
is 'strangers are not stored' counted who.yaml 3
is 'they are counted' same_number "$(metric senders_refused_total)" 5
is 'and told' says 0 'sender_refused' cat server.log
from_elsewhere() { ! "$curl" -sS --interface 127.0.0.2 "http://127.0.0.1:$http/health/live"; }
is 'another address gets no HTTP' from_elsewhere
is 'and is counted' at_least "$(metric 'http_refused_total{why="address"}')" 1
is 'it stops' stop
config peers.yaml "$work/peers.db" 'listen: {mllp: {address: "127.0.0.1:0", peers: [192.0.2.0/24]}, http: {address: "127.0.0.1:0"}}'
serve peers.yaml
wish S1 '' '' >wish
framed wish >frame
nothing() { test -z "$("$drill" raw "$mllp" <frame)"; }
is 'an address that is not listed gets no MLLP' nothing
is 'and is counted' at_least "$(metric 'mllp_refused_total{why="address"}')" 1
is 'it stops' stop

# ---- a slow store ------------------------------------------------------------------
# Sixty senders of messages of 1 MiB while the store is locked: what is over 32 MiB
# waits in the sockets and not in memory, and nobody is refused.
slow='listen: {mllp: {address: "127.0.0.1:0", timeout: {answer: 60s}}, http: {address: "127.0.0.1:0"}, grace: 60s}'
config slow.yaml "$work/slow.db" "$slow"
serve slow.yaml
large() { # ID
    wish "$1" '' ''
    printf 'NTE|1||'
    head -c 1000000 /dev/zero | tr '\0' x
    printf '\r'
}
for i in $(seq 60); do
    large "L$i" >large
    framed large >"large.$i"
done
# All connect first: the lock may last no longer than the store is patient.
pids=
for i in $(seq 60); do
    { for _ in $(seq 1200); do [ ! -e go ] || break; sleep 0.1; done && cat "large.$i"; } |
        "$drill" raw "$mllp" >"back.$i" &
    pids="$pids $!"
done
sixty() { same_number "$(metric mllp_connections)" 60; }
awaits sixty
hold slow.db 20000
: >go
for _ in $(seq 35); do
    held=$(metric mllp_held_back_total)
    [ "$held" -lt 25 ] || break
    sleep 0.1
done
flying=$(metric mllp_in_flight)
kill "$locker"
wait "$locker" || :
is 'some are taken in' at_least "$flying" 20
is 'no more than there is room for' at_most "$flying" 33
# How many come that far in these seconds is the machine's affair.
is 'the others are held back' at_least "$held" 10
for pid in $pids; do wait "$pid"; done
is 'all are acknowledged in the end' same_number "$(cat back.* | tr '\r' '\n' | grep -c '^MSA|AA|L')" 60
is 'and stored' counted slow.yaml 60
is 'memory was bounded' at_most "$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server/status")" 1500000
is 'it stops' stop

# ---- stopping under load -----------------------------------------------------------
"$drill" generate 4000 >load.hl7
senders() { # each goes on until the server is gone
    pids=
    for k in 0 1 2 3 4 5 6 7; do
        "$drill" send "$mllp" load.hl7 acked $k 8 2>/dev/null &
        pids="$pids $!"
    done
}
acked_are_there() { # STORE
    "$drill" list "$1" | sort >stored
    sort -u acked | comm -23 - stored >lost
    uniq -d stored >twice
    [ ! -s lost ] && [ ! -s twice ]
}
for signals in TERM 'TERM INT'; do
    rm -f load.db load.db-wal load.db-shm
    : >acked
    config load.yaml "$work/load.db"
    serve load.yaml
    senders
    awaits lines_in 500 acked
    began=$(date +%s)
    for signal in $signals; do kill -"$signal" "$server"; done
    ended=0
    wait "$server" || ended=$?
    server=
    for pid in $pids; do wait "$pid" || :; done
    is "$signals: it ends in good order" same_number "$ended" 0
    is "$signals: soon" at_most "$(($(date +%s) - began))" 8
    is "$signals: it was in the middle" at_most "$(wc -l <acked)" 3900
    is "$signals: what was acknowledged is there, once" acked_are_there load.db
    is "$signals: the store is whole" an load.yaml check --store
done
# Drained, no message is stored whose sender has not heard of it.
drained() {
    rm -f load.db load.db-wal load.db-shm
    : >acked
    serve load.yaml
    senders
    awaits lines_in 500 acked
    stop
    for pid in $pids; do wait "$pid" || :; done
    "$drill" list load.db | sort >stored
    sort -u acked | cmp - stored
}
is 'what is stored was acknowledged, to the last one' drained
# A store that hangs holds up a stop until somebody insists.
config hang.yaml "$work/hang.db" "$slow"
serve hang.yaml
wish H1 '' '' >wish
framed wish >frame
hold hang.db 20000
"$drill" raw "$mllp" <frame >back &
sender=$!
one_in_flight() { same_number "$(metric mllp_in_flight)" 1; }
awaits one_in_flight
kill -TERM "$server"
sleep 0.5
is 'a stop waits for what is in flight' kill -0 "$server"
began=$(date +%s)
kill -TERM "$server"
wait "$sender" || :
ended=0
wait "$server" || ended=$?
server=
is 'a second signal cuts it off, without half an answer' test ! -s back
is 'soon, whatever the store does' at_most "$(($(date +%s) - began))" 4
is 'and says so' test "$ended" = 3
kill "$locker"
wait "$locker" || :
is 'the store is whole' an hang.yaml check --store
echo "1..$checks"
exit $failed
