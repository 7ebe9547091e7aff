# SPDX-License-Identifier: Apache-2.0
"""The bar of the NAFLD study, as rows: what is asked, what was measured,
whether it is met."""

BESIDE = ("cox-b", "cox-b+", "gbm")
MEAN = "mean"


def _points(difference):
    return {o: v[0] for o, v in difference.items() if o != MEAN}


def _above(points):
    return sum(p > 0 for p in points.values())


def _beside_labs(difference):
    points, (mean, low, _) = _points(difference), difference[MEAN]
    least = min(points.values())
    return [
        ("mean C at least .003 above cox-b", f"{mean:+.4f}", mean >= .003),
        ("with the lower limit above 0", f"{low:+.4f}", low > 0),
        ("above cox-b on four of five", f"{_above(points)}",
         _above(points) >= 4),
        ("none below cox-b by more than .005", f"{least:+.4f}",
         least >= -.005)]


def _beside_rich(difference):
    points, (mean, low, _) = _points(difference), difference[MEAN]
    return [
        ("mean C not below cox-b+", f"{mean:+.4f}", mean >= 0),
        ("with the lower limit above -.005", f"{low:+.4f}", low > -.005),
        ("above cox-b+ on three of five", f"{_above(points)}",
         _above(points) >= 3),
        ("death not below cox-b+ by more than .005",
         f"{points['death']:+.4f}", points["death"] >= -.005)]


def _calibrated(calibration):
    return [(f"O/E of {o} within 5 years .90 to 1.10", f"{v['oe']:.3f}",
             .90 <= v["oe"] <= 1.10) for o, v in calibration.items()]


def judge(difference, calibration):
    """Of one model: its differences by baseline, its calibration."""
    rows = _beside_labs(difference["cox-b"]) + \
        _beside_rich(difference["cox-b+"]) + _calibrated(calibration)
    return {"passed": all(bool(met) for _, _, met in rows),
            "rows": [{"asked": asked, "measured": measured, "met": bool(met)}
                     for asked, measured, met in rows]}
