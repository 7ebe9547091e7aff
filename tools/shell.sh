# SPDX-License-Identifier: Apache-2.0
# What quickstart, .ci/run and the nightly script share; they source it from
# the root of the tree after setting $log.  Installs packages, says what is
# going on, counts tests.

started=${AN_STARTED:-$(date +%s)}

# One short line, with the seconds since the start.
say() {
    printf '[%4ss] %s\n' "$(($(date +%s) - started))" "$*"
}

# Leave with the reason and where to read more.
fail() {
    say "FAILED: $*"
    if [ -s "$log" ]; then
        echo "---- the last lines of $log"
        grep -avE '^(PASS: |checking )' "$log" | tail -n 40
        echo "---- the whole log: $log"
    fi
    exit 1
}

# Run a command into the log; the first argument says what it does.
step() {
    what=$1
    shift
    say "$what"
    printf '\n==== %s\n' "$what: $*" >>"$log"
    "$@" >>"$log" 2>&1 </dev/null || fail "$what"
}

# The names in package lists, less those that are installed.
missing_packages() {
    sed -e '/^#/d' -e '/^[[:space:]]*$/d' -e 's/[[:space:]].*//' "$@" |
        while read -r package; do
            dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
                grep -q '^installed$' || printf '%s\n' "$package"
        done
}

# apt-get as root without a question.  A proxy in the environment is kept.
apt_get() {
    set -- env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
    for name in http_proxy https_proxy no_proxy; do
        eval "value=\${$name:-}"
        [ -z "$value" ] || { shift; set -- env "$name=$value" "$@"; }
    done
    [ "$(id -u)" = 0 ] || set -- sudo -n "$@"
    "$@"
}

# The lists of packages may be absent or old: fetch them only if the first try
# says so.  Word splitting of $1 is meant.
apt_install() {
    apt_get install --no-install-recommends $1 ||
        { apt_get update && apt_get install --no-install-recommends $1; }
}

# Install what the given lists name and the machine lacks.
install_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not a Debian system: its own packages must stand for those of $*"
        return
    fi
    missing=$(missing_packages "$@" | tr '\n' ' ')
    if [ -z "$missing" ]; then
        say "packages: all installed"
    elif [ "$(id -u)" = 0 ] || sudo -n true >/dev/null 2>&1; then
        step "packages: installing ${missing% }" apt_install "$missing"
    else
        say 'packages are missing, and this user may not install them. Run:'
        echo "sudo apt-get install --no-install-recommends ${missing% }"
        exit 1
    fi
}

# Sum of the results that automake left below the given folders, as
# "N passed, N failed[, N skipped]".  An expected failure is a pass.
count_tests() {
    find "$@" -name '*.trs' -exec cat '{}' + 2>/dev/null | awk '
        /^:test-result: (PASS|XFAIL)/ { passed++ }
        /^:test-result: (FAIL|XPASS|ERROR)/ { failed++ }
        /^:test-result: SKIP/ { skipped++ }
        END {
            printf "%d passed, %d failed", passed, failed
            if (skipped)
                printf ", %d skipped", skipped
            print ""
        }'
}

# The same from the summaries in logs of make check, which add up: a folder
# that is checked twice leaves only its second results.
count_logs() {
    cat "$@" | awk '
        /^# (PASS|XFAIL): / { passed += $3 }
        /^# (FAIL|XPASS|ERROR): / { failed += $3 }
        /^# SKIP: / { skipped += $3 }
        END {
            printf "%d passed, %d failed", passed, failed
            if (skipped)
                printf ", %d skipped", skipped
            print ""
        }'
}

# What the failed tests said, less what went well in them; then the names of
# those that were skipped.
show_failures() {
    find "$@" -name '*.trs' | sort | while read -r trs; do
        if grep -qE '^:test-result: (FAIL|XPASS|ERROR)' "$trs"; then
            echo "---- ${trs%.trs}"
            grep -avE '^(ok |PASS: |1\.\.)' "${trs%.trs}.log" | tail -n 30
        fi
        sed -n "s|^:test-result: SKIP|skipped: ${trs%.trs}|p" "$trs"
    done
}
