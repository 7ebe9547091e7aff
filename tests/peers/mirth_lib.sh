# SPDX-License-Identifier: Apache-2.0
# Sourced after tests/program_lib.sh by mirth.sh and mirth-bench.sh: a fresh copy of
# the engine that ANAMNESIS_OIE names, on free ports, asked over its REST interface.
# shellcheck shell=sh disable=SC2034,SC2154

absent() {
    echo "1..0 # SKIP $1"
    exit 77
}
[ -n "${ANAMNESIS_OIE:-}" ] || absent 'ANAMNESIS_OIE is not set: no integration engine'
[ -f "$ANAMNESIS_OIE/mirth-server-launcher.jar" ] ||
    absent "ANAMNESIS_OIE has no mirth-server-launcher.jar: $ANAMNESIS_OIE"
for tool in java javac jar curl python3; do
    command -v "$tool" >/dev/null || absent "$tool is not installed"
done
mirth=$top/tests/peers/mirth.py
exports=$top/examples/mirth

free_ports() { # N: so many numbers
    python3 - "$1" <<'END'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))
END
}

# A copy of our own: $engine; $https, $raw, $hl7v2, $jna and $more are ports.
copy_engine() {
    engine=$work/engine
    cp -R "$ANAMNESIS_OIE" "$engine"
    rm -rf "$engine/appdata" "$engine/logs" "$engine/extensions/anamnesis"
    mkdir "$engine/logs"
    # shellcheck disable=SC2046
    set -- $(free_ports 6)
    https=$2 raw=$3 hl7v2=$4 jna=$5 more=$6
    sed -i -e "s/^http\.port *=.*/http.port = $1/" -e "s/^https\.port *=.*/https.port = $2/" \
        -e 's/^\(https*\.host\) *=.*/\1 = 127.0.0.1/' "$engine/conf/mirth.properties"
}

# start [ENVIRONMENT...]: up, and logged in.
start() {
    (cd "$engine" && exec env "$@" java "-Xmx${MIRTH_XMX:-512m}" \
        -jar mirth-server-launcher.jar >>"$work/console" 2>&1) &
    server=$!
    began=$(date +%s)
    until login; do
        kill -0 "$server" 2>/dev/null || { echo 'the engine ended'; return 1; }
        [ $(($(date +%s) - began)) -lt 300 ] || { echo 'no engine in 300 s'; return 1; }
        sleep 1
    done
    echo "# up after $(($(date +%s) - began)) s"
}
login() {
    api POST /users/_login -c "$work/cookies" -d username=admin -d password=admin \
        2>/dev/null | grep -q SUCCESS
}
restart() {
    stop || :
    start "$@"
}

api() { # METHOD PATH [CURL-ARGUMENT...]
    method=$1
    path=$2
    shift 2
    curl -ksSf -m 120 -b "$work/cookies" -X "$method" -H 'X-Requested-With: drill' \
        "$@" "https://127.0.0.1:$https/api$path"
}
install_extension() {
    make -C "$built" extension >&2 &&
        api POST /extensions/_install -F "file=@$(ls "$built"/anamnesis-[0-9]*.zip)"
}
# properties NAME=VALUE...: of the extension.
properties() {
    {
        echo '<properties>'
        for one; do
            echo "<property name=\"${one%%=*}\">${one#*=}</property>"
        done
        echo '</properties>'
    } >properties.xml
    api PUT /extensions/Anamnesis/properties -H 'Content-Type: application/xml' \
        --data-binary @properties.xml
}
id_of() { sed -n 's,^  <id>\(.*\)</id>,\1,p' "$1"; }
# deploy FILE: the channel of an export, and waits until it has started.
deploy() {
    api POST /channels -H 'Content-Type: application/xml' --data-binary "@$1" >created &&
        grep -q true created || { cat created; return 1; }
    redeploy "$1"
}
redeploy() {
    id=$(id_of "$1")
    api POST "/channels/$id/_deploy?returnErrors=true" >created || { cat created; return 1; }
    waited 60 started "$id"
}
started() { api GET "/channels/$1/status" | grep -q '<state>STARTED</state>'; }
undeploy() { api POST "/channels/$(id_of "$1")/_undeploy?returnErrors=true"; }
# sent PORT FILE...: what the other side says, an MSA a line.
sent() { python3 "$mirth" send "$@"; }
logged() { grep -hE -- "$1" "$work/engine/logs/mirth.log" "$work/console"; }
resident_mb() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$server/status"; }
