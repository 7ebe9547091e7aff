#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What "anamnesis convert" makes of messages, field by field against the
# Bundles that other converters expect of them: at least 95 of 100 fields agree
# or are argued in tests/convert-argued.tsv.  The messages and the Bundles are
# in the folder named by ANAMNESIS_DATA.  More words: DETAILS=40 in the
# environment shows what is open, REASONS=100 what excuses how much.
set -eu
top=${top_srcdir:-.}
if ! python3 -c 'import concurrent.futures, json' 2>/dev/null; then
    echo 'SKIPPED: python3 is not installed, no Bundle was compared'
    exit 77
fi
python3 -B "$top/tests/convert_selftest.py"
if [ ! -d "${ANAMNESIS_DATA:-}/hl7v2/expected-fhir" ]; then
    echo 'SKIPPED: ANAMNESIS_DATA is not set, no Bundle was compared'
    exit 77
fi
python3 -B "$top/tests/convert_report.py" --details "${DETAILS:-12}" \
    --reasons "${REASONS:-20}" \
    --program "${top_builddir:-.}/anamnesis convert" \
    "$ANAMNESIS_DATA/hl7v2" "$top/tests/convert-argued.tsv"
