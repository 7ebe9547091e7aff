#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a compiler does not know: who includes whom, how
# long a file may be, which calls are banned, no unfinished marks.
set -eu
cd "${top_srcdir:-.}"
awk=${AWK:-awk}
rooms='base config context hl7 fhir runtime advice plugin trainer'
bad=0

say() {
    echo "check-tree: $*" >&2
    bad=1
}

sources=$(find $rooms tests examples -name '*.[ch]' | sort)

grep -n '^#include "' $(find $rooms -name '*.[ch]' | sort) /dev/null |
    $awk -f tools/layers.awk >&2 || bad=1

for f in $(find $rooms tests examples tools -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.java' \
    -o -name '*.py' \) | sort); do
    n=$(wc -l <"$f")
    [ "$n" -le 600 ] || say "$f has $n lines; the limit is 600"
done

# Unbounded, global or locale-bound calls; see CONTRIBUTING.md.
grep -nE '(^|[^_a-zA-Z])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atof|gmtime|localtime|system|rand|alloca|setlocale)\(' \
    $(find $rooms -name '*.[ch]' | sort) /dev/null | grep -v '^[^:]*:[0-9]*: \*' &&
    say 'a banned call' || :

# One allocator below plugin/ and trainer/.
grep -nE '(^|[^_a-zA-Z])(malloc|calloc|realloc|strdup)\(' \
    $(find base config context hl7 fhir runtime advice -name '*.[ch]' | sort) \
    /dev/null | grep -v '^base/arena\.c:' && say 'memory is got from an arena' || :

grep -nE '(TO''DO|FIX''ME|X''XX)' $sources /dev/null && say 'an unfinished mark' || :

for f in $sources; do
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        say "$f does not begin with its licence line"
done
exit $bad
