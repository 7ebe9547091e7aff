#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Feeds from outside: one that falls silent or has gaps is told in the log, in the
# metrics and behind every suggestion; with abstain there is no estimate.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
silence='feeds: {silence: ["LAB|LAKESIDE=2s", "http=off"]'
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61 && discharge 7001; } >stay.hl7
call Practitioner/7 mary "$mary" >call.json
logged() { grep -q "$1" server.log || { tail -n 5 server.log; return 1; }; }
until_logged() {
    tries=0
    until grep -q "$1" server.log; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || return 1
        sleep 0.05
    done
}
cards() { # PATTERN: in every card
    "$curl" -sS -o cards.json -H 'Content-Type: application/json' --data-binary @call.json \
        "http://127.0.0.1:$http/cds-services/anamnesis-patient-view"
    n=$(grep -o '"detail"' cards.json | wc -l)
    m=$(grep -oE "$1" cards.json | wc -l)
    echo "$n cards, $m times"
    test "$n" -gt 0 && test "$m" -ge "$n"
}
no_word() { ! cards "$1" >/dev/null && ! grep -qE "$1" cards.json; }
sees() { "$curl" -sS "http://127.0.0.1:$http/metrics" | grep -E "$1" || return 1; }

install a.yaml a.db demo live "$silence}"
an a.yaml backload past.hl7 >/dev/null
serve a.yaml
an a.yaml replay --to "127.0.0.1:$mllp" stay.hl7 >/dev/null
is 'a feed that sends is no alarm' sees '^anamnesis_feed_silent\{feed="[0-9a-f]{16}"\} 0$'
is 'and in no suggestion' no_word 'Data from'
is 'when it falls silent that is an event' until_logged '"event":"feed_silent"'
is 'and a metric' sees '^anamnesis_feed_silent\{feed="[0-9a-f]{16}"\} 1$'
is 'and stands behind every suggestion' cards 'Data from LAB.{1,3}LAKESIDE reach to [A-Z][a-z]+ [0-9]+, 2026, [0-9:]{5}: nothing has come since'
results 7001 09 1.71 >more.hl7
an a.yaml replay --to "127.0.0.1:$mllp" more.hl7 >/dev/null
is 'when it sends again that is an event' until_logged '"event":"feed_back"'
is 'and no suggestion speaks of it' no_word 'Data from'

# MSH-13: the first, then the fourth; a restart in between.
numbered() { results 7001 "$1" "1.$1" | sed "s/|P|2.5.1/|P|2.5.1|$2/"; }
numbered 10 1 >one.hl7
numbered 11 4 >four.hl7
is 'a number is taken' says 0 '1 accepted' an a.yaml replay --to "127.0.0.1:$mllp" one.hl7
is 'it stops' stop
serve a.yaml
is 'the fourth, after a restart' says 0 '1 accepted' an a.yaml replay --to "127.0.0.1:$mllp" four.hl7
is 'two are missing' until_logged '"event":"feed_gap".*"missing":2,"number":4'
is 'the metric says so' sees '^anamnesis_feed_missing\{feed="[0-9a-f]{16}"\} 2$'
is 'so do suggestions' cards 'messages are missing|nothing has come since'
is 'nobody else can be closed' says 2 'nobody of that name' an a.yaml feeds --close NOBODY
is 'somebody says that they will not come' says 0 '^LAB\|LAKESIDE: what is missing' an a.yaml feeds --close 'LAB|LAKESIDE'
is 'and they are not waited for' until_logged '"event":"feed_closed".*"missing":2'
is 'the metric says so, too' sees '^anamnesis_feed_missing\{feed="[0-9a-f]{16}"\} 0$'
is 'that they were missed is not forgotten' sees '^anamnesis_feed_missed_total\{feed="[0-9a-f]{16}"\} 2$'
numbered 12 9 >nine.hl7
is 'the next gap' says 0 '1 accepted' an a.yaml replay --to "127.0.0.1:$mllp" nine.hl7
is 'is told' until_logged '"event":"feed_gap".*"missing":4,"number":9'
for i in 1 2 3; do
    numbered "1$((i + 2))" "$((i + 1))" >>anew.hl7
done
is 'a sender that counts anew' says 0 '3 accepted' an a.yaml replay --to "127.0.0.1:$mllp" anew.hl7
is 'is believed' until_logged '"event":"feed_restart".*"number":4,"missing":4'
is 'and nothing is missing' sees '^anamnesis_feed_missing\{feed="[0-9a-f]{16}"\} 0$'
is 'a wrong call' says 2 '^usage: ' an a.yaml feeds --close
is 'the command names it' says 0 '^[0-9a-f]{16}  2026-.* may be silent +2s.*LAB\|LAKESIDE$' an a.yaml feeds
is 'it stops well' stop

install b.yaml a.db demo live "$silence, when_stale: abstain}"
: >server.log
serve b.yaml
is 'told to abstain' until_logged '"event":"feed_silent"'
is 'there is no estimate' no_word 'RiskAssessment|estimated|%'
is 'and it ends' stop
echo "1..$checks"
exit $failed
