#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAPI HL7v2 over the messages of tests/bench_hl7, in rows of name, value, unit:
# the fastest of its parsers.  Run by "make bench"; says so where there is no
# Java or Maven, or no way to HAPI's jars.
#
#   bench_hapi.sh [WARM_UP_S]       2 s unless told, six times
#
set -eu
top=$(cd "${top_srcdir:-.}" && pwd)
built=$(cd "${top_builddir:-.}" && pwd)
work=$(mktemp -d -p "$built/tests")
trap 'rm -rf "$work"' EXIT

list=${ANAMNESIS_DATA:-}/hl7v2/bench.list
folder=${ANAMNESIS_DATA:-}/hl7v2/messages
if [ ! -f "$list" ]; then
    "$built/tests/bench_hl7" print >"$work/own.hl7"
    folder=$work
    list=$work/list
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        cp "$work/own.hl7" "$work/$i.hl7"
        echo "$i.hl7"
    done >"$list"
fi
PEERS_BUILD=${PEERS_BUILD:-$built/peers}
export PEERS_BUILD
got=0
"$top/tests/peers/hapi-hl7.sh" "$list" "$folder" "${1:-2}" >"$work/table" || got=$?
[ "$got" != 77 ] || exit 0
[ "$got" = 0 ] || exit "$got"
awk -F '\t' 'NR > 1 {
        if ($7 > parse) parse = $7
        if ($9 > both) both = $9
        if ($5 > same) { same = $5; parsed = $3 }
    }
    END {
        printf "hapi/parse\t%s\tMB/s\nhapi/parse_and_print\t%s\tMB/s\n", parse, both
        printf "hapi/comes_back\t%.4g\t%% of those accepted\n", 100 * same / parsed
    }' "$work/table"
