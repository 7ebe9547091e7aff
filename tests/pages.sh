#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages of the programs say what the programs are: each command and
# option that --help prints and no other, in its order; each route and metric
# of the server; and each example of a page does what it should.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
story=$top/examples/story

# ---- what a page names ---------------------------------------------------------
# "COMMAND OPTION" a line, COMMAND "-" for what stands before one: options that
# have an item of their own, or (all=1) any that the page mentions.
page_options() { # PAGE ALL
    awk -v all="$2" '
        /^\.Sh / { on = $2 == "DESCRIPTION" || $2 == "COMMANDS"; command = "-" }
        /^\.Ss / { command = $2 }
        on && /^\./ && (all || /^\.It Fl /) {
            flag = 0
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^\.?[A-Z][a-z]$/)
                    flag = $i ~ /Fl$/
                else if (flag && $i ~ /^-?[a-z]/)
                    print command, "-" $i
            }
        }' "$1"
}

page_commands() { sed -n 's/^\.Ss //p' "$1"; }
once() { awk '!seen[$0]++'; }
long() { grep -oE -- '--[a-z][a-z0-9_-]*' || :; }

# ---- what a program prints -----------------------------------------------------
helped() { "$built/anamnesis" --help; }
commands() { helped | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'; }
options() {
    helped | sed -n 's/^  \(-c\) .*/- \1/p'
    helped | sed -n '/^  --/p' | long | sed 's/^/- /'
    for c in $(commands); do
        helped | sed -n "s/^  $c //p" | long | sed "s/^/$c /"
    done
}
train_commands() {
    "$built/anamnesis-train" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}
train_options() {
    "$built/anamnesis-train" --help | long | sed 's/^/- /'
    for c in $(train_commands); do
        "$built/anamnesis-train" "$c" --help | long | sed "s/^/$c /"
    done
}

alike() { test -s "$1" && diff "$1" "$2"; }
compare() { # PAGE COMMANDS OPTIONS
    page=$built/man/$1
    $2 >want
    page_commands "$page" >got
    is "$1: the commands, in their order" alike want got
    $3 | once >want
    page_options "$page" 0 >got
    is "$1: their options, in their order" alike want got
    sort want >known
    page_options "$page" 1 | sort -u | comm -23 - known >got
    is "$1: no option that there is not" diff /dev/null got
}
compare anamnesis.1 commands options
compare anamnesis-train.1 train_commands train_options

# ---- the server's routes and metrics, as its source has them --------------------
cat "$top"/plugin/host/*.c >source
grep -oE '\{PL_(GET|POST|PUT|PATCH|DELETE), "/[^"]*"' source |
    sed 's/{PL_\([A-Z]*\), "\(.*\)"/\1 \2/' | sort >want
sed -n 's/^\.It Ic \([A-Z]*\) Pa \([^ ]*\)$/\1 \2/p' "$built/man/anamnesis.1" |
    sed 's/{[a-z]*}/{}/g' | sort >got
is 'anamnesis.1: the routes' alike want got
grep -oE '[^a-z_]metric\(&?b, "[a-z_]*"|^    \{"[a-z_]*", "(counter|gauge)' source |
    sed 's/", "[a-z]*$/"/' |
    sed 's/.*"\(.*\)"/anamnesis_\1/' | sort >want
sed -n 's/^\.It Ic \(anamnesis_[a-z_]*\)$/\1/p' "$built/man/anamnesis.1" |
    sort >got
is 'anamnesis.1: the metrics' alike want got

# ---- the examples ----------------------------------------------------------------
# In a folder as the pages describe it; nothing is installed, so what a program
# takes from there is named here.
mkdir bin bundles messages
cat >bin/anamnesis <<END
#!/bin/sh
exec "$built/anamnesis" "\$@"
END
cat >bin/anamnesis-train <<END
#!/bin/sh
[ "\$1" != dataset ] || { shift; set -- dataset --outcomes "$top/config/outcomes" \
    --concepts "$top/config/tables/concepts.tsv" "\$@"; }
exec "$built/anamnesis-train" "\$@"
END
chmod +x bin/*
PATH=$work/bin:$PATH
cp "$story/authorities.tsv" .
cp "$story/history.json" .
cp "$top/config/change-control.yaml" .
cp "$story"/messages/*.hl7 messages
for i in $(seq 40); do
    sed "s/100042/2$i/g; s/marta-oakes/p$i/g" history.json >"bundles/$i.json"
done
config a.yaml "$work/a.db" "outcomes: $top/config/outcomes" \
    "model: {path: $top/config/model/default, keys: $top/config/model/keys}" \
    'listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}'

examples() { # PAGE: its command lines
    awk '/^\.Bd -literal/ { on = 1 } /^\.Ed/ { on = 0 }
        on && sub(/^\$ /, "")' "$built/man/$1"
}
example() { # LINE, with the ports that the server has here
    sh -c "$(printf '%s\n' "$1" |
        sed "s|{store: |{outcomes: $top/config/outcomes, store: |" |
        sed "s/:2575/:${mllp:-0}/; s/:8080/:${http:-0}/; s/curl /curl -sSf /")"
}
for page in anamnesis.1 anamnesis-train.1; do
    examples "$page" >lines
    is "$page: there are examples" test -s lines
    while read -r line <&3; do
        case $line in
        *' serve &') serve a.yaml && continue ;;
        curl*) command -v curl >/dev/null || continue ;;
        # Of so few patients there is nothing but a refusal; see tests/tune.sh.
        *' tune '*) continue ;;
        openssl*) command -v openssl >/dev/null || break ;;
        esac
        is "$page: $line" example "$line"
    done 3<lines
    [ -z "$server" ] || stop
done
echo "1..$checks"
exit $failed
