#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a message costs in an integration engine, ours in its process beside the usual
# alternative: the stock HTTP Sender to a model service in Python that keeps each
# message in SQLite (WAL, synchronous=FULL) before it answers. Both have stored the
# message durably when the sender has its acknowledgement; both channels are RAW.
#
#   ANAMNESIS_OIE=FOLDER tests/peers/mirth-bench.sh [SECONDS]
#
# Rows: storage mode, connections, who, messages/s, p50 and p95 in ms. Messages are
# updates of invented patients (ADT^A08), about which nothing is to be thought; the
# stage is shadow. Rounds are interleaved.
set -eu
top_srcdir=${top_srcdir:-$(dirname -- "$0")/../..}
top_builddir=${top_builddir:-${ANAMNESIS_BUILD:-$top_srcdir/build}}
. "$top_srcdir/tests/program_lib.sh"
. "$top/tests/peers/mirth_lib.sh"
seconds=${1:-5}
threads=8

copy_engine
mkdir -p "$engine/conf"
printf 'LAKESIDE\turn:oid:2.999.1.7\n' >authorities.tsv
cat >"$engine/conf/anamnesis.yaml" <<END
environment: demo
tables: {authorities: "$work/authorities.tsv"}
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
store: {path: "$work/bench.db"}
END
# usual FILE PORT: the RAW channel with a sender in the place of our script; the
# destination's answer is the sender's.
usual() {
    python3 - "$exports/raw.xml" "$2" "$more" >"$1" <<'END'
import re, sys
s = open(sys.argv[1]).read()
s = re.sub(r"<script>var answer.*?</script>", "<script>return;</script>", s, flags=re.S)
s = re.sub(r"<script>return channelMap.*?</script>", "<script>return true;</script>", s, flags=re.S)
for a, b in (("000000000001</id>", "000000000009</id>"), ("Anamnesis RAW", "The usual"),
             ("<port>6661<", f"<port>{sys.argv[2]}<"), (">ack<", ">d1<"),
             ("http://127.0.0.1:8090/fhir", f"http://127.0.0.1:{sys.argv[3]}/"),
             ("${fhir}", "${message.rawData}"), ("application/fhir+json", "text/plain"),
             ("<charset>UTF-8", "<charset>ISO-8859-1"),
             ("<queueEnabled>true", "<queueEnabled>false")):
    assert a in s, a
    s = s.replace(a, b)
sys.stdout.write(s)
END
}
with_storage() { # MODE FILE
    sed -i "s,<messageStorageMode>[A-Z]*<,<messageStorageMode>$1<," "$2"
    # A channel of its own; one that was removed is not always gone at once.
    sed -i "s,<id>a0a70001-,<id>a0a7000$1-,; s,^  <name>.*,  <name>$1 $2</name>," "$2"
    sed -i 's,<id>a0a7000DISABLED-,<id>a0a70002-,; s,<id>a0a7000DEVELOPMENT-,<id>a0a70003-,' "$2"
    # A queue keeps what is queued: none where nothing is stored.
    sed -i 's,<queueEnabled>true,<queueEnabled>false,' "$2"
}
ours() { sed "s,<port>6661<,<port>$raw<," "$exports/raw.xml" >"$1"; }
remove() { undeploy "$1" >/dev/null && api DELETE "/channels/$(id_of "$1")" >/dev/null; }
row() { # STORAGE CONNECTIONS WHO PORT
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(python3 "$mirth" load "$4" "$seconds" "$2")"
}

python3 "$mirth" model "$more" "$work/model.db" &
model=$!
trap 'kill $model 2>/dev/null || :; leave' EXIT
start
install_extension
restart
logged 'is ready' >/dev/null || { logged 'org.anamnesis'; exit 1; }
printf 'storage\tconnections\twho\tmessages/s\tp50 ms\tp95 ms\n'
for storage in DISABLED DEVELOPMENT; do
    ours ours.xml
    usual usual.xml "$hl7v2"
    for file in ours.xml usual.xml; do
        with_storage "$storage" "$file"
        deploy "$file"
        api GET "/channels/$(id_of "$file")" |
            grep -q "<messageStorageMode>$storage<" || { echo "not $storage"; exit 1; }
    done
    for port in "$raw" "$hl7v2"; do # warm
        python3 "$mirth" load "$port" "$seconds" "$threads" >/dev/null
    done
    for _ in 1 2 3; do
        for connections in 1 "$threads"; do
            row "$storage" "$connections" anamnesis "$raw"
            row "$storage" "$connections" http-python "$hl7v2"
        done
    done
    remove ours.xml
    remove usual.xml
done
echo "# resident: $(resident_mb) MB, of which -Xmx${MIRTH_XMX:-512m} is the Java heap; $threads processing threads"
