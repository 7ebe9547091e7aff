# SPDX-License-Identifier: Apache-2.0
# config/tables/to-fhir/*.tsv -> constant tables for hl7/convert/.  The language
# is that folder's README.md.  Whatever does not resolve stops the build with
# its file and line: a map, vocabulary, slot, extension or element that is not
# there, a condition that does not parse, a value that its element cannot hold,
# a map that no row uses.
#
#     awk -f tools/mkmaps-parts.awk -f tools/mkmaps.awk hl7/rules.h *.tsv
#
# All rows are kept, then compiled at the end, since maps refer to maps that
# stand below.
BEGIN {
    FS = "\t"
    split("boolean integer string decimal uri url canonical base64Binary " \
          "instant date dateTime time code oid id markdown unsignedInt " \
          "positiveInt uuid xhtml", list, " ")
    for (i in list)
        primitive[list[i]] = 1
    split("Age Count Distance Duration SimpleQuantity MoneyQuantity", list, " ")
    for (i in list)
        same_as[list[i]] = "Quantity"
    n_columns["elements"] = 5
    n_columns["extensions"] = 2
    n_columns["slots"] = 4
    n_columns["codes"] = 5
    n_columns["types"] = n_columns["segments"] = 5
    n_columns["messages"] = 6
    texts[n_texts++] = ""
    needs[n_needs++] = "NULL"
    n_code_rows = n_vocabularies = n_maps = n_slots = n_rules = 0
}

function die(text) {
    printf "%s: %s\n", where, text > "/dev/stderr"
    failed = 1
    exit 1
}
function quoted(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "AN_STR_INIT(\"" s "\")"
}
# The index of a text in the pool.
function text_of(s) {
    if (!(s in text_index)) {
        text_index[s] = n_texts
        texts[n_texts++] = s
    }
    return text_index[s]
}

# ---- reading ---------------------------------------------------------------

# The segments that rows may name are those that a scope remembers.
FILENAME ~ /\.h$/ {
    if (match($0, /^    X\([A-Z][A-Z0-9][A-Z0-9]\)/)) {
        segment_order[n_segments++] = substr($0, 7, 3)
        segments[substr($0, 7, 3)] = 1
    }
    next
}
FNR == 1 {
    kind = FILENAME
    sub(/^.*\//, "", kind)
    sub(/[-.].*$/, "", kind)
}
/^#/ || NF == 0 { next }
{
    where = FILENAME ":" FNR
    if (NF != n_columns[kind])
        die("want " n_columns[kind] " columns, got " NF)
    for (i = 1; i <= NF; i++)
        if ($i == "")
            die("column " i " is empty: nothing is \"-\"")
}
kind == "elements" {
    if (($1, $2) in types)
        die($1 "." $2 " is said twice")
    if ($4 !~ /^[01]$/)
        die("min is 0 or 1, not \"" $4 "\"")
    if ($5 !~ /^[1*]$/)
        die("max is 1 or *, not \"" $5 "\"")
    types[$1, $2] = $3
    required[$1, $2] = $4
    repeats[$1, $2] = $5 == "*"
    if ($3 == "Reference" && $4 == 1)
        need_of[$1] = need_of[$1] " " $2
    if ($3 ~ /\|/) {
        n = split($3, list, "|")
        for (i = 1; i <= n; i++) {
            name = $2 toupper(substr(list[i], 1, 1)) substr(list[i], 2)
            types[$1, name] = list[i]
            choice_of[$1, name] = $2
            required[$1, name] = $4
            repeats[$1, name] = 0
        }
        types[$1, $2] = "" # to be named with its type
    }
    next
}
kind == "extensions" {
    if ($1 in extension)
        die("extension " $1 " is said twice")
    extension[$1] = $2
    next
}
kind == "slots" {
    if ($1 in slot)
        die("slot " $1 " is said twice")
    slot[$1] = n_slots
    slot_where[n_slots] = where
    slot_name[n_slots] = $1
    slot_resource[n_slots] = $2
    slot_within[n_slots] = $3
    slot_key[n_slots++] = $4
    next
}
kind == "codes" {
    if (($1, $2) in code_seen)
        die("code " $2 " of " $1 " is said twice")
    code_seen[$1, $2] = 1
    if (!($1 in vocabulary)) {
        vocabulary[$1] = n_vocabularies
        vocabulary_name[n_vocabularies++] = $1
    }
    if ($1 in vocabulary_closed && $1 != last_vocabulary)
        die("the rows of " $1 " must stand together")
    vocabulary_closed[$1] = 1
    last_vocabulary = $1
    code_row[n_code_rows++] = $0
    next
}
kind == "types" || kind == "segments" {
    if ($1 !~ /^[A-Z][A-Z0-9]+\[[A-Z]?[A-Za-z0-9]+(\/[a-z0-9-]+)?\]$/)
        die("\"" $1 "\" is no name of a map")
    if (!($1 in map)) {
        map[$1] = n_maps
        map_name[n_maps] = $1
        map_where[n_maps] = where
        map_kind[n_maps] = kind
        map_base[n_maps] = substr($1, 1, index($1, "[") - 1)
        target = substr($1, index($1, "[") + 1)
        sub(/[\/\]].*$/, "", target)
        map_target[n_maps++] = target
    } else if ($1 != last_map) {
        die("the rows of " $1 " must stand together")
    }
    last_map = $1
    n = n_rows[$1]++
    row_where[$1, n] = where
    row_from[$1, n] = $2
    row_if[$1, n] = $3
    row_to[$1, n] = $4
    row_as[$1, n] = $5
    next
}
kind == "messages" {
    rule_where[n_rules] = where
    rule_messages[n_rules] = $1
    rule_segment[n_rules] = $2
    rule_if[n_rules] = $3
    rule_slot[n_rules] = $4
    rule_map[n_rules] = $5
    rule_links[n_rules++] = $6
    next
}

