#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it: where a peer is built, and building it.
#
# PEERS_BUILD  where classes, logs and process ids go (default: build/peers in
#              the source tree, which git ignores)
#
# Exit codes of all peer scripts: 0 as asked, 1 the peer (or what was given to
# it) failed, 2 wrong use, 77 this machine cannot have the peer (no Java, no
# Maven, no package repository): the code that test drivers take for a skip.

peers_src=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
peers_build=${PEERS_BUILD:-${peers_src%/tests/peers}/build/peers}
mkdir -p "$peers_build"
peers_build=$(cd "$peers_build" && pwd)

say() {
    echo "${0##*/}: $*" >&2
}

fail() {
    say "$1"
    exit 1
}

unavailable() {
    say "$1"
    exit 77
}

# Sets class_path to what runs the peer in folder $1.  Maven fetches and
# compiles only when the sources changed since the last time, or when a jar it
# named then is gone from the local repository.
build_peer() {
    command -v java >/dev/null || unavailable 'no java (JDK 17 or later) here'
    command -v javac >/dev/null || unavailable 'a JDK is needed, this is a JRE'
    command -v mvn >/dev/null || unavailable 'no mvn (Maven 3.6 or later) here'
    peer_dir=$peers_build/$1
    mkdir -p "$peer_dir"
    sum=$(cat "$peers_src/pom.xml" "$peers_src/$1/pom.xml" \
        "$peers_src/$1"/*.java | cksum)
    if [ "$sum" != "$(cat "$peer_dir/built" 2>/dev/null)" ] ||
        ! have_jars "$peer_dir/classpath"; then
        say "building $1 (the first time fetches its jars)"
        rm -rf "$peer_dir/built" "$peer_dir/classes"
        if ! mvn -q -B -f "$peers_src/$1/pom.xml" \
            -Dpeer.build="$peer_dir" compile >"$peer_dir/mvn.log" 2>&1; then
            grep -m 3 '^\[ERROR\]' "$peer_dir/mvn.log" | cut -c 1-300 >&2
            grep -q 'COMPILATION ERROR' "$peer_dir/mvn.log" &&
                fail "$1 does not compile; see $peer_dir/mvn.log"
            unavailable "Maven cannot fetch $1; see $peer_dir/mvn.log"
        fi
        echo "$sum" >"$peer_dir/built"
    fi
    class_path=$peer_dir/classes:$(cat "$peer_dir/classpath")
}

have_jars() {
    [ -f "$1" ] || return 1
    tr ':' '\n' <"$1" | while IFS= read -r jar; do
        [ -f "$jar" ] || exit 1
    done
}

# Start "$anamnesis" on a.yaml in the current folder $work, which has ./log
# afterwards. Sets server, its process id, and mllp and http, its ports.
start_server() {
    : >ports
    "$anamnesis" -c a.yaml serve >ports 2>>log &
    server=$!
    tries=0
    until [ -s ports ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] && kill -0 "$server" 2>/dev/null ||
            fail "our server does not start; see $work/log"
        sleep 0.05
    done
    mllp=$(sed 's/.* MLLP on port \([0-9]*\),.*/\1/' ports)
    http=$(sed 's/.* HTTP on port \([0-9]*\)$/\1/' ports)
}
