#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every Synthea bundle and every line of the MIMIC-IV demo is read without an
# error.  The data are not ours to ship: ANAMNESIS_DATA names their folder.
set -eu
program=${top_builddir:-.}/tests/fhir_corpus

if [ -z "${ANAMNESIS_DATA:-}" ]; then
    echo 'fhir_corpus: ANAMNESIS_DATA is not set: skipped' >&2
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

synthea=$ANAMNESIS_DATA/synthea-r4/synthea-r4-dev.tar.zst
if [ -r "$synthea" ]; then
    tar --zstd -xf "$synthea" -C "$work"
    echo 'Synthea R4:'
    find "$work" -name '*.json' -print0 | LC_ALL=C sort -z |
        xargs -0 -n 100000 "$program"
else
    echo "fhir_corpus: $synthea is missing" >&2
    exit 1
fi
for f in "$ANAMNESIS_DATA"/mimic-iv-demo-fhir/*.ndjson.gz; do
    echo "MIMIC-IV demo ${f##*/}:"
    zcat "$f" >"$work/lines"
    "$program" - <"$work/lines"
done
