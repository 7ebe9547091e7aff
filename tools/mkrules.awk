# SPDX-License-Identifier: Apache-2.0
# config/tables/hl7-events.tsv -> const tables for hl7/rules.c.  A row that
# names an unknown kind, status, table or segment, or whose field is no field,
# stops the build with its line.
#
#     awk -f mkrules.awk context/event.h hl7/rules.h config/tables/hl7-events.tsv
#
# The headers say which kinds, statuses and segments there are.
#
# The output has four pools, each row using ranges of them: paths (one field or
# constant each), choices (a range of paths: the first that is not empty),
# texts (trigger names) and rules.
BEGIN {
    FS = "\t"
    n_paths = n_choices = n_texts = n_rules = 0
}

function die(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
    failed = 1
    exit 1
}

# One path: 'constant', or SEG-F, SEG-F.C, with @NNNN, @text or %N behind it.
function path(text,    table, part, method) {
    if (text ~ /^'[^']*'$/) {
        paths[n_paths++] = sprintf("{.text = AN_STR_INIT(\"%s\")}", \
                                   substr(text, 2, length(text) - 2))
        return
    }
    table = ""
    if (match(text, /@([0-9][0-9][0-9][0-9]|text)$/)) {
        table = substr(text, RSTART + 1)
        text = substr(text, 1, RSTART - 1)
    }
    method = 0
    if (match(text, /%[1-9][0-9]*$/)) {
        method = substr(text, RSTART + 1)
        text = substr(text, 1, RSTART - 1)
    }
    if (text !~ /^[A-Z][A-Z0-9][A-Z0-9]-[1-9][0-9]*(\.[1-9][0-9]*)?$/)
        die("\"" text "\" is no field")
    split(text, part, /[-.]/)
    if (!(("HL7_SEGMENTS", part[1]) in known))
        die("segment " part[1] " is not in the list of hl7/rules.h")
    paths[n_paths++] = sprintf("{.segment = HL7_%s, .field = %d, " \
        ".component = %d, .system = %d, .table = AN_STR_INIT(\"%s\")}", \
        part[1], part[2], part[3] == "" ? 0 : part[3], method, table)
}

# "a/b/c" -> the index of a choice.
function choice(text,    part, n, i, first) {
    if (text in seen_choice)
        return seen_choice[text]
    first = n_paths
    n = split(text, part, "/")
    for (i = 1; i <= n; i++)
        path(part[i])
    choices[n_choices] = sprintf("{%d, %d}", first, n)
    return seen_choice[text] = n_choices++
}

function optional(text) {
    return text == "-" ? 0 : choice(text)
}

# A list of choices that stand next to one another: "first, n".
function run(text,    part, n, i, first, indices) {
    n = text == "-" ? 0 : split(text, part, " ")
    first = n_slots
    for (i = 1; i <= n; i++)
        slots[n_slots++] = choice(part[i])
    return first ", " n
}

function trigger_list(text,    part, n, i, first) {
    first = n_texts
    n = split(text, part, " ")
    for (i = 1; i <= n; i++)
        texts[n_texts++] = part[i]
    return first ", " n
}

# "PID-30=Y !PID-29" -> tests.
function test_list(text,    part, n, i, first, not, want, at) {
    n = text == "-" ? 0 : split(text, part, " ")
    first = n_tests
    for (i = 1; i <= n; i++) {
        not = sub(/^!/, "", part[i])
        want = ""
        at = index(part[i], "=")
        if (at) {
            want = substr(part[i], at + 1)
            part[i] = substr(part[i], 1, at - 1)
        }
        tests[n_tests++] = sprintf("{%d, %s, AN_STR_INIT(\"%s\")}", \
            choice(part[i]), not ? "true" : "false", want)
    }
    return first ", " n
}

