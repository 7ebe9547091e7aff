#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each message of the development corpus is parsed and printed back the same,
# or refused with a place.  Needs the folder named by ANAMNESIS_DATA.
set -eu
if [ -z "${ANAMNESIS_DATA:-}" ]; then
    echo 'SKIPPED: ANAMNESIS_DATA is not set, no message corpus was read'
    exit 77
fi
bad=0
for folder in messages batch malformed; do
    find "$ANAMNESIS_DATA/hl7v2/$folder" -type f ! -name '*.tsv' | sort |
        "${top_builddir:-.}/tests/hl7_corpus" || bad=1
done
exit $bad
