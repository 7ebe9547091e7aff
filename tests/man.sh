#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages are correct mdoc: no error, no warning of mandoc's linter.
set -eu
command -v mandoc >/dev/null 2>&1 || {
    echo 'man: SKIPPED, the manual pages are not checked: mandoc is not installed'
    exit 77
}
# Written by hand in the source tree, made from tables in the build folder.
pages=$(find "${top_srcdir:-.}/man" man -name '*.[1-8]' 2>/dev/null | sort -u)
[ -n "$pages" ] || {
    echo 'man: SKIPPED, there is no manual page in man/'
    exit 77
}
mandoc -T lint -W warning $pages
