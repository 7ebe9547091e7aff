#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What leaves by which way out, at each stage, asked from outside: CDS Hooks,
# FHIR reading, the outbox.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
types='RiskAssessment Observation DocumentReference Provenance Device'
receive
target="outbox: {url: \"$receiver\", test_target: true, retry_first: 50ms}"
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61 && discharge 7001; } >stay.hl7
call Practitioner/7 mary "$mary" >call.json
stored() { an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p'; }
shown() { "$drill" audit "$1" | grep -c '^shown' || :; }
summary() { "$drill" said "$1" | awk '$2 == "summary" && $5 == "current" { print $1; exit }'; }

# She comes, and all that it triggers is answered.
comes() { # CONFIG STORE
    an "$1" backload past.hl7 >/dev/null
    serve "$1"
    is 'what happens to her is acknowledged' says 0 '^3 messages: 3 accepted' \
        an "$1" replay --to "127.0.0.1:$mllp" stay.hl7
    is 'and thought about' settled "$2"
}
nothing_to_read() { # STORE
    for type in $types; do
        total "$type?patient=7001" 0 || return 1
    done
    "$drill" said "$1" | awk '$5 == "current" { print $8 }' | sort -u >ids
    for id in $(cat ids); do
        for type in RiskAssessment Observation DocumentReference; do
            asks 404 OperationOutcome "/fhir/$type/$id" || return 1
        done
    done
}
nothing_to_deliver() {
    same_number "$(metric 'outbox_rows{state="waiting"}')" 0 &&
        same_number "$(metric 'outbox_rows{state="held"}')" 0 &&
        test ! -s received
}
nothing_leaves() { # STAGE STORE
    is "$1: a chart that is opened shows no card" no_cards call.json
    is "$1: nothing can be read" nothing_to_read "$2"
    is "$1: nothing is to be delivered" nothing_to_deliver
    is "$1: and the trail has no row that says it was shown" \
        same_number "$(shown "$2")" 0
}
said_at() { # STORE STAGE
    "$drill" said "$1" >said_all
    at_least "$(wc -l <said_all)" 10 && ! awk -v s="$2" '$6 != s' said_all | grep .
}

# ---- off --------------------------------------------------------------------------
install off.yaml off.db production off 'model: {path: nowhere, keys: nowhere}'
serve off.yaml
is 'off: no model is needed, and there is no card' no_cards call.json
is 'off: what a client prefetched is not kept' same_number "$(stored off.yaml)" 0
is 'off: a message is acknowledged' says 0 '1 accepted' \
    an off.yaml replay --to "127.0.0.1:$mllp" past.hl7
is 'off: nothing can be read' total 'RiskAssessment?patient=7001' 0
is 'off: nothing is said' test -z "$("$drill" said off.db)"
is 'off: it stops' stop

# ---- shadow, the default, in production ---------------------------------------------
install shadow.yaml shadow.db production shadow "outbox: {url: \"$receiver\"}"
comes shadow.yaml shadow.db
is 'shadow: what is said is in the store' said_at shadow.db 1
is 'shadow: it is counted' at_least "$(metric suggestions_total)" 10
nothing_leaves shadow shadow.db
id=$(summary shadow.db)
is 'shadow: a clinician releases a text' says 0 'is released' an shadow.yaml release "$id"
nothing_leaves 'shadow, released' shadow.db
is 'shadow: what she has is in her timeline' says 0 'Heart failure' an shadow.yaml show 7001
printf '%s\r' 'MSH|^~\&|LAB|LAKESIDE|A|B|20260311120000+0000||ORU^R01^ORU_R01|Z1|P|2.5.1' \
    'PID|1||7001^^^LAKESIDE^MR||Doe^Mary||19480214|F' 'ORC|RE|P9^X|F9^X|||||||||||||||||||||||||PSY' \
    'OBR|1|P9^X|F9^X|ZQ^ZQ panel^L|||20260311110000+0000' \
    'OBX|1|NM|ZQ^ZQ^L||7.5|u|1-2|HH|||F' >secret.hl7
an shadow.yaml replay --to "127.0.0.1:$mllp" secret.hl7 >/dev/null
an shadow.yaml show 7001 >shown
an shadow.yaml show --risks --for patient 7001 >>shown
is 'shadow: what is confidential is not shown' none ZQ shown
is 'shadow: that something is not shown is said' \
    says 0 'records are restricted' an shadow.yaml show 7001
is 'shadow: and by the model' says 0 'records are restricted' an shadow.yaml show --risks 7001
{ cat shadow.yaml && echo 'sensitive: {clinician: [psychiatry]}'; } >allowed.yaml
is 'shadow: where it is permitted it is shown, with its label' \
    says 0 'ZQ.*[{]psychiatry[}]' an allowed.yaml show 7001
{ cat shadow.yaml && echo 'sensitive: {clinician: [everything]}'; } >wrong.yaml
is 'shadow: a word that is no category is refused' says 2 'wrong\.yaml:[0-9]+:1: .*sensitive names' an wrong.yaml check
is 'shadow: the trail is whole' says 0 'is whole' an shadow.yaml verify
is 'shadow: it stops' stop
is 'shadow: the log has no word of it' none 'people|Mary|7001' server.log

# ---- trial ------------------------------------------------------------------------
install trial.yaml trial.db demo trial 'clock: messages' "$target"
comes trial.yaml trial.db
is 'trial: what is said is in the store' said_at trial.db 2
nothing_leaves trial trial.db
is 'trial: it stops' stop

# ---- live, refused ----------------------------------------------------------------
for command in check serve; do
    install no.yaml no.db production live
    is "production refuses the demonstrator ($command)" \
        says 2 'no\.yaml:2:1: .*demonstrator' an no.yaml $command
    install no.yaml no.db production trial
    is "in a trial, too ($command)" \
        says 2 'no\.yaml:2:1: .*demonstrator' an no.yaml $command
    install no.yaml no.db demo live "outbox: {url: \"$receiver\"}"
    is "a demo writes to test targets only ($command)" \
        says 2 'no\.yaml:7:.*test_target' an no.yaml $command
done
# The same weights as a hospital's own model, which nobody has evaluated there.
mkdir own good
"$drill" resign "$top/config/model/default" own own.keys ''
"$drill" resign "$top/config/model/default" good good.keys '{"name":"main","passed":true}'
own='model: {path: own, keys: own.keys}'
good='model: {path: good, keys: good.keys}'
install no.yaml no.db production live "$own"
is 'a model that nobody has evaluated may not be live' \
    says 2 'no\.yaml:2:1: .*evaluation' an no.yaml check
install no.yaml no.db production live "$good" 'tenant: north'
is 'nor one that another site has' says 2 'no\.yaml:2:1: .*evaluation' an no.yaml check
install no.yaml no.db production live "$good"
is 'one that this site has may be' says 0 'store: ' an no.yaml check
for gates in '"tuned_from":{"name":"x"}' '"change_control":{"gates":[]}' \
    '"change_control":{"gates":[{"held":true},{"held":false}]}'; do
    "$drill" resign "$top/config/model/default" good good.keys \
        "{\"name\":\"main\",\"passed\":true},$gates"
    is 'nor one that left the plan it was tuned by' \
        says 2 'no\.yaml:2:1: .*evaluation' an no.yaml check
done
"$drill" resign "$top/config/model/default" good good.keys \
    '{"name":"main","passed":true},"change_control":{"gates":[{"held":true}]},"tuned_from":{"name":"x"}'
is 'one that kept to it may be' says 0 'store: ' an no.yaml check
install no.yaml no.db production shadow "$own"
is 'in shadow any may speak' says 0 'store: ' an no.yaml check

# ---- live, in a demonstration --------------------------------------------------------
install live.yaml live.db demo live 'clock: messages' 'languages: [en, es]' \
    'cds: {max_cards: 4, deadline: 60s}' "$target"
comes live.yaml live.db
is 'live: what is said is in the store' said_at live.db 3
delivered() {
    for _ in $(seq 300); do
        [ "$(metric 'outbox_rows{state="waiting"}')" != 0 ] || return 0
        sleep 0.1
    done
    return 1
}
is 'live: what may leave is delivered' delivered
is 'live: it has come' at_least "$(n '"resourceType":"RiskAssessment"' received)" 3
is 'live: marked, each' same_number "$(n '"RiskAssessment","id":"[^"]*","meta":\{"security":[^]]*\],"tag":\[\{"system":"[^"]*","code":"HTEST"' received)" \
    "$(n '"resourceType":"RiskAssessment"' received)"
is 'live: no text for the patient has' none DocumentReference received

asks 200 '"cards":\[\{' "$view" call.json >/dev/null && cp body cards.json
is 'live: there are cards, as many as asked for at most' same_number "$(n '"indicator":' cards.json)" 4
is 'live: each says in short what it says' same_number "$(grep -oE '"summary":"[^"]*"' cards.json |
    awk 'length($0) < 140 + 12' | wc -l)" 4
is 'live: each is marked' at_least "$(n 'demonstration|invented patients' cards.json)" 4
is 'live: none is more than a warning' none '"indicator":"critical"' cards.json
is 'live: the trail says who saw how many' \
    says 0 '^shown Practitioner/7 cds-hooks \{"instance":"d1577c69-0001","resources":\["[-0-9a-f]*","[-0-9a-f]*","[-0-9a-f]*","[-0-9a-f]*"\]\}$' "$drill" audit live.db
before=$(stored live.yaml)
again() { asks 200 '"cards":\[\{' "$view" call.json && cmp body cards.json; }
is 'live: the same call has the same answer' again
is 'live: of a record that is asked about again little is computed' \
    at_least "$(metric 'positions_total{outcome="kept"}')" 1
is 'live: and is kept once' same_number "$(stored live.yaml)" "$before"

# What each reader is.
for user in Patient/mary RelatedPerson/1 Device/3 http://clinic.example/fhir/Patient/mary; do
    call "$user" mary "$mary" >patient.json
    is "live: no card for $user" no_cards patient.json
done
call - mary "$mary" >nobody.json
is 'live: who does not say who asks is refused' asks 400 'context.userId' "$view" nobody.json
for user in PractitionerRole/7 http://clinic.example/fhir/Practitioner/7; do
    call "$user" mary "$mary" >carer.json
    is "live: cards for $user" asks 200 '"cards":\[\{' "$view" carer.json
done

# ---- FHIR ----------------------------------------------------------------------------
entries() { n '"fullUrl":' "$1"; }
each_is_marked() {
    for type in RiskAssessment Observation Provenance; do
        asks 200 '"total":[1-9]' "/fhir/$type?patient=7001" || return 1
        same_number "$(n '"HTEST"' body)" "$(entries body)" || return 1
        at_least "$(n '"AIAST"' body)" "$(entries body)" || return 1
    done
}
alone_as_among_others() {
    for type in RiskAssessment Observation; do
        asks 200 '"total":[1-9]' "/fhir/$type?patient=7001" || return 1
        cp body all
        grep -oE "\"fullUrl\":\"[^\"]*/$type/[-0-9a-f]*\"" all | sed 's/.*\///; s/"//' >ids
        at_least "$(wc -l <ids)" 1 || return 1
        for id in $(cat ids); do
            asks 200 "^\{\"resourceType\":\"$type\",\"id\":\"$id\"" "/fhir/$type/$id" || return 1
            grep -qF -f body all || { echo "$type/$id differs"; return 1; }
        done
    done
}
is 'live: each resource is marked' each_is_marked
is 'live: each read by its id is the same' alone_as_among_others
risk=$(head -n 1 ids)
is 'live: an id is of one type' asks 404 OperationOutcome "/fhir/RiskAssessment/$risk"
is 'live: and what is only searched is not read by it' asks 404 OperationOutcome "/fhir/Provenance/$risk"
is 'live: two devices, the model and the program' total 'Device?patient=7001' 2
is 'live: by the identifier with its system' asks 200 '"total":[1-9]' \
    '/fhir/RiskAssessment?patient.identifier=urn:oid:2.999.1.7%7C7001'
is 'live: by the id at the clinic' asks 200 '"total":[1-9]' '/fhir/RiskAssessment?subject=Patient/mary'
is 'live: nobody, nothing' total 'RiskAssessment?patient=nobody' 0
is 'live: of nobody in particular' asks 400 'patient.identifier' /fhir/RiskAssessment
is 'live: a type that there is not' asks 404 OperationOutcome '/fhir/Patient?patient=7001'
is 'live: what there is' asks 200 'CapabilityStatement' /fhir/metadata
is 'live: her name stands nowhere' none 'Mary|Drill' all

# ---- a text for the patient -----------------------------------------------------------
asks 200 Bundle '/fhir/RiskAssessment?patient=7001' >/dev/null
read_before=$(shown live.db)
is 'live: no text for her before a word' total 'DocumentReference?patient=7001' 0
is 'live: what was not there was not shown' same_number "$(shown live.db)" "$read_before"
id=$(summary live.db)
is 'live: two texts wait' says 0 '^2 texts wait' an live.yaml release list
is 'live: one is released' says 0 'is released' an live.yaml release --by drh "$id"
is 'live: it can be read' total 'DocumentReference?patient=7001' 1
is 'live: the trail has a row for it' same_number "$(shown live.db)" "$((read_before + 1))"
is 'live: it is marked' test "$(n '"HTEST"' body)" = 1
is 'live: it is delivered' delivered
is 'live: and nothing else for her is' same_number "$(n '"resourceType":"DocumentReference"' received)" 1
is 'live: it is taken back' says 0 'is withheld' an live.yaml release --withhold --by drh "$id"
is 'live: it cannot be read any more' total 'DocumentReference?patient=7001' 0
is 'live: the trail is whole' says 0 'is whole' an live.yaml verify
is 'live: so is the store' says 0 'is whole' an live.yaml check --store
is 'live: it stops' stop

# ---- the same store in a hospital's hands -----------------------------------------------
install good.yaml live.db production live "$good"
serve good.yaml
# A published score is nobody's model.
is 'what another model said is not read under the good name of this one' \
    total 'RiskAssessment?patient=7001' 0
is 'this one speaks' asks 200 '"cards":\[\{' "$view" call.json
is 'without a mark' none 'demonstration|invented patients' body
asks 200 '"total":[1-9]' '/fhir/RiskAssessment?patient=7001' >/dev/null || :
is 'and is read, without a mark' none HTEST body
is 'it stops' stop
install good.yaml live.db production shadow "$good"
serve good.yaml
is 'back in shadow nothing is read' nothing_to_read live.db
is 'it stops' stop
# ---- a patient who has opted out --------------------------------------------------------
install out.yaml out.db demo live 'languages: [en]' 'cds: {max_cards: 4, deadline: 60s}' "$target"
comes out.yaml out.db
is 'opted out: before, there are cards' asks 200 '"cards":\[\{' "$view" call.json
cat >consent.json <<END
{"resourceType":"Consent","id":"c1","status":"active","dateTime":"2026-03-11",
 "patient":{"identifier":{"system":"urn:oid:2.999.1.7","value":"7001"}},
 "provision":{"type":"deny"}}
END
is 'opted out: the consent is kept' says 0 '^1 messages: 1 accepted' an out.yaml backload consent.json
is 'opted out: and is acted on' settled out.db
is 'opted out: the carer is told so' asks 200 'The patient has opted out' "$view" call.json
is 'opted out: by one card' same_number "$(n '"indicator":"info"' body)" 1
is 'opted out: and nothing else' none 'demonstration|"detail"' body
call Patient/mary mary "$mary" >patient.json
is 'opted out: others are told nothing' no_cards patient.json
is 'opted out: nothing can be read' nothing_to_read out.db
is 'opted out: who reads is told so' asks 200 '"total":0,.*OperationOutcome.*The patient has opted out' \
    '/fhir/RiskAssessment?patient=7001'
is 'opted out: in the terminal too' says 0 'the patient has opted out' an out.yaml show --risks 7001
is 'opted out: and why' says 0 'consent.*deny.*everything' an out.yaml show 7001
is 'opted out: nothing of her is shown' says 0 '^4$' sh -c "'$built/anamnesis' -c out.yaml show 7001 | wc -l"
is 'opted out: nothing waits to be delivered' same_number "$(metric 'outbox_rows{state="waiting"}')" 0
is 'opted out: it is counted' at_least "$(metric 'forecasts_total{abstention="the patient has opted out"}')" 1
is 'opted out: it stops' stop
echo "1..$checks"
exit $failed
