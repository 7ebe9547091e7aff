#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The disk is full, does not write, does not flush, does not read; another
# program holds the store.  The sender hears AE (or CE): send it again.  Nothing
# acknowledged is lost, and when the disk is well the same process goes on.
#
# ANAMNESIS_ROUNDS (1): how often each of it happens to one store.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/bad_lib.sh"
rounds=${ANAMNESIS_ROUNDS:-1}
[ "$rounds" -le 10 ] || rounds=10
each=40
"$drill" generate $((each * 2 * 5 * rounds + 10)) >all
config disk.yaml "$work/disk.db" \
    'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
: >acked
at=0
send_part() { # the next messages; those that are not acknowledged are in `part`
    part "$at" $((at + each)) >part
    at=$((at + each))
    "$drill" send "$mllp" part acked 0 1
}
again() { "$drill" send "$mllp" part acked 0 1; }
faults=0
more_faults() {
    n=$(printf 'GET /metrics HTTP/1.0\r\n\r\n' | "$drill" raw "$http" |
        tr -d '\r' | sed -n 's/^anamnesis_store_faults_total{what="commit"} //p')
    [ "$n" -gt "$faults" ] || { echo "$n faults"; return 1; }
    faults=$n
}
enhanced() { sed 's/|P|2\.5\.1/|P|2.5.1|||AL|NE/; s/|D0/|E0/'; }

serve_bad disk.yaml
for round in $(seq "$rounds"); do
    while read -r call code fault; do
        is "$fault: before, all is well" send_part
        part "$at" $((at + 1)) >one
        enhanced <one >other
        goes_bad "$call" "$code"
        is "$fault: the sender hears AE" hears AE one
        is "$fault: or CE" hears CE other
        is "$fault: nothing is acknowledged" exits 1 send_part
        is "$fault: the server lives" kill -0 "$server"
        goes_well "$call"
        is "$fault: it is logged" grep -q '"event":"store_commit_fault","code":"io"' server.log
        is "$fault: and counted" more_faults
        is "$fault: then the same process takes it" again
        is "$fault: what was acknowledged is there, once" acked_once disk.db
    done <<END
write 28 a full disk
write 5 a disk that does not write
sync 5 a disk that does not flush
END
    # What is in memory is not read from the disk: some may go well.
    is 'a disk that does not read: before' send_part
    goes_bad read 5
    send_part >/dev/null 2>&1 || :
    is 'a disk that does not read: the server lives' kill -0 "$server"
    goes_well read
    is 'then the same process takes it' again
    is 'what was acknowledged is there, once' acked_once disk.db

    # A flush that failed, then killed: the next process does not trust it.
    part "$at" $((at + each)) >part
    at=$((at + each))
    goes_bad sync 5
    is 'no flush, and killed' exits 1 again
    kill -9 "$server"
    wait "$server" 2>/dev/null || :
    server=
    is 'while the disk does not flush, nobody serves' says 3 'store' \
        env LD_PRELOAD="$world" BAD_WORLD="$work/bad" "$built/anamnesis" -c disk.yaml serve
    goes_well sync
    serve_bad disk.yaml
    is 'then it starts by itself and takes the rest' again
    is 'what was acknowledged is there, once' acked_once disk.db
done

# ---- another program holds the store ----------------------------------------------
part "$at" $((at + 1)) >one
hold disk.db 6500
is 'a store that is held for long: the sender hears AE' hears AE one
wait "$locker"
is 'and AA when it is free' hears AA one
is 'without a restart it stops' stop
is 'what was acknowledged is there, once' acked_once disk.db
is 'the store is whole' an disk.yaml check --store
is 'the log is no storm' test "$(wc -l <server.log)" -lt $((2000 * rounds))
is 'and names nobody' sh -c '! grep -E "Drill|Mary|P[0-9]+\^" server.log'
echo "# $(wc -l <server.log) lines of log, $(wc -l <acked) messages"
echo "1..$checks"
exit $failed
