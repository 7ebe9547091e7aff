#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the program says of one message: explain-message.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story

says() { # says STATUS PATTERN COMMAND...
    want=$1 pattern=$2 got=0
    shift 2
    "$@" >heard 2>&1 || got=$?
    test "$got" = "$want" || { echo "status $got"; cat heard; return 1; }
    grep -qE -- "$pattern" heard || { cat heard; return 1; }
}
# A moment's seconds may end in 1.2: what is looked for starts where it should.
lacks() { ! grep -qE -- "$1" heard; }

config a.yaml "$work/a.db"
printf '%s\r' 'MSH|^~\&|LAB|NORTH|A|B|20250102030405||ORU^R01|X1|P|2.5.1' \
    'PID|1||471199^^^H^MR||Nightingale^Florence||19500607|F' \
    'OBR|1|P1|F1|CMP^Panel^LOCAL|||20250102' \
    'OBX|1|NM|CREA^Crea^LOCAL||1.2|mg/dL|0.5-1.1|H|||F' \
    'OBX|2|NM|2823-3^K^LN||much|mmol/L|||||F' \
    'ZPI|1|own' >x1.hl7
sed 's/|1\.2|/|1.3|/' x1.hl7 >x2.hl7
sed 's/|X1|/|X3|/; s/|471199^^^H^MR|/||/' x1.hl7 >bad.hl7
is 'messages are loaded' says 1 '^3 messages: 2 accepted, 0 there already, 1 refused' \
    an a.yaml backload x1.hl7 x2.hl7 bad.hl7
is 'and one again' says 0 '1 there already' an a.yaml backload x1.hl7
is 'and a Bundle' says 0 '1 accepted' an a.yaml backload "$story/history.json"

# ---- which ---------------------------------------------------------------------
is 'no such message' says 2 'no message has this' an a.yaml explain-message X9
is 'two have this control id' says 2 'several messages are called so' an a.yaml explain-message X1
is 'both are listed' test "$(grep -c ' ORU^R01 of LAB|NORTH' heard)" = 2
is 'a wrong call' says 2 '^usage: .*explain-message \[--values\]' an a.yaml explain-message
is 'a wrong option' says 2 '^usage: ' an a.yaml explain-message --all X1
is 'by number' says 0 '^message 1: ORU\^R01$' an a.yaml explain-message 1
is 'it came again' grep -q 'the same bytes came 1 more time, last at' heard
is 'it has a warning, with its place' grep -q 'warning: OBX\[2\]-5: OBX-2 promises a number' heard

# ---- its fields ----------------------------------------------------------------
is 'each field has its state' grep -qx \
    '  OBX\[1\]  mapped 2 5 6 7 8 11; not understood 3; not used 1' heard
is 'a number that is none' grep -qx \
    '  OBX\[2\]  mapped 2 3 11; not understood 5; not used 1 6' heard
is 'a segment of nobody' grep -qx '  ZPI\[1\] (nothing made of it)  not used 1 2' heard
is 'and what was made' grep -qx '  OBX\[1\]-5  observation, final, a code of urn:id:LOCAL' heard
is 'nothing tells of the patient' lacks 'Nightingale|471199|(^|[^0-9])1\.2|CREA|Crea|much'
sed -n 's/^sha256 *//p' heard >sha
is 'by its SHA-256' says 0 '^message 1:' an a.yaml explain-message "$(cut -c1-12 sha)"
is 'the other used the control id again' says 0 'X1  used before for other bytes' \
    an a.yaml explain-message 2
is 'values when they are asked for' says 0 '^    5  mapped:  1\.2$' an a.yaml explain-message --values 1
is 'and whose it is' grep -q '^  patient H 471199$' heard

# ---- a refusal -----------------------------------------------------------------
is 'a refusal says where' says 0 '^REFUSED     PID\[1\]-3: data about nobody' an a.yaml explain-message X3
is 'and of what' grep -q '^refused message: ORU^R01$' heard
is 'and no more' lacks 'Nightingale|CREA'

# ---- FHIR ----------------------------------------------------------------------
is 'a Bundle by number' says 0 '^message 3: Bundle$' an a.yaml explain-message 3
is 'each element has its state' grep -q \
    '^  Patient /entry/0/resource  mapped id identifier gender birthDate; not used name$' heard
is 'with the place that events have' grep -q '^  /entry/[0-9]*/resource/valueQuantity  observation, final' heard
is 'values when they are asked for' says 0 '^    birthDate  mapped:  19' an a.yaml explain-message --values 3

# ---- JSON ----------------------------------------------------------------------
is 'as JSON' says 0 '"number":1,.*"type":"ORU\^R01"' an a.yaml explain-message --json 1
is 'states have a word' grep -q '"field":3,"state":"odd"' heard
is 'nothing tells of the patient' lacks 'Nightingale|471199|"1\.2"|CREA|Crea'
is 'a refusal too' says 0 '"accepted":false.*"place":"PID\[1\]-3"' an a.yaml explain-message --json X3
is 'and a list' says 2 '^\{"messages":\[\{"refused":false,"number":1' an a.yaml explain-message --json X1
if command -v python3 >/dev/null; then
    an a.yaml explain-message --json --values 3 >bundle.json
    is 'it is JSON' python3 -c 'import json; json.load(open("bundle.json"))'
fi

# ---- other tables --------------------------------------------------------------
printf 'urn:id:LOCAL\tCREA\thttp://loinc.org\t2160-0\tCreatinine\n' >codes.tsv
is 'today it would be understood' says 0 'the tables have changed since' an a.yaml explain-message 1
is 'the field is mapped' grep -qx '  OBX\[1\]  mapped 2 3 5 6 7 8 11; not used 1' heard
is 'the event is as it was' grep -q '^  OBX\[1\]-5 .* a code of urn:id:LOCAL' heard
is 'all is read again' says 0 'read again' an a.yaml reprocess
is 'now the event is mapped too' says 0 '^  OBX\[1\]-5 .* a code of http://loinc.org' \
    an a.yaml explain-message 1
is 'and nothing is out of date' lacks 'tables have changed'
echo "1..$checks"
exit $failed
