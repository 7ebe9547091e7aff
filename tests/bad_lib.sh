# SPDX-License-Identifier: Apache-2.0
# A server in the bad world of tests/bad_world.c; after program_lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

world=$built/tests/.libs/bad_world.so
if [ ! -f "$world" ] || grep -q __asan_init "$built/anamnesis" ||
    grep -q __tsan_init "$built/anamnesis"; then
    echo '1..0 # SKIP a library cannot be preloaded into this build'
    exit 77
fi
mkdir bad
serve_bad() {
    LD_PRELOAD=$world
    BAD_WORLD=$work/bad
    export LD_PRELOAD BAD_WORLD
    serve "$1"
    unset LD_PRELOAD BAD_WORLD
}
# The whole file at once, so that nobody reads half a number.
goes_bad() { # WHAT NUMBER
    echo "$2" >bad.new
    mv bad.new "bad/$1"
}
goes_well() { rm -f "bad/$1"; }

counted() {
    got=$(an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p')
    test "$got" = "$2" || { echo "$got messages"; return 1; }
}
# Messages D<FROM> to D<TO - 1> of `all`.
part() { awk -v RS='MSH' -v from="$1" -v to="$2" 'NR > 1 && NR - 2 >= from && NR - 2 < to { printf "MSH%s", $0 }' all; }
# What a peer that sends this message hears: the codes.
hears() { # WANT FILE
    got=$({ printf '\013' && cat "$2" && printf '\034\r'; } | "$drill" raw "$mllp" |
        tr '\013\034\r' '  \n' | sed -n 's/.*MSA|\([A-Z]*\)|.*/\1/p' | tr '\n' ' ')
    test "$got" = "$1 " || { echo "heard: $got"; return 1; }
}
acked_once() { # STORE
    "$drill" list "$1" | sort >stored || return 1
    uniq -d stored >twice
    sort -u acked | comm -23 - stored >lost
    [ ! -s twice ] || { echo 'stored twice:'; cat twice; return 1; }
    [ ! -s lost ] || { echo 'acknowledged and lost:'; cat lost; return 1; }
}
