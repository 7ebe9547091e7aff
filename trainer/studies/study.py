# SPDX-License-Identifier: Apache-2.0
"""What the programs of the studies share: their options, saying what goes on,
and the report as JSON and as Markdown."""
import argparse
import json
import sys
import time

REPLICATES = 1000
started = time.time()


def say(text):
    print(f"[{time.time() - started:4.0f}s] {text}", file=sys.stderr,
          flush=True)


def arguments(description):
    p = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--data", required=True, metavar="FOLDER")
    p.add_argument("--model", action="append", default=[],
                   metavar="NAME=FOLDER")
    p.add_argument("--out", metavar="FILE", help="the report as JSON")
    p.add_argument("--markdown", metavar="FILE")
    p.add_argument("--cache", metavar="FILE",
                   help="keep the baselines in this file (.npz)")
    p.add_argument("--replicates", type=int, default=REPLICATES)
    p.add_argument("--check", action="store_true")
    a = p.parse_args()
    if a.check and not a.model:
        p.error("--check needs a --model")
    return a


def table(head, rows):
    """A table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def conclude(a, report, text):
    """Show and write the report; the exit status."""
    print(text, end="")
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            json.dump(report, f, indent=1)
            f.write("\n")
    if a.markdown:
        with open(a.markdown, "w", encoding="utf-8") as f:
            f.write(text)
    first = report["models"][0] if report["models"] else None
    return int(a.check and not report["verdict"][first]["passed"])
