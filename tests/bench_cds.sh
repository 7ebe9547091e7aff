#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a chart costs that is opened at a running server, and how large that
# server gets: rows of name, value, unit, run by "make bench".
#
#   bench_cds.sh [SECONDS]       of 50 charts a second; 4 unless told
#
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
cds=$built/tests/bench_cds
seconds=${1:-4}

config a.yaml "$work/store.db"
sed -i '/^environment/d; /^stage/d' a.yaml
cat >>a.yaml <<END
environment: demo
stage: live
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
END

row() { printf '%s\t%s\t%s\n' "$@"; }

resident() { # ROW: of the server, in MB
    row "$1" "$(awk '/^VmRSS:/ { printf "%.1f", $2 / 1000 }' "/proc/$server/status")" MB
}

"$cds" known 10000 >known.hl7
an a.yaml backload known.hl7 >loaded
serve a.yaml
row serve/known "$(sed 's/ .*//' loaded)" patients
resident serve/resident_known
"$cds" alone "$http" 10
events=$(an a.yaml show p0 | sed -n 's/ events, chosen.*//p')
row cds/history "$events" events
"$cds" rate "$http" 50 "$seconds" 20
resident serve/resident_charts
# Each of another patient, for half a minute at most.
"$cds" open "$http" 1000 30
resident serve/resident_active
row serve/resident_bar 300 MB
row serve/peak "$(awk '/^VmHWM:/ { printf "%.1f", $2 / 1000 }' "/proc/$server/status")" MB
stop
