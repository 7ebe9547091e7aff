#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Deletions as a bulk export tells them, by the ids of resources of any patients:
# each withdraws what is in the store, at the patient whose it was.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
config a.yaml "$work/a.db"

# observation ID PATIENT VALUE CHANGED
observation() {
    printf '{"resourceType":"Observation","id":"%s","meta":{"lastUpdated":"%s"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2160-0","display":"Creatinine"}]},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2020-03-01T08:00:00Z","valueQuantity":{"value":%s,"unit":"mg/dL"}}\n' \
        "$1" "$4" "$2" "$3"
}
allergy() { # ID PATIENT
    printf '{"resourceType":"AllergyIntolerance","id":"%s","meta":{"lastUpdated":"2020-03-01T09:00:00Z"},"code":{"text":"Latex"},"patient":{"reference":"Patient/%s"},"recordedDate":"2020-03-01"}\n' "$1" "$2"
}
gone() { # TYPE/ID...: a line of a file of deletions
    printf '{"resourceType":"Bundle","type":"transaction","entry":['
    comma=
    for what; do
        printf '%s{"request":{"method":"DELETE","url":"%s"}}' "$comma" "$what"
        comma=,
    done
    echo ']}'
}
known() { an a.yaml show "$1" >timeline && grep -qE "$2" timeline || { cat timeline; return 1; }; }

mkdir -p out/.export
{
    observation o1 p1 1.11 2020-03-01T09:00:00Z
    observation o2 p1 1.12 2020-03-01T09:00:00Z
    observation o3 p2 1.13 2020-03-01T09:00:00Z
    observation o4 p3 1.14 2020-03-01T09:00:00Z
} >out/001-Observation-0001.ndjson
allergy a1 p2 >out/001-AllergyIntolerance-0001.ndjson
is 'an export is loaded' says 0 '^5 messages: 5 accepted' an a.yaml backload out
is 'all of it is there' known p2 Latex

# The next one tells of deletions; since then a4 was made anew.
{
    gone Observation/o1 Observation/o3
    gone AllergyIntolerance/a1 Observation/o4 Observation/never Patient/p9
} >out/002-deleted-0001.ndjson
echo '{"transactionTime":"2020-03-02T00:00:00Z","output":[]}' >out/.export/manifest-002.json
observation o4 p3 1.24 2020-03-02T00:00:01Z >out/003-Observation-0001.ndjson
is 'deletions are loaded with the rest' says 0 '^6 deletions that name no patient: 4 filed' an a.yaml backload out
is 'one is gone' exits 1 known p1 ' 1\.11 '
is 'its neighbour is not' known p1 ' 1\.12 '
is 'another patient, the same' exits 1 known p2 ' 1\.13 '
is 'another type' exits 1 known p2 Latex
is 'what was made anew after the export stays' known p3 ' 1\.24 '
is 'what was known before them is known' says 0 ' 1\.11 ' an a.yaml show --as-of 2020-03-01T12:00:00Z p1
is 'again there is nothing left to withdraw' says 0 '^6 deletions that name no patient: 0 filed' an a.yaml backload out
is 'and what stays still stays' known p3 ' 1\.24 '
is 'reading all of it anew changes nothing' says 0 ' 0 of them say something else now, 0 could not' an a.yaml reprocess
is 'they are still gone' exits 1 known p2 'Latex|1\.13'

