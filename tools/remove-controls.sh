#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is each control of docs/safety/hazard-log.tsv what makes its test pass?
#
#   remove-controls.sh --check       the log is well formed, each patch applies
#   remove-controls.sh --drawn N     N rows, by a rule: see drawn()
#   remove-controls.sh [ID...]       these rows, or all
#
# Each control is removed from a copy of the tree by docs/safety/controls/ID.patch,
# the suite is built, and the named test, which passed before, must fail.  The copy
# stays in SAFETY_BUILD (build-safety), so that the next run compiles what changed.
# Exit status: 0 each test failed, 1 one did not, or the log is wrong.
set -eu
cd "${top_srcdir:-.}"
top=$(pwd)
log=docs/safety/hazard-log.tsv
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
bad=0
say() {
    echo "remove-controls: $*" >&2
    bad=1
}
rows() { grep -v '^#' "$log"; }

# ---- the log ------------------------------------------------------------------
# Columns, words and risks; DCB0129 wants the risk to follow from the other two.
well_formed() {
    rows | awk -F '\t' '
        BEGIN {
            n = split("minor significant considerable major catastrophic", s, " ")
            for (i = 1; i <= n; i++) column[s[i]] = i
            risk["very high"] = "34455"; risk["high"] = "23345"
            risk["medium"] = "22334"; risk["low"] = "12234"
            risk["very low"] = "11223"
        }
        function wrong(what) {
            printf "%s: %s\n", $1, what
            n_wrong++
        }
        function judge(likelihood, says) {
            if (!(likelihood in risk)) wrong("no likelihood: " likelihood)
            else if (substr(risk[likelihood], column[$5], 1) != says)
                wrong("risk " says " is not what the matrix says")
        }
        NF != 14 { wrong("14 columns are wanted"); next }
        $1 !~ /^[A-Z][0-9][0-9]$/ || $1 <= last { wrong("ids are unique and rise") }
        { last = $1 }
        !($5 in column) { wrong("no severity: " $5); next }
        { judge($6, $7); judge($8, $9) }
        $9 > $7 { wrong("the control makes it worse") }
        { for (i = 1; i <= NF; i++) if ($i == "") wrong("column " i " is empty") }
        END { exit n_wrong > 0 }' >&2 || bad=1
}

# The patch names one file, the one of the row, and applies to the tree as it is.
applies() { # ID WHERE
    patch=docs/safety/controls/$1.patch
    file=${2%%:*}
    if [ ! -f "$patch" ]; then
        say "$1 has no patch"
    elif [ "$(grep -c '^+++ ' "$patch")" != 1 ] || ! grep -q "^+++ b/$file\$" "$patch"; then
        say "$patch is not about $file alone"
    elif ! patch -p1 -F0 -s -f --dry-run -i "$patch" >/dev/null 2>&1; then
        say "$patch no longer applies: what it removed has changed"
    fi
    grep -q "${2#*:}" "$file" || say "$1: $file has no ${2#*:}"
}

check() {
    well_formed
    rows | while IFS=$tab read -r id _ _ _ _ _ _ _ _ _ where program suite test; do
        bad=0
        applies "$id" "$where"
        case $program in
        *.sh)
            grep -qF "is '$test' " "tests/$program" || say "$id: there is no test $test"
            ;;
        *)
            grep -qE "^START_TEST\($test\)" tests/*.c || say "$id: there is no test $test"
            grep -qF "\"$suite\"" tests/*.c || say "$id: there is no suite $suite"
            ;;
        esac
        grep -q "tests/$program" tests/local.mk || say "$id: there is no program $program"
        [ "$bad" = 0 ] || exit 1
    done || bad=1
    for patch in docs/safety/controls/*.patch; do
        id=${patch##*/}
        rows | grep -q "^${id%.patch}$tab" || say "$patch has no row"
    done
    [ "$bad" = 0 ] || exit 1
}

# Which rows: those first by a checksum of the id and the change log.  So each change
# that is told draws others, and the tree alone says which.
drawn() {
    rows | cut -f 1 | while read -r id; do
        echo "$({ echo "$id" && cat CHANGELOG.md; } | cksum | cut -d ' ' -f 1) $id"
    done | sort -n | head -n "$1" | cut -d ' ' -f 2
}

