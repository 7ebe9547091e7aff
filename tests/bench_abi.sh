#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a call of the C ABI costs a host by either transport: rows of name, value,
# unit, run by "make bench".  abi/ is libanamnesis.so in the host's process,
# helper/ is libanamnesis-helper.so and a server.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"

config inside.yaml "$work/inside.db"
config serve.yaml "$work/serve.db" \
    "listen: {mllp: {address: \"\"}, http: {address: \"\"}, socket: {path: \"$work/s\"}}"
printf 'helper: {socket: "%s", timeout: 30s}\n' "$work/s" >helper.yaml
"$built/tests/bench_abi" abi "$built/.libs/libanamnesis.so" inside.yaml
serve serve.yaml
"$built/tests/bench_abi" helper "$built/.libs/libanamnesis-helper.so" helper.yaml
stop
