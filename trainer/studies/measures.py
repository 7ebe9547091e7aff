# SPDX-License-Identifier: Apache-2.0
"""Measures of a prediction, with their bootstrap: concordance, Aalen-Johansen,
observed over expected, and what a table of 0s and 1s can be judged by.

A bootstrap replicate is a weight for each patient, Poisson of mean 1; models
are held fixed, so the luck of training is not inside an interval.  Weights are
a table of people by replicates whose first column is all ones: column 0 of
every result is the estimate itself."""
import numpy as np

FOLDS = 5
BLOCK = 256  # events at once: BLOCK x people numbers are held


def fold_of(number):
    """The fold of a patient, as `anamnesis-train dataset --fold` draws it: the
    ids of a file may all have one remainder by 5, so that digit is skipped."""
    return (np.asarray(number, dtype=np.int64) // 5) % FOLDS


def bootstrap_weights(n_people, n_replicates, seed=1):
    drawn = np.random.default_rng(seed).poisson(1.0, (n_people, n_replicates))
    ones = np.ones((n_people, 1), dtype=np.float32)
    return np.hstack([ones, drawn.astype(np.float32)])


def interval(replicates):
    """Estimate and 95 % limits of what column 0 and the others say."""
    low, high = np.percentile(replicates[1:], [2.5, 97.5]) \
        if len(replicates) > 1 else (np.nan, np.nan)
    return float(replicates[0]), float(low), float(high)


def pair_sums(time, event, scores, weights):
    """Harrell's pairs: someone with the event, and someone who is known to be
    free of it longer (at the same time only the censored are).  Returns the
    weight of all pairs, and for each score that of those it puts in the right
    order, equal scores counting one half.  Sums below 2^23 are exact in single
    precision, and these are."""
    order = np.flatnonzero(event)
    comparable = np.zeros(weights.shape[1])
    right = {name: np.zeros(weights.shape[1]) for name in scores}
    for at in range(0, len(order), BLOCK):
        rows = order[at:at + BLOCK]
        t = time[rows, None]
        pairs = (time > t) | ((time == t) & ~event)
        w = weights[rows].astype(np.float64)
        comparable += np.einsum("eb,eb->b", w,
                                pairs.astype(np.float32) @ weights)
        for name, score in scores.items():
            s = score[rows, None]
            won = ((s > score) + np.float32(0.5) * (s == score)) * pairs
            right[name] += np.einsum("eb,eb->b", w,
                                     won.astype(np.float32) @ weights)
    return comparable, right


def cif_observed(time, cause, horizon):
    """Aalen-Johansen: how many had cause 1 by then, cause 2 competing, those
    who were only watched a while (cause 0) leaving at their time."""
    time = np.asarray(time, dtype=float)
    order = np.argsort(time, kind="stable")
    time, cause = time[order], np.asarray(cause)[order]
    moments, first = np.unique(time, return_index=True)
    at_risk = len(time) - first
    ones = np.add.reduceat((cause == 1).astype(float), first)
    twos = np.add.reduceat((cause == 2).astype(float), first)
    before = np.concatenate([[1.0], np.cumprod(1 - (ones + twos) / at_risk)])
    return float(np.sum((before[:-1] * ones / at_risk)[moments <= horizon]))


def calibration(time, cause, risk, horizon):
    """Observed over expected by the horizon: of all, of the fifth with the
    highest risks, and the mean distance of the two over fifths."""
    fifths = np.array_split(np.argsort(risk, kind="stable"), 5)
    observed = [cif_observed(time[f], cause[f], horizon) for f in fifths]
    expected = [float(np.mean(risk[f])) for f in fifths]
    return {"oe": cif_observed(time, cause, horizon) / float(np.mean(risk)),
            "oe_top": observed[-1] / expected[-1],
            "distance": float(np.mean(np.abs(np.subtract(observed,
                                                         expected))))}


def _by_score(y, score, weights):
    """Weights of those with and without the event, summed over equal scores,
    the highest first: two tables of score by replicate."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    w = weights[order].astype(np.float64)
    yes = np.add.reduceat(w * y[order, None], first, axis=0)
    return yes, np.add.reduceat(w, first, axis=0) - yes


def auroc(y, score, weights):
    yes, no = _by_score(y, score, weights)
    above = np.cumsum(yes, axis=0) - yes / 2
    return np.sum(no * above, axis=0) / (yes.sum(axis=0) * no.sum(axis=0))


def auprc(y, score, weights):
    """Average precision: the step function below the curve."""
    yes, no = _by_score(y, score, weights)
    found = np.cumsum(yes, axis=0)
    called = found + np.cumsum(no, axis=0)
    called[called == 0] = 1
    return np.sum(yes * found / called, axis=0) / found[-1]


def brier(y, risk, weights):
    return ((y - risk) ** 2) @ weights / weights.sum(axis=0)


def observed_expected(y, risk, weights):
    return (y @ weights) / (risk @ weights)


def known_weights(time, cause, horizon):
    """Who was still without the event at the horizon, or had cause 1 or 2 by
    then, stands for those who were lost before (cause 0): one over the chance
    of being watched that long (Kaplan-Meier of being lost; at a time events go
    before losses).  0 for the lost."""
    time, cause = np.asarray(time, dtype=float), np.asarray(cause)
    until = np.minimum(time, horizon)
    moments, back = np.unique(time, return_inverse=True)
    lost = np.bincount(back, cause == 0, len(moments))
    there = np.bincount(back, None, len(moments))
    at_risk = there[::-1].cumsum()[::-1] - (there - lost)
    kept = np.cumprod(1 - lost / np.maximum(at_risk, 1))
    before = np.r_[1.0, kept][np.searchsorted(moments, until)]
    known = (cause != 0) | (time >= horizon)
    return np.where(known, 1 / np.where(known, before, 1), 0.0)


def calibration_slopes(y, risk, weights):
    """Of a logistic regression of what happened on the logit of the risk, one
    for each column of the weights, by Newton's method; nan where it has none,
    as where everybody has the same answer."""
    p = np.clip(risk, 1e-6, 1 - 1e-6)
    x = np.log(p / (1 - p))[:, None]
    y = np.asarray(y, dtype=float)[:, None]
    made = [_slopes(y, x, weights[:, at:at + BLOCK].astype(float))
            for at in range(0, weights.shape[1], BLOCK)]
    return np.concatenate(made)


def _slopes(y, x, w):
    a, b = np.zeros(w.shape[1]), np.ones(w.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(50):
            q = 1 / (1 + np.exp(-a - b * x))
            off, v = w * (y - q), w * q * (1 - q)
            g0, g1 = off.sum(axis=0), (x * off).sum(axis=0)
            s0, s1, s2 = v.sum(axis=0), (x * v).sum(axis=0), \
                (x * x * v).sum(axis=0)
            d = s0 * s2 - s1 * s1
            step_a, step_b = (s2 * g0 - s1 * g1) / d, (s0 * g1 - s1 * g0) / d
            a, b = a + step_a, b + step_b
            moved = np.maximum(np.abs(step_a), np.abs(step_b))
            if np.all((moved < 1e-9) | ~np.isfinite(moved)):
                break
    return np.where(moved < 1e-6, b, np.nan)


def calibration_slope(y, risk):
    return float(calibration_slopes(y, risk, np.ones((len(y), 1)))[0])
