#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A header is a contract that stands alone: each one compiles with nothing
# before it.  Run by make check in the build folder, which sets CC,
# HEADER_FLAGS and top_srcdir.
set -eu
: "${CC:?}" "${HEADER_FLAGS:?}" "${top_srcdir:?}"
export CC HEADER_FLAGS

for room in base config context hl7 fhir runtime advice plugin trainer; do
    [ ! -d "$top_srcdir/$room" ] || find "$top_srcdir/$room" -name '*.h'
done | sort | xargs -P "$(nproc)" -I '{}' sh -c '
    $CC $HEADER_FLAGS -Wno-unused-function -fsyntax-only -x c "$1" || {
        echo "check-headers: $1 does not compile alone" >&2
        exit 1
    }' sh '{}'
