# SPDX-License-Identifier: Apache-2.0
"""What of the messages of FOLDER... is still in OUT, which was made of them.

    deid_leaks_hl7.py PROFILE OUT FOLDER...

Looked for is what stands in fields of names, addresses, telephones, numbers,
providers and notes: each component, as the words that it has (runs of letters and
digits), in their order and in any case.  A component of one word counts from six
characters on, since codes have shorter ones; one of several words when they have
six together.  A code with its system ("123456^^SCT") is not searched: that
somebody has that number, too, is chance.  So is a day, with a
time or without, when days are moved by chance (date-shift).  Exits with 1, and
counts by field, when something is found: nothing of it is printed.
"""
import collections
import os
import re
import sys

WORD = re.compile(r"[^\W_]+")
DAY = re.compile(
    r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([0-5]\d){0,3}")
CODE = re.compile(r"[^|^~\r]+\^\^[A-Za-z0-9-]+(?=[|^~\r])")
FIELDS = {
    "PID": [2, 3, 4, 5, 6, 9, 11, 12, 13, 14, 18, 19, 20, 21, 23],
    "NK1": [2, 4, 5, 6], "GT1": [3, 5, 6, 7, 12], "NTE": [3],
    "PV1": [7, 8, 9, 17, 19, 50], "IN1": [2, 16, 19, 36, 49],
    "OBR": [2, 3, 16], "ORC": [2, 3, 12],
}
# Components that may stay: the state, the country and, in three digits, the ZIP
# code of PID-11; the type of an identifier.
SOME = {("PID", 3): 1, ("PID", 11): 3}


def texts(folders):
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                with open(path, encoding="utf-8", errors="replace",
                          newline="") as f:
                    yield f.read()


def identifiers(folders, days_count):
    found = collections.defaultdict(set)
    for text in texts(folders):
        for line in re.split(r"[\r\n]+", text):
            field = line.split("|")
            for number in FIELDS.get(field[0], []):
                if number >= len(field):
                    continue
                most = SOME.get((field[0], number))
                for rep in field[number].split("~"):
                    for part in re.split(r"\^", rep)[:most]:
                        key = tuple(WORD.findall(part.lower()))
                        word = "".join(key)
                        if not days_count and DAY.fullmatch(word):
                            continue
                        if len(word) >= 6:
                            found[key].add("%s-%d" % (field[0], number))
    return found


def main():
    profile, out, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    found = identifiers(folders, profile != "date-shift")
    said = []
    for text in texts([out]):
        if text.startswith(("MSH", "FHS", "BHS")):
            said += WORD.findall(CODE.sub("", text).lower())
    have, whole = set(said), " " + " ".join(said) + " "
    counts = collections.Counter()
    for key, fields in found.items():
        if have.issuperset(key) and " " + " ".join(key) + " " in whole:
            counts.update(fields)
    print("HL7v2: %d identifiers looked for, found: %s" % (
        len(found), dict(counts) if counts else "none"))
    return 1 if counts or not found or not said else 0


sys.exit(main())
