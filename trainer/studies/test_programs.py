#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Both programs of the studies on small invented tables: who is asked about,
how predictions find their people, what is refused, the exit status.  Needs
numpy and scikit-learn.  Run by tests/studies.sh."""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import diabetes130_data
import measures
import nafld_data

HERE = os.path.dirname(os.path.abspath(__file__))


def write(folder, name, head, rows):
    with open(os.path.join(folder, name), "w", newline="",
              encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(head)
        out.writerows(rows)


def write_model(folder, rows):
    """Rows (id, outcome, horizon, risk), a file for each fold."""
    for fold in range(measures.FOLDS):
        write(folder, f"fold-{fold}.csv",
              ("id", "outcome", "horizon_days", "risk"),
              [r for r in rows if measures.fold_of(r[0]) == fold])


def run(program, folder, *more):
    """Exit status, what it said, the report."""
    out = os.path.join(folder, "report.json")
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(HERE, program), "--data", folder,
         "--model", "m=" + folder, "--out", out, "--replicates", "20", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=False)
    report = None
    if os.path.exists(out):
        with open(out, encoding="utf-8") as f:
            report = json.load(f)
    return done.returncode, done.stdout + done.stderr, report


def invent_cohort(folder):
    """The older, the sooner; some had a diagnosis before, and all of them
    another too late to be seen."""
    rng = np.random.default_rng(1)
    people, values, diagnoses = [], [], []
    for i in range(1, 501):
        if i % 5 == 0:
            continue
        age = int(rng.integers(30, 90))
        end = int(rng.integers(900, 4000))
        at = int(rng.exponential(60000 * np.exp(-age / 18))) + 1
        died = at < end
        end = min(at, end)
        people.append((i, age, i % 2, "NA", "NA",
                       "NA" if i % 7 == 0 else 25 + i % 9, i, end, int(died)))
        for test, value in (("hdl", 40 + i % 30), ("chol", 40 + i % 30),
                            ("sbp", 120 if i % 3 else 13682)):
            values.append((i, -int(rng.integers(0, 900)), test, value))
        for kind in ("heart failure", "stroke", "MI", "diabetes"):
            day = int(rng.exponential(90000 * np.exp(-age / 20))) + 1
            if i % 11 == 0:
                day = -day
            diagnoses.append((i, day if day < end else end + 9, kind))
    write(folder, "nafld1.csv", ("id", "age", "male", "weight", "height",
                                 "bmi", "case.id", "futime", "status"), people)
    write(folder, "nafld2.csv", ("id", "days", "test", "value"), values)
    write(folder, "nafld3.csv", ("id", "days", "event"), diagnoses)
    return people


class Nafld(unittest.TestCase):
    def setUp(self):
        self.kept = tempfile.TemporaryDirectory()
        self.folder = self.kept.name
        self.people = invent_cohort(self.folder)
        self.rows = [(p[0], o, h, (p[1] - 20) / 100 * h / 1826)
                     for p in self.people for o in nafld_data.OUTCOMES
                     for h in (365, 1826)]

    def tearDown(self):
        self.kept.cleanup()

    def test_who_is_at_risk_and_what_became_of_them(self):
        cohort = nafld_data.Cohort(self.folder)
        self.assertTrue(np.all(np.isnan(cohort.column["sbp_last"]) ==
                               (cohort.id % 3 == 0)))
        at_risk, time, cause = cohort.outcome("stroke")
        self.assertTrue(np.all(at_risk == (cohort.id % 11 != 0)))
        self.assertTrue(np.all(time <= cohort.futime))
        self.assertTrue(np.all(time[cause != 1] ==
                               cohort.futime[cause != 1]))
        self.assertEqual(set(cause.tolist()), {0, 1, 2})

    def test_reports_and_judges_and_keeps_its_baselines(self):
        write_model(self.folder, self.rows)
        cache = ("--cache", os.path.join(self.folder, "kept.npz"))
        code, _, report = run("nafld.py", self.folder, *cache)
        self.assertEqual(code, 0)
        for row in ("cox-a", "cox-b+ by risk", "gbm", "m", "m + cox-b+"):
            self.assertGreater(report["c"][row]["death"][0], .6, row)
        self.assertEqual(set(report["difference"]["m"]),
                         {"cox-b", "cox-b+", "gbm"})
        self.assertEqual(set(report["calibration_slope"]),
                         {"cox-a", "cox-b", "cox-b+", "gbm", "m"})
        slope, low, high = report["calibration_slope"]["m"]["death"]
        self.assertTrue(low < slope < high)
        self.assertGreater(slope, 0)
        self.assertGreater(report["answers_beside"]["m"], 0)
        code, said, again = run("nafld.py", self.folder, "--check", *cache)
        self.assertIn("baselines from", said)
        self.assertEqual(again, report)
        self.assertEqual(code, 0 if report["verdict"]["m"]["passed"] else 1)

    def test_variants_stand_beside_the_first(self):
        """The second's risks say the reverse; its losses are lower in three
        folds, the fifth of which has all the questions but four."""
        models = []
        for name, sign in (("one", 1), ("two", -1)):
            folder = os.path.join(self.folder, name)
            os.mkdir(folder)
            write_model(folder, [(i, o, h, .5 + sign * (r - .5))
                                 for i, o, h, r in self.rows])
            for fold in range(measures.FOLDS):
                lower = .5 if name == "two" and fold > 1 else 0
                loss = {"questions": 96 if fold == 4 else 1,
                        "outcomes": 2 - lower, "last_positions": 10,
                        "next_event": 1 - lower}
                with open(os.path.join(folder, f"fold-{fold}.json"), "w",
                          encoding="utf-8") as f:
                    json.dump({"loss": loss}, f)
            models += ["--model", f"{name}={folder}"]
        text = os.path.join(self.folder, "table.md")
        for data in ([], ["--data", self.folder, "--replicates", "20"]):
            subprocess.run(
                [sys.executable, "-B", os.path.join(HERE, "ablations.py"),
                 *data, *models, "--markdown", text],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                check=True)
            with open(text, encoding="utf-8") as f:
                head, _, first, second = [
                    [cell.strip() for cell in line.split("|")[1:-1]]
                    for line in f]
            self.assertEqual(head[-1], "less one")
            self.assertEqual(first[-4:], ["2.0000", "", "1.0000", ""])
            self.assertEqual(second[-4:], ["1.5100", "-0.4900 (3 of 5)",
                                           "0.7000", "-0.3000 (3 of 5)"])
        os.remove(os.path.join(self.folder, "two", "fold-4.csv"))
        self.assertNotEqual(subprocess.run(
            [sys.executable, "-B", os.path.join(HERE, "ablations.py"),
             *models], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False).returncode, 0)
        c = [float(row[1].split()[0]) for row in (first, second)]
        self.assertGreater(c[0], .6)
        self.assertAlmostEqual(sum(c), 1, places=3)
        self.assertAlmostEqual(float(second[2].split()[0]), c[1] - c[0],
                               places=3)

    def test_nobody_may_be_missing_or_twice(self):
        write_model(self.folder, self.rows[:-1])
        code, said, _ = run("nafld.py", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("missing for 1 people", said)
        write_model(self.folder, self.rows + self.rows[1:2])
        code, said, _ = run("nafld.py", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("twice", said)


class Diabetes130(unittest.TestCase):
    head = ("encounter_id", "patient_nbr", "gender", "age",
            "discharge_disposition_id", *diabetes130_data.NUMBERS,
            *diabetes130_data.DIAGNOSES, "insulin", "readmitted")

    def setUp(self):
        """Encounters of a patient are not in order in the table.  Patients
        from 1000 on go to a hospice, or are said to have died, with another
        encounter after it."""
        self.kept = tempfile.TemporaryDirectory()
        rng = np.random.default_rng(2)
        rows, self.answers = [], []
        for patient in list(range(1, 401)) + [1001, 1002, 1003]:
            stays = []
            for n in range(1 + patient % 3 if patient < 1000 else 3):
                where = {1001: "13", 1002: "11"}.get(patient, "1") \
                    if n == 1 else "11" if (patient, n) == (1003, 2) else "1"
                visits = int(rng.integers(0, 6))
                soon = rng.random() < .05 + .1 * visits
                stays.append((patient * 10 + n, patient, "Female", "[70-80)",
                              where, 3, 40, 1, 9, 0, 0, visits, 7, "250.83",
                              "V45", "?", "Up", "<30" if soon else "NO"))
                if (patient, n) not in ((1001, 1), (1001, 2), (1003, 2)):
                    self.answers.append((patient, "readmission-30d", 30,
                                         .9 if soon else .1))
            rows += stays[::-1]
        write(self.kept.name, "diabetic_data.csv", self.head, rows)

    def tearDown(self):
        self.kept.cleanup()

    def test_who_is_asked_and_judged(self):
        enc = diabetes130_data.Encounters(self.kept.name)
        counts = {p: (int(np.sum(enc.asked == p)),
                      int(np.sum(enc.patient == p)))
                  for p in (2, 1001, 1002, 1003)}
        self.assertEqual(counts, {2: (3, 3), 1001: (1, 1), 1002: (3, 2),
                                  1003: (2, 2)})
        self.assertTrue(np.all(enc.history[enc.patient == 2][:, 0] ==
                               np.log1p(np.arange(3)).astype(np.float32)))

    def test_answers_find_their_encounter_by_rank(self):
        write_model(self.kept.name, self.answers)
        code, _, report = run("diabetes130.py", self.kept.name, "--check")
        self.assertEqual(code, 0)
        self.assertEqual(report["rows"]["m"]["auroc"][0], 1)
        self.assertGreater(report["rows"]["logistic"]["auroc"][0], .6)
        self.assertLess(report["rows"]["logistic"]["auroc"][0], 1)

    def test_an_answer_too_few_is_refused(self):
        write_model(self.kept.name, self.answers[1:])
        code, said, _ = run("diabetes130.py", self.kept.name)
        self.assertEqual(code, 1)
        self.assertIn("1 of 403 patients", said)


if __name__ == "__main__":
    unittest.main()
