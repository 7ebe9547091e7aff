#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAPI's FHIR R4 validator over JSON files, all in one process:
#
#   validate.sh FILE...
#
# prints FILE:LINE:COLUMN: SEVERITY: LOCATION: MESSAGE for each issue and exits
# 1 if one is an error.  See peer.sh for PEERS_BUILD and the other exit codes.
set -eu
. "$(dirname -- "$0")/peer.sh"

[ $# -gt 0 ] || {
    echo 'usage: validate.sh FILE...' >&2
    exit 2
}
build_peer validator
exec java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
    -cp "$class_path" peers.validator.Validate "$@"
