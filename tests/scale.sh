#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Memory over more messages than it holds, run by "make scale" and at night:
#
#   scale.sh [MESSAGES [GIGABYTES [LINKS]]]   1,000,000, 10 and 16 unless told
#
# MESSAGES go through a server whose memory is read each second: once a tenth
# of them is through it may grow by no more than BOUND_MB, and never be above
# MOST_MB.  Then an archive of GIGABYTES is loaded from a terminal, with its bar;
# the same holds for what the program allocates (RssAnon) and for all that it has
# resident, mapped files included.  SCALE_STAGE=shadow has the model of the tree
# speak meanwhile.  Wants twice the archive on the disk.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
scale=$built/tests/scale
n=${1:-1000000}
gb=${2:-10}
links=${3:-16}
BOUND_MB=${SCALE_BOUND_MB:-8}
MOST_MB=${SCALE_MOST_MB:-300} # of design.md section 7

row() { printf '%s\t%s\t%s\n' "$@"; }

# Of a process, once a second until it ends: seconds, resident, allocated (MB).
watch() { # PID FILE
    second=0
    while [ -r "/proc/$1/status" ]; do
        awk -v s=$second '/^VmRSS:/ { all = $2 } /^RssAnon:/ { own = $2 }
            END { if (all) printf "%d %.1f %.1f\n", s, all / 1000, own / 1000 }' \
            "/proc/$1/status" 2>/dev/null >>"$2" || :
        sleep 1
        second=$((second + 1))
    done
}

# Start, peak and end of a watch, and how much more it falls back to in its last
# third than after its first tenth: what is in flight comes and goes by tens of
# MB, as the disk is quick or slow.
memory() { # NAME FILE COLUMN
    awk -v name="$1" -v column="$3" -v bound="$BOUND_MB" -v most="$MOST_MB" '
        { mb[NR] = $column; if ($column > peak) peak = $column }
        END {
            if (NR < 40) { print name ": too short to tell" >"/dev/stderr"; exit 1 }
            for (i = 1; i <= NR; i++) {
                if (i > NR / 10 && i <= NR / 3 && (!early || mb[i] < early)) early = mb[i]
                # The last ones may have seen it end.
                if (i > NR * 2 / 3 && i < NR - 1 && (!late || mb[i] < late)) late = mb[i]
            }
            grown = late - early
            printf "%s_start\t%.1f\tMB\n%s_peak\t%.1f\tMB\n", name, mb[1], name, peak
            printf "%s_end\t%.1f\tMB\n%s_grown\t%.1f\tMB\n", name, mb[NR], name, grown
            if (grown > bound || peak > most) {
                printf "%s: grew by %.1f MB after warm-up (bound %s), peak %.1f MB (bound %s)\n",
                    name, grown, bound, peak, most >"/dev/stderr"
                exit 1
            }
        }' "$2"
}

configure_scale() { # STORE
    config a.yaml "$1"
    [ "${SCALE_STAGE:-off}" != off ] || return 0
    sed -i '/^environment/d; /^stage/d' a.yaml
    cat >>a.yaml <<END
environment: demo
stage: $SCALE_STAGE
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
END
}

through_serve() {
    configure_scale "$work/serve.db"
    serve a.yaml
    watch "$server" serve.watch &
    watcher=$!
    row scale/serve_accepted "$("$scale" send "$mllp" 0 "$n" "$links")" msg/s
    row scale/serve_messages "$n" messages
    kill "$watcher" 2>/dev/null || :
    wait "$watcher" 2>/dev/null || :
    memory scale/serve serve.watch 2 || failed=1
    stop
    rm -f serve.db*
}

through_backload() {
    "$scale" archive "$(echo "$gb" | awk "{ printf \"%.0f\", \$1 * 1e9 }")" >archive.hl7
    configure_scale "$work/load.db"
    bytes=$(wc -c <archive.hl7)
    row scale/archive "$bytes" bytes
    begun=$(date +%s.%N)
    # A terminal of its own, so that there is a bar; exec keeps one process.
    script -q -e -c "echo \$\$ >pid; exec '$built/anamnesis' -c a.yaml backload archive.hl7" \
        typed >/dev/null &
    loader=$!
    awaits test -s pid
    watch "$(cat pid)" load.watch &
    wait "$loader" || { failed=1; tail -n 3 typed >&2; }
    took=$(echo "$(date +%s.%N) $begun" | awk '{ print $1 - $2 }')
    wait
    row scale/backload "$(echo "$bytes $took" | awk '{ printf "%.1f", $1 / $2 / 1e6 }')" MB/s
    sed -n 's/\r*$//; s/^\([0-9]* messages:.*\)/# \1/p' typed
    row scale/backload_messages "$(sed -n 's/^\([0-9]*\) messages:.*/\1/p' typed)" messages
    row scale/backload_bars "$(tr '\r' '\n' <typed | grep -c '^backload \[')" drawn
    tr '\r' '\n' <typed | grep -q '^backload \[#*\] 100 %' || {
        echo 'the bar did not come to its end' >&2
        failed=1
    }
    memory scale/backload_allocated load.watch 3 || failed=1
    memory scale/backload_resident load.watch 2 || failed=1
    row scale/store "$(du -cb load.db* | awk 'END { print $1 }')" bytes
}

[ "$n" = 0 ] || through_serve
[ "$gb" = 0 ] || through_backload
exit "$failed"
