#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A HAPI FHIR R4 server on 127.0.0.1, empty at each start.
#
#   hapi-server.sh start PORT    returns when http://127.0.0.1:PORT/fhir answers
#   hapi-server.sh status PORT   0 if it answers; prints its memory
#   hapi-server.sh check PORT    proves that it refuses what it should
#   hapi-server.sh stop PORT     returns when the process is gone
#
# See peer.sh for PEERS_BUILD and the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

start_limit_s=180
stop_limit_s=20

usage() {
    sed -n '5,8s/^#  *//p' "$0" >&2
    exit 2
}

[ $# -eq 2 ] || usage
port=$2
case $port in '' | *[!0-9]*) usage ;; esac
state=$peers_build/hapi/$port
log=$state.log
base=http://127.0.0.1:$port/fhir

# The process that we started for this port, if it still is that process.
running() {
    pid=$(cat "$state.pid" 2>/dev/null) || return 1
    ps -o args= -p "$pid" 2>/dev/null | grep -q 'peers\.hapi\.Server'
}

answers() {
    curl -fs -m 5 -o /dev/null "$base/metadata"
}

start() {
    command -v curl >/dev/null || unavailable 'no curl here'
    running && fail "already running on port $port (process $pid)"
    build_peer hapi
    # The first compiler only, and the plain collector: half the start time and
    # half the memory on a small machine.
    nohup java -Xmx2g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.showDateTime=true \
        -cp "$class_path" peers.hapi.Server "$port" \
        </dev/null >"$log" 2>&1 &
    echo $! >"$state.pid"
    begun=$(date +%s)
    while ! answers; do
        running || {
            grep -m 1 -E '^[a-zA-Z.]*Exception' "$log" | cut -c 1-300 >&2
            fail "the server ended while starting; see $log"
        }
        [ $(($(date +%s) - begun)) -lt $start_limit_s ] || {
            stop
            fail "no answer in $start_limit_s s; see $log"
        }
        sleep 0.5
    done
    running || fail "another program answers on port $port; see $log"
    echo "$base up after $(($(date +%s) - begun)) s, process $pid"
}

stop() {
    running || {
        rm -f "$state.pid"
        return 0
    }
    kill "$pid"
    begun=$(date +%s)
    while running; do
        [ $(($(date +%s) - begun)) -lt $stop_limit_s ] || kill -KILL "$pid"
        sleep 0.2
    done
    rm -f "$state.pid"
}

status() {
    running || fail "not running on port $port"
    answers || fail "process $pid runs but $base does not answer"
    echo "$base process $pid, $(($(ps -o rss= -p "$pid") / 1024)) MB resident"
}

check() {
    running || fail "not running on port $port"
    build_peer hapi
    java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -cp "$class_path" peers.hapi.Check "$base"
}

case $1 in
start | stop | status | check) "$1" ;;
*) usage ;;
esac
