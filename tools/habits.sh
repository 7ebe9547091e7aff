#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a change goes through beside make check, each run by the make target of
# the same name in the build folder:
#
#   check-format   is every C file as clang-format leaves it?
#   format         make it so
#   cppcheck       cppcheck's findings are errors
#   tidy           clang-tidy's findings are errors
#   coverage       lines and branches per room, after make check in a build
#                  folder of --enable-coverage; fails below the goals
#
# Tools by environment: CLANG_FORMAT, CLANG_TIDY, CPPCHECK, GCOV.
set -eu
: "${top_srcdir:?run me by make}"
rooms='base config context hl7 fhir runtime advice plugin trainer'

# C files below the given folders of the source tree.
c_files() {
    for d; do
        [ ! -d "$top_srcdir/$d" ] ||
            find "$top_srcdir/$d" -name "$pattern" -type f
    done | sort
}

need() {
    command -v "$1" >/dev/null 2>&1 || {
        echo "habits: $1 is not installed" >&2
        exit 1
    }
}

formatter=${CLANG_FORMAT:-clang-format-14}
case ${1:-} in
check-format)
    need "$formatter"
    pattern='*.[ch]'
    "$formatter" --dry-run -Werror $(c_files $rooms tests examples)
    ;;
format)
    need "$formatter"
    pattern='*.[ch]'
    "$formatter" -i $(c_files $rooms tests examples)
    ;;
cppcheck)
    need "${CPPCHECK:=cppcheck}"
    pattern='*.c'
    # It cannot see a system header's macros, expands no list of X-macros that
    # are used with other names, and takes {buf, fill(buf)} for a read of buf.
    "$CPPCHECK" --quiet --error-exitcode=1 --std=c11 -j "$(nproc)" \
        --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=legacyUninitvar \
        --suppress=preprocessorErrorDirective -I "$top_srcdir" -I . \
        $(c_files $rooms)
    ;;
tidy)
    need "${CLANG_TIDY:=clang-tidy-14}"
    pattern='*.c'
    # It knows no folder of gcc's own; the flags hold -I., so it runs here.
    printf '%s\n' $(c_files $rooms) | xargs -P "$(nproc)" -I '{}' \
        "$CLANG_TIDY" --quiet '{}' -- $HEADER_FLAGS
    ;;
coverage)
    need "${GCOV:=gcov}"
    data=$(find $rooms -name '*.gcda' 2>/dev/null | sort)
    [ -n "$data" ] || {
        echo 'habits: no counts: make check after --enable-coverage' >&2
        exit 1
    }
    # Goals: share of branches taken, in percent.
    "$GCOV" -b -n $data 2>/dev/null | ${AWK:-awk} \
        -v top="$(cd "$top_srcdir" && pwd)/" '
        BEGIN { goal["hl7"] = goal["fhir"] = goal["runtime"] = 90 }
        function add(sum, of,    part) {
            split($0, part, /[:% ]+/)
            sum[room] += part[length(part) - 2] * part[length(part)] / 100
            of[room] += part[length(part)]
        }
        /^File / {
            room = substr($0, 7, length($0) - 7)
            if (index(room, top) == 1)
                room = substr(room, length(top) + 1)
            sub(/^(\.\.\/)*/, "", room)
            room = room ~ /^\// ? "" : substr(room, 1, index(room, "/") - 1)
        }
        /^(Calls executed|No calls)/ { end = 1 }
        /^Lines executed/ && room != "" { add(lines, n_lines) }
        /^Taken at least once/ && room != "" { add(taken, n_branches) }
        end { room = ""; end = 0 }
        END {
            printf "%-10s %8s %7s %9s %7s\n", "room", "lines", "run", "branches", "taken"
            fflush()
            for (room in n_lines) {
                p = n_branches[room] ? 100 * taken[room] / n_branches[room] : 100
                low = room in goal && p < goal[room]
                bad = bad || low
                printf "%-10s %8d %6.1f%% %9d %6.1f%%%s\n", room, n_lines[room],
                    100 * lines[room] / n_lines[room], n_branches[room], p,
                    low ? "  below its goal of " goal[room] "%" : "" | "sort"
            }
            close("sort")
            exit bad
        }'
    ;;
*)
    sed -n '3,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
