#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# plugin/anamnesis.h against what hosts were compiled with: plugin/abi/abi-1.tsv
# has its constants, its structs with the place of each field, and its functions.
# What is there stays; what is new is appended.  And the check itself, on copies
# of the header that are changed as they must not be.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
header=$top/plugin/anamnesis.h
record=$top/plugin/abi/abi-1.tsv
awk=${AWK:-awk}
LC_ALL=C
export LC_ALL

if [ "$(getconf LONG_BIT)" != 64 ]; then
    echo '1..0 # SKIP the record is of machines with 64 bits'
    exit 77
fi

describe() { # HEADER OUT
    $awk -f "$top/tests/abi_describe.awk" "$1" >describe.c &&
        ${CC:-cc} -std=c11 "-DHEADER=\"$1\"" describe.c -o describe &&
        ./describe >"$2"
}
compare() { $awk -f "$top/tests/abi_compare.awk" "$record" "$1"; }
kept() {
    describe "$header" now && grep -q '^function' now || return 1
    if [ -n "${UPDATE_GOLDEN:-}" ]; then
        [ ! -f "$record" ] || compare now || [ $? = 2 ] || return 1
        cp now "$record"
    fi
    compare now
}
is 'the header is what the record says' kept

# ---- the check notices -----------------------------------------------------------
broken() { # STATUS PATTERN SED-SCRIPT
    sed "$3" "$header" >changed.h
    ! cmp -s changed.h "$header" || { echo 'nothing was changed'; return 1; }
    describe "$work/changed.h" changed || return 1
    says "$1" "$2" compare changed
}
is 'a field that is inserted' broken 1 'anamnesis_message.priority is inserted' \
    's/^    const uint8_t \*data;$/    uint64_t priority;\n&/'
is 'a field that is inserted first' broken 1 'struct_size was 0, 4' \
    's/^typedef struct anamnesis_host {$/&\n    uint32_t magic;/'
is 'a field that is put into a gap' broken 1 'anamnesis_host.gap is inserted, at byte 4' \
    '/^typedef struct anamnesis_host {$/,/}/s/^    uint32_t struct_size;$/&\n    uint32_t gap;/'
is 'a field in what pads the end' broken 1 'anamnesis_message.late is inserted, at byte 44' \
    's|^    uint32_t deadline_ms;|    uint32_t deadline_ms, late;|'
is 'two fields that changed places' broken 1 'abi_major was' \
    's/abi_major, abi_minor;/abi_minor, abi_major;/'
is 'a field of another width' broken 1 'anamnesis_message.flags was 4, 4' \
    's/^    uint32_t flags;/    uint64_t flags;/'
is 'a field that is gone' broken 1 'anamnesis_message.deadline_ms is gone' \
    '/^    uint32_t deadline_ms;/d'
is 'a function of the table with another argument' broken 1 'anamnesis_plugin.drain was' \
    's/(\*drain)(anamnesis_engine \*engine, uint32_t timeout_ms)/(*drain)(anamnesis_engine *engine)/'
is 'a constant of another value' broken 1 'ANAMNESIS_E_REFUSED was -4 and is -40' \
    's/ANAMNESIS_E_REFUSED (-4)/ANAMNESIS_E_REFUSED (-40)/'
is 'a name of another text' broken 1 'text ANAMNESIS_CHART was' \
    's|anamnesis.chart/1|anamnesis.chart/2|'
is 'a function that is gone' broken 1 'function anamnesis_flat_free is gone' \
    '/anamnesis_flat_free(/d'
is 'a function with another result' broken 1 'function anamnesis_flat_create was' \
    's/^ANAMNESIS_EXPORT int64_t anamnesis_flat_create/ANAMNESIS_EXPORT int32_t anamnesis_flat_create/'
is 'what is appended is asked to be recorded' broken 2 'new: field anamnesis_result.lang' \
    '/^typedef struct anamnesis_result {$/,/}/s/^    size_t n;$/&\n    const char *lang;/'
renamed() {
    sed 's/uint32_t timeout_ms)/uint32_t patience)/' "$header" >changed.h
    ! cmp -s changed.h "$header" && describe "$work/changed.h" changed &&
        compare changed
}
is 'names of parameters may change' renamed

# ---- and both libraries have its functions ---------------------------------------
sed -n 's/^function\t\([^\t]*\).*/\1/p' "$record" | sort >want
exports() {
    nm -D --defined-only "$built/.libs/$1" | awk '{ print $NF }' | sort >got
    test -s want && diff want got
}
is 'libanamnesis.so exports these functions' exports libanamnesis.so
is 'libanamnesis-helper.so exports the same' exports libanamnesis-helper.so
echo "1..$checks"
exit $failed