# ---- a copy of the tree ---------------------------------------------------------
# What differs is copied, and with it the time: make sees it.
follow() {
    mkdir -p "$copy"
    for f in $(find configure.ac Makefile.am ./*.md LICENSE base context config hl7 \
        fhir runtime advice plugin trainer tests tools man examples m4 docs .ci \
        deploy quickstart .clang-format .clang-tidy -type f ! -name '*.inc' ! -name '*.o' \
        ! -name '*.m4' ! -name '*.log' ! -name '*.trs'); do
        cmp -s "$f" "$copy/$f" || {
            mkdir -p "$(dirname "$copy/$f")"
            cp "$f" "$copy/$f"
        }
    done
    [ -f "$copy/Makefile.in" ] || (mkdir -p "$copy/m4" && cd "$copy" && autoreconf -fi >/dev/null 2>&1)
    mkdir -p "$scratch/build"
    [ -f "$scratch/build/Makefile" ] || (cd "$scratch/build" && "$copy/configure" -q --enable-debug)
}
made() { (cd "$scratch/build" && make -s -j2 "$@"); }
# What has to be built for a program: drills are scripts about anamnesis itself.
needs() {
    for program; do
        case $program in
        *.sh) echo anamnesis tests/drill tests/receiver ;;
        *) echo "tests/$program" ;;
        esac
    done
}

# run PROGRAM SUITE: its TAP into `tap`.
run() {
    (
        cd "$scratch/build"
        top_srcdir=$copy
        top_builddir=$(pwd)
        CK_TAP_LOG_FILE_NAME=-
        CK_RUN_SUITE=$2
        ANAMNESIS_TEST_FOLDER=$("$copy/tests/test_folder.sh")
        export top_srcdir top_builddir CK_TAP_LOG_FILE_NAME CK_RUN_SUITE ANAMNESIS_TEST_FOLDER
        case $1 in
        *.sh) timeout -k 10 300 "$copy/tests/$1" ;;
        *) timeout -k 10 300 "tests/$1" ;;
        esac
    ) >"$scratch/tap" 2>&1 || :
}
passes() { grep -qE "^ok ([0-9]+ - $1\$|.*:$1: )" "$scratch/tap" && ! fails "$1"; }
fails() { grep -qE "^not ok ([0-9]+ - $1\$|.*:$1: )" "$scratch/tap"; }

# With the control: the programs are built, and each test passes.
as_it_is() {
    rows | awk -F '\t' -v ids=" $* " 'index(ids, " " $1 " ") { print $12 "\t" $13 }' |
        sort -u >"$scratch/suites"
    made generated >"$scratch/log" 2>&1 &&
        made $(needs $(cut -f 1 "$scratch/suites" | sort -u)) >>"$scratch/log" 2>&1 || {
        tail -n 20 "$scratch/log" >&2
        say 'the tree does not build'
        exit 1
    }
    while IFS=$tab read -r program suite; do
        run "$program" "$suite"
        for id; do
            rows | awk -F '\t' -v id="$id" -v p="$program" -v s="$suite" \
                '$1 == id && $12 == p && $13 == s { print $14 }' | while read -r test; do
                passes "$test" || exit 1
            done || say "$id: its test does not pass as the tree is"
        done
    done <"$scratch/suites"
    [ "$bad" = 0 ] || exit 1
}

# Without it: `verdict` of one row.
without() { # ID PROGRAM SUITE TEST
    patch=$copy/docs/safety/controls/$1.patch
    (cd "$copy" && patch -p1 -F0 -s -f --no-backup-if-mismatch -i "$patch") || {
        verdict='the patch does not apply'
        return
    }
    if made $(needs "$2") >"$scratch/log" 2>&1; then
        run "$2" "$3"
        verdict='the test PASSES without the control'
        ! fails "$4" || verdict='fails, as it must'
    else
        verdict='does not build without the control'
    fi
    (cd "$copy" && patch -R -p1 -F0 -s -f --no-backup-if-mismatch -i "$patch")
}

remove() {
    scratch=${SAFETY_BUILD:-$top/build-safety}
    mkdir -p "$scratch"
    scratch=$(cd "$scratch" && pwd)
    copy=$scratch/tree
    follow
    as_it_is "$@"
    printf '%-4s %-28s %-62s %s\n' id program/suite test 'without the control'
    for id; do
        began=$(date +%s)
        rows | awk -F '\t' -v id="$id" '$1 == id { print $12 "\t" $13 "\t" $14 }' >"$scratch/row"
        IFS=$tab read -r program suite test <"$scratch/row" || {
            say "there is no row $id"
            continue
        }
        without "$id" "$program" "$suite" "$test"
        printf '%-4s %-28s %-62s %s (%s s)\n' "$id" "$program $suite" "$test" \
            "$verdict" "$(($(date +%s) - began))"
        [ "$verdict" = 'fails, as it must' ] || bad=1
    done
    exit "$bad"
}

check
case ${1:-} in
--check) echo "$(rows | wc -l) hazards: each has its control, patch and test" ;;
--drawn) remove $(drawn "$2") ;;
'') remove $(rows | cut -f 1) ;;
*) remove "$@" ;;
esac
