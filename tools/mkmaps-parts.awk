# SPDX-License-Identifier: Apache-2.0
# The parts of tools/mkmaps.awk that know FHIR's elements, HL7's fields and the
# conditions between them; see there.

# ---- elements --------------------------------------------------------------

# A resource is what is no element's type.
function find_resources(    p, part, list, n, i, used) {
    for (p in types) {
        n = split(types[p], list, "|")
        for (i = 1; i <= n; i++)
            used[list[i]] = 1
    }
    for (p in types) {
        split(p, part, SUBSEP)
        if (part[1] !~ /\./ && !(part[1] in used) && \
            part[1] !~ /^(Element|BackboneElement|Resource|DomainResource)$/)
            resource[part[1]] = 1
    }
}
# The parent whose rows say the elements of `type`: itself, or what it is.
function element_of(type, name,    base) {
    if (type in same_as && !((type, name) in types))
        type = same_as[type]
    if ((type, name) in types)
        return type
    base = type in resource ? "DomainResource" : "Element"
    if ((base, name) in types)
        return base
    if (base == "DomainResource" && ("Resource", name) in types)
        return "Resource"
    if (base == "Element" && ("BackboneElement", name) in types)
        return "BackboneElement"
    return ""
}

# The references that a value of this type must hold: where their names begin in
# the pool.  Place 0 is no name.
function needs_of(type,    part, n, i) {
    if (!(type in need_of))
        return 0
    if (!(type in need_index)) {
        need_index[type] = n_needs
        n = split(need_of[type], part, " ")
        for (i = 1; i <= n; i++)
            needs[n_needs++] = "\"" part[i] "\""
        needs[n_needs++] = "NULL"
    }
    return need_index[type]
}

# "identifier#placer.type" from `type` on: a path in the pool; leaf_type is what
# stands at its end.
function path_of(to, type,    part, n, i, name, mode, label, url, parent, got, \
                 first, json, key) {
    leaf_type = type
    if (to == ".")
        return 0
    key = type " " to
    if (key in path_index) {
        leaf_type = path_leaf[key]
        return path_index[key]
    }
    first = n_steps
    n = split(to, part, ".")
    for (i = 1; i <= n; i++) {
        name = part[i]
        url = ""
        mode = "CV_FIRST"
        label = ""
        if (match(name, /[#+]/)) {
            mode = substr(name, RSTART, 1) == "#" ? "CV_LABEL" : "CV_EACH"
            label = substr(name, RSTART + 1)
            name = substr(name, 1, RSTART - 1)
            if (label !~ /^[a-z0-9-]*$/ || (mode == "CV_LABEL" && label == ""))
                die("\"" label "\" is no label")
        }
        if (match(name, /\{[a-z0-9-]+\}$/)) {
            url = substr(name, RSTART + 1, RLENGTH - 2)
            name = substr(name, 1, RSTART - 1)
            if (name != "extension" && name != "modifierExtension")
                die("only an extension has a URL: " part[i])
            if (!(url in extension))
                die("extension " url " is not in extensions.tsv")
            used_extension[url] = 1
            url = extension[url]
        }
        parent = element_of(type, name)
        if (parent == "")
            die("R4 has no element " type "." name)
        got = types[parent, name]
        if (got == "")
            die(type "." name " is a choice: name its type")
        if (name == "extension" && url == "")
            die("an extension is written extension{name}")
        json = name
        if (got in primitive && i < n) {
            if (repeats[parent, name])
                die(type "." name " repeats: it can have no extension here")
            json = "_" name
            type = "Element"
        } else if (got == "BackboneElement" || got == "Element") {
            type = parent "." name
        } else {
            sub(/^=/, "", got)
            type = got
        }
        if (mode != "CV_FIRST" && !repeats[parent, name])
            die(type "." name " does not repeat")
        if (url != "" && mode == "CV_FIRST") {
            mode = "CV_LABEL"
            label = ":" url
        }
        steps[n_steps++] = sprintf("{\"%s\", %s, %s, %s, %d, %d, %d, %d}", \
            json, mode, repeats[parent, name] ? "true" : "false", \
            got == "Reference" && required[parent, name] ? "true" : "false", \
            label == "" ? 0 : text_of(label), url == "" ? 0 : text_of(url), \
            (parent, name) in choice_of ? \
                text_of(choice_of[parent, name]) : 0, needs_of(type))
    }
    leaf_type = type
    paths[++n_paths] = sprintf("{%d, %d, %s}", first, n, leaf_of(type))
    path_leaf[key] = type
    return path_index[key] = n_paths
}
function leaf_of(type) {
    if (type == "Reference")
        return "CV_REFERENCE"
    if (!(type in primitive))
        return "CV_COMPLEX"
    if (type == "url" || type == "canonical" || type == "oid" || type == "uuid")
        type = "uri"
    if (type == "markdown" || type == "xhtml")
        type = "string"
    if (type == "id")
        type = "code"
    return "CV_" toupper(type)
}

# ---- fields and conditions -------------------------------------------------

# A place: PID-5, PID-5.1.2, PID-5[2], XPN.1.2, or `base` itself.  An
# initialiser of struct cv_operand.
function operand(text, base, is_type,    part, rep, number) {
    if (text == base)
        return "{CV_SELF, 0, 0, 0, 0, 0}"
    rep = 0
    if (match(text, /\[[1-9][0-9]*\]/)) {
        rep = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
    }
    if (is_type && text ~ "^" base "\\.[1-9][0-9]*(\\.[1-9][0-9]*)?$") {
        split(text, part, ".")
        return sprintf("{CV_PART, 0, 0, 0, %d, %d}", part[2], part[3])
    }
    if (text !~ /^[A-Z][A-Z0-9][A-Z0-9]-[1-9][0-9]*(\.[1-9][0-9]*(\.[1-9][0-9]*)?)?$/)
        die("\"" text "\" is no field" (is_type ? " and no part of " base : ""))
    split(text, part, /[-.]/)
    if (!(part[1] in segments))
        die("segment " part[1] " is not in the list of hl7/rules.h")
    return sprintf("{CV_FIELD, HL7_%s, %d, %d, %d, %d}", part[1], part[2], rep, \
                   part[3], part[4])
}

# "a|'b c'|d" -> texts in the pool, one after the other: "first, n".
function alternatives(text,    i, c, inside, word, first) {
    first = n_wants
    word = ""
    inside = 0
    text = text "|"
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "'") {
            inside = !inside
        } else if (c == "|" && !inside) {
            wants[n_wants++] = text_of(word)
            word = ""
        } else {
            word = word c
        }
    }
    return first ", " (n_wants - first)
}

