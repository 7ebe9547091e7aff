#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAPI HL7v2's speed over the messages that LIST names in DIR:
#
#   hapi-hl7.sh LIST DIR [WARM_UP_S]
#
# warms up (5 s unless told) before each of its six measurements, and prints a
# tab-separated table with a heading; hl7/Bench.java says what its columns mean.
# See peer.sh for PEERS_BUILD and the exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

[ $# -eq 2 ] || [ $# -eq 3 ] || {
    echo 'usage: hapi-hl7.sh LIST DIR [WARM_UP_S]' >&2
    exit 2
}
build_peer hl7
exec java -Xmx1g -XX:+UseSerialGC -cp "$class_path" peers.hl7.Bench "$1" "$2" "${3:-5}"
