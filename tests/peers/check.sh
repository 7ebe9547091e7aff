#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves that the peers run here and that they find the faults they are there
# to find.  TAP on standard output; 1 if a check fails, 77 if this machine
# cannot have the peers.  Not part of "make check": it fetches from the network.
#
#   check.sh [PORT]              the FHIR server's port, 18080 unless told
#
# PEERS_PATIENTS   how many of Synthea are sent (50)
set -eu
. "$(dirname -- "$0")/peer.sh"
port=${1:-18080}
out=$peers_build/check.out
count=0
failed=0
skipped=0

# ok NAME COMMAND...: one check; what it printed is shown when it fails.
ok() {
    count=$((count + 1))
    name=$1
    shift
    if "$@" >"$out" 2>&1; then
        echo "ok $count - $name"
    else
        failed=$((failed + 1))
        echo "not ok $count - $name"
        sed 's/^/# /' "$out"
    fi
}

# ok_or_skip NAME COMMAND...: so, where 77 says that this machine cannot.
ok_or_skip() {
    rc=0
    name=$1
    shift
    "$@" >"$out.last" 2>&1 || rc=$?
    if [ "$rc" -eq 77 ]; then
        count=$((count + 1))
        skipped=$((skipped + 1))
        echo "ok $count - $name # SKIP $(tail -n 1 "$out.last")"
    else
        ok "$name" sh -c 'cat "$1"; exit "$2"' - "$out.last" "$rc"
    fi
}

# The validator takes its files in one go, so that its 10 s start is paid once.
validator_finds() {
    ok 'the validator accepts what is right' \
        "$peers_src/validate.sh" "$peers_src"/validator/good/*.json
    rc=0
    "$peers_src/validate.sh" "$peers_src"/validator/bad/*.json \
        >"$peers_build/bad.out" || rc=$?
    ok 'the validator fails on errors' test "$rc" -eq 1
    while IFS='	' read -r file text; do
        case $file in '#'*) continue ;; esac
        ok "the validator finds $file" sh -c \
            'grep -F "/$1.json:" "$3" | grep -F ": error: " | grep -F -- "$2"' \
            - "$file" "$text" "$peers_build/bad.out"
    done <"$peers_src/validator/bad/expected.tsv"
}

# Of what we write HAPI takes all, and of what is broken none.
hl7_takes() {
    "$peers_src/hapi-hl7.sh" golden
}
hl7_refuses() {
    ! "$peers_src/hapi-hl7.sh" golden "$peers_src/hl7/sample/broken.hl7"
}

# Three messages, of which HAPI parses two, can encode one, and that one back
# to the same text; so for each of its three parsers.
hl7_counts() {
    "$peers_src/hapi-hl7.sh" "$peers_src/hl7/sample/list" \
        "$peers_src/hl7/sample" 0 |
        awk -F '\t' 'NR > 1 { n += $2 == 3 && $3 == 2 && $4 == 1 && $5 == 1 }
            { print } END { exit NR != 4 || n != 3 }'
}

# What we write: the golden transactions.
ours_is_right() {
    "$peers_src/validate.sh" "$peers_src"/../golden/write-*/bundle.json
}

for peer in hapi validator hl7; do
    build_peer "$peer"
done
validator_finds
ok 'the validator accepts what we write' ours_is_right
ok 'HAPI HL7v2 counts what it can read and write' hl7_counts
ok 'HAPI HL7v2 takes every result and document that we write' hl7_takes
ok 'HAPI HL7v2 refuses what is none' hl7_refuses
ok_or_skip 'HAPI sends to us, plain and over TLS, and understands our answers' \
    "$peers_src/senders.sh"
ok_or_skip 'three validators and a client of CDS Hooks from npm' "$peers_src/cds.sh"
ok_or_skip 'an integration engine runs us, through a crash' "$peers_src/mirth.sh"
trap '"$peers_src/hapi-server.sh" stop "$port"' EXIT
ok 'the FHIR server starts' "$peers_src/hapi-server.sh" start "$port"
ok 'the FHIR server is strict' "$peers_src/hapi-server.sh" check "$port"
ok 'the FHIR server takes what we write, once' "$peers_src/writeback.sh" "$port"
ok_or_skip 'two FHIR clients from npm find it there' \
    "$peers_src/cds.sh" read "http://127.0.0.1:$port/fhir"
ok 'the FHIR server tells its state' "$peers_src/hapi-server.sh" status "$port"
ok 'the FHIR server stops' "$peers_src/hapi-server.sh" stop "$port"
ok 'an empty FHIR server starts' "$peers_src/hapi-server.sh" start "$port"
ok_or_skip 'invented patients, from MLLP to the FHIR server, through a kill' \
    "$peers_src/synthea.sh" "$port" "${PEERS_PATIENTS:-50}"
ok_or_skip 'what the FHIR server tells us and gives us, through kills' \
    "$peers_src/intake.sh" "$port"
ok 'the FHIR server stops again' "$peers_src/hapi-server.sh" stop "$port"
echo "1..$count"
echo "# PASS: $((count - failed - skipped))"
echo "# SKIP: $skipped"
echo "# FAIL: $failed"
exit $((failed > 0))