# ---- rows ------------------------------------------------------------------

function join_parts(text, base, is_type,    part, n, i, first) {
    n = words(text, part)
    first = n_parts
    for (i = 1; i <= n; i++) {
        if (part[i] ~ /^'.*'$/)
            parts[n_parts++] = sprintf("{{CV_SELF, 0, 0, 0, 0, 0}, %d}", \
                text_of(substr(part[i], 2, length(part[i]) - 2)))
        else
            parts[n_parts++] = sprintf("{%s, 0}", \
                operand(part[i], base, is_type))
    }
    if (n > 15)
        die("too many parts")
    return first * 16 + n
}

function vocabulary_of(name) {
    if (name == "CodingSystem")
        return "CV_CODING_SYSTEM"
    if (name == "Unit" || name == "UnitSystem")
        return name == "Unit" ? "CV_UNIT" : "CV_UNIT_SYSTEM"
    if (!(name in vocabulary))
        die("vocabulary " name " is not in codes.tsv")
    used_vocabulary[name] = 1
    return vocabulary[name] + 1
}

# Can a map that makes `made` fill an element of type `type`?
function fits(made, type) {
    if (made == type || (made in same_as && same_as[made] == type) || \
        (type in same_as && same_as[type] == made))
        return 1
    if (made in primitive && type in primitive)
        return 1
    if (type in same_as && made in same_as)
        return 1
    return type == "Reference" && made in resource
}

