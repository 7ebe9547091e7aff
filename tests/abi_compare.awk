# SPDX-License-Identifier: Apache-2.0
# The ABI that was recorded beside that of a header (abi_describe.awk): a line
# for each thing that would break a host that was compiled before.
#
#     awk -f abi_compare.awk RECORD NOW
#
# Fields and structs are only appended, constants and functions only added; the
# minor version counts up.  Exit status: 0 the same; 1 incompatible; 2 only new
# things, which are not recorded yet.
BEGIN { FS = "\t" }
{
    key = $1 " " $2
    value = $3 "\t" $4 "\t" $5
}
FNR == NR {
    was[key] = value
    if ($1 == "struct")
        end[$2] = $3 # what pads it at its end is not free: hosts count it in
    next
}
{
    now[key] = value
    if (!(key in was)) {
        owner = $2
        sub(/\..*/, "", owner)
        if ($1 == "field" && owner in end && $3 + 0 < end[owner])
            say(key " is inserted, at byte " $3 " of what hosts know as " end[owner] " bytes")
        else
            fresh[++n_fresh] = key
    } else if (was[key] != value) {
        if ($1 == "struct" && $3 + 0 > was[key] + 0)
            fresh[++n_fresh] = key " (it grows)"
        else if (key == "constant ANAMNESIS_ABI_MINOR" && $3 + 0 > was[key] + 0)
            fresh[++n_fresh] = key
        else
            say(key " was " shown(was[key]) " and is " shown(value))
    }
}
END {
    for (key in was)
        if (!(key in now))
            say(key " is gone")
    if (bad) {
        print "Hosts that were compiled with the recorded header would misread this one: put"
        print "the old back and append, or count up ANAMNESIS_ABI_MAJOR and begin a record"
        print "of that number (plugin/abi/README.md)."
        exit 1
    }
    if (n_fresh) {
        for (i = 1; i <= n_fresh; i++)
            print "new: " fresh[i]
        print "Compatible, but not recorded: count up ANAMNESIS_ABI_MINOR if it has not been,"
        print "and UPDATE_GOLDEN=1 make check TESTS=tests/abi_header.sh"
        exit 2
    }
}
function say(what)
{
    print what
    bad = 1
}
function shown(value)
{
    gsub(/\t+$/, "", value)
    gsub(/\t/, ", ", value)
    return value
}