# "0085:OBX-11 =FINAL" -> statuses.
function status_list(text,    part, n, i, first, at, colon) {
    n = split(text, part, " ")
    first = n_status
    for (i = 1; i <= n; i++) {
        if (part[i] ~ /^=/) {
            if (!(("CTX_STATUSES", substr(part[i], 2)) in known))
                die("\"" part[i] "\" is no status")
            status[n_status++] = sprintf("{0, CTX_STATUS_%s, " \
                "AN_STR_INIT(\"\")}", substr(part[i], 2))
        } else if (part[i] ~ /^[A-Z0-9]+:/) {
            colon = index(part[i], ":")
            at = choice(substr(part[i], colon + 1))
            status[n_status++] = sprintf("{%d, CTX_STATUS_UNKNOWN, " \
                "AN_STR_INIT(\"%s\")}", at, substr(part[i], 1, colon - 1))
        } else {
            die("\"" part[i] "\" is no status rule")
        }
    }
    return first ", " n
}

FILENAME ~ /\.h$/ {
    if (match($0, /^#define [A-Z0-9_]+/))
        list = substr($0, 9, RLENGTH - 8)
    else if (match($0, /^    X\([A-Z0-9_]+/))
        known[list, substr($0, 7, RLENGTH - 6)]
    next
}
/^#/ || NF == 0 { next }
!started {
    started = 1
    n_slots = n_tests = n_status = 0
    paths[n_paths++] = "{.text = AN_STR_INIT(\"\")}"
    choices[n_choices++] = "{0, 0}"
}
NF != 11 { die("want 11 columns, got " NF) }
{
    if (!(("HL7_SEGMENTS", $1) in known))
        die("segment " $1 " is not in the list of hl7/rules.h")
    if (!(("CTX_KINDS", $4) in known))
        die("\"" $4 "\" is no kind of event")
    if ($1 in closed && $1 != last)
        die("the rows of " $1 " must stand together")
    closed[$1] = 1
    last = $1
    value = "HL7_VALUE_FIELDS"
    if ($6 == "#OBX")
        value = "HL7_VALUE_OBX"
    else if ($6 == "#DOCUMENT")
        value = "HL7_VALUE_DOCUMENT"
    else if ($6 == "#REPORT")
        value = "HL7_VALUE_REPORT"
    else if ($6 ~ /^#/)
        die("\"" $6 "\" is no value")
    if ($6 ~ /^#/)
        $6 = "-"
    unsaid = sub(/ *#UNSAID/, "", $3) ? "true" : "false"
    above = sub(/ *!#ABOVE/, "", $3) ? "NOT_ABOVE_ORDER" : \
            sub(/ *#ABOVE/, "", $3) ? "ABOVE_ORDER" : "ANYWHERE"
    each = sub(/~$/, "", $5) ? "true" : "false"
    if (each == "true" && $5 ~ /\//)
        die("each repetition of which field?")
    rules[n_rules++] = sprintf("{HL7_%s, CTX_%s, %s, %s, %s, %s, {%s}, {%s}, " \
        "%d, {%s}, %d, %d, %d, {%s}, {%s}},", $1, $4, value, each, unsaid, above, \
        trigger_list($2), \
        test_list($3), optional($5), run($6), optional($7), optional($8), \
        optional($9), status_list($10), run($11))
}
END {
    if (failed)
        exit 1
    print "static const struct hl7_path paths[] = {"
    for (i = 0; i < n_paths; i++)
        print "    " paths[i] ","
    print "};\nstatic const struct rule_range choices[] = {"
    for (i = 0; i < n_choices; i++)
        print "    " choices[i] ","
    print "};\nstatic const uint16_t slots[] = {"
    for (i = 0; i < n_slots; i++)
        print "    " slots[i] ","
    print "};\nstatic const struct an_str triggers[] = {"
    for (i = 0; i < n_texts; i++)
        print "    AN_STR_INIT(\"" texts[i] "\"),"
    print "};\nstatic const struct rule_test tests[] = {"
    for (i = 0; i < n_tests; i++)
        print "    " tests[i] ","
    print "};\nstatic const struct rule_status statuses[] = {"
    for (i = 0; i < n_status; i++)
        print "    " status[i] ","
    print "};\nstatic const struct hl7_rule rules[] = {"
    for (i = 0; i < n_rules; i++)
        print "    " rules[i]
    print "};"
}
