# SPDX-License-Identifier: Apache-2.0
"""Baselines do not change from run to run: arrays that are kept in a file with
the digest of what they were made of, and made again when that is another."""
import os

import numpy as np


def kept(path, key, make, say):
    """{name: array}: of the file at `path` if it has that key, else make()'s,
    which is kept there.  No path: always made."""
    if path and os.path.exists(path):
        with np.load(path) as stored:
            if str(stored["key"]) == key:
                say(f"baselines from {path}")
                return {n: stored[n] for n in stored.files if n != "key"}
        say(f"{path} is of other tables or code: made again")
    made = make()
    if path:
        with open(path + ".tmp", "wb") as f:
            np.savez(f, key=np.array(key), **made)
        os.replace(path + ".tmp", path)
    return made
