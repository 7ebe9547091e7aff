#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The server behind TLS, from outside: who is let in by which port, whose name
# stands at a message, and new certificates without a restart.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
. "$top/tests/faces_lib.sh"
tls=$built/tests/tls_drill
one=$top/examples/story/messages/05-admit.hl7
pki=$("$tls" make)
keys="certificate_file: $work/$pki/server.pem, key_file: $work/$pki/server.key"
clients="ca_file: $work/$pki/hospital.pem, crl_file: $work/$pki/hospital.crl"
both='mllp: {address: "127.0.0.1:0", tls: true}, http: {address: "127.0.0.1:0", tls: true}'

ask() { "$tls" ask "$pki" "$mllp" "$1" <"$one" >back 2>&1 && tr '\r' '\n' <back; }
answered() { ask "$1" | grep -q '^MSA|CA|'; }
turned_away() { ! ask "$1"; }
feeds() { "$drill" feeds "$1"; }
web() { # WHO PATH [OPTION...]
    who=$1
    path=$2
    shift 2
    [ "$who" = nobody ] || set -- --cert "$pki/$who.pem" --key "$pki/$who.key" "$@"
    "$curl" -sS --cacert "$pki/hospital.pem" -o body -w '%{http_code}' "$@" \
        "https://localhost:$http$path"
}
status() { # STATUS WHO PATH [OPTION...]
    want=$1
    shift
    same_number "$(web "$@")" "$want"
}

# ---- the configuration --------------------------------------------------------
config bad.yaml "$work/bad.db" "listen: {$both}"
is 'TLS without keys is refused' says 2 'bad\.yaml:5:.*certificate_file' an bad.yaml check
config bad.yaml "$work/bad.db" "listen: {tls: {$keys, client_certificate: required}, $both}"
is 'client certificates without who signs them, too' says 2 'ca_file' an bad.yaml check
config bad.yaml "$work/bad.db" \
    "listen: {tls: {certificate_file: $work/$pki/server.pem, key_file: $work/$pki/lab.key}, $both}"
is 'a key of another certificate is named' says 2 'lab\.key: not the key' an bad.yaml check
is 'nobody serves with it' says 2 'lab\.key: not the key' an bad.yaml serve

# ---- with client certificates ----------------------------------------------------
config a.yaml "$work/a.db" "listen: {tls: {$keys, $clients, client_certificate: required}, $both}"
is 'check says until when the certificate holds' says 0 '^# tls: the certificate ends 20' an a.yaml check
serve a.yaml
is 'the laboratory is answered' answered lab
for who in nobody foreign expired revoked serves; do
    is "$who is turned away" turned_away $who
done
printf '\013%s\034\r' "$(cat "$one")" >plain
plain() { "$drill" raw "$mllp" <plain >back && ! grep -aq MSA back; }
is 'so is a sender without TLS' plain
is 'the message has the name of the sender' says 0 '^mllp/lab\.example 1$' feeds a.db
is 'over HTTPS the laboratory is answered' status 200 lab /health/ready
is 'a ward with a common name only can send' status 200 named /hl7v2 --data-binary "@$one"
set -- "$top"/examples/story/messages/*.hl7
is 'and another message' status 200 named /hl7v2 --data-binary "@$1"
is 'which has its name, too' says 0 '^http/Ward_7 1$' feeds a.db
is 'nobody else gets anything' status 403 nobody /health/live
is 'nor does who is revoked' status 403 revoked /hl7v2 --data-binary "@$one"
secure_metric() { web lab /metrics >/dev/null && sed -n "s/^anamnesis_$1 //p" body; }
is 'faults are counted' at_least "$(secure_metric 'mllp_handshakes_total{fate="failed"}')" 6
is 'the end of the certificate can be watched' at_least "$(secure_metric tls_certificate_end_seconds)" "$(date +%s)"

# ---- a sender of our own ---------------------------------------------------------------
sends() { # STATUS PATTERN ADDRESS OPTION...: replay --to
    want=$1
    pattern=$2
    to=$3
    shift 3
    says "$want" "$pattern" an a.yaml replay --to "$to" "$@" "$one"
}
lab="--certificate $pki/lab.pem --key $pki/lab.key"
# shellcheck disable=SC2086
{
    is 'replay sends over TLS with a certificate' sends 0 '^1 messages: 1 accepted' "tls://127.0.0.1:$mllp" --ca "$pki/hospital.pem" $lab
    is 'also by the name' sends 0 '^1 messages: 1 accepted' "tls://localhost:$mllp" --ca "$pki/hospital.pem" $lab
    is 'without a certificate it is told why' sends 3 'not accept our certificate|want another certificate' "tls://127.0.0.1:$mllp" --ca "$pki/hospital.pem"
    is 'with that of a stranger, too' sends 3 'not accept our certificate|want another certificate' "tls://127.0.0.1:$mllp" --ca "$pki/hospital.pem" --certificate "$pki/foreign.pem" --key "$pki/foreign.key"
    is 'a receiver whom nobody trusts gets nothing' sends 3 "127\.0\.0\.1:$mllp: the receiver's certificate is not trusted" "tls://127.0.0.1:$mllp" --ca "$pki/stranger.pem" $lab
    is 'nor does one of those whom the system does not' sends 3 "certificate is not trusted" "tls://127.0.0.1:$mllp" $lab
    is 'nor one with another name' sends 3 "127\.1:$mllp: the receiver's certificate is for another name" "tls://127.1:$mllp" --ca "$pki/hospital.pem" $lab
    is 'without TLS there is no answer' sends 3 'no MLLP frame|no answer|not sent whole' "127.0.0.1:$mllp"
    is 'a file that holds no certificate is named' sends 2 'lab\.key: no certificates of authorities' "tls://127.0.0.1:$mllp" --ca "$pki/lab.key"
    is 'nor is a key of another one taken' sends 2 'lab\.pem: no certificate, or not with that key' "tls://127.0.0.1:$mllp" --ca "$pki/hospital.pem" --certificate "$pki/lab.pem" --key "$pki/named.key"
    is 'a certificate without its key is a wrong call' sends 2 '^usage: ' "tls://127.0.0.1:$mllp" --certificate "$pki/lab.pem"
    is 'so are keys without TLS' sends 2 '^usage: ' "127.0.0.1:$mllp" --ca "$pki/hospital.pem"
}
is 'the other messages had the name of the sender' says 0 '^mllp/lab\.example 1$' feeds a.db

# ---- new certificates ---------------------------------------------------------------
serial() { "$curl" -sSv --cacert "$pki/hospital.pem" --cert "$pki/lab.pem" --key "$pki/lab.key" \
    "https://localhost:$http/health/live" 2>&1 | sed -n 's/.*expire date: *//p'; }
logged() {
    for _ in $(seq 100); do
        [ "$(grep -c "\"event\":\"$1\"" server.log)" -lt "$2" ] || return 0
        sleep 0.05
    done
    return 1
}
before=$(serial)
echo garbage >"$pki/server.pem"
kill -HUP "$server"
is 'a bad file is told' logged tls_load_fault 1
is 'and the old ones stay' answered lab
cp "$pki/renewed.pem" "$pki/server.pem"
cp "$pki/renewed.key" "$pki/server.key"
kill -HUP "$server"
is 'a hangup reads the new ones' logged tls_loaded 2
is 'they are shown' test "$(serial)" != "$before"
is 'and hold' answered lab
is 'it stops' stop
is 'the log has no word of it' none 'lab\.example|PEM|PRIVATE' server.log
echo "1..$checks"
exit $failed
