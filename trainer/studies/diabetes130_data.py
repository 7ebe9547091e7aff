# SPDX-License-Identifier: Apache-2.0
"""Encounters of people with diabetes in 130 hospitals (UCI Diabetes 130-US, CC
BY 4.0) and who came back within 30 days.  There are no dates: the encounters of
a patient follow one another by their numbers.

Asked about is every discharge but the last of who died in the end, and those
from a discharge to a hospice on: as diabetes130/outcomes has it.  Judged are of
these the ones not marked as a death (some have another encounter after it).
The rest counts as history."""
import collections

import numpy as np

import tables

FILE = "diabetic_data.csv"
OUTCOME = "readmission-30d"
HORIZON = 30
HOSPICE = {"13", "14"}
DIED = {"11", "19", "20", "21"}
DIAGNOSES = ("diag_1", "diag_2", "diag_3")
NUMBERS = ("time_in_hospital", "num_lab_procedures", "num_procedures",
           "num_medications", "number_outpatient", "number_emergency",
           "number_inpatient", "number_diagnoses")
SKEWED = ("number_outpatient", "number_emergency", "number_inpatient")
NOT_FEATURES = {"encounter_id", "patient_nbr", "weight", "readmitted"}
RARE = 100  # a value that fewer encounters have is one with the other rare

# First and last ICD-9 category: chapters, some cut where readmission differs.
CHAPTERS = (
    (1, 139, "infection"), (140, 239, "neoplasm"), (240, 249, "endocrine"),
    (250, 250, "diabetes"), (251, 279, "endocrine"), (280, 289, "blood"),
    (290, 319, "mental"), (320, 389, "nerves"), (390, 409, "circulation"),
    (410, 414, "ischaemic"), (415, 427, "circulation"),
    (428, 428, "heart-failure"), (429, 429, "circulation"),
    (430, 438, "brain-vessels"), (439, 459, "circulation"),
    (460, 489, "respiratory"), (490, 496, "copd"), (497, 519, "respiratory"),
    (520, 579, "digestive"), (580, 584, "urinary"), (585, 586, "kidneys"),
    (587, 629, "urinary"), (630, 679, "pregnancy"), (680, 709, "skin"),
    (710, 739, "bones"), (740, 759, "congenital"), (760, 779, "perinatal"),
    (780, 799, "symptoms"), (800, 999, "injury"))


def chapter(code):
    if code in ("", "?"):
        return "none"
    if code[0] in "EV":
        return code[0]
    number = int(code.split(".")[0])
    for first, last, name in CHAPTERS:
        if first <= number <= last:
            return name
    return "none"


def _by_patient(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[int(r["patient_nbr"])].append(r)
    for who in sorted(by):
        yield sorted(by[who], key=lambda r: int(r["encounter_id"]))


def _asked(rows):
    """Of all rows those that are asked about, by patient and in order, with
    what came before of each: (row, history, whether it is judged)."""
    for stays in _by_patient(rows):
        soon, soons = False, 0
        for n, r in enumerate(stays):
            where = r["discharge_disposition_id"]
            died = where in DIED
            if where in HOSPICE:
                break
            if not died or r is not stays[-1]:
                yield r, [np.log1p(n), float(soon), np.log1p(soons)], not died
            soon = r["readmitted"] == "<30"
            soons += soon


def _one_hot(values):
    """Columns of the values that are not rare, and one of those that are."""
    counts = collections.Counter(values)
    common = {v: i for i, v in enumerate(
        sorted(v for v, n in counts.items() if n >= RARE))}
    at = np.array([common.get(v, len(common)) for v in values])
    columns = np.zeros((len(values), len(common) + 1), dtype=np.float32)
    columns[np.arange(len(values)), at] = 1
    return columns[:, columns.any(axis=0)]


class Encounters:
    """Those that are judged, by patient and then in order: `x` features of the
    encounter, `history` those of earlier ones, `y` readmitted.  Of those that
    are asked about: `asked` their patients, `judged` whether they are."""

    def __init__(self, folder):
        asked = list(_asked(tables.read_table(folder, FILE)))
        self.asked = np.array([int(r["patient_nbr"]) for r, _, _ in asked])
        self.judged = np.array([judged for _, _, judged in asked])
        self.patient = self.asked[self.judged]
        rows = [r for r, _, judged in asked if judged]
        self.y = np.array([r["readmitted"] == "<30" for r in rows]) * 1.0
        self.history = np.array([h for _, h, judged in asked if judged],
                                dtype=np.float32)
        self.x = _features(rows)


def _features(rows):
    numbers = [[float(r[n]) for n in NUMBERS] +
               [np.log1p(float(r[n])) for n in SKEWED] +
               [float(r["age"].strip("[)").split("-")[0])] for r in rows]
    parts = [np.array(numbers, dtype=np.float32)]
    for name in rows[0]:
        if name not in NOT_FEATURES and name not in NUMBERS:
            parts.append(_one_hot([
                chapter(r[name]) if name in DIAGNOSES else r[name]
                for r in rows]))
    return np.hstack(parts)
