#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What "make bundle" makes works where nothing of ours is installed: every library
# that is needed is in the folder or is glibc's, and in a root that has glibc's
# files and no other the story goes through examples/host.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story

if nm -D "$built/.libs/libanamnesis.so" | grep -qE ' U __(asan|tsan|ubsan)_'; then
    echo '1..0 # SKIP sanitizers are not passed on'
    exit 77
fi
for tool in dpkg ldd readelf; do
    command -v "$tool" >/dev/null || {
        echo "1..0 # SKIP $tool is not installed"
        exit 77
    }
done

makes() { make -C "$built" bundle BUNDLE="$work/bundle"; }
is 'make bundle' makes
cd "$work"
[ -d bundle/lib ] || { echo "1..$checks"; exit 1; }

# ---- each thing that is needed is there -----------------------------------------
glibc='^(libc|libm|libdl|librt|libpthread|libresolv|libutil)\.so\.|^ld-linux'
needed() {
    for f in bundle/lib/*.so*; do
        readelf -d "$f" | sed -n "s/.*NEEDED.*\[\(.*\)\].*/\1/p"
    done | sort -u | grep -vE "$glibc" >want
    ls bundle/lib | sort >have
    test -s want && comm -23 want have | { ! grep .; }
}
is 'each library that one needs is there, or of glibc' needed
only_libc() {
    readelf -d bundle/lib/libanamnesis-helper.so |
        sed -n 's/.*NEEDED.*\[\(.*\)\].*/\1/p' >needs
    [ "$(cat needs)" = libc.so.6 ] || { cat needs; return 1; }
}
is 'libanamnesis-helper.so needs libc and nothing else' only_libc
is 'it looks beside itself first' sh -c \
    "readelf -d bundle/lib/libanamnesis.so | grep -q 'RPATH.*\[\$ORIGIN\]$'"
hidden() {
    nm -D --defined-only bundle/lib/libanamnesis.so | awk '{ print $NF }' |
        { ! grep -v '^anamnesis_'; }
}
is 'nothing of what is inside is seen from outside' hidden
noticed() {
    for f in bundle/lib/*.so.*; do
        grep -q "^lib/${f##*/}\$" bundle/NOTICE || { echo "not in NOTICE: $f"; return 1; }
    done
    sed -n 's/^    \([^ ]*\) [0-9].*/\1/p' bundle/NOTICE | sort -u >packages
    test -s packages || return 1
    while read -r p; do
        [ -s "bundle/licences/$p" ] || { echo "no text of $p"; return 1; }
    done <packages
}
is 'NOTICE names each file, and its licence is there' noticed
is 'the archive is the folder' sh -c \
    'tar -tzf bundle.tar.gz | grep -q lib/libanamnesis.so'

# ---- a machine with glibc and nothing else ---------------------------------------
enter() { chroot root "$@"; }
if ! command -v chroot >/dev/null || ! mkdir root || ! mkdir root/tmp; then
    echo '# chroot is not there: no bare machine is tried'
elif [ "$(id -u)" != 0 ] && ! unshare -r true 2>/dev/null; then
    echo '# neither root nor a namespace of users: no bare machine is tried'
else
    [ "$(id -u)" = 0 ] || enter() { unshare -r chroot root "$@"; }
    # Of Debian's libc6, where it has them; links are made again.
    dpkg -L libc6 | while read -r f; do
        case $f in */doc/* | */lintian/* | */gconv/* | */audit/*) continue ;; esac
        [ -f "$f" ] || continue
        mkdir -p "root$(dirname "$f")"
        cp -L "$f" "root$f"
    done
    loader=$(readelf -l "$built/examples/host" |
        sed -n 's/.*interpreter: \(.*\)\]/\1/p')
    mkdir -p "root$(dirname "$loader")"
    [ -e "root$loader" ] || cp -L "$loader" "root$loader"
    [ -d root/lib ] || mkdir root/lib
    for d in root/usr/lib/*-linux-gnu; do # where it looks for libc6
        [ ! -d "$d" ] || [ -e "root/lib/${d##*/}" ] ||
            ln -s "/usr/lib/${d##*/}" "root/lib/${d##*/}"
    done
    cp -R bundle root/opt
    cp "$built/examples/host" root/host
    cp -R "$story" root/story
    cat >root/live.yaml <<'END'
environment: demo
stage: live
clock: messages
tables: {authorities: /story/authorities.tsv}
outcomes: /opt/share/outcomes
model: {path: /opt/share/model, keys: /opt/share/keys}
store: {path: /tmp/live.db}
END
    bare() {
        (cd root && ls story/messages/*.hl7 | sed 's|^|/|') >messages
        # shellcheck disable=SC2046
        enter /host /opt/lib/libanamnesis.so /live.yaml /story/history.json \
            $(cat messages) >live.out 2>live.err || {
            tail -n 3 live.err | cut -c 1-200
            return 1
        }
        [ "$(tr '\r' '\n' <live.out | grep -c '^MSA|CA|')" = "$(wc -l <messages)" ] &&
            grep -q '"RiskAssessment"' live.out
    }
    is 'the story goes through where there is glibc and nothing else' bare
    empty() {
        find root -name '*.so*' ! -path 'root/opt/*' |
            { ! grep -E 'yajl|yaml|gnutls|sqlite|curl|icu|libz\.'; }
    }
    is 'and there was nothing else' empty
fi
echo "1..$checks"
exit $failed
