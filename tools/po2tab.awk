# SPDX-License-Identifier: Apache-2.0
# A catalogue becomes one line a message, X(KEY, "pattern"), after one line
# LANGUAGE(code, "locale of its numbers and dates", reviewed).  Fed with what msgcat prints for a PO file:
#
#     msgcat --no-wrap es.po | awk -v language=es -f tools/po2tab.awk > es.inc
#
# Of a template (-v source=1) the pattern is the msgid, else the msgstr.  It
# stops the build where a pattern could do harm at run time: a number written
# out in a sentence, an argument used as the wrong type (the C interface of ICU
# takes the arguments' types from the pattern), arguments that differ from the
# English ones, unbalanced braces, or a fuzzy or empty message.
function fail(what) {
    printf "%s.po: %s: %s\n", language, context, what > "/dev/stderr"
    failed = 1
}

# The text between the first and the last quote of a line.
function quoted(line) {
    sub(/^[^"]*"/, "", line)
    sub(/"[^"]*$/, "", line)
    return line
}

# The arguments of a pattern, each once, as " 0 6p": text or (p) number.
function arguments(pattern,    rest, name, seen, kind, list, i) {
    rest = pattern
    while (match(rest, /\{[0-9]+/)) {
        name = substr(rest, RSTART + 1, RLENGTH - 1) + 0
        rest = substr(rest, RSTART + RLENGTH)
        if (name > 11)
            fail("argument {" name "} is over {11}")
        if (rest ~ /^\}/ || rest ~ /^, select, /)
            kind = ""
        else if (rest ~ /^, (plural, |number\})/)
            kind = "p"
        else
            fail("{" name "} is neither text, select, plural nor number")
        if ((name < 6) != (kind == ""))
            fail("{" name "}: texts are {0} to {5}, numbers {6} to {11}")
        seen[name] = kind
    }
    for (i = 0; i < 12; i++)
        if (i in seen) {
            list = list " " i seen[i]
            if (i > 6 && !((i - 1) in seen))
                fail("{" i "} is used and {" i - 1 "} is not")
        }
    return list
}

function check(pattern,    rest, depth, i, c) {
    if (pattern == "")
        fail("no text")
    rest = pattern
    gsub(/\{[0-9]+/, "", rest)
    if (rest ~ /[0-9]/)
        fail("a number is written out: numbers come by argument only")
    if (rest ~ /\\/ || rest ~ /'[{}]/)
        fail("a backslash or a quoted brace")
    for (i = 1; i <= length(pattern); i++) {
        c = substr(pattern, i, 1)
        depth += (c == "{") - (c == "}")
        if (depth < 0)
            break
    }
    if (depth != 0)
        fail("braces are not balanced")
}

function finish() {
    if (part == "")
        return
    if (context == "") {
        reviewed = text["msgstr"] ~ /X-Review: (reviewed|source)\\n/
        locale = language
        if (match(text["msgstr"], /X-Locale: [A-Za-z-]+/))
            locale = substr(text["msgstr"], RSTART + 10, RLENGTH - 10)
        print "LANGUAGE(" language ", \"" locale "\", " \
            (reviewed ? "true" : "false") ")"
    } else if (!obsolete) {
        pattern = source ? text["msgid"] : text["msgstr"]
        check(pattern)
        if (arguments(pattern) != arguments(text["msgid"]))
            fail("its arguments are not those of the English text")
        if (fuzzy)
            fail("fuzzy: the English text has changed")
        print "X(" context ", \"" pattern "\")"
        n++
    }
    context = part = ""
    fuzzy = 0
    text["msgid"] = text["msgstr"] = ""
}

/^#~/ { next }
/^#,.*fuzzy/ { fuzzy = 1; next }
/^#/ { next }
/^$/ { finish(); next }
/^msgctxt / { finish(); context = quoted($0); part = "msgctxt"; next }
/^msg(id|str) / { part = $1; text[part] = quoted($0); next }
/^"/ { text[part] = text[part] quoted($0); next }
{ fail("a line that is not understood: plural entries are not used") }
END {
    finish()
    if (!n)
        fail("no messages")
    exit failed
}