# A condition -> tests: "first, n".  Terms are and-ed; a test that begins an
# alternative is marked.
function condition(text, base, is_type,    term, n, i, op, at, left, right, \
                   alternative, number, first) {
    if (text == "-")
        return "0, 0"
    first = n_tests
    alternative = "false"
    n = words(text, term)
    for (i = 1; i <= n; i++) {
        if (term[i] == "or") {
            if (i == 1 || i == n || alternative == "true")
                die("\"or\" stands between conditions")
            alternative = "true"
            continue
        }
        number = 0
        right = "0, 0"
        left = term[i]
        if (match(left, /^!?(below|above)\([A-Z][A-Z0-9][A-Z0-9]\)$/)) {
            op = (sub(/^!/, "", left) ? "CV_NOT_" : "CV_") \
                 toupper(substr(left, 1, 5))
            left = substr(left, length(left) - 3, 3)
            if (!(left in segments))
                die("segment " left " is not in the list of hl7/rules.h")
            tests[n_tests++] = sprintf("{{CV_FIELD, HL7_%s, 0, 0, 0, 0}, " \
                "%s, {0, 0}, 0, %s}", left, op, alternative)
            alternative = "false"
            continue
        }
        if (match(left, /^(count|length)\(/)) {
            op = substr(left, 1, RLENGTH - 1)
            left = substr(left, RLENGTH + 1)
            if (!match(left, /\)[=<>][0-9]+$/))
                die("\"" term[i] "\" does not parse")
            number = substr(left, RSTART + 2)
            op = "CV_" toupper(op) "_" (substr(left, RSTART + 1, 1) == "=" ? \
                 "IS" : substr(left, RSTART + 1, 1) == "<" ? "BELOW" : "ABOVE")
            left = substr(left, 1, RSTART - 1)
        } else if (at = index(left, "!=")) {
            op = "CV_NOT_IN"
            right = alternatives(substr(left, at + 2))
            left = substr(left, 1, at - 1)
        } else if (at = index(left, "=")) {
            op = "CV_IN"
            right = alternatives(substr(left, at + 1))
            left = substr(left, 1, at - 1)
        } else if (at = index(left, "~")) {
            op = substr(left, at - 1, 1) == "!" ? "CV_NOT_CONTAINS" : \
                 "CV_CONTAINS"
            right = n_places ", 1"
            places[n_places++] = operand(substr(left, at + 1), base, is_type)
            left = substr(left, 1, at - (op == "CV_CONTAINS" ? 1 : 2))
        } else if (sub(/^!/, "", left)) {
            op = "CV_ABSENT"
        } else {
            op = "CV_VALUED"
        }
        tests[n_tests++] = sprintf("{%s, %s, {%s}, %d, %s}", \
            operand(left, base, is_type), op, right, number, alternative)
        alternative = "false"
    }
    return first ", " (n_tests - first)
}

# Blank-separated words; blanks inside '...' do not separate.
function words(text, out,    n, i, c, inside, word) {
    n = 0
    word = ""
    inside = 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "'")
            inside = !inside
        if (c == " " && !inside) {
            if (word != "")
                out[++n] = word
            word = ""
        } else {
            word = word c
        }
    }
    if (inside)
        die("a ' is not closed: " text)
    if (word != "")
        out[++n] = word
    return n
}
