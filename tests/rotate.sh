#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Another key for the store while messages come: by a hangup, and without one;
# with a file that will not do; of a program that was left out.  What was
# acknowledged is there under the newest key alone.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

fails() { ! "$@"; }
key() {
    od -An -tx1 -N32 /dev/urandom | tr -d ' \n'
    echo
}
# As an editor does it: the file is never half there.
put_keys() { # FILE KEY...
    to=$1
    shift
    cat "$@" >"$to.new"
    chmod 600 "$to.new"
    mv "$to.new" "$to"
}
store() { # CONFIG KEYS
    config "$1" "$work/s.db" \
        'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
    sed -i "s|^store:.*|store: {path: \"$work/s.db\", key_file: \"$work/$2\"}|" "$1"
}
message() { # N
    printf 'MSH|^~\\&|A|H|||20260102030405||ADT^A01^ADT_A01|L%s|T|2.5\rPID|1||P%s^^^H^MR||Zylinder%s^Eva||19500101|F\rPV1|1|I|W1\r' "$1" "$1" "$1"
}
until_it() { # COMMAND...: for half a minute
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || return 1
        sleep 0.05
    done
}
logged() { # N EVENT: at least so often
    [ "$(grep -c "\"$2\"\|[ =]$2" server.log)" -ge "$1" ]
}
# One after the other; each that is acknowledged is noted.
load() {
    n=0
    while [ ! -e enough ]; do
        n=$((n + 1))
        message "$n" >load.hl7
        if an a.yaml replay --to "127.0.0.1:$mllp" load.hl7 >/dev/null 2>&1; then
            echo "$n" >>acked
        else
            echo "$n" >>unacked
        fi
    done
}
count() { wc -l <acked; }
more() { # so many more are acknowledged
    want=$(($(count) + $1))
    until_it sh -c "[ \$(wc -l <acked) -ge $want ]"
}

key >A
key >B
key >C
put_keys keys A
put_keys only_b B
put_keys only_c C
store a.yaml keys
store b.yaml only_b
store c.yaml only_c
: >acked
: >unacked
serve a.yaml
load &
loading=$!
is "messages are acknowledged" more 5

# ---- by a hangup ---------------------------------------------------------------
put_keys keys B A
kill -HUP "$server"
is "a hangup reads the keys again" until_it logged 1 store_keys_loaded
is "messages come on" more 3
is "all that is there is sealed anew meanwhile" an a.yaml rekey
is "messages come on" more 3
put_keys keys B
kill -HUP "$server"
is "the old key may go" until_it logged 2 store_keys_loaded
is "messages come on" more 3
is "the new key alone opens all of it" an b.yaml check --store

# ---- a file that will not do -----------------------------------------------------
put_keys keys C
kill -HUP "$server"
is "a file that lacks a key is told" until_it logged 1 store_keys_fault
is "the keys stay as they were, and messages come on" more 3
is "under the key of before" an b.yaml check --store

# ---- without a hangup --------------------------------------------------------------
put_keys keys C B
is "who seals anew need not tell the server" an a.yaml rekey
is "it takes the key by itself" more 3
put_keys keys C
is "and needs the old one no more" more 3
: >enough
wait "$loading"
is "no message was refused all the while" test ! -s unacked
stop
is "the newest key alone opens all of it" an c.yaml check --store
is "the keys of before open nothing" fails an b.yaml check
missing=0
while read -r n; do
    an c.yaml show H "P$n" >shown 2>&1 && [ -s shown ] || missing=$((missing + 1))
done <acked
is "what was acknowledged is there" test "$missing" = 0

# ---- who was left out ----------------------------------------------------------------
put_keys own C
store o.yaml own
serve o.yaml
put_keys keys B C
is "a key comes by another file" an a.yaml rekey
message 90001 >late.hl7
is "who does not have it takes no message" \
    fails an o.yaml replay --to "127.0.0.1:$mllp" late.hl7
is "and says so" until_it logged 1 store_commit_fault
put_keys own B
is "until its file has it" an o.yaml replay --to "127.0.0.1:$mllp" late.hl7
stop
is "all of it is whole" an b.yaml check --store

# ---- two files of two orders -----------------------------------------------------------
key >D
put_keys only_d D
store d.yaml only_d
put_keys keys D B
put_keys own B D
is "a key comes that was never there" an a.yaml rekey
before=$(grep -c store_keys_order server.log || :)
serve o.yaml
is "who has an older one first is told so" \
    until_it logged $((before + 1)) store_keys_order
message 90002 >late.hl7
is "takes messages" an o.yaml replay --to "127.0.0.1:$mllp" late.hl7
is "and has not gone back" an d.yaml check --store
is "is not told twice" fails logged $((before + 2)) store_keys_order
is "who asks for it goes back" an o.yaml rekey
is "all of it" an b.yaml check --store
message 90003 >late.hl7
is "whoever has the other order follows" an a.yaml replay late.hl7
stop
is "all of it is whole" an b.yaml check --store
echo "1..$checks"
exit $failed
