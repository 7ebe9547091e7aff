# SPDX-License-Identifier: Apache-2.0
"""The report of the NAFLD study as Markdown."""
from study import table


def _short(x, sign=False):
    """.8123, -.0021: a number below one without its 0."""
    text = f"{x:+.4f}" if sign else f"{x:.4f}"
    return text.replace("0.", ".", 1) if abs(x) < 1 else text


def _difference(v):
    return f"{_short(v[0], True)} [{_short(v[1], True)}, {_short(v[2], True)}]"


def _concordance(report):
    outcomes = list(report["at_risk"])
    rows = [[name] + [_short(by[o][0]) for o in outcomes] +
            ["{} [{}, {}]".format(*map(_short, by["mean"]))]
            for name, by in report["c"].items()]
    rows.append(["events of those at risk"] +
                [f"{report['events'][o]} of {report['at_risk'][o]}"
                 for o in outcomes] + [""])
    return table(["C"] + outcomes + ["mean (95 %)"], rows)


def _differences(report):
    outcomes = list(report["at_risk"]) + ["mean"]
    rows = [[f"{name} - {other}"] + [_difference(v[o]) for o in outcomes]
            for name, by in report["difference"].items()
            for other, v in by.items()]
    return table(["difference in C"] + outcomes, rows)


def _calibration(report):
    outcomes = list(report["at_risk"])
    rows = [[name] + ["{:.2f} ({:.2f}; {:.1f})".format(
        by[o]["oe"], by[o]["oe_top"], 1000 * by[o]["distance"])
        for o in outcomes] for name, by in report["calibration"].items()]
    return table(["O/E (top fifth; mean distance x 1000)"] + outcomes, rows)


def _slopes(report):
    rows = [[name] + ["{:.2f} [{:.2f}, {:.2f}]".format(*by[o])
                      for o in report["at_risk"]]
            for name, by in report["calibration_slope"].items()]
    return table(["calibration slope"] + list(report["at_risk"]), rows)


def _verdict(name, verdict):
    rows = [[r["asked"], r["measured"], "yes" if r["met"] else "no"]
            for r in verdict["rows"]]
    word = "passed" if verdict["passed"] else "not passed"
    return f"\n{name}: {word}\n\n" + table(["asked", "measured", "met"], rows)


def markdown(report):
    text = (f"# NAFLD: {report['people']} people, five folds\n\n"
            "Harrell's C of pairs inside folds, pooled; 95 % limits by "
            f"{report['replicates']} bootstraps of patients, models held "
            "fixed.\n\n")
    text += _concordance(report)
    text += "\nA sum of two models is of their log hazards.  \"By risk\" ranks "\
            "people by the\nincidence with death competing, as a model's CSV " \
            "does, and not by the log hazard.\n\n"
    text += _differences(report)
    text += f"\nWithin {report['horizon_days']} days, Aalen-Johansen over " \
            "mean predicted incidence:\n\n"
    text += _calibration(report)
    text += "\nSlope of the answers by then on log-odds, of all folds together " \
            "(1 is meant; known\nanswers stand for those who were lost), with " \
            "95 % limits:\n\n"
    text += _slopes(report)
    for name, verdict in report["verdict"].items():
        text += _verdict(name, verdict)
    return text
