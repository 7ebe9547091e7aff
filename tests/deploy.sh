#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is handed to those who run it, held against the program: dashboard and
# alerts against /metrics, runbook and container file against what there is.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
awk=${AWK:-awk}
rules=$top/deploy/alerts.yaml
runbook=$top/docs/runbook.md
nowhere=http://127.0.0.1:1/fhir

# ---- a server with all its parts ---------------------------------------------------
pki=$("$built/tests/tls_drill" make)
mkdir in
config a.yaml "$work/a.db" 'environment: demo' 'stage: live' \
    "outcomes: \"$top/config/outcomes\"" \
    "model: {path: \"$top/config/model/default\", keys: \"$top/config/model/keys\"}" \
    'cds: {deadline: 60s}' 'listen:' \
    "  tls: {certificate_file: $work/$pki/server.pem, key_file: $work/$pki/server.key}" \
    '  mllp: {address: "127.0.0.1:0", tls: true}' '  http: {address: "127.0.0.1:0"}' \
    "  socket: {path: \"$work/socket\"}" \
    "  folder: {path: \"$work/in\", settle: 0s, poll: 50ms}" \
    "fhir: {url: \"$nowhere\"}" \
    'subscriptions: {of: ["results=Observation?category=laboratory"]}' \
    "outbox: {url: \"$nowhere\", test_target: true}" \
    'hl7_out: {address: "127.0.0.1:1", test_target: true}'
sed -i -e '/^environment: test$/d' -e '/^stage: off$/d' a.yaml
serve a.yaml
{ past 7001 && admission 7001 && results 7001 08 1.61; } >in/.stay
mv in/.stay in/stay.hl7
call Practitioner/7 mary "$mary" >call.json
is 'files are taken' waited 60 test -f in/done/stay.hl7
is 'what they trigger is answered' settled a.db
is 'a chart is opened' asks 200 '"cards":\[' "$view" call.json
is 'metrics are there' asks 200 '^# TYPE anamnesis_messages_total counter' /metrics
cp body metrics

