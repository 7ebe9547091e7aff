#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A site's codes: which have no meaning, tables and ConceptMaps that give them
# one, and what is stored read again by them.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

says() { # says STATUS PATTERN COMMAND...
    want=$1 pattern=$2 got=0
    shift 2
    "$@" >heard 2>&1 || got=$?
    test "$got" = "$want" || { echo "status $got"; cat heard; return 1; }
    grep -qE -- "$pattern" heard || { cat heard; return 1; }
}
lacks() { ! grep -qE -- "$1" heard; }

# ---- codes without a meaning -----------------------------------------------------
for i in 1 2 3; do
    printf '%s\r' "MSH|^~\\&|LAB|NORTH|A|B|2025010203040$i||ORU^R01|X$i|P|2.5.1" \
        "PID|1||47119$i^^^H^MR||Nightingale^Florence" \
        'OBX|1|NM|CREA^Creatinine^LAB||1.2|mg/dL|||||F' \
        'OBX|2|NM|2823-3^Potassium^LN||4.1|mmol/L|||||F' \
        'OBX|3|NM|NA^Sodium^LAB^2951-2^Sodium^LN||140|mmol/L|||||F' \
        'OBX|4|TX|^Remark||fine' >"x$i.hl7"
done
printf '%s\r' 'OBX|5|NM|HB^Haemoglobin||13.9|g/dL|||||F' >>x1.hl7
config a.yaml "$work/a.db"
is 'messages are loaded' says 0 '^3 messages: 3 accepted' an a.yaml backload x1.hl7 x2.hl7 x3.hl7
is 'two codes have no meaning' says 0 '^2 codes of 4 events have no meaning, of 13 events; 3 events' an a.yaml codes
is 'the most frequent first' grep -qE '^ *3  urn:id:LAB  CREA  Creatinine  observation, ' heard
is 'nothing tells of a patient' lacks 'Nightingale|47119'
is 'of one system' says 0 '^ *1  \(no system\)  HB  Haemoglobin' an a.yaml codes --system ''
is 'and of no other' lacks 'CREA'
is 'at most so many' says 0 'CREA' an a.yaml codes --limit 1
is 'and no more' lacks 'HB'
is 'a wrong call' says 2 '^usage: .*codes \[--system SYSTEM\]' an a.yaml codes --limit many
is 'explain-message agrees' says 0 '^  OBX\[1\]  .*not understood 3;' an a.yaml explain-message X2
is 'of the one with an alternate code too' grep -q '^  OBX\[3\]  mapped 2 3 5' heard

# ---- a table that is filled in ----------------------------------------------------
an a.yaml codes --tsv >own.tsv
is 'rows to be filled in map nothing' says 0 '2 rows without a target' sh -c '
    cp own.tsv codes.tsv; "$0" -c a.yaml check' "$built/anamnesis"
sed 's|^\(urn:id:LAB.CREA\)\t\t|\1\thttp://loinc.org\t2160-0|' own.tsv >codes.tsv
is 'one is filled in' says 0 'codes\.tsv: 1 codes, 1 rows without a target' an a.yaml check
is 'now it waits to be read again' says 0 'CREA .*\(a table has it: reprocess\)' an a.yaml codes
is 'and need not be filled in again' says 0 '	HB		' an a.yaml codes --tsv
is 'it does not' lacks 'CREA'
is 'reading again says what changed' says 0 \
    '^3 messages read again, 3 of them say something else now, 0 could not' an a.yaml reprocess
is 'now it has a meaning' says 0 '^1 codes of 1 events have no meaning' an a.yaml codes
is 'explain-message agrees' says 0 '^  OBX\[1\]  mapped 2 3 5 6 11; not used 1' an a.yaml explain-message X2
is 'the event too' grep -q '^  OBX\[1\]-5 .* a code of http://loinc.org' heard
is 'again changes nothing' says 0 '^3 messages read again, 0 of them' an a.yaml reprocess
is 'the store is whole' says 0 'is whole' an a.yaml check --store

