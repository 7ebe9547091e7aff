#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each service of CDS Hooks, called as a client calls it: what it needs, what it
# answers, what of a call is stored, and what happens when time runs out.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
check_cards=$built/tests/card_check
hooks='patient-view order-select order-sign encounter-start encounter-discharge appointment-book'
install a.yaml a.db demo live 'clock: messages' \
    'cds: {deadline: 60s, quiet: {admitted: 0s, otherwise: 0s}, page: "https://site.example/ai", icon: "https://site.example/i.png", smart_url: "https://app.example/launch"}'
past 7001 >past.hl7
{ admission 7001 && results 7001 08 1.61; } >stay.hl7
an a.yaml backload past.hl7 stay.hl7 >/dev/null
serve a.yaml
messages() { an "${1:-a.yaml}" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p'; }
shown() { "$drill" audit "$1" | grep -c '^shown' || :; }

# hook NAME CONTEXT [PREFETCH]: a call's body; CONTEXT stands behind who and whom.
hook() {
    printf '{"hook":"%s","hookInstance":"5f0f7b0c-0000-4000-8000-000000000001",' "$1"
    printf '"fhirServer":"http://clinic.example/fhir","context":{"userId":"Practitioner/7","patientId":"mary"%s},' "$2"
    printf '"prefetch":%s}' "${3:-$mary}"
}
bundle() { printf '{"resourceType":"Bundle","type":"collection","entry":[{"resource":%s}]}' "$1"; }
surgery='{"resourceType":"ServiceRequest","id":"s1","status":"draft","intent":"order","subject":{"reference":"Patient/mary"},"code":{"coding":[{"system":"http://www.cms.gov/Medicare/Coding/ICD10","code":"0DTN0ZZ","display":"Resection of sigmoid colon"}]}}'
visit='{"resourceType":"Appointment","status":"proposed","participant":[{"actor":{"reference":"Patient/mary"},"status":"needs-action"}]}'
context_of() { # HOOK: what it needs
    case $1 in
    order-select) printf ',"selections":["ServiceRequest/s1"],"draftOrders":%s' "$(bundle "$surgery")" ;;
    order-sign) printf ',"draftOrders":%s' "$(bundle "$surgery")" ;;
    appointment-book) printf ',"appointments":%s' "$(bundle "$visit")" ;;
    encounter-*) printf ',"encounterId":"v1"' ;;
    esac
}
service() { echo "/cds-services/anamnesis-$1"; }
# refuses HOOK PATH: of body.json, 400 with that path, and nothing of it is stored.
refuses() {
    kept=$(messages)
    asks 400 "\"expression\":\[\"$2\"\]" "$(service "$1")" body.json &&
        none 'Zyx|mary|9999' body && same_number "$(messages)" "$kept"
}

# ---- each is offered, and answers --------------------------------------------------
for name in $hooks; do
    is "$name is offered" asks 200 "\"hook\":\"$name\",\"title\":\"[^\"]+\",\"description\":\"[^\"]+\",\"id\":\"anamnesis-$name\",\"prefetch\":\{.*\"usageRequirements\"" /cds-services
    hook "$name" "$(context_of "$name")" >"$name.json"
    is "$name has cards" asks 200 '"cards":\[\{' "$(service "$name")" "$name.json"
    is "$name: they keep the rules" "$check_cards" body
    is "$name: they name their page" asks 200 '"url":"https://site.example/ai#[^"]+","type":"absolute"' "$(service "$name")" "$name.json"
    is "$name: nothing is critical or acts by itself" none 'critical|systemActions|actionSelectionBehavior' body
    hook other-hook "$(context_of "$name")" >body.json
    is "$name is no other hook" refuses "$name" hook
done
is 'six are offered' same_number "$(asks 200 services /cds-services && n '"id":"anamnesis-' body)" 6
is 'another is not there' asks 404 '^\{"resourceType":"OperationOutcome"' "$(service order-dispatch)" patient-view.json

# ---- orders ------------------------------------------------------------------------
asks 200 cards "$(service order-sign)" order-sign.json >/dev/null
is 'a surgical order is answered with what was published' none '"code":"readmission|differential' body
is 'with its source' says 0 '10.1007/s11605-012-1860-3' cat body
is 'by one card' same_number "$(n '"indicator"' body)" 1
is 'which names the SMART app' says 0 '"type":"smart","appContext":"' cat body
tablet='{"resourceType":"MedicationRequest","id":"m1","status":"draft","intent":"order","subject":{"reference":"Patient/mary"},"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"6809","display":"Metformin"}]}}'
hook order-sign ",\"draftOrders\":$(bundle "$tablet")" >body.json
is 'a drug is answered with what its label says' asks 200 'metformin.*CKD-EPI' "$(service order-sign)" body.json
is 'each time' asks 200 'metformin.*CKD-EPI' "$(service order-sign)" body.json
is 'by the rules' "$check_cards" body
printf '%s' "$tablet" | sed 's/6809/67108/' >other
hook order-sign ",\"draftOrders\":$(bundle "$(cat other)")" >body.json
is 'and with what is missing, where that is so' asks 200 'enoxaparin.*weight' "$(service order-sign)" body.json
printf '%s' "$surgery" | sed 's/0DTN0ZZ/0XX0000/' >other
hook order-sign ",\"draftOrders\":$(bundle "$(cat other)")" >body.json
is 'an order that no table knows is answered with nothing' asks 200 '^\{"cards":\[\]\}$' "$(service order-sign)" body.json
sed 's/"ServiceRequest\/s1"//' order-select.json >body.json
is 'so is one that is not selected' asks 200 '^\{"cards":\[\]\}$' "$(service order-select)" body.json
an a.yaml show 7001 >timeline
is 'a draft is not in her timeline' none '[Ss]igmoid|0DTN' timeline
asks 200 total '/fhir/RiskAssessment?patient=7001' >/dev/null || :
is 'nor what was said of it among what is read' none 'procedure-comparison' body
is 'but the trail has it' at_least "$("$drill" said a.db | awk '$2 == "comparison"' | wc -l)" 1

