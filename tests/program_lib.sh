# SPDX-License-Identifier: Apache-2.0
# What the drills of the whole program share; they source it.  A folder of its
# own for each run, servers on free ports, and one line for each check.
# shellcheck shell=sh disable=SC2034

top=$(cd "${top_srcdir:-.}" && pwd)
built=$(cd "${top_builddir:-.}" && pwd)
drill=$built/tests/drill
work=$(mktemp -d -p "${ANAMNESIS_TEST_FOLDER:-$built/tests}")
ANAMNESIS_TEST_FOLDER=. # of the programs that it starts, whose files go with it
export ANAMNESIS_TEST_FOLDER
server=
checks=0
failed=0

leave() {
    status=$?
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    wait
    rm -rf "$work"
    exit "$status"
}
trap leave EXIT
trap 'exit 130' HUP INT TERM
cd "$work" || exit 1

# A configuration over a store: config FILE STORE [LINE...]
config() {
    file=$1
    cat >"$file" <<END
environment: test
stage: off
tables: {codes: "$work/codes.tsv", authorities: "$work/authorities.tsv"}
store: {path: "$2"}
END
    shift 2
    [ -f codes.tsv ] || : >codes.tsv
    [ -f authorities.tsv ] || : >authorities.tsv
    [ $# -gt 0 ] || set -- 'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
    printf '%s\n' "$@" >>"$file"
}

an() {
    conf=$1
    shift
    "$built/anamnesis" -c "$conf" "$@"
}

# Start a server in the background; sets $server, $mllp and $http.
serve() {
    : >ports
    "$built/anamnesis" -c "$1" serve >ports 2>>server.log &
    server=$!
    tries=0
    until [ -s ports ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 400 ] || ! kill -0 "$server" 2>/dev/null; then
            echo "the server did not start: $(tail -n 1 server.log)" >&2
            exit 1
        fi
        sleep 0.05
    done
    mllp=$(sed 's/.* MLLP on port \([0-9]*\),.*/\1/' ports)
    http=$(sed 's/.* HTTP on port \([0-9]*\)$/\1/' ports)
}

# Ask it to stop; returns its exit status.
stop() {
    kill "$server"
    ended=0
    wait "$server" || ended=$?
    server=
    return "$ended"
}

# is WHAT COMMAND...: one check.  What it printed is shown when it fails.
is() {
    checks=$((checks + 1))
    what=$1
    shift
    if "$@" >said 2>&1; then
        echo "ok $checks - $what"
    else
        failed=1
        echo "not ok $checks - $what"
        sed 's/^/#   /' said | head -n 20
    fi
}

# exits STATUS COMMAND...: it ends with this status and no other.
exits() {
    want=$1
    shift
    got=0
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, not $want"; return 1; }
}

# says STATUS PATTERN COMMAND...: this status, and a line like this.
says() {
    want=$1
    pattern=$2
    shift 2
    exits "$want" "$@" >answer 2>&1 || { cat answer; return 1; }
    grep -qE -- "$pattern" answer || { echo "no line like: $pattern"; cat answer; return 1; }
}

# waited SECONDS COMMAND...: until it holds; false when it never does.
waited() {
    tries=$(($1 * 50))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "never: $*"; return 1; }
        sleep 0.02
    done
}
# awaits COMMAND...: as waited, where nothing that follows has a meaning without.
awaits() { waited 120 "$@" >&2 || exit 1; }
lines_in() { [ "$(wc -l <"$2")" -ge "$1" ]; } # NUMBER FILE: at least so many

# Another program that holds the store: hold STORE MS sets $locker.
hold() {
    : >locked
    "$drill" lock "$1" "$2" >locked &
    locker=$!
    awaits test -s locked
}
