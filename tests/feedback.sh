#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cards over CDS Hooks, what clients say became of them, and that the same card
# does not come over and over: asked from outside.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
feedback=/cds-services/anamnesis-patient-view/feedback

# opens INSTANCE: a chart is opened; the cards are `body`.
opens() {
    call Practitioner/7 mary "$mary" | sed "s/d1577c69-0001/$1/" >call.json
    asks 200 "$2" "$view" call.json
}
# entry CARD OUTCOME [MORE]: one of a list.
entry() {
    printf '{"card":"%s","outcome":"%s","outcomeTimestamp":"2026-03-12T12:00:00Z"%s}' \
        "$1" "$2" "${3:+,$3}"
}
accepted='"acceptedSuggestions":[{"id":"11111111-2222-5333-8444-555555555555"}]'
reason() { # CODE COMMENT
    printf '"overrideReason":{"reason":{"system":"urn:x-anamnesis:main/override-reason","code":"%s"},"userComment":"%s"}' "$1" "$2"
}
says_of() { printf '{"feedback":[%s]}' "$1" >feedback.json; }
told() { asks "$1" "$2" "$feedback" feedback.json; }
trail() { "$drill" audit live.db | grep -c "^$1" || :; }
sum() { "$curl" -sS "http://127.0.0.1:$http/metrics" | awk -v p="^anamnesis_$1" '$1 ~ p { n += $2 } END { print n + 0 }'; }

install live.yaml live.db demo live 'clock: messages' 'cds: {max_cards: 4}'
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61 && discharge 7001; } >stay.hl7
an live.yaml backload past.hl7 >/dev/null
serve live.yaml
is 'she comes' says 0 '^3 messages: 3 accepted' \
    an live.yaml replay --to "127.0.0.1:$mllp" stay.hl7
is 'and is thought about' settled live.db

# ---- cards ---------------------------------------------------------------------
is 'a chart has cards' opens call-1 '"cards":\[\{'
cp body first.json
grep -oE '"uuid":"[^"]*"' first.json | cut -d '"' -f 4 >cards
is 'four of them' same_number "$(wc -l <cards)" 4
is 'each can be told why not' same_number "$(n '"overrideReasons":' first.json)" 4
is 'none is critical' none '"indicator":"critical"' first.json
card() { sed -n "$1p" cards; }
is 'they are counted' same_number "$(sum cards_total)" 4
same_cards() { opens call-1 '"cards":\[\{' && cmp body first.json; }
is 'the same call has the same cards' same_cards
is 'and is counted once' same_number "$(sum cards_total)" 4
is 'another call has others' opens call-2 '"cards":\[\{'
grep -oE '"uuid":"[^"]*"' body | cut -d '"' -f 4 >others
for one in $(cat cards); do grep -q "$one" body && echo "$one"; done >twice
is 'no card comes twice' test ! -s twice
for i in 3 4 5 6; do opens "call-$i" '"cards":\[' >/dev/null; done
is 'at last there is nothing new' opens call-7 '^\{"cards":\[\]\}$'
is 'what was held back is counted, by why' \
    at_least "$(sum 'cards_suppressed_total[{].*reason="repeated"')" 4
is 'and said all the same' says 0 'Heart failure' an live.yaml show --risks 7001

# ---- feedback --------------------------------------------------------------------
says_of "$(entry "$(card 1)" accepted "$accepted"),$(entry "$(card 2)" overridden \
    "$(reason known 'Mary knows, Zebra')"),$(entry "$(head -n 1 others)" overridden)"
is 'feedback of two calls is taken at once' told 200 '^\{\}$'
is 'one was accepted' same_number "$(trail 'accepted Practitioner/7')" 1
is 'two were overridden, by who was shown them' same_number "$(trail 'overridden Practitioner/7')" 2
is 'the trail has the reason, and no comment' says 0 '"reason":"known"' "$drill" audit live.db
"$drill" audit live.db >trail
is 'no comment stands in the trail' none Zebra trail
is 'the same again is taken' told 200 '^\{\}$'
is 'and changes nothing' same_number "$(trail 'accepted')" 1
is 'it is counted by outcome and reason' \
    same_number "$(sum 'cards_feedback_total[{].*outcome="overridden",reason="known"')" 1
