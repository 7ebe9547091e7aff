#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each manual page made by this build passes mandoc's own check.
command -v mandoc >/dev/null || {
    echo 'SKIP: mandoc is not installed'
    exit 77
}
cd "${top_builddir:-.}" || exit 1
pages=$(ls man/*.[1-9] "$OLDPWD/${top_srcdir:-.}"/man/*.[1-9]) || exit 1
# A page made here is not installed yet, nor is the one that it points to.
mandoc -T lint -W warning $pages
