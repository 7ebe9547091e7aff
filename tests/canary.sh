#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A strange word in every field of what comes in, by every face, accepted, refused
# and broken: then it is looked for in all that others read: logs, metrics, errors,
# reports beside files, the trail, what commands print when they fail.  And in no
# crash file.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
word=Zqxvokanarek
number=9182736455463
day=18470613

# As such, in hex, percent-escaped, and in base64 wherever it begins: what of it does
# not change with what stands around.
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
coded() {
    printf %s "$1" | base64 -w 0 | cut -c 1-12
    printf 'x%s' "$1" | base64 -w 0 | cut -c 5-16
    printf 'xx%s' "$1" | base64 -w 0 | cut -c 5-16
}
for one in "$word" "$number"; do
    echo "$one"
    hex "$one"
    echo
    hex "$one" | sed 's/../%&/g'
    echo
    coded "$one"
done >looked_for
printf '%s\n%s\n' "$day" 1847-06-13 >>looked_for
lacks() { # FILE...
    ! grep -aniF -f looked_for -- "$@" /dev/null
}
lacks_but_header() { # FILE...
    for reply; do
        tr '\r\013' '\n\n' <"$reply"
        echo
    done | grep -av '^MSH' >behind
    lacks behind
}
holds() { ! lacks "$@" >/dev/null; }

# What is looked for is found where it is: else the rest of this would say nothing.
for one in "$word" "$number" $(hex "$word") "a$(printf 'ab%s' "$word" | base64 -w 0)" "$(printf '%s\n' "$day")"; do
    printf 'x "%s" y\n' "$one" >bait
    is 'the search finds it' holds bait
done

# Where it may: that the program does not write one is for it to see to.
ulimit -c unlimited 2>/dev/null || echo '# core files are forbidden here anyway'

# ---- a server with every face --------------------------------------------------
mkdir in
printf 's3cret\n' >secret
receive
install a.yaml a.db demo live 'clock: messages' 'log: {level: debug}' \
    'fhir: {url: "http://clinic.example/fhir"}' \
    "subscriptions: {secret_file: \"$work/secret\", of: [\"results=Observation?category=laboratory\"]}" \
    "outbox: {url: \"$receiver\", test_target: true, retry_first: 50ms}"
sed -i "s|^listen: .*|listen: {mllp: {address: \"127.0.0.1:0\", max_frame: 64KiB}, http: {address: \"127.0.0.1:0\", max_body: 64KiB}, folder: {path: in, poll: 50ms, settle: 0s, acknowledge: true}}|" a.yaml
serve a.yaml

# fill SEGMENT N SKIP: its N fields hold the word, but for those in SKIP, ",3,7,".
fill() {
    awk -v id="$1" -v n="$2" -v skip="$3" -v w="$word" -v k="$number" 'BEGIN {
        printf "%s", id
        for (i = 1; i <= n; i++)
            printf "|%s", index(skip, "," i ",") ? "@" i : w i "^" k "^" w "&" k "~" w "\\F\\" k
    }'
}
put() { sed "s/@$1\$/$2/; s/@$1|/$2|/"; } # a field that fill has left
head_of() { echo "MSH|^~\\&|LAB|LAKESIDE|A|B|$1||$2|$3|P|2.5.1|||AL|AL"; }
who() { fill PID 39 ,1,3,7,8, | put 1 1 | put 3 "$number^^^LAKESIDE^MR" | put 7 "$day" | put 8 F; }
stuffed() { # TYPE TRIGGER CONTROL
    message "$(head_of 20260310103000+0000 "$1^$2" "$3")" "EVN|$2|20260310103000+0000|$word|$word|$word^$word" \
        "$(who)" "$(fill PD1 20 ,)" "$(fill NK1 30 ,1, | put 1 1)" \
        "$(fill PV1 52 ,1,2,44, | put 1 1 | put 2 I | put 44 20260310102500+0000)" \
        "$(fill AL1 6 ,1, | put 1 1)" "$(fill DG1 20 ,1,6, | put 1 1 | put 6 A)" \
        "$(fill ORC 25 ,1, | put 1 RE)" "$(fill OBR 45 ,1,25, | put 1 1 | put 25 F)" \
        "$(fill NTE 4 ,1, | put 1 1)" \
        "$(fill OBX 18 ,1,2,11, | put 1 1 | put 2 ST | put 11 F)" \
        "$(fill IN1 40 ,1, | put 1 1)" "$(fill ZQX 9 ,)"
}
framed() { printf '\013%s\034\r' "$(cat "$1")"; }
# sends FILE: as one frame; what comes back is an answer of ours.
replies=0
sends() {
    replies=$((replies + 1))
    framed "$1" >frame
    "$drill" raw "$mllp" <frame | tr '\r' '\n' >"reply$replies"
}
# posts PATH FILE [CURL...]: the answer, its headers and status.
posts() {
    replies=$((replies + 1))
    path=$1
    body=$2
    shift 2
    "$curl" -sS -i -o "reply$replies" --data-binary "@$body" "$@" "http://127.0.0.1:$http$path"
}
gets() {
    replies=$((replies + 1))
    "$curl" -sS -i -g -o "reply$replies" "http://127.0.0.1:$http$1"
}

