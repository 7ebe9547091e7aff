#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fifteen pains that users of HL7v2 software tell of, each by its name, from
# outside.  What is done about each is in anamnesis-senders(7).
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
curl=$(command -v curl) || echo '# curl is not installed: HTTP is NOT asked'

# One message of lines that are given; segments end with CR.
message() { printf '%s\r' "$@"; }
oru() { # oru CONTROL-ID SEGMENT...
    id=$1
    shift
    message "MSH|^~\\&|LAB|NORTH|A|B|20260310120000+0000||ORU^R01^ORU_R01|$id|P|2.5.1" \
        'PID|1||700^^^NORTH^MR||Muster^Erika' "$@"
}
bundle() { an none.yaml convert "$1"; }
# says_in FILE TEXT: the Bundle of the file has exactly this text.
says_in() {
    bundle "$1" >made || return 1
    grep -qF -- "$2" made || { echo "no $2 in:"; cut -c1-2000 made; return 1; }
}
none_in() {
    bundle "$1" >made || return 1
    if grep -qF -- "$2" made; then echo "$2 in:"; cut -c1-2000 made; return 1; fi
}
alike() { bundle "$1" >one && bundle "$2" >two && cmp one two && test -s one; }
times_in() { # times_in N FILE TEXT
    bundle "$2" >made || return 1
    n=$(grep -oF -- "$3" made | wc -l)
    [ "$n" -eq "$1" ] || { echo "$n times, not $1"; return 1; }
}
config none.yaml "$work/none.db"

# ---- 1: segments that end as they like -----------------------------------------
oru P1 'OBR|1|1|2|X^X^L' 'OBX|1|TX|T^T^L||two words||||||F' >cr.hl7
tr '\r' '\n' <cr.hl7 >lf.hl7
sed 's/\r/\r\n/g' cr.hl7 >crlf.hl7
oru P1b 'OBR|1|1|2|X^X^L' "$(printf 'OBX|1|TX|T^T^L||first\nsecond||||||F')" >data.hl7
is 'pain 1, segment ends: a file with line feeds is the same message' alike cr.hl7 lf.hl7
is 'pain 1, segment ends: so is one with both' alike cr.hl7 crlf.hl7
is 'pain 1, segment ends: where CR ends them, a line feed is data' \
    says_in data.hl7 '"valueString":"first\nsecond"'

# ---- 2: escapes -------------------------------------------------------------------
oru P2 'OBR|1|1|2|X^X^L' 'OBX|1|ST|T^T^L||a\F\\S\b\E\R\E\ c||||||F' \
    'OBX|2|ST|T^U^L||x\X0d\y\X000D\z||||||F' 'OBX|3|ST|T^V^L||C:\Data and a \||||||F' \
    'OBX|4|ST|T^W^L||AT\E\T\E\T||||||F' >escapes.hl7
is 'pain 2, escapes: neighbours are not merged, \E\R\E\ is not swallowed' \
    says_in escapes.hl7 '"valueString":"a|^b\\R\\ c"'
is 'pain 2, escapes: bytes of either width' says_in escapes.hl7 '"valueString":"x\ry'
is 'pain 2, escapes: a lone backslash is text' \
    says_in escapes.hl7 '"valueString":"C:\\Data and a \\"'
is 'pain 2, escapes: what was escaped twice is unescaped once' \
    says_in escapes.hl7 '"valueString":"AT\\T\\T"'

# ---- 3: character sets -----------------------------------------------------------
printf 'MSH|^~\\&|A|B|C|D|20260310||ADT^A08|P3|P|2.5|||||DEU|8859/1\rPID|1||7||M\374ller\r' >named.hl7
printf 'MSH|^~\\&|A|B|C|D|20260310||ADT^A08|P3|P|2.5|||||DEU\rPID|1||7||M\374ller\r' >silent.hl7
printf 'MSH|^~\\&|A|B|C|D|20260310||ADT^A08|P3|P|2.5|||||DEU|8859/1\rPID|1||7||M\303\274ller\r' >wrong.hl7
config latin.yaml "$work/none.db" 'charset: iso-8859-15'
for file in named silent wrong; do
    is "pain 3, character set: $file" says_in $file.hl7 '"family":"Müller"'
done
printf 'MSH|^~\\&|A|B|C|D|20260310||ADT^A08|P3|P|2.5\rPID|1||7||Fran\244ois\r' >euro.hl7
euro() { an latin.yaml convert euro.hl7 | grep -qF '"family":"Fran€ois"'; }
is 'pain 3, character set: of a sender who never says it, from the configuration' euro

