# SPDX-License-Identifier: Apache-2.0
# Who may include whom.  Fed with "#include" lines as FILE:LINE:TEXT; the rule
# is the table of ARCHITECTURE.md.
BEGIN {
    FS = ":"
    allow["base"] = "base"
    allow["config"] = "config base"
    allow["context"] = "context base"
    allow["hl7"] = "hl7 base context"
    allow["fhir"] = "fhir base context"
    allow["runtime"] = "runtime base context"
    allow["advice"] = "advice base config context"
    allow["plugin"] = "plugin base config context hl7 fhir runtime advice"
    allow["trainer"] = "trainer base config context hl7 fhir runtime advice"
}
{
    split($1, path, "/")
    room = path[1]
    if (!(room in allow) || !match($0, /"[^"]+"/))
        next
    target = substr($0, RSTART + 1, RLENGTH - 2)
    if (target == "config.h" || target ~ /^config\/tables\/.*\.inc$/)
        next
    split(target, to, "/")
    if (to[1] == target) {
        printf "%s:%s: \"%s\" is not written from the root\n", $1, $2, target
        bad = 1
    } else if (index(" " allow[room] " ", " " to[1] " ") == 0) {
        printf "%s:%s: %s/ may not include %s\n", $1, $2, room, target
        bad = 1
    } else if (target ~ /_int\.h$/) {
        dir = $1
        sub(/\/[^\/]*$/, "", dir)
        if (index(target, dir "/") != 1) {
            printf "%s:%s: %s is private to its folder\n", $1, $2, target
            bad = 1
        }
    }
}
END { exit bad }
