#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The checks that stand between a translator and a patient: each harmful pattern
# stops tools/po2tab.awk.
set -u
root=${top_srcdir:-.}
awk=${AWK:-awk}
bad=0

fail() {
    echo "catalogues: $*" >&2
    bad=1
}

# English, translation, and the words that the message must hold ("" passes).
pattern() {
    out=$(printf 'msgid ""\nmsgstr "X-Review: draft\\n"\n\n%s\nmsgctxt "A"\nmsgid "%s"\nmsgstr "%s"\n' \
        "${4-}" "$1" "$2" |
        $awk -v language=xx -f "$root/tools/po2tab.awk" 2>&1)
    code=$?
    if [ -z "$3" ]; then
        [ "$code" -eq 0 ] || fail "refuses: $2: $out"
    else
        [ "$code" -ne 0 ] || fail "takes: $2"
        case $out in *"$3"*) ;; *) fail "of \"$2\" it says: $out" ;; esac
    fi
}

n='{6, plural, one {# day} other {# days}}'
pattern "in $n" "en {6, plural, one {# dia} other {# dias}}" ''
pattern '{0} of {1}' '{1}: {0}' ''
pattern '{0} of {1}' '{0}' 'not those of the English'
pattern '{0}' '{0} {1}' 'not those of the English'
pattern '{0}' '' 'no text'
pattern '{0}' '{0} 7' 'a number is written out'
pattern '{0}' '{0' 'neither text'
pattern '{0}' '{0}}' 'braces are not balanced'
pattern '{0}' '{0, plural, other {x}}' 'texts are {0} to {5}'
pattern '{0}' '{0, date}' 'neither text'
pattern '{6, number}' '{6}' 'numbers {6} to {11}'
pattern '{6, number}' '{6, number, integer}' 'neither text'
pattern '{7, number}' '{7, number}' '{7} is used and {6} is not'
pattern '{12}' '{12}' 'is over {11}'
pattern '{0}' "'{'{0}" 'quoted brace'
pattern '{0}' '{0}' 'fuzzy' '#, fuzzy'

# A missing key stops the build by msgcmp.
if command -v msgcmp >/dev/null; then
    sed '/^msgctxt "SUMMARY_URGENT"/,/^$/d' "$root/config/locale/es.po" \
        >catalogues-es.po
    msgcmp catalogues-es.po "$root/config/locale/en.pot" 2>/dev/null &&
        fail 'a missing key passes msgcmp'
    rm -f catalogues-es.po
fi
exit $bad