# ---- 4: large values --------------------------------------------------------------
head -c 1500000 /dev/zero | base64 -w 0 >big
{
    oru P4 'OBR|1|1|2|X^X^L'
    printf 'OBX|1|ED|D^D^L||LAB^application^pdf^Base64^'
    cat big
    printf '||||||F\r'
} >big.hl7
whole() { bundle big.hl7 | tr '"' '\n' | awk 'length($0) > 1000000' | tr -d '\n' | cmp - big; }
config big.yaml "$work/big.db"
is 'pain 4, large values: two megabytes of Base64 are whole' whole
is 'pain 4, large values: and are stored' says 0 '^1 messages: 1 accepted' an big.yaml backload big.hl7

# ---- 5: memory ------------------------------------------------------------------------
# A server takes 400 messages of 50 KB; it may keep no more than what a few take.
{
    oru P5-NUMBER 'OBR|1|1|2|X^X^L'
    for n in $(seq 600); do printf 'OBX|%s|NM|%s-1^A result of the panel^LN||%s.5|mg/dL|1-9|N|||F\r' "$n" "$n" "$n"; done
} >panel.hl7
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server/status"; }
post_panels() { # post_panels FROM TO
    for n in $(seq "$1" "$2"); do
        sed "s/P5-NUMBER/P5-$n/" panel.hl7 >one.hl7
        "$curl" -sS --data-binary @one.hl7 "http://127.0.0.1:$http/hl7v2" >/dev/null || return 1
    done
}
flat() {
    post_panels 1 40 || return 1
    before=$(resident)
    post_panels 41 240 || return 1
    after=$(resident)
    [ $((after - before)) -lt 24576 ] || { echo "$before kB became $after kB"; return 1; }
}
if grep -q __asan_init "$built/anamnesis"; then
    echo '# a sanitizer keeps memory back: what is given back is NOT asked'
elif [ -n "$curl" ]; then
    config flat.yaml "$work/flat.db"
    serve flat.yaml
    is 'pain 5, memory: what a message took is given back' flat
    stop
fi

# ---- 6: encoding characters --------------------------------------------------------
printf 'MSH|^~\\&#|A|B|C|D|20260310||ADT^A08|P6|P|2.7\rPID|1||7^^^N||Mus#ter^Erika\r' >cut.hl7
printf 'MSH@!%%*;@A@B@C@D@20260310@@ADT!A08@P6@P@2.5\rPID@1@@7!!!N@@Muster!Erika\r' >own.hl7
is 'pain 6, encoding characters: the truncation character of 2.7' says_in cut.hl7 '"given":["Erika"]'
is 'pain 6, encoding characters: a set of the sender'"'"'s own' says_in own.hl7 '"family":"Muster"'

# ---- 7: short headers, trailing nothing ----------------------------------------------
printf 'MSH|^~\\&|||||||ADT^A08\rPID|1||7^^^N||Muster|||||||||||||||||\r\r\n\n' >short.hl7
is 'pain 7, short header: no version, no date, fields and lines of nothing at the end' \
    says_in short.hl7 '"family":"Muster"'

# ---- 8: batches ----------------------------------------------------------------------
{
    printf 'FHS|^~\\&|A\rBHS|^~\\&|A\r'
    for n in 1 2 3; do oru "P8-$n" "OBR|1|$n|$n|X^X^L" 'OBX|1|NM|G^G^L||5|mg||||F'; done
    printf 'BTS|3\rFTS|1\r'
} >batch.hl7
config a.yaml "$work/a.db"
three() { [ "$(bundle batch.hl7 | wc -l)" -eq 3 ]; }
is 'pain 8, batches: each message of a file is taken' \
    says 0 '^3 messages: 3 accepted' an a.yaml backload batch.hl7
is 'pain 8, batches: each is a Bundle of its own' three