# ---- HL7v2 ---------------------------------------------------------------------
stuffed ADT A01 C1 >adt
stuffed ORU R01 C2 >oru
stuffed "$word" "$word" C3 >type
stuffed ADT A01 C4 | sed "s/|$number^^^LAKESIDE^MR|/||/" >nobody
stuffed ORU R01 C5 | sed "s/MSH|^~..&|LAB|/MSH|^~\\\\\&\&|$word|/" >delims
stuffed ORU R01 C6 | head -c 700 >cut
{ stuffed ADT A01 C7 && head -c 100000 /dev/zero | tr '\0' z; } >long
stuffed ADT A01 C8 | sed "s/2.5.1/$word/" >version
stuffed ADT A01 C9 | sed "s/$word/$word\\xff/g" >latin
printf '%s|%s\r' "$word" "$number" >none
stuffed ADT A01 C10 | sed "s/20260310103000+0000/$word/" >times
for file in adt oru type nobody delims cut long version latin none times; do
    sends "$file"
    posts /hl7v2 "$file" -H 'Content-Type: x-application/hl7-v2+er7'
    cp "$file" "in.$file"
    mv "in.$file" "in/$file.hl7"
done
is 'some messages were accepted' grep -q '^MSA|CA|C1' reply1
head -c 60 adt | "$drill" raw "$mllp" >"reply$((replies += 1))" # no frame
{ printf '\013' && head -c 400 adt; } | "$drill" raw "$mllp" >"reply$((replies += 1))" # nor its end

# ---- FHIR ----------------------------------------------------------------------
subject='"subject":{"reference":"Patient/'$number'","display":"'$word'"}'
observation() { # STATUS VALUE [MORE]
    printf '{"resourceType":"Observation","id":"%s","status":"%s","code":{"coding":[{"system":"http://%s","code":"%s","display":"%s"}],"text":"%s"},%s,"effectiveDateTime":"2026-03-10T08:00:00Z",%s,"note":[{"text":"%s"}]%s}' \
        "$number" "$1" "$word" "$word" "$word" "$word" "$subject" "$2" "$word" "${3-}"
}
patient="{\"resourceType\":\"Patient\",\"id\":\"$number\",\"identifier\":[{\"system\":\"urn:oid:2.999.1.7\",\"value\":\"$number\"}],\"name\":[{\"family\":\"$word\",\"given\":[\"$word\"]}],\"birthDate\":\"1847-06-13\",\"gender\":\"female\",\"telecom\":[{\"value\":\"$number\"}],\"address\":[{\"text\":\"$word\"}]}"
echo "$patient" >patient.json
observation final "\"valueString\":\"$word\"" >good.json
observation "$word" "\"valueQuantity\":{\"value\":\"$word\"}" >status.json
observation final '"valueQuantity":{"value":[{"'"$word"'":7}]}' >kind.json
observation final '"valueString":"a"' ",\"$word\":{\"$word\":[\"$number\",{\"$word\":tru}]}" >key.json
observation final '"valueString":"a"' | tr -d '}' >open.json
printf '{"resourceType":"%s","id":"%s"}' "$word" "$number" >type.json
printf '{"resourceType":"Bundle","type":"%s","entry":[{"fullUrl":"%s","resource":%s},{"resource":%s}]}' \
    "$word" "$word" "$(cat good.json)" "$(cat status.json)" >bundle.json
printf '{"%s":{"%s":[1,2,{"%s":nul}]}}' "$word" "$word" "$word" >deep.json
{ printf '{"resourceType":"Patient","id":"' && head -c 90000 /dev/zero | tr '\0' z && echo "$word\"}"; } >huge.json
for file in patient good status kind key open type bundle deep huge; do
    posts /fhir "$file.json" -H 'Content-Type: application/fhir+json'
    posts '/hl7v2/$convert' "$file.json"
    posts /fhir/subscription/results "$file.json" -H 'Authorization: Bearer s3cret'
    posts /fhir/subscription/results "$file.json" -H "Authorization: Bearer $word"
    posts "/fhir/subscription/results/Observation/$number" "$file.json" -X PUT -H 'Authorization: Bearer s3cret'
    cp "$file.json" "in/$file.part" && mv "in/$file.part" "in/$file.hl7"
