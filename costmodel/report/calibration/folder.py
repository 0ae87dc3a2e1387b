"""A folder that shows how far a calibration can be trusted: tables, pictures, a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costmodel.report import files
from costmodel.report.calibration import text
from costmodel.report.chart import Chart, axis, line, named, series
from costmodel.report.plots import write_charts
from costmodel.studies.calibration import ablation as study
from costmodel.studies.calibration.calibrate import Calibrated

ErrorRow = dict[str, Any]
FIGURES = ("mean", "median", "p90")


def write(directory: str | Path, calibrated: Calibrated) -> None:
    """Write the page, and the tables and pictures beside it.

    They are ablation.csv, learning_curve.csv, held_out.csv, two pictures and README.md. Raises
    InputError where it cannot.
    """
    folder = Path(directory)
    ablations = study.ablations(calibrated.bench, calibrated.choice)
    curve = study.learning_curve(calibrated.bench, calibrated.crude, calibrated.uncalibrated)
    rows = [{**one.record, "network": one.measured.name} for one in text.outcomes(calibrated)]
    files.write_csv(folder / "ablation.csv", ablations, ["model", *FIGURES])
    files.write_csv(folder / "learning_curve.csv", curve, ["measurements", "model", *FIGURES])
    files.write_csv(folder / "held_out.csv", rows, list(rows[0]))
    pictures = {"held_out.png": [text.chart(calibrated)]}
    if curve:
        pictures["learning_curve.png"] = [curve_chart(curve, calibrated.base.name)]
    write_charts(folder, pictures)
    files.write_text(folder / "README.md", page(calibrated, ablations, curve))


def page(calibrated: Calibrated, ablations: list[ErrorRow], curve: list[ErrorRow]) -> str:
    """The page: the printed report, then what each feature is worth, then the learning curve."""
    report = "\n".join(text.lines(calibrated))
    picture = "![learning curve](learning_curve.png)"
    return f"""\
# {calibrated.base.name}: calibrated on {len(calibrated.measurements)} measurements

```
{report}
```

`held_out.csv` has every measurement with the prediction of a fit that had not seen its family.

![held-out predictions](held_out.png)

## What each feature is worth

Families held out one at a time; passes, timing and placement fixed to those of the line, so \
that nothing is chosen anew.

{_table(ablations, "model")}

## How many measurements are enough

Fitted to networks drawn at random ({study.DRAWS} draws of each size), judged on all the others; \
what is chosen is chosen from the drawn ones alone. Families are not held out here.

{_table(curve, "measurements", "model")}

{picture if curve else "There are too few measurements for a curve."}
"""


def _table(rows: list[ErrorRow], *words: str) -> str:
    """A Markdown table of the columns `words` and the errors, figures to the right."""
    head = [*words, "mean", "median", "90th percentile"]
    rule = ["---" if name == "model" else "---:" for name in head]
    cells = [
        [*(str(row[word]) for word in words), *(f"{100 * row[key]:.1f} %" for key in FIGURES)]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *cells))


def curve_chart(curve: list[ErrorRow], machine: str) -> Chart:
    """Mean (solid) and median (dashed) errors of each model over the number of measurements."""
    lines = [
        line(
            [[one["measurements"], 100 * one[key]] for one in curve if one["model"] == model],
            series(number),
            f"{model}, {key}",
            marked=True,
            dashes=key == "median",
        )
        for number, model in enumerate(dict.fromkeys(one["model"] for one in curve))
        for key in ("mean", "median")
    ]
    return {
        "kind": "marks",
        "title": "Errors over the number of measurements",
        "about": [named(machine)],
        "x": axis("measurements fitted to", log=True),
        "y": axis("absolute error on the others [%]", log=True),
        "lines": lines,
    }
