#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The measures and the Cox of the studies, against twins that are slow and
plain, against what can be worked out by hand, and against known numbers.  Needs
numpy.  Run by tests/studies.sh."""
import math
import os
import tempfile
import unittest

import numpy as np

import cox
import measures
import nafld_bar
import tables


def naive_c(time, event, score, weight):
    """Concordant and comparable weight, pair by pair."""
    won = pairs = 0.0
    for i in range(len(time)):
        for j in range(len(time)):
            if event[i] and (time[j] > time[i] or
                             time[j] == time[i] and not event[j]):
                w = weight[i] * weight[j]
                pairs += w
                won += w * (1.0 if score[i] > score[j] else
                            0.5 if score[i] == score[j] else 0.0)
    return won, pairs


def naive_slope(y, logit):
    """By halving: the likelihood's derivative in the slope, at the intercept
    that is best for it, falls."""
    def best(lo, hi, rises):
        for _ in range(60):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if rises(mid) else (lo, mid)
        return (lo + hi) / 2

    def off(a, b):
        return y - 1 / (1 + np.exp(-a - b * logit))

    def intercept(b):
        return best(-20, 20, lambda a: off(a, b).sum() > 0)

    return best(-5, 5, lambda b: (logit * off(intercept(b), b)).sum() > 0)


def naive_known(time, cause, horizon):
    made = []
    for t, c in zip(time, cause):
        watched = 1.0
        for m in sorted(set(time)):
            if m < min(t, horizon):
                at_risk = sum(1 for u, d in zip(time, cause)
                              if u > m or (u == m and d == 0))
                lost = sum(1 for u, d in zip(time, cause) if u == m and d == 0)
                watched *= 1 - lost / at_risk if lost else 1
        made.append(1 / watched if c != 0 or t >= horizon else 0)
    return np.array(made)


def naive_auroc(y, score):
    yes, no = score[y == 1], score[y == 0]
    return np.mean([(a > b) + 0.5 * (a == b) for a in yes for b in no])


def naive_auprc(y, score):
    total, last = 0.0, 0.0
    for cut in sorted(set(score), reverse=True):
        called = score >= cut
        recall = y[called].sum() / y.sum()
        total += (recall - last) * y[called].mean()
        last = recall
    return total


class Concordance(unittest.TestCase):
    def test_is_that_of_the_naive_twin(self):
        rng = np.random.default_rng(5)
        for n in (1, 2, 40, 300):
            time = rng.integers(1, 30, n).astype(float)
            event = rng.random(n) < 0.95  # more events than one block
            score = rng.integers(0, 9, n).astype(float)
            weights = measures.bootstrap_weights(n, 3)
            pairs, won = measures.pair_sums(time, event, {"s": score},
                                            weights)
            for b in range(4):
                self.assertEqual((won["s"][b], pairs[b]), naive_c(
                    time, event, score, weights[:, b].astype(float)))

    def test_a_perfect_order_is_one_and_its_reverse_nothing(self):
        time = np.arange(1.0, 9)
        event = np.full(8, True)
        weights = np.ones((8, 1), dtype=np.float32)
        pairs, won = measures.pair_sums(
            time, event, {"good": -time, "bad": time}, weights)
        self.assertEqual(won["good"][0], pairs[0])
        self.assertEqual(won["bad"][0], 0)


class Incidence(unittest.TestCase):
    def test_aalen_johansen_by_hand(self):
        # 5 at risk: 1/5 at day 1.  Day 2: one of 4 by the other cause, free
        # 4/5 * 3/4 = 3/5.  Day 3 censors one.  Day 4: 3/5 * 1/2 = 3/10.
        time, cause = [4, 1, 3, 2, 9], [1, 1, 0, 2, 0]
        for horizon, want in ((0.5, 0), (1, .2), (3.9, .2), (4, .5), (99, .5)):
            self.assertAlmostEqual(
                measures.cif_observed(time, cause, horizon), want)

    def test_without_censoring_it_is_the_share(self):
        rng = np.random.default_rng(2)
        time = rng.integers(1, 50, 400)
        cause = rng.integers(1, 3, 400)
        self.assertAlmostEqual(measures.cif_observed(time, cause, 20),
                               np.mean((time <= 20) & (cause == 1)))

    def test_calibration_of_the_truth_is_one(self):
        rng = np.random.default_rng(3)
        risk = rng.random(40000) * .5
        cause = (rng.random(40000) < risk) * 1
        time = np.where(cause == 1, 10.0, 100.0)
        got = measures.calibration(time, cause, risk, 50)
        self.assertAlmostEqual(got["oe"], 1, delta=.02)
        self.assertAlmostEqual(got["oe_top"], 1, delta=.03)
        self.assertLess(got["distance"], .01)
        half = measures.calibration(time, cause, risk / 2, 50)
        self.assertAlmostEqual(half["oe"], 2 * got["oe"])


class Classification(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(7)
        self.score = rng.integers(1, 20, 200) / 20
        self.y = (rng.random(200) < self.score) * 1.0
        self.weights = measures.bootstrap_weights(200, 3)

    def test_a_weight_is_so_many_rows(self):
        for b in range(4):
            again = np.repeat(np.arange(200), self.weights[:, b].astype(int))
            y, score = self.y[again], self.score[again]
            for got, want in (
                    (measures.auroc, naive_auroc(y, score)),
                    (measures.auprc, naive_auprc(y, score)),
                    (measures.brier, np.mean((y - score) ** 2)),
                    (measures.observed_expected, y.sum() / score.sum())):
                self.assertAlmostEqual(
                    float(got(self.y, self.score, self.weights)[b]),
                    float(want), places=5)

    def test_the_slope_undoes_a_stretched_logit(self):
        rng = np.random.default_rng(9)
        logit = rng.normal(-1, 1, 100000)
        y = (rng.random(100000) < 1 / (1 + np.exp(-logit))) * 1.0
        stretched = 1 / (1 + np.exp(-2 * logit))
        self.assertAlmostEqual(measures.calibration_slope(y, stretched), .5,
                               delta=.01)


    def test_slopes_of_weights_are_those_of_repeated_people(self):
        rng = np.random.default_rng(10)
        risk = 1 / (1 + np.exp(-rng.normal(-1, 1.5, 400)))
        y = rng.random(400) < risk
        weights = measures.bootstrap_weights(400, 300)
        got = measures.calibration_slopes(y, risk, weights)
        self.assertEqual(got.shape, (301,))
        for b in (0, 1, 299):
            who = np.repeat(np.arange(400), weights[:, b].astype(int))
            logit = np.log(risk[who] / (1 - risk[who]))
            self.assertAlmostEqual(naive_slope(y[who], logit), got[b], places=6)
        low, high = np.percentile(got[1:], [2.5, 97.5])
        self.assertTrue(low < 1 < high and high - low < 1)

    def test_one_answer_has_no_slope(self):
        got = measures.calibration_slopes(np.zeros(50), np.linspace(.1, .9, 50),
                                          np.ones((50, 3)))
        self.assertTrue(np.all(np.isnan(got)))


class Lost(unittest.TestCase):
    def test_weights_equal_plain_loops(self):
        rng = np.random.default_rng(11)
        for _ in range(50):
            time = rng.integers(1, 15, 40)
            cause = rng.integers(0, 3, 40)
            np.testing.assert_allclose(
                measures.known_weights(time, cause, 9),
                naive_known(time, cause, 9), atol=1e-12)

    def test_the_slope_is_as_if_nobody_were_lost(self):
        """Who is lost depends on nothing; those left have fewer events."""
        rng = np.random.default_rng(12)
        logit = rng.normal(-1, 1, 60000)
        risk = 1 / (1 + np.exp(-logit))
        when = np.where(rng.random(60000) < risk, rng.uniform(0, 100, 60000),
                        200.0)
        lost = rng.exponential(80, 60000)
        time = np.minimum(when, lost)
        cause = np.where(when <= lost, np.where(when < 100, 1, 2), 0)
        weights = measures.known_weights(time, cause, 100)
        self.assertAlmostEqual(weights.sum() / 60000, 1, delta=.01)
        y = (cause == 1) & (time <= 100)
        self.assertAlmostEqual((weights * y).sum() / 60000, risk.mean(),
                               delta=.01)
        stretched = 1 / (1 + np.exp(-2 * logit))
        got = measures.calibration_slopes(y, stretched, weights[:, None])
        self.assertAlmostEqual(got[0], .5, delta=.02)


class Bootstrap(unittest.TestCase):
    def test_the_first_column_is_the_estimate(self):
        weights = measures.bootstrap_weights(500, 200)
        self.assertTrue(np.all(weights[:, 0] == 1))
        self.assertAlmostEqual(float(weights[:, 1:].mean()), 1, delta=.02)
        self.assertAlmostEqual(float(weights[:, 1:].var()), 1, delta=.05)

    def test_limits_of_a_mean_are_two_standard_errors_away(self):
        x = np.random.default_rng(4).normal(0, 1, 2000)
        weights = measures.bootstrap_weights(2000, 2000)
        estimate, low, high = measures.interval(
            x @ weights / weights.sum(axis=0))
        self.assertAlmostEqual(estimate, x.mean())
        error = x.std() / math.sqrt(2000)
        self.assertAlmostEqual((high - low) / (2 * 1.96 * error), 1, delta=.1)

    def test_folds_skip_the_digit_that_is_held_back(self):
        kept = np.array([i for i in range(1, 1001) if i % 5])
        counts = np.bincount(measures.fold_of(kept))
        self.assertEqual(counts.tolist(), [160] * 5)
        self.assertEqual(measures.fold_of([4, 5, 29, 30]).tolist(),
                         [0, 1, 0, 1])


class Regression(unittest.TestCase):
    # Therneau, "A package for survival analysis in R", validation data set 1.
    time = np.array([1, 1, 6, 6, 8, 9.0])
    event = np.array([1, 0, 1, 1, 0, 1]) == 1
    x = np.array([[1], [1], [1], [0], [0], [0.0]])

    def test_efron_is_that_of_r(self):
        b = cox.fit(self.x, self.time, self.event, 0)
        self.assertAlmostEqual(b[0], 1.676857, places=6)

    def test_a_ridge_is_where_its_gradient_is_nothing(self):
        ridge = 0.7
        b = cox.fit(self.x, self.time, self.event, ridge)[0]
        r = math.exp(b)
        self.assertAlmostEqual(
            2 - r / (r + 1) - r / (r + 3) - r / (r + 5) - ridge * b, 0,
            places=6)

    def test_gradient_and_information_are_those_of_the_likelihood(self):
        rng = np.random.default_rng(1)
        x = rng.normal(0, 1, (80, 3))
        time = rng.integers(1, 12, 80).astype(float)
        event = rng.random(80) < .6
        ties = cox.Ties(time, event)
        x, b, step = x[ties.order], np.array([.3, -.2, .1]), 1e-5
        gradient, information = cox._slope(ties, x, x @ b, b, 2.0)
        for i in range(3):
            to = np.eye(3)[i] * step
            up, down = b + to, b - to
            self.assertAlmostEqual(
                (cox._likelihood(ties, x @ up, up, 2.0) -
                 cox._likelihood(ties, x @ down, down, 2.0)) / (2 * step),
                gradient[i], places=5)
            change = (cox._slope(ties, x, x @ up, up, 2.0)[0] -
                      cox._slope(ties, x, x @ down, down, 2.0)[0]) / (2 * step)
            np.testing.assert_allclose(-change, information[i], atol=1e-5)

    def test_finds_what_made_the_times(self):
        rng = np.random.default_rng(6)
        x = rng.normal(0, 1, (20000, 2))
        hazard = np.exp(x @ [.8, -.5]) / 1000
        other = np.full(20000, 1 / 2000)
        end = rng.exponential(1 / (hazard + other))
        cause = np.where(rng.random(20000) < hazard / (hazard + other), 1, 2)
        cause[end > 900] = 0
        end = np.ceil(np.minimum(end, 900))
        one = cox.Cox(x, end, cause == 1, 1)
        two = cox.Cox(x, end, cause == 2, 1)
        np.testing.assert_allclose(one.b / one.spread, [.8, -.5], atol=.03)
        both = hazard + other
        truth = hazard / both * (1 - np.exp(-500 * both))
        got = cox.risk_competing(one, two, x, 500)
        self.assertLess(np.mean(np.abs(got - truth)), .01)
        self.assertAlmostEqual(measures.cif_observed(end, cause, 500),
                               got.mean(), delta=.002)
        alone = cox.risk_competing(one, None, x, 500)
        self.assertLess(np.mean(np.abs(alone - 1 + np.exp(-500 * hazard))),
                        .01)


class Bar(unittest.TestCase):
    names = ("death", "heart-failure", "stroke", "myocardial-infarction",
             "diabetes")

    def judged(self, labs=.005, labs_low=.001, rich=.001, rich_low=-.002,
               oe=1.0, **each):
        """With differences as named, and one of them replaced."""
        beside = {o: (labs, 0, 0) for o in self.names}
        richer = {o: (rich, 0, 0) for o in self.names}
        for name, value in each.items():
            where, _, o = name.partition("_")
            (beside if where == "labs" else richer)[o] = (value, 0, 0)
        beside["mean"], richer["mean"] = (labs, labs_low, 1), \
            (rich, rich_low, 1)
        return nafld_bar.judge(
            {"cox-b": beside, "cox-b+": richer, "gbm": richer},
            {o: {"oe": oe} for o in self.names})["passed"]

    def test_each_condition_counts(self):
        self.assertTrue(self.judged())
        for bad in ({"labs": .0029}, {"labs_low": -.0001}, {"rich": -.0001},
                    {"rich_low": -.0051}, {"oe": .89}, {"oe": 1.11},
                    {"labs_death": -.0051}, {"rich_death": -.0051}):
            self.assertFalse(self.judged(**bad), bad)
        self.assertTrue(self.judged(labs_death=-.0049, rich_death=-.0049))
        self.assertFalse(self.judged(labs_death=-.001, labs_stroke=-.001))


class Predictions(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "fold-0.csv")
            with open(path, "w", encoding="utf-8") as f:
                f.write("id,outcome,horizon_days,risk\n" + text)
            _, files = tables.model_argument("m=" + folder)
            return tables.read_predictions(files, measures.fold_of)

    def test_come_in_their_order(self):
        self.assertEqual(self.read("4,death,1826,0.5\n1,death,365,0.25\n"),
                         [(4, "death", 1826, .5), (1, "death", 365, .25)])

    def test_of_two_folds_in_a_file_or_no_probability_are_refused(self):
        for bad in ("4,death,1826,0.5\n6,death,1826,0.5\n",
                    "4,death,1826,1.5\n", "4,death,1826,nan\n",
                    "4,death,1826\n", ""):
            with self.assertRaises(SystemExit):
                self.read(bad)


if __name__ == "__main__":
    unittest.main()
