#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shared object from outside: what it exports and needs, examples/host.c over
# the story, the flat face from Python, and a host built against what make
# install put down.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story
library=$built/.libs/libanamnesis.so
host=$built/examples/host
sanitized=$(nm -D "$library" | grep -c ' U __asan_init' || :)

# ---- what it exports, and what it needs ----------------------------------------
# Names before a "(" in what the header exports.
awk '/^ANAMNESIS_EXPORT/ { on = 1 }
    on && match($0, /anamnesis_[a-z_]*\(/) {
        print substr($0, RSTART, RLENGTH - 1); on = 0
    }
    /^anamnesis_[a-z_]*\(/ { on = 0 }' "$top/plugin/anamnesis.h" | sort >want
nm -D --defined-only "$library" | awk '{ print $NF }' | sort >got
alike() { test -s "$1" && diff "$1" "$2"; }
is 'it exports what the header declares, and nothing else' alike want got
nm -u "$built/.libs/libabi.a" 2>/dev/null | awk '{ print $2 }' | sort -u >needs
none() { test -s "$2" && ! grep -nE "$1" "$2"; }
is 'nothing of ours ends, forks, signals or prints in its host' none \
    '^(exit|_exit|_Exit|quick_exit|abort|on_exit|fork|vfork|system|signal|sigaction|setlocale|puts|putchar|printf|__printf_chk|stdout|stderr|perror)$' \
    needs
nm -D --undefined-only "$library" | sed 's/.* //; s/@.*//' >needs
if readelf -d "$library" | grep -q 'NEEDED.*openblas'; then
    echo '# libanamnesis.so takes the shared OpenBLAS: see configure'
else
    is 'its BLAS is inside' none 'openblas|goto|cblas' needs
fi

if [ "$sanitized" = 0 ]; then
    readelf -d "$built/.libs/libanamnesis-helper.so" |
        sed -n 's/.*NEEDED.*\[\(.*\)\].*/\1/p' >needs
    echo libc.so.6 >want
    is 'libanamnesis-helper.so needs libc and nothing else' alike want needs
fi

# ---- a host in C -------------------------------------------------------------------
demo() { # FILE STAGE
    cat >"$1" <<END
environment: demo
stage: $2
clock: messages
tables:
  codes: "$top/config/tables/local-codes.tsv"
  authorities: "$story/authorities.tsv"
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
store: {path: "$work/$2.db"}
END
}
n=$(ls "$story"/messages/*.hl7 | wc -l)
runs() { # STAGE
    demo "$1.yaml" "$1"
    "$host" "$library" "$1.yaml" "$story/history.json" "$story"/messages/*.hl7 \
        >"$1.out" 2>"$1.err" || { tail -n 5 "$1.out" "$1.err" | cut -c 1-200; return 1; }
}
accepted() { [ "$(tr '\r' '\n' <"$1.out" | grep -c '^MSA|CA|')" = "$n" ]; }
after_discharge() { # what came with the last message
    awk '/^== / { n = 0 } { line[n++] = $0 }
        END { for (i = 0; i < n; i++) print line[i] }' live.out >last
    grep -q '"type":"transaction"' last && grep -q '"RiskAssessment"' last &&
        grep -q '"Provenance"' last
}
is 'live: the story goes through the example' runs live
is 'each message is acknowledged' accepted live
is 'the discharge brings risks and where they come from' after_discharge
is 'shadow: the story goes through' runs shadow
is 'each message is acknowledged' accepted shadow
is 'and nothing else leaves' none 'RiskAssessment|"transaction"' shadow.out
# A host that ends without a word, as a JVM does, while the watch computes.
leaves() {
    sed '/p->destroy(engine);/d' "$top/examples/host.c" >leaves.c
    ${CC:-cc} -I"$top/plugin" leaves.c -o leaves -ldl || return 1
    for round in 1 2 3; do
        demo leaves.yaml shadow
        rm -f shadow.db*
        ./leaves "$library" leaves.yaml "$story/history.json" \
            "$story"/messages/*.hl7 >leaves.out 2>leaves.err || return 1
    done
}
if [ "$sanitized" = 0 ]; then
    is 'a process may end without destroy' leaves
fi
is 'another library is refused' exits 1 "$host" "$host" live.yaml

# ---- the flat face from Python -------------------------------------------------------
if [ "$sanitized" != 0 ]; then
    echo '# sanitizers must be first in a process: not from Python'
elif ! python3 -c 'import ctypes, json' 2>/dev/null; then
    echo '# python3 with ctypes is not installed: the flat face is not called from it'
else
    demo python.yaml live
    sed -i 's/live.db/python.db/' python.yaml
    is 'ctypes: messages, suggestions, stale and invented engines' \
        python3 "$top/tests/library_flat.py" "$library" python.yaml "$story"
    tells() { # LIBRARY CONFIG
        python3 "$top/examples/host.py" "$1" "$2" "$story"/messages/*.hl7 \
            >python.out || { tail -n 3 python.out | cut -c 1-200; return 1; }
        [ "$(tr '\r' '\n' <python.out | grep -c '^MSA|CA|')" = "$n" ]
    }
    is 'examples/host.py: the story goes through' tells "$library" python.yaml
fi

# ---- by the helper ---------------------------------------------------------------------
helper=$built/.libs/libanamnesis-helper.so
demo serve.yaml live
sed -i 's/live.db/serve.db/' serve.yaml
echo "listen: {mllp: {address: \"\"}, http: {address: \"\"}, socket: {path: \"$work/socket\"}}" \
    >>serve.yaml
echo "helper: {socket: \"$work/socket\", timeout: 60s}" >helper.yaml
by_helper() {
    "$host" "$helper" helper.yaml "$story/history.json" "$story"/messages/*.hl7 \
        >live.out 2>live.err || { tail -n 5 live.err | cut -c 1-200; return 1; }
}
refuses() { # TEXT COMMAND...
    text=$1
    shift
    ! "$@" >refused 2>&1 && grep -q "$text" refused || { cat refused; return 1; }
}
if [ "${#work}" -gt 90 ]; then
    echo '# the path is too long for a socket: the helper is not tried from here'
else
    serve serve.yaml
    is 'the helper: the story goes through the example' by_helper
    is 'each message is acknowledged' accepted live
    is 'the discharge brings risks and where they come from' after_discharge
    is 'meanwhile the store is of no host' refuses \
        'in use by another' "$host" "$library" serve.yaml
    sed "s/serve.db/second.db/" serve.yaml >second.yaml
    is 'nor is the socket of another server' refuses 'another server listens' \
        "$built/anamnesis" -c second.yaml serve
    sed "s|$work/socket|$work/serve.yaml|; s/serve.db/second.db/" serve.yaml >second.yaml
    is 'a file is no place for a socket' refuses 'is there and is no socket' \
        "$built/anamnesis" -c second.yaml serve
    sed 's/socket: {/socket: {group: no-such-group, /; s/serve.db/second.db/' \
        serve.yaml >second.yaml
    is 'a group that there is not' refuses 'there is no such group' \
        "$built/anamnesis" -c second.yaml serve
    if [ "$sanitized" = 0 ] && python3 -c 'import ctypes' 2>/dev/null; then
        is 'examples/host.py: the same by the helper' tells "$helper" helper.yaml
    fi
    is 'the server stops, its socket is gone' eval 'stop && [ ! -e socket ]'
fi

# ---- what make install puts down -------------------------------------------------------
installs() {
    make -C "$built" install-libLTLIBRARIES install-includeHEADERS \
        install-pkgconfigDATA DESTDIR="$work/root"
}
builds() { # with nothing but what pkg-config says
    pc=$(find "$work/root" -name anamnesis.pc)
    PKG_CONFIG_PATH=$(dirname "$pc")
    PKG_CONFIG_SYSROOT_DIR=$work/root
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    cat >linked.c <<'END'
#include <anamnesis.h>
int main(void)
{
    return anamnesis_plugin_entry(ANAMNESIS_ABI_MAJOR, 0) == 0;
}
END
    ${CC:-cc} linked.c -o linked $(pkg-config --cflags --libs anamnesis) &&
        LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name libanamnesis.so)") ./linked
}
plain_c() { # with no other flag than the installed header's place
    for flags in "-x c -std=c11 -pedantic" "-x c -std=c99" "-x c++ -std=c++11"; do
        case $flags in *++*) command -v c++ >/dev/null || continue ;; esac
        echo '#include <anamnesis.h>' | ${CC:-cc} $flags -Wall -Wextra -Werror \
            -fsyntax-only "-I$(dirname "$(find "$work/root" -name anamnesis.h)")" - ||
            return 1
    done
}
if [ "$sanitized" != 0 ]; then
    echo '# an installed library is not built with sanitizers'
elif ! command -v pkg-config >/dev/null; then
    echo '# pkg-config is not installed: the installed library is not tried'
else
    is 'make install has the library, its header and its .pc' installs
    is 'a host builds and runs with what pkg-config says' builds
    is 'the header is plain C and C++' plain_c
fi
echo "1..$checks"
exit $failed
