#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No structured identifier of any Synthea patient, nor of any message of a public
# collection, is in what de-identification writes, by either profile; what counts
# as one is said in tests/deid_leaks.py and deid_leaks_hl7.py.
# The data are not ours to ship: ANAMNESIS_DATA names their folder.
set -eu
top=${top_srcdir:-.}
program=${top_builddir:-.}/anamnesis-train

if [ -z "${ANAMNESIS_DATA:-}" ]; then
    echo 'deid: ANAMNESIS_DATA is not set: skipped' >&2
    exit 77
fi
if ! command -v python3 >/dev/null 2>&1; then
    echo 'deid: python3 is not installed: skipped' >&2
    exit 77
fi
hl7=$ANAMNESIS_DATA/hl7v2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

mkdir "$work/in"
tar --zstd -xf "$ANAMNESIS_DATA/synthea-r4/synthea-r4-dev.tar.zst" \
    -C "$work/in"
for profile in safe-harbor date-shift; do
    "$program" deidentify --profile $profile --as-of 2026 --out "$work/$profile" "$work/in"
    python3 "$top/tests/deid_leaks.py" $profile "$work/in" "$work/$profile"
    "$program" deidentify --profile $profile --as-of 2026 \
        --out "$work/hl7-$profile" "$hl7/messages" "$hl7/batch"
    python3 "$top/tests/deid_leaks_hl7.py" $profile "$work/hl7-$profile" \
        "$hl7/messages" "$hl7/batch"
done
# The check itself finds what is there: the records as they came.
mkdir "$work/raw"
n=0
for f in "$work"/in/*.json; do
    n=$((n + 1))
    [ $n -gt 3 ] || cp "$f" "$work/raw/$(printf %06d $n).json"
    [ $n -le 3 ] || rm "$f"
done
if python3 "$top/tests/deid_leaks.py" safe-harbor "$work/in" "$work/raw" \
    >/dev/null 2>&1; then
    echo 'deid: the check finds nothing in records as they came' >&2
    exit 1
fi
