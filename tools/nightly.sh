#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What takes longer than a change may wait for: fuzzing, more sanitizers,
# clang-tidy, coverage, faults, a million messages and an archive of 10 GB.
# Builds below build-nightly/, never in the caller's folder.
#
#   tools/nightly.sh [STAGE]...      all stages when none is named
#
# FUZZ_SECONDS (600) is for each fuzz target; FAULT_ROUNDS (200) are kills,
# FAULT_CUTS (5000) cuts of power for each of the four tests that cut it.  Stops
# at the first failure.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."
root=$(pwd)
mkdir -p build-nightly
log=$root/build-nightly/nightly.log
: >"$log"
. tools/shell.sh

# Configure into its own folder once, then build.
built() {
    dir=build-nightly/$1
    shift
    mkdir -p "$dir"
    (cd "$dir" && { [ -f Makefile ] || "$root/configure" "$@"; } &&
        make -j "$(nproc)")
}

fuzz() {
    built fuzz CC=clang-14 --enable-fuzz --enable-debug &&
        make -C build-nightly/fuzz fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-600}"
}

# Wrap-around and lossy conversions that are legal C but rarely meant.
integers() {
    built integers CC=clang-14 --enable-debug \
        --enable-sanitizers=address,undefined,implicit-conversion,float-divide-by-zero,nullability &&
        make -C build-nightly/integers -j "$(nproc)" check
}

threads() {
    built threads CC=clang-14 --enable-debug --enable-sanitizers=thread &&
        make -C build-nightly/threads check
}

# Holds clang's own analyser too.  gcc's -fanalyzer is not here: it does not
# know that an empty view may be NULL, and cries at base/str.c.
tidy() {
    built tidy CC=clang-14 --enable-debug && make -C build-nightly/tidy tidy
}

# Of one suite.
cuts() {
    CK_RUN_SUITE=$1 CK_TIMEOUT_MULTIPLIER=100 \
        ANAMNESIS_CUTS="${FAULT_CUTS:-5000}" \
        make -C build-nightly/faults check TESTS=tests/store.t
}

# The drills of what goes wrong, at full length: 200 kills, thousands of cuts,
# more random worlds.
faults() {
    built faults &&
        make -C build-nightly/faults -j "$(nproc)" all &&
        cuts store/power &&
        cuts store/power-said &&
        ANAMNESIS_WORLDS=3 CK_TIMEOUT_MULTIPLIER=10 \
            make -C build-nightly/faults check TESTS=tests/store.t &&
        ANAMNESIS_ROUNDS="${FAULT_ROUNDS:-200}" ANAMNESIS_CRASH=full \
            make -C build-nightly/faults check \
            TESTS='tests/kill.sh tests/crash.sh tests/disk.sh tests/clock.sh tests/crowd.sh'
}

coverage() {
    built coverage --enable-debug --enable-coverage CFLAGS=-g &&
        make -C build-nightly/coverage -j "$(nproc)" check &&
        make -C build-nightly/coverage coverage
}

# Each control of the hazard log, taken out: its test has to fail.
safety() {
    SAFETY_BUILD=$root/build-nightly/safety tools/remove-controls.sh
}

# Memory stays flat: needs 25 GB of disk for half an hour.
scale() {
    built scale && make -s -C build-nightly/scale scale
}

# The two commands on a minimal Debian 12.
clean() {
    tests/peers/debootstrap.sh
}

[ -f configure ] || step 'making configure' autoreconf -fi
[ $# -gt 0 ] || set -- fuzz integers threads tidy faults safety coverage scale clean
for stage; do
    case $stage in
    fuzz | integers | threads | tidy | faults | safety | coverage | scale) ;;
    clean)
        if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
            say 'clean: SKIPPED, wants root and debootstrap'
            continue
        fi
        ;;
    *) fail "there is no stage $stage" ;;
    esac
    step "$stage" "$stage"
done
say 'all stages passed'
case " $* " in
*' coverage '*) make -s -C build-nightly/coverage coverage ;;
esac
