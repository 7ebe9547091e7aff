#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Event models beside classical models on readmission within 30 days, in the
table of 130 US hospitals.

    diabetes130.py --data FOLDER [--model NAME=FOLDER]... [--out report.json]
                   [--markdown report.md] [--cache FILE] [--check]

FOLDER of --data has diabetic_data.csv (or .zst).  A model is a folder of
fold-0.csv to fold-4.csv, or a pattern of such files, with the header
id,outcome,horizon_days,risk: a row for each encounter that is asked about, id
the patient, those of a patient in the order of their encounters.  The measures
are explained in README.md.  Exit status with --check: 0 when the first model
passes the bar, else 1."""
import collections
import sys

import numpy as np

import cache
import diabetes130_data as data
import measures
import study
import tables

BAR = 0.672
AT_ONCE = 50  # replicates of all encounters that are held in memory
SOURCES = ("diabetes130.py", "diabetes130_data.py", "measures.py")
TREES = {"learning_rate": 0.05, "max_iter": 200, "max_leaf_nodes": 15,
         "min_samples_leaf": 100, "l2_regularization": 1.0,
         "early_stopping": False, "random_state": 1}
BASELINES = ("logistic", "gbm", "logistic, history", "gbm, history")
MEASURES = ("auroc", "auprc", "brier", "oe")


def logistic(x, y, asked):
    from sklearn.linear_model import LogisticRegression
    middle, spread = x.mean(axis=0), x.std(axis=0)
    kept = spread > 1e-9

    def scaled(rows):
        return ((rows - middle)[:, kept] / spread[kept]).astype(np.float64)

    model = LogisticRegression(C=0.01, max_iter=500).fit(scaled(x), y)
    return model.predict_proba(scaled(asked))[:, 1]


def boosted(x, y, asked):
    from sklearn.ensemble import HistGradientBoostingClassifier
    model = HistGradientBoostingClassifier(**TREES).fit(x, y)
    return model.predict_proba(asked)[:, 1]


def predict(enc, say):
    """{baseline: risk by encounter}, out of fold."""
    made = {name: np.full(len(enc.y), np.nan) for name in BASELINES}
    folds = measures.fold_of(enc.patient)
    for name in BASELINES:
        x = np.hstack([enc.x, enc.history]) if name.endswith("history") \
            else enc.x
        fit = logistic if name.startswith("logistic") else boosted
        for fold in range(measures.FOLDS):
            test = folds == fold
            made[name][test] = fit(x[~test], enc.y[~test], x[test])
        say(name)
    return made


def cached(path, folder, enc, say):
    """The same, kept in a file."""
    key = tables.digest(tables.read_bytes(folder, data.FILE),
                        *tables.code_bytes(*SOURCES))
    return cache.kept(path, key, lambda: predict(enc, say), say)


def read_model(name, files, enc):
    """Risk by encounter: the n-th row of a patient is of the n-th encounter
    that is asked about."""
    rows = collections.defaultdict(list)
    for number, outcome, horizon, risk in tables.read_predictions(
            files, measures.fold_of):
        if outcome == data.OUTCOME and horizon == data.HORIZON:
            rows[number].append(risk)
    numbers, counts = np.unique(enc.asked, return_counts=True)
    wrong = sum(len(rows[n]) != c
                for n, c in zip(numbers.tolist(), counts.tolist()))
    if wrong:
        tables.stop(f"--model {name}: {wrong} of {len(numbers)} patients have "
                    "another number of answers than of encounters that are "
                    "asked about")
    return np.concatenate([rows[n] for n in numbers.tolist()])[enc.judged]


def measured(y, risks, patient, replicates):
    """{row: {measure: values by replicate}}, patients being drawn."""
    numbers, of = np.unique(patient, return_inverse=True)
    weights = measures.bootstrap_weights(len(numbers), replicates)
    made = {name: {m: [] for m in MEASURES} for name in risks}
    for at in range(0, weights.shape[1], AT_ONCE):
        w = weights[:, at:at + AT_ONCE][of]
        for name, risk in risks.items():
            made[name]["auroc"].append(measures.auroc(y, risk, w))
            made[name]["auprc"].append(measures.auprc(y, risk, w))
            made[name]["brier"].append(measures.brier(y, risk, w))
            made[name]["oe"].append(measures.observed_expected(y, risk, w))
    return {name: {m: np.concatenate(v) for m, v in by.items()}
            for name, by in made.items()}


def examine(a):
    enc = data.Encounters(a.data)
    risks, models = {}, []
    for text in a.model:
        name, files = tables.model_argument(text)
        if name in BASELINES or name in risks:
            tables.stop(f"--model {name}: that name is taken")
        risks[name] = read_model(name, files, enc)
        models.append(name)
    risks = {**cached(a.cache, a.data, enc, study.say), **risks}
    by = measured(enc.y, risks, enc.patient, a.replicates)
    study.say("measures")
    rows = {name: {m: measures.interval(v) for m, v in of.items()}
            for name, of in by.items()}
    for name, row in rows.items():
        row["slope"] = measures.calibration_slope(enc.y, risks[name])
    return {
        "encounters": len(enc.y), "readmitted": int(enc.y.sum()),
        "patients": len(np.unique(enc.patient)), "models": models,
        "replicates": a.replicates, "rows": rows,
        "difference": {name: {other: measures.interval(
            by[name]["auroc"] - by[other]["auroc"]) for other in BASELINES}
            for name in models},
        "verdict": {name: {"passed": rows[name]["auroc"][0] > BAR,
                           "asked": f"AUROC above {BAR}"}
                    for name in models}}


def markdown(report):
    def with_limits(v, digits=4):
        return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*v, d=digits)

    head = ["model", "AUROC", "AUPRC", "Brier", "calibration slope", "O/E"]
    rows = [[name, with_limits(v["auroc"]), with_limits(v["auprc"]),
             with_limits(v["brier"]), f"{v['slope']:.3f}",
             with_limits(v["oe"], 3)] for name, v in report["rows"].items()]
    text = (f"# Diabetes-130: {report['encounters']} encounters of "
            f"{report['patients']} patients, {report['readmitted']} "
            "readmitted within 30 days\n\nFive folds of patients; 95 % limits "
            f"by {report['replicates']} bootstraps of patients, models held "
            "fixed.\n\n") + study.table(head, rows)
    if report["difference"]:
        text += "\n" + study.table(
            ["difference in AUROC"] + list(BASELINES),
            [[name] + ["{:+.4f} [{:+.4f}, {:+.4f}]".format(*v[o])
                       for o in BASELINES]
             for name, v in report["difference"].items()])
    for name, v in report["verdict"].items():
        word = "passed" if v["passed"] else "not passed"
        text += f"\n{name}: {word} ({v['asked']})\n"
    return text


def main():
    a = study.arguments(__doc__)
    report = examine(a)
    return study.conclude(a, report, markdown(report))


if __name__ == "__main__":
    sys.exit(main())
