# SPDX-License-Identifier: Apache-2.0
"""Reading tables: a CSV as it is or packed by zstd, and the CSVs of
predictions that `anamnesis-train evaluate --predict` writes."""
import csv
import glob
import hashlib
import os
import subprocess
import sys


def stop(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def read_bytes(folder, name):
    """The bytes of folder/name, or of folder/name.zst unpacked."""
    plain = os.path.join(folder, name)
    if os.path.exists(plain):
        with open(plain, "rb") as f:
            return f.read()
    if not os.path.exists(plain + ".zst"):
        stop(f"neither {plain} nor {plain}.zst is there")
    done = subprocess.run(["zstd", "-dcq", plain + ".zst"],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode:
        stop(f"zstd cannot unpack {plain}.zst")
    return done.stdout


def read_table(folder, name):
    """Rows as dictionaries by the names of the first line."""
    text = read_bytes(folder, name).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def digest(*parts):
    """One name for data, code and settings: what a cache is good for."""
    h = hashlib.sha256()
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        h.update(len(part).to_bytes(8, "little"))
        h.update(part)
    return h.hexdigest()


def code_bytes(*names):
    """The text of files beside this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    return [read_bytes(here, name) for name in names]


def model_argument(text):
    """NAME=FOLDER or NAME=PATTERN as a name and the files it has."""
    name, equals, where = text.partition("=")
    if not name or not equals or not where:
        stop(f"--model wants NAME=FOLDER or NAME=PATTERN, not {text}")
    pattern = os.path.join(where, "fold-*.csv") if os.path.isdir(where) \
        else where
    files = sorted(glob.glob(pattern))
    if not files:
        stop(f"--model {name}: no file at {pattern}")
    return name, files


def read_predictions(files, fold_of):
    """Rows (file, id, outcome, horizon, risk) in the order of the files.  A
    file may only speak of patients of one fold, so that nobody is judged by a
    model that was trained on them."""
    rows = []
    for path in files:
        folds = set()
        with open(path, newline="", encoding="utf-8") as f:
            for line, row in enumerate(csv.DictReader(f), 2):
                try:
                    made = (int(row["id"]), row["outcome"],
                            int(row["horizon_days"]), float(row["risk"]))
                except (KeyError, TypeError, ValueError):
                    stop(f"{path}:{line}: not id,outcome,horizon_days,risk")
                if not 0 <= made[3] <= 1:
                    stop(f"{path}:{line}: no probability")
                folds.add(int(fold_of(made[0])))
                rows.append(made)
        if len(folds) != 1:
            stop(f"{path}: people of folds {sorted(folds)}, not of one")
    return rows
