#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Variants of one model, each beside the first: the losses of the people judged
and, on the NAFLD cohort, the mean C of its five outcomes.

    ablations.py [--data FOLDER] --model NAME=FOLDER... [--markdown FILE]

FOLDER of --data is that of nafld.py; without it there is no C.  A model is a
folder of fold-0.csv to fold-4.csv, as for nafld.py, and fold-0.json to
fold-4.json, which `evaluate --out` wrote.  Losses are means over the people of
all folds, lower is better: `outcomes` per question, of hazards as they are;
`next event` per position, of a record's last 32.  Behind a difference from the
first stands in how many folds the loss is lower."""
import argparse
import json
import os
import sys

import nafld
import nafld_data
import measures
import study
import tables

LOSSES = (("outcomes", "questions"), ("next_event", "last_positions"))


def losses(files):
    """{loss: [(mean, of how many) of each fold]}."""
    made = {of: [] for of, _ in LOSSES}
    for path in files:
        with open(os.path.splitext(path)[0] + ".json", encoding="utf-8") as f:
            loss = json.load(f)["loss"]
        for of, count in LOSSES:
            made[of].append((loss[of], loss[count]))
    return made


def mean(folds):
    return sum(x * n for x, n in folds) / sum(n for _, n in folds)


def loss_cells(loss, first):
    """Each loss, and how far it is from the first's."""
    cells = []
    for of, _ in LOSSES:
        cells.append(f"{mean(loss[of]):.4f}")
        if loss is first:
            cells.append("")
            continue
        below = sum(x < y for (x, _), (y, _) in zip(loss[of], first[of]))
        cells.append(f"{mean(loss[of]) - mean(first[of]):+.4f} "
                     f"({below} of {len(loss[of])})")
    return cells


def short(x, sign=False):
    return (f"{x:+.4f}" if sign else f"{x:.4f}").replace("0.", ".", 1)


def limits(v, sign=False):
    return "{} [{}, {}]".format(*(short(x, sign) for x in v))


def c_cells(a, files):
    """{model: mean C, and the difference from the first}."""
    cohort = nafld_data.Cohort(a.data)
    outcomes = {o: cohort.outcome(o) for o in nafld_data.OUTCOMES}
    rows = {name: nafld.read_model(name, f, cohort, outcomes)[0]
            for name, f in files.items()}
    c = nafld.concordances(rows, cohort, outcomes, measures.bootstrap_weights(
        len(cohort.id), a.replicates))
    first = next(iter(c.values()))["mean"]
    return {name: [limits(measures.interval(by["mean"])),
                   "" if by["mean"] is first else
                   limits(measures.interval(by["mean"] - first), True)]
            for name, by in c.items()}


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--data", metavar="FOLDER")
    p.add_argument("--model", action="append", required=True,
                   metavar="NAME=FOLDER")
    p.add_argument("--markdown", metavar="FILE")
    p.add_argument("--replicates", type=int, default=study.REPLICATES)
    return p.parse_args()


def main():
    a = arguments()
    files = dict(tables.model_argument(text) for text in a.model)
    folds = {tuple(map(os.path.basename, f)) for f in files.values()}
    if len(folds) > 1:
        tables.stop("the models have different folds")
    c = c_cells(a, files) if a.data else {name: [] for name in files}
    loss = {name: losses(f) for name, f in files.items()}
    first = next(iter(files))
    less = f"less {first}"
    head = ["model"] + (["mean C (95 %)", less] if a.data else [])
    text = study.table(
        head + ["loss, outcomes", less, "loss, next event", less],
        [[name] + c[name] + loss_cells(loss[name], loss[first])
         for name in files])
    print(text, end="")
    if a.markdown:
        with open(a.markdown, "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    sys.exit(main())
