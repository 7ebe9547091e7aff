#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where tests keep their files: in memory where there is a gigabyte for it (they
# need a sixth), since store.t waits most of its time for flushes else, and what a
# flush is worth no test shows by a real disk (power_disk.h does).  By hand another
# place is ANAMNESIS_TEST_FOLDER; empty, the folder that each test runs in.
if [ "${ANAMNESIS_TEST_FOLDER+set}" ]; then
    printf '%s\n' "$ANAMNESIS_TEST_FOLDER"
elif [ -w /dev/shm ] &&
    df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $4 >= 1048576 { found = 1 } END { exit !found }'; then
    echo /dev/shm
fi
