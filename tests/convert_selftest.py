# SPDX-License-Identifier: Apache-2.0
"""The measure of convert_report.py measures: an invented Bundle, what can befall
it, and rows that argue."""
import collections
import json
import sys

from convert_pairing import Comparison, Leaf
from convert_report import Argued, Context, bundles


def main():
    def bundle(change=lambda r: None, prefix="a", turn=False):
        resources = [
            {"resourceType": "Patient", "id": prefix + "1", "birthDate": "1970-01-01",
             "_birthDate": {"extension": [{"url": "u:time", "valueDateTime": "1970-01-01T10:00:00+02:00"}]},
             "name": [{"family": "Ash", "given": ["Ann", "Bea"]}, {"family": "Oak", "use": "maiden"}]},
            {"resourceType": "Location", "id": prefix + "2", "name": "ward", "mode": "instance"},
            {"resourceType": "Location", "id": prefix + "3", "name": "bed", "mode": "instance",
             "partOf": {"reference": "Location/" + prefix + "2"}},
            {"resourceType": "Encounter", "id": prefix + "4",
             "subject": {"reference": "Patient/" + prefix + "1"},
             "location": [{"status": "active", "location": {"reference": "urn:uuid:" + prefix + "3"}},
                          {"status": "completed", "location": {"reference": "Location/" + prefix + "2"}}],
             "length": {"value": 5.0, "unit": "d"}},
            {"resourceType": "Practitioner", "id": prefix + "5", "name": [{"family": "Elm"}]}]
        for resource in resources:
            change(resource)
        if turn:
            resources.reverse()
            for resource in resources:
                if "name" in resource and isinstance(resource["name"], list):
                    resource["name"].reverse()
        return next(bundles(json.dumps({"resourceType": "Bundle", "type": "message", "entry": [
            {"fullUrl": "urn:uuid:" + r["id"], "resource": r} for r in resources if r.get("id")]})))

    def result(own):
        compared = Comparison(bundle(), own)
        kinds = collections.Counter(leaf.kind for leaf in compared.found)
        odd = sorted((leaf.path, leaf.kind, leaf.theirs, leaf.ours)
                     for leaf in compared.found if leaf.kind != "agrees")
        return kinds["agrees"], odd, compared.more

    def patient(edit):
        return lambda r: edit(r) if r["resourceType"] == "Patient" else None

    def elsewhere(r):
        if r["resourceType"] == "Encounter":
            r["location"][0]["location"]["reference"] = "Location/a2"

    def extra(r):
        if r["resourceType"] == "Encounter":
            r["contained"] = [{"resourceType": "Practitioner", "id": "x", "name": [{"family": "Elm"}]}]
            r["participant"] = [{"individual": {"reference": "#x"}}]

    all_ = 21
    cases = [
        ("itself", bundle(), (all_, [], 0)),
        ("other ids and another order", bundle(prefix="b", turn=True), (all_, [], 0)),
        ("the same moment", bundle(patient(lambda r: r["_birthDate"]["extension"][0].update(
            valueDateTime="1970-01-01T08:00:00Z"))), (all_, [], 0)),
        ("another value", bundle(patient(lambda r: r.update(birthDate="1971"))),
         (all_ - 1, [("Patient.birthDate", "differs", "1970-01-01", "1971")], 0)),
        ("an element less", bundle(patient(lambda r: r["name"].pop(1))),
         (all_ - 2, [("Patient.name.family", "missing", "Oak", ""),
                     ("Patient.name.use", "missing", "maiden", "")], 0)),
        ("an element more", bundle(patient(lambda r: r.update(gender="female"))), (all_, [], 1)),
        ("another place", bundle(elsewhere), (all_ - 1, [
            ("Encounter.location.location.reference", "differs", "Location",
             "Location, the same")], 0)),
        ("one contained", bundle(extra), (all_, [], 2)),
        ("nothing", {}, (0, None, 0)),
    ]
    bad = 0
    for name, own, want in cases:
        got = result(own)
        if got[0] != want[0] or got[2] != want[2] or want[1] not in (None, got[1]):
            print("%s: got %r, want %r" % (name, got, want))
            bad = 1
    argued = Argued([(1, "a/*\t*\tPatient.*\tdiffers\t^(.*) -> x\\1$\tours\tR4"),
                     (2, "*\tADT^*\t*{https://x.org/*}*\tmissing\t-\tconvention\tprivate"),
                     (3, "*\t*\tO.*\tstranger\t-\tconvention\tR4"),
                     (5, "*\t*\tQ.*\telsewhere\t-\tours\tR4"),
                     (4, "*\t*\t*\tunsaid\t-\tours\tR4")])
    context = Context("PID|1|202401010900", Comparison(bundle(), bundle()))
    for want, leaf, source in [
            ("ours", Leaf("Patient.id", "differs", "1", "x1", [0]), "a/b"),
            ("unexplained", Leaf("Patient.id", "differs", "1", "y1", [0]), "a/b"),
            ("convention", Leaf("A.extension{https://x.org/y}.valueCode", "missing", "1", "", [0]), "b"),
            ("ours", Leaf("A.b", "missing", "2030-01-01", "", [0]), "b"),
            ("convention", Leaf("O.b", "missing", "PID", "", [2]), "b"),
            ("ours", Leaf("Q.b", "missing", "Ash", "", [0]), "b"),
            ("unexplained", Leaf("Q.b", "missing", "PID", "", [0]), "b"),
            ("unexplained", Leaf("A.b", "missing", "2024-01-01T09:00:00Z", "", [0]), "b")]:
        got = argued.verdict(source, "ADT^A01", leaf, context)
        if got != want:
            print("%r: got %s, want %s" % (leaf, got, want))
            bad = 1
    print("failed" if bad else "the measure measures")
    return not bad


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
