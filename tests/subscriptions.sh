#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a FHIR server tells us by its Subscriptions: taken, fetched where only a
# name came, missed and asked for again; and the command that asks for it.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
curl=$(command -v curl) || { echo 'curl is not installed' >&2; exit 77; }
peer=
trap 'status=$?; [ -z "$peer" ] || kill "$peer" 2>/dev/null || :
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    wait; rm -rf "$work"; exit $status' EXIT

# fhir [WORD]: another FHIR server; sets $there.
fhir() {
    [ -z "$peer" ] || { kill "$peer"; wait "$peer" || :; }
    : >fhir.port
    : >asked
    "$built/tests/fhir_peer" asked ${1:+"$1"} >fhir.port &
    peer=$!
    tries=0
    until [ -s fhir.port ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || { echo 'no FHIR server' >&2; exit 1; }
        sleep 0.02
    done
    there=http://127.0.0.1:$(cat fhir.port)/fhir
}
ours() {
    config a.yaml "$work/a.db" 'listen: {mllp: {address: ""}, http: {address: "127.0.0.1:0"}}' \
        "fhir: {url: \"$there\", token_file: \"$work/token\"}" \
        'subscriptions:' \
        "  secret_file: \"$work/secret\"" \
        '  of: ["results=Observation?category=laboratory", "topic=http://h.example/fhir/SubscriptionTopic/results Observation?category=laboratory", "elsewhere=Observation?code=elsewhere", "endless=Observation?code=endless", "bare=http://h.example/fhir/SubscriptionTopic/bare"]'
}
printf 'th3re\n' >token
printf 's3cret\n' >secret
fhir
ours
serve a.yaml
secret='Authorization: Bearer s3cret'

# send METHOD PATH BODY STATUS [HEADER]
send() {
    code=$(printf '%s' "$3" | "$curl" -sS -o body -w '%{http_code}' -X "$1" \
        -H "${5-$secret}" -H 'Content-Type: application/fhir+json' \
        --data-binary @- "http://127.0.0.1:$http/fhir/subscription$2")
    test "$code" = "$4" || { echo "status $code"; cat body; return 1; }
}
observation() { # NUMBER: tenths
    printf '{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2160-0","display":"Creatinine"}]},"subject":{"reference":"Patient/4711"},"effectiveDateTime":"2026-03-01T08:%02d:00Z","valueQuantity":{"value":%d.%d,"unit":"mg/dL"}}' \
        "$1" $(($1 % 60)) $(($1 / 10)) $(($1 % 10))
}
# r4 TYPE SINCE [NUMBER]...: the R5 backport in R4; names only.
r4() {
    type=$1 since=$2
    shift 2
    printf '{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Parameters","parameter":[{"name":"subscription","valueReference":{"reference":"%s/Subscription/s"}},{"name":"status","valueCode":"active"},{"name":"type","valueCode":"%s"},{"name":"events-since-subscription-start","valueString":"%s"}' \
        "$there" "$type" "$since"
    for n; do
        printf ',{"name":"notification-event","part":[{"name":"event-number","valueString":"%s"},{"name":"focus","valueReference":{"reference":"%s/Observation/%s"}}]}' \
            "$n" "$there" "$n"
    done
    printf ']}}]}'
}
known() { an a.yaml show 4711 >timeline && grep -q "Creatinine.* $1 " timeline || { cat timeline; return 1; }; }
metric() { "$curl" -sS "http://127.0.0.1:$http/metrics" >all && grep -qF -- "$1" all || { grep subscription all; return 1; }; }
was_asked() { grep -qE -- "$1" asked || { cat asked; return 1; }; }
not_asked() { ! grep -qE -- "$1" asked || { cat asked; return 1; }; }

# ---- plain R4 --------------------------------------------------------------------
is 'a resource by PUT is taken' send PUT /results/Observation/11 "$(observation 11)" 200
is 'and stands in the timeline' known 1.1
is 'without the secret nothing is' send PUT /results/Observation/12 "$(observation 12)" 401 'X-None: 1'
is 'nor with another' send PUT /results/Observation/12 "$(observation 12)" 401 'Authorization: Bearer s3cres'
is 'nor with its beginning' send PUT /results/Observation/12 "$(observation 12)" 401 'Authorization: Bearer s3cre'
is 'it is not there' exits 1 known 1.2
is 'a name that is not ours' send PUT /other/Observation/12 "$(observation 12)" 404
is 'what is no resource is refused' send POST /results '{"resourceType":"Nonsense"}' 400
is 'nothing at all makes us search' send POST /results '' 200
is 'with the token, from a moment on' was_asked '^GET /fhir/Observation ge20.* Bearer th3re$'
is 'the first page' known 7.1
is 'and the next' known 7.2
is 'a next page elsewhere is not passed over' send POST /elsewhere '' 503
is 'and the log says so' grep -q '"event":"subscription_fault","subscription":3,"code":"unsupported","status":200' server.log
is 'nor pages without end' send POST /endless '' 503
is 'nor that' grep -q '"event":"subscription_fault","subscription":4,"code":"limit","status":200' server.log
is 'only after a thousand, with room for each' test "$(grep -c '^GET /fhir/Observation ' asked)" -ge 1000

# ---- deletions -------------------------------------------------------------------
deletions() { metric "subscription_deletions_total{subscription=\"results\",fate=\"$1\"} $2"; }
is 'nobody deletes without the secret' send DELETE /results/Observation/11 '' 401 'X-None: 1'
is 'it is still there' known 1.1
is 'a deletion is taken' send DELETE /results/Observation/11 '' 200
is 'whose it was says its history' was_asked '^GET /fhir/Observation/11/_history .* Bearer th3re$'
is 'what it said is withdrawn' exits 1 known 1.1
is 'and nothing else' known 7.1
is 'at its place' says 0 '^ +/entry/0 +observation, entered in error' an a.yaml explain-message 4
is 'one without a history' send PUT /results/Observation/111 "$(observation 111 | sed s/2026-03/2020-03/)" 200
is 'is there' known 11.1
is 'is deleted' send DELETE /results/Observation/111 '' 200
is 'as our store knows whose it was' exits 1 known 11.1
is 'both are counted' deletions withdrawn 2
is 'one of nothing that is here' send DELETE /results/Observation/112 '' 200
is 'or of nothing that makes an event' send DELETE /results/Patient/4711 '' 200
is 'is counted, too' deletions not-ours 2
is 'what is no resource is refused' send DELETE /results/Nonsense/1 '' 400
is 'nor is an id one that is none' send DELETE /results/Observation/a_b '' 400
is 'one whose history does not tell of it yet' send PUT /results/Observation/91 "$(observation 91 | sed s/2026-03/2020-03/)" 200
is 'is there, too' known 9.1
is 'and deleted' send DELETE /results/Observation/91 '' 200
is 'its history was asked' was_asked '^GET /fhir/Observation/91/_history'
is 'and not believed: our store knows' exits 1 known 9.1
is 'it is counted' deletions withdrawn 3
is 'it comes again' send PUT /results/Observation/111 "$(observation 111 | sed 's/2026-03/2020-03/; s/"id"/"meta":{"lastUpdated":"2199-01-01T00:00:00Z"},"id"/')" 200
is 'and is there again' known 11.1
is 'is deleted by a clock that is behind' send DELETE /results/Observation/111 '' 200
is 'and is gone' exits 1 known 11.1
is 'one of one patient' send PUT /results/Observation/115 "$(observation 115 | sed s/2026-03/2020-03/)" 200
is 'then of another' send PUT /results/Observation/115 "$(observation 115 | sed 's/2026-03/2020-03/; s,Patient/4711,Patient/4712,')" 200
is 'is at both' known 11.5
is 'until it is deleted' send DELETE /results/Observation/115 '' 200
is 'at one' exits 1 known 11.5
is 'and at the other' exits 1 sh -c '"$@" >other && grep "Creatinine.* 11\.5 " other' sh "$built/anamnesis" -c a.yaml show 4712

is 'one of a patient' send PUT /results/Observation/13 "$(observation 13)" 200
is 'then of one whom its history does not name' send PUT /results/Observation/13 "$(observation 13 | sed 's,Patient/4711,Patient/4712,')" 200
is 'is at that one, too' sh -c '"$@" >other && grep "Creatinine.* 1\.3 " other' sh "$built/anamnesis" -c a.yaml show 4712
is 'until it is deleted there' send DELETE /results/Observation/13 '' 200
is 'here' exits 1 known 1.3
is 'as there' exits 1 sh -c '"$@" >other && grep "Creatinine.* 1\.3 " other' sh "$built/anamnesis" -c a.yaml show 4712

# Deliveries overtake each other: what was deleted before it came is not shown.
soon() { # COMMAND...: within ten seconds
    for _ in $(seq 100); do
        "$@" >tried 2>&1 && return 0
        sleep 0.1
    done
    cat tried
    return 1
}
unknown() { ! known "$1" >/dev/null; }
is 'one that has not come yet is deleted' send DELETE /results/Observation/116 '' 200
is 'of nothing that is here' deletions not-ours 3
is 'and comes' send PUT /results/Observation/116 "$(observation 116 | sed s/2026-03/2020-03/)" 200
is 'to be withdrawn' soon unknown 11.6
is 'made anew it is there' send PUT /results/Observation/116 "$(observation 116 | sed 's/2026-03/2020-03/; s/"id"/"meta":{"lastUpdated":"2199-01-01T00:00:00Z"},"id"/')" 200
sleep 1.5
is 'and stays' known 11.6
is 'a repeated deletion is one of something' send DELETE /results/Observation/116 '' 200
is 'and it is gone' exits 1 known 11.6

# ---- the R5 backport -------------------------------------------------------------
is 'a handshake is answered' send POST /results "$(r4 handshake 0)" 200
is 'by a Bundle, as HAPI FHIR wants it' grep -q '"resourceType":"Bundle"' body
is 'a name is fetched' send POST /results "$(r4 event-notification 1 1)" 200
is 'and stands in the timeline' known 0.1
is 'the first is not missing' metric 'subscription_missing{subscription="results"} 0'
is 'the fourth after the first' send POST /results "$(r4 event-notification 4 4)" 200
is 'it is there' known 0.4
is 'the two between are asked for' was_asked '^GET /fhir/Subscription/s/.events 2 3$'
is 'and are there' known 0.3
is 'they were missed and have come' metric 'subscription_events_total{subscription="results",fate="recovered"} 2'
is 'the log says both' grep -q '"event":"subscription_gap","subscription":1,"missing":2,"last":4' server.log
is 'a heartbeat tells of one more' send POST /results "$(r4 heartbeat 5)" 200
is 'which is asked for' known 0.5
is 'one that is gone is no failure' send POST /results "$(r4 event-notification 6 6 | sed 's,Observation/6,Observation/404,')" 200
is 'one elsewhere is refused' send POST /results "$(r4 event-notification 7 7 | sed 's,"http[^"]*/Observation/7,"http://h.example/fhir/Observation/7,')" 400
is 'one beside the base, too' send POST /results "$(r4 event-notification 7 7 | sed 's,/fhir/Observation/7,/fhir/../etc/7,')" 400
is 'one that fails is to be sent again' send POST /results "$(r4 event-notification 7 7 | sed 's,Observation/7,Observation/503,')" 503
is 'and then is taken' send POST /results "$(r4 event-notification 7 7 | sed 's,Observation/7,Observation/503,')" 200
is 'a notification of no kind is refused' send POST /results "$(r4 nonsense 1)" 400
is 'nothing is missing' metric 'subscription_missing{subscription="results"} 0'
is 'an event that is a deletion' send POST /topic "$(r4 event-notification 3 3 | sed 's,]}}]}$,]}}\,{"request":{"method":"DELETE"\,"url":"Observation/3"}}]},')" 200
is 'withdraws what was said' exits 1 known 0.3
is 'one of another server is refused' send POST /topic "$(r4 event-notification 4 4 | sed 's,"http[^"]*/Observation/4,"http://h.example/fhir/Observation/4,; s,]}}]}$,]}}\,{"request":{"method":"DELETE"\,"url":"http://h.example/fhir/Observation/4"}}]},')" 400
is 'and ours stays' known 0.4
gone_at() { # WHERE: a deletion of the fourth, under that address
    r4 event-notification 4 4 | sed "s,\"http[^\"]*/Observation/4,\"$1/Observation/4,; s,]}}]}\$,]}}\\,{\"request\":{\"method\":\"DELETE\"\\,\"url\":\"$1/Observation/4\"}}]},"
}
for where in HTTP://h.example/fhir Https://h.example/fhir //h.example/fhir urn:fhir h.example; do
    is "one at $where, too" send POST /topic "$(gone_at "$where")" 400
done
is 'and ours still stays' known 0.4
is 'one of which there is the name alone' send PUT /results/Observation/410 "$(observation 410 | sed s/2026-03/2020-03/)" 200
is 'is there as long as it is' known 41.0
is 'and when the server has it no more' send POST /topic "$(r4 event-notification 4 4 | sed 's,Observation/4,Observation/410,')" 200
is 'is withdrawn' exits 1 known 41.0
is 'the fourth is still there' known 0.4
# The moment of an event is that of the deletion, in whatever order they come.
at_hour() { # NUMBER HOUR: a version of that moment
    observation "$1" | sed "s/\"id\"/\"meta\":{\"lastUpdated\":\"2026-03-02T$2:00:00Z\"},\"issued\":\"2026-03-02T$2:00:00Z\",\"id\"/"
}
is 'a deletion with a moment' send POST /topic "$(r4 event-notification 4 4 | sed 's,{"name":"focus",{"name":"timestamp"\,"valueInstant":"2026-03-02T10:00:00Z"}\,&,; s,Observation/4,Observation/117,; s,]}}]}$,]}}\,{"request":{"method":"DELETE"\,"url":"Observation/117"}}]},')" 200
is 'then what was made anew after it' send PUT /results/Observation/117 "$(at_hour 117 11)" 200
sleep 1.5
is 'which stays' known 11.7
is 'then what it had deleted' send PUT /results/Observation/117 "$(at_hour 117 09)" 200
gone_between() { an a.yaml show --as-of 2026-03-02T10:30:00Z 4711 >timeline && ! grep -q "Creatinine.* 11\.7 " timeline; }
is 'which is gone as of then' soon gone_between
is 'and there as of now' known 11.7

# ---- a restart knows the numbers; a server without $events -------------------------
is 'it stops' stop
fhir no-events
ours
serve a.yaml
is 'after a restart the ninth' send POST /results "$(r4 event-notification 9 9)" 200
is 'the eighth is asked for' was_asked '^GET /fhir/Subscription/s/.events 8 8$'
is 'and, as that is refused, searched for' was_asked '^GET /fhir/Observation ge20'
is 'with what the search finds it is missing no longer' metric 'subscription_missing{subscription="results"} 0'
is 'it was searched for' metric 'subscription_events_total{subscription="results",fate="searched"} 1'
is 'which is not to have come' metric 'subscription_events_total{subscription="results",fate="recovered"} 0'
is 'the log says so' grep -q '"event":"subscription_searched","subscription":1,"events":1,"missing":0' server.log
: >asked
is 'the twelfth' send POST /results "$(r4 event-notification 12 12)" 200
is 'is searched for at once' was_asked '^GET /fhir/Observation ge20'
is 'who refused $events once is not asked for them again' not_asked 'events'
: >asked
is 'a topic without a search: the first' send POST /bare "$(r4 event-notification 1 1)" 200
is 'and the third' send POST /bare "$(r4 event-notification 3 3)" 200
is 'there is nothing to search for' not_asked '^GET /fhir/Observation ge20'
is 'and the second stays missing' metric 'subscription_missing{subscription="bare"} 1'

# ---- one whose $events fails once, and has them no more ----------------------------
is 'it stops again' stop
fhir old-events
ours
serve a.yaml
is 'the fourteenth' send POST /results "$(r4 event-notification 14 14)" 200
is 'the oldest gap is asked for' was_asked '^GET /fhir/Subscription/s/.events 8 8$'
is 'while that fails nothing is searched' not_asked '^GET /fhir/Observation ge20'
is 'and all stay missing, those of before the restart too' metric 'subscription_missing{subscription="results"} 4'
is 'a heartbeat asks again' send POST /results "$(r4 heartbeat 14)" 200
is 'what is not there any more is searched for' was_asked '^GET /fhir/Observation ge20'
is 'and nothing is missing' metric 'subscription_missing{subscription="results"} 0'
fhir no-events
is 'it ends well' stop
ours
serve a.yaml

# ---- without a server to ask ---------------------------------------------------------
is 'it ends well, too' stop
there=
ours
sed -i 's/^fhir: .*//' a.yaml
serve a.yaml
is 'one by PUT' send PUT /results/Observation/113 "$(observation 113 | sed s/2026-03/2020-03/)" 200
is 'is taken' known 11.3
is 'what is elsewhere is not deleted' send POST /topic "$(gone_at http://h.example/fhir | sed 's,/4",/113",g')" 400
is 'and stays' known 11.3
is 'its own deletion is taken' send DELETE /results/Observation/113 '' 200
is 'as our store knows of it' exits 1 known 11.3
is 'one of nothing that is here, too' send DELETE /results/Observation/114 '' 200
is 'it ends, too' stop
fhir
ours
serve a.yaml

# ---- the command -----------------------------------------------------------------
is 'it asks for each' says 0 '^results: Subscription/1 made, in force' an a.yaml subscribe "http://127.0.0.1:$http/"
is 'with the secret and the criteria' was_asked 'kept .*"status":"active".*"criteria":"Observation\?category=laboratory".*"endpoint":"http://127.0.0.1:[0-9]*/fhir/subscription/results".*"header":\["Authorization: Bearer s3cret"\]'
is 'again renews it' says 0 '^results: Subscription/1 renewed' an a.yaml subscribe "http://127.0.0.1:$http" results
is 'the backport of a topic' says 0 '^topic: Subscription/2 renewed' an a.yaml subscribe --backport --content empty --end 2027-01-01T00:00:00Z "http://127.0.0.1:$http" topic
is 'says what it wants' was_asked 'kept .*backport-subscription.*"end":"2027-01-01T00:00:00Z".*"criteria":"http://h.example/fhir/SubscriptionTopic/results".*backport-payload-content","valueCode":"empty"'
is 'it can be taken away' says 0 '^results: Subscription/1 deleted' an a.yaml subscribe --delete "http://127.0.0.1:$http" results
is 'once' says 0 '^results: there is none' an a.yaml subscribe --delete "http://127.0.0.1:$http" results
is 'a name that is none' says 2 'none of that name' an a.yaml subscribe "http://127.0.0.1:$http" nobody
is 'a wrong call' says 2 '^usage:' an a.yaml subscribe --content empty "http://127.0.0.1:$http"
fhir ../Patient/
ours
is 'an id that leads elsewhere' says 2 'does not take it' an a.yaml subscribe "http://127.0.0.1:$http" results
is 'was given' was_asked '"id":"../Patient/1"'
is 'and leads nowhere' not_asked '^GET /fhir/Patient'
is 'no secret is in the log' exits 1 grep -q 's3cre\|th3re' server.log
is 'it stops well' stop
echo "1..$checks"
exit $failed