# ---- 9: acknowledgements ----------------------------------------------------------------
# A receiver that does it wrong: answers what PYTHON writes for each frame.
wrong_peer() { # wrong_peer PYTHON: sets $peer and $peer_port
    rm -f peer_port
    python3 -c '
import socket, sys
s = socket.socket(); s.settimeout(20); s.bind(("127.0.0.1", 0)); s.listen(1)
print(s.getsockname()[1], flush=True)
c, _ = s.accept(); data = b""
while b"\x1c\r" not in data:
    more = c.recv(65536)
    if not more: sys.exit()
    data += more
ID = data.split(b"|")[9].decode()
def ack(i): return ("MSH|^~\\&|B|A|A|B|20260310||ACK|X|P|2.5\rMSA|AA|%s\r" % i).encode()
def frame(b): return b"\x0b" + b + b"\x1c\r"
'"$1"'
' >peer_port &
    peer=$!
    until [ -s peer_port ]; do
        kill -0 "$peer" || { echo 'the wrong receiver did not start' >&2; exit 1; }
        sleep 0.05
    done
    peer_port=$(cat peer_port)
}
sent() { # sent STATUS PATTERN: replay one message to the peer
    says "$1" "$2" an a.yaml replay --to "127.0.0.1:$peer_port" early.hl7 || { kill "$peer"; return 1; }
}
oru P13a 'OBR|1|P1|F1|24323-8^Panel^LN' 'OBX|1|NM|2345-7^Glucose^LN||98|mg/dL||||P' >early.hl7
if python3 -c '' 2>/dev/null; then
    wrong_peer 'c.sendall(ack(ID)); c.close()'
    is 'pain 9, acknowledgements: one without a frame is told of as that' sent 3 'no MLLP frame'
    wrong_peer 'c.sendall(frame(ack("OLD")) + frame(ack(ID))); c.recv(1)'
    is 'pain 9, acknowledgements: a late one is not taken for this message'"'"'s' sent 0 '1 accepted'
    wrong_peer 'c.close()'
    is 'pain 9, acknowledgements: a connection that is closed is no time that is up' sent 3 'closed by the receiver'
else
    echo '# python3 is not installed: wrong receivers are NOT asked'
fi

# ---- 10: idle connections -----------------------------------------------------------------
config idle.yaml "$work/idle.db" \
    'listen: {mllp: {address: "127.0.0.1:0", timeout: {frame: 200ms}}, http: {address: "127.0.0.1:0"}}'
serve idle.yaml
framed() { printf '\013'; cat "$1"; printf '\034\r'; }
pause() { { framed early.hl7; sleep 1; framed dates.hl7; } | "$drill" raw "$mllp" | tr '\r' '\n' | grep -c '^MSA|AA' | grep -qx 2; }
message 'MSH|^~\&|A|B|C|D|20260701120000||ADT^A01|P12|P|2.5' 'EVN||202607' \
    'PID|1||7^^^N||Muster||1962' 'PV1|1|I||||||||||||||||||||||||||||||||||||||||||202601020304' >dates.hl7
is 'pain 10, idle: a pause between two messages is no fault' pause
stop
quiet() { if grep -E '"level":"(error|warn)' server.log; then return 1; fi; }
is 'pain 10, idle: and nothing is logged of it' quiet

# ---- 11: silent loss -------------------------------------------------------------------
oru P11 'OBR|1|P1|F1|24323-8^Panel^LN' 'SPM|1|||BLD' 'OBX|1|NM|2345-7^Glucose^LN||98|mg/dL||||F' \
    'ZZZ|1|of a site' >spm.hl7
is 'pain 11, silent loss: a result below its specimen is a result' \
    times_in 1 spm.hl7 '"resourceType":"Observation"'
an a.yaml backload spm.hl7 >/dev/null
is 'pain 11, silent loss: it is in the timeline' says 0 '98' an a.yaml show 700
is 'pain 11, silent loss: what was not understood is named' \
    says 0 'ZZZ' an a.yaml explain-message P11

# ---- 12: dates and times -----------------------------------------------------------------
config berlin.yaml "$work/none.db" 'zone: Europe/Berlin'
berlin() { an berlin.yaml convert dates.hl7 >made && grep -qF "$1" made || { cat made; return 1; }; }
is 'pain 12, times: in summer the zone of summer' berlin '"timestamp":"2026-07-01T12:00:00+02:00"'
is 'pain 12, times: in winter that of winter' berlin '"start":"2026-01-02T03:04:00+01:00"'
is 'pain 12, times: no more precise than was said' berlin '"birthDate":"1962"'

# ---- 13: identity ---------------------------------------------------------------------------
oru P13b 'OBR|1|P1|F1|24323-8^Panel^LN' 'OBX|1|NM|2345-7^Glucose^LN||99|mg/dL||||C' >late.hl7
ids() { bundle "$1" | grep -oE '"resourceType":"(Patient|Observation)","id":"[^"]*"' | sort; }
same_ids() { ids early.hl7 >one && ids late.hl7 >two && cmp one two && test -s one; }
is 'pain 13, identity: the correction of a result has the id of the result' same_ids
is 'pain 13, identity: a repeated message is the same bytes' alike early.hl7 early.hl7
oru P13c 'OBR|1|P1|F1|X^X^L||||||||||||12^Arzt^Anna' \
    'OBX|1|NM|2345-7^Glucose^LN||98|mg/dL||||P|||||12^Arzt^Anna' 'OBX|2|NM|2823-3^K^LN||4|mmol/L||||P|||||12^Arzt^Anna' >doctors.hl7
