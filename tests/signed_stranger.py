# SPDX-License-Identifier: Apache-2.0
"""Verifies the signatures of a Bundle as a stranger would, from the text of
fhir/signed.h and of RFC 7515 alone, with openssl for the arithmetic:

    signed_stranger.py PUBLIC_KEY.pem BUNDLE.json

prints how many are right; 1 when one is not.  With - for the key it compares
with the SHA-256 of the bytes, which the case "signed" of tests/fhir_said_beside.c
has in the place of a signature."""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile


class Literal(float):
    """A number as it was said."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


def string(text):
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n",
             "\f": "\\f", "\r": "\\r"}
    return '"' + "".join(
        short.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 32 else c)
        for c in text) + '"'


def canonical(value, root=False):
    if isinstance(value, dict):
        names = [n for n in value
                 if not (root and n in ("text", "meta"))
                 and not (n == "reference" and "identifier" in value)]
        names.sort(key=lambda n: n.encode())
        return "{" + ",".join(
            string(n) + ":" + canonical(value[n]) for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, str):
        return string(value)
    return {True: "true", False: "false", None: "null"}[value]


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der_integer(raw):
    raw = raw.lstrip(b"\0") or b"\0"
    if raw[0] & 128:
        raw = b"\0" + raw
    return bytes([2, len(raw)]) + raw


def der_of(raw):
    """R and S of ECDSA, 48 bytes each, as openssl wants them."""
    body = der_integer(raw[:48]) + der_integer(raw[48:])
    return bytes([0x30, len(body)]) + body


def verify(key, jws, signed):
    header, middle, signature = jws.split(".")
    assert middle == ""
    if key == "-":
        return signature == hashlib.sha256(signed).hexdigest()
    alg = json.loads(unbase64url(header))["alg"]
    raw = unbase64url(signature)
    assert alg in ("ES384", "RS384")
    payload = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    with tempfile.NamedTemporaryFile() as f:
        f.write(der_of(raw) if alg == "ES384" else raw)
        f.flush()
        return subprocess.run(
            ["openssl", "dgst", "-sha384", "-verify", key, "-signature",
             f.name],
            input=f"{header}.{payload}".encode(),
            stdout=subprocess.DEVNULL, check=False).returncode == 0


def main(key, path):
    with open(path, encoding="utf-8") as f:
        bundle = json.load(f, parse_float=Literal, parse_int=Literal)
    resources = [e["resource"] for e in bundle["entry"]]
    by_name = {f'{r["resourceType"]}/{r["id"]}': r for r in resources}
    by_name.update({e["fullUrl"]: e["resource"] for e in bundle["entry"]
                    if "fullUrl" in e})
    right = wrong = 0
    for provenance in resources:
        for signature in provenance.get("signature", []):
            signed = "\n".join(
                canonical(by_name[t["reference"]], root=True)
                for t in provenance["target"])
            jws = base64.b64decode(signature["data"]).decode()
            if verify(key, jws, signed.encode()):
                right += 1
            else:
                wrong += 1
    print(right, "right,", wrong, "wrong")
    return 0 if right and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
