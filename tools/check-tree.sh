#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a compiler does not know: who includes whom, how
# long and how tangled code may be, which calls are banned, no unfinished
# marks, no trace of one person's machine.  Reads the tree, changes nothing.
# Exit status: 0 clean, 1 findings (each on a line of its own).
set -eu
cd "${top_srcdir:-.}"
awk=${AWK:-awk}
bad=0
LC_ALL=C
export LC_ALL

say() {
    echo "check-tree: $*" >&2
    bad=1
}

# What is there, of what is named.
present() {
    for x; do
        [ ! -e "$x" ] || echo "$x"
    done
}

pure=$(present base config context hl7 fhir runtime advice)
rooms=$(present $pure plugin trainer)
all=$(present $rooms deploy docs man examples tests tools)
sources=$(find $rooms $(present tests examples) -name '*.[ch]' | sort)
ours=$(find $rooms -name '*.[ch]' | sort)
scripts=$(present quickstart .ci/run && find $all -name '*.sh' | sort)

# ---- who includes whom ------------------------------------------------------
grep -n '^#include "' $ours /dev/null | $awk -f tools/layers.awk >&2 || bad=1

# ---- size -------------------------------------------------------------------
for f in $(find $all -type f \( -name '*.[ch]' -o -name '*.sh' \
    -o -name '*.awk' -o -name '*.mk' -o -name '*.java' -o -name '*.py' \) |
    sort); do
    wc -l "$f"
done | $awk '$1 > 600 { printf "check-tree: %s has %d lines; the limit is 600\n", $2, $1; n++ }
    END { exit n > 0 }' >&2 || bad=1

# pmccabe: complexity (a switch counts once), ..., lines, FILE(LINE): NAME.
if command -v pmccabe >/dev/null 2>&1; then
    pmccabe $(find $rooms -name '*.c' | sort) | $awk -F '\t' '
        $1 > 15 { printf "check-tree: %s has complexity %d; the limit is 15\n", $6, $1; n++ }
        $5 > 70 { printf "check-tree: %s has %d lines; the limit is 70\n", $6, $5; n++ }
        END { exit n > 0 }' >&2 || bad=1
else
    echo 'check-tree: pmccabe is not installed; functions are not measured' >&2
fi

# ---- calls and marks --------------------------------------------------------
# Unbounded, global or locale-bound calls; see CONTRIBUTING.md.
grep -nE '(^|[^_a-zA-Z])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atof|gmtime|localtime|system|rand|alloca|setlocale)\(' \
    $ours /dev/null | grep -v '^[^:]*:[0-9]*: \*' &&
    say 'a banned call' || :

# One allocator below plugin/ and trainer/.
grep -nE '(^|[^_a-zA-Z])(malloc|calloc|realloc|strdup)\(' \
    $(find $pure -name '*.[ch]' | sort) /dev/null |
    grep -v '^base/arena\.c:' && say 'memory is got from an arena' || :

# A plugin never ends the process of its host.
grep -nE '(^|[^_a-zA-Z])(exit|_exit|abort|signal)\(' \
    $(find $pure -name '*.[ch]' | sort) /dev/null |
    grep -v '^[^:]*:[0-9]*: \*' && say 'a library does not end its host' || :

grep -nE '(TO''DO|FIX''ME|(^|[^X])X''XX([^X]|$))' $sources $scripts /dev/null &&
    say 'an unfinished mark' || :

# Places where only one machine keeps its things.
grep -rnIE '(^|[^A-Za-z0-9_.])/(ho''me|Us''ers|ro''ot|wo''rk)/[A-Za-z]' $all \
    quickstart .ci Makefile.am configure.ac ./*.md 2>/dev/null &&
    say 'a path of one machine' || :

# ---- every file, every folder -----------------------------------------------
for f in $sources $scripts; do
    # A script's first line is its interpreter.
    head -n 2 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        say "$f does not begin with its licence line"
done

for d in $all; do
    [ -f "$d/README.md" ] || say "$d/ has no README.md"
done

for f in $scripts; do
    # One that names no shell is sourced by others.
    case $(head -n 1 "$f") in
    '#!'*bash*) bash -n "$f" || say "$f is no bash script" ;;
    *) sh -n "$f" || say "$f is no shell script" ;;
    esac
    case $(head -n 1 "$f") in
    '#!'*) [ -x "$f" ] || say "$f is not executable" ;;
    esac
done
exit $bad
