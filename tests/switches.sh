#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kill switches, turned by another process while a server runs: each way out
# heeds them within a second.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
receive
target="outbox: {url: \"$receiver\", test_target: true, retry_first: 50ms}"
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61; } >stay.hl7
discharge 7001 >leaves.hl7
call Practitioner/7 mary "$mary" >call.json
install live.yaml live.db demo live 'clock: messages' \
    'cds: {max_cards: 10, deadline: 60s}' "$target"
an live.yaml backload past.hl7 >/dev/null
serve live.yaml
an live.yaml replay --to "127.0.0.1:$mllp" stay.hl7 >/dev/null
settled live.db

tell() { # WORD...: within a second of it
    an live.yaml "$@" >turned 2>&1 || { cat turned; return 1; }
    sleep 0.8
}
cards() { asks 200 '^\{"cards":' "$view" call.json && n '"indicator":' body >cards; }
some_cards() { cards && at_least "$(cat cards)" 1; }
some_read() { asks 200 '"total":[1-9]' "/fhir/$1?patient=7001"; }

# ---- names --------------------------------------------------------------------------
is 'a name that there is not says the nearest' \
    says 2 'strok[e]: nothing of that name' an live.yaml kill strokee
is 'one that is like none says what there is' \
    says 2 'name an outcome, a score' an live.yaml kill xyzzy
is 'nothing to stop is no call' says 2 '^usage: .*kill' an live.yaml kill
is 'nothing is stopped' says 0 '^0 are stopped' an live.yaml kill --list

# ---- one outcome ----------------------------------------------------------------------
is 'there are cards' some_cards
is 'and risks to read' some_read RiskAssessment
asks 200 Bundle '/fhir/RiskAssessment?patient=7001' >/dev/null
about() { grep -oE "$1" body | sort -u | wc -l; }
cp body before
is 'an outcome is among them' at_least "$(n 'heart-failure|[Hh]eart failure' before)" 1
is 'it is stopped' tell kill --reason 'under review' --by drh heart-failure
is 'by name, with who and why' says 0 '^heart-failure  .*drh  under review' an live.yaml kill --list
is 'the same as JSON' says 0 '^\{"stopped":"heart-failure","since":".*","by":"drh","role":"operator","reason":"under review"\}$' \
    an live.yaml kill --list --json
is 'it is stopped once' says 2 'stopped already' an live.yaml kill heart-failure
still() { some_read RiskAssessment && cp body after && at_least "$(n '"fullUrl"' before)" "$(($(n '"fullUrl"' after) + 1))"; }
is 'the others are read' still
is 'it is not' none '"outcome".*[Hh]eart failure within' after

# ---- a kind, and all ---------------------------------------------------------------------
is 'risks are stopped' tell kill risk
is 'and what may come' tell kill differential
is 'no risk is read' total 'RiskAssessment?patient=7001' 0
is 'scores are' some_read Observation
is 'all is stopped' tell kill all
is 'nothing is read' total 'Observation?patient=7001' 0
is 'there is no card' no_cards call.json
lines=$(wc -c <received)
an live.yaml replay --to "127.0.0.1:$mllp" leaves.hl7 >/dev/null
is 'what happens is thought about' settled live.db
sleep 0.5
is 'and nothing is delivered' same_number "$(wc -c <received)" "$lines"
is 'it is heard again' tell revive --by drh all
is 'scores are read' some_read Observation
is 'risks are not' total 'RiskAssessment?patient=7001' 0
is 'what is not stopped is not revived' says 2 'not stopped' an live.yaml revive all
is 'risks are heard again' tell revive risk
is 'what may come is not among them' none 'differential' body
is 'and read' some_read RiskAssessment
is 'the trail says who and why' \
    says 0 '^killed drh switch/heart-failure .*"reason":"under review"' "$drill" audit live.db
is 'and who took it back' says 0 '^revived drh switch/all ' "$drill" audit live.db
is 'the command prints it, with the role' \
    says 0 '^[0-9]+  2[-0-9T:.Z]+  killed  drh \(operator\)  switch/heart-failure  .*under review' \
    an live.yaml audit --action killed
only() { an live.yaml audit --action revived >rows && lines_in 2 rows && none killed rows; }
is 'of an action alone' only
is 'as JSON' says 0 '^\{"number":[0-9]+,"time":"[^"]*","action":"revived","actor":"drh","role":"operator","subject":"switch/all","details":\{.*\}\}$' \
    an live.yaml audit --json --action revived
is 'an action that there is not says the nearest' says 2 'did you mean "killed"' an live.yaml audit --action kiled
nothing_since() { an live.yaml audit --since 2999-01-01 >rows && test ! -s rows; }
is 'of what is yet to come there is none' nothing_since
id=$("$drill" said live.db | awk '$2 == "summary" && $5 == "current" { print $1; exit }')
is 'a text is withheld with a reason' says 0 'is withheld' an live.yaml release --withhold --by drh --reason 'call first' "$id"
is 'which stands in the trail' \
    says 0 'withheld  drh \(clinician\)  suggestion/[0-9]+  .*"reason":"call first"' an live.yaml audit --action withheld
is 'the trail is whole' says 0 'is whole' an live.yaml verify
is 'it stops' stop

# ---- over a restart -------------------------------------------------------------------
an live.yaml kill all >/dev/null
serve live.yaml
is 'what was stopped is stopped in the next process' total 'Observation?patient=7001' 0
is 'there is no card there' no_cards call.json
is 'it stops again' stop
echo "1..$checks"
exit "$failed"
