#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Event models beside classical models on the NAFLD cohort: death, heart
failure, stroke, myocardial infarction and diabetes from day 0 on.

    nafld.py --data FOLDER [--model NAME=FOLDER]... [--out report.json]
             [--markdown report.md] [--cache FILE] [--check]

FOLDER of --data has nafld1.csv, nafld2.csv, nafld3.csv (or .zst).  A model is a
folder of fold-0.csv to fold-4.csv, or a pattern of such files, with the header
id,outcome,horizon_days,risk; people are ranked by the risk at 1826 days.  The
measures are explained in README.md.  Exit status with --check: 0 when the first
model passes the bar, else 1."""
import sys

import numpy as np

import measures
import nafld_bar
import nafld_data
import nafld_models
import nafld_report
import study
import tables


def log_hazard(risk):
    """What a blend adds: of a risk, the log of its cumulative hazard."""
    p = np.clip(risk, 1e-12, 1 - 1e-12)
    return np.log(-np.log1p(-p))


def read_model(name, files, cohort, outcomes):
    """{outcome: (score, risk)} of a model; whoever is at risk must be there,
    once."""
    made = {o: np.full(len(cohort.id), np.nan) for o in outcomes}
    beside = 0
    for number, outcome, horizon, risk in tables.read_predictions(
            files, measures.fold_of):
        if outcome not in made or horizon != nafld_data.HORIZON:
            continue
        i = cohort.at.get(number)
        if i is None:
            tables.stop(f"--model {name}: no person {number} in the tables")
        if not outcomes[outcome][0][i]:
            beside += 1
            continue
        if not np.isnan(made[outcome][i]):
            tables.stop(f"--model {name}: {outcome} of {number} twice")
        made[outcome][i] = risk
    for outcome, risk in made.items():
        n = int(np.isnan(risk[outcomes[outcome][0]]).sum())
        if n:
            tables.stop(f"--model {name}: {outcome} within "
                        f"{nafld_data.HORIZON} days is missing for {n} people")
    return {o: (log_hazard(r), r) for o, r in made.items()}, beside


def blend(one, other):
    """Sum of log hazards.  Folds are ranked apart, so that what centres them
    changes no rank; a sum is no probability."""
    return {o: (one[o][0] + other[o][0], None) for o in one}


def all_rows(baselines, models):
    """Every row of the tables, by name, in order."""
    rows = {}
    for name in nafld_models.BASELINES:
        rows[name] = {o: baselines[name, o] for o in nafld_data.OUTCOMES}
        if name in nafld_models.COX:
            rows[name + " by risk"] = {
                o: (log_hazard(risk), risk)
                for o, (_, risk) in rows[name].items()}
    rows["gbm + cox-b+"] = blend(rows["gbm"], rows["cox-b+"])
    for name, model in models.items():
        if name in rows:
            tables.stop(f"--model {name}: that name is taken")
        rows[name] = model
        rows[f"{name} + cox-b+"] = blend(model, rows["cox-b+"])
    return rows


def concordances(rows, cohort, outcomes, weights):
    """{row: {outcome: C by replicate}}: pairs inside folds, then pooled."""
    folds = measures.fold_of(cohort.id)
    made = {name: {} for name in rows}
    for outcome, (at_risk, when, cause) in outcomes.items():
        pairs = np.zeros(weights.shape[1])
        right = {name: np.zeros(weights.shape[1]) for name in rows}
        for fold in range(measures.FOLDS):
            who = at_risk & (folds == fold)
            comparable, won = measures.pair_sums(
                when[who], cause[who] == 1,
                {name: rows[name][outcome][0][who] for name in rows},
                weights[who])
            pairs += comparable
            for name in rows:
                right[name] += won[name]
        for name in rows:
            made[name][outcome] = right[name] / pairs
    for by in made.values():
        by["mean"] = np.mean([by[o] for o in outcomes], axis=0)
    return made


def calibrations(rows, outcomes):
    made = {}
    for name, by in rows.items():
        if by["death"][1] is None or name.endswith(" by risk"):
            continue
        made[name] = {
            o: measures.calibration(when[at_risk], cause[at_risk],
                                    by[o][1][at_risk], nafld_data.HORIZON)
            for o, (at_risk, when, cause) in outcomes.items()}
    return made


def slopes(rows, outcomes, weights):
    """Of the answers by the horizon on log-odds, over all folds together; the
    known answers stand for those who were lost, by weights as of all people."""
    made = {}
    for name, by in rows.items():
        if by["death"][1] is None or name.endswith(" by risk"):
            continue
        made[name] = {}
        for o, (at_risk, when, cause) in outcomes.items():
            known = measures.known_weights(when[at_risk], cause[at_risk],
                                           nafld_data.HORIZON)
            y = (cause[at_risk] == 1) & (when[at_risk] <= nafld_data.HORIZON)
            made[name][o] = measures.interval(measures.calibration_slopes(
                y[known > 0], by[o][1][at_risk][known > 0],
                weights[at_risk][known > 0] * known[known > 0, None]))
    return made


def differences(c, models):
    """Paired, of each model and blend, from each of the three to beat."""
    made = {}
    for name in c:
        mine = name.partition(" + ")[0] in models or name.startswith("gbm +")
        for other in nafld_bar.BESIDE if mine else ():
            made.setdefault(name, {})[other] = {
                o: measures.interval(c[name][o] - c[other][o])
                for o in c[name]}
    return made


def examine(a):
    cohort = nafld_data.Cohort(a.data)
    outcomes = {o: cohort.outcome(o) for o in nafld_data.OUTCOMES}
    models, beside = {}, {}
    for text in a.model:
        name, files = tables.model_argument(text)
        models[name], beside[name] = read_model(name, files, cohort, outcomes)
        if beside[name]:
            study.say(f"{name}: {beside[name]} answers about people not at risk")
    rows = all_rows(nafld_models.cached(a.cache, a.data, cohort, outcomes,
                                        study.say), models)
    weights = measures.bootstrap_weights(len(cohort.id), a.replicates)
    c = concordances(rows, cohort, outcomes, weights)
    study.say("concordances")
    report = {
        "people": len(cohort.id), "replicates": a.replicates,
        "horizon_days": nafld_data.HORIZON, "models": list(models),
        "answers_beside": beside,
        "at_risk": {o: int(v[0].sum()) for o, v in outcomes.items()},
        "events": {o: int((v[2][v[0]] == 1).sum())
                   for o, v in outcomes.items()},
        "c": {name: {o: measures.interval(v) for o, v in by.items()}
              for name, by in c.items()},
        "calibration": calibrations(rows, outcomes),
        "calibration_slope": slopes(rows, outcomes, weights),
        "difference": differences(c, models)}
    report["verdict"] = {
        name: nafld_bar.judge(report["difference"][name],
                              report["calibration"][name])
        for name in models}
    return report


def main():
    a = study.arguments(__doc__)
    report = examine(a)
    return study.conclude(a, report, nafld_report.markdown(report))


if __name__ == "__main__":
    sys.exit(main())