# ---- metrics, labels and values that somebody asks for ------------------------------
# hold METRICS EXPRESSIONS: reads names, labels and values of the first, then says
# what the second asks for and the first does not have.
hold() {
    "$awk" '
    function selector(s, name, rest, n, part, i, label, op, value, alt, k) {
        name = s
        sub(/[{].*/, "", name)
        if (!(name in typed)) { print "no metric " name; bad = 1; return }
        if (s !~ /[{]/) return
        rest = s
        sub(/^[^{]*[{]/, "", rest); sub(/[}]$/, "", rest)
        n = split(rest, part, ",")
        for (i = 1; i <= n; i++) {
            if (part[i] !~ /=/ || part[i] ~ /^instance=/) continue
            label = part[i]; sub(/[!=].*/, "", label)
            op = substr(part[i], length(label) + 1); value = op
            sub(/".*/, "", op); sub(/^[^"]*"/, "", value); sub(/"$/, "", value)
            if (!(name in sampled)) { if (name !~ rare) { print "no sample of " name; bad = 1 }; continue }
            if (!((name, label) in has)) { print name " has no label " label; bad = 1; continue }
            if (op == "!=" || op == "!~") continue
            k = split(value, alt, "|")
            for (; k; k--)
                if (!((name, label, alt[k]) in has)) { print name "{" label "} is never " alt[k]; bad = 1 }
        }
    }
    BEGIN { rare = "^anamnesis_(forecasts|risks)_total$" }
    FNR == NR {
        if ($1 == "#" && $2 == "TYPE") typed[$3] = 1
        if ($1 ~ /^anamnesis_/) {
            name = $1; sub(/[{].*/, "", name); sampled[name] = 1
            rest = $0
            while (match(rest, /[a-z_]+="[^"]*"/)) {
                pair = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
                label = pair; sub(/=.*/, "", label)
                value = pair; sub(/^[^"]*"/, "", value); sub(/"$/, "", value)
                has[name, label] = 1; has[name, label, value] = 1
            }
        }
        next
    }
    {
        rest = $0
        while (match(rest, /anamnesis_[a-z0-9_]+([{][^}]*[}])?/)) {
            selector(substr(rest, RSTART, RLENGTH)); asked++
            rest = substr(rest, RSTART + RLENGTH)
        }
    }
    END { if (!asked) print "nothing is asked for"; exit bad || !asked }' "$1" "$2"
}
expressions() { sed -n 's/^ *"\{0,1\}expr"\{0,1\}: *//p' "$1" | sed 's/\\"/"/g'; }
expressions "$top/deploy/dashboard.json" >panels
expressions "$rules" >alerts
is 'every panel has its metrics, labels and values' hold metrics panels
is 'every alert, too' hold metrics alerts
is 'a metric that is not there is found' says 1 'no metric anamnesis_nothing' hold metrics - <<END
rate(anamnesis_nothing[5m])
END
is 'and a value' says 1 'outbox_rows\{state\} is never lost' hold metrics - <<END
anamnesis_outbox_rows{state="lost"} > 0
END
is 'and a label' says 1 'has no label colour' hold metrics - <<END
anamnesis_outbox_rows{colour="red"} > 0
END
is 'the dashboard is the one of its table' sh -c \
    "'$awk' -f '$top/deploy/dashboard.awk' '$top/deploy/panels.tsv' | cmp - '$top/deploy/dashboard.json'"
same_panels() { same_number "$(grep -c '"expr"' "$top/deploy/dashboard.json")" "$(grep -cv '^#' "$top/deploy/panels.tsv")"; }
is 'with all its rows' same_panels
if command -v jq >/dev/null; then
    is 'it is JSON, its numbers differ' sh -c \
        "jq -e '[.panels[].id] | length == (unique | length)' '$top/deploy/dashboard.json'"
fi
if command -v promtool >/dev/null; then
    sed "s|RULES|$rules|" "$top/tests/alerts.yaml" >alerts-test.yaml
    is 'Prometheus takes the rules' promtool check rules "$rules"
    is 'each alert comes when it has to' promtool test rules alerts-test.yaml
else
    echo '# promtool is not installed: the rules were not evaluated'
fi

# ---- the log -------------------------------------------------------------------------
objects() {
    test -s server.log && ! grep -vE \
        '^\{"time":"[0-9T:.Z+-]+","level":"(debug|info|warn|error)","event":"[a-z0-9_]+"(,"[a-z_]+":("[a-z0-9_]*"|[0-9]+))*\}$' server.log
}
is 'it stops' stop
is 'each line of the log is an object' objects
if command -v jq >/dev/null; then
    is 'for others, too' sh -c 'jq -es "map(.event | strings) | length > 0" server.log'
fi

# ---- the runbook -----------------------------------------------------------------------
sed -n 's/^ *- alert: //p' "$rules" | sort >named
sed -n 's/^### //p' "$runbook" | sort >described
is 'each alert is in the runbook, and no other' diff named described
anchors() {
    sed -n 's/^ *runbook: docs\/runbook.md#//p' "$rules" | sort >anchors
    tr '[:upper:]' '[:lower:]' <named | sort | diff - anchors
}
is 'and says where' anchors
# Its lines that need nothing filled in are run; of others the command and its
# options stand in what the program says of itself.
"$built/anamnesis" --help >help
sed -n 's/^    anamnesis //p' "$runbook" | sort -u >typed
is 'it has commands' at_least "$(wc -l <typed)" 10
said_of() { # COMMAND WORD...
    grep -qE "^  $1( |\$)" help || { echo "no command $1"; return 1; }
    exits 2 an a.yaml "$1" --no-such-option >usage 2>&1 || return 1
    shift
    for word; do
        case $word in
        -* | list | retry | drop) grep -q -e "$word" usage || { echo "no $word"; return 1; } ;;
        esac
    done
}
while read -r line; do
    # shellcheck disable=SC2086
    case $line in
    *[[:upper:]][[:upper:]]*) is "there is: anamnesis $line" said_of $line ;;
    *) is "runs: anamnesis $line" an a.yaml $line ;;
    esac
done <typed
# Names as events, options and metrics have them.
grep -oE '`[a-z0-9]+([._][a-z0-9_]+)+`' "$runbook" | tr -d '`' | sort -u >words
unknown() {
    bad=0
    while read -r word; do
        case $word in
        *.*) grep -q "$word" "$built/man/anamnesis.yaml.5" ;;
        *) grep -q "$word" "$built/man/anamnesis-events.7" || grep -q "^# TYPE anamnesis_$word " metrics ;;
        esac || { echo "nothing is called $word"; bad=1; }
    done <words
    return "$bad"
}
is 'it names things' at_least "$(wc -l <words)" 20
is 'and what it names is there' unknown

