#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The store at rest: sealed by a key, sealed anew by another, what is purged is
# gone from the file, a copy under load is whole and can be put back.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story

key() { # FILE
    od -An -tx1 -N32 /dev/urandom | tr -d ' \n'
    echo
}
store() { # FILE STORE KEY [LINE...]
    conf=$1 path=$2 keys=$3
    shift 3
    config "$conf" "$path" "$@" \
        'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'
    sed -i "s|^store:.*|store: {path: \"$path\", key_file: \"$keys\"}|" "$conf"
}
has() { # TEXT FILE
    grep -qF -- "$1" "$2"
}
holds() { # TEXT STORE: in the file or its log
    cat "$2" "$2"-wal 2>/dev/null | grep -qaF -- "$1"
}
fails() { ! "$@"; }
message() { # ID NAME
    printf 'MSH|^~\\&|LAB|H|||20260102030405||ADT^A01^ADT_A01|%s|T|2.5\rPID|1||P%s^^^H^MR||%s^Eva||19500101|F\rPV1|1|I|W1\rOBX|1|TX|N^Note^L||Word%s\r' "$1" "$1" "$2" "$2"
}

# ---- sealed ------------------------------------------------------------------
key >keys && chmod 600 keys
store a.yaml "$work/a.db" "$work/keys"
for i in 1 2 3 4 5 6 7 8 9; do message "A$i" "Zylinder$i" >"m$i.hl7"; done
an a.yaml replay m1.hl7 m2.hl7 >out 2>&1 || :
is "messages are taken by a sealed store" has 2 out
is "no word of theirs is in the file" fails holds Zylinder "$work/a.db"
an a.yaml show H PA1 >shown 2>&1 || :
is "what was read in them is there" test -s shown
is "all of it is whole" an a.yaml check --store
chmod 640 keys
is "a key that others may read is refused" fails an a.yaml check
chmod 600 keys
key >other && chmod 600 other
store b.yaml "$work/a.db" "$work/other"
an b.yaml show H PA1 >out 2>&1 && code=0 || code=$?
is "another key is refused at opening" test "$code" = 2
is "and said" has "does not hold" out
store c.yaml "$work/a.db" ""
is "so is none" fails an c.yaml replay m3.hl7
is "and check says so" fails an c.yaml check

# ---- from plain, and to another key --------------------------------------------
store p.yaml "$work/p.db" ""
an p.yaml replay m1.hl7 m2.hl7 m3.hl7 >out 2>&1 || :
is "without a key words are in the file" holds Zylinder1 "$work/p.db"
store q.yaml "$work/p.db" "$work/keys"
is "a key comes later" an q.yaml check --store
is "rekey seals what is there" an q.yaml rekey
is "then no word is in the file" fails holds Zylinder "$work/p.db"
is "all of it is whole still" an q.yaml check --store
cat other keys >both && chmod 600 both
store r.yaml "$work/p.db" "$work/both"
is "an older key opens behind a newer one" an r.yaml check --store
is "rekey to the newer" an r.yaml rekey
store s.yaml "$work/p.db" "$work/other"
is "the older one is needed no more" an s.yaml check --store
is "and opens nothing" fails an q.yaml check
an s.yaml rekey >out
is "sealing twice does nothing" has "0 rows" out

# ---- purged ----------------------------------------------------------------------
store p2.yaml "$work/p2.db" ""
an p2.yaml replay m1.hl7 m2.hl7 m3.hl7 >out 2>&1 || :
an p2.yaml purge --dry-run --before 2100-01-01 >out
is "a dry run counts" has "raw messages: 3 would be removed" out
is "and removes nothing" holds Zylinder1 "$work/p2.db"
sed 's|key_file: ""|retention: {raw: 1ms, events: 1ms}|' p2.yaml >p3.yaml
an p3.yaml purge --patient H '' >out 2>&1 && code=0 || code=$?
is "a patient without a number is a wrong call" test "$code" = 2
is "and says how it is called" has "usage:" out
is "it is no purge by age" holds Zylinder1 "$work/p2.db"
an p2.yaml purge --patient H PA1 >out
is "a patient is erased" has "erased: 1 identifiers, 1 messages" out
is "none of it is in the file" fails holds Zylinder1 "$work/p2.db"
is "nor the name of the record" fails holds PA1 "$work/p2.db"
is "others are" holds Zylinder2 "$work/p2.db"
is "nobody is called so" fails an p2.yaml show H PA1
an p2.yaml purge --before 2100-01-01 >out
is "bytes go by age, but for those that are gone" has "raw messages: 2 removed" out
is "events stay" an p2.yaml show H PA2
an p2.yaml explain-message A2 >out 2>&1 || :
is "explain-message says that they are gone" has "were purged" out
an p2.yaml reprocess >out 2>&1 || :
is "reprocess too" has "3 messages have been purged" out
is "the trail is whole" an p2.yaml verify
is "and so is the rest" an p2.yaml check --store
an p2.yaml replay m1.hl7 >out 2>&1 || :
is "the same bytes again bring nobody back" fails an p2.yaml show H PA1

