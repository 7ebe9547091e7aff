# SPDX-License-Identifier: Apache-2.0
"""Our FHIR Bundles against those that other converters expect, field by field.

    convert_report.py DATA ARGUED (--program "anamnesis convert" | --ours FOLDER)
                      [--source GLOB] [--type GLOB] [--details [N]]
                      [--reasons [N]] [--bar 95] [--json FILE] [--file GLOB]

DATA is the folder hl7v2 of ANAMNESIS_DATA; its manifest.tsv names the expected
Bundle of a message.  A field is a leaf of their Bundle: the path of an element
without indices, and its value.  What names a resource and says nothing of a
patient is not counted: id, fullUrl, request, resourceType.

A leaf of theirs agrees, or differs (our element has another value), or is
missing, or lost with its whole resource; a leaf that only we have is counted as
`more`.  Resources are matched by type and content, elements that repeat by
content, references by what they refer to.  Only what means the same is the same:
one moment in two zones, 5.0 and 5, the order of a list, the text of an id.

A path is Patient.name.given, with

    extension{url}             an extension, by its url
    identifier(PGN).value      an element that we have not at all, by its type
    {receiver}Organization.name
                               a lost resource, and any organisation, person,
                               place or device, by what refers to it; {} if
                               nothing does
    {url}Practitioner.name     the same, if only another maker's extension does

Each leaf that does not agree is looked up in ARGUED, a table of

    source  type  path  kind  value  verdict  reason

source is a glob over repository/path/of/the/message, type one over ADT^A01, path
one over paths.  kind is differs, missing, lost or * for any; or `unsaid`, any
whose value stands nowhere in the message; `stranger`, any of a resource, or that
refers to one, of whose names none does; `elsewhere`, missing or lost, but our
Bundle says the value in another place.  value is - or a regular expression
searched in their value, or for differs in `theirs -> ours`.  verdict is ours,
theirs or convention.  The first row that fits decides.  `theirs` is a defect of
ours and counts against us, as does what no row explains.  The exit status is 1
below --bar percent.

--reasons says of each reason how many fields it excuses, and of how many of these
the value (of three characters or more, and no reference) stands in the message
and nowhere in our Bundle: `dropped`, which is what a reader should doubt.
"""
import argparse
import collections
import concurrent.futures
import csv
import decimal
import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys

from convert_pairing import Comparison


# ---- what is argued ---------------------------------------------------------

class Argued:
    COLUMNS = ["source", "type", "path", "kind", "value", "verdict", "reason"]

    def __init__(self, rows):
        self.rows, self.reasons = [], {}
        for number, row in rows:
            cells = row.split("\t")
            if len(cells) != 7 or not all(cells):
                raise SystemExit("line %d: want 7 columns, none empty" % number)
            source, type_, path, kind, value, verdict, _ = cells
            if kind not in ("differs", "missing", "lost", "*", *KINDS):
                raise SystemExit("line %d: no kind is %s" % (number, kind))
            if verdict not in ("ours", "theirs", "convention"):
                raise SystemExit("line %d: no verdict is %s" % (number, verdict))
            globs = [re.compile(fnmatch.translate(g)).match
                     for g in (source, type_, path)]
            search = None if value == "-" else re.compile(value).search
            self.rows.append((globs, kind, search, verdict, number))
            self.reasons[number] = verdict, row.split("\t")[-1]
        self.used = collections.Counter()
        self.dropped = collections.Counter()
        self.cache = {}

    @classmethod
    def read(cls, name):
        with open(name, encoding="utf-8") as lines:
            return cls((n, line.rstrip("\n")) for n, line in enumerate(lines, 1)
                       if line.strip() and not line.startswith("#"))

    def fitting(self, where):
        if where not in self.cache:
            self.cache[where] = [row for row in self.rows if all(
                glob(part) for glob, part in zip(row[0], where))]
        return self.cache[where]

    def verdict(self, source, type_, leaf, context):
        said = leaf.theirs
        if leaf.kind == "differs":
            said += " -> " + leaf.ours
        for _, kind, search, verdict, number in self.fitting((source, type_, leaf.path)):
            if kind in KINDS:
                if not KINDS[kind](context, leaf):
                    continue
            elif kind not in ("*", leaf.kind):
                continue
            if search is None or search(said):
                self.used[number] += 1
                self.dropped[number] += context.dropped(leaf)
                return verdict
        return "unexplained"