# ---- what a context must have ---------------------------------------------------------
hook patient-view '' | sed 's/"userId":"Practitioner\/7",//' >body.json
is 'who asks' refuses patient-view context.userId
hook patient-view '' | sed 's/Practitioner\/7/Zyx/' >body.json
is 'who asks is a Type/id' refuses patient-view context.userId
hook patient-view '' | sed 's/"patientId":"mary"/"patientId":"Patient\/mary"/' >body.json
is 'a patient is a bare id' refuses patient-view context.patientId
hook encounter-start '' >body.json
is 'an encounter that begins' refuses encounter-start context.encounterId
hook encounter-discharge ',"encounterId":7' >body.json
is 'an encounter that ends' refuses encounter-discharge context.encounterId
hook order-sign ',"draftOrders":[]' >body.json
is 'drafts are a Bundle' refuses order-sign context.draftOrders
hook order-select ",\"draftOrders\":$(bundle "$surgery"),\"selections\":[\"ServiceRequest/Zyx\"]" >body.json
is 'what is selected is among them' refuses order-select 'context.selections\[0\]'
hook appointment-book ",\"appointments\":$(bundle "$surgery")" >body.json
is 'appointments are appointments' refuses appointment-book 'context.appointments.entry\[0\].resource'

# ---- another patient --------------------------------------------------------------------
hook patient-view '' '{"patient":{"resourceType":"Patient","id":"Zyx","identifier":[{"system":"urn:oid:2.999.1.7","value":"9999"}]}}' >body.json
is 'the Patient of somebody else' refuses patient-view prefetch.patient.id
hook patient-view '' "{\"laboratory\":$(bundle '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"Zyx"},"subject":{"reference":"Patient/Zyx"},"valueString":"9999"}')}" >body.json
is 'results of somebody else' refuses patient-view 'prefetch.laboratory.entry\[0\].resource.subject'
hook order-sign ",\"draftOrders\":$(bundle "$surgery" | sed 's/Patient\/mary/Patient\/Zyx/')" >body.json
is 'a draft for somebody else' refuses order-sign 'context.draftOrders.entry\[0\].resource.subject'
is 'nobody of that number is known' says 2 'no message named this patient' an a.yaml show 9999

# ---- not all was sent ---------------------------------------------------------------------
hook patient-view '' "{\"patient\":$(printf '%s' "$mary" | sed 's/^{"patient"://; s/}$//'),\"encounters\":{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"link\":[{\"relation\":\"next\",\"url\":\"http://clinic.example/2\"}]}}" >body.json
is 'an answer with more pages is told of' asks 200 'Not all of the record was sent' "$(service patient-view)" body.json
hook patient-view '' "$(printf '%s' "$mary" | sed 's/}$//'),\"laboratory\":{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"forbidden\"}]}}" >body.json
is 'so is a search that failed' asks 200 'Not all of the record was sent' "$(service patient-view)" body.json
is 'the trail is whole' says 0 'is whole' an a.yaml verify
is 'it stops' stop
is 'the log has no word of them' none 'Zyx|mary|7001|9999|Drill' server.log

# ---- some services, no time ------------------------------------------------------------------
install b.yaml b.db demo live 'clock: messages' 'cds: {services: [order-sign, encounter-start], deadline: 1ms}'
an b.yaml backload past.hl7 stay.hl7 >/dev/null
serve b.yaml
is 'two are offered' asks 200 '^\{"services":\[\{"hook":"order-sign".*\{"hook":"encounter-start"' /cds-services
is 'and no more' same_number "$(n '"id":"anamnesis-' body)" 2
is 'one that is switched off is not there' asks 404 OperationOutcome "$(service patient-view)" patient-view.json
before=$("$drill" said b.db | wc -l)
stored=$(messages b.yaml)
is 'who cannot wait gets no cards' asks 200 '^\{"cards":\[\]\}$' "$(service encounter-start)" encounter-start.json
is 'that is counted' same_number "$(metric cds_late_total)" 1
finished() {
    for _ in $(seq 600); do
        [ "$("$drill" said b.db | wc -l)" -le "$before" ] || return 0
        sleep 0.1
    done
    echo 'nothing was said'
    return 1
}
is 'the work goes on' finished
is 'what was prefetched is kept' same_number "$(messages b.yaml)" $((stored + 1))
is 'what was said was shown to nobody' same_number "$(shown b.db)" 0
is 'it stops' stop
is 'the trail is whole' says 0 'is whole' an b.yaml verify
is 'so is the store' says 0 'is whole' an b.yaml check --store
printf 'cds: {services: [patient-view, order-dispatch]}\n' >wrong.yaml
is 'a hook that there is not is refused' says 2 'wrong\.yaml:1:.*cds.services: expected hooks' an wrong.yaml check
echo "1..$checks"
exit $failed