# ---- a ConceptMap -----------------------------------------------------------------
cat >lab.json <<'END'
{"resourceType": "ConceptMap", "status": "active", "group": [
 {"target": "http://loinc.org", "element": [
  {"code": "HB", "target": [
   {"code": "718-7", "equivalence": "equivalent"},
   {"code": "20509-6", "equivalence": "narrower"}]}]},
 {"source": "urn:id:LAB", "target": "http://loinc.org", "element": [
  {"code": "CREA", "target": [{"code": "38483-4", "equivalence": "wider"}]},
  {"code": "XX", "target": [{"equivalence": "unmatched"}]}]}]}
END
config b.yaml "$work/a.db"
sed -i "s|^tables: {|tables: {maps: [\"$work/lab.json\"], |" b.yaml
is 'it is checked' says 0 'lab\.json: 2 codes, 1 of them decided by a file before, .*2 targets that are no more' \
    an b.yaml check
is 'reading again' says 0 '^3 messages read again, 1 of them' an b.yaml reprocess
is 'no code is without a meaning' says 0 '^0 codes of 0 events' an b.yaml codes
is 'the table decides over the map' says 0 'Creatinine \[2160-0\]' an b.yaml show 471192
sed -i "s|codes: \"[^\"]*\"|codes: \"\"|" b.yaml
is 'without the table the map does' says 0 '3 of them say something else' an b.yaml reprocess
is 'as it says' says 0 '\[38483-4\]' an b.yaml show 471192

# ---- what is wrong is refused -------------------------------------------------------
refused() { # PATTERN: by check, and by a server
    says 2 "$1" an b.yaml check && says 2 "$1" an b.yaml serve
}
sed -i 's/"wider"/"similar"/' lab.json
is 'an equivalence that is none' refused 'lab\.json#/group/1/element/0/target/0/equivalence: want an equivalence'
sed -i 's/"similar"},*/"wider"}, {"code": "2160-0", "equivalence": "subsumes"}/' lab.json
is 'two targets of equal right' refused 'lab\.json#/group/1/element/0/target/1/code: two targets of equal right'
echo '{"resourceType": "ConceptMap", "group": [' >lab.json
is 'half a file' refused 'lab\.json:[0-9]+:[0-9]+: '
echo '{"resourceType": "Patient"}' >lab.json
is 'another resource' refused 'lab\.json#/resourceType: want a ConceptMap'
printf 'urn:id:LAB\tCREA\thttp://loinc.org\n' >lab.json
is 'a table with a wrong row' refused 'lab\.json:1:1: want 5 columns'
printf '%s\tA\ts\t1\tOne\n%s\tA\ts\t2\tTwo\n' x x >lab.json
is 'a code twice' refused 'lab\.json:2:1: this code stands in the file twice'
rm lab.json
is 'no file' says 2 'lab\.json: .*No such file' an b.yaml check

# ---- killed while it reads again ------------------------------------------------------
"$drill" generate 4000 >many.hl7
config k.yaml "$work/k.db" 
config n.yaml "$work/n.db"
an k.yaml backload many.hl7 >/dev/null
an n.yaml backload many.hl7 >/dev/null
printf 'DRILL\turn:oid:2.999.1.7\n' >authorities.tsv
is 'without a stop' says 0 '^4000 messages read again, 4000 of them' an n.yaml reprocess
log_bytes() { [ -f k.db-wal ] && wc -c <k.db-wal || echo 0; }
"$built/anamnesis" -c k.yaml reprocess >/dev/null 2>&1 &
server=$!
tries=0
until [ "$(log_bytes)" -gt 400000 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 2000 ] && kill -0 "$server" 2>/dev/null || break
    sleep 0.005
done
kill -9 "$server" 2>/dev/null || :
wait "$server" 2>/dev/null || :
server=
is 'killed, the store is whole' says 0 'is whole' an k.yaml check --store
is 'it goes on where it was' says 0 '^goes on after message [0-9]+$' an k.yaml reprocess
is 'to the end, and has counted each once' grep -q '^4000 messages read again, 4000 of them' heard
is 'with other tables it begins anew' says 0 '^4000 messages read again, 4000 of them' sh -c '
    : >authorities.tsv; "$0" -c k.yaml reprocess' "$built/anamnesis"
is 'and does not go on' lacks 'goes on'
printf 'DRILL\turn:oid:2.999.1.7\n' >authorities.tsv
an k.yaml reprocess >/dev/null
an k.yaml show P1 >killed || :
an n.yaml show P1 >whole || :
is 'and both are alike' cmp killed whole
echo "1..$checks"
exit $failed
