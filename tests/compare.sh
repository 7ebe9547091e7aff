#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the program says to somebody who asks to compare procedures while all it
# has is the demonstrator: no number, why, and what was published.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
pcs='http://www.cms.gov/Medicare/Coding/ICD10'
sct='http://snomed.info/sct'

says() { # says STATUS PATTERN COMMAND...
    want=$1 pattern=$2 got=0
    shift 2
    "$@" >heard 2>&1 || got=$?
    test "$got" = "$want" || { echo "status $got"; cat heard; return 1; }
    grep -qE -- "$pattern" heard || { cat heard; return 1; }
}
lacks() { ! grep -qE -- "$1" heard; }

config a.yaml "$work/a.db" "outcomes: \"$top/config/outcomes\"" \
    "model: {path: \"$top/config/model/default\", keys: \"$top/config/model/keys\"}"
printf '%s\r' 'MSH|^~\&|ADT|NORTH|A|B|20250102030405||ADT^A01|X1|P|2.5.1' \
    'EVN|A01|20250102030405' 'PID|1||4711^^^H^MR||Nightingale^Florence||19500607|F' \
    'PV1|1|I' 'DG1|1||E11.9^Type 2 diabetes^I10|||F' >x.hl7
is 'a record is loaded' says 0 '1 accepted' an a.yaml backload x.hl7

# ---- how it is called ----------------------------------------------------------
one="$pcs|0DTF4ZZ" other="$pcs|0DTF0ZZ"
is 'one procedure is none to compare' says 2 '^usage: .*compare' \
    an a.yaml compare --procedure "$one" 4711
is 'a code needs its system' says 2 '^usage: ' \
    an a.yaml compare --procedure 0DTF4ZZ --procedure "$other" 4711
is 'it is not for patients' says 2 '^usage: ' \
    an a.yaml compare --for patient --procedure "$one" --procedure "$other" 4711
is 'nobody of that number' says 2 '' \
    an a.yaml compare --procedure "$one" --procedure "$other" 4712

# ---- the demonstrator refuses ---------------------------------------------------
is 'it says why' says 0 'No comparison of .*invented patients' \
    an a.yaml compare --procedure "$one" --procedure "$other" 4711
is 'and what was published' grep -q \
    'wound infection after laparoscopic colectomy against open colectomy, odds ratio 0.58 (interval 0.44-0.77)' heard
is 'of others' grep -q 'Published of others, not of this patient' heard
is 'six outcomes, each cited' test \
    "$(grep -c 'doi:10.1007/s11605-012-1860-3' heard)" = 6
is 'and a published score of her record' grep -q '^score: Charlson' heard
is 'no probability' lacks 'of 100 people|of 1,000 people'
is 'nobody is named' lacks 'Nightingale'
is 'in Spanish' says 0 'colectomía laparoscópica frente a colectomía abierta' \
    an a.yaml compare --language es --procedure "$one" --procedure "$other" 4711
is 'a planner gets no score' says 0 'No comparison' \
    an a.yaml compare --for planner --procedure "$one" --procedure "$other" 4711
is 'none' lacks '^score'
is 'of others nothing is in the tables' says 0 'No published comparison' \
    an a.yaml compare --procedure "$sct|1" --procedure "$sct|2" 4711
set --
for i in 1 2 3 4 5 6 7 8; do
    set -- "$@" --procedure "$sct|$i-$(printf '%080d' 0)"
done
is 'eight of them, to the end of the sentence' says 0 \
    '^comparison: .{600,}trained on invented patients\.$' an a.yaml compare "$@" 4711
is 'and no more' says 2 '^usage: ' an a.yaml compare "$@" --procedure "$sct|9" 4711
is 'as JSON' says 0 '"refusal":"the model is a demonstrator' \
    an a.yaml compare --json --procedure "$one" --procedure "$other" 4711
is 'which says what it is' grep -q '"nature":"association, not effect"' heard
is 'and has no outcomes' grep -q '"outcomes":\[\]' heard
echo "1..$checks"
exit $failed
