# SPDX-License-Identifier: Apache-2.0
"""A host in Python: loads either library, opens an engine on a configuration,
gives it the files named on the command line, and prints what comes back.

    python3 host.py /usr/local/lib/libanamnesis.so anamnesis.yaml FILE...
    python3 host.py /usr/local/lib/libanamnesis-helper.so helper.yaml FILE...

It uses the flat face: numbers and bytes, no structs.
"""
import ctypes
import json
import sys

ERR_BYTES = 256


def load(path):
    """The library, each function with its types."""
    lib = ctypes.CDLL(path)
    i32, i64, u32 = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint32
    text, out, n = ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int32)
    types = {
        "create": (i64, [text, i32, text, i32]),
        "process": (i32, [i64, text, i32, text, text, u32, u32, out, n, text, i32]),
        "free": (None, [ctypes.c_void_p]),
        "destroy": (i32, [i64]),
    }
    for name, (result, arguments) in types.items():
        function = getattr(lib, "anamnesis_flat_" + name)
        function.restype, function.argtypes = result, arguments
    return lib


class Engine:
    def __init__(self, library, config):
        self.lib = load(library)
        err = ctypes.create_string_buffer(ERR_BYTES)
        self.engine = self.lib.anamnesis_flat_create(config, len(config), err, ERR_BYTES)
        if self.engine < 0:
            raise RuntimeError(err.value.decode())

    def process(self, data, content_type, message_id, deadline_ms=0):
        """The status, its text, and a list of results."""
        out, n = ctypes.c_void_p(), ctypes.c_int32()
        err = ctypes.create_string_buffer(ERR_BYTES)
        status = self.lib.anamnesis_flat_process(
            self.engine, data, len(data), content_type, message_id, 0, deadline_ms,
            ctypes.byref(out), ctypes.byref(n), err, ERR_BYTES)
        results = []
        if out:
            results = json.loads(ctypes.string_at(out, n.value))["results"]
            self.lib.anamnesis_flat_free(out)
        return status, err.value.decode(), results

    def close(self):
        self.lib.anamnesis_flat_destroy(self.engine)


def main(library, config, *files):
    with open(config, "rb") as f:
        engine = Engine(library, f.read())
    n_bad = 0
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        kind = b"application/fhir+json" if data[:1] == b"{" else b"x-application/hl7-v2+er7"
        status, why, results = engine.process(data, kind, path.encode())
        n_bad += status != 0
        print(f"== {path}: {status}{', ' + why if why else ''}")
        for one in results:
            print(f"-- {one['contentType']}\n{one.get('text', '(bytes)')}")
    engine.close()
    return n_bad != 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: host.py LIBRARY CONFIG FILE...")
    sys.exit(main(*sys.argv[1:]))
