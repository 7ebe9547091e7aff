#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad days: wrong bytes, wrong files, a damaged store, a full disk.  Each has
# its message, its place and its status; nothing acknowledged is lost.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story
curl=$(command -v curl) || echo '# curl is not installed: HTTP is NOT asked'
set -- "$story"/messages/*.hl7
one=$1

counted() {
    got=$(an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p')
    test "$got" = "$2" || { echo "$got messages"; return 1; }
}
# What a peer that sends these bytes as they are gets back.
answers() { # answers PATTERN FILE
    "$drill" raw "$mllp" <"$2" >back || return 1
    tr '\r' '\n' <back | grep -aqE "$1" || { echo 'answered:'; cat back; return 1; }
}
silent() { "$drill" raw "$mllp" <"$1" >back && test ! -s back; }
framed() { printf '\013%s\034\r' "$(cat "$1")"; }
bytes() { head -c "$1" /dev/zero | tr '\0' "$2"; }

# ---- the configuration ------------------------------------------------------------
config wrong.yaml "$work/w.db" 'listen:' '  mllp:' '    adress: "127.0.0.1:0"'
is 'a wrong key: line, column, and the key that was meant' \
    says 2 '^wrong\.yaml:7:5: .*address' an wrong.yaml check
is 'nobody serves with it' says 2 'wrong\.yaml:7:5: ' an wrong.yaml serve
config table.yaml "$work/t.db"
echo 'one column' >codes.tsv
is 'a wrong table: its name and line' says 2 'codes\.tsv:1' an table.yaml check
: >codes.tsv
config nowhere.yaml "$work/no/such/folder/a.db"
is 'a store that cannot be made' says 3 'store cannot be opened' an nowhere.yaml backload "$one"
echo 'select' >text.db
config text.yaml "$work/text.db"
is 'a store that is none' says 3 'no store' an text.yaml backload "$one"

# ---- frames -----------------------------------------------------------------------
config a.yaml "$work/a.db" 'listen:' \
    '  mllp: {address: "127.0.0.1:0", max_frame: 64KiB}' \
    '  http: {address: "127.0.0.1:0", max_body: 64KiB}'
serve a.yaml
framed "$one" >whole
head -c 200 whole >cut
{ printf '\013MSH|^~\\&|A|B|C|D|20260101||ADT^A01|LONG1|P|2.5\r'; bytes 100000 x; printf '\034\r'; } >long
{ printf '\013MSH|^~\\&|A|B|C|D|20260101||ADT^A01|HUGE1|P|2.5\r'; bytes 100000000 x; printf '\034\r'; } >huge
printf '\013PID|1\034\r' >headless
printf '\013\034\r' >empty
bytes 4000 z >noise
is 'a whole frame is acknowledged' answers '^MSA\|CA\|S0001' whole
is 'a frame that is cut off is not' silent cut
is 'a frame over the limit is rejected, with its control id' answers '^MSA\|AR\|LONG1' long
is 'so is one of 100 MB' answers '^MSA\|AR\|HUGE1' huge
is 'bytes that are no frame are not answered' silent noise
is 'a frame without a header is rejected' answers '^MSA\|AR' headless
is 'an empty frame is refused' answers '^MSA\|AE' empty
is 'the next whole frame is acknowledged' answers '^MSA\|CA\|S0001' whole
is 'one message is stored' counted a.yaml 1

# ---- messages ---------------------------------------------------------------------
sed 's/Oakes/O\xffkes/' "$one" >latin.hl7
framed latin.hl7 >latin
is 'bytes that are not UTF-8: read, with a warning' answers '^MSA\|CA\|S0001' latin
is 'and its place' answers '^ERR\|.*\|W\|' latin
sed 's/^MSH.*$/MSH|^~\\\&|A/' "$one" >short.hl7
framed short.hl7 >short
is 'a header without a type is refused, with its place' answers '^ERR\|\|MSH\^1' short
sed 's/^PID.*$/PID|1||||Nobody/' "$one" >nobody.hl7
framed nobody.hl7 >nobody
is 'a message of nobody is answered' answers '^MSA\|C[AE]' nobody
if [ -n "$curl" ]; then
    post() { # post PATH FILE STATUS PATTERN
        code=$("$curl" -sS -o body -w '%{http_code}' --data-binary "@$2" "http://127.0.0.1:$http$1")
        test "$code" = "$3" || { echo "status $code"; cat body; return 1; }
        tr '\r' '\n' <body | grep -aqE "$4" || { cat body; return 1; }
    }
    { printf '{"resourceType":"Bundle","type":"collection","entry":'; bytes 10000 '['; bytes 10000 ']'; printf '}'; } >deep
    printf '{"resourceType":"Patient","id":"p","name":[{"family":"\377\376"}]}' >utf
    printf '{"resourceType":"Patient",' >open
    is 'JSON 10,000 deep is refused' post /fhir deep 400 'deep'
    is 'JSON that is not UTF-8 is refused, with its place' post /fhir utf 400 'byte|UTF|expression'
    is 'JSON that ends too early' post /fhir open 400 '"error"|"fatal"'
    is 'a body over the limit' post /fhir long 413 'max_body'
    is 'HL7v2 over HTTP that is none' post /hl7v2 open 400 'no HL7v2 message'
    is 'all refusals are counted' sh -c '"$0" -sS "$1/metrics" | grep -E "verdict=.refused.} [1-9]"' \
        "$curl" "http://127.0.0.1:$http"
fi
is 'files that are no messages: each is named, the rest goes on' \
    says 1 'codes\.tsv: an empty file' an a.yaml replay codes.tsv noise "$one"
gzip -c "$story/history.json" | head -c 2000 >half.json.gz
is 'half of a compressed file is not taken for the whole' \
    says 1 'half\.json\.gz: cannot be inflated' an a.yaml replay half.json.gz

# ---- ports and peers --------------------------------------------------------------
config taken.yaml "$work/taken.db" "listen: {mllp: {address: \"127.0.0.1:$mllp\"}, http: {address: \"\"}}"
is 'a port in use is named' says 3 "127\.0\.0\.1:$mllp: .*in use" an taken.yaml serve
is 'the server has survived it all' answers '^MSA\|CA\|S0001' whole
is 'and stops in good order' stop
is 'nobody there to send to' says 3 "127\.0\.0\.1:$mllp: cannot connect" \
    an a.yaml replay --to "127.0.0.1:$mllp" "$one"

# ---- 100 MB that are allowed ------------------------------------------------------
config big.yaml "$work/big.db" 'listen:' \
    '  mllp: {address: "127.0.0.1:0", max_frame: 200MiB}' '  http: {address: ""}'
serve big.yaml
is '100 MB within the limit get an answer' answers '^MSA\|A[AER]\|HUGE1' huge
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server/status" 2>/dev/null || echo 0)
echo "# peak memory: $((${peak:-0} / 1024)) MiB"
is 'and memory stays below ten times that' test "${peak:-0}" -lt 1000000
is 'small ones go on' answers '^MSA\|CA\|S0001' whole
is 'it stops' stop

# ---- the store --------------------------------------------------------------------
cp a.db damaged.db
dd if=/dev/urandom of=damaged.db bs=4096 seek=2 count=6 conv=notrunc 2>/dev/null
config damaged.yaml "$work/damaged.db"
is 'a damaged store is found' says 3 'damaged|malformed|not whole|checksum' an damaged.yaml check --store
cp a.db newer.db
printf '\0\0\0\143' | dd of=newer.db bs=1 seek=60 conv=notrunc 2>/dev/null # user_version 99
config newer.yaml "$work/newer.db"
is 'a store of a newer version is left alone' says 2 'newer version' an newer.yaml backload "$one"
is 'and not shown' says 2 'newer version' an newer.yaml show 100042

# ---- the model --------------------------------------------------------------------
cp -r "$top/config/model/default" model
chmod -R u+w model
printf 'x' | dd of=model/model.safetensors bs=1 seek=1000000 conv=notrunc 2>/dev/null
cat >model.yaml <<END
outcomes: $top/config/outcomes
model: {path: model, keys: "$top/config/model/keys"}
store: {path: model.db}
END
is 'a model with one wrong byte: nobody serves with it, and the file is named' \
    says 3 'model\.safetensors: .*not as it was signed' an model.yaml serve
is 'and check finds it' says 3 'model\.safetensors' an model.yaml check

# ---- a full disk ------------------------------------------------------------------
mkdir disk
if mount -t tmpfs -o size=40m none disk 2>/dev/null; then
    unmount() { umount -l "$work/disk" 2>/dev/null || :; }
    leave_disk() {
        status=$?
        unmount
        (exit "$status") && leave || leave
    }
    trap leave_disk EXIT
    config full.yaml "$work/disk/store.db"
    "$drill" generate 1200 >many.hl7
    : >acked
    serve full.yaml
    dd if=/dev/zero of=disk/filler bs=1M count=38 2>/dev/null || :
    is 'a full disk: not all is acknowledged' exits 1 "$drill" send "$mllp" many.hl7 acked 0 1
    framed "$one" >whole
    is 'the answer is CE: send it again' answers '^MSA\|CE\|S0001' whole
    rm disk/filler
    is 'with room again it goes on, without a restart' "$drill" send "$mllp" many.hl7 acked 0 1
    is 'it stops' stop
    "$drill" list disk/store.db | sort >stored
    sort acked >want
    is 'all that was acknowledged is there, once' cmp want stored
    is 'the store is whole' an full.yaml check --store
    unmount
else
    echo '# SKIPPED: no disk of our own can be mounted here, so a full disk is NOT tried'
fi
echo "1..$checks"
exit $failed