is 'pain 13, identity: nobody is twice in a Bundle' times_in 1 doctors.hl7 '"family":"Arzt"'

# ---- 14: merges ----------------------------------------------------------------------------
message 'MSH|^~\&|A|B|C|D|20260311120000+0000||ADT^A40^ADT_A39|P14|P|2.5.1' 'EVN||20260311' \
    'PID|1||700^^^NORTH^MR||Muster^Erika' 'MRG|699^^^NORTH^MR' >merge.hl7
is 'pain 14, merges: two Patients' times_in 2 merge.hl7 '"resourceType":"Patient"'
is 'pain 14, merges: one replaces' says_in merge.hl7 '"type":"replaces"'
is 'pain 14, merges: the other is replaced' says_in merge.hl7 '"type":"replaced-by"'
is 'pain 14, merges: and is not used' says_in merge.hl7 '"active":false'
an a.yaml backload merge.hl7 >/dev/null
is 'pain 14, merges: the old number shows the record' says 0 '98' an a.yaml show 699

# ---- 15: brittle maps -------------------------------------------------------------------------
# Each fault stops the build, with the file and the line.
broken() { # broken WHAT FILE SED-SCRIPT
    rm -rf maps && mkdir -p maps/hl7 && cp -r "$top/config" "$top/tools" maps 2>/dev/null
    chmod -R u+w maps
    cp "$top/hl7/rules.h" maps/hl7
    f=maps/config/tables/to-fhir
    sed "$3" "$f/$2" >new && ! cmp -s new "$f/$2" || { echo 'nothing was broken'; return 1; }
    mv new "$f/$2"
    rc=0
    (cd maps && awk -f tools/mkmaps-parts.awk -f tools/mkmaps.awk hl7/rules.h \
        config/tables/to-fhir/[ecst]*.tsv config/tables/to-fhir/m*.tsv) >/dev/null 2>said.map || rc=$?
    [ "$rc" -eq 1 ] && grep -qE -- "tsv(:[0-9]+)?: $1" said.map || { echo "exit $rc"; cat said.map; return 1; }
}
is 'pain 15, maps: an element that FHIR has not' \
    broken 'R4 has no element Patient.birthDay' segments-patient.tsv 's/	birthDate	/	birthDay	/'
is 'pain 15, maps: a condition that does not parse' \
    broken '.*does not parse|.*is no field' segments-patient.tsv 's/length(PID-7)>8/length(PID-7>8/'
is 'pain 15, maps: a vocabulary that is not there' \
    broken 'vocabulary Sex is not' segments-patient.tsv 's/	AdministrativeSex$/	Sex/'
is 'pain 15, maps: a map that is not there' \
    broken 'map PID.Person. is in no segments file' messages-patient.tsv 's/PID\[Patient\]/PID[Person]/'
is 'pain 15, maps: a value that its element cannot hold' \
    broken '.*needs a map' segments-patient.tsv 's/^\(PID.Patient.	PID-5	.*	\)XPN.*/\1-/'
is 'pain 15, maps: a cardinality that is none' \
    broken 'min is 0 or 1, not "2"' elements.tsv '/^Patient	name	/s/	0	/	2	/'
is 'pain 15, maps: and at the other end' \
    broken 'max is 1 or [*], not "n"' elements.tsv '/^Patient	name	/s/[*]$/n/'
{
    oru P15a 'ORC|RE|P1|F1' 'OBR|1|P1|F1|A^A^L|||20260301' 'NTE|1||of the first' 'OBX|1|NM|G^G^L||1|mg||||F' \
        'ORC|RE|P2|F2' 'OBR|2|P2|F2|B^B^L' 'OBX|1|NM|G^G^L||2|mg||||F'
} >groups.hl7
is 'pain 15, maps: one group does not bleed into the next' times_in 1 groups.hl7 'of the first'
message 'MSH|^~\&|A|B|C|D|20260310||ADT^A08|P15|P|2.5' 'PID|1||7||""||||""|^^^' 'PV1||' 'OBX' 'ZZZ' >empty.hl7
is 'pain 15, maps: nothing empty is made' none_in empty.hl7 '{}'
: >nothing.hl7
is 'pain 15, maps: an empty file is told of' says 1 'nothing.hl7.*empty' an none.yaml convert nothing.hl7

echo "1..$checks"
exit "$failed"