class Context:
    """What a message says, and what we made of it."""

    def __init__(self, message, compared=None):
        self.plain = message.lower()
        self.digits = re.sub(r"[^0-9]", "", self.plain)
        self.compared = compared

    def says(self, value):
        if re.match(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?$", value):
            return value[:10].replace("-", "") in self.digits
        return value.lower() in self.plain

    def dropped(self, leaf):
        return (len(leaf.theirs) > 2 and not leaf.path.endswith(".reference")
                and self.says(leaf.theirs)
                and leaf.theirs not in self.compared.said)

    def stranger(self, leaf):
        return any(not any(map(self.says, self.compared.names_of(place)))
                   for place in leaf.places)


KINDS = {
    "unsaid": lambda context, leaf: not context.says(leaf.theirs),
    "stranger": Context.stranger,
    "elsewhere": lambda context, leaf: (
        leaf.kind != "differs" and leaf.theirs in context.compared.said),
}


# ---- running ----------------------------------------------------------------

def bundles(text):
    """The JSON documents that follow each other in a text."""
    reader, at = json.JSONDecoder(parse_float=decimal.Decimal,
                                  parse_int=decimal.Decimal), 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        document, at = reader.raw_decode(text, at)
        yield document


def read_first(name):
    with open(name, encoding="utf-8-sig") as file:
        return next(bundles(file.read()))


def convert(args, row):
    """Our Bundle of the manifest's row, or what went wrong."""
    if args.ours:
        name = os.path.join(args.ours, row["expected_fhir"])
        return read_first(name) if os.path.exists(name) else "no " + name
    message = os.path.join(args.data, "messages", row["file"])
    done = subprocess.run(shlex.split(args.program) + [message], check=False,
                          capture_output=True)
    try:
        return next(bundles(done.stdout.decode("utf-8")), "nothing was printed")
    except ValueError as why:
        return "what was printed is no JSON: %s" % why


def rows_of(args):
    with open(os.path.join(args.data, "manifest.tsv"), encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row.get("expected_fhir", "-") == "-":
                continue
            if (fnmatch.fnmatchcase(row["repo"] + "/" + row["path"], args.source)
                    and fnmatch.fnmatchcase(row["type"], args.type)
                    and fnmatch.fnmatchcase(row["file"], args.file)):
                yield row


def compare(args, argued, row):
    """Counts of one message by verdict, and its leaves that need a word."""
    expected = read_first(os.path.join(args.data, "expected-fhir", row["expected_fhir"]))
    own = convert(args, row)
    wrong = own if isinstance(own, str) else ""
    compared = Comparison(expected, {} if wrong else own)
    with open(os.path.join(args.data, "messages", row["file"]), "rb") as file:
        context = Context(file.read().decode("latin-1"), compared)
    source = row["repo"] + "/" + row["path"]
    counts, open_ = collections.Counter(more=compared.more), []
    for leaf in compared.found:
        counts["fields"] += 1
        if leaf.kind == "agrees":
            counts["agree"] += 1
            continue
        verdict = argued.verdict(source, row["type"], leaf, context)
        counts[verdict] += 1
        if verdict in ("unexplained", "theirs"):
            open_.append((verdict, leaf))
    return counts, open_, wrong


SHOWN = ["fields", "agree", "ours", "convention", "theirs", "unexplained", "more"]


def percent(counts):
    good = counts["agree"] + counts["ours"] + counts["convention"]
    return 100.0 * good / counts["fields"] if counts["fields"] else 100.0


def group_of(row):
    """The repository; pairs written from FHIR to v2 stand apart."""
    backwards = "FHIR_to_HL7" in row["path"]
    return row["repo"] + (" (from FHIR)" if backwards else "")


def short(path):
    return re.sub(r"\{[^}]*/([^}/]*)\}", r"{\1}", path)


def report(args, argued):
    table = collections.defaultdict(collections.Counter)
    puzzles, failed = {}, []
    rows = list(rows_of(args))
    if not rows:
        raise SystemExit("no message of the manifest has an expected Bundle")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for row, (counts, open_, wrong) in zip(rows, pool.map(
                lambda row: compare(args, argued, row), rows)):
            for name in ((group_of(row), row["type"]), (group_of(row), "all"), ("all", "all")):
                table[name] += counts
                table[name]["messages"] += 1
            if wrong:
                failed.append("%s: %s" % (row["file"], wrong))
            for verdict, leaf in open_:
                key = verdict, leaf.path, leaf.kind
                entry = puzzles.setdefault(key, [0, leaf, collections.Counter()])
                entry[0] += 1
                entry[2][group_of(row)] += 1
    show(args, argued, table, puzzles, failed)
    return percent(table["all", "all"]) >= args.bar and not failed


def show(args, argued, table, puzzles, failed):
    width = max(len(name) for name, _ in table)
    print("%-*s %-8s %5s" % (width, "source", "type", "n"), *["%11s" % c for c in SHOWN], "percent")
    for (name, type_), counts in sorted(table.items()):
        print("%-*s %-8s %5d" % (width, name, type_, counts["messages"]),
              *["%11d" % counts[c] for c in SHOWN], "%7.2f" % percent(counts))
    for line in failed:
        print("failed:", line)
    ranked = sorted(puzzles.items(), key=lambda item: (-item[1][0], item[0]))
    for (verdict, path, kind), (n, leaf, groups) in ranked[:args.details]:
        value = leaf.theirs[:40] + (" -> " + leaf.ours[:40] if kind == "differs" else "")
        print("%6d %-11s %-7s %s | %s | %s" % (
            n, verdict, kind, short(path), value,
            " ".join("%s:%d" % (g.split("/")[1][:14], c) for g, c in groups.most_common())))
    show_reasons(args, argued)
    if args.details:
        unused = [str(row[4]) for row in argued.rows if not argued.used[row[4]]]
        if unused:
            print("rows that nothing needed, by line:", " ".join(unused))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({
                "table": [dict({"source": s, "type": t, "percent": round(percent(c), 2),
                                "messages": c["messages"]}, **{k: c[k] for k in SHOWN})
                          for (s, t), c in sorted(table.items())],
                "open": [{"verdict": v, "path": p, "kind": k, "n": e[0]}
                         for (v, p, k), e in ranked],
                "rows": {str(n): {"fields": c, "dropped": argued.dropped[n]}
                         for n, c in sorted(argued.used.items())},
            }, file, indent=1)
            file.write("\n")


def show_reasons(args, argued):
    totals = collections.defaultdict(lambda: [0, 0])
    for number, n in argued.used.items():
        total = totals[argued.reasons[number]]
        total[0] += n
        total[1] += argued.dropped[number]
    ranked = sorted(totals.items(), key=lambda item: (-item[1][0], item[0]))
    if args.reasons and ranked:
        print("%6s %7s %-10s reason" % ("fields", "dropped", "verdict"))
    for (verdict, reason), (n, dropped) in ranked[:args.reasons]:
        print("%6d %7d %-10s %s" % (n, dropped, verdict, reason))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("data")
    parser.add_argument("argued")
    parser.add_argument("--program", default="anamnesis convert")
    parser.add_argument("--ours")
    parser.add_argument("--source", default="*")
    parser.add_argument("--type", default="*")
    parser.add_argument("--file", default="*")
    parser.add_argument("--details", nargs="?", type=int, const=40, default=0)
    parser.add_argument("--reasons", nargs="?", type=int, const=40, default=0)
    parser.add_argument("--bar", type=float, default=95)
    parser.add_argument("--json")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    return report(args, Argued.read(args.argued))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
