#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What ./quickstart tells a newcomer is true: the story goes to its end.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
if ! command -v curl >/dev/null; then
    echo '1..0 # SKIP no curl here'
    exit 77
fi
is 'the story is told to its end' "$top/examples/story/run.sh" "$built"
echo "1..$checks"
exit $failed
