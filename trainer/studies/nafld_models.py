# SPDX-License-Identifier: Apache-2.0
"""The classical models that the NAFLD study compares with, each trained on
four folds and asked about the fifth.

    cox-a     Cox: age, sex, BMI, earlier diagnoses
    cox-b     and the last value of each test; ridge 5
    cox-b+    and age squared, counts, recency, min, mean, max; ridge 20
    gbm       gradient boosting of a Poisson loss over person-periods, with the
              same facts as cox-b+

A prediction is a pair of arrays by person, NaN for who is not at risk: `score`,
by which people are ranked (a log hazard), and `risk`, the cumulative incidence
at the horizon with death competing.  Death competes with the hazard of those at
risk in a Cox, and with that of all in the GBM, an approximation."""
import numpy as np

import cache
import cox
import measures
import nafld_data
import tables

COX = {"cox-a": ("bare", 1.0), "cox-b": ("labs", 5.0),
       "cox-b+": ("rich", 20.0)}
BASELINES = (*COX, "gbm")
YEAR = 365.25
EDGES = np.array([0, .25, 1, 2, 3.5, 5, 8, 100]) * YEAR
TREES = {"loss": "poisson", "learning_rate": 0.05, "max_iter": 150,
         "max_leaf_nodes": 8, "min_samples_leaf": 100,
         "l2_regularization": 1.0, "early_stopping": False,
         "random_state": 1}
SOURCES = ("cox.py", "measures.py", "nafld_data.py", "nafld_models.py")


def filled(x, train):
    """A missing number becomes the middle of those that train."""
    known = ~np.isnan(x[train]).all(axis=0)
    middle = np.zeros(x.shape[1])
    middle[known] = np.nanmedian(x[train][:, known], axis=0)
    return np.where(np.isnan(x), middle, x)


def fit_cox(x, ridge, outcome, train, test):
    at_risk, time, cause = outcome
    rows, asked = train & at_risk, test & at_risk
    x = filled(x, rows)
    model = cox.Cox(x[rows], time[rows], cause[rows] == 1, ridge)
    death = cox.Cox(x[rows], time[rows], cause[rows] == 2, ridge) \
        if np.any(cause == 2) else None
    return (model.predictor(x[asked]),
            cox.risk_competing(model, death, x[asked], nafld_data.HORIZON))


def person_periods(x, time, event):
    """A row for each person and period they lived in: features and the
    period; the rate in it; the days."""
    made = []
    for j, (start, end) in enumerate(zip(EDGES[:-1], EDGES[1:])):
        rows = time > start
        days = np.minimum(time[rows], end) - start
        had = event[rows] & (time[rows] <= end)
        made.append((np.column_stack([x[rows], np.full(rows.sum(), j)]),
                     had / days, days))
    return [np.concatenate(part) for part in zip(*made)]


def fit_gbm(x, time, event):
    from sklearn.ensemble import HistGradientBoostingRegressor
    rows, rate, days = person_periods(x, time, event)
    return HistGradientBoostingRegressor(**TREES).fit(
        rows, rate * YEAR, sample_weight=days / YEAR)


def rates(model, x):
    """A day's hazard by person and period."""
    return np.column_stack([
        model.predict(np.column_stack([x, np.full(len(x), j)])) / YEAR
        for j in range(len(EDGES) - 1)])


def risk_piecewise(one, two):
    """Cumulative hazard and incidence at the horizon of constant hazards by
    period; `two` competes."""
    days = np.clip(nafld_data.HORIZON - EDGES[:-1], 0, np.diff(EDGES))
    both = (one + two) * days
    free = np.exp(-(np.cumsum(both, axis=1) - both))
    share = np.divide(one, one + two)
    return (np.sum(one * days, axis=1),
            np.sum(free * share * -np.expm1(-both), axis=1))


def predict_fold(cohort, outcomes, fold, say):
    """Predictions of every baseline for the people of one fold:
    {(model, outcome): (score, risk)} of those who are asked."""
    test = measures.fold_of(cohort.id) == fold
    made = {}
    for name, (columns, ridge) in COX.items():
        x = cohort.table(getattr(cohort, columns))
        for outcome in outcomes:
            made[name, outcome] = fit_cox(x, ridge, outcomes[outcome], ~test,
                                          test)
        say(f"fold {fold}: {name}")
    x = cohort.table([c for c in cohort.rich if c != "age2"])
    hazard = {}
    for outcome, (at_risk, time, cause) in outcomes.items():
        rows = ~test & at_risk
        hazard[outcome] = rates(fit_gbm(x[rows], time[rows],
                                        cause[rows] == 1), x[test])
    for outcome, (at_risk, _, _) in outcomes.items():
        one = hazard[outcome]
        two = np.zeros_like(one) if outcome == "death" else hazard["death"]
        total, risk = risk_piecewise(one, two)
        asked = at_risk[test]
        made["gbm", outcome] = np.log(total[asked]), risk[asked]
    say(f"fold {fold}: gbm")
    return made


def predict(cohort, outcomes, say):
    """{(model, outcome): (score, risk)}, out of fold, by person."""
    n = len(cohort.id)
    made = {(model, outcome): (np.full(n, np.nan), np.full(n, np.nan))
            for model in BASELINES for outcome in outcomes}
    for fold in range(measures.FOLDS):
        test = measures.fold_of(cohort.id) == fold
        for key, (score, risk) in predict_fold(cohort, outcomes, fold,
                                               say).items():
            rows = test & outcomes[key[1]][0]
            made[key][0][rows], made[key][1][rows] = score, risk
    return made


def cached(path, folder, cohort, outcomes, say):
    """The same, kept in a file."""
    def make():
        return {"/".join(key) + what: array
                for key, pair in predict(cohort, outcomes, say).items()
                for what, array in zip(("/score", "/risk"), pair)}

    key = tables.digest(*[tables.read_bytes(folder, name)
                          for name in nafld_data.FILES],
                        *tables.code_bytes(*SOURCES))
    stored = cache.kept(path, key, make, say)
    return {(m, o): (stored[f"{m}/{o}/score"], stored[f"{m}/{o}/risk"])
            for m in BASELINES for o in outcomes}