done
posts "/fhir/subscription/$word" good.json
posts "/$word/$number" good.json
for path in "/fhir/RiskAssessment?patient=$number&$word=$word" "/fhir/$word?patient=$word" \
    "/fhir/RiskAssessment/$word" "/fhir/Observation?$word" "/$word" "/metrics?$word=$number" \
    "/health/ready?$word"; do
    gets "$path"
done

# ---- CDS Hooks -----------------------------------------------------------------
call "Practitioner/7" "$number" "{\"patient\":$patient,\"observations\":$(cat good.json)}" >call.json
call "$word" "$word" "{\"patient\":$patient,\"$word\":\"$word\"}" >stranger.json
sed "s/patient-view/$word/" call.json >hook.json
sed "s/\"context\"/\"$word\"/" call.json >context.json
head -c 200 call.json >half.json
call Practitioner/7 "$number" "{\"patient\":{\"resourceType\":\"$word\"}}" >prefetch.json
for file in stranger hook context half prefetch deep; do
    posts "$view" "$file.json"
    posts "/cds-services/$word" "$file.json"
    posts "$view/feedback" "$file.json"
done
"$curl" -sS -o shown.json --data-binary @call.json "http://127.0.0.1:$http$view"
cat >feedback.json <<END
{"feedback":[{"card":"$(grep -oE '"uuid":"[^"]*"' shown.json | head -n 1 | cut -d '"' -f 4)","outcome":"overridden","outcomeTimestamp":"2026-03-12T12:00:00Z","overrideReason":{"reason":{"system":"$word","code":"$word","display":"$word"},"userComment":"$word $number"}}]}
END
sed "s/overridden/$word/" feedback.json >outcome.json
sed "s/2026-03-12T12:00:00Z/$word/" feedback.json >moment.json
sed "s/\"card\":\"[^\"]*\"/\"card\":\"$word\"/" feedback.json >card.json
for file in feedback outcome moment card; do
    posts "$view/feedback" "$file.json"
done

# ---- what others read ------------------------------------------------------------
is 'what came is thought about' settled a.db
is 'it is in the store' says 0 "$word" an a.yaml show "$number"
emptied() { ! ls in/*.hl7 >/dev/null 2>&1; }
is 'all files are taken' waited 30 emptied
"$curl" -sS "http://127.0.0.1:$http/metrics" >metrics
"$curl" -sS "http://127.0.0.1:$http/health/ready" >ready
is 'metrics and health' lacks metrics ready
# The header of an acknowledgement has the trigger and the version of the sender's
# own (HL7 v2.5.1 2.9.3.1); what stands behind it has nothing.
set -- reply*
echo "# $# answers"
is 'no answer repeats it' lacks_but_header "$@"
is 'sixty of them are refusals' at_least "$(grep -alE '^HTTP/1.1 [45]|^MSA.A[ER]' "$@" | wc -l)" 60
is 'nor do reports beside files that were refused' lacks in/failed/*.report
is 'nor what acknowledges them' lacks_but_header in/*/*.ack
"$drill" audit a.db >trail
is 'the trail of the audit' lacks trail
an a.yaml feeds >feeds 2>&1 || :
is 'the list of those who send' lacks feeds
an a.yaml check --store >checked 2>&1 || :
is 'the check of the store' lacks checked
for file in type nobody cut none kind.json key.json open.json deep.json; do
    an a.yaml backload "$file" >>commands 2>&1 || :
    "$built/anamnesis" convert "$file" >/dev/null 2>>commands || :
    an a.yaml replay --to "127.0.0.1:$mllp" "$file" >>commands 2>&1 || :
done
an a.yaml outbox >>commands 2>&1 || :
is 'commands that fail' lacks commands
is 'and there is something to look at' at_least "$(wc -l <commands)" 12

# ---- crash files ------------------------------------------------------------------
limits() { grep -qE '^Max core file size +[01] ' "/proc/$server/limits" || { cat "/proc/$server/limits"; return 1; }; }
is 'no core file is written' limits
kill -SEGV "$server"
wait "$server" 2>/dev/null || :
server=
is 'none was' test -z "$(find . -name 'core*' -newer a.yaml)"
is 'the log, down to the smallest things' lacks server.log
is 'it is long enough to be worth it' at_least "$(wc -l <server.log)" 50
is 'nor what the server prints' lacks ports
# The same as logfmt, after the crash: what was in hand is gone on with.
sed 's/level: debug/level: debug, format: logfmt/' a.yaml >b.yaml
mv server.log first.log
serve b.yaml
for file in adt type nobody cut; do
    sends "$file"
    posts /hl7v2 "$file"
done
for file in key deep status; do posts /fhir "$file.json"; done
is 'it stops' stop
is 'the log as logfmt' lacks server.log
echo "1..$checks"
exit $failed
