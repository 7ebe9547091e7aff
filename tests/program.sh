#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program from outside: what it is told, what it says, how it ends.  Good
# days first; tests/hostile.sh has the bad ones.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story
curl=$(command -v curl) || echo '# curl is not installed: HTTP is NOT asked'

same() { cmp "$1" "$2" && test -s "$1"; }
# The timeline of the story's patient, without the two lines that only the
# number of what was ever said is in.
timeline() { an "$1" show 100042; }
count() { an "$1" check | sed -n 's/^# store: \([0-9]*\) messages.*/\1/p'; }
counted() { test "$(count "$1")" = "$2" || { count "$1"; return 1; }; }

# ---- the call ------------------------------------------------------------------
config a.yaml "$work/a.db"
is 'help names every command' says 0 '^  reprocess ' an a.yaml --help
is 'the version is told' says 0 '^anamnesis [0-9]' an a.yaml --version
is 'no command is a wrong call' says 2 '^usage: ' an a.yaml
is 'an unknown command is a wrong call' says 2 'no command "sing"' an a.yaml sing
is 'a wrong argument is a wrong call' says 2 '^usage: .* show ' an a.yaml show --as-of never 1
is 'a configuration that is not there' says 2 'none\.yaml: .*No such file' an none.yaml check
is 'the configuration is checked' says 0 'does not exist yet' an a.yaml check
is 'what labels say of doses is counted' says 0 '^# dosing: [1-9]' an a.yaml check
is 'a store that is not there' says 3 'cannot be opened|does not exist|No such' an a.yaml show 1

# ---- the story, over MLLP ------------------------------------------------------
cp "$story/authorities.tsv" authorities.tsv
is 'history is loaded' says 0 '^1 messages: 1 accepted.* 101 events' an a.yaml backload "$story/history.json"
serve a.yaml
is '18 messages are acknowledged' says 0 '^18 messages: 18 accepted' \
    an a.yaml replay --to "127.0.0.1:$mllp" "$story/messages"
timeline a.yaml >first
is 'all are counted' counted a.yaml 19
is 'the same messages again are acknowledged' says 0 '^18 messages: 18 accepted' \
    an a.yaml replay --to "127.0.0.1:$mllp" "$story/messages"
timeline a.yaml >again
is 'and change nothing' same first again
is 'nor the count' counted a.yaml 19
an a.yaml show --as-of 2026-03-12T12:00:00Z 100042 >then
is 'as of noon the preliminary value was known' grep -q 'Creatinine .* 7\.1 .*(preliminary)' then
is 'and not the corrected one' exits 1 grep -q '1\.71' then
is 'now the corrected one is' grep -q '^2026-03-12.* 1\.71 .*(corrected)' first
is 'the other number is the same patient' says 0 '^patient urn:oid:2.999.1.7 100042' an a.yaml show T7731
is 'an unknown patient' says 2 'patient|identifier|number' an a.yaml show nobody

# ---- HTTP ----------------------------------------------------------------------
post() { # post PATH FILE STATUS PATTERN
    code=$("$curl" -sS -o body -w '%{http_code}' --data-binary "@$2" "http://127.0.0.1:$http$1")
    test "$code" = "$3" || { echo "status $code"; cat body; return 1; }
    tr '\r' '\n' <body | grep -qE "$4" || { cat body; return 1; }
}
get() { "$curl" -sS "http://127.0.0.1:$http$1" | grep -E "$2"; }
if [ -n "$curl" ]; then
    set -- "$story"/messages/*.hl7
    is 'HL7v2 by POST is acknowledged' post /hl7v2 "$1" 200 '^MSA\|CA\|S0001'
    is 'FHIR by POST is answered' post /fhir "$story/history.json" 200 OperationOutcome
    is 'what is neither is refused' post /fhir "$1" 400 '"error"'
    is 'an unknown path' post /nowhere "$1" 404 'nothing at this path'
    is 'it is alive' get /health/live '^alive'
    is 'it is ready' get /health/ready '^ready'
    is 'it counts' get /metrics '^anamnesis_messages_total\{verdict="accepted"\} 18$'
    is 'it counts fields by what became of them' get /metrics \
        '^anamnesis_fields\{segment="OBX",outcome="mapped"\} [1-9]'
    is 'elements too' get /metrics \
        '^anamnesis_fields\{segment="Observation",outcome="mapped"\} [1-9]'
    is 'and what was there already' get /metrics 'verdict="duplicate"\} 20$'
    timeline a.yaml >again
    is 'the same again by HTTP changes nothing' same first again
fi

# ---- stopping and starting -----------------------------------------------------
"$drill" generate 400 >many.hl7
"$drill" send "$mllp" many.hl7 acked 0 1 2>sender.log &
sender=$!
awaits test -s acked
is 'SIGTERM in the middle ends it in good order' stop
wait "$sender" || :
"$drill" list a.db | sort >stored
is 'what was acknowledged is there' test -z "$(sort acked | comm -23 - stored)"
timeline a.yaml >again
is 'the story is as it was' same first again
serve a.yaml
is 'it starts again and takes the rest' "$drill" send "$mllp" many.hl7 acked 0 1
is 'all are there' counted a.yaml 419
is 'it stops' stop

# ---- any order -----------------------------------------------------------------
config b.yaml "$work/b.db"
is 'the same, backwards' says 0 '18 accepted' an b.yaml replay $(ls -r "$story"/messages/*.hl7)
an b.yaml backload "$story/history.json" >/dev/null
timeline b.yaml >backwards
is 'order of arrival changes nothing' same first backwards

# ---- tables that change ----------------------------------------------------------
: >authorities.tsv
config c.yaml "$work/c.db"
an c.yaml backload "$story/history.json" >/dev/null
an c.yaml replay "$story/messages" >/dev/null
is 'without a table there are two patients' says 2 'several patients' timeline c.yaml
cp "$story/authorities.tsv" authorities.tsv
is 'all is read again with it' says 0 '^19 messages read again, 18 of them say something else now, 0 could not' an c.yaml reprocess
timeline c.yaml >later
is 'and it is as if it had been there from the start' same first later
printf '\t10230-1\thttp://loinc.org\t8806-2\tEjection fraction by echo\n' >codes.tsv
sed -i 's/^\t10230-1/http:\/\/loinc.org\t10230-1/' codes.tsv
is 'again, with another code' says 0 '^19 messages read again' an c.yaml reprocess
is 'the event has it' says 0 'Ejection fraction by echo \[8806-2\]' timeline c.yaml
: >codes.tsv
an c.yaml reprocess >/dev/null
timeline c.yaml >later
is 'and back' same first later
is 'the store is whole' says 0 'is whole' an c.yaml check --store
echo "1..$checks"
exit $failed
