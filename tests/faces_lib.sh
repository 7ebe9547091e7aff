# SPDX-License-Identifier: Apache-2.0
# What the drills about what is said share: an installation with the model of
# the tree, and an invented patient who comes to it.  After program_lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

curl=$(command -v curl) || {
    echo '1..0 # SKIP curl is not installed: no face was asked'
    exit 77
}
receiver_pid=
leave_all() {
    status=$?
    [ -z "$receiver_pid" ] || kill "$receiver_pid" 2>/dev/null || :
    (exit "$status") || :
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    wait
    rm -rf "$work"
    exit "$status"
}
trap leave_all EXIT
printf 'LAKESIDE\turn:oid:2.999.1.7\n' >authorities.tsv

# install FILE STORE ENVIRONMENT STAGE [LINE...]
install() {
    file=$1
    cat >"$file" <<END
environment: $3
stage: $4
outcomes: "$top/config/outcomes"
tables: {authorities: "$work/authorities.tsv"}
store: {path: "$work/$2"}
listen: {mllp: {address: "127.0.0.1:0"}, http: {address: "127.0.0.1:0"}}
END
    shift 4
    # A busy machine is no reason for no cards.
    case " $*" in
    *' cds: '*) ;;
    *) set -- "$@" 'cds: {deadline: 60s}' ;;
    esac
    case " $*" in
    *' model: '*) ;;
    *) set -- "$@" "model: {path: \"$top/config/model/default\", keys: \"$top/config/model/keys\"}" ;;
    esac
    printf '%s\n' "$@" >>"$file"
}

# The other end of the outbox: $receiver is its address, `received` what came.
receive() {
    : >receiver.port
    "$built/tests/receiver" received >receiver.port &
    receiver_pid=$!
    until [ -s receiver.port ]; do
        kill -0 "$receiver_pid" || exit 1
        sleep 0.05
    done
    receiver="http://127.0.0.1:$(cat receiver.port)/fhir"
}

# ---- messages: SEGMENT... is one message ------------------------------------
message() { printf '%s\r' "$@"; }
msh() { echo "MSH|^~\\&|LAB|LAKESIDE|A|B|$1||$2|$3|P|2.5.1"; }
pid() { echo "PID|1||$1^^^LAKESIDE^MR||Drill^Mary||19480214|F"; }
pv1() { echo "PV1|1|I|W^1^A^LAKESIDE||||||||||||||||V$1^^^LAKESIDE^VN|||||||||||||||||||||||||$2"; }
dg1() { echo "DG1|$1||$2^$3^I10C||$4|A"; }
obx() { echo "OBX|$1|NM|$2^$3^LN||$4|$5|||||F|||$6"; }

past() { # RECORD
    message "$(msh 20260101080000+0000 'ADT^A08^ADT_A01' "$1-0")" \
        'EVN|A08|20260101080000+0000' "$(pid "$1")" \
        "$(dg1 1 I10 'Essential hypertension' 20090301)" \
        "$(dg1 2 E11.9 'Type 2 diabetes mellitus' 20120608)" \
        "$(dg1 3 I25.10 'Coronary heart disease' 20170919)" \
        "$(dg1 4 N18.30 'Chronic kidney disease, stage 3' 20210104)"
}
admission() { # RECORD
    message "$(msh 20260310103000+0000 'ADT^A01^ADT_A01' "$1-1")" \
        'EVN|A01|20260310103000+0000' "$(pid "$1")" \
        "$(pv1 "$1" 20260310102500+0000)" \
        "$(dg1 1 I50.9 'Heart failure, unspecified' 20260310102500+0000)"
}
results() { # RECORD NUMBER CREATININE: at NUMBER o'clock, two digits
    message "$(msh "20260311${2}0500+0000" 'ORU^R01^ORU_R01' "$1-r$2")" \
        "$(pid "$1")" "$(pv1 "$1" '')" \
        "OBR|1|$1-$2^C|$1-$2^L|24323-8^Metabolic panel^LN|||20260311${2}0000+0000" \
        "$(obx 1 2160-0 Creatinine "$3" mg/dL "20260311${2}0000+0000")" \
        "$(obx 2 2823-3 Potassium 5.1 mmol/L "20260311${2}0000+0000")"
}
discharge() { # RECORD
    message "$(msh 20260312120000+0000 'ADT^A03^ADT_A03' "$1-9")" \
        'EVN|A03|20260312120000+0000' "$(pid "$1")" \
        "$(pv1 "$1" '20260310102500+0000|20260312115000+0000')"
}

# ---- asking -------------------------------------------------------------------
# call USER PATIENT [PREFETCH]: the body of a CDS Hooks call; - is no user.
call() {
    by="\"userId\":\"$1\","
    [ "$1" != - ] || by=
    printf '{"hook":"patient-view","hookInstance":"d1577c69-0001","fhirServer":'
    printf '"http://clinic.example/fhir","context":{%s"patientId":"%s"}' \
        "$by" "$2"
    [ $# -lt 3 ] || printf ',"prefetch":%s' "$3"
    printf '}'
}
# What the clinic's server knows of the patient: that it is record 7001.
mary='{"patient":{"resourceType":"Patient","id":"mary","identifier":[{"system":"urn:oid:2.999.1.7","value":"7001"}],"gender":"female","birthDate":"1948-02-14"}}'
view=/cds-services/anamnesis-patient-view

# asks STATUS PATTERN PATH [FILE]: GET, or POST of a file; the answer is `body`.
asks() {
    want=$1
    pattern=$2
    url=http://127.0.0.1:$http$3
    shift 3
    [ $# = 0 ] || set -- --data-binary "@$1"
    got=$("$curl" -sS -o body -w '%{http_code}' "$@" "$url")
    [ "$got" = "$want" ] || { echo "status $got, not $want"; cat body; return 1; }
    grep -qE -- "$pattern" body || { echo "no line like: $pattern"; cat body; return 1; }
}
no_cards() { asks 200 '^\{"cards":\[\]\}$' "$view" "$1"; }
total() { asks 200 "\"total\":$2[,}]" "/fhir/$1"; }
metric() { "$curl" -sS "http://127.0.0.1:$http/metrics" | sed -n "s/^anamnesis_$1 //p"; }
waits() { "$drill" waiting "$1"; }

# settled STORE: all that was triggered has been answered.
settled() {
    for _ in $(seq 600); do
        [ "$(waits "$1")" != 0 ] || return 0
        sleep 0.1
    done
    echo "$(waits "$1") triggers wait"
    return 1
}

# n PATTERN FILE: how often a pattern stands there.
n() { grep -oE -- "$1" "$2" | wc -l; }
same_number() { [ "$1" -eq "$2" ] || { echo "$1, not $2"; return 1; }; }
at_least() { [ "$1" -ge "$2" ] || { echo "$1, less than $2"; return 1; }; }
at_most() { [ "$1" -le "$2" ] || { echo "$1, more than $2"; return 1; }; }
none() { ! grep -E -- "$1" "$2"; }

# bounded KB: so much memory the server had at most.  A sanitizer keeps back what
# is freed: there it is not asked.
bounded() {
    grep -q __asan_init "$built/anamnesis" || at_most "$(peak)" "$1"
}
peak() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server/status"; }
now_kb() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server/status"; }
