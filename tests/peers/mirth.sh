#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The extension in a real integration engine, from its installation to a crash:
#
#   ANAMNESIS_OIE=FOLDER tests/peers/mirth.sh
#
# ANAMNESIS_OIE  a server of Open Integration Engine or Mirth Connect, of which a
#                copy is started; without it this is skipped
# ANAMNESIS_BUILD  the folder that was built in (default: build/)
set -eu
top_srcdir=${top_srcdir:-$(dirname -- "$0")/../..}
top_builddir=${top_builddir:-${ANAMNESIS_BUILD:-$top_srcdir/build}}
. "$top_srcdir/tests/program_lib.sh"
. "$top/tests/peers/mirth_lib.sh"
. "$top/tests/faces_lib.sh"
story=$top/examples/story

settings() { # STAGE
    cat <<END
environment: demo
stage: $1
clock: messages
tables: {codes: "$top/config/tables/local-codes.tsv", authorities: "$story/authorities.tsv"}
outcomes: "$top/config/outcomes"
model: {path: "$top/config/model/default", keys: "$top/config/model/keys"}
store: {path: "$work/oie.db"}
END
}
settings live >live.yaml
settings shadow >shadow.yaml
an live.yaml backload "$story/history.json" >/dev/null
[ -x "$built/tests/receiver" ] || make -C "$built" tests/receiver >&2
receive
copy_engine
library=$engine/extensions/anamnesis/native/linux-$(
    java -XshowSettings:properties -version 2>&1 | sed -n 's/ *os\.arch = //p')/libanamnesis.so

# Our channels with the places of this drill.
sed -e "s,<port>6661<,<port>$raw<," -e "s,http://127.0.0.1:8090/fhir,$receiver," \
    "$exports/raw.xml" >raw.xml
sed -e "s,<port>6662<,<port>$hl7v2<," -e "s,/var/lib/anamnesis/fhir,$work/folder," \
    "$exports/hl7v2.xml" >hl7v2.xml
sed -e "s,<port>6663<,<port>$jna<," -e "s,http://127.0.0.1:8090/fhir,$receiver," \
    -e "s,/usr/local/lib/libanamnesis.so,$library," \
    -e "s,/etc/anamnesis/anamnesis.yaml,$work/live.yaml," "$exports/jna.xml" >jna.xml
mkdir folder
for record in 7001 7002 7003 7004; do
    for what in past admission discharge; do
        $what $record >$record-$what
    done
    results $record 08 1.61 >$record-results
done
stay() { for what in past admission results discharge; do echo "$1-$what"; done; }

