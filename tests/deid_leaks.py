# SPDX-License-Identifier: Apache-2.0
"""What of the records of IN is still in OUT, which was made of them.

    deid_leaks.py PROFILE IN OUT

An identifier is a name, a line or city of an address, a telephone number, an
identifier, an id, a full URL, a ZIP code, a coordinate, a text of an extension:
of any resource.  All those of all patients are looked for in all of the output,
in any case.  A word is a run of letters and digits; UUIDs, dates and decimals are
one word each.  Single words below four characters are not looked for, nor ZIP
codes that have lost a zero, since codes and years are such words; of what has
several words, all in their order.

safe-harbor: no more of a date than its year is anywhere.  date-shift: each
patient's encounters are the same days away from where they were, by 50 at most.
Exits with 1, and counts by kind, when something is found: no identifier is
printed.
"""
import collections
import datetime
import json
import os
import re
import sys

WORD = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d{2}-\d{2}"
    r"|\d+\.\d+|[^\W_]+")
DATE = re.compile(r"(?<![\w.-])\d{4}-\d{2}")


def words(text):
    return tuple(WORD.findall(text.lower()))


def files(folder):
    names = [n for n in os.listdir(folder) if n.endswith(".json")]
    return [os.path.join(folder, n) for n in sorted(names, key=os.fsencode)]


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, path + (key,))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def kind(path):
    """The kind of identifier that stands there, or None."""
    if path[-1] == "id" or path[-1] == "fullUrl":
        return "id"
    if path[-1] == "reference":
        return "reference"
    if "name" in path and path[-1] in ("family", "given", "text", "name"):
        return "name"
    if path[-2:-1] in (("address",), ("valueAddress",)):
        return path[-1] if path[-1] in ("line", "city", "postalCode") else None
    if path[-1] == "value" and "telecom" in path:
        return "telecom"
    if path[-1] == "value" and "identifier" in path:
        return "identifier"
    if "extension" in path and path[-1] in ("valueString", "valueDecimal"):
        return None if "valueCoding" in path else path[-1]
    return None


def identifiers(folder):
    found = collections.defaultdict(set)
    for path in files(folder):
        for where, value in leaves(load(path)):
            of = kind(where)
            if of and not isinstance(value, bool):
                key = words(str(value))
                least = 5 if of == "postalCode" else 4
                if len(key) > 1 or key and len(key[0]) >= least:
                    found[key].add(of)
    # What race and ethnicity are called is no identifier.
    for key in [k for k, v in found.items() if v == {"valueString"}]:
        if " ".join(key) in ("white", "black or african american", "asian",
                             "hispanic or latino", "other", "unknown",
                             "not hispanic or latino",
                             "american indian or alaska native"):
            del found[key]
    return found


def leaks(found, out):
    counts = collections.Counter()
    for path in files(out):
        with open(path, encoding="utf-8") as f:
            said = WORD.findall(f.read().lower())
        have = set(said)
        text = None
        for key, kinds in found.items():
            if not have.issuperset(key):
                continue
            if len(key) > 1:
                text = text or " " + " ".join(said) + " "
                if " " + " ".join(key) + " " not in text:
                    continue
            counts.update(kinds)
    return counts


def starts(bundle):
    return [e["resource"]["period"].get("start", "") for e in bundle["entry"]
            if e["resource"]["resourceType"] == "Encounter"
            and "period" in e["resource"]]


def day(text):
    return datetime.date.fromisoformat(text[:10])


def moved_wrongly(source, out):
    wrong, days = 0, set()
    for before, after in zip(files(source), files(out)):
        was = [t for t in starts(load(before)) if int(t[:4]) > 1936]
        now = starts(load(after))
        gaps = {(day(b) - day(a)).days for a, b in zip(was, now) if b}
        if len(was) == len([t for t in now if t]):
            wrong += len(gaps) > 1 or any(abs(g) > 50 for g in gaps)
            wrong += any(a[10:] != b[10:] for a, b in zip(was, now))
            days |= gaps
    return wrong + (len(days) < 20)


def main():
    profile, source, out = sys.argv[1:]
    found = identifiers(source)
    counts = leaks(found, out)
    if profile == "safe-harbor":
        for path in files(out):
            with open(path, encoding="utf-8") as f:
                counts["date"] += len(DATE.findall(f.read()))
    else:
        counts["moved"] += moved_wrongly(source, out)
    print("%s: %d identifiers looked for in %d files, found: %s" % (
        profile, len(found), len(files(out)),
        dict(+counts) if +counts else "none"))
    return 1 if +counts or not found or not files(out) else 0


sys.exit(main())