# ---- by the server ---------------------------------------------------------------
sed -i 's|^store:.*|store: {path: "'"$work"'/p2.db", retention: {raw: 1ms, events: 1ms}}|' p2.yaml
serve p2.yaml
tries=0
while [ "$tries" -lt 100 ] && an p2.yaml show H PA2 >out 2>&1 && [ -s out ] &&
    has Zyl out; do
    tries=$((tries + 1))
    sleep 0.1
done
stop
an p2.yaml purge --dry-run >out
is "the server keeps to the retention" has "events: 0 would be" out

store v.yaml "$work/v.db" ""
an v.yaml replay m1.hl7 m2.hl7 m3.hl7 >out 2>&1 || :
is "what was never sealed" holds Zylinder2 "$work/v.db"
store v.yaml "$work/v.db" "$work/keys"
serve v.yaml
tries=0
while [ "$tries" -lt 100 ] && holds Zylinder "$work/v.db"; do
    tries=$((tries + 1))
    sleep 0.1
done
is "the server seals, and while it runs nothing is left in the file or its log" \
    fails holds Zylinder "$work/v.db"
stop

# ---- a copy under load -------------------------------------------------------------
serve a.yaml
(
    n=0
    while [ "$n" -lt 400 ]; do
        n=$((n + 1))
        message "L$n" "Last$n" >load.hl7
        an a.yaml replay --to "127.0.0.1:$mllp" load.hl7 >/dev/null 2>&1 || break
        echo "$n" >last
    done
) &
load=$!
awaits test -s last
before=$(cat last)
is "a copy is made under load" an a.yaml backup "$work/copy.db"
kill "$load" 2>/dev/null || :
wait "$load" 2>/dev/null || :
is "its checksum is right" sha256sum -c --quiet copy.db.sha256
is "it is not written over" fails an a.yaml backup "$work/copy.db"
is "unless that is wanted" an a.yaml backup --force "$work/copy.db"
is "no word is in it" fails grep -qa Zylinder copy.db
is "a store in use is not replaced" fails an a.yaml restore "$work/copy.db"
k=0
while [ "$k" -lt 8 ]; do
    k=$((k + 1))
    an a.yaml backup "$work/killed.db" >/dev/null 2>&1 &
    victim=$!
    sleep "0.0$k"
    kill -9 "$victim" 2>/dev/null || :
    wait "$victim" 2>/dev/null || :
    if [ -e killed.db ]; then
        store k.yaml "$work/killed.db" "$work/keys"
        an k.yaml check --store >/dev/null || touch half
        rm -f killed.db killed.db.sha256
    fi
done
is "killed in the middle it leaves nothing that looks whole" test ! -e half
stop
cp copy.db bad.db
printf x | dd of=bad.db bs=1 seek=20000 conv=notrunc 2>/dev/null
sed 's/copy.db/bad.db/' copy.db.sha256 >bad.db.sha256
is "a damaged copy is refused" fails an a.yaml restore "$work/bad.db"
is "a whole one is put in place" an a.yaml restore "$work/copy.db"
is "the old store is kept" test -n "$(ls a.db.before-* 2>/dev/null)"
is "the trail verifies" an a.yaml verify
is "what was acknowledged before the copy began is there" \
    an a.yaml show H "PL$before"
is "and all of it is whole" an a.yaml check --store
echo "1..$checks"
exit $failed