# ---- what goes in the clear -------------------------------------------------------------
clear() { # FILE ADDRESS OTHER
    config "$1" "$work/clear.db" "listen: {mllp: {address: \"$2:0\"}, http: {address: \"\"}}" \
        "fhir: {url: \"$3\"}"
}
for host in 0.0.0.0 '[::]' 192.0.2.7 128.0.0.1 ehr.example; do
    clear c.yaml "$host" ''
    is "who listens at $host is told to use TLS" says 0 \
        '^anamnesis: listen.mllp.address: what comes from another machine is not encrypted; set listen.mllp.tls$' \
        an c.yaml check
done
for url in http://192.0.2.7/fhir http://ehr.example:8080 'http://[2001:db8::1]:80/fhir'; do
    clear c.yaml 127.0.0.1 "$url"
    is "who reads from $url, too" says 0 '^anamnesis: fhir.url: what goes to another machine' an c.yaml check
done
quiet() { an c.yaml check 2>warned >/dev/null && none 'not encrypted' warned; }
for host in 127.0.0.1 127.1.2.3 '[::1]' localhost; do
    clear c.yaml "$host" "http://$host:8080/fhir"
    is "who stays at $host is not" quiet
done
clear c.yaml 127.0.0.1 https://ehr.example/fhir
is 'nor who reads by https' quiet
config c.yaml "$work/clear.db" 'listen:' \
    "  tls: {certificate_file: $work/$pki/server.pem, key_file: $work/$pki/server.key}" \
    '  mllp: {address: "0.0.0.0:0", tls: true}' '  http: {address: ""}'
is 'nor who listens by TLS' quiet
clear c.yaml 0.0.0.0 ''
serve c.yaml
is 'a server that starts so' stop
is 'says it once in its log' same_number "$(grep -c '"event":"tls_off","in":1,"out":0' server.log)" 1

# ---- the container -------------------------------------------------------------------------
file=$top/deploy/Containerfile
stages() { same_number "$(grep -c '^FROM debian:12-slim' "$file")" 2 && grep -q '^USER [1-9]' "$file" && grep -q '^HEALTHCHECK' "$file"; }
is 'two stages, a user, a health check' stages
program=$built/.libs/anamnesis
[ -x "$program" ] || program=$built/anamnesis
if command -v dpkg-query >/dev/null && ldd "$program" >needed 2>/dev/null; then
    installed() { # each library of those that configure asks for
        bad=0
        for lib in yajl yaml gnutls sqlite3 microhttpd curl-gnutls rhonabwy icui18n z; do
            so=$(sed -n "s/^[[:space:]]*\(lib$lib[-0-9.]*\.so[^ ]*\) .*/\1/p" needed | head -n 1)
            [ -n "$so" ] || { echo "no lib$lib"; bad=1; continue; }
            package=$(dpkg-query -S "*/$so" 2>/dev/null | sed 's/:.*//' | head -n 1)
            [ -z "$package" ] || grep -qE "(^| )$package( |\$)" "$file" ||
                { echo "$so is of $package"; bad=1; }
        done
        return "$bad"
    }
    is 'the libraries that it needs are in the image' installed
fi
echo "1..$checks"
exit $failed