# all CODE NUMBER PORT FILE...: so many answers, and each with this code.
all() {
    code=$1
    number=$2
    shift 2
    sent "$@" >answers || { cat answers; return 1; }
    same_number "$(grep -c "^MSA|$code|" answers)" "$number" || { cat answers; return 1; }
}
bundles() { grep -c '"RiskAssessment"' received || :; }
quiet() { # none on its way
    seen=-1
    until [ "$seen" = "$(bundles)" ]; do
        seen=$(bundles)
        sleep 3
    done
}
more_bundles() { [ "$(bundles)" -gt "$1" ]; }
no_more_bundles() { sleep 2; same_number "$(bundles)" "$1"; }
in_folder() { grep -q '"RiskAssessment"' folder/*.json; }

# ---- installed ----------------------------------------------------------------
is 'a fresh engine starts' start
echo "# resident without the extension: $(resident_mb) MB"
is 'it takes the extension' install_extension
is 'without a configuration the engine starts all the same' restart
is 'and its log says what is missing' logged 'not ready: cannot read .*conf/anamnesis\.yaml'
is 'the RAW channel is deployed' deploy raw.xml
is 'who sends meanwhile is asked to repeat' all '[AC]E' 1 "$raw" "$story/messages/01-register-emergency.hl7"
is 'a configuration by REST, without a restart' properties "file=$work/live.yaml"
is 'it is ready' logged 'org\.anamnesis: anamnesis [0-9.]* from .* is ready'

# ---- channels -------------------------------------------------------------------
n=$(ls "$story"/messages/*.hl7 | wc -l)
is 'RAW: the story, acknowledged by us' all CA "$n" "$raw" "$story"/messages/*.hl7
is 'RAW: the FHIR server has risks of it' waited 60 more_bundles 0
is 'each comes with its Provenance' grep -q '"Provenance"' received
is 'HL7V2: the channel is deployed' deploy hl7v2.xml
is 'HL7V2: a stay, acknowledged by the engine' all AA 4 "$hl7v2" $(stay 7001)
is 'HL7V2: the folder has risks of it' waited 60 in_folder
is 'JNA: the channel is deployed beside them, on the same engine of ours' deploy jna.xml
before=$(bundles)
is 'JNA: a stay, acknowledged by us' all AA 4 "$jna" $(stay 7002)
is 'JNA: the FHIR server has risks of it' waited 60 more_bundles "$before"

# ---- it lives on -------------------------------------------------------------------
quiet
before=$(bundles)
is 'the same again: the same acknowledgements' all CA "$n" "$raw" "$story"/messages/*.hl7
is 'and no second suggestion' no_more_bundles "$before"
is 'a channel is undeployed' undeploy raw.xml
is 'and deployed' redeploy raw.xml
is 'resources are loaded anew' api POST '/server/resources/Default%20Resource/_reload'
is 'messages go on' all AA 1 "$raw" 7003-past
is 'a configuration that is wrong' properties 'yaml=stage: nowhere'
is 'is refused with a reason' logged 'the configuration stays as it was: configuration:1:8: '
is 'and changes nothing' all AA 1 "$raw" 7003-admission
is 'to shadow while messages may come' properties "file=$work/shadow.yaml"
quiet
before=$(bundles)
is 'shadow: acknowledged' all AA 1 "$raw" 7003-results
is 'shadow: nothing leaves' no_more_bundles "$before"
is 'and live again' properties "file=$work/live.yaml"
is 'the engine starts again' restart
echo "# resident: $(resident_mb) MB of which -Xmx${MIRTH_XMX:-512m} is the Java heap"
is 'all is as before' all AA 1 "$raw" 7003-discharge
is 'risks of her arrive' waited 60 more_bundles "$before"
is 'the store was closed well' says 0 'is whole' an live.yaml verify

# ---- native code crashes --------------------------------------------------------------
${CC:-cc} -shared -fPIC -o crash.so "$top/tests/peers/mirth_crash.c" -ldl -lz
sed 's/Drill^Mary/CRASH-THE-HOST^Mary/' 7004-past >poison
ended() { ! kill -0 "$server" 2>/dev/null; }
crashes() {
    ! sent "$raw" poison && waited 60 ended && ls "$engine"/hs_err_pid*.log
}
lives() { # through what the engine itself repeats after a start
    sleep 10
    kill -0 "$server" && ! ls "$engine"/hs_err_pid*.log
}
is 'the engine starts with a fault to come' restart "LD_PRELOAD=$work/crash.so"
is 'a message at which native code crashes ends the engine' crashes
wait "$server" 2>/dev/null || :
rm -f "$engine"/hs_err_pid*.log core*
is 'the engine starts again, with the same fault' start "LD_PRELOAD=$work/crash.so"
is 'it repeats what it had in hand, and lives' lives
is 'since that message is in quarantine' logged 'Anamnesis: -6, '
is 'the sender is told not to repeat it' all AR 1 "$raw" poison
is 'other messages go on' all AA 1 "$raw" 7004-admission
stop || :

# ---- in another process ------------------------------------------------------------------
helper_up() {
    rm -f socket
    "$built/anamnesis" -c serve.yaml serve >>helper.log 2>&1 &
    helper=$!
    awaits test -S socket
}
helper_drill() {
    sed '/^store/d' live.yaml >serve.yaml
    cat >>serve.yaml <<END
store: {path: "$work/helper.db"}
listen: {mllp: {address: ""}, http: {address: ""}, socket: {path: "$work/socket"}}
END
    echo "helper: {socket: \"$work/socket\", timeout: 5s}" >helper.yaml
    is 'helper: the engine starts' start
    is 'helper: another library' properties "file=$work/helper.yaml" library=libanamnesis-helper.so
    is 'helper: wants a restart' logged 'another library wants a restart'
    is 'helper: the engine starts with it' restart
    is 'helper: nobody is there, and who sends is asked to repeat' all AE 1 "$raw" 7004-results
    helper_up
    is 'helper: it is there' waited 30 all AA 1 "$raw" 7004-results
    kill -9 "$helper"
    wait "$helper" 2>/dev/null || :
    is 'helper: it is killed, and the engine lives' all AE 1 "$raw" 7004-discharge
    helper_up
    is 'helper: it is back' waited 30 all AA 1 "$raw" 7004-discharge
    kill "$helper"
    wait "$helper" || :
}
if [ -f "$built/.libs/libanamnesis-helper.so" ]; then
    helper_drill
else
    echo '# this build has no libanamnesis-helper.so: not tried in another process'
fi
echo "1..$checks"
exit $failed