function row_of(name, n, base, is_type, target,    path, as, how, arg, voc, \
                word, n_words, m, of) {
    where = row_where[name, n]
    path = path_of(row_to[name, n], target)
    as = row_as[name, n]
    how = ""
    arg = 0
    voc = of = 0
    if (as == "-") {
        how = "CV_TEXT"
        if (!(leaf_type in primitive))
            die("an element of type " leaf_type " needs a map")
    } else if (as ~ /^'.*'$/) {
        how = "CV_CONSTANT"
        arg = text_of(substr(as, 2, length(as) - 2))
        if (!(leaf_type in primitive))
            die("an element of type " leaf_type " can be no constant")
    } else if (as ~ /^->/) {
        how = "CV_SLOT"
        as = substr(as, 3)
        if (!(as in slot))
            die("slot " as " is not in slots.tsv")
        if (leaf_type != "Reference")
            die("an element of type " leaf_type " refers to nothing")
        arg = slot[as]
    } else if (as ~ /^join /) {
        how = "CV_JOIN"
        arg = join_parts(substr(as, 6), base, is_type)
    } else if (as ~ /^plus /) {
        how = "CV_PLUS"
        arg = join_parts(substr(as, 6), base, is_type)
        if (arg % 16 != 3 || (leaf_type != "dateTime" && \
            leaf_type != "instant"))
            die("\"plus\" is a time, a number and a unit, for a time")
    } else if (as ~ /^minutes /) {
        how = "CV_MINUTES"
        arg = join_parts(substr(as, 9), base, is_type)
        if (arg % 16 != 2 || leaf_type !~ /^(positiveInt|unsignedInt|integer|decimal)$/)
            die("\"minutes\" is a number and a unit, for a number")
    } else if (as == "lines" || as == "append") {
        how = as == "lines" ? "CV_LINES" : "CV_APPEND"
        if (leaf_type != "string" && leaf_type != "markdown" && \
            leaf_type != "base64Binary")
            die("an element of type " leaf_type " has no lines")
    } else if (as == "number" || as == "comparator") {
        how = "CV_" toupper(as)
        if (leaf_type != (as == "number" ? "decimal" : "code"))
            die("an element of type " leaf_type " is no " as)
    } else if (as == "data") {
        how = "CV_DATA"
        if (leaf_type != "base64Binary")
            die("an element of type " leaf_type " holds no data")
    } else {
        if (match(as, / of [^ ]+$/)) {
            of = substr(as, RSTART + 4)
            as = substr(as, 1, RSTART - 1)
            places[n_places++] = operand(of, base, is_type)
            of = n_places
        }
        n_words = split(as, word, " ")
        if (word[1] ~ /\[/) {
            how = "CV_MAP"
            if (!(word[1] in map) || map_kind[map[word[1]]] != "types")
                die("map " word[1] " is not in types.tsv")
            m = map[word[1]]
            if (!fits(map_target[m], leaf_type))
                die("a " map_target[m] " is no " leaf_type)
            used_map[m] = 1
            arg = m
            if (n_words > 1)
                voc = vocabulary_of(word[2])
        } else {
            how = "CV_CODED"
            if (!(leaf_type in primitive))
                die("an element of type " leaf_type " needs a map")
            voc = vocabulary_of(word[1])
        }
        if (n_words > 2 || (how == "CV_CODED" && (n_words > 1 || of)))
            die("\"" as "\" does not parse")
    }
    if ((how == "CV_JOIN") && !(leaf_type in primitive))
        die("an element of type " leaf_type " is no text")
    rows[n_out_rows++] = sprintf("{%s, {%s}, %d, %s, %s, %d, %s, %d}", \
        operand(row_from[name, n], base, is_type), \
        condition(row_if[name, n], base, is_type), path, leaf_of(leaf_type), \
        how, arg, voc, of)
}

function slot_of(name) {
    if (!(name in slot))
        die("slot " name " is not in slots.tsv")
    used_slot[name] = 1
    return slot[name]
}

# "subject->patient report.result<-" -> links: "first, n".
function links_of(text, made,    part, n, i, at, name, path, first) {
    if (text == "-")
        return "0, 0"
    first = n_links
    n = split(text, part, " ")
    for (i = 1; i <= n; i++) {
        if (at = index(part[i], "->")) {
            name = substr(part[i], at + 2)
            path = path_of(substr(part[i], 1, at - 1), made)
            if (leaf_type != "Reference")
                die("a link stands in a Reference: " part[i])
            links[n_links++] = sprintf("{%d, %d, false}", slot_of(name), path)
        } else if (part[i] ~ /<-$/) {
            at = index(part[i], ".")
            name = substr(part[i], 1, at - 1)
            slot_of(name)
            path = path_of(substr(part[i], at + 1, length(part[i]) - at - 2), \
                           slot_resource[slot[name]])
            if (leaf_type != "Reference")
                die("a link stands in a Reference: " part[i])
            links[n_links++] = sprintf("{%d, %d, true}", slot[name], path)
        } else {
            die("\"" part[i] "\" is no link")
        }
    }
    return first ", " n
}

function messages_of(text,    part, n, i, first) {
    first = n_triggers
    n = split(text, part, " ")
    for (i = 1; i <= n; i++) {
        if (part[i] !~ /^!?(\*|[A-Z][A-Z0-9][A-Z0-9](\^[A-Z][A-Z0-9][A-Z0-9])?)$/)
            die("\"" part[i] "\" is no message")
        triggers[n_triggers++] = quoted(part[i])
    }
    return first ", " n
}

# The parts of a slot's key: "first, n"; '=' before them is looked at by the
# caller.
function key_of(text,    part, n, i, j, choice, m, optional, first) {
    if (text == "-")
        return "0, 0"
    first = n_keys
    n = split(text, part, " ")
    for (i = 1; i <= n; i++) {
        optional = sub(/\?$/, "", part[i]) ? "true" : "false"
        if (part[i] ~ /^'.*'$/) {
            keys[n_keys++] = sprintf("{CV_KEY_TEXT, %s, %d, 0}", optional, \
                text_of(substr(part[i], 2, length(part[i]) - 2)))
        } else if (part[i] in slot) {
            keys[n_keys++] = sprintf("{CV_KEY_SLOT, %s, %d, 0}", optional, \
                slot[part[i]])
        } else {
            m = split(part[i], choice, "/")
            keys[n_keys++] = sprintf("{CV_KEY_FIELD, %s, %d, %d}", optional, \
                n_places, m)
            for (j = 1; j <= m; j++)
                places[n_places++] = operand(choice[j], "-", 0)
        }
    }
    return first ", " n
}

function rule_of(r,    mode, name, made, m) {
    where = rule_where[r]
    if (!(rule_segment[r] in segments))
        die("segment " rule_segment[r] " is not in the list of hl7/rules.h")
    name = rule_slot[r]
    mode = "CV_GO_ON"
    if (sub(/^\+/, "", name))
        mode = "CV_BEGIN"
    else if (sub(/^\?/, "", name))
        mode = "CV_ONLY_IF"
    slot_of(name)
    made = slot_resource[slot[name]]
    m = -1
    if (rule_map[r] != "-") {
        if (!(rule_map[r] in map) || map_kind[map[rule_map[r]]] != "segments")
            die("map " rule_map[r] " is in no segments file")
        m = map[rule_map[r]]
        if (!(map_base[m] in segments))
            die("segment " map_base[m] " is not in the list of hl7/rules.h")
        if (map_target[m] != made)
            die(rule_map[r] " makes no " made)
        used_map[m] = 1
    }
    out_rules[r] = sprintf("{{%s}, HL7_%s, {%s}, %d, %s, %d, {%s}}", \
        messages_of(rule_messages[r]), rule_segment[r], \
        condition(rule_if[r], rule_segment[r], 0), slot[name], mode, m, \
        links_of(rule_links[r], made))
}

# ---- printing --------------------------------------------------------------

function print_pool(type, name, pool, n,    i) {
    printf "static const %s %s[] = {\n", type, name
    for (i = 0; i < n; i++)
        printf "    %s,\n", pool[i]
    if (n == 0)
        print "    0"
    print "};"
}

# The rules of each segment together, in the order of the files.
function print_rules(    i, r, n) {
    print "static const struct cv_rule rules[] = {"
    n = 0
    for (i = 0; i < n_segments; i++) {
        rules_of[i] = n
        for (r = 0; r < n_rules; r++) {
            if (rule_segment[r] == segment_order[i]) {
                printf "    %s,\n", out_rules[r]
                n++
            }
        }
    }
    print "};"
    rules_of[n_segments] = n
    print_pool("uint16_t", "rules_of", rules_of, n_segments + 1)
}

# Codes of one vocabulary in byte order, as C searches them by halves.
function print_codes(    i, j, n, field, row, v, first) {
    print "static const struct cv_code codes[] = {"
    n = 0
    for (i = 0; i < n_code_rows; i++) {
        split(code_row[i], field, "\t")
        v = vocabulary[field[1]]
        if (!(v in vocabulary_first))
            vocabulary_first[v] = i
        vocabulary_n[v]++
        row = code_row[i]
        for (j = i - 1; j >= vocabulary_first[v] && \
             code_name(sorted[j]) > field[2]; j--)
            sorted[j + 1] = sorted[j]
        sorted[j + 1] = row
    }
    for (i = 0; i < n_code_rows; i++) {
        split(sorted[i], field, "\t")
        printf "    {%s, %s, %d, %s},\n", quoted(field[2]), \
            quoted(field[3] == "-" ? "" : field[3]), \
            field[4] == "-" ? 0 : text_of(field[4]), \
            quoted(field[5] == "-" ? "" : field[5])
    }
    print "};"
    print "static const struct cv_vocabulary vocabularies[] = {"
    for (i = 0; i < n_vocabularies; i++)
        printf "    {%d, %d}, /* %s */\n", vocabulary_first[i], \
            vocabulary_n[i], vocabulary_name[i]
    print "};"
}
function code_name(row,    field) {
    split(row, field, "\t")
    return field[2] ""
}

END {
    if (failed)
        exit 1
    find_resources()
    n_paths = n_steps = n_tests = n_wants = n_parts = n_links = n_triggers = 0
    n_keys = n_places = n_out_rows = 0
    paths[0] = "{0, 0, CV_COMPLEX}"
    for (r = 0; r < n_rules; r++)
        rule_of(r)
    for (m = 0; m < n_maps; m++) {
        map_first[m] = n_out_rows
        for (i = 0; i < n_rows[map_name[m]]; i++)
            row_of(map_name[m], i, map_base[m], map_kind[m] == "types", \
                   map_target[m])
    }
    for (m = 0; m < n_maps; m++) {
        where = map_where[m]
        if (!(m in used_map))
            die("no row uses " map_name[m])
    }
    for (s = 0; s < n_slots; s++) {
        where = slot_where[s]
        if (!(slot_resource[s] in resource))
            die("R4 has no resource " slot_resource[s])
        if (slot_within[s] != "-" && !(slot_within[s] in slot))
            die("slot " slot_within[s] " is not in slots.tsv")
        if (!(slot_name[s] in used_slot))
            die("no message fills " slot_name[s])
        shared = sub(/^=/, "", slot_key[s]) ? "true" : "false"
        out_slots[s] = sprintf("{%s, \"%s\", %d, {%s}, %s, %d}", \
            quoted(slot_name[s]), slot_resource[s], \
            slot_within[s] == "-" ? -1 : slot[slot_within[s]], \
            key_of(slot_key[s]), shared, needs_of(slot_resource[s]))
    }
    for (v in vocabulary) {
        where = "codes.tsv"
        if (!(v in used_vocabulary))
            die("no row uses vocabulary " v)
    }
    for (e in extension) {
        where = "extensions.tsv"
        if (!(e in used_extension))
            die("no row uses extension " e)
    }
    print "enum { CV_N_SLOTS = " n_slots " };"
    print_pool("struct cv_step", "steps", steps, n_steps)
    print_pool("struct cv_path", "paths", paths, n_paths + 1)
    print_pool("uint16_t", "wants", wants, n_wants)
    print_pool("struct cv_test", "tests", tests, n_tests)
    print_pool("struct cv_part", "parts", parts, n_parts)
    print_pool("struct cv_row", "rows", rows, n_out_rows)
    for (m = 0; m < n_maps; m++)
        out_maps[m] = sprintf("{%d, %d, %s, %s, %s, %s, %d}", map_first[m], \
            n_rows[map_name[m]], map_kind[m] == "types" ? "HL7_N_SEGMENTS" : \
            "HL7_" map_base[m], leaf_of(map_target[m]), \
            map_target[m] in resource ? "true" : "false", \
            "\"" map_target[m] "\"", needs_of(map_target[m]))
    print_pool("struct cv_map", "maps", out_maps, n_maps)
    print_pool("char *const", "needs", needs, n_needs)
    print_pool("struct cv_link", "links", links, n_links)
    print_pool("struct an_str", "triggers", triggers, n_triggers)
    print_rules()
    print_pool("struct cv_operand", "places", places, n_places)
    print_pool("struct cv_key", "keys", keys, n_keys)
    print_pool("struct cv_slot", "slots", out_slots, n_slots)
    print_codes()
    for (i = 0; i < n_texts; i++)
        out_texts[i] = quoted(texts[i])
    print_pool("struct an_str", "texts", out_texts, n_texts)
}
