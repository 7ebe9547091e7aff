#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HL7 version 2 out of a real server: results and documents that an MLLP receiver
# takes, at each stage, through a release, a withdrawal and a kill.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"

: >taker.port
"$built/tests/taker" taken >taker.port &
receiver_pid=$!
awaits test -s taker.port
out="hl7_out: {address: \"127.0.0.1:$(cat taker.port)\", test_target: true, retry_first: 50ms, fields: \"$work/fields.yaml\"}"
cat >fields.yaml <<END
sending: {facility: LAKESIDE}
patient: ["urn:oid:2.999.1.7"]
authorities: {"urn:oid:2.999.1.7": LAKESIDE}
END
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61; } >stay.hl7
rows() { metric "hl7_out_rows{state=\"$1\"}"; }
delivered() { [ "$(rows waiting)" = 0 ]; }
summary() { "$drill" said "$1" | awk '$2 == "summary" && $5 == "current" { print $1; exit }'; }

# ---- shadow ---------------------------------------------------------------------
install shadow.yaml shadow.db production shadow "$out"
an shadow.yaml backload past.hl7 >/dev/null
serve shadow.yaml
an shadow.yaml replay --to "127.0.0.1:$mllp" stay.hl7 >/dev/null
is 'shadow: what happens to her is thought about' settled shadow.db
is 'shadow: nothing is to be sent' same_number "$(rows waiting)" 0
is 'shadow: nothing waits for a release' same_number "$(rows held)" 0
is 'shadow: it stops' stop
is 'shadow: nothing came' test ! -s taken

# ---- the configuration ----------------------------------------------------------
install no.yaml no.db demo live 'hl7_out: {address: "127.0.0.1:1"}'
is 'a demo sends to test receivers only' says 2 'no\.yaml:7:.*hl7_out.test_target' an no.yaml check
printf 'sending:\n  name: X\n' >wrong.fields
install no.yaml no.db demo live \
    'hl7_out: {address: "127.0.0.1:1", test_target: true, fields: "wrong.fields"}'
is 'a mistake in the field map is named with its place (check)' \
    says 2 'wrong\.fields:2:3: ' an no.yaml check
is 'and by serve' says 2 'wrong\.fields:2:3: ' an no.yaml serve

# ---- live, in a demonstration ---------------------------------------------------
install live.yaml live.db demo live 'languages: [en]' 'clock: messages' "$out"
an live.yaml backload past.hl7 >/dev/null
serve live.yaml
an live.yaml replay --to "127.0.0.1:$mllp" stay.hl7 >/dev/null
is 'live: what happens to her is thought about' settled live.db
is 'live: what may leave is sent' waited 30 delivered
is 'live: results came' at_least "$(n '^MSH.*\|ORU\^R01\^ORU_R01\|' taken)" 3
is 'live: no document, nobody released one' none '\|MDM\^' taken
is 'live: each is a test' none '^MSH(\|[^|]*){9}\|[^T]' taken
is 'live: each is about her' same_number "$(n '^PID\|1\|\|7001\^\^\^LAKESIDE\^MR' taken)" "$(n '^MSH' taken)"
is 'live: none is final' none '^OBX(\|[^|]*){10}\|F' taken
is 'live: each is marked' same_number "$(n '^NTE.*A demonstration with invented patients' taken)" "$(n '^MSH' taken)"
is 'live: each says an AI made it' same_number "$(n '^NTE.*Made by an AI and not reviewed' taken)" "$(n '^MSH' taken)"
is 'live: her name stands nowhere' none 'Mary|Drill' taken
is 'live: our own parser takes each' says 0 'resourceType' sh -c \
    'tr "\n" "\r" <taken >taken.hl7 && "$1" convert taken.hl7' - "$built/anamnesis"

# ---- a newer one -------------------------------------------------------------------
results 7001 09 2.4 >more.hl7
an live.yaml replay --to "127.0.0.1:$mllp" more.hl7 >/dev/null
is 'newer: thought about' settled live.db
is 'newer: sent' waited 30 delivered
is 'newer: as corrections' at_least "$(n '^OBX(\|[^|]*){10}\|C' taken)" 3
is 'newer: no control id twice' test -z "$(awk -F '|' '/^MSH/ { print $10 }' taken | sort | uniq -d)"

# ---- a text for the patient --------------------------------------------------------
is 'release: a text waits' at_least "$(rows held)" 1
id=$(summary live.db)
is 'release: it is released' says 0 'is released' an live.yaml release --by drh "$id"
came() { grep -q "$1" taken; }
is 'release: a document comes' waited 30 came '|MDM^T02^MDM_T02|'
is 'release: final, by whom' came '^TXA.*|AU||AV|||drh$'
is 'release: it is taken back' says 0 'is withheld' an live.yaml release --withhold --by drh "$id"
is 'release: the document is cancelled' waited 30 came '^TXA.*|CA$'

# ---- she opts out ------------------------------------------------------------------
kill -9 "$server"
wait "$server" 2>/dev/null || :
serve live.yaml
cat >consent.json <<END
{"resourceType":"Consent","id":"c1","status":"active","dateTime":"2026-03-11",
 "patient":{"identifier":{"system":"urn:oid:2.999.1.7","value":"7001"}},
 "provision":{"type":"deny"}}
END
is 'opted out: the consent is kept' says 0 '1 accepted' an live.yaml backload consent.json
is 'opted out: thought about' settled live.db
is 'opted out: results are withdrawn' waited 30 came '^OBX.*|""|.*|W|'
is 'opted out: sent' waited 30 delivered
# The status of each result, as its receiver has it last.
standing() { awk -F '|' '/^OBR/ { of = $4 } /^OBX/ && of { last[of] = $12 }
    /^$/ { of = "" } END { for (k in last) if (last[k] != "W") print k, last[k] }' taken; }
is 'opted out: all of them' test -z "$(standing)"
is 'the trail is whole' says 0 'is whole' an live.yaml verify
is 'so is the store' says 0 'is whole' an live.yaml check --store
is 'it stops' stop
is 'the log has no word of it' none 'people|Mary|7001' server.log
echo "1..$checks"
exit $failed
