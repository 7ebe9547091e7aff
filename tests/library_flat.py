# SPDX-License-Identifier: Apache-2.0
"""The flat face by ctypes, as a script in a host would call it.

    library_flat.py LIBRARY CONFIG STORY
"""
import ctypes
import glob
import json
import sys

HL7, FHIR = b"x-application/hl7-v2+er7", b"application/fhir+json"
HISTORICAL, E_ARGUMENT, E_CONFIG = 1, -1, -3


def declare(library):
    lib = ctypes.CDLL(library)
    i64, i32, u32 = ctypes.c_int64, ctypes.c_int32, ctypes.c_uint32
    text, out = ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)
    n = ctypes.POINTER(i32)
    for name, result, arguments in (
        ("create", i64, [text, i32, text, i32]),
        ("process", i32, [i64, text, i32, text, text, u32, u32, out, n, text, i32]),
        ("free", None, [ctypes.c_void_p]),
        ("reload", i32, [i64, text, i32, text, i32]),
        ("status", i32, [i64, out, n, text, i32]),
        ("drain", i32, [i64, u32]),
        ("destroy", i32, [i64]),
    ):
        f = getattr(lib, "anamnesis_flat_" + name)
        f.restype, f.argtypes = result, arguments
    return lib


def call(lib, f, *arguments):
    """The status and the envelope, if there is one."""
    out, n = ctypes.c_void_p(), ctypes.c_int32()
    err = ctypes.create_string_buffer(256)
    status = f(*arguments, ctypes.byref(out), ctypes.byref(n), err, 256)
    if not out:
        assert status < 0 and err.value, (status, err.value)
        return status, None
    said = json.loads(ctypes.string_at(out, n.value))
    lib.anamnesis_flat_free(out)
    return status, said


def main(library, config, story):
    lib = declare(library)
    yaml = open(config, "rb").read()
    err = ctypes.create_string_buffer(256)
    engine = lib.anamnesis_flat_create(yaml, len(yaml), err, 256)
    assert engine > 0, err.value

    def process(path, kind, flags=0):
        data = open(path, "rb").read()
        return call(lib, lib.anamnesis_flat_process, engine, data, len(data),
                    kind, path.encode(), flags, 0)

    status, said = process(story + "/history.json", FHIR, HISTORICAL)
    assert status == 0 and len(said["results"]) == 1, said
    for path in sorted(glob.glob(story + "/messages/*.hl7")):
        status, said = process(path, HL7)
        assert status == 0 and said["code"] == 0, (path, said)
        assert "MSA|CA|" in said["results"][0]["text"], path
    bundle = json.loads(said["results"][1]["text"])
    types = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert {"RiskAssessment", "Provenance"} <= types, types

    assert lib.anamnesis_flat_drain(engine, 60000) == 0
    assert lib.anamnesis_flat_reload(engine, b"stage: no", 9, err, 256) == E_CONFIG
    status, said = call(lib, lib.anamnesis_flat_status, engine)
    state = json.loads(said["results"][0]["text"])
    assert state["stage"] == "live" and state["store"]["triggers_waiting"] == 0

    assert lib.anamnesis_flat_destroy(engine) == 0
    for stale in (engine, 0, -1, 1, 12345, engine + 1, 2**63 - 1):
        assert lib.anamnesis_flat_destroy(stale) == E_ARGUMENT
        assert call(lib, lib.anamnesis_flat_status, stale)[0] == E_ARGUMENT


if __name__ == "__main__":
    main(*sys.argv[1:])
