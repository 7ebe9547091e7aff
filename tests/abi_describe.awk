# SPDX-License-Identifier: Apache-2.0
# A public header of the ABI as a C program that prints what it comes to, a row
# for each thing that a host compiles into itself, apart by tabs:
#
#     constant  NAME          value
#     text      NAME          "value"
#     struct    NAME          bytes
#     field     STRUCT.FIELD  offset  bytes  type
#     function  NAME          type
#
# Names of parameters are left out, since they may change.
function squeeze(s)
{
    gsub(/[ \t\n]+/, " ", s)
    sub(/^ /, "", s)
    sub(/ $/, "", s)
    gsub(/ \*/, "*", s)
    gsub(/\* /, "*", s)
    return s
}
# "const char *config, size_t n" without the names.
function types(list,   n, part, i, out, bare)
{
    n = split(list, part, ",")
    for (i = 1; i <= n; i++) {
        bare = squeeze(part[i])
        if (bare ~ /[* ][a-z_0-9]+$/)
            sub(/ ?[a-z_0-9]+$/, "", bare)
        out = out (i > 1 ? "," : "") bare
    }
    return out
}
function emit(kind, name, arguments, rest)
{
    gsub(/\\/, "\\\\", rest)
    gsub(/"/, "\\\"", rest)
    printf "    printf(\"%s\\t%s%s\\n\"%s);\n", kind, name, rest, arguments
}
function field(owner, type, name)
{
    emit("field", owner "." name, \
        sprintf(", offsetof(%s, %s), sizeof(((%s *)0)->%s)", owner, name, owner, name), \
        "\t%zu\t%zu\t" type)
}
# One declaration of a struct, which may name several fields.
function declaration(owner, text,   open, name, before, after, n, part, i, base)
{
    text = squeeze(text)
    if (text == "")
        return
    if (match(text, /\(\*[a-z_0-9]+\)/)) {
        name = substr(text, RSTART + 2, RLENGTH - 3)
        before = substr(text, 1, RSTART - 1)
        after = substr(text, RSTART + RLENGTH)
        field(owner, squeeze(before) "(*)(" types(substr(after, 2, length(after) - 2)) ")", name)
        return
    }
    n = split(text, part, ",")
    base = part[1]
    sub(/[* ]?[a-z_0-9]+(\[.*)?$/, "", base)
    for (i = 1; i <= n; i++) {
        name = part[i]
        sub(/\[.*/, "", name)
        sub(/.*[* ]/, "", name)
        after = part[i] ~ /\[/ ? substr(part[i], index(part[i], "[")) : ""
        field(owner, base (part[i] ~ /\*/ ? "*" : "") after, name)
    }
}
{ text = text $0 "\n" }
END {
    gsub(/\\\n/, " ", text)
    while ((from = index(text, "/*")) > 0)
        text = substr(text, 1, from - 1) substr(text, from + 1 + index(substr(text, from + 2), "*/") + 2)
    print "#include <stddef.h>\n#include <stdio.h>\n#include HEADER\nint main(void)\n{"
    n = split(text, line, "\n")
    for (i = 1; i <= n; i++) {
        if (line[i] ~ /^#define ANAMNESIS_[A-Z0-9_]+[ \t]+[^ \t]/ &&
            line[i] !~ /ANAMNESIS_EXPORT/) {
            split(line[i], word, /[ \t]+/)
            if (line[i] ~ /"/)
                emit("text", word[2], ", " word[2], "\t%s")
            else
                emit("constant", word[2], ", (long long)(" word[2] ")", "\t%lld")
        }
        if (line[i] ~ /^#/)
            line[i] = ""
        rest = rest line[i] "\n"
    }
    plain = rest
    while (match(rest, /typedef struct [a-z_]+ \{/)) {
        rest = substr(rest, RSTART)
        end = index(rest, "}")
        owner = rest
        sub(/ \{.*/, "", owner)
        sub(/.* /, "", owner)
        body = substr(rest, 1, end - 1)
        sub(/^[^{]*\{/, "", body)
        emit("struct", owner, ", sizeof(" owner ")", "\t%zu")
        m = split(body, part, ";")
        for (i = 1; i <= m; i++)
            declaration(owner, part[i])
        rest = substr(rest, end)
    }
    m = split(plain, part, ";")
    for (i = 1; i <= m; i++)
        if (match(part[i], /ANAMNESIS_EXPORT /)) {
            one = squeeze(substr(part[i], RSTART + length("ANAMNESIS_EXPORT ")))
            name = one
            sub(/\(.*/, "", name)
            before = name
            sub(/.*[* ]/, "", name)
            before = substr(before, 1, length(before) - length(name))
            after = substr(one, index(one, "(") + 1)
            sub(/\)$/, "", after)
            emit("function", name, "", "\t" squeeze(before) "(" types(after) ")")
        }
    print "    return 0;\n}"
}