# A file of deletions from elsewhere has no time but the one of loading it.
gone Observation/o2 >loose.ndjson
is 'a file that no export brought' says 0 '^1 deletions that name no patient: 1 filed' an a.yaml backload loose.ndjson
is 'withdraws, too' exits 1 known p1 ' 1\.12 '
# One that was filed anew for another patient is current at both.
observation o5 p4 1.15 2020-03-01T09:00:00Z >moved.ndjson
observation o5 p5 1.15 2020-03-01T10:00:00Z >>moved.ndjson
is 'one of two patients' says 0 '^2 messages: 2 accepted' an a.yaml backload moved.ndjson
is 'is there' known p4 ' 1\.15 '
is 'and there' known p5 ' 1\.15 '
gone Observation/o5 >moved-gone.ndjson
is 'its deletion is one' says 0 '^1 deletions that name no patient: 1 filed' an a.yaml backload moved-gone.ndjson
is 'gone here' exits 1 known p4 ' 1\.15 '
is 'and there' exits 1 known p5 ' 1\.15 '
# The clock that dates a resource may be ahead of ours.
observation o6 p4 1.16 2199-01-01T00:00:00Z >ahead.ndjson
is 'one of a clock that is ahead' says 0 '^1 messages: 1 accepted' an a.yaml backload ahead.ndjson
is 'is there, too' known p4 ' 1\.16 '
gone Observation/o6 >ahead-gone.ndjson
is 'it is filed' says 0 '^1 deletions that name no patient: 1 filed' an a.yaml backload ahead-gone.ndjson
is 'and gone' exits 1 known p4 ' 1\.16 '
# What is deleted before it comes: an older export is loaded behind a newer one.
gone Observation/o7 >early.ndjson
is 'a deletion of what is not here yet' says 0 '^1 deletions that name no patient: 0 filed' an a.yaml backload early.ndjson
observation o7 p1 1.17 2020-03-01T09:00:00Z >late.ndjson
is 'is kept until it comes' says 0 '^1 messages: 1 accepted' an a.yaml backload late.ndjson
is 'and withdraws it' exits 1 known p1 ' 1\.17 '
# A Consent that is deleted is no longer in force, be it a deny or a permit.
consent() { # ID PATIENT TYPE
    printf '{"resourceType":"Consent","id":"%s","meta":{"lastUpdated":"2020-03-01T09:00:00Z"},"status":"active","patient":{"reference":"Patient/%s"},"provision":{"type":"%s"}}\n' "$1" "$2" "$3"
}
{
    observation o8 p8 1.18 2020-03-01T09:00:00Z
    consent c1 p8 deny
    consent c2 p8 permit
} >consents.ndjson
is 'one who has opted out' says 0 '^3 messages: 3 accepted' an a.yaml backload consents.ndjson
is 'is not shown' exits 1 known p8 ' 1\.18 '
gone Consent/c1 Consent/c2 >consents-gone.ndjson
is 'both of her consents are deleted' says 0 '^2 deletions that name no patient: 2 filed' an a.yaml backload consents-gone.ndjson
is 'and she is shown' known p8 ' 1\.18 '
is 'as of before she had opted out' exits 1 sh -c '"$@" >before; grep -q " 1\.18 " before' sh "$built/anamnesis" -c a.yaml show --as-of 2020-03-02T00:00:00Z p8
is 'told again there is nothing to end' says 0 '^2 deletions that name no patient: 0 filed' an a.yaml backload consents-gone.ndjson

# Many patients, and each has a resource that is deleted.
many=2000
awk -v n=$many 'BEGIN {
    for (i = 1; i <= n; i++)
        for (k = 1; k <= 2; k++)
            printf "{\"resourceType\":\"Observation\",\"id\":\"m%d-%d\",\"meta\":{\"lastUpdated\":\"2020-03-01T09:00:00Z\"},\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"2160-0\"}]},\"subject\":{\"reference\":\"Patient/m%d\"},\"effectiveDateTime\":\"2020-03-01T08:00:00Z\",\"valueQuantity\":{\"value\":2.%d,\"unit\":\"mg/dL\"}}\n", i, k, i, k
}' >many.ndjson
is 'many patients' says 0 "^$((2 * many)) messages: $((2 * many)) accepted" an a.yaml backload many.ndjson
for i in $(seq 1 $many); do
    gone "Observation/m$i-1"
done >many-gone.ndjson
is 'each loses one' says 0 "^$many deletions that name no patient: $many filed" an a.yaml backload many-gone.ndjson
is 'the first of them' exits 1 known m1 ' 2\.1 '
is 'the last' exits 1 known m$many ' 2\.1 '
is 'and keeps the other' known m$many ' 2\.2 '
is 'the store is whole' exits 0 an a.yaml check
is 'and so it is when it is read anew' says 0 ' 0 of them say something else now, 0 could not' an a.yaml reprocess
is 'with what was deleted' exits 1 known m$many ' 2\.1 '
is 'one that is none is refused' says 1 '1 refused' an a.yaml backload a.yaml
echo "1..$checks"
exit $failed
