#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hazard log is well formed; each of its controls, patches and tests is there.
# That the tests fail without the controls shows `make safety`.
set -eu
exec "${top_srcdir:-.}/tools/remove-controls.sh" --check
