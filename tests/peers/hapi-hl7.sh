#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAPI HL7v2: its speed over the messages that LIST names in DIR, or what it says
# of ours:
#
#   hapi-hl7.sh LIST DIR [WARM_UP_S]
#   hapi-hl7.sh golden [FILE...]
#
# With "golden" it says whether HAPI takes the messages that we write, of how
# many how many: those of tests/golden/result-*, unless files are named.  Else it
# warms up (5 s unless told) before each of its six measurements, and prints a
# tab-separated table with a heading; hl7/Bench.java says what its columns mean.
# See peer.sh for PEERS_BUILD and the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

if [ "${1:-}" = golden ]; then
    shift
    [ $# -gt 0 ] || set -- "${peers_src%/peers}"/golden/result-*/message.hl7
    build_peer hl7
    exec java -cp "$class_path" peers.hl7.Golden "$@"
fi
[ $# -eq 2 ] || [ $# -eq 3 ] || {
    echo 'usage: hapi-hl7.sh LIST DIR [WARM_UP_S] | hapi-hl7.sh golden [FILE...]' >&2
    exit 2
}
build_peer hl7
exec java -Xmx1g -XX:+UseSerialGC -cp "$class_path" peers.hl7.Bench "$1" "$2" "${3:-5}"