says_of "$(entry "$(card 3)" overridden "$(reason 'Zebra' 'z')"),$(entry "$(card 4)" \
    overridden '"overrideReason":{"system":"urn:x-anamnesis:main/override-reason","code":"disagree"}')"
is 'an older client sends a bare Coding' told 200 '^\{\}$'
is 'its reason is one that was offered' \
    same_number "$(sum 'cards_feedback_total[{].*reason="disagree"')" 1
is 'any other reason is "other"' \
    same_number "$(sum 'cards_feedback_total[{].*reason="other"')" 1
"$curl" -sS "http://127.0.0.1:$http/metrics" >metrics
is 'no word of a client is a label' none Zebra metrics

# ---- what is no feedback -------------------------------------------------------------
stranger=99999999-2222-5333-8444-555555555555
says_of "$(entry "$stranger" overridden),$(entry "$(card 1)" overridden)"
is 'a card that is unknown is told of, the rest is kept' \
    told 200 'OperationOutcome.*not-found.*feedback\[0\]\.card'
is 'of that one alone' none 'feedback\[1\]' body
is 'nothing of a card is told' none "$stranger|stroke|7001|Practitioner" body
is 'the other one is kept' same_number "$(trail overridden)" 5
wrong() { printf '%s' "$2" >feedback.json; told 400 "$1"; }
is 'garbage is refused' wrong OperationOutcome '{"feedback":['
is 'with its place' wrong 'feedback\[0\]\.outcome' \
    '{"feedback":[{"card":"99999999-2222-5333-8444-555555555555"}]}'
says_of "$(entry "$(card 1)" accepted)"
is 'who accepts says what' told 400 'feedback\[0\]\.acceptedSuggestions'
says_of "$(entry "$(card 1)" overridden '"overrideReason":{}')"
is 'a reason says why' told 400 'feedback\[0\]\.overrideReason'
says_of "$(entry "$(card 1)" overridden)"
is 'another service has no such cards' asks 404 OperationOutcome \
    /cds-services/anamnesis-other/feedback feedback.json

# ---- the report -----------------------------------------------------------------------
is 'the report has the service' says 0 '^anamnesis-patient-view$' an live.yaml feedback
is 'how much of it was shown' says 0 'cards per 100 patients \(1\)' an live.yaml feedback
is 'and what became of it' says 0 'disagree 1' an live.yaml feedback
an live.yaml feedback --json >report.json
is 'for programs, too' same_number "$(n '"overridden":\{"other":1\}' report.json)" 1
an live.yaml feedback >>report.json
is 'no word of a client is in it' none Zebra report.json
is 'since a day' says 0 '^no card was made$' an live.yaml feedback --since 2999-01-01
is 'a wrong day is refused' says 2 usage an live.yaml feedback --since yesterday

# ---- the same store, started again -------------------------------------------------------
is 'it stops' stop
is 'the log has no word of it' none 'Zebra|Mary|7001' server.log
serve live.yaml
is 'what was counted is still counted' \
    same_number "$(sum 'cards_feedback_total[{].*reason="disagree"')" 1
says_of "$(entry "$(card 2)" overridden "$(reason known 'Mary knows, Zebra')")"
is 'what was told is known' told 200 '^\{\}$'
is 'the same call has the same cards still' same_cards
is 'another has none' opens call-9 '^\{"cards":\[\]\}$'
is 'the trail is whole' says 0 'is whole' an live.yaml verify
is 'so is the store' says 0 'is whole' an live.yaml check --store

# ---- erased ---------------------------------------------------------------------------------
is 'it stops again' stop
is 'she is erased' says 0 . an live.yaml purge --patient urn:oid:2.999.1.7 7001
is 'there is no card of hers' says 0 '^no card was made$' an live.yaml feedback
serve live.yaml
says_of "$(entry "$(card 2)" overridden)"
is 'and nobody knows of one' told 200 'feedback\[0\]\.card'
is 'it stops at last' stop
echo "1..$checks"
exit $failed
