# SPDX-License-Identifier: Apache-2.0
"""The NAFLD cohort (R package survival: Allen 2018) as of day 0: what was
known of each person, and what became of them.

Faults of the tables as Debian ships them (survival 3.5.3), seen to here: chol
is a copy of hdl and dbp one of sbp, so both are left out; blood pressures
outside 50..300 are no blood pressures; several values of a test on one day
count as their mean."""
import collections

import numpy as np

import tables

OUTCOMES = {"death": None, "heart-failure": "heart failure",
            "stroke": "stroke", "myocardial-infarction": "MI",
            "diabetes": "diabetes"}
HORIZON = 1826
FILES = ("nafld1.csv", "nafld2.csv", "nafld3.csv")
TESTS = ("hdl", "sbp", "fib4", "smoke")
COPIES = ("chol", "dbp")
SBP_RANGE = (50, 300)


class Cohort:
    """Arrays by person, in the order of ids; `column` by name, NaN where a
    thing is not known; `bare`, `labs` and `rich` name columns."""

    def __init__(self, folder):
        people = sorted(tables.read_table(folder, FILES[0]),
                        key=lambda r: int(r["id"]))
        self.id = np.array([int(r["id"]) for r in people])
        self.futime = np.array([float(r["futime"]) for r in people])
        self.died = np.array([r["status"] == "1" for r in people])
        self.at = {number: i for i, number in enumerate(self.id.tolist())}
        self.column = {}
        self.values = self._read_values(folder)
        self.diagnoses, self.kinds = self._read_diagnoses(folder)
        self._person_columns(people)
        self._diagnosis_columns()
        for test in TESTS:
            self._test_columns(test)
        self._count_columns()

    def _read_values(self, folder):
        """By test and person: {day: mean value}."""
        raw = {test: collections.defaultdict(dict) for test in TESTS}
        for r in tables.read_table(folder, FILES[1]):
            if r["test"] in COPIES:
                continue
            value = float(r["value"])
            if r["test"] == "sbp" and not \
                    SBP_RANGE[0] <= value <= SBP_RANGE[1]:
                continue
            raw[r["test"]][self.at[int(r["id"])]].setdefault(
                int(r["days"]), []).append(value)
        return {test: {i: {d: float(np.mean(v)) for d, v in days.items()}
                       for i, days in by.items()} for test, by in raw.items()}

    def _read_diagnoses(self, folder):
        """By kind and person the days of it; and the kinds."""
        made = collections.defaultdict(
            lambda: collections.defaultdict(list))
        for r in tables.read_table(folder, FILES[2]):
            made[r["event"]][self.at[int(r["id"])]].append(int(r["days"]))
        return made, sorted(made)

    def _nothing(self, value=np.nan):
        return np.full(len(self.id), value)

    def _person_columns(self, people):
        def number(text):
            return np.nan if text in ("", "NA") else float(text)
        for name in ("age", "male", "bmi"):
            self.column[name] = np.array([number(r[name]) for r in people])
        self.column["bmi_missing"] = np.isnan(self.column["bmi"]) * 1.0
        self.column["age2"] = (self.column["age"] - 50) ** 2

    def _diagnosis_columns(self):
        for kind in self.kinds:
            had, since = self._nothing(0.0), self._nothing()
            for i, days in self.diagnoses[kind].items():
                past = [d for d in days if d <= 0]
                if past:
                    had[i] = 1
                    since[i] = np.log1p(-min(past))
            self.column["had_" + kind] = had
            self.column["since_" + kind] = since

    def _test_columns(self, test):
        names = ("last", "min", "mean", "max", "since")
        made = {name: self._nothing() for name in names}
        count = self._nothing(0.0)
        for i, days in self.values[test].items():
            past = sorted(d for d in days if d <= 0)
            if not past:
                continue
            seen = [days[d] for d in past]
            row = (seen[-1], min(seen), np.mean(seen), max(seen),
                   np.log1p(-past[-1]))
            for name, value in zip(names, row):
                made[name][i] = value
            count[i] = np.log1p(len(seen))
        for name in names:
            self.column[f"{test}_{name}"] = made[name]
        self.column[f"{test}_missing"] = (count == 0) * 1.0
        self.column[f"{test}_count"] = count

    def _count_columns(self):
        """Visits are dates with anything on them."""
        dates = collections.defaultdict(set)
        n_diagnoses = self._nothing(0.0)
        for kind in self.kinds:
            for i, days in self.diagnoses[kind].items():
                past = {d for d in days if d <= 0}
                dates[i] |= past
                n_diagnoses[i] += bool(past)
        for test in TESTS:
            for i, days in self.values[test].items():
                dates[i] |= {d for d in days if d <= 0}
        visits, recent, first = (self._nothing(0.0), self._nothing(),
                                 self._nothing())
        year = self._nothing(0.0)
        for i, past in dates.items():
            if past:
                visits[i] = np.log1p(len(past))
                recent[i] = np.log1p(-max(past))
                first[i] = np.log1p(-min(past))
                year[i] = np.log1p(sum(d > -365 for d in past))
        self.column.update(n_diagnoses=n_diagnoses, visits=visits,
                           visits_year=year, visit_last=recent,
                           visit_first=first)

    # ---- what the models see ------------------------------------------------
    @property
    def bare(self):
        return ["age", "male", "bmi", "bmi_missing"] + \
            ["had_" + kind for kind in self.kinds]

    @property
    def labs(self):
        return self.bare + [f"{test}_{what}" for test in TESTS
                            for what in ("last", "missing")]

    @property
    def rich(self):
        return self.labs + ["age2", "n_diagnoses", "visits", "visits_year",
                            "visit_last", "visit_first"] + \
            ["since_" + kind for kind in self.kinds] + \
            [f"{test}_{what}" for test in TESTS
             for what in ("count", "min", "mean", "max", "since")]

    def table(self, names):
        return np.column_stack([self.column[name] for name in names])

    # ---- what became of them ------------------------------------------------
    def outcome(self, name):
        """Who is at risk at day 0, the time until it, death or the end, and
        which (1, 2, 0).  What is dated after the end was not seen."""
        time, cause = self.futime.copy(), np.where(self.died, 2, 0)
        kind = OUTCOMES[name]
        if kind is None:
            return np.full(len(time), True), time, np.where(self.died, 1, 0)
        at_risk = np.full(len(time), True)
        for i, days in self.diagnoses[kind].items():
            if min(days) <= 0:
                at_risk[i] = False
            elif min(days) <= time[i]:
                time[i], cause[i] = min(days), 1
        return at_risk, time, cause
