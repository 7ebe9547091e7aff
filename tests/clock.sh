#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The wall clock jumps: back a day, forward a year, back again.  Times that run
# go by the monotonic clock; what is known is known; numbers go on in order.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
. "$top/tests/bad_lib.sh"
crowd=$built/tests/crowd
install clock.yaml clock.db test shadow
sed -i 's/^listen:.*/listen: {mllp: {address: "127.0.0.1:0", timeout: {frame: 1s, idle: 1h}}, http: {address: "127.0.0.1:0"}}/' clock.yaml
"$drill" generate 200 >all
: >acked
day=86400
year=$((365 * day))

# One connection that is open all the time, and what it has heard.
mkfifo line
"$drill" generate 1 >first
serve_bad clock.yaml
exec 3<>line
"$drill" raw "$mllp" <line 3>&- >heard &
talker=$!
says_one() { { printf '\013' && sed "s/|D000000|/|T00000$1|/" first && printf '\034\r'; } >&3; }
has_heard() { [ "$(metric 'messages_total{verdict="accepted"}')" -ge "$1" ]; }
is 'a connection stands' says_one 0
is 'and is heard' waited 10 has_heard 1
at=0
n=1
for jump in "-$day" "$year" 0 "-$year"; do
    goes_bad clock "$jump"
    lines=$(wc -l <server.log)
    part "$at" $((at + 40)) >part
    at=$((at + 40))
    is "$jump s: messages are taken" "$drill" send "$mllp" part acked 0 1
    : >none
    is "$jump s: the same again is known" "$drill" send "$mllp" part none 0 1
    is "$jump s: and not doubled" acked_once clock.db
    is "$jump s: the open connection stands" says_one "$n"
    n=$((n + 1))
    is "$jump s: and is heard" waited 10 has_heard "$n"
    is "$jump s: a frame has its second" "$crowd" trickle "$mllp" 100
    took=$(sed 's/.*, \([0-9]*\) ms/\1/' said)
    is "$jump s: no more, and no less" test "$took" -ge 900 -a "$took" -le 12000
    is "$jump s: HTTP answers" asks 200 . /health/ready
    is "$jump s: what was triggered is answered" settled clock.db
    is "$jump s: the log is no storm" at_most $(($(wc -l <server.log) - lines)) 300
done
exec 3>&-
is 'each of the open connection was acknowledged' waited 10 \
    sh -c "test \$(tr '\\r' '\\n' <heard | grep -c '^MSA|AA|T') = $n"
kill "$talker" 2>/dev/null || :
wait "$talker" 2>/dev/null || :
is 'it stops' stop
# In the order in which they came, whatever the clock said.
in_order() { "$drill" list clock.db | grep '^D' >order && sort order | cmp - order; }
is 'messages are numbered in the order in which they came' in_order
is 'what was acknowledged is there, once' acked_once clock.db
is 'the trail is whole' an clock.yaml verify
is 'so is the store' an clock.yaml check --store
goes_well clock
serve clock.yaml
is 'it starts with the clock set right' asks 200 . /health/ready
is 'and takes the rest' "$drill" send "$mllp" all acked 0 1
is 'all of it' waited 10 acked_once clock.db
is 'it stops' stop
is 'all are there, once' counted clock.yaml $((200 + n))
is 'the trail is whole' an clock.yaml verify
echo "1..$checks"
exit $failed
