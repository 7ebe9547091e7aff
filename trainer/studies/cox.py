# SPDX-License-Identifier: Apache-2.0
"""Cox regression with Efron's ties and a ridge, its baseline hazard, and the
risk of a cause while another competes."""
import numpy as np


class Ties:
    """Who is at risk and who has the event at each moment, made once for a
    fit: rows are put in the order of falling time."""

    def __init__(self, time, event):
        self.order = np.argsort(-time, kind="stable")
        time, event = time[self.order], event[self.order]
        # The last row that is at risk at the time of each row.
        after = np.r_[time[1:] != time[:-1], True]
        last = np.flatnonzero(after)
        group = np.concatenate([[0], np.cumsum(after)[:-1]])
        self.rows = np.flatnonzero(event)
        self.groups, self.of = np.unique(group[self.rows],
                                         return_inverse=True)
        self.last = last[self.groups]
        self.times = time[self.last]
        deaths = np.bincount(self.of)
        # Efron: the i-th of d tied events has i/d of them no more at risk.
        first = np.r_[0, np.cumsum(deaths)[:-1]]
        nth = np.arange(len(self.rows)) - first[self.of]
        self.share = nth / deaths[self.of]
        # A row is at risk in the groups from its own on, which come later in
        # this order; `since` is the first of them.
        self.since = np.searchsorted(self.groups, group)

    def hazard(self, weight):
        """Jump of the baseline hazard at each group, and the share of it that
        the tied do not bear."""
        s0 = np.cumsum(weight)[self.last]
        tied = np.bincount(self.of, weight[self.rows])
        denominator = s0[self.of] - self.share * tied[self.of]
        jump = np.bincount(self.of, 1 / denominator)
        spared = np.bincount(self.of, self.share / denominator)
        return denominator, jump, spared


def _likelihood(ties, lp, b, ridge):
    shift = lp.max()
    denominator, _, _ = ties.hazard(np.exp(lp - shift))
    return float(np.sum(lp[ties.rows] - shift) - np.sum(np.log(denominator)) -
                 ridge / 2 * b @ b)


def _slope(ties, x, lp, b, ridge):
    """Gradient and information of the penalised likelihood."""
    weight = np.exp(lp - lp.max())
    denominator, jump, spared = ties.hazard(weight)
    s1 = np.cumsum(x * weight[:, None], axis=0)[ties.last]
    t1 = np.zeros_like(s1)
    np.add.at(t1, ties.of, (x * weight[:, None])[ties.rows])
    mean = (s1[ties.of] - ties.share[:, None] * t1[ties.of]) \
        / denominator[:, None]
    # What each row bears: the jumps of the groups in which it is at risk.
    total = np.r_[np.cumsum(jump[::-1])[::-1], 0.0]
    borne = total[ties.since]
    borne[ties.rows] -= spared[ties.of]
    information = (x * (weight * borne)[:, None]).T @ x - mean.T @ mean
    gradient = x[ties.rows].sum(axis=0) - mean.sum(axis=0)
    return gradient - ridge * b, information + ridge * np.eye(len(b))


def fit(x, time, event, ridge):
    """Coefficients of standardised columns, by Newton's steps that are halved
    while they do not help: rare flags make the full step swing."""
    ties = Ties(time, event)
    x = x[ties.order]
    b = np.zeros(x.shape[1])
    now = _likelihood(ties, x @ b, b, ridge)
    for _ in range(60):
        gradient, information = _slope(ties, x, x @ b, b, ridge)
        step = np.linalg.solve(information, gradient)
        for _ in range(30):
            to = _likelihood(ties, x @ (b + step), b + step, ridge)
            if to >= now:
                break
            step = step / 2
        else:
            return b
        b, gain, now = b + step, to - now, to
        if gain < 1e-9 * (abs(now) + 1):
            break
    return b


class Cox:
    """Fitted to people; columns that say nothing are left out."""

    def __init__(self, x, time, event, ridge):
        self.middle = x.mean(axis=0)
        spread = x.std(axis=0)
        self.kept = spread > 1e-12
        self.spread = spread[self.kept]
        scaled = self._scaled(x)
        self.b = fit(scaled, time, event, ridge)
        ties = Ties(time, event)
        weight = np.exp(scaled @ self.b)[ties.order]
        self.jumps = ties.hazard(weight)[1][::-1]
        self.times = ties.times[::-1]

    def _scaled(self, x):
        return (x - self.middle)[:, self.kept] / self.spread

    def predictor(self, x):
        return self._scaled(x) @ self.b


def risk_competing(cox, death, x, horizon, rows=500):
    """Cumulative incidence by the horizon, `death` competing if there is one:
    the sum over moments of being free until then and having it then."""
    steps = [(cox.times, cox.jumps, 0)]
    if death is not None:
        steps.append((death.times, death.jumps, 1))
    time = np.concatenate([s[0] for s in steps])
    jump = np.concatenate([s[1] for s in steps])
    other = np.concatenate([np.full(len(s[0]), s[2]) for s in steps])
    order = np.argsort(time, kind="stable")
    order = order[time[order] <= horizon]
    one = np.where(other[order] == 0, jump[order], 0.0)
    two = np.where(other[order] == 1, jump[order], 0.0)
    risk = np.empty(len(x))
    for at in range(0, len(x), rows):
        part = x[at:at + rows]
        hazard = np.exp(cox.predictor(part))[:, None] * one
        lost = hazard if death is None else \
            hazard + np.exp(death.predictor(part))[:, None] * two
        free = np.exp(-(np.cumsum(lost, axis=1) - lost))
        # Someone with a high hazard cannot have it more than once.
        risk[at:at + rows] = np.sum(free * -np.expm1(-hazard), axis=1)
    return risk
