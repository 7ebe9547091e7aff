#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The server is killed (SIGKILL) while it thinks about what messages have
# triggered.  After each start what was left is answered: no trigger waits, each
# was answered once, and of each thing that is said one version is current.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
records='7001 7002 7003 7004'
for r in $records; do
    past "$r" >>past.hl7
done
for hour in 08 09 10 11 12 13; do
    for r in $records; do
        results "$r" $hour "1.$hour" >>results.hl7
    done
done
for r in $records; do
    discharge "$r" >>results.hl7
done
n=28

once() { # STORE: each (resource, reader, language) is current once
    "$drill" said "$1" | awk '$5 == "current" { print $8, $3, $4 }' | sort >current
    at_least "$(wc -l <current)" 10 && ! uniq -d current | grep .
}
# Each suggestion has its row in the trail, and no row tells of another.
told() {
    same_number "$("$drill" audit "$1" | grep -c '^suggested')" "$("$drill" said "$1" | wc -l)"
}
moments() { # STORE: what the trail tells by the messages' clock, in any order
    "$drill" said "$1" | awk '{ print $2, $3, $4, $8 }' | sort
}

install a.yaml a.db demo live 'clock: messages'
an a.yaml backload past.hl7 >/dev/null
for moment in 4 9 17 25; do
    serve a.yaml
    # Thinking is behind: what is struck is a watch with work to do.
    "$built/anamnesis" -c a.yaml replay --to "127.0.0.1:$mllp" results.hl7 >sent 2>&1 &
    sender=$!
    before=$("$drill" said a.db | wc -l)
    for _ in $(seq 400); do
        [ "$("$drill" audit a.db | wc -l)" -lt $((before + moment)) ] || break
        # Nothing more will come.
        kill -0 "$sender" 2>/dev/null || [ "$(waits a.db)" != 0 ] || break
        sleep 0.02
    done
    kill -9 "$server"
    wait "$server" 2>/dev/null || :
    server=
    wait "$sender" || :
    echo "# $(waits a.db) triggers were left"
    is 'after it was killed the store is whole' says 0 'is whole' an a.yaml check --store
    is 'and so is the trail' says 0 'is whole' an a.yaml verify
    is 'each thing that is said is told' told a.db
done
serve a.yaml
is 'it starts again and takes the rest' says 0 "^$n messages: $n accepted" \
    an a.yaml replay --to "127.0.0.1:$mllp" results.hl7
is 'all is answered' settled a.db
is 'it stops' stop
is 'of each thing one version is current' once a.db
is 'each is told' told a.db
is 'the trail is whole' says 0 'is whole' an a.yaml verify

# The same without a crash: by the messages' clock nothing else is said.
install b.yaml b.db demo live 'clock: messages'
an b.yaml backload past.hl7 >/dev/null
is 'the same messages without a crash' says 0 'questions asked.*0 put off' an b.yaml replay results.hl7
moments a.db >with
moments b.db >without
is 'say the same, as often' diff without with
echo "1..$checks"
exit $failed
