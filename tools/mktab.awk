# SPDX-License-Identifier: Apache-2.0
# A reviewed table (.tsv) becomes the initialiser of a C array (.inc).
#
#     LC_ALL=C awk -f tools/mktab.awk config/tables/charsets.tsv
#
# The table describes itself, in comments before the first row:
#
#     # columns: name<TAB>iconv<TAB>rank:n      what each column is
#     # key: 1                                  the first so many make the key
#
# A plain column becomes a C string; NAME:n a number; NAME:d a decimal, which
# becomes a double; NAME:e an enumerator.
# Rows are in byte order of their key, which is unique, so that C can search
# them by halves.  Nothing of the machine (date, path, user) is printed: the
# same table gives the same bytes.
BEGIN {
    FS = "\t"
    n_columns = 0
    n_keys = 1
}
function fail(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
    failed = 1
    exit 1
}
function quoted(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\"" s "\""
}
/^# columns: / {
    sub(/^# columns: /, "")
    n_columns = split($0, kind, "\t")
    for (i = 1; i <= n_columns; i++)
        sub(/^[^:]*:?/, "", kind[i])
    next
}
/^# key: / {
    n_keys = substr($0, 8) + 0
    next
}
/^#/ || /^$/ { next }
n_columns == 0 { fail("a row before \"# columns:\"") }
NF != n_columns { fail("want " n_columns " columns, got " NF) }
/\r/ { fail("a carriage return") }
{
    key = ""
    for (i = 1; i <= n_keys; i++)
        key = key "\t" $i
    # In awk "" < "x" holds for strings; the tab keeps both sides strings.
    if (key == last)
        fail("the key of this row stands twice")
    if (key < last)
        fail("the rows are not in byte order of their key")
    last = key
    row = ""
    for (i = 1; i <= n_columns; i++) {
        if (kind[i] == "n" && $i !~ /^-?[0-9]+$/)
            fail("column " i " is no number")
        if (kind[i] == "d" && $i !~ /^-?[0-9]+(\.[0-9]+)?$/)
            fail("column " i " is no decimal")
        if (kind[i] == "e" && $i !~ /^[A-Za-z_][A-Za-z_0-9]*$/)
            fail("column " i " is no identifier")
        row = row (i > 1 ? ", " : "") (kind[i] == "" ? quoted($i) : \
                                     kind[i] == "d" && $i !~ /\./ ? $i ".0" : $i)
    }
    print "{" row "},"
}
END {
    if (!failed && last == "")
        fail("no rows")
}
